"""Exported from `book/pruning/lottery-tickets.md`: edit the chapter, not this file."""

import copy
from typing import NamedTuple

import torch

from featherweight.techniques.magnitude_pruning import (
    apply_masks,
    global_masks,
    magnitudes,
    prunable,
)


def state_of(model):
    """A copy of everything that training changes: parameters and buffers."""
    return {name: t.detach().clone() for name, t in model.state_dict().items()}


def num_kept(masks):
    """How many weights the masks keep, in all tensors together."""
    return sum(int(mask.sum()) for mask in masks.values())


def check_masks(model, masks):
    """Refuse masks that don't fit the model or that keep nothing."""
    shapes = {name: weight.shape for name, weight in prunable(model).items()}
    if not shapes:
        raise ValueError("This model has no weight matrix or kernel to prune.")
    if {name: mask.shape for name, mask in masks.items()} != shapes:
        raise ValueError(
            "These masks belong to another model: give one mask of the same shape "
            f"for each of {', '.join(shapes)}."
        )
    if num_kept(masks) == 0:
        raise ValueError("The masks keep no weight: ask for a larger density.")


def rewound(model, state, masks):
    """A copy of the model in a saved state, under the masks."""
    check_masks(model, masks)
    model = copy.deepcopy(model)
    try:
        model.load_state_dict(state)
    except RuntimeError:
        raise ValueError(
            "This state belongs to another model: rewind to one from state_of(model)."
        ) from None
    apply_masks(model, masks)
    return model


def check_trained(model, masks):
    """Refuse a training that diverged or that let removed weights come back."""
    for name, weight in prunable(model).items():
        if not weight.isfinite().all():
            raise ValueError(f"{name} is not finite: train with a smaller lr.")
        if weight[~masks[name].bool()].any():
            raise ValueError(
                f"Removed weights of {name} came back: let train_fn apply the masks "
                "after every step, with after_step=keep_masks(masks)."
            )


def check_schedule(num_rounds, keep):
    """Refuse a negative number of rounds, and a fraction that keeps all or nothing."""
    if num_rounds < 0:
        raise ValueError(f"num_rounds counts prunings, from 0 on; got {num_rounds}.")
    if not 0 < keep < 1:
        raise ValueError(
            "keep is the fraction of the remaining weights that a round keeps, "
            f"more than 0 and less than 1; got {keep}."
        )


def surviving_masks(model, masks, keep):
    """Keep the fraction `keep` of the remaining weights, those of largest magnitude."""
    check_schedule(1, keep)
    check_masks(model, masks)
    check_trained(model, masks)
    sizes = magnitudes(model)
    scores = {n: s.masked_fill(~masks[n].bool(), -1) for n, s in sizes.items()}
    total = sum(score.numel() for score in scores.values())
    return global_masks(scores, round(keep * num_kept(masks)) / total)


class Round(NamedTuple):
    """The masks of one round, and the network trained under them."""

    masks: dict[str, torch.Tensor]
    model: torch.nn.Module


def one_round(model, start, masks, train_fn):
    """Train a copy of the model from the state `start`, under the masks."""
    trained = rewound(model, start, masks)
    train_fn(trained, masks)
    check_trained(trained, masks)
    return Round(masks, trained)


def find_ticket(model, train_fn, num_rounds, keep=0.8, rewind_to=None):
    """Train, prune, rewind, `num_rounds` times over; return all rounds, the dense first.

    `train_fn(model, masks)` trains in place and holds the model to the masks.
    Every round starts from the state `rewind_to`, by default the model's own.
    """
    check_schedule(num_rounds, keep)
    start = state_of(model) if rewind_to is None else rewind_to
    masks = {n: torch.ones_like(w).bool() for n, w in prunable(model).items()}
    rounds = [one_round(model, start, masks, train_fn)]
    for _ in range(num_rounds):
        masks = surviving_masks(rounds[-1].model, masks, keep)
        rounds.append(one_round(model, start, masks, train_fn))
    return rounds


def reinitialized(model, seed):
    """A copy of the model with new initial values, drawn as its layers draw them."""
    model = copy.deepcopy(model)
    layers = [m for m in model.modules() if [*m.parameters(False), *m.buffers(False)]]
    for layer in layers:
        if not hasattr(layer, "reset_parameters"):
            raise ValueError(
                f"There is no rule to initialize a {type(layer).__name__} again: "
                "give it a method reset_parameters()."
            )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in layers:
            layer.reset_parameters()
    return model


def shuffled_masks(masks, seed):
    """The masks shuffled within each tensor: every tensor keeps its density."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: mask.flatten()[
            torch.randperm(mask.numel(), generator=generator).to(mask.device)
        ].view_as(mask)
        for name, mask in masks.items()
    }


def random_masks(masks, seed):
    """The masks shuffled over all tensors: only the number of weights stays."""
    flat = torch.cat([mask.flatten() for mask in masks.values()])
    parts = shuffled_masks({"all": flat}, seed)["all"].split(
        [mask.numel() for mask in masks.values()]
    )
    return {n: p.view_as(masks[n]) for n, p in zip(masks, parts, strict=True)}


def check_pair(one, other):
    """Refuse masks that can't be compared."""
    if {n: m.shape for n, m in one.items()} != {n: m.shape for n, m in other.items()}:
        raise ValueError("Compare masks of the same model: names or shapes differ.")
    if num_kept(one) + num_kept(other) == 0:
        raise ValueError("Both masks keep no weight: there is nothing to compare.")


def mask_overlap(one, other):
    """What both keep, as a fraction of the mean number that they keep."""
    check_pair(one, other)
    both = sum(int((mask.bool() & other[n].bool()).sum()) for n, mask in one.items())
    return 2 * both / (num_kept(one) + num_kept(other))


def chance_overlap(one, other, per_input=False):
    """The overlap expected of masks with these counts and random positions.

    The counts are those of each tensor or, with `per_input`, of each of its inputs.
    """
    check_pair(one, other)
    both = 0.0
    for name, mask in one.items():
        pair = (mask, other[name])
        tables = [m.flatten(1) if per_input else m.reshape(-1, 1) for m in pair]
        a, b = (table.double().sum(dim=0) for table in tables)
        both += (a * b).sum().item() / len(tables[0])
    return 2 * both / (num_kept(one) + num_kept(other))


class Snapshot:
    """A hook for `train` that saves the state after one step."""

    def __init__(self, step):
        self.step, self.state = step, None

    def __call__(self, model, step):
        if step == self.step:
            self.state = state_of(model)
