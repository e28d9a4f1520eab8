"""An honest answer that warns and logs; stock nbgrader gives it 0."""

# ---
# threat: warnings on stderr
# shows: ["careful", "to stderr"]
# ---

# %% scale
import logging
import sys
import warnings

warnings.warn("careful")
logging.getLogger().warning("logged")
print("to stderr", file=sys.stderr)


def scale(weight, factor):
    warnings.warn("slow")
    print("called", file=sys.stderr)
    return factor * weight
