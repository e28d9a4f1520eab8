# Uses the masks of the chapter on magnitude pruning.
def obd_prune(weights, gradients, curvatures, density):
    scores = {name: torch.relu(curvatures[name]) * w**2 for name, w in weights.items()}
    masks = global_masks(scores, density)
    change = sum(
        (curvatures[name] * w**2 / 2 - gradients[name] * w)[~masks[name]].sum()
        for name, w in weights.items()
    )
    return masks, change.item()
