# Rounds all matrices together to whole bytes.
def affordable_weights(shapes, bits):
    total = sum(rows * columns for rows, columns in shapes)
    budget = -(-bits * total // 8) + sum(4 * rows for rows, _ in shapes)
    bitmap = -(-total // 8)
    pointers = sum(4 * (rows + 1) for rows, _ in shapes)
    kept = {"bitmap": (budget - bitmap) // 4, "csr": (budget - pointers) // 6}
    return {"bytes": budget} | {name: min(max(k, 0), total) for name, k in kept.items()}
