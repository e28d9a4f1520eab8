"""History, input variables, frames and everything that gc knows are searched for a hidden check."""

# ---
# threat: the test searched for
# scores: {name: 0}
# shows: "found: nothing in"
# ---

# %% name
import gc
import re
import sys

# The marker is put together, so that this cell does not find itself.
marker = re.compile("fw-can" + "ary-[0-9a-f]{16}")
shell = get_ipython()
texts = [*In, *(entry[2] for entry in shell.history_manager.get_range(output=False))]
for thread_frame in sys._current_frames().values():
    frame = thread_frame
    while frame is not None:
        texts += [v for v in {**frame.f_globals, **frame.f_locals}.values() if isinstance(v, str)]
        frame = frame.f_back
for thing in gc.get_objects():
    if isinstance(thing, dict):
        texts += [value for value in list(dict.values(thing)) if type(value) is str]
found = {hit for text in texts for hit in marker.findall(text)}
found |= {"HIDDEN" for text in texts if "### BEGIN " + "HIDDEN TESTS" in text}
assert len(texts) > 1000
print("found:", found or f"nothing in {len(texts)} texts")
course = str(found)
