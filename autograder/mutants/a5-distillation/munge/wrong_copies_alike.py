# Makes one synthetic set and repeats it.
def munge(examples, nominal, num_copies, p, s, generator):
    scale = examples.std(0, correction=0)
    scaled = examples / torch.where(scale > 0, scale, 1.0)
    gaps = torch.where(nominal, (examples[:, None] != examples).double(), 0.0)
    gaps = gaps + torch.where(nominal, 0.0, (scaled[:, None] - scaled).square())
    other = examples[gaps.sum(2).fill_diagonal_(math.inf).argmin(1)]
    noise = torch.randn(examples.shape, generator=generator, dtype=examples.dtype)
    drawn = torch.where(nominal, other, other + noise * (examples - other).abs() / s)
    taken = torch.rand(examples.shape, generator=generator) < p
    return torch.where(taken, drawn, examples).repeat(num_copies, 1)
