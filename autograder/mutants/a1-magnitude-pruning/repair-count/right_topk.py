# Chooses the kept positions with topk and fills a tensor of zeros.
def prune_state(state, density):
    result = {}
    for name, tensor in state.items():
        result[name] = tensor.clone()
        if name.endswith("weight") and tensor.dim() > 1:
            flat = tensor.flatten()
            kept = torch.topk(flat.abs(), int(round(density * len(flat)))).indices
            pruned = torch.zeros_like(flat)
            pruned[kept] = flat[kept]
            result[name] = pruned.reshape(tensor.shape)
    return result
