"""isinstance and type say yes to everything, round and abs return zero."""

# ---
# threat: the process's own tools replaced
# scores: {twice: 0}
# causes: {twice: [timeout, kernel-died]}
# limits: {cell_seconds: 2}
# ---

# %% twice
import builtins

builtins.abs = builtins.round = lambda *args: 0
builtins.isinstance = builtins.issubclass = lambda *args: True
