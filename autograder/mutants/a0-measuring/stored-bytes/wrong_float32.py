# Takes 4 bytes for every value.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    return 4 * sum(t.numel() for t in state.values())
