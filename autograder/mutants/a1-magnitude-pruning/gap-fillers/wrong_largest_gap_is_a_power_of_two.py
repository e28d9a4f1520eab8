# Believes that b bits reach up to 2**b zeros.
def encode_gaps(weight, gap_bits):
    flat, most = weight.flatten(), 2**gap_bits
    gaps, values, last = [], [], -1
    for place in flat.nonzero().flatten().tolist():
        while place - last - 1 > most:
            gaps.append(most)
            values.append(0.0)
            last += most + 1
        gaps.append(place - last - 1)
        values.append(float(flat[place]))
        last = place
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
