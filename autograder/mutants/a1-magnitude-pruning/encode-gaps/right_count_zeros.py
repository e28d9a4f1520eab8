# Walks over all positions with a counter of zeros; drops what follows the last non-zero.
def encode_gaps(weight, gap_bits):
    gaps, values, zeros, end = [], [], 0, 0
    for value in weight.flatten().tolist():
        if value == 0 and zeros < 2**gap_bits - 1:
            zeros += 1
            continue
        gaps.append(zeros)
        values.append(value)
        zeros = 0
        end = len(values) if value != 0 else end
    return torch.tensor(gaps[:end], dtype=torch.int64), torch.tensor(values[:end]).to(weight.dtype)
