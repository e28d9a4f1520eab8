"""One training loop for the whole course; techniques hook into it, none of them copies it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from featherweight import measure
from featherweight.data import Split


@dataclass(frozen=True)
class Batch:
    """A mini-batch and the positions of its examples in the split it came from."""

    images: torch.Tensor
    labels: torch.Tensor
    index: torch.Tensor


LossFunction = Callable[[nn.Module, Batch], torch.Tensor]
StepHook = Callable[[nn.Module, int], None]
MakeOptimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]


def cross_entropy(model: nn.Module, batch: Batch) -> torch.Tensor:
    """The ordinary loss: cross-entropy with the labels."""
    return F.cross_entropy(model(batch.images), batch.labels)


def train(
    model: nn.Module,
    split: Split,
    *,
    num_epochs: int,
    lr: float,
    batch_size: int = 128,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    seed: int = 0,
    loss_fn: LossFunction = cross_entropy,
    after_step: StepHook | None = None,
    optimizer: MakeOptimizer | None = None,
    val: Split | None = None,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Train `model` in place and return one dict per epoch: `epoch`, `loss`, `val_accuracy`.

    The learning rate falls from `lr` to 0 along a cosine. `seed` fixes the order of the batches.
    `loss_fn(model, batch)` returns the loss; `after_step(model, step)` runs after each update,
    with `step` counting from 1. `optimizer(parameters)` replaces SGD with momentum.
    """
    _check(split, num_epochs, lr, batch_size)
    parameters = [p for p in model.parameters() if p.requires_grad]
    opt: torch.optim.Optimizer
    if optimizer is None:
        opt = torch.optim.SGD(parameters, lr, momentum=momentum, weight_decay=weight_decay)
    else:
        opt = optimizer(parameters)
    num_steps = num_epochs * -(-len(split) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, max(1, num_steps))
    order = torch.Generator().manual_seed(seed)
    was_training = model.training
    history, step = [], 0
    for epoch in _progress(num_epochs, progress):
        model.train()
        total = 0.0
        for batch in batches(split, batch_size, order):
            opt.zero_grad()
            loss = loss_fn(model, batch)
            loss.backward()
            opt.step()
            schedule.step()
            step += 1
            if after_step is not None:
                after_step(model, step)
            total += loss.item() * len(batch.labels)
        history.append(_epoch_report(model, epoch, total / len(split), val))
    model.train(was_training)
    return history


def batches(split: Split, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Yield the split once, in an order drawn from `generator`."""
    for index in torch.randperm(len(split), generator=generator).split(batch_size):
        yield Batch(split.images[index], split.labels[index], index)


def _epoch_report(model: nn.Module, epoch: int, loss: float, val: Split | None) -> dict[str, float]:
    report = {"epoch": epoch + 1, "loss": loss}
    if val is not None:
        report["val_accuracy"] = measure.accuracy(model, val)
    return report


def _progress(num_epochs: int, show: bool) -> Iterable[int]:
    from tqdm.auto import tqdm

    return tqdm(range(num_epochs), desc="epochs", disable=not show, delay=2, leave=False)


def _check(split: Split, num_epochs: int, lr: float, batch_size: int) -> None:
    if len(split) == 0:
        raise ValueError("There is nothing to train on: the split is empty.")
    if num_epochs < 0 or batch_size < 1 or not lr > 0:
        raise ValueError(
            f"Training needs num_epochs >= 0, batch_size >= 1 and lr > 0; "
            f"got {num_epochs}, {batch_size} and {lr}."
        )
