# Different: exact fractions.
def break_even_batch(macs: int, weight_bytes: int, mac_pj: float, byte_pj: float) -> int:
    from fractions import Fraction

    ratio = Fraction(weight_bytes) * Fraction(byte_pj) / (macs * Fraction(mac_pj))
    whole, rest = divmod(ratio.numerator, ratio.denominator)
    return whole + (1 if rest else 0)
