# Forgets that a filler stands for a zero of its own.
def encode_gaps(weight, gap_bits):
    flat, most = weight.flatten(), 2**gap_bits - 1
    gaps, values, last = [], [], -1
    for place in flat.nonzero().flatten().tolist():
        zeros = place - last - 1
        while zeros > most:
            gaps.append(most)
            values.append(0.0)
            zeros -= most
        gaps.append(zeros)
        values.append(float(flat[place]))
        last = place
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
