# Swaps the two energies.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    import math

    return math.ceil(weight_bytes * mac_pj / (macs * byte_pj))
