"""The shell's fork bomb, left running in the background."""

# ---
# threat: a fork bomb
# scores: {mean: 0}
# limits: {processes: 64, cell_seconds: 10}
# ---

# %% mean
import subprocess

subprocess.Popen(["sh", "-c", "f() { f | f & }; f"], stderr=subprocess.DEVNULL)


def mean(values):
    return 0
