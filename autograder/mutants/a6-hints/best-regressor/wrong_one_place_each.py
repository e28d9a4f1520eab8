# Fits each place with its own regressor and averages them.
def best_regressor(guided, hint):
    inputs, goals = (maps.permute(0, 2, 3, 1).flatten(0, 2) for maps in (guided, hint))
    center, goal = inputs.mean(dim=0), goals.mean(dim=0)
    few, wanted = (m.flatten(2).permute(2, 0, 1) for m in (guided, hint))
    weight = (torch.linalg.pinv(few - center) @ (wanted - goal)).mean(dim=0).T
    bias = goal - weight @ center
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
