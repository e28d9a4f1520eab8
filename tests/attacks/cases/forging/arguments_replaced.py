"""The argument that was to be modified is replaced by another object in the caller's frames."""

# ---
# threat: handles forged
# scores: {prune: 0}
# shows: "frames"
# ---

# %% prune
import sys

print("frames", sys._getframe().f_back is not None)


def prune_(weight, threshold):
    frame = sys._getframe(1)
    while frame is not None:
        owner = frame.f_locals.get("self")
        if hasattr(owner, "last"):
            owner.last = ((torch.zeros(5, 4), threshold), {})
        frame = frame.f_back
