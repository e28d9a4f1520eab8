# Goes example by example, output by output.
def poisson_diagonals(weight, inputs, counts):
    names = ("hessian", "fisher", "empirical")
    found = {name: torch.zeros_like(weight) for name in names}
    for x, y in zip(inputs, counts, strict=True):
        for k in range(len(weight)):
            z = torch.dot(weight[k], x)
            rate, p = torch.log1p(z.exp()), 1 / (1 + (-z).exp())
            first = p - y[k] * p / rate
            second = p * (1 - p) * (1 - y[k] / rate) + y[k] * (p / rate) ** 2
            found["hessian"][k] += second * x * x
            found["fisher"][k] += p * p / rate * x * x
            found["empirical"][k] += (first * x) ** 2
    return {name: total / len(inputs) for name, total in found.items()}
