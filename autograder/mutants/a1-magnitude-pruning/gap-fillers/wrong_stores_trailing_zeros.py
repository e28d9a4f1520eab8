# Goes on with fillers after the last non-zero.
def encode_gaps(weight, gap_bits):
    flat, reach = weight.flatten(), 2**gap_bits
    gaps, values, zeros = [], [], 0
    for value in flat.tolist():
        if value != 0 or zeros == reach - 1:
            gaps.append(zeros)
            values.append(value)
            zeros = 0
        else:
            zeros += 1
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)
