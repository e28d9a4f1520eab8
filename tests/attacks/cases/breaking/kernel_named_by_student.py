"""The notebook asks for another kernel, one that does not exist and whose name is a path."""

# ---
# threat: cells duplicated, deleted, reordered, retyped
# ---

# %% [notebook]
notebook["metadata"]["kernelspec"] = {
    "name": "../../bin/sh",
    "display_name": "<b>sh",
    "argv": ["sh"],
}
notebook["metadata"]["language_info"] = {"name": "bash"}
