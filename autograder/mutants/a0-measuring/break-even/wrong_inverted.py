# Divides the arithmetic by the reading.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    import math

    return math.ceil(macs * mac_pj / (weight_bytes * byte_pj))
