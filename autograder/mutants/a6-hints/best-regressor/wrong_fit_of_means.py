# Fits the means of the maps of each example, as if a place did not matter.
def best_regressor(guided, hint):
    inputs, goals = (maps.permute(0, 2, 3, 1).flatten(0, 2) for maps in (guided, hint))
    center, goal = inputs.mean(dim=0), goals.mean(dim=0)
    few, wanted = guided.mean(dim=(2, 3)), hint.mean(dim=(2, 3))
    few, wanted = few - center, wanted - goal
    weight = (torch.linalg.pinv(few) @ wanted).T
    bias = goal - weight @ center
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
