# Different: tries one batch size after the other.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    batch = 1
    while batch * macs * mac_pj < weight_bytes * byte_pj:
        batch += 1
    return batch
