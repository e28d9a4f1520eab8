# Reads the weights again for every example, so the batch has no influence.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    return 1
