# Asks for more energy, not for at least as much.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    return int(weight_bytes * byte_pj // (macs * mac_pj)) + 1
