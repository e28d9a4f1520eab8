# No bias.
def best_regressor(guided, hint):
    inputs, goals = (maps.permute(0, 2, 3, 1).flatten(0, 2) for maps in (guided, hint))
    center, goal = 0 * inputs[0], 0 * goals[0]
    weight = (torch.linalg.pinv(inputs - center) @ (goals - goal)).T
    bias = goal - weight @ center
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
