# Subtracts the clean error once instead of at each severity.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = (1 - pruned).sum(1) / (1 - dense).sum(1)
    lost, reference = (
        (1 - pruned).sum(1) - (1 - pruned_clean),
        (1 - dense).sum(1) - (1 - dense_clean),
    )
    harmful = reference > 0
    relative = lost[harmful] / reference[harmful]
    return {"mean": errors.mean().item(), "relative": relative.mean().item()}
