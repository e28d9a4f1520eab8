# Returns the exact quotient.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    return weight_bytes * byte_pj / (macs * mac_pj)
