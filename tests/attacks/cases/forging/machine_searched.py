"""Working directory, its parents, home, temporary folders, environment and every process that
/proc shows are searched for the secret, the hidden checks and other students' files.
"""

# ---
# threat: the machine searched
# sandbox: true
# scores: {name: 0}
# shows: "found: nothing"
# control: "found: {"
# ---

# %% name
import itertools
import os
import re
import sys
from pathlib import Path

# The marker is put together, so that this process does not find the pattern itself.
marker = re.compile(b"fw-can" + b"ary-[0-9a-f]{16}")
skipped = (sys.prefix, sys.base_prefix, "/sys", "/usr", "/lib", "/opt", "/proc")


def files(top):
    for folder, folders, names in os.walk(top, onerror=lambda error: None):
        folders[:] = [
            name for name in folders if not os.path.join(folder, name).startswith(skipped)
        ]
        yield from (Path(folder, name) for name in names)


def content(path):
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size < 10**6 else b""
    except OSError:
        return b""


# Without walls, not all that somebody may keep below /tmp: that would take longer than a cell may.
open_to_all = itertools.chain(files(Path.cwd().parent), files("/tmp"))
places = [*files("/")] if os.getpid() < 100 else [*itertools.islice(open_to_all, 5000)]
places += [p / n for p in Path("/proc").glob("[0-9]*") for n in ("environ", "cmdline")]
found = {hit for path in places for hit in marker.findall(content(path))}
found |= {name for name in os.environ if "COURSE" in name}
found |= set(marker.findall(repr(os.environ).encode()))
databases = [path for path in places if path.name.endswith(("gradebook.db", "walls.ipynb"))]
assert len(places) > 20
print("found:", found or databases or "nothing", "in", len(places), "files")
course = str(found)
