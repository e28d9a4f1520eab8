# Records every step.
def record_states(model, steps):
    states = {}

    def hook(model, step):
        if step not in states:
            state = model.state_dict()
            states[step] = {name: tensor.detach().clone() for name, tensor in state.items()}

    hook(model, 0)
    return hook, states
