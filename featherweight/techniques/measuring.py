"""Exported from `book/foundations/measuring.md`: edit the chapter, not this file."""

import math
import statistics
import time

import torch
from torch import nn


def layer_macs(layer, output):
    """Multiply-adds of a layer that gave this output."""
    return output.numel() * layer.weight[0].numel()


def observe(model, input_shape, hook, batch_size=1):
    """Call hook(name, layer, inputs, output) after each weighted layer."""
    handles = [
        layer.register_forward_hook(lambda *seen, name=name: hook(name, *seen))
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    device = next(model.parameters()).device
    with torch.no_grad():
        model.eval()(torch.zeros(batch_size, *input_shape, device=device))
    for handle in handles:
        handle.remove()


def call_times(function, argument, num_calls):
    """Milliseconds that each of `num_calls` calls takes, in order."""
    times = []
    for _ in range(num_calls):
        start = time.perf_counter()
        function(argument)
        times.append(1000 * (time.perf_counter() - start))
    return times


def bytes_touched(model, input_shape, batch_size=1):
    """Bytes of the weights, inputs and outputs of all weighted layers."""
    touched = []

    def add(name, layer, inputs, output):
        tensors = (*layer.parameters(), *inputs, output)
        touched.append(sum(t.numel() * t.element_size() for t in tensors))

    observe(model, input_shape, add, batch_size)
    return sum(touched)


def mean_sd(values):
    """Mean and standard deviation over runs."""
    return statistics.mean(values), statistics.stdev(values)


def effect(first, second):
    """Mean of the differences second - first, in standard deviations."""
    mean, sd = mean_sd([b - a for a, b in zip(first, second, strict=True)])
    if sd == 0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / sd


def verdict(first, second):
    """What this book says about two methods that were run with the same seeds."""
    size = effect(first, second)
    if abs(size) < 2:
        return "not resolved at this scale"
    return "higher" if size > 0 else "lower"


def spread(values, digits=1, factor=100):
    """Mean ± standard deviation, in percent unless another factor is given."""
    mean, sd = mean_sd([factor * float(value) for value in values])
    return f"{mean:.{digits}f} ± {sd:.{digits}f}"


def compared(ours, theirs):
    """Mean ± standard deviation of ours - theirs in points, and whether it is resolved."""
    mean, sd = mean_sd([100 * (a - b) for a, b in zip(ours, theirs, strict=True)])
    size = round(mean, 1) + 0.0  # no -0.0
    return f"{size:+.1f} ± {sd:.1f} points ({verdict(theirs, ours)})"
