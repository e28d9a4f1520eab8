# A helper for one tensor and a comprehension over the state dict.
def pruned_copy(tensor, density):
    flat = tensor.reshape(-1)
    kept = flat.abs().argsort(descending=True)[: round(density * len(flat))]
    return torch.zeros_like(flat).index_copy(0, kept, flat[kept]).view(tensor.shape)


def prune_state(state, density):
    def affected(name, tensor):
        return name.endswith("weight") and tensor.dim() >= 2

    return {n: pruned_copy(t, density) if affected(n, t) else t.clone() for n, t in state.items()}
