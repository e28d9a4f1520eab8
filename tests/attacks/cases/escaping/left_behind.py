"""Files, sockets and shared memory are left everywhere and looked for in the next run."""

# ---
# threat: files left behind
# times: 2
# scores: {name: 0}
# shows: ["found: nothing", "left: "]
# ---

# %% name
import contextlib
import ctypes
import os
import socket
from multiprocessing import shared_memory
from pathlib import Path

folders = [
    Path(name) for name in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/box", "/", "/run/lock")
]
folders += [Path.home(), Path.cwd(), *Path.cwd().parents]
libc = ctypes.CDLL(None, use_errno=True)
found, left = [], []
for folder in dict.fromkeys(folders):
    with contextlib.suppress(OSError):
        found += [str(path) for path in folder.glob("*fw-footprint*")]
        (folder / "fw-footprint").write_text("here")
        left.append(str(folder))
with contextlib.suppress(OSError):
    shared_memory.SharedMemory("fw-footprint-memory", create=True, size=10)
for number in range(1, 20):
    if libc.shmget(number, 4096, 0) != -1 or libc.semget(number, 1, 0) != -1:
        found.append(f"System V {number}")
    libc.shmget(number, 4096, 0o1666), libc.semget(number, 1, 0o1666), libc.msgget(number, 0o1666)
abstract = socket.socket(socket.AF_UNIX)
try:
    abstract.bind("\0fw-footprint")
    abstract.listen()
except OSError:
    found.append("an abstract socket")
print("found:", found or "nothing")
print("left:", left)
course = str(found)
