# Clamps long gaps, so everything behind them moves.
def encode_gaps(weight, gap_bits):
    flat = weight.flatten()
    places = flat.nonzero().flatten()
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    return zeros.clamp_max(2**gap_bits - 1), flat[places]
