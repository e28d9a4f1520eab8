# Starts at position 0 instead of -1, so the first gap is one too small.
def encode_gaps(weight, gap_bits):
    flat, limit = weight.flatten(), 2**gap_bits
    gaps, values, last = [], [], 0
    for place in flat.nonzero().flatten().tolist():
        while place - last > limit:
            gaps.append(limit - 1)
            values.append(0.0)
            last += limit
        gaps.append(max(0, place - last - 1))
        values.append(float(flat[place]))
        last = place
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
