# Neighbors by a loop, one copy after the other.
def munge(examples, nominal, num_copies, p, s, generator):
    mean = examples.mean(0)
    deviation = ((examples - mean) ** 2).mean(0).sqrt()
    varies = (examples != examples[0]).any(0)
    near = []
    for i, row in enumerate(examples):
        distance = torch.zeros(len(examples), dtype=torch.float64)
        for a in range(len(row)):
            if nominal[a]:
                distance += examples[:, a] != row[a]
            elif varies[a]:
                distance += ((examples[:, a] - row[a]) / deviation[a]) ** 2
        distance[i] = math.inf
        near.append(int(distance.argmin()))
    copies = []
    for _ in range(num_copies):
        copy = examples.clone()
        chosen = torch.rand(copy.shape, generator=generator) < p
        normal = torch.randn(copy.shape, generator=generator, dtype=copy.dtype)
        around = examples[near] + normal * (examples - examples[near]).abs() / s
        around[:, nominal] = examples[near][:, nominal]
        copy[chosen] = around[chosen]
        copies.append(copy)
    return torch.cat(copies)
