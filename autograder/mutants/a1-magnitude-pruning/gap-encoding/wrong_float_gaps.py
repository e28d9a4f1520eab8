# Returns gaps as floating-point numbers.
def encode_gaps(weight, gap_bits):
    flat = weight.flatten()
    places = flat.nonzero().flatten()
    return (places.diff(prepend=torch.tensor([-1])) - 1).float(), flat[places]
