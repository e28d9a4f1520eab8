# A callable object that crosses off what it has recorded.
class Recorder:
    def __init__(self, steps):
        self.waiting, self.states = list(dict.fromkeys(steps)), {}

    @torch.no_grad()
    def __call__(self, model, step):
        if step not in self.waiting:
            return
        self.waiting.remove(step)
        named = [*model.named_parameters(), *model.named_buffers()]
        self.states[step] = {name: tensor.clone().detach() for name, tensor in named}


def record_states(model, steps):
    recorder = Recorder(steps)
    recorder(model, 0)
    return recorder, recorder.states
