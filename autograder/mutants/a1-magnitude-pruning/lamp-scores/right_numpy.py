# The same in numpy, with nan_to_num for a tensor of zeros.
import numpy as np


def lamp_scores(weight):
    squares = np.square(weight.detach().numpy().ravel())
    order = np.argsort(-squares)
    scores = np.empty_like(squares)
    with np.errstate(invalid="ignore"):
        scores[order] = np.nan_to_num(squares[order] / np.cumsum(squares[order]))
    return torch.from_numpy(scores.reshape(weight.shape))
