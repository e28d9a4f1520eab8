# Counts the zeros of each row from its own beginning.
def encode_gaps(weight, gap_bits):
    gaps, values = [], []
    for row in weight.flatten(1):
        places = row.nonzero().flatten()
        gaps.append(places.diff(prepend=torch.tensor([-1])) - 1)
        values.append(row[places])
    return torch.cat(gaps), torch.cat(values)
