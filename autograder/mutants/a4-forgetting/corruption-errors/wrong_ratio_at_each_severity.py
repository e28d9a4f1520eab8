# Divides at each severity and averages the ratios.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = ((1 - pruned) / (1 - dense)).mean(1)
    lost, reference = (pruned_clean - pruned).sum(1), (dense_clean - dense).sum(1)
    harmful = reference > 0
    relative = lost[harmful] / reference[harmful]
    return {"mean": errors.mean().item(), "relative": relative.mean().item()}
