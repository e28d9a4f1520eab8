"""Exported from `book/pruning/why-pruning-works.md`: edit the chapter, not this file."""

import copy
import math
from itertools import pairwise

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from featherweight.techniques.magnitude_pruning import keep_largest
from featherweight.train import Batch, cross_entropy


def random_projection(num_inputs, num_outputs, seed):
    """Independent normal entries; squared lengths are kept on average."""
    generator = torch.Generator().manual_seed(seed)
    entries = torch.randn(num_inputs, num_outputs, generator=generator)
    return entries / math.sqrt(num_outputs)


def sufficient_dimension(num_points, distortion):
    """Dimension in which all squared distances can be kept within 1 ± distortion."""
    if not 0 < distortion < 1:
        raise ValueError(f"A distortion lies between 0 and 1; got {distortion}.")
    room = distortion**2 / 2 - distortion**3 / 3
    return math.ceil(4 * math.log(num_points) / room)


def random_signs(num_rows, num_columns, seed):
    """A random column and a random sign for each row: a matrix with one entry a row."""
    if not 1 <= num_columns <= num_rows:
        raise ValueError(f"Choose from 1 to {num_rows} directions; got {num_columns}.")
    generator = torch.Generator().manual_seed(seed)
    column = torch.randint(num_columns, (num_rows,), generator=generator)
    sign = 2.0 * torch.randint(2, (num_rows,), generator=generator) - 1
    return column, sign


class RandomSubspace(nn.Module):
    """A model that can move from its weights along a few random directions only."""

    def __init__(self, model, num_directions, seed):
        super().__init__()
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.sizes = [w.numel() for w in self.model.parameters()]
        column, sign = random_signs(sum(self.sizes), num_directions, seed)
        self.register_buffer("column", column)
        self.register_buffer("sign", sign)
        self.position = nn.Parameter(torch.zeros(num_directions))

    def forward(self, images):
        steps = (self.sign * self.position.index_select(0, self.column)).split(
            self.sizes
        )
        named = zip(self.model.named_parameters(), steps, strict=True)
        moved = {name: w + step.view_as(w) for (name, w), step in named}
        return functional_call(self.model, moved, (images,))


class StraightThrough(torch.autograd.Function):
    """Forward: `hard`. Backward: the gradient goes to `soft`, as if that were used."""

    @staticmethod
    def forward(ctx, hard, soft):
        return hard.view_as(hard)

    @staticmethod
    def backward(ctx, grad):
        return None, grad


def top_edges(scores, density):
    """A mask of the largest scores; refuses NaN, and a mask without edges."""
    if torch.isnan(scores).any():
        raise ValueError(
            "Some scores are NaN: lower the learning rate, or start again."
        )
    mask = keep_largest(scores, density)
    if not mask.any():
        raise ValueError(
            f"A density of {density} keeps none of {scores.numel()} edges: "
            "choose a larger one."
        )
    return mask.to(scores)


class EdgePopupLinear(nn.Linear):
    """Frozen random weights; trained scores choose which of them take part."""

    def __init__(self, num_inputs, num_outputs, density):
        super().__init__(num_inputs, num_outputs, bias=False)
        self.density = density
        self.weight.requires_grad_(False)
        self.scores = nn.Parameter(torch.empty_like(self.weight))
        nn.init.kaiming_uniform_(self.scores, a=math.sqrt(5))
        top_edges(
            self.scores.detach(), density
        )  # an unfit density fails here, not later
        size = math.sqrt(2 / (density * num_inputs))
        self.weight.copy_(size * self.weight.sign())

    def mask(self):
        sizes = self.scores.abs()
        return StraightThrough.apply(top_edges(sizes.detach(), self.density), sizes)

    def forward(self, x):
        return F.linear(x, self.weight * self.mask())


def stacked(sizes, make_layer, seed):
    """An MLP of the layers make_layer(inputs, outputs), with ReLU between them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Flatten()]
        for inputs, outputs in pairwise(sizes):
            layers += [make_layer(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class WiringLinear(nn.Linear):
    """The largest weights take part; all weights are trained, those at rest too."""

    def __init__(self, num_inputs, num_outputs, density):
        super().__init__(num_inputs, num_outputs)
        self.density = density
        top_edges(self.weight.detach().abs(), density)

    def mask(self):
        return top_edges(self.weight.detach().abs(), self.density)

    def forward(self, x):
        active = self.weight.detach() * self.mask()
        return F.linear(x, StraightThrough.apply(active, self.weight), self.bias)


def worst_neighbor(model, batch, rho, loss_fn=cross_entropy):
    """The loss, and the weights moved by rho along its gradient, all tensors as one."""
    weights = {name: w for name, w in model.named_parameters() if w.requires_grad}
    loss = loss_fn(model, batch)
    if not torch.isfinite(loss):
        raise ValueError(
            "The loss is not finite: check the weights, or lower the learning rate."
        )
    grads = torch.autograd.grad(loss, list(weights.values()), materialize_grads=True)
    length = torch.stack([g.norm() for g in grads]).norm()
    step = rho / length.clamp_min(1e-12)
    moved = zip(weights.items(), grads, strict=True)
    return loss.detach(), {name: w + step * g for (name, w), g in moved}


def check_distance(rho):
    """Refuse what is no distance."""
    if not 0 <= rho < math.inf:
        raise ValueError(f"rho is a distance, 0 or larger; got {rho}.")


def with_weights(model, weights):
    """The model as a function with other weights; its buffers are not updated."""
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    return lambda images: functional_call(model, buffers | weights, (images,))


def sam_loss(rho, loss_fn=cross_entropy):
    """The loss at the worst neighbor, for `train(loss_fn=...)`."""
    check_distance(rho)

    def loss_nearby(model, batch):
        _, moved = worst_neighbor(model, batch, rho, loss_fn)
        return loss_fn(with_weights(model, moved), batch)

    return loss_nearby


def sharpness(model, split, rho=0.1):
    """How much the mean loss rises at distance rho along its own gradient."""
    check_distance(rho)
    mode = model.training
    model.eval()
    batch = Batch(split.images, split.labels, torch.arange(len(split)))
    try:
        loss, moved = worst_neighbor(model, batch, rho)
        with torch.no_grad():
            return (cross_entropy(with_weights(model, moved), batch) - loss).item()
    finally:
        model.train(mode)
