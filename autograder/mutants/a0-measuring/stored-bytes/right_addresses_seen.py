# Different: a running total and the addresses seen so far.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    total, seen = 0, []
    for name in state:
        block = state[name].untyped_storage()
        if block.data_ptr() in seen:
            continue
        seen.append(block.data_ptr())
        total += block.size()
    return total
