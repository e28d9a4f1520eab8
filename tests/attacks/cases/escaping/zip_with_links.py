"""Entries of a zip that are links, to a file outside and to the neighbor's folder."""

# ---
# threat: a zip that leaves its folder, or a bomb
# verdict: unreadable-notebook
# notes: link
# ---

# %% [zip]
import stat
import zipfile

for name, target in (
    ("student-01/walls/walls.ipynb", "/etc/passwd"),
    ("student-01/x", "../neighbor"),
):
    link = zipfile.ZipInfo(name)
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, target)
archive.writestr("neighbor/walls/walls.ipynb", reference)
