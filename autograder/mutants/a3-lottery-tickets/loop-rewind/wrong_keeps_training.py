# Never rewinds: plain iterative pruning and fine-tuning.
def find_tickets(model, train_fn, prune_fn, masks, num_rounds, rewind_step):
    levels, point = [], {}
    for level in range(num_rounds + 1):
        if level > 0:
            trained = {name: levels[-1]["end"][name] for name in masks}
            masks = prune_fn(trained, masks)
            model.load_state_dict(masked(levels[-1]["end"], masks))
        start = copy.deepcopy(model.state_dict())
        seen = train_fn(model, masks, rewind_step if level > 0 else 0)
        if level == 0:
            point = copy.deepcopy(seen[rewind_step])
        levels.append({"masks": masks, "start": start, "end": copy.deepcopy(model.state_dict())})
    return levels
