# Stores the positions of a bitmap for nothing.
def affordable_weights(shapes, bits):
    total = sum(rows * columns for rows, columns in shapes)
    budget = sum(-(-bits * rows * columns // 8) + 4 * rows for rows, columns in shapes)
    bitmap = sum(-(-rows * columns // 8) for rows, columns in shapes)
    pointers = sum(4 * (rows + 1) for rows, _ in shapes)
    kept = {"bitmap": budget // 4, "csr": (budget - pointers) // 6}
    return {"bytes": budget} | {name: min(max(k, 0), total) for name, k in kept.items()}
