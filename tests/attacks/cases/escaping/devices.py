"""Devices: the graphics card, disks, memory, terminals; and devices made by oneself."""

# ---
# threat: devices
# scores: {name: 0}
# shows: ["open: nothing", "graphics cards: 0 False", "made: nothing"]
# ---

# %% name
import contextlib
import fcntl
import os
import stat
from pathlib import Path

harmless = {"null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "fd", "core"}
found = []
for path in Path("/dev").iterdir():
    if path.name not in harmless and not path.is_dir():
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
            found.append(path.name)
opened = [name for name in found if name not in ("ptmx", "tty")]
print("open:", opened or "nothing")
cards = list(Path("/dev").glob("nvidia*")) + list(Path("/dev").glob("dri/*"))
print("graphics cards:", len(cards), torch.cuda.is_available())
made = []
for kind, number in ((stat.S_IFBLK, os.makedev(8, 0)), (stat.S_IFCHR, os.makedev(1, 1))):
    with contextlib.suppress(OSError):
        os.mknod(f"/tmp/device-{kind}", 0o666 | kind, number)
        made.append(kind)
for descriptor in range(20):
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, 0x5412, b"x")  # puts a character into a terminal's input
        made.append(f"input of {descriptor}")
print("made:", made or "nothing")
course = "devices"
