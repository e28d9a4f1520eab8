# With means over severities instead of sums, and nanmean.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    mean_d, mean_p = dense.mean(dim=-1), pruned.mean(dim=-1)
    gap = dense_clean - mean_d
    relative = torch.where(gap > 0, (pruned_clean - mean_p) / gap, torch.nan)
    plain = ((1 - mean_p) / (1 - mean_d)).mean()
    return {"mean": float(plain), "relative": float(relative.nanmean())}
