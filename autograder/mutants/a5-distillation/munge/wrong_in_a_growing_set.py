# Alters the set as it goes, so that later neighbors are synthetic.
def munge(examples, nominal, num_copies, p, s, generator):
    deviation = examples.std(dim=0, correction=0)
    deviation[deviation == 0] = 1
    data = examples.repeat(num_copies, 1, 1)
    for i in range(len(examples)):
        own = data[:, i].clone()
        gap = data - own[:, None]
        terms = torch.where(nominal, (gap != 0).double(), (gap / deviation).square())
        distance = terms.sum(2)
        distance[:, i] = math.inf
        near = data[torch.arange(num_copies), distance.argmin(1)]
        noise = torch.randn(own.shape, generator=generator, dtype=own.dtype)
        drawn = torch.where(nominal, near, near + (near - own) / s * noise)
        taken = torch.rand(own.shape, generator=generator) < p
        data[:, i] = torch.where(taken, drawn, own)
    return data.flatten(0, 1)
