# Alters the set as it goes, so that later neighbors are synthetic.
def munge(examples, nominal, num_copies, p, s, generator):
    deviation = examples.std(dim=0, correction=0)
    deviation[deviation == 0] = 1
    copies = []
    for _ in range(num_copies):
        data = examples.clone()
        for i in range(len(data)):
            terms = torch.where(
                nominal, (data != data[i]).double(), ((data - data[i]) / deviation).square()
            )
            distance = terms.sum(1)
            distance[i] = math.inf
            near = data[distance.argmin()].clone()
            own = data[i].clone()
            noise = torch.randn(len(own), generator=generator, dtype=own.dtype)
            drawn = torch.where(nominal, near, near + (near - own) / s * noise)
            taken = torch.rand(len(own), generator=generator) < p
            data[i] = torch.where(taken, drawn, own)
        copies.append(data)
    return torch.cat(copies)
