"""The measuring instruments: exact values, and agreement with libraries that measure the same."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import accuracy_score, recall_score
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from featherweight import measure, models


@dataclass
class Split:
    images: torch.Tensor
    labels: torch.Tensor


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def torch_macs(model, example):
    """PyTorch's own count; it sees attention only when the fused kernel is off."""
    model.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(example)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    return counter.get_total_flops() // 2


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.head = nn.Linear(8, 50, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.embedding(tokens))


class HandmadeAttention(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v


# ---------------------------------------------------------------- parameters and bytes


def test_parameters_of_lenet_300_100_match_the_hand_count():
    assert measure.count_parameters(models.lenet_300_100()) == (
        784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10
    )


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "vgg16", "vit_b_16"])
def test_parameters_match_what_torchvision_publishes(name):
    with torch.device("meta"):
        model = torchvision.models.get_model(name)
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"]
    assert measure.count_parameters(model) == published


def test_a_shared_weight_counts_once():
    model = Tied()
    assert measure.count_parameters(model) == 50 * 8
    assert measure.tensor_bytes(model) == 50 * 8 * 4


def test_two_parameters_over_the_same_memory_count_once():
    first, second = nn.Linear(6, 4, bias=False), nn.Linear(6, 4, bias=False)
    second.weight = nn.Parameter(first.weight.data)
    assert measure.count_parameters(nn.Sequential(first, second)) == 24


def test_equal_values_in_different_memory_count_twice():
    first, second = nn.Linear(6, 4, bias=False), nn.Linear(6, 4, bias=False)
    second.weight.data.copy_(first.weight.data)
    assert measure.count_parameters(nn.Sequential(first, second)) == 48


def test_buffers_are_bytes_but_not_parameters():
    model = nn.BatchNorm2d(5)
    assert measure.count_parameters(model) == 10
    assert measure.tensor_bytes(model) == 20 * 4 + 8


def test_bytes_follow_the_type():
    model = nn.Linear(10, 3)
    assert measure.tensor_bytes(model) == 33 * 4
    assert measure.tensor_bytes(model.half()) == 33 * 2


def test_density_counts_what_is_not_zero():
    model = nn.Linear(10, 3, bias=False)
    nn.init.ones_(model.weight)
    model.weight.data[0, :6] = 0
    assert measure.count_nonzero(model) == 24
    assert measure.density(model) == 24 / 30


def test_zeros_save_no_bytes():
    model = nn.Linear(100, 100)
    dense_file, dense_tensors = measure.file_bytes(model), measure.tensor_bytes(model)
    nn.init.zeros_(model.weight)
    assert measure.file_bytes(model) == dense_file
    assert measure.tensor_bytes(model) == dense_tensors


def test_file_bytes_is_the_size_of_the_file(tmp_path):
    model = models.build("resnet", seed=0, depth=8)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    assert measure.file_bytes(model) == (tmp_path / "model.safetensors").stat().st_size
    assert measure.file_bytes(model) > measure.tensor_bytes(model)


def test_a_tied_model_can_be_sized():
    model = Tied()
    assert 0 < measure.file_bytes(model) - measure.tensor_bytes(model) < 1000


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    kept=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_csr_bytes_are_those_of_scipy(rows, columns, kept, seed):
    tensor = randn(rows, columns, seed=seed)
    tensor[torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) >= kept] = 0
    matrix = scipy.sparse.csr_matrix(tensor.numpy())
    stored = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert measure.sparse_bytes(tensor, "csr") == stored


def test_csr_reads_a_convolution_as_one_row_per_filter():
    weight = randn(6, 3, 5, 5)
    weight[weight < 0.5] = 0
    matrix = scipy.sparse.csr_matrix(weight.flatten(1).numpy())
    stored = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert measure.sparse_bytes(weight) == stored


def test_bitmap_is_one_bit_per_position_and_the_values():
    tensor = torch.zeros(5, 5)
    tensor[0, :3] = 1
    assert measure.sparse_bytes(tensor, "bitmap") == 3 * 4 + 4
    assert measure.sparse_bytes(tensor, "bitmap", value_bytes=1) == 3 + 4


def test_four_bit_values_take_half_a_byte():
    assert measure.sparse_bytes(torch.ones(3, 3), "dense", value_bytes=0.5) == 5


def test_csr_breaks_even_at_half_and_at_a_third_with_short_indices():
    def ratio(sparsity, index_bytes):
        tensor = torch.ones(1000, 600)
        tensor[:, : round(600 * sparsity)] = 0
        dense = measure.sparse_bytes(tensor, "dense")
        return measure.sparse_bytes(tensor, "csr", index_bytes=index_bytes) / dense

    assert ratio(0.5, 4) == pytest.approx(1, abs=0.01)
    assert ratio(1 / 3, 2) == pytest.approx(1, abs=0.01)
    assert ratio(0.6, 4) == pytest.approx(0.8, abs=0.01)


def test_an_index_too_short_for_the_columns_is_refused():
    assert measure.sparse_bytes(torch.ones(2, 256), index_bytes=1) > 0
    with pytest.raises(ValueError, match="larger index_bytes"):
        measure.sparse_bytes(torch.ones(2, 257), index_bytes=1)


def test_an_unknown_format_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="'dense', 'csr' or 'bitmap'"):
        measure.sparse_bytes(torch.ones(2, 2), "coo")


def test_an_empty_model_is_refused():
    for measuring in (measure.count_parameters, measure.tensor_bytes, measure.file_bytes):
        with pytest.raises(ValueError, match="at least one layer"):
            measuring(nn.Sequential())
    with pytest.raises(ValueError, match="at least one layer"):
        measure.count_macs(nn.Sequential(), (3,))


def test_a_model_without_parameters_has_no_density():
    assert measure.count_parameters(nn.ReLU()) == 0
    with pytest.raises(ValueError, match="no density"):
        measure.density(nn.ReLU())


def test_weights_in_place_of_a_model_are_refused():
    with pytest.raises(TypeError, match="load the weights into it"):
        measure.count_parameters(nn.Linear(2, 2).state_dict())


def test_a_meta_model_has_no_file():
    with pytest.raises(ValueError, match="meta device"):
        measure.file_bytes(nn.Linear(2, 2, device="meta"))


def test_a_sparse_tensor_is_refused_rather_than_miscounted():
    model = nn.Module()
    model.register_buffer("weight", torch.eye(3).to_sparse())
    with pytest.raises(TypeError, match="'weight'"):
        measure.tensor_bytes(model)


# ---------------------------------------------------------------- multiply-adds


def test_a_convolution_from_3_to_16_channels_matches_the_hand_count():
    model = nn.Conv2d(3, 16, 3, padding=1)
    assert measure.count_macs(model, (3, 32, 32)) == 442_368


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(7, 5), (7,)),
        (nn.Linear(7, 5, bias=False), (4, 7)),
        (nn.Conv1d(4, 6, 3, padding=1), (4, 19)),
        (nn.Conv2d(4, 6, 3), (4, 9, 11)),
        (nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2)), (4, 9, 11)),
        (nn.Conv2d(8, 16, 3, groups=4, padding=1, bias=False), (8, 9, 11)),
        (nn.Conv2d(8, 8, 3, groups=8, stride=2), (8, 9, 11)),
        (nn.Conv2d(4, 6, 3, dilation=2, padding=2), (4, 9, 11)),
        (nn.Conv2d(4, 6, 3, padding="same", padding_mode="reflect"), (4, 9, 11)),
        (nn.Conv3d(2, 3, 2), (2, 4, 5, 6)),
        (nn.ConvTranspose2d(4, 6, 3, stride=2), (4, 5, 7)),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), (4, 5)),
    ],
)
def test_a_layer_costs_what_pytorch_counts(layer, shape):
    assert measure.count_macs(layer, shape) == torch_macs(layer, randn(1, *shape))


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "squeezenet1_1", "densenet121"])
def test_a_torchvision_model_costs_what_pytorch_counts(name):
    with torch.device("meta"):
        model = torchvision.models.get_model(name)
    assert measure.count_macs(model, (3, 64, 64)) == torch_macs(
        model, torch.zeros(1, 3, 64, 64, device="meta")
    )


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "vgg16"])
def test_macs_match_what_torchvision_publishes(name):
    with torch.device("meta"):
        model = torchvision.models.get_model(name)
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["_ops"]
    assert measure.count_macs(model, (3, 224, 224)) / 1e9 == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("model", "shape", "dtype"),
    [
        (models.build("lenet_300_100", seed=0), (1, 28, 28), torch.float32),
        (models.build("small_cnn", seed=0), (1, 28, 28), torch.float32),
        (models.build("resnet20", seed=0), (3, 32, 32), torch.float32),
        (models.build("vgg", seed=0, depth=8, width=0.25), (3, 32, 32), torch.float32),
        (models.build("tiny_transformer", seed=0), (17,), torch.long),
        (HandmadeAttention(), (5, 12), torch.float32),
        (Tied(), (5,), torch.long),
        (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (5, 16), torch.float32),
    ],
)
def test_the_course_models_cost_what_pytorch_counts(model, shape, dtype):
    example = torch.ones(1, *shape, dtype=dtype)
    assert measure.count_macs(model, shape, dtype) == torch_macs(model, example)


def test_attention_is_counted_though_it_runs_fused():
    length, width = 5, 16
    model = nn.TransformerEncoderLayer(width, 4, 32, dropout=0.0, batch_first=True)
    projections, products, mlp = 4 * length * width**2, 2 * length**2 * width, 2 * width * 32
    by_layer = measure.macs_by_layer(model, (length, width))
    assert by_layer["self_attn"] == projections + products
    assert sum(by_layer.values()) == projections + products + length * mlp


def test_macs_are_booked_on_the_layer_that_makes_them():
    model = models.small_cnn()
    assert measure.macs_by_layer(model, (1, 28, 28)) == {
        "0": 28 * 28 * 8 * 9,
        "3": 14 * 14 * 16 * 8 * 9,
        "7": 16 * 49 * 64,
        "9": 640,
    }


def test_a_layer_that_runs_twice_costs_twice():
    layer = nn.Linear(4, 4)
    assert measure.macs_by_layer(nn.Sequential(layer, layer), (4,)) == {"0": 32}


def test_a_subclass_with_another_forward_is_counted_by_its_products():
    class LowRank(nn.Linear):
        def forward(self, x):
            return (x @ self.weight[:2].T) @ self.weight[:, :2].T

    assert measure.count_macs(LowRank(6, 6), (6,)) == 6 * 2 + 2 * 6


def test_counting_changes_nothing():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(18, 3)
    ).train()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    measure.count_macs(model, (1, 5, 5))
    measure.latency(model, (1, 5, 5), warmup=1, repeats=2)
    assert torch.equal(torch.rand(3), expected)
    assert [module.training for module in model] == [True, False, True, True, True]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_wrong_input_shape_is_refused_and_the_model_left_as_it_was():
    model = models.lenet_300_100()
    with pytest.raises(ValueError, match=r"shape \(1, 28, 27\).*without the batch"):
        measure.count_macs(model, (1, 28, 27))
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("shape", [28, (0, 28), (1, -28, 28), (1.0, 28), "28"])
def test_an_impossible_input_shape_is_refused(shape):
    with pytest.raises(ValueError, match="input_shape must be"):
        measure.count_macs(models.lenet_300_100(), shape)


def test_a_layer_without_a_formula_is_refused_by_name():
    model = nn.Sequential(nn.Linear(4, 4), nn.LSTM(4, 4))
    with pytest.raises(NotImplementedError, match=r"LSTM.*'1'"):
        measure.count_macs(model, (5, 4))


def test_half_precision_models_are_counted_too():
    assert measure.count_macs(nn.Linear(4, 3).to(torch.bfloat16), (4,)) == 12


# ---------------------------------------------------------------- time and energy


def test_latency_orders_its_percentiles_and_restores_the_threads():
    threads = torch.get_num_threads()
    result = measure.latency(nn.Linear(4, 3), (4,), batch_size=64, num_threads=2, repeats=9)
    assert 0 < result.p10_ms <= result.median_ms <= result.p90_ms
    assert (result.batch_size, result.num_threads) == (64, 2)
    assert torch.get_num_threads() == threads


def test_latency_prints_what_a_reader_needs_to_compare_it():
    shown = str(measure.Latency(1.23456, 1.0, 2.0, 64, 2))
    assert shown == "1.235 ms (10 to 90 %: 1.000 to 2.000 ms), batch 64, threads 2"


def test_latency_runs_warmup_and_repeats_in_evaluation_mode():
    calls = []

    class Spy(nn.Module):
        def forward(self, x):
            calls.append((tuple(x.shape), self.training, torch.is_grad_enabled()))
            return x

    measure.latency(Spy(), (3, 2), batch_size=4, warmup=3, repeats=5)
    assert calls == [((4, 3, 2), False, False)] * (1 + 3 + 5)


def test_threads_are_restored_after_an_error():
    threads = torch.get_num_threads()
    with pytest.raises(ValueError, match="without the batch"):
        measure.latency(nn.Linear(4, 3), (5,), num_threads=2)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("argument", ["batch_size", "num_threads", "repeats"])
def test_latency_of_nothing_is_refused(argument):
    with pytest.raises(ValueError, match=f"{argument} must be at least 1"):
        measure.latency(nn.Linear(4, 3), (4,), **{argument: 0})


def test_energy_adds_arithmetic_and_memory():
    result = measure.energy(macs=10**12, bytes_moved=8 * 10**9)
    assert result.compute_j == pytest.approx(4.6)
    assert result.memory_j == pytest.approx(1.3)
    assert result.total_j == pytest.approx(5.9)


def test_int8_arithmetic_costs_a_twentieth():
    floats, ints = measure.energy(10**9, 0), measure.energy(10**9, 0, arithmetic="int8")
    assert floats.compute_j / ints.compute_j == pytest.approx(4.6 / 0.23)


def test_energy_of_unknown_arithmetic_is_refused():
    with pytest.raises(ValueError, match="float32, float16, int8"):
        measure.energy(1, 1, arithmetic="int4")


# ---------------------------------------------------------------- quality


@pytest.fixture
def judged():
    """A linear classifier, examples it labels, and labels that disagree with some of them."""
    model = nn.Linear(6, 4)
    nn.init.normal_(model.weight, generator=torch.Generator().manual_seed(3))
    images = randn(57, 6, seed=1)
    labels = model(images).argmax(dim=1).detach().clone()
    labels[::5] = (labels[::5] + 1) % 4
    return model, Split(images, labels)


def test_accuracy_is_that_of_scikit_learn(judged):
    model, split = judged
    guesses = model(split.images).argmax(dim=1)
    assert measure.accuracy(model, split) == pytest.approx(accuracy_score(split.labels, guesses))


def test_accuracy_by_class_is_recall(judged):
    model, split = judged
    guesses = model(split.images).argmax(dim=1)
    by_class = measure.accuracy_by_class(model, split)
    expected = recall_score(split.labels, guesses, average=None, labels=range(4))
    np.testing.assert_allclose(by_class.numpy(), expected)


def test_accuracy_is_the_average_over_classes_weighted_by_their_size(judged):
    model, split = judged
    counts = torch.bincount(split.labels, minlength=4).double()
    weighted = (measure.accuracy_by_class(model, split) * counts).sum() / counts.sum()
    assert measure.accuracy(model, split) == pytest.approx(float(weighted))


def test_a_class_without_examples_has_no_accuracy(judged):
    model, split = judged
    others = split.labels != 2
    by_class = measure.accuracy_by_class(model, Split(split.images[others], split.labels[others]))
    assert torch.isnan(by_class).tolist() == [False, False, True, False]


def test_the_mode_of_every_layer_survives_measuring():
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.9)).train()
    model[1].eval()
    split = Split(randn(8, 6), torch.zeros(8, dtype=torch.long))
    assert measure.accuracy(model, split) == measure.accuracy(model, split)
    assert [module.training for module in model] == [True, False, True]


def test_accuracy_on_nothing_is_refused():
    with pytest.raises(ValueError, match="no examples"):
        measure.accuracy(nn.Linear(6, 4), Split(torch.zeros(0, 6), torch.zeros(0).long()))


def test_calibration_error_matches_a_count_by_hand():
    probabilities = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.35, 0.65], [0.3, 0.7]])
    labels = torch.tensor([0, 1, 1, 1])
    # bins (0.5, 0.75] and (0.75, 1]: confidence 0.675 at accuracy 1, 0.85 at accuracy 0.5
    expected = 0.5 * (1 - 0.675) + 0.5 * (0.85 - 0.5)
    assert measure.calibration_error(probabilities.log(), labels, num_bins=4) == pytest.approx(
        expected
    )


def test_calibration_error_matches_a_loop_over_bins():
    logits, labels = randn(200, 5, seed=1) * 2, torch.arange(200) % 5
    confidence, guess = logits.double().softmax(dim=1).max(dim=1)
    expected = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            gap = confidence[inside].mean() - (guess == labels)[inside].double().mean()
            expected += float(gap.abs()) * int(inside.sum()) / 200
    assert measure.calibration_error(logits, labels) == pytest.approx(expected)


def test_a_sure_and_right_model_is_calibrated_and_a_sure_and_wrong_one_is_not():
    logits = torch.tensor([[50.0, 0.0], [0.0, 50.0]])
    assert measure.calibration_error(logits, torch.tensor([0, 1])) == pytest.approx(0)
    assert measure.calibration_error(logits, torch.tensor([1, 0])) == pytest.approx(1)


def test_label_loyalty_ignores_the_truth():
    teacher = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, 1.0]])
    student = torch.tensor([[9.0, 1.0], [0.0, 0.1], [0.0, 1.0], [5.0, 4.0]])
    assert measure.label_loyalty(teacher, student) == 0.75


def test_probability_loyalty_has_the_known_value():
    p = torch.tensor([[0.75, 0.2, 0.05]], dtype=torch.float64)
    q = torch.tensor([[0.8, 0.1, 0.1]], dtype=torch.float64)
    assert measure.probability_loyalty(p.log(), q.log()) == pytest.approx(0.8622855485, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 20))
def test_probability_loyalty_is_symmetric_and_that_of_scipy(seed, scale):
    teacher, student = scale * randn(5, 4, seed=seed), scale * randn(5, 4, seed=seed + 1)
    p, q = teacher.double().softmax(dim=1).numpy(), student.double().softmax(dim=1).numpy()
    expected = 1 - jensenshannon(p, q, axis=1, base=2).mean()
    assert measure.probability_loyalty(teacher, student) == pytest.approx(expected, abs=1e-9)
    assert measure.probability_loyalty(student, teacher) == pytest.approx(expected, abs=1e-9)


def test_disjoint_distributions_have_no_loyalty_and_equal_ones_all():
    teacher, student = torch.tensor([[1000.0, 0.0, 0.0]]), torch.tensor([[0.0, 1000.0, 0.0]])
    assert measure.probability_loyalty(teacher, student) == 0
    assert measure.probability_loyalty(teacher, teacher) == 1


def test_nearly_equal_float32_rows_do_not_become_nan():
    teacher = randn(2000, 10)
    student = teacher + 1e-6 * randn(2000, 10, seed=1)
    loyalty = measure.probability_loyalty(teacher, student)
    assert 0.999 < loyalty <= 1


def test_logits_of_different_shapes_are_refused():
    for loyalty in (measure.label_loyalty, measure.probability_loyalty):
        with pytest.raises(ValueError, match="same examples and classes"):
            loyalty(torch.zeros(3, 4), torch.zeros(3, 5))


def test_nan_logits_are_refused():
    logits = torch.full((2, 3), math.nan)
    with pytest.raises(ValueError, match="NaN"):
        measure.calibration_error(logits, torch.zeros(2, dtype=torch.long))


def test_labels_that_do_not_fit_the_logits_are_refused():
    with pytest.raises(ValueError, match="one class for each row"):
        measure.calibration_error(torch.zeros(3, 4), torch.zeros(3, 1, dtype=torch.long))
