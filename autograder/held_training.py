"""The same training twice for a check: a student's with some weights held, and ours beside it."""

import torch
from torch import Tensor

from autograder.check import close, defined_here
from autograder.inputs import float64, mask
from autograder.student import Student

TRAINING = """
import torch
from torch import nn

KINDS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, 0.05, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.5),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "adam-plain": lambda p: torch.optim.Adam(p, 0.05),
}


def network(state):
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    model.load_state_dict(state)
    return model


def optimizer(model, kind):
    return KINDS[kind](model.parameters())


def one_step(model, optimizer, images, targets, scale):
    optimizer.zero_grad()
    (scale * (model(images) - targets).square().mean()).backward()
    optimizer.step()


@torch.no_grad()
def as_used(model):
    '''The weights as the layers use them, and the biases: what comes out for unit vectors.'''
    used = {}
    for name, layer in model.named_children():
        if isinstance(layer, nn.Linear):
            unit = torch.eye(layer.in_features, dtype=torch.float64)
            used[name + ".bias"] = layer(torch.zeros_like(unit))[0]
            used[name + ".weight"] = (layer(unit) - layer(torch.zeros_like(unit))).T
    return used
"""
SHAPES = {"0.weight": (5, 6), "0.bias": (5,), "2.weight": (3, 5), "2.bias": (3,)}


class HeldTraining:
    """A network and its optimizer in the student's process, and the same two here.

    `masks` says which weights are free, `values` where the others are held: at zero, unless a
    subclass sets other values. Here they are put back by hand after each step.
    """

    held: tuple[str, ...] = ("0.weight", "2.weight")
    moved = "removed weights of `{}` are not 0"
    free = "kept"

    def __init__(self, student: Student, rng: torch.Generator, kind: str):
        student.define(TRAINING)
        self.student, self.hand = student, defined_here(TRAINING)
        self.batches = [(float64(rng, 4, 6), float64(rng, 4, 3)) for _ in range(8)]
        state = {name: 0.7 * float64(rng, *shape) for name, shape in SHAPES.items()}
        self.masks = {name: mask(rng, *SHAPES[name], density=0.6) for name in self.held}
        self.values = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
        self.model = self.hand["network"](state)
        self.optimizer = self.hand["optimizer"](self.model, kind)
        self.theirs = student.ask("network", state)
        self.their_optimizer = student.ask("optimizer", self.theirs, kind)

    def step(self, number: int, scale: float = 1.0, held: bool = True) -> None:
        """One training step on both sides."""
        images, targets = self.batches[number]
        self.hand["one_step"](self.model, self.optimizer, images, targets, scale)
        if held:
            self.put_back()
        self.student.ask("one_step", self.theirs, self.their_optimizer, images, targets, scale)

    @torch.no_grad()
    def put_back(self) -> None:
        """Put held weights back, and clear the optimizer's memory of them, on our side."""
        for name, kept in self.masks.items():
            weight = self.model.get_parameter(name)
            weight[~kept] = self.values[name][~kept]
            memory = [v for v in self.optimizer.state[weight].values() if v is not None]
            for tensor in (t for t in memory if t.shape == kept.shape):
                tensor[~kept] = 0.0

    def as_used(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The student's weights and ours, as the layers use them."""
        return self.student.ask("as_used", self.theirs), self.hand["as_used"](self.model)

    def held_weights_stay(self, when: str) -> None:
        """Fail if a held weight of the student's has moved."""
        used, _ = self.as_used()
        for name, kept in self.masks.items():
            count = int(((used[name] - self.values[name])[~kept].abs() >= 1e-12).sum())
            kind = f"with {type(self.optimizer).__name__}, {when}"
            hint = "Hint: what moves a weight besides its gradient?"
            assert count == 0, f"{count} {self.moved.format(name)} {kind}. {hint}"

    def free_weights_agree(self, when: str, hint: str) -> None:
        """Fail if the student's free weights differ from ours."""
        used, ours = self.as_used()
        for name, expected in ours.items():
            kept = self.masks.get(name, torch.ones_like(expected, dtype=torch.bool))
            label = f"The {self.free} part of `{name}` {when}"
            close(used[name][kept], expected[kept], hint, atol=1e-9, name=label)

    def freed_weights_agree(self, when: str, hint: str) -> None:
        """Fail if weights that are held no longer differ from ours."""
        used, ours = self.as_used()
        for name, kept in self.masks.items():
            label = f"The freed part of `{name}` {when}"
            close(used[name][~kept], ours[name][~kept], hint, atol=1e-9, name=label)
