# Stores positions, not gaps.
def encode_gaps(weight, gap_bits):
    flat = weight.flatten()
    places = flat.nonzero().flatten()
    return places, flat[places]
