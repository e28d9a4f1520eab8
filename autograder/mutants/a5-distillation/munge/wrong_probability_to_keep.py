# Keeps with probability p.
def munge(examples, nominal, num_copies, p, s, generator):
    deviation = examples.std(dim=0, correction=0)
    scaled = (examples / deviation.masked_fill(deviation == 0, 1))[:, ~nominal]
    exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}
    distances = torch.cdist(scaled, scaled, **exact).square()
    distances += torch.cdist(examples[:, nominal], examples[:, nominal], p=0)
    neighbors = examples[distances.fill_diagonal_(math.inf).argmin(dim=1)]
    own, other = (rows.repeat(num_copies, 1) for rows in (examples, neighbors))
    noise = torch.randn(own.shape, generator=generator, dtype=own.dtype)
    drawn = other + (other - own) / s * noise
    replaced = torch.rand(own.shape, generator=generator) >= p
    return torch.where(replaced, torch.where(nominal, other, drawn), own)
