# Walks down the columns.
def encode_gaps(weight, gap_bits):
    flat = weight.transpose(0, -1).flatten()
    places = flat.nonzero().flatten()
    return places.diff(prepend=torch.tensor([-1])) - 1, flat[places]
