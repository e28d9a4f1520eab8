# With numpy arrays of the shapes.
def affordable_weights(shapes, bits):
    rows, columns = np.array(shapes, dtype=np.int64).T
    sizes = rows * columns
    budget = int(np.ceil(bits * sizes / 8).sum() + 4 * rows.sum())
    fixed = {"bitmap": int(np.ceil(sizes / 8).sum()), "csr": int(4 * (rows + 1).sum())}
    price, found = {"bitmap": 4, "csr": 6}, {"bytes": budget}
    for name in fixed:
        count = math.floor((budget - fixed[name]) / price[name])
        found[name] = int(np.clip(count, 0, sizes.sum()))
    return found
