# Knows a storage by its address, but counts only what the first tensor sees of it.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {}
    for t in state.values():
        sizes.setdefault(t.untyped_storage().data_ptr(), t.numel() * t.element_size())
    return sum(sizes.values())
