# Knows a storage by where the tensor begins: parts of one storage count several times.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {}
    for t in state.values():
        sizes[t.data_ptr()] = t.untyped_storage().nbytes()
    return sum(sizes.values())
