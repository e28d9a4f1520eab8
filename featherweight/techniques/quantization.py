"""Exported from `book/quantization/quantization.md`: edit the chapter, not this file."""

import copy
import math
from dataclasses import dataclass, replace
from functools import partial

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
    scale = scale.clamp(min=torch.finfo(scale.dtype).tiny)  # if all values are zero
    scale = scale.reshape(-1, 1)
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
    return x.detach().reshape(len(grid.scale), -1)


def blocks(rows, num_values=2**17):
    """Slices of so many rows that their values stay in the processor's cache."""
    size = max(1, num_values // rows.shape[1])
    return [slice(start, start + size) for start in range(0, len(rows), size)]


def block_codes(values, zero, grid):
    """Codes, still as floats, of values that were divided by their scale."""
    if grid.symmetric and grid.num_bits == 1:
        return torch.where(values < 0, -1.0, 1.0).masked_fill_(values.isnan(), math.nan)
    values.round_()
    if not grid.symmetric:
        values.add_(zero)
    return values.clamp_(*grid.codes)


def quantize(x, grid):
    """The codes of x: whole numbers, ties rounded to even, clamped to the grid's ends."""
    rows, factor = rows_for(grid, x), 1 / grid.scale
    zero = grid.zero_point.to(factor.dtype)
    codes = torch.empty(rows.shape, dtype=code_type(grid.num_bits, grid.symmetric))
    for part in blocks(rows):
        values = block_codes(rows[part] * factor[part], zero[part], grid)
        if values.sum().isnan():
            raise ValueError("NaN has no code: look for NaN among the values.")
        codes[part] = values
    return codes.view_as(x)


def dequantize(codes, grid):
    """What the codes stand for: scale * (code - zero point)."""
    rows, zero = rows_for(grid, codes), grid.zero_point.to(grid.scale.dtype)
    values = torch.empty(rows.shape, dtype=grid.scale.dtype)
    for part in blocks(rows):
        values[part] = rows[part]
        if not grid.symmetric:
            values[part].sub_(zero[part])
        values[part].mul_(grid.scale[part])
    return values.view_as(codes)


def rounded(x, grid):
    """The values of the grid nearest to x."""
    return dequantize(quantize(x, grid), grid)


def group_size(per, columns):
    """How many weights of a channel with so many `columns` share a scale."""
    size = columns if per == "channel" else per
    if type(size) is not int or size < 1 or columns % min(size, columns):
        raise ValueError(
            f'per is "tensor", "channel" or a size of groups that divides the '
            f"{columns} weights of a channel; got {per!r}."
        )
    return min(size, columns)


def rows_of(x, per="channel"):
    """A matrix with one row for each scale, per "tensor", "channel" or group of so many."""
    if x.numel() == 0:
        raise ValueError("There is nothing to quantize: the tensor has no values.")
    if per == "tensor":
        return x.reshape(1, -1)
    if x.dim() < 2:
        raise ValueError("Channels need a weight of two dimensions or more.")
    return x.reshape(-1, group_size(per, x[0].numel()))


def weight_grid(weight, num_bits, symmetric=True, per="channel"):
    """The grid that spans the weights; with one symmetric bit, plus and minus their mean size."""
    rows = rows_of(weight.detach(), per)
    if num_bits == 1 and symmetric:
        size = rows.abs().mean(dim=1, keepdim=True)
        return grid_from_range(-size, size, num_bits, symmetric)
    low, high = torch.aminmax(rows, dim=1, keepdim=True)
    return grid_from_range(low, high, num_bits, symmetric)


def row_errors(rows, grid):
    """The squared error of each row."""
    return (rounded(rows, grid) - rows).square().sum(dim=1, keepdim=True)


def fitted_grid(weight, num_bits, symmetric=True, per="channel", num_tries=40):
    """The grid whose rounded weights have the smallest squared error, row by row."""
    best = weight_grid(weight, num_bits, symmetric, per)
    rows = rows_of(weight.detach(), per)
    low, high = (end / num_tries for end in torch.aminmax(rows, dim=1, keepdim=True))
    least = row_errors(rows, best)
    for i in range(1, num_tries):
        grid = grid_from_range(i * low, i * high, num_bits, symmetric)
        error = row_errors(rows, grid)
        scale = torch.where(error < least, grid.scale, best.scale)
        zero = torch.where(error < least, grid.zero_point, best.zero_point)
        best, least = replace(best, scale=scale, zero_point=zero), error.minimum(least)
    return best


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
def quantized_weights(
    model, num_bits, symmetric=True, per="channel", grid_of=weight_grid
):
    """A copy of the model with rounded weights; biases and all else stay as they are."""
    check_bits(num_bits)
    model = copy.deepcopy(model)
    weights = {id(m.weight): m.weight for m in weighted_layers(model).values()}
    for weight in weights.values():  # a weight that two layers share is rounded once
        weight.copy_(rounded(weight, grid_of(weight, num_bits, symmetric, per)))
    return model


def layer_inputs(model, images):
    """All that each weighted layer reads when the model looks at the images, by name."""
    if len(images) == 0:
        raise ValueError("Calibration needs at least one image.")
    seen, handles = {}, []
    for name, layer in weighted_layers(model).items():
        add = seen.setdefault(name, []).append
        hook = partial(lambda add, layer, inputs: add(inputs[0]), add)
        handles.append(layer.register_forward_pre_hook(hook))
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


NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@torch.no_grad()
def folded(layer, norm):
    """One layer that computes norm(layer(x)) with the statistics of training."""
    if norm.running_var is None or norm.num_features != len(layer.weight):
        raise ValueError(
            "To fold, a batch-norm needs running statistics of the layer's channels."
        )
    factor = 1 / torch.sqrt(norm.running_var + norm.eps)
    factor = factor if norm.weight is None else factor * norm.weight
    layer = copy.deepcopy(layer)
    layer.weight.mul_(factor.view(-1, *[1] * (layer.weight.dim() - 1)))
    bias = 0 if layer.bias is None else layer.bias
    shift = 0 if norm.bias is None else norm.bias
    layer.bias = nn.Parameter((bias - norm.running_mean) * factor + shift)
    return layer


def fold_batch_norms(model):
    """A copy without batch-norms; each becomes part of the layer before it."""
    model = copy.deepcopy(model).eval()
    for block in [m for m in model.modules() if isinstance(m, nn.Sequential)]:
        for i in range(len(block) - 1):
            if isinstance(block[i], LAYERS) and isinstance(block[i + 1], NORMS):
                block[i], block[i + 1] = folded(block[i], block[i + 1]), nn.Identity()
    if any(isinstance(m, NORMS) for m in model.modules()):
        raise ValueError(
            "A batch-norm follows no layer of a Sequential: fold it by hand with `folded`."
        )
    return model


def fixed_point(real):
    """(multiplier, shift) with real = multiplier / 2**shift up to 31 bits."""
    real = torch.as_tensor(real, dtype=torch.float64)
    if not ((real >= 2.0**-31) & (real < 2.0**30)).all():
        raise ValueError(
            "A multiplier lies between 2**-31 and 2**30: look at the scales of this layer."
        )
    mantissa, exponent = torch.frexp(real)
    return (mantissa * 2**31).round().long(), 31 - exponent.long()


def requantize(accumulator, multiplier, shift, zero_point, highest):
    """Codes of an accumulator: multiply, add a half, shift, move, clamp. No float in it."""
    half = torch.ones_like(shift) << (shift - 1)
    codes = (accumulator.long() * multiplier + half) >> shift
    return (codes + zero_point).clamp(0, highest)


@dataclass(frozen=True)
class IntegerLayer:
    """A convolution or a linear layer on codes; every number in it is whole."""

    weight: torch.Tensor
    bias: torch.Tensor
    multiplier: torch.Tensor  # one for each output channel, as the shift
    shift: torch.Tensor
    zero_in: int
    zero_out: int
    highest: int
    options: dict  # stride and so on of a convolution; nothing for a linear layer

    def accumulate(self, codes):
        """The sums of products, with the bias, in 32 bits."""
        x = codes.int() - self.zero_in  # so padding with zeros is right
        compute = F.conv2d if self.weight.dim() == 4 else F.linear
        return compute(x, self.weight.int(), self.bias, **self.options)

    def __call__(self, codes):
        sums = self.accumulate(codes)
        of_channels = (-1, *[1] * (sums.dim() - 2))
        multiplier, shift = (
            self.multiplier.view(of_channels),
            self.shift.view(of_channels),
        )
        return requantize(sums, multiplier, shift, self.zero_out, self.highest)


def conv_options(layer):
    """What a convolution has besides weights."""
    if not isinstance(layer, nn.Conv2d):
        return {}
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise ValueError(
            "Give the convolution a number as padding, and pad with zeros."
        )
    names = ("stride", "padding", "dilation", "groups")
    return {name: getattr(layer, name) for name in names}


def integer_bias(layer, scale):
    """The bias in steps of the accumulator, one scale for each output channel."""
    bias = torch.zeros(len(scale)) if layer.bias is None else layer.bias.detach()
    bias = (bias.double() / scale).round()
    if bias.abs().max() >= 2**30:
        raise ValueError("A bias is too large for 32 bits at the scales of its layer.")
    return bias.int()


@torch.no_grad()
def integer_layer(layer, grid_in, grid_out):
    """The layer on codes of `grid_in`, giving codes of `grid_out`; 8-bit weights."""
    grid = weight_grid(layer.weight, 8)
    silent = ~layer.weight.flatten(1).any(dim=1, keepdim=True)  # any scale fits zeros
    scale = torch.where(silent, 2.0**-10, grid.scale).double().flatten()
    scale = scale * grid_in.scale.item()
    numbers = fixed_point(scale / grid_out.scale.item())
    zeros = grid_in.zero_point.item(), grid_out.zero_point.item()
    codes, bias = quantize(layer.weight, grid), integer_bias(layer, scale)
    options, highest = conv_options(layer), grid_out.codes[1]
    return IntegerLayer(codes, bias, *numbers, *zeros, highest, options)


def network_grids(model, images, rule=min_max_range):
    """8-bit grids for the inputs of all layers, and a 16-bit one for the "output"."""
    grids = input_grids(model, images, 8, rule)
    low, high = min_max_range(measure.predict(model, images))
    return {**grids, "output": grid_from_range(low, high, 16)}


def integer_network(model, grids):
    """The steps of a sequential network, each from codes to codes."""
    steps, names = [], [*weighted_layers(model), "output"]
    for layer in model:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            grid_in, grid = grids[names[0]], grids[names[1]]
            names = names[1:]
            steps.append(integer_layer(layer, grid_in, grid))
        elif isinstance(layer, nn.ReLU):
            steps.append(partial(torch.clamp, min=grid.zero_point.item()))
        elif isinstance(layer, (nn.MaxPool2d, nn.Flatten, nn.Identity)):
            steps.append(layer)
        else:
            raise ValueError(f"There is no whole-number version of {layer} here.")
    return steps


def run(steps, codes):
    """What the last step gives."""
    for step in steps:
        codes = step(codes)
    return codes


def pack(codes, num_bits, symmetric=True):
    """Codes as bytes: `num_bits` for each without a gap, the lowest bit first."""
    smallest, largest = code_range(num_bits, symmetric)
    if codes.is_floating_point() or codes.min() < smallest or codes.max() > largest:
        raise ValueError(f"Pack whole numbers from {smallest} to {largest}.")
    unsigned = codes.flatten().int() - smallest
    if symmetric and num_bits == 1:
        unsigned = unsigned // 2  # -1 and 1 become 0 and 1
    bits = (unsigned[:, None] >> torch.arange(num_bits) & 1).flatten()
    bits = F.pad(bits, (0, -len(bits) % 8)).view(-1, 8)
    return (bits << torch.arange(8)).sum(dim=1).to(torch.uint8)


def unpack(packed, num_bits, shape, symmetric=True):
    """The codes of the given shape that were packed."""
    smallest, _ = code_range(num_bits, symmetric)
    if len(packed) != math.ceil(math.prod(shape) * num_bits / 8):
        raise ValueError(
            f"{len(packed)} bytes don't hold {num_bits}-bit codes of {shape}."
        )
    bits = (packed[:, None].int() >> torch.arange(8) & 1).flatten()
    bits = bits[: math.prod(shape) * num_bits].view(-1, num_bits)
    unsigned = (bits << torch.arange(num_bits)).sum(dim=1)
    if symmetric and num_bits == 1:
        unsigned = 2 * unsigned
    return (unsigned + smallest).to(code_type(num_bits, symmetric)).view(shape)


@torch.no_grad()
def packed_model(model, num_bits, symmetric=True, per="channel", grid_of=weight_grid):
    """Everything that has to be stored, by name: codes, scales, zero points and the rest."""
    state = dict(model.state_dict())
    for name, layer in weighted_layers(model).items():
        key = f"{name}.weight".removeprefix(".")
        del state[key]
        grid = grid_of(layer.weight, num_bits, symmetric, per)
        codes = quantize(layer.weight, grid)
        state[f"{key}.codes"] = pack(codes, num_bits, symmetric)
        state[f"{key}.scale"] = grid.scale.flatten()
        if not symmetric:
            state[f"{key}.zero_point"] = pack(
                grid.zero_point, num_bits, symmetric=False
            )
    return state


@torch.no_grad()
def unpacked_model(model, state, num_bits, symmetric=True):
    """A copy of the model with weights read back from what was stored."""
    model, state = copy.deepcopy(model), dict(state)
    for name, layer in weighted_layers(model).items():
        key = f"{name}.weight".removeprefix(".")
        scale = state.pop(f"{key}.scale").view(-1, 1)
        zero = torch.zeros_like(scale).int()
        if not symmetric:
            zero = unpack(state.pop(f"{key}.zero_point"), num_bits, scale.shape, False)
        grid = Grid(scale, zero.int(), num_bits, symmetric)
        shape = layer.weight.shape
        codes = unpack(state.pop(f"{key}.codes"), num_bits, shape, symmetric)
        state[key] = dequantize(codes, grid)
    model.load_state_dict(state)
    return model


def stored_bytes(state):
    """Bytes of all tensors of a state."""
    return sum(tensor.numel() * tensor.element_size() for tensor in state.values())
