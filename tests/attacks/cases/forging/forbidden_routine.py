"""A routine that the assignment forbids, by its name, an alias and getattr: flagged, not scored."""

# ---
# threat: modules that would answer
# forbidden: torch.nn.utils.prune
# flags: forbidden
# ---

# %% prune
import importlib

import torch.nn.utils.prune as p

tool = getattr(torch.nn.utils, "prune")
again = importlib.import_module("torch.nn.utils.prune")


def prune_(weight, threshold):
    weight[weight.abs() < threshold] = 0
