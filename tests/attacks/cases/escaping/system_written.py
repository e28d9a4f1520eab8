"""Files are made, changed, renamed and removed in the system, the environment and everywhere else
that is not the notebook's own.
"""

# ---
# threat: the system or the environment written
# scores: {name: 0}
# shows: "changed: nothing"
# ---

# %% name
import contextlib
import os
import sys
import sysconfig
from pathlib import Path

own = ("/box", "/tmp", "/dev/shm", "/proc")
packages = Path(sysconfig.get_paths()["purelib"])
folders = [Path("/"), Path("/etc"), Path("/usr"), Path("/usr/bin"), Path("/dev"), Path("/sys")]
folders += [Path(sys.prefix), Path(sys.base_prefix), packages, packages / "torch", Path("/var/tmp")]
folders += [Path(path or ".") for path in sys.path]
folders += [folder for path in (*sys.path, Path.cwd()) for folder in Path(path).parents]
folders = [folder for folder in folders if not str(folder.resolve()).startswith(own)]
changed = []


def tried(what, action):
    with contextlib.suppress(OSError):
        action()
        changed.append(str(what))


for folder in dict.fromkeys(folders):
    tried(folder, (folder / "fw-footprint").touch)
    tried(folder, (folder / "fw-footprint").mkdir)
for file in (
    torch.__file__,
    sys.executable,
    "/etc/passwd",
    "/grader/agent.py",
    __import__("os").__file__,
):
    tried(file, lambda file=file: open(file, "ab"))
    tried(file, lambda file=file: os.rename(file, f"{file}.fw-footprint"))
    tried(file, lambda file=file: os.chmod(file, 0o777))
    tried(file, lambda file=file: os.utime(file))
for file in (
    "/proc/sys/kernel/core_pattern",
    "/proc/sysrq-trigger",
    "/sys/power/state",
    "/dev/kmsg",
):
    tried(file, lambda file=file: open(file, "w"))
print("changed:", changed or "nothing", "of", len(folders))
course = str(changed)
