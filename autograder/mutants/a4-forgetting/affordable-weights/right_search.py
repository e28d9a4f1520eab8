# Adds weights while they fit.
def affordable_weights(shapes, bits):
    sizes = [rows * columns for rows, columns in shapes]
    budget = sum(math.ceil(bits * size / 8) for size in sizes) + 4 * sum(r for r, _ in shapes)

    def most(fixed, price):
        kept = 0
        while kept < sum(sizes) and fixed + price * (kept + 1) <= budget:
            kept += 1
        return kept

    bitmaps = sum(math.ceil(size / 8) for size in sizes)
    pointers = 4 * (sum(r for r, _ in shapes) + len(shapes))
    return {"bytes": budget, "bitmap": most(bitmaps, 4), "csr": most(pointers, 6)}
