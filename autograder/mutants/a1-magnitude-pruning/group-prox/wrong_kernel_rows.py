# Takes the norm along dimension 1 only, so a kernel falls into one group for each pixel.
def group_soft_threshold(weight, amount):
    lengths = weight.norm(dim=1, keepdim=True)
    return weight * ((lengths - amount).clamp_min(0) / lengths.where(lengths > 0, 1))
