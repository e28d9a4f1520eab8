# Drops such corruptions from the first mean as well.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = (1 - pruned).sum(1) / (1 - dense).sum(1)
    lost, reference = (pruned_clean - pruned).sum(1), (dense_clean - dense).sum(1)
    harmful = reference > 0
    relative = lost[harmful] / reference[harmful]
    return {"mean": errors[harmful].mean().item(), "relative": relative.mean().item()}
