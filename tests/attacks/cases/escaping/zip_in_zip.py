"""Zips in zips in zips, each of them a notebook by its name, and one that holds itself."""

# ---
# threat: a zip that leaves its folder, or a bomb
# verdict: unreadable-notebook
# ---

# %% [zip]
import io
import zipfile

data = b" " * 10**6
for _ in range(8):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as inner:
        for number in range(10):
            inner.writestr(f"{number}.ipynb", data)
    data = packed.getvalue()
archive.writestr("student-01/walls/walls.ipynb", data)
archive.writestr("student-01/more.zip", data)
archive.writestr("neighbor/walls/walls.ipynb", reference)
