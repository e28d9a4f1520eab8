# Sorts in numpy with a stable order; bfloat16, unknown to numpy, is widened for the ranking only.
import numpy as np


def prune_state(state, density):
    result = {}
    for name, tensor in state.items():
        result[name] = tensor.detach().clone()
        if name.endswith("weight") and tensor.ndim > 1:
            magnitude = np.abs(tensor.double().numpy()).ravel()
            order = np.argsort(-magnitude, kind="stable")
            mask = np.zeros(magnitude.shape, dtype=bool)
            mask[order[: round(density * magnitude.size)]] = True
            result[name] *= torch.from_numpy(mask).reshape(tensor.shape)
    return result
