"""SIGKILL to itself, SIGSTOP to itself, and SIGKILL to all that can be reached, in three answers."""

# ---
# threat: the process ends itself
# scores: {mean: 0, scale: 0, twice: 0}
# causes: {mean: kernel-died, scale: timeout, twice: kernel-died}
# sandbox: true
# limits: {cell_seconds: 3}
# ---

# %% mean
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)

# %% scale
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)

# %% twice
import contextlib
import os
import signal

with contextlib.suppress(ProcessLookupError):
    os.kill(-1, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
