# Reshapes the maps without bringing the channels to the end.
def best_regressor(guided, hint):
    inputs, goals = (maps.reshape(-1, maps.shape[1]) for maps in (guided, hint))
    center, goal = inputs.mean(dim=0), goals.mean(dim=0)
    weight = (torch.linalg.pinv(inputs - center) @ (goals - goal)).T
    bias = goal - weight @ center
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
