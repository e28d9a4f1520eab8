# Gives removed weights the rank of infinity and turns the smallest others off.
def prune_round(weights, masks, fraction):
    names = list(masks)
    keep = torch.cat([masks[name].flatten() for name in names])
    line = torch.cat([weights[name].flatten().abs() for name in names])
    number = round(fraction * int(keep.sum()))
    smallest = line.masked_fill(~keep, math.inf).topk(number, largest=False).indices
    keep[smallest] = False
    pieces = keep.split([masks[name].numel() for name in names])
    return {name: piece.reshape(masks[name].shape) for name, piece in zip(names, pieces)}
