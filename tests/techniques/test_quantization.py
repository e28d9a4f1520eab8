"""Quantization: grids, rounding, granularity, calibration, whole-number inference, storage."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from featherweight import models
from featherweight.techniques.quantization import (
    Grid,
    IntegerLayer,
    clipping_divergence,
    code_range,
    dequantize,
    entropy_range,
    fitted_grid,
    fixed_point,
    fold_batch_norms,
    folded,
    grid_from_range,
    input_grids,
    integer_layer,
    integer_network,
    layer_inputs,
    min_max_range,
    mse_range,
    network_grids,
    pack,
    packed_model,
    percentile_range,
    quantize,
    quantized_weights,
    requantize,
    rounded,
    rounded_inputs,
    rows_of,
    run,
    stored_bytes,
    unpack,
    unpacked_model,
    weight_grid,
)

VALUES = torch.tensor([-1, -0.5, -0.25, 0, 0.125, 0.375, 0.75, 1])


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def channels(seed=0):
    """A weight of a convolution whose channels have very different sizes."""
    return drawn(6, 4, 3, 5, seed=seed) * torch.logspace(-2, 1, 6).view(-1, 1, 1, 1)


def small():
    torch.manual_seed(0)
    return models.small_cnn(width=3, hidden=5, size=8).eval()


# ---------------------------------------------------------------- grids and rounding


def test_eight_symmetric_bits_have_the_codes_computed_by_hand():
    grid = grid_from_range(-1.0, 1.0, 8, symmetric=True)
    codes = quantize(VALUES, grid)
    assert codes.tolist() == [-127, -64, -32, 0, 16, 48, 95, 127]
    assert codes.dtype == torch.int8


def test_an_affine_range_is_extended_to_zero():
    x = torch.tensor([0.5, 1, 1.5, 2])
    grid = grid_from_range(*min_max_range(x), 8)
    assert grid.scale.item() == pytest.approx(2 / 255) and grid.zero_point.item() == 0
    negative = grid_from_range(-2.0, -0.5, 8)
    assert negative.zero_point.item() == 255
    assert rounded(torch.zeros(1), negative).item() == 0


def test_ties_go_to_even_before_the_zero_point_is_added():
    grid = Grid(torch.ones(1, 1), torch.full((1, 1), 3), 8, False)
    x = torch.tensor([-1.5, -0.5, 0.5, 1.5, 2.5, 3.5])
    assert (quantize(x, grid).int() - 3).tolist() == [-2, 0, 0, 2, 2, 4]


def test_codes_are_clamped_and_do_not_wrap():
    grid = Grid(torch.tensor([[1 / 64]]), torch.zeros(1, 1).int(), 8, True)
    x = torch.tensor([255 / 128, -255 / 128, 1e6, -1e6, math.inf])
    assert quantize(x, grid).tolist() == [127, -127, 127, -127, 127]


def test_reading_back_subtracts_without_wrapping():
    grid = Grid(torch.ones(1, 1), torch.full((1, 1), 255, dtype=torch.int32), 8, False)
    assert dequantize(torch.tensor([0, 255], dtype=torch.uint8), grid).tolist() == [-255, 0]


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("num_bits", range(2, 17))
def test_no_value_in_range_moves_by_more_than_half_a_step_and_zero_stays(num_bits, symmetric):
    x = drawn(1000).double()
    grid = grid_from_range(x.min(), x.max(), num_bits, symmetric)
    step = grid.scale.item()
    # Rounding the zero point may push one end out by another half step.
    most = step * (0.5 if symmetric else 1) * (1 + 1e-9)
    assert (rounded(x, grid) - x).abs().max() <= most
    assert rounded(torch.zeros(1), grid).item() == 0
    codes = quantize(x, grid).int()
    low, high = code_range(num_bits, symmetric)
    assert low <= codes.min() and codes.max() <= high
    assert high - low + 1 == 2**num_bits - symmetric


def test_a_bit_more_divides_the_mean_squared_error_by_four():
    x = torch.rand(20_000, generator=torch.Generator().manual_seed(0)).double() * 8 - 4
    errors = [
        (rounded(x, grid_from_range(-4.0, 4.0, b)) - x).square().mean().item() for b in range(5, 13)
    ]
    for more, less in pairwise(errors):
        assert more / less == pytest.approx(4, rel=0.15)
    assert errors[3] == pytest.approx((8 / 255) ** 2 / 12, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20),
    st.integers(1, 16),
    st.booleans(),
)
def test_rounding_twice_changes_nothing(numbers, num_bits, symmetric):
    x = torch.tensor(numbers)
    grid = grid_from_range(x.min(), x.max(), num_bits, symmetric)
    once = quantize(x, grid)
    assert torch.equal(quantize(dequantize(once, grid), grid), once)


@pytest.mark.parametrize("value", [0.0, 0.3, -7.0, 1e-45])
@pytest.mark.parametrize("num_bits", [1, 2, 8, 16])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_constant_tensor_comes_back(value, num_bits, symmetric):
    x = torch.full((2, 3), value)
    grid = weight_grid(x, num_bits, symmetric)
    torch.testing.assert_close(rounded(x, grid), x, atol=1e-30, rtol=1e-6)


# ---------------------------------------------------------------- against torch


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("symmetric", [True, False])
def test_codes_and_values_per_channel_are_those_of_torch(symmetric):
    for seed in range(5):
        x = channels(seed)
        grid = weight_grid(x, 8, symmetric)
        scale, zero = grid.scale.flatten(), grid.zero_point.flatten()
        dtype = torch.qint8 if symmetric else torch.quint8
        theirs = torch.quantize_per_channel(x, scale, zero, 0, dtype)
        assert torch.equal(quantize(x, grid), theirs.int_repr())
        assert torch.equal(rounded(x, grid), theirs.dequantize())
        fake = torch.fake_quantize_per_channel_affine(x, scale, zero, 0, *grid.codes)
        assert torch.equal(rounded(x, grid), fake)


@pytest.mark.parametrize("num_bits", [2, 4, 8])
def test_values_per_tensor_are_those_of_torch(num_bits):
    x = channels()
    grid = weight_grid(x, num_bits, symmetric=False, per="tensor")
    args = grid.scale.item(), grid.zero_point.item(), *grid.codes
    assert torch.equal(rounded(x, grid), torch.fake_quantize_per_tensor_affine(x, *args))


def test_the_affine_grid_is_that_of_torchs_observer():
    from torch.ao.quantization.observer import MinMaxObserver

    observer = MinMaxObserver(dtype=torch.quint8)
    x = drawn(500) + 0.7
    observer(x)
    scale, zero_point = observer.calculate_qparams()
    grid = grid_from_range(*min_max_range(x), 8)
    assert scale.item() == pytest.approx(grid.scale.item(), rel=1e-6)
    assert zero_point.item() == grid.zero_point.item()


# ---------------------------------------------------------------- granularity and models


def test_each_channel_has_the_scale_of_its_largest_weight():
    x = channels()
    grid = weight_grid(x, 8)
    torch.testing.assert_close(grid.scale.flatten(), x.flatten(1).abs().amax(1) / 127)
    assert weight_grid(x, 8, per="tensor").scale.item() == pytest.approx(x.abs().max() / 127)


def test_groups_divide_a_channel_and_never_cross_it():
    x = channels().flatten(1)  # 60 weights a channel
    rows = rows_of(x, 20)
    assert rows.shape == (18, 20) and torch.equal(rows[3], x[1, :20])
    assert rows_of(x, 1000).shape == (6, 60)


def test_smaller_groups_have_smaller_errors():
    x = channels()
    errors = [
        (rounded(x, weight_grid(x, 4, per=per)) - x).norm() for per in ("tensor", "channel", 10, 2)
    ]
    assert all(less < more for more, less in pairwise(errors))


def test_one_symmetric_bit_is_the_sign_times_the_mean_size():
    x = torch.tensor([[0.5, -1, 0.25, -0.25], [0, 0, 0, 2.0]])
    grid = weight_grid(x, 1)
    assert quantize(x, grid).tolist() == [[1, -1, 1, -1], [1, 1, 1, 1]]
    assert rounded(x, grid)[:, 0].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("num_bits", [1, 2, 4, 8])
def test_a_fitted_grid_never_has_the_larger_error(num_bits, symmetric):
    x = channels()
    x[0, 0, 0, 0] = 0.05  # five times the typical size
    plain, fitted = (of(x, num_bits, symmetric) for of in (weight_grid, fitted_grid))
    errors = [(rounded(x, g) - x).flatten(1).square().sum(1) for g in (plain, fitted)]
    assert (errors[1] <= errors[0]).all()
    assert num_bits != 2 or errors[1][0] < errors[0][0]


def test_rounded_weights_lie_on_a_grid_of_their_channel_and_biases_stay():
    model = small()
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


def test_a_shared_weight_is_rounded_once_and_stays_shared():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    new = quantized_weights(model, 4)
    assert new[2].weight is new[0].weight
    assert torch.equal(new[0].weight, rounded(model[0].weight, weight_grid(model[0].weight, 4)))


# ---------------------------------------------------------------- calibration


def test_min_max_holds_everything_and_percentile_leaves_the_ends_out():
    x = torch.arange(-10.0, 990)
    assert min_max_range(x) == (-10, 989)
    assert percentile_range(x, outside=0.01) == (0, 979)
    assert percentile_range(x, outside=0.0) == (-10, 989)


def test_the_mse_range_has_the_smallest_error_of_those_tried():
    x = torch.cat([drawn(2000), torch.tensor([40.0])])
    low, high = mse_range(x, 4)

    def error(part):
        return (rounded(x, grid_from_range(part * x.min(), part * x.max(), 4)) - x).square().sum()

    best = (rounded(x, grid_from_range(low, high, 4)) - x).square().sum()
    assert best <= min(error(i / 50) for i in range(1, 51)) * (1 + 1e-5)
    assert high < 40


def test_the_entropy_rule_clips_a_long_tail_and_keeps_a_uniform_range():
    tail = torch.cat([drawn(50_000).abs(), torch.tensor([100.0])])
    assert entropy_range(tail, 4)[1] < 20
    uniform = torch.linspace(0, 1, 50_001)
    assert entropy_range(uniform, 4)[1] > 0.9


def test_a_histogram_diverges_from_itself_by_what_is_clipped_only():
    counts = torch.tensor([4.0, 2, 2, 0], dtype=torch.float64)
    assert clipping_divergence(counts, 4, 4) == pytest.approx(0, abs=1e-9)
    p, q = [4 / 8, 4 / 8], [4 / 6, 2 / 6]
    expected = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert clipping_divergence(counts, 2, 2) == pytest.approx(expected)


def test_calibration_sees_all_images_and_leaves_the_model_as_it_was():
    model = small().train()
    images = drawn(2500, 1, 8, 8).abs()  # more than one batch
    images[0, 0, 0, 0], images[-1, 0, 0, 0] = 50, 70
    seen = layer_inputs(model, images)
    assert [len(values) for values in seen.values()] == [2500] * 4
    assert input_grids(model, images)["0"].scale.item() == pytest.approx(70 / 255)
    assert model.training
    assert not any(m._forward_pre_hooks for m in model.modules())


def test_rounded_inputs_are_what_the_layers_read():
    model = small()
    images = drawn(20, 1, 8, 8).abs()
    grids = input_grids(model, images, 3)
    seen = layer_inputs(rounded_inputs(model, grids), images)
    # The hook of the observer comes behind the one that rounds.
    assert all(len(values.unique()) <= 8 for values in seen.values())
    assert not any(m._forward_pre_hooks for m in model.modules())


# ---------------------------------------------------------------- folding


def random_norms(model):
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 1e-3, 3)
        if norm.affine:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
    return model


def test_a_folded_network_gives_the_same_outputs():
    torch.manual_seed(0)
    model = random_norms(models.vgg(width=1 / 16, in_channels=1)).double().eval()
    images = drawn(3, 1, 28, 28).double()
    new = fold_batch_norms(model)
    torch.testing.assert_close(new(images), model(images), atol=1e-12, rtol=1e-12)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in new.modules())
    assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_folding_works_with_and_without_biases_and_factors(bias, affine):
    conv = nn.Conv2d(2, 3, 3, bias=bias).double()
    norm = random_norms(nn.Sequential(nn.BatchNorm2d(3, affine=affine))).double().eval()[0]
    x = drawn(2, 2, 5, 5).double()
    torch.testing.assert_close(folded(conv, norm)(x), norm(conv(x)), atol=1e-12, rtol=1e-12)


# ---------------------------------------------------------------- whole numbers


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-9, 1e6), st.integers(-(2**31), 2**31 - 1))
def test_requantization_is_exact_to_the_last_bit(real, total):
    multiplier, shift = fixed_point([real])
    m, k = int(multiplier), int(shift)
    assert abs(Fraction(m, 2**k) / Fraction(real) - 1) <= Fraction(1, 2**30)
    exact = math.floor(Fraction(total * m, 2**k) + Fraction(1, 2)) + 7
    got = requantize(torch.tensor([total]), multiplier, shift, 7, 255)
    assert got.item() == min(255, max(0, exact))


def test_sums_are_those_of_the_fixture_and_do_not_wrap():
    weight = torch.tensor([[5, 7, -3], [-128, 0, 127]], dtype=torch.int8)
    one = torch.ones(2, dtype=torch.long)
    layer = IntegerLayer(weight, torch.zeros(2).int(), one, one, 128, 0, 255, {})
    sums = layer.accumulate(torch.tensor([[10, 200, 0]], dtype=torch.uint8))
    assert sums.tolist() == [[298, -1152]]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 6, 3, padding=1),
        nn.Conv2d(4, 6, 3, stride=2, bias=False),
        nn.Conv2d(4, 6, (1, 3), padding=(0, 2), groups=2),
        nn.Linear(7, 6),
    ],
    ids=["padded", "strided", "grouped", "linear"],
)
def test_a_whole_number_layer_is_within_a_step_of_the_float_layer(layer):
    x = drawn(3, 4, 6, 6) if isinstance(layer, nn.Conv2d) else drawn(3, 7)
    grid_in = grid_from_range(x.min(), x.max(), 8)  # with a zero point
    codes = quantize(x, grid_in)
    exact = nn.Module.__call__(quantized_layer(layer), dequantize(codes, grid_in))
    grid_out = grid_from_range(exact.min(), exact.max(), 8)
    got = integer_layer(layer, grid_in, grid_out)(codes)
    apart = (got - quantize(exact, grid_out).int()).abs()
    assert apart.max() <= 1 and apart.float().mean() < 0.02


def quantized_layer(layer):
    return quantized_weights(nn.Sequential(layer), 8).eval()


def test_a_silent_channel_keeps_a_precise_bias():
    layer = nn.Linear(5, 3)
    layer.weight.data[1] = 0
    grid_in, grid_out = grid_from_range(0.0, 1.0, 8), grid_from_range(-1.0, 1.0, 8)
    codes = integer_layer(layer, grid_in, grid_out)(torch.zeros(1, 5, dtype=torch.uint8))
    assert codes[0, 1] == quantize(layer.bias.detach(), grid_out)[1]


def test_a_whole_number_network_agrees_with_its_imitation():
    model = small()
    images = drawn(64, 1, 8, 8).abs()
    grids = network_grids(model, images)
    codes = run(integer_network(model, grids), quantize(images, grids["0"]))
    with torch.no_grad():
        logits = rounded_inputs(quantized_weights(model, 8), grids)(images)
    assert not codes.is_floating_point()
    back = dequantize(codes, grids["output"])
    assert (back - logits).abs().max() < 0.05 * (logits.max() - logits.min())


# ---------------------------------------------------------------- storage


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("num_bits", range(1, 17))
def test_packed_codes_come_back_and_take_no_more_bytes_than_their_bits(num_bits, symmetric):
    low, high = code_range(num_bits, symmetric)
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(low, high + 1, (3, 7), generator=generator)
    codes[0, :2] = torch.tensor([low, high])
    if symmetric and num_bits == 1:
        codes = torch.where(codes < 0, -1, 1)
    packed = pack(codes, num_bits, symmetric)
    assert packed.dtype == torch.uint8 and len(packed) == math.ceil(21 * num_bits / 8)
    assert torch.equal(unpack(packed, num_bits, (3, 7), symmetric).long(), codes)


def test_two_nibbles_share_a_byte_the_first_below():
    assert pack(torch.tensor([1, 2, 15]), 4, symmetric=False).tolist() == [33, 15]


@pytest.mark.parametrize("num_bits", [1, 3, 8, 16])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("per", ["tensor", "channel", 3])
def test_a_stored_model_is_the_rounded_one(num_bits, symmetric, per):
    model = small()  # groups of three divide all of its channels but one
    model[9] = nn.Linear(6, 4)
    model[7] = nn.Linear(24, 6)
    state = packed_model(model, num_bits, symmetric, per)
    new = unpacked_model(model, state, num_bits, symmetric)
    expected = quantized_weights(model, num_bits, symmetric, per)
    for one, other in zip(new.parameters(), expected.parameters(), strict=True):
        assert torch.equal(one, other)


def test_every_byte_is_counted():
    model = nn.Sequential(nn.Linear(10, 3))
    assert stored_bytes(packed_model(model, 4)) == 15 + 3 * 4 + 3 * 4
    assert stored_bytes(packed_model(model, 4, symmetric=False)) == 15 + 3 * 4 + 3 * 4 + 2
    assert stored_bytes(packed_model(model, 4, per=5)) == 15 + 6 * 4 + 3 * 4


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize("num_bits", [0, 17, 2.5, "8", True, -1])
def test_a_number_of_bits_without_codes_is_refused(num_bits):
    with pytest.raises(ValueError, match="a whole number of 1 to 16 bits"):
        code_range(num_bits, symmetric=True)
    with pytest.raises(ValueError, match="a whole number of 1 to 16 bits"):
        quantized_weights(small(), num_bits)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_without_a_range_are_refused(bad):
    x = torch.tensor([[1.0, bad], [2, 3]])
    with pytest.raises(ValueError, match="look for NaN or infinite values"):
        weight_grid(x, 8)
    with pytest.raises(ValueError, match="look for NaN or infinite values"):
        weight_grid(x, 1)
    for rule in (min_max_range, percentile_range, mse_range, entropy_range):
        with pytest.raises(ValueError, match="NaN or infinity"):
            rule(x)


def test_nan_has_no_code():
    grid = grid_from_range(-1.0, 1.0, 8)
    for wanted in (grid, weight_grid(torch.ones(1, 2), 1)):
        with pytest.raises(ValueError, match="NaN has no code"):
            quantize(torch.tensor([0.0, math.nan]), wanted)


def test_a_range_the_wrong_way_round_is_refused():
    with pytest.raises(ValueError, match="from its lower end"):
        grid_from_range(1.0, -1.0, 8)


def test_nothing_to_calibrate_on_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        input_grids(small(), torch.zeros(0, 1, 8, 8))
    for rule in (min_max_range, percentile_range, mse_range, entropy_range):
        with pytest.raises(ValueError, match="at least one value"):
            rule(torch.zeros(0))


@pytest.mark.parametrize("outside", [-0.1, 0.5, math.nan])
def test_a_percentile_that_leaves_nothing_is_refused(outside):
    with pytest.raises(ValueError, match=r"from 0 to 0\.5"):
        percentile_range(torch.ones(3), outside=outside)


@pytest.mark.parametrize("per", [0, 7, -3, "row", 2.0])
def test_groups_that_do_not_divide_a_channel_are_refused(per):
    with pytest.raises(ValueError, match="divides the 60 weights of a channel"):
        rows_of(channels(), per)


def test_a_tensor_without_channels_or_values_is_refused():
    with pytest.raises(ValueError, match="two dimensions"):
        weight_grid(torch.ones(3), 8)
    with pytest.raises(ValueError, match="no values"):
        weight_grid(torch.ones(0, 3), 8)


def test_a_grid_of_another_shape_is_refused():
    grid = weight_grid(channels(), 8)
    with pytest.raises(ValueError, match="the 6 rows of the grid"):
        quantize(torch.ones(7), grid)


def test_a_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="no linear layer and no convolution"):
        quantized_weights(nn.Sequential(nn.ReLU()), 8)


@pytest.mark.parametrize("real", [0.0, -1.0, math.nan, math.inf, 2.0**30, 2.0**-32])
def test_a_multiplier_without_a_fixed_point_is_refused(real):
    with pytest.raises(ValueError, match=r"between 2\*\*-31 and 2\*\*30"):
        fixed_point([real])


def test_codes_that_do_not_fit_are_not_packed():
    for codes in (torch.tensor([8]), torch.tensor([-8]), torch.tensor([0.5])):
        with pytest.raises(ValueError, match="whole numbers from -7 to 7"):
            pack(codes, 4)
    with pytest.raises(ValueError, match="bytes don't hold"):
        unpack(torch.zeros(3, dtype=torch.uint8), 4, (3,))


def test_a_norm_that_cannot_be_folded_is_refused():
    with pytest.raises(ValueError, match="running statistics"):
        folded(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, track_running_stats=False))
    with pytest.raises(ValueError, match="running statistics"):
        folded(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(4))
    with pytest.raises(ValueError, match="fold it by hand"):
        fold_batch_norms(nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1)))


def test_a_layer_without_a_whole_number_version_is_refused():
    model = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2))
    grids = network_grids(model, torch.rand(5, 4))
    with pytest.raises(ValueError, match="no whole-number version of Sigmoid"):
        integer_network(model, grids)
    odd = nn.Conv2d(1, 1, 3, padding="same")
    grid = grid_from_range(0.0, 1.0, 8)
    with pytest.raises(ValueError, match="a number as padding"):
        integer_layer(odd, grid, grid)
