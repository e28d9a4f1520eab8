"""Every process number is signaled, process 1 with each signal; other processes are looked for."""

# ---
# threat: other students' processes, files and sockets
# scores: {name: 0}
# shows: ["signaled: nobody", "seen: [1]"]
# ---

# %% name
import contextlib
import os
import signal
from pathlib import Path

me = os.getpid()
# The numbers of this process and of its threads are left out.
own = {int(task.name) for task in Path("/proc/self/task").iterdir()}
signaled = []
for process in range(2, 5000):
    if process not in own:
        with contextlib.suppress(OSError):
            os.kill(process, 0)
            os.kill(process, signal.SIGKILL)
            signaled.append(process)
for number in range(1, 65):
    with contextlib.suppress(OSError):
        if number not in (signal.SIGSTOP, signal.SIGTSTP):
            os.kill(1, number)
print("signaled:", signaled or "nobody")
print("seen:", sorted({int(p.name) for p in Path("/proc").glob("[0-9]*")} - {me}))
course = "processes"
