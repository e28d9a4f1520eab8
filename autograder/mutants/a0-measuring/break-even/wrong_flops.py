# Charges two operations for each MAC.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    import math

    return math.ceil(weight_bytes * byte_pj / (2 * macs * mac_pj))
