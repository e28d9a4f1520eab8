# Divides by the clean accuracy instead of by what the dense network loses.
def corruption_errors(dense, pruned, dense_clean, pruned_clean):
    errors = (1 - pruned).sum(1) / (1 - dense).sum(1)
    lost, reference = (pruned_clean - pruned).sum(1), (dense_clean - dense).sum(1)
    harmful = reference > 0
    relative = (lost / pruned_clean)[harmful]
    return {"mean": errors.mean().item(), "relative": relative.mean().item()}
