# Takes every unknown method for the last one.
def retraining_plan(method, states, lrs, num_steps, masks):
    begin = len(lrs) - num_steps
    again = [lrs[-1]] * num_steps if method == "fine-tune" else list(lrs[begin:])
    state = states[begin if method == "rewind weights" else len(lrs)]
    return masked(state, masks), again
