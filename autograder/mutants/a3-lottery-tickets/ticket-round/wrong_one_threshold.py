# One ranking for all tensors together, the output layer aside.
def ticket_round(weights, masks, rate, output):
    others = [name for name in masks if name != output]
    groups = [others, [output]] if output in masks else [others]
    thinned = {name: mask.clone() for name, mask in masks.items()}
    for group in groups:
        share = rate / 2 if group == [output] else rate
        sizes = torch.cat([weights[name][masks[name]].abs() for name in group])
        number = round(share * len(sizes))
        cut = sizes.sort().values[number] if number < len(sizes) else float("inf")
        for name in group:
            thinned[name] &= weights[name].abs() >= cut
    return thinned
