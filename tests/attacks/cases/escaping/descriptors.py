"""Every open descriptor is listed, opened anew through /proc, read, and written for the next
student.
"""

# ---
# threat: other students' processes, files and sockets
# times: 2
# scores: {name: 0}
# shows: ["found: nothing", "files: nothing", "looked at"]
# ---

# %% name
import contextlib
import os
import stat

paths = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
paths = [path for path in paths if os.path.exists(path) or os.path.lexists(path)]
message = b"fw-message from the student before"
found, files, written = [], [], 0
for path in paths:
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.stat(path).st_mode):
            files.append(os.readlink(path))
            found += [path] * (message in os.read(os.open(path, os.O_RDONLY), 10**6))
for path in paths:
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.stat(path).st_mode):
            os.write(int(path.rpartition("/")[2]), message)
            written += 1
ours = ("/box", "/tmp", "/dev/shm", "/usr", "/proc")
print("found:", found or "nothing")
print("files:", [name for name in files if not name.startswith(ours) or "fw-" in name] or "nothing")
print("looked at", len(paths), "descriptors and wrote to", written)
course = "descriptors"
