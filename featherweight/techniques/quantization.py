"""Exported from `book/quantization/quantization.md`: edit the chapter, not this file."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from featherweight import measure


def check_bits(num_bits):
    """Refuse a number of bits for which this chapter has no codes."""
    if type(num_bits) is not int or not 1 <= num_bits <= 16:
        raise ValueError(f"A code has a whole number of 1 to 16 bits; got {num_bits}.")


def code_range(num_bits, symmetric):
    """The smallest and the largest code."""
    check_bits(num_bits)
    if not symmetric:
        return 0, 2**num_bits - 1
    largest = max(1, 2 ** (num_bits - 1) - 1)
    return -largest, largest


@dataclass(frozen=True)
class Grid:
    """What codes stand for: a scale and a zero point for each row of values."""

    scale: torch.Tensor  # [rows, 1]
    zero_point: torch.Tensor  # [rows, 1], whole numbers
    num_bits: int
    symmetric: bool

    @property
    def codes(self):
        """The smallest and the largest code."""
        return code_range(self.num_bits, self.symmetric)


def check_range(low, high):
    """Refuse a range that has no ends, or two that are exchanged."""
    if not (high - low).isfinite().all():
        raise ValueError("The range must be finite: look for NaN or infinite values.")
    if (low > high).any():
        raise ValueError("A range goes from its lower end to its higher end.")


def grid_from_range(low, high, num_bits, symmetric=False):
    """The grid for values from `low` to `high`: numbers, or a tensor [rows, 1] of each."""
    low, high = torch.as_tensor(low), torch.as_tensor(high)
    check_range(low, high)
    smallest, largest = code_range(num_bits, symmetric)
    if symmetric:
        scale = torch.maximum(low.abs(), high.abs()) / largest
    else:
        low, high = low.clamp(max=0), high.clamp(min=0)
        scale = (high - low) / (largest - smallest)
    nothing = scale < torch.finfo(scale.dtype).tiny  # zeros only: any scale will do
    scale = scale.masked_fill(nothing, 1.0).reshape(-1, 1)
    zero = torch.zeros_like(scale) if symmetric else (-low.reshape(-1, 1) / scale)
    zero = zero.round().clamp(smallest, largest).to(torch.int32)
    return Grid(scale, zero, num_bits, symmetric)


def code_type(num_bits, symmetric):
    """The smallest type of torch that holds the codes."""
    if symmetric:
        return torch.int8 if num_bits <= 8 else torch.int16
    return torch.uint8 if num_bits <= 8 else torch.int32


def rows_for(grid, x):
    """View x as a matrix with one row for each row of the grid."""
    if x.numel() == 0 or x.numel() % len(grid.scale):
        raise ValueError(
            f"{x.numel()} values cannot be divided among the {len(grid.scale)} rows of the "
            "grid: make the grid from a tensor of the same shape."
        )
    return x.reshape(len(grid.scale), -1)


def quantize(x, grid):
    """The codes of x: whole numbers, ties rounded to even, clamped to the grid's ends."""
    rows = rows_for(grid, x)
    if grid.symmetric and grid.num_bits == 1:
        codes = torch.where(rows < 0, -1.0, 1.0) + 0 * rows
    else:
        codes = (rows * (1 / grid.scale)).round_()
        if not grid.symmetric:
            codes.add_(grid.zero_point)
        codes.clamp_(*grid.codes)
    if codes.sum().isnan():
        raise ValueError("NaN has no code: look for NaN among the values.")
    return codes.to(code_type(grid.num_bits, grid.symmetric)).view_as(x)


def dequantize(codes, grid):
    """What the codes stand for: scale * (code - zero point)."""
    rows = rows_for(grid, codes)
    if not grid.symmetric:
        rows = rows - grid.zero_point.to(grid.scale.dtype)
    return (rows * grid.scale).view_as(codes)


def rounded(x, grid):
    """The values of the grid nearest to x."""
    return dequantize(quantize(x, grid), grid)


def rows_of(x, per="channel"):
    """A matrix with one row for each scale, per "tensor", "channel" or group of so many."""
    if x.numel() == 0:
        raise ValueError("There is nothing to quantize: the tensor has no values.")
    if per == "tensor":
        return x.reshape(1, -1)
    if x.dim() < 2:
        raise ValueError("Channels need a weight of two dimensions or more.")
    rows = x.reshape(len(x), -1)
    if per == "channel":
        return rows
    if type(per) is not int or per < 1 or rows.shape[1] % min(per, rows.shape[1]):
        raise ValueError(
            f'per is "tensor", "channel" or a size of groups that divides the '
            f"{rows.shape[1]} weights of a channel; got {per!r}."
        )
    return rows.reshape(-1, min(per, rows.shape[1]))


def weight_grid(weight, num_bits, symmetric=True, per="channel"):
    """The grid that spans the weights; with one symmetric bit, plus and minus their mean size."""
    rows = rows_of(weight.detach(), per)
    if num_bits == 1 and symmetric:
        size = rows.abs().mean(dim=1, keepdim=True)
        return grid_from_range(-size, size, num_bits, symmetric)
    low, high = torch.aminmax(rows, dim=1, keepdim=True)
    return grid_from_range(low, high, num_bits, symmetric)


LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def weighted_layers(model):
    """The layers whose weights are quantized, by name."""
    layers = {n: m for n, m in model.named_modules() if isinstance(m, LAYERS)}
    if not layers:
        raise ValueError(
            "The model has no linear layer and no convolution to quantize."
        )
    return layers


@torch.no_grad()
def quantized_weights(model, num_bits, symmetric=True, per="channel"):
    """A copy of the model with rounded weights; biases and all else stay as they are."""
    check_bits(num_bits)
    model = copy.deepcopy(model)
    weights = {id(m.weight): m.weight for m in weighted_layers(model).values()}
    for weight in weights.values():  # a weight that two layers share is rounded once
        weight.copy_(rounded(weight, weight_grid(weight, num_bits, symmetric, per)))
    return model


def layer_inputs(model, images):
    """All that each weighted layer reads when the model looks at the images, by name."""
    if len(images) == 0:
        raise ValueError("Calibration needs at least one image.")
    seen = {name: [] for name in weighted_layers(model)}
    handles = [
        layer.register_forward_pre_hook(
            lambda _, inputs, name=name: seen[name].append(inputs[0])
        )
        for name, layer in weighted_layers(model).items()
    ]
    try:
        measure.predict(model, images)
    finally:
        for handle in handles:
            handle.remove()
    return {name: torch.cat(parts) for name, parts in seen.items()}


def check_values(values):
    """Refuse to calibrate on nothing, or on what has no range."""
    if values.numel() == 0:
        raise ValueError("Calibration needs at least one value.")
    if not values.isfinite().all():
        raise ValueError("The values to calibrate on hold NaN or infinity.")
    return values.detach().flatten()


def min_max_range(values, num_bits=8):
    """From the smallest to the largest value."""
    low, high = check_values(values).aminmax()
    return low.item(), high.item()


def percentile_range(values, num_bits=8, outside=0.001):
    """What is left without a fraction `outside` of the values at each end."""
    values = check_values(values)
    if not 0 <= outside < 0.5:
        raise ValueError(
            f"Leave out a fraction from 0 to 0.5 at each end; got {outside}."
        )
    out = int(outside * len(values))
    return (
        values.kthvalue(out + 1).values.item(),
        values.kthvalue(len(values) - out).values.item(),
    )


def mse_range(values, num_bits=8, num_tries=50):
    """The fraction of the min-max range whose grid has the smallest squared error."""
    values = check_values(values)
    low, high = min_max_range(values)

    def error(part):
        grid = grid_from_range(part * low, part * high, num_bits)
        return (rounded(values, grid) - values).square().sum().item()

    best = min(((i + 1) / num_tries for i in range(num_tries)), key=error)
    return best * low, best * high


def clipping_divergence(counts, kept, levels):
    """KL divergence of a histogram cut after `kept` bins from its version on `levels` codes."""
    p = counts[:kept].clone()
    p[-1] += counts[kept:].sum()
    level = torch.arange(kept) * levels // kept
    filled = (counts[:kept] > 0).double()
    merged = torch.zeros(levels, dtype=torch.float64)
    share = merged.index_add(0, level, counts[:kept])
    share /= merged.index_add(0, level, filled).clamp(min=1)
    q = (share[level] * filled / counts[:kept].sum().clamp(min=1)).clamp(min=1e-12)
    p = p / p.sum()
    return torch.xlogy(p, p / q).sum().item()


def entropy_range(values, num_bits=8, num_bins=2048):
    """The range clipped where the histogram diverges least from its rounded version."""
    values = check_values(values)
    low, high = min_max_range(values)
    size = values[values != 0].abs().double()
    levels = 2 ** (num_bits - 1 if low < 0 < high else num_bits)
    if size.numel() == 0 or levels >= num_bins:
        return low, high
    counts = torch.histc(size, num_bins, min=0, max=size.max().item())
    tries = range(levels, num_bins + 1, max(1, num_bins // 128))
    best = min(tries, key=lambda kept: clipping_divergence(counts, kept, levels))
    limit = best / num_bins * size.max().item()
    return max(low, -limit), min(high, limit)


def input_grids(model, images, num_bits=8, rule=min_max_range):
    """A grid for the inputs of each weighted layer, calibrated on images without labels."""
    check_bits(num_bits)
    return {
        name: grid_from_range(*rule(values, num_bits), num_bits)
        for name, values in layer_inputs(model, images).items()
    }


def rounded_inputs(model, grids):
    """A copy of the model whose weighted layers round what they read."""
    model = copy.deepcopy(model)
    for name, layer in weighted_layers(model).items():
        layer.register_forward_pre_hook(
            lambda _, inputs, grid=grids[name]: (rounded(inputs[0], grid), *inputs[1:])
        )
    return model
