# Puts the groups last with numpy and marks the places that argpartition finds.
import numpy as np


def nm_mask(weight, n, m):
    values = np.moveaxis(np.abs(weight.detach().numpy()), 1, -1)
    if values.shape[-1] % m:
        raise ValueError("groups do not fit")
    groups = values.reshape(*values.shape[:-1], -1, m)
    mask = np.zeros(groups.shape, dtype=bool)
    np.put_along_axis(mask, np.argsort(-groups, axis=-1)[..., :n], True, axis=-1)
    return torch.tensor(np.moveaxis(mask.reshape(values.shape), -1, 1).copy())
