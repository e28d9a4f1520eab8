# Computes in NumPy.
def through_tanh(z, gradient, curvature, gauss_newton=False):
    import numpy as np

    z, gradient, curvature = (np.asarray(t.detach()) for t in (z, gradient, curvature))
    a = np.tanh(z)
    got = (1 - a * a) ** 2 * curvature
    if not gauss_newton:
        got = got - 2 * a * (1 - a * a) * gradient
    return torch.from_numpy(got)
