# Counts the storage's bytes as values of 4 bytes.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    sizes = {t.untyped_storage().data_ptr(): 4 * len(t.untyped_storage()) for t in state.values()}
    return sum(sizes.values())
