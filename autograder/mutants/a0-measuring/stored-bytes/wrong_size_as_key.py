# Recognizes a storage by its size.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    return sum({t.untyped_storage().nbytes() for t in state.values()})
