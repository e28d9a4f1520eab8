# By Moreau's identity: subtract the projection of each group onto a ball of that radius.
def group_soft_threshold(weight, amount):
    flat = weight.flatten(1)
    lengths = flat.norm(dim=1, keepdim=True)
    scale = torch.where(
        lengths > amount, amount / lengths.clamp_min(1e-300), torch.ones_like(lengths)
    )
    return (flat - flat * scale).view(weight.shape)
