# One matrix after the other, with divmod.
def affordable_weights(shapes, bits):
    total = budget = bitmap = pointers = 0
    for rows, columns in shapes:
        size = rows * columns
        total += size
        budget += (bits * size + 7) // 8 + 4 * rows
        bitmap += (size + 7) // 8
        pointers += 4 * rows + 4
    result = {"bytes": budget}
    for name, fixed, price in (("bitmap", bitmap, 4), ("csr", pointers, 6)):
        affordable = divmod(budget - fixed, price)[0]
        result[name] = 0 if affordable < 0 else total if affordable > total else affordable
    return result
