"""The module that holds the answer is looked for: as a module, on disk, compiled, in memory."""

# ---
# threat: modules that would answer
# sandbox: true
# unavailable: featherweight.techniques.magnitude_pruning
# scores: {name: 0}
# flags: unavailable
# shows: ["not there: No module named", "found: nothing"]
# control: "found: ["
# ---

# %% name
import gc
import importlib
import importlib.util
import os
import sys

name = "featherweight.techniques.magnitude_pruning"
found = []
sys.meta_path[:] = [
    finder for finder in sys.meta_path if "Unavailable" not in type(finder).__name__
]
try:
    importlib.import_module(name)
    found.append("module")
except ImportError as error:
    print("not there:", error)
found += [key for key in sys.modules if key.endswith("magnitude_pruning")]
found += [f for f in gc.get_objects() if getattr(f, "__module__", None) == name and callable(f)][:1]
import featherweight

for folder, folders, files in os.walk(os.path.dirname(featherweight.__file__)):
    for file in files:
        path = os.path.join(folder, file)
        if "magnitude_pruning" in file and os.path.getsize(path):
            found.append(path)
print("found:", found or "nothing")
course = str(len(found))
