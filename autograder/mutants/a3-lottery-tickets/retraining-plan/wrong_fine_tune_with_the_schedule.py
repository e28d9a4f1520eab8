# Fine-tunes with the rewound learning rates.
def retraining_plan(method, states, lrs, num_steps, masks):
    if method not in ("fine-tune", "rewind weights", "rewind rates"):
        raise ValueError(f"There is no method {method!r} to retrain a network.")
    begin = len(lrs) - num_steps
    again = list(lrs[begin:])
    state = states[begin if method == "rewind weights" else len(lrs)]
    return masked(state, masks), again
