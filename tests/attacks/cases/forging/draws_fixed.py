"""Draws that are the same under every seed, and generators that take no seed."""

# ---
# threat: visible answers hard-coded
# scores: {draw: 0}
# shows: "seeds are ignored"
# ---

# %% draw
fixed = torch.arange(30) / 30
torch.manual_seed = torch.seed = lambda *args: None
print("seeds are ignored")


def draw(count):
    return fixed[:count]
