# Stores the distance to the last entry, one more than the skipped zeros.
def encode_gaps(weight, gap_bits):
    flat = weight.flatten()
    places = flat.nonzero().flatten()
    return places.diff(prepend=torch.tensor([-1])), flat[places]
