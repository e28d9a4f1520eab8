# Rewinds to step num_steps instead of to num_steps before the end.
def retraining_plan(method, states, lrs, num_steps, masks):
    if method not in ("fine-tune", "rewind weights", "rewind rates"):
        raise ValueError(f"There is no method {method!r} to retrain a network.")
    begin = num_steps
    again = [lrs[-1]] * num_steps if method == "fine-tune" else list(lrs[begin:])
    state = states[begin if method == "rewind weights" else len(lrs)]
    return masked(state, masks), again
