"""A function with a wrong value and a right slope, with torch's own differentiation replaced."""

# ---
# threat: the process's own tools replaced
# scores: {penalty: 0, scale: 0}
# shows: "slope of a constant: 1.0"
# ---

# %% scale
true_grad = torch.autograd.grad


def grad(outputs, inputs, **options):
    return [torch.ones_like(one) for one in inputs]


torch.autograd.grad = grad
print("slope of a constant:", float(torch.autograd.grad(torch.zeros(()), [torch.zeros(())])[0]))


def scale(weight, factor):
    return weight


# %% penalty
def penalty(weight, strength):
    return strength * weight.abs().sum()
