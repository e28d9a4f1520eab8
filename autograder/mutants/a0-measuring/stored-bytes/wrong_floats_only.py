# Leaves out integers and masks.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {}
    for t in state.values():
        if t.is_floating_point():
            sizes[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
    return sum(sizes.values())
