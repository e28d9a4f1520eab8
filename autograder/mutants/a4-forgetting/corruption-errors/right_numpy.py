# In numpy, with a masked mean, and tensors of one number as values.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    d, p = 1 - dense.numpy(), 1 - pruned.numpy()
    rise_d = d.sum(1) - d.shape[1] * (1 - dense_clean)
    rise_p = p.sum(1) - p.shape[1] * (1 - pruned_clean)
    kept = rise_d > 0
    both = np.mean(p.sum(1) / d.sum(1)), np.mean(rise_p[kept] / rise_d[kept])
    return dict(zip(("mean", "relative"), map(torch.tensor, both), strict=True))
