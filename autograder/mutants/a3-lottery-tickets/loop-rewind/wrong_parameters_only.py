# Rewinds parameters; the buffers of the batch norm keep their values.
def find_tickets(model, train_fn, prune_fn, masks, num_rounds, rewind_step):
    levels, point = [], {}
    for level in range(num_rounds + 1):
        if level > 0:
            trained = {name: levels[-1]["end"][name] for name in masks}
            masks = prune_fn(trained, masks)
            for name, p in model.named_parameters():
                p.data = masked(point, masks)[name]
        start = copy.deepcopy(model.state_dict())
        seen = train_fn(model, masks, rewind_step if level > 0 else 0)
        if level == 0:
            point = copy.deepcopy(seen[rewind_step])
        levels.append({"masks": masks, "start": start, "end": copy.deepcopy(model.state_dict())})
    return levels
