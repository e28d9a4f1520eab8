"""Fresh inputs for checks, each drawn from the check's own `torch.Generator`."""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def weights(rng: torch.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Normally distributed weights; no two are equal and none is zero."""
    return scale * torch.randn(*shape, generator=rng)


def float64(rng: torch.Generator, *shape: int) -> Tensor:
    """Weights in float64, so that references can be compared to many digits."""
    return weights(rng, *shape).double()


def tied_weights(rng: torch.Generator, *shape: int, levels: int = 4) -> Tensor:
    """Weights of few different magnitudes, so that many are tied."""
    magnitudes = torch.randint(1, levels + 1, shape, generator=rng)
    return magnitudes.float() * signs(rng, *shape)


def signs(rng: torch.Generator, *shape: int) -> Tensor:
    """Random entries -1 and 1."""
    return 2.0 * torch.randint(0, 2, shape, generator=rng) - 1.0


def logits(rng: torch.Generator, batch_size: int = 8, num_classes: int = 10) -> Tensor:
    """Scores of a classifier, of a spread as trained networks give them."""
    return 3.0 * torch.randn(batch_size, num_classes, generator=rng)


def labels(rng: torch.Generator, batch_size: int = 8, num_classes: int = 10) -> Tensor:
    """Class numbers as int64."""
    return torch.randint(0, num_classes, (batch_size,), generator=rng)


def images(
    rng: torch.Generator, batch_size: int = 8, channels: int = 1, height: int = 28, width: int = 28
) -> Tensor:
    """Pixels in [0, 1]."""
    return torch.rand(batch_size, channels, height, width, generator=rng)


def mask(rng: torch.Generator, *shape: int, density: float = 0.5) -> Tensor:
    """A bool mask that keeps round(density * N) positions."""
    size = torch.Size(shape).numel()
    kept = torch.zeros(size, dtype=torch.bool)
    kept[torch.randperm(size, generator=rng)[: round(density * size)]] = True
    return kept.reshape(shape)


def sparse_weights(rng: torch.Generator, *shape: int, density: float = 0.3) -> Tensor:
    """Weights of which round(density * N) are not zero."""
    return weights(rng, *shape) * mask(rng, *shape, density=density)


def integer(rng: torch.Generator, low: int, high: int) -> int:
    """One whole number, low <= number <= high."""
    return int(torch.randint(low, high + 1, (1,), generator=rng))


def uniform(rng: torch.Generator, low: float, high: float) -> float:
    """One number between low and high."""
    return low + (high - low) * float(torch.rand(1, generator=rng, dtype=torch.float64))


def choice(rng: torch.Generator, options: Sequence[T]) -> T:
    """One of the options."""
    return options[integer(rng, 0, len(options) - 1)]
