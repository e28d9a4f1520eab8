# Leaves single severities out instead of corruptions.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = (1 - pruned).sum(1) / (1 - dense).sum(1)
    lost, reference = (
        ((c - a) * (dense < dense_clean)).sum(1)
        for c, a in ((pruned_clean, pruned), (dense_clean, dense))
    )
    harmful = reference > 0
    relative = lost[harmful] / reference[harmful]
    return {"mean": errors.mean().item(), "relative": relative.mean().item()}
