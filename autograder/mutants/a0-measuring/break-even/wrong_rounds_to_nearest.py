# Rounds to the nearest whole number.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    return max(1, round(weight_bytes * byte_pj / (macs * mac_pj)))
