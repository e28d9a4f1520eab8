# Puts a filler also where the largest gap would just do.
def encode_gaps(weight, gap_bits):
    flat, reach = weight.flatten(), 2**gap_bits
    gaps, values, last = [], [], -1
    for place in flat.nonzero().flatten().tolist():
        while place - last >= reach and place - last - reach >= 1:
            gaps.append(reach - 1)
            values.append(0.0)
            last += reach
        if place - last == reach:
            gaps.append(reach - 2)
            values.append(0.0)
            last += reach - 1
        gaps.append(place - last - 1)
        values.append(float(flat[place]))
        last = place
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
