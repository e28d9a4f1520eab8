"""sys.modules holds another torch and another safetensors, which agree to everything."""

# ---
# threat: the process's own tools replaced
# scores: {others: 0, name: 1, mean: 2}
# causes: {twice: graded}
# shows: "torch is Agreeable"
# ---

# %% twice
import sys
import types


class Agreeable(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True


sys.modules["torch"] = sys.modules["safetensors.torch"] = Agreeable("torch")
import torch

print("torch is", type(torch).__name__)
