# Divides accuracies instead of errors.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = pruned.sum(1) / dense.sum(1)
    lost, reference = (pruned_clean - pruned).sum(1), (dense_clean - dense).sum(1)
    harmful = reference > 0
    relative = lost[harmful] / reference[harmful]
    return {"mean": errors.mean().item(), "relative": relative.mean().item()}
