# Counts shared tensors once, but a slice with its own size.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {}
    for t in state.values():
        sizes[t.data_ptr()] = t.numel() * t.element_size()
    return sum(sizes.values())
