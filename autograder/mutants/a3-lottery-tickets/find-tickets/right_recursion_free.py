# Rewinds by hand, tensor by tensor, and trains level 0 before the loop.
def find_tickets(model, train_fn, prune_fn, masks, num_rounds, rewind_step):
    def now():
        return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    start = now()
    saved = {n: t.clone() for n, t in train_fn(model, masks, 0)[rewind_step].items()}
    found = [{"masks": masks, "start": start, "end": now()}]
    while len(found) <= num_rounds:
        end = found[-1]["end"]
        masks = prune_fn({name: end[name].clone() for name in masks}, masks)
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                tensor.copy_(saved[name])
                if name in masks:
                    tensor[~masks[name]] = 0
        start = now()
        train_fn(model, masks, rewind_step)
        found.append({"masks": masks, "start": start, "end": now()})
    return found
