# Pads a ragged last group silently instead of refusing it.
def nm_mask(weight, n, m):
    inputs = weight.shape[1]
    moved = weight.abs().movedim(1, -1)
    padded = nn.functional.pad(moved, (0, -inputs % m), value=-1.0)
    groups = padded.unflatten(-1, (-1, m))
    rank = groups.argsort(dim=-1, descending=True).argsort(dim=-1)
    return (rank < n).flatten(-2)[..., :inputs].movedim(-1, 1)
