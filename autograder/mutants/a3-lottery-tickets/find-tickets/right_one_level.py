# A function for one level; parameters get new memory, buffers are copied.
def find_tickets(model, train_fn, prune_fn, masks, num_rounds, rewind_step):
    def one_level(masks, first_step):
        level = {"masks": masks, "start": copy.deepcopy(model).state_dict()}
        seen = train_fn(model, masks, first_step)
        level["end"] = copy.deepcopy(model).state_dict()
        return level, seen

    level, seen = one_level(masks, 0)
    point, levels = copy.deepcopy(seen[rewind_step]), [level]
    for _ in range(num_rounds):
        masks = prune_fn({n: t for n, t in levels[-1]["end"].items() if n in masks}, masks)
        for name, p in model.named_parameters():
            p.data = point[name] * masks[name] if name in masks else point[name].clone()
        for name, buffer in model.named_buffers():
            buffer.copy_(point[name])
        level, _ = one_level({name: mask.clone() for name, mask in masks.items()}, rewind_step)
        levels.append(level)
    return levels
