"""Quantization: grids, rounding, granularity, calibration."""

import pytest
import torch

from featherweight import models
from featherweight.techniques.quantization import (
    code_range,
    grid_from_range,
    quantize,
    quantized_weights,
    rounded,
)

VALUES = torch.tensor([-1, -0.5, -0.25, 0, 0.125, 0.375, 0.75, 1])


def test_eight_symmetric_bits_have_the_codes_computed_by_hand():
    grid = grid_from_range(-1.0, 1.0, 8, symmetric=True)
    assert quantize(VALUES, grid).tolist() == [-127, -64, -32, 0, 16, 48, 95, 127]


def test_rounded_weights_lie_on_a_grid_of_their_channel_and_biases_stay():
    model = models.small_cnn(width=3, hidden=5, size=8)
    before = {name: p.clone() for name, p in model.named_parameters()}
    new = dict(quantized_weights(model, 3).named_parameters())
    for name, weight in new.items():
        if weight.dim() == 1:
            assert torch.equal(weight, before[name])
            continue
        for row, old in zip(weight.flatten(1), before[name].flatten(1), strict=True):
            codes = row / (old.abs().max() / 3)
            assert torch.allclose(codes, codes.round(), atol=1e-5) and codes.abs().max() <= 3.001
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


@pytest.mark.parametrize("num_bits", [0, 17, 2.5, "8", True, -1])
def test_a_number_of_bits_without_codes_is_refused(num_bits):
    with pytest.raises(ValueError, match="a whole number of 1 to 16 bits"):
        code_range(num_bits, symmetric=True)


def test_a_value_of_the_grid_stays():
    grid = grid_from_range(-1.0, 2.0, 5)
    once = rounded(torch.linspace(-1.5, 2.5, 99), grid)
    assert torch.equal(rounded(once, grid), once)
