# Differentiates twice; the Fisher is the Hessian at counts that equal the rates.
def poisson_diagonals(weight, inputs, counts):
    def first_and_second(counts):
        z = (inputs @ weight.T).detach().requires_grad_()
        rates = F.softplus(z)
        loss = (rates - counts * rates.log()).sum()
        (first,) = torch.autograd.grad(loss, z, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), z)
        return first.detach(), second

    def mean(per_logit):
        return torch.einsum("nk,nd->kd", per_logit, inputs.square()) / inputs.shape[0]

    first, hessian = first_and_second(counts)
    _, fisher = first_and_second(F.softplus(inputs @ weight.T).detach())
    return {"hessian": mean(hessian), "fisher": mean(fisher), "empirical": mean(first**2)}
