# A table of functions, learning rates as a tuple.
def retraining_plan(method, states, lrs, num_steps, masks):
    table = {
        "fine-tune": (len(lrs), lambda: (lrs[-1],) * num_steps),
        "rewind weights": (len(lrs) - num_steps, lambda: tuple(lrs[-num_steps:])),
        "rewind rates": (len(lrs), lambda: tuple(lrs[-num_steps:])),
    }
    if method not in table:
        raise ValueError(f"choose one of {', '.join(table)}")
    step, again = table[method]
    start = {name: tensor.clone() for name, tensor in states[step].items()}
    for name in masks:
        start[name][~masks[name]] = 0
    return [start, again()]
