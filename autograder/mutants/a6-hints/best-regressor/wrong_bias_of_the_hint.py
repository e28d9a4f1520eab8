# The bias is the hint's mean, although the guided layer has one, too.
def best_regressor(guided, hint):
    inputs, goals = (maps.permute(0, 2, 3, 1).flatten(0, 2) for maps in (guided, hint))
    center, goal = inputs.mean(dim=0), goals.mean(dim=0)
    weight = (torch.linalg.pinv(inputs - center) @ (goals - goal)).T
    bias = goal
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
