# Stores a mask with one bit for each entry.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {}
    for t in state.values():
        memory = t.untyped_storage()
        sizes[memory.data_ptr()] = memory.nbytes() // (8 if t.dtype == torch.bool else 1)
    return sum(sizes.values())
