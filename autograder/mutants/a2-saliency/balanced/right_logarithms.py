# Computes the factors from logarithms, in NumPy.
def balanced(first, bias, second):
    import numpy as np

    w, b, v = (t.numpy() for t in (first, bias, second))
    into, out = np.linalg.norm(w, axis=1), np.linalg.norm(v, axis=0)
    dead = into * out == 0
    into, out = np.where(dead, 1, into), np.where(dead, 1, out)
    s = np.exp((np.log(out) - np.log(into)) / 2).astype(w.dtype)
    return tuple(torch.from_numpy(t) for t in (w * s[:, None], b * s, v / s))
