# All differences at once, draws by torch.normal.
def munge(examples, nominal, num_copies, p, s, generator):
    n, attributes = examples.shape
    gap = examples[:, None] - examples[None]
    variance = examples.var(dim=0, unbiased=False)
    terms = torch.where(nominal, (gap != 0).to(gap.dtype), gap**2 / variance.clamp(min=1e-30))
    distances = terms.sum(-1) + torch.diag(torch.full((n,), math.inf)).nan_to_num(
        0, posinf=math.inf
    )
    near = examples[distances.argmin(1)].expand(num_copies, n, attributes)
    own = examples.expand(num_copies, n, attributes)
    width = (own - near).abs() / s
    width[:, :, nominal] = 0
    drawn = torch.normal(near, width, generator=generator)
    coins = torch.bernoulli(torch.full_like(drawn, p), generator=generator).bool()
    return torch.where(coins, drawn, own).reshape(-1, attributes)
