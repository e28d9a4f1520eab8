# Keeps the model and copies its state only when asked, which is too late.
def record_states(model, steps):
    class Late(dict):
        def items(self):
            fresh = {n: t.clone() for n, t in model.state_dict().items()}
            return [(step, fresh) for step in self]

    states = Late()

    def hook(model, step):
        if step in steps and step not in states:
            state = model.state_dict()
            states[step] = {name: tensor.detach().clone() for name, tensor in state.items()}

    hook(model, 0)
    return hook, states
