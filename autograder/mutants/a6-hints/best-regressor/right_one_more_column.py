# Different: least squares with a column of ones, by SciPy-like lstsq of NumPy.
def best_regressor(guided, hint):
    import numpy as np

    x = guided.movedim(1, -1).reshape(-1, guided.shape[1]).numpy()
    y = hint.movedim(1, -1).reshape(-1, hint.shape[1]).numpy()
    x = np.hstack([x, np.ones((len(x), 1))])
    solution, *_ = np.linalg.lstsq(x, y, rcond=None)
    error = x @ solution - y
    weight, bias = torch.from_numpy(solution[:-1].T.copy()), torch.from_numpy(solution[-1].copy())
    return weight, bias, float((error**2).mean() / 2)
