# No loop: fillers come from an integer division, their places from repeat_interleave.
def encode_gaps(weight, gap_bits):
    flat, reach = weight.flatten(), 2**gap_bits
    places = flat.nonzero().flatten()
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    ends = (zeros // reach + 1).cumsum(0) - 1
    total = int(ends[-1]) + 1 if len(ends) else 0
    gaps = torch.full((total,), reach - 1, dtype=torch.int64)
    values = torch.zeros(total, dtype=weight.dtype)
    gaps[ends], values[ends] = zeros % reach, flat[places]
    return gaps, values
