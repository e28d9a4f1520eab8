# Some hundred steps of gradient descent, not the floor.
def best_regressor(guided, hint):
    inputs, goals = (maps.permute(0, 2, 3, 1).flatten(0, 2) for maps in (guided, hint))
    center, goal = inputs.mean(dim=0), goals.mean(dim=0)
    weight = torch.zeros(goals.shape[1], inputs.shape[1], dtype=inputs.dtype)
    x, y = inputs - center, goals - goal
    for _ in range(100):
        weight = weight - 0.02 * (x @ weight.T - y).T @ x / len(x)
    bias = goal - weight @ center
    loss = (inputs @ weight.T + bias - goals).square().mean() / 2
    return weight, bias, loss
