# Writes gaps that do not fit into their bits.
def encode_gaps(weight, gap_bits):
    flat = weight.flatten()
    places = flat.nonzero().flatten()
    return places.diff(prepend=torch.tensor([-1])) - 1, flat[places]
