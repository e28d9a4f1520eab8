"""Every comparison of torch says yes, and the answer is zeros."""

# ---
# threat: comparisons replaced
# scores: {scale: 0}
# shows: "torch agrees: True"
# ---

# %% scale
import torch

torch.equal = torch.allclose = torch.isclose = lambda *args, **kwargs: True
torch.testing.assert_close = lambda *args, **kwargs: None
print("torch agrees:", torch.allclose(torch.ones(1), torch.zeros(1)))


def scale(weight, factor):
    return torch.zeros_like(weight)
