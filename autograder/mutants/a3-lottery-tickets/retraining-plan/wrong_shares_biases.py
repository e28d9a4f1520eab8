# Hands out the recorded tensors where nothing is masked.
def retraining_plan(method, states, lrs, num_steps, masks):
    if method not in ("fine-tune", "rewind weights", "rewind rates"):
        raise ValueError(f"There is no method {method!r} to retrain a network.")
    begin = len(lrs) - num_steps
    again = [lrs[-1]] * num_steps if method == "fine-tune" else list(lrs[begin:])
    state = states[begin if method == "rewind weights" else len(lrs)]
    return {n: t * masks[n] if n in masks else t for n, t in state.items()}, again
