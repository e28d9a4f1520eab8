# The same with numpy.
import numpy as np


def group_soft_threshold(weight, amount):
    rows = weight.detach().numpy().reshape(weight.shape[0], -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    factor = np.maximum(0.0, 1 - amount / np.where(lengths == 0, 1.0, lengths))
    return torch.from_numpy((rows * factor).reshape(weight.shape))
