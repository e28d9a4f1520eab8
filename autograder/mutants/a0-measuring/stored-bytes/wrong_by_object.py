# Recognizes shared tensors by their Python object, which a state dict makes anew.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    distinct = {id(t): t.untyped_storage().nbytes() for t in state.values()}
    return sum(distinct.values())
