# Takes the Hessian at the data for the Fisher.
def poisson_diagonals(weight, inputs, counts):
    logits = inputs @ weight.T
    rates, slope = F.softplus(logits), logits.sigmoid()
    bend = slope * (1 - slope)
    per_logit = {
        "hessian": bend * (1 - counts / rates) + slope**2 * counts / rates**2,
        "fisher": bend * (1 - counts / rates) + slope**2 * counts / rates**2,
        "empirical": (slope * (1 - counts / rates)) ** 2,
    }
    return {name: h.T @ inputs**2 / len(inputs) for name, h in per_logit.items()}
