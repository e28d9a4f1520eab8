# Records step 0 whether or not it was asked for.
def record_states(model, steps):
    states = {}

    def hook(model, step):
        if step in steps and step not in states:
            state = model.state_dict()
            states[step] = {name: tensor.detach().clone() for name, tensor in state.items()}

    state = model.state_dict()
    states[0] = {n: t.detach().clone() for n, t in state.items()}
    return hook, states
