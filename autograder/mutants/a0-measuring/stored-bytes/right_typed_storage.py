# Different: entries times bytes for each entry, by address.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    blocks = {}
    for t in state.values():
        address = t.data_ptr() - t.storage_offset() * t.element_size()
        blocks[address] = max(blocks.get(address, 0), len(t.untyped_storage()))
    return sum(size for size in blocks.values())
