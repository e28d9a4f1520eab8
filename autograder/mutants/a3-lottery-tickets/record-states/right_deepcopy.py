# Deep copies of the state dict.
def record_states(model, steps):
    wanted, states = set(steps), {}
    if 0 in wanted:
        states[0] = copy.deepcopy(model.state_dict())

    def hook(model, step):
        if step in wanted:
            states.setdefault(step, copy.deepcopy(model.state_dict()))

    return hook, states
