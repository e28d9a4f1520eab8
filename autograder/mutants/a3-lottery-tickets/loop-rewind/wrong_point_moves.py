# Takes a new rewinding point from each level's training.
def find_tickets(model, train_fn, prune_fn, masks, num_rounds, rewind_step):
    levels, point = [], {}
    for level in range(num_rounds + 1):
        if level > 0:
            trained = {name: levels[-1]["end"][name] for name in masks}
            masks = prune_fn(trained, masks)
            model.load_state_dict(masked(point, masks))
        start = copy.deepcopy(model.state_dict())
        seen = train_fn(model, masks, rewind_step if level > 0 else 0)
        if rewind_step in seen:
            last = max(seen)
            point = copy.deepcopy(seen[min(rewind_step + level, last)])
        levels.append({"masks": masks, "start": start, "end": copy.deepcopy(model.state_dict())})
    return levels
