# Different: math.ceil of the quotient.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    import math

    return math.ceil((weight_bytes * byte_pj) / (macs * mac_pj))
