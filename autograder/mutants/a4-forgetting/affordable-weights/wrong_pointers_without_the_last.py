# Counts as many row pointers as rows.
def affordable_weights(shapes, bits):
    total = sum(rows * columns for rows, columns in shapes)
    budget = sum(-(-bits * rows * columns // 8) + 4 * rows for rows, columns in shapes)
    bitmap = sum(-(-rows * columns // 8) for rows, columns in shapes)
    pointers = sum(4 * rows for rows, _ in shapes)
    kept = {"bitmap": (budget - bitmap) // 4, "csr": (budget - pointers) // 6}
    return {"bytes": budget} | {name: min(max(k, 0), total) for name, k in kept.items()}
