# Row by row.
def from_top_k(probs, classes, num_classes, temperature):
    rows = []
    for told, names in zip(probs, classes):
        row = torch.zeros(num_classes, dtype=probs.dtype)
        unnamed = torch.ones(num_classes, dtype=torch.bool)
        unnamed[names] = False
        if unnamed.any():
            row[unnamed] = max(0.0, 1 - float(told.sum())) / int(unnamed.sum())
        row[names] = told
        row = row.pow(1 / temperature)
        rows.append(row / row.sum())
    return torch.stack(rows)
