# Groups are columns (inputs) instead of rows (outputs).
def group_soft_threshold(weight, amount):
    lengths = weight.flatten(1).norm(dim=0, keepdim=True)
    scaled = weight.flatten(1) * (1 - amount / lengths.clamp_min(1e-300)).clamp_min(0)
    return scaled.view(weight.shape)
