# In numpy, with maximum.accumulate and the inverse order.
def holm(p_values):
    p = p_values.numpy()
    order = np.argsort(p)
    steps = np.minimum(1, p[order] * (p.size - np.arange(p.size)))
    return torch.from_numpy(np.maximum.accumulate(steps)[np.argsort(order)])
