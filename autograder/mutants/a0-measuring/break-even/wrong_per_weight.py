# Reads weights, not bytes.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    import math

    return math.ceil(weight_bytes / 4 * byte_pj / (macs * mac_pj))
