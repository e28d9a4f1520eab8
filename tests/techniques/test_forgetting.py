"""What pruned networks forget: exact tables, agreement with SciPy, and inputs that are refused."""

import copy

import numpy as np
import pytest
import scipy.ndimage
import torch
import torchvision.transforms.v2.functional as TF
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from featherweight import measure, models
from featherweight.data import Split
from featherweight.techniques import forgetting
from featherweight.techniques.magnitude_pruning import pruned

# Three models, five images, no ties: [models, images].
DENSE = torch.tensor([[0, 1, 2, 2, 0], [0, 1, 2, 1, 0], [0, 2, 2, 1, 1]])
SPARSE = torch.tensor([[0, 2, 2, 1, 0], [0, 2, 1, 1, 2], [1, 2, 2, 1, 2]])
LABELS = torch.tensor([0, 1, 2, 1, 0])


def rand(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def labeled(num_images, num_classes, num_models, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(num_images) % num_classes
    guesses = torch.randint(num_classes, (num_models, num_images), generator=generator)
    right = torch.rand(num_models, num_images, generator=generator) < 0.6
    return labels, torch.where(right, labels, guesses)


def small_model(seed=0):
    return models.build("mlp", seed=seed, sizes=(16, 6, 3))


def state(model):
    return copy.deepcopy(model.state_dict())


def unchanged(model, before):
    return all(torch.equal(before[name], value) for name, value in model.state_dict().items())


# ---------------------------------------------------------------- the long tail


def split_of(*counts):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))]
    return Split(torch.arange(len(labels)).float().view(-1, 1, 1, 1), labels)


def test_only_rare_classes_lose_images_and_the_order_stays():
    split = split_of(9, 8, 7)
    tailed = forgetting.long_tailed(split, [2, 0], 3)
    assert tailed.labels.bincount().tolist() == [3, 8, 3]
    positions = tailed.images.flatten().long()
    assert torch.equal(positions, positions.sort().values)
    assert torch.equal(split.labels[positions], tailed.labels)
    assert len(split) == 24


def test_a_seed_decides_which_images_are_kept():
    split = split_of(50, 50)
    first, again, other = (forgetting.long_tailed(split, [1], 5, seed=s).images for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("label", "num_kept"), [(0, 0), (0, 10), (0, -1), (7, 1)])
def test_a_tail_of_images_that_do_not_exist_is_refused(label, num_kept):
    with pytest.raises(ValueError, match=r"keep from 1 to all of them\.$"):
        forgetting.long_tailed(split_of(9, 8), [label], num_kept)


# ---------------------------------------------------------------- recalls and Welch's test


def test_labels_are_predicted_for_each_model():
    images = rand(5, 1, 4, 4)
    group = [small_model(0), small_model(1)]
    got = forgetting.predicted_labels(group, images)
    assert got.shape == (2, 5)
    assert torch.equal(got[1], group[1](images).argmax(dim=1))


def test_a_model_with_nan_weights_is_refused_and_left_alone():
    model = small_model()
    with torch.no_grad():
        model[1].weight[0, 0] = float("nan")
    model.train()
    with pytest.raises(ValueError, match="check its weights"):
        forgetting.predicted_labels([model], rand(5, 1, 4, 4))
    assert model.training and model[1].training


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        forgetting.predicted_labels([], rand(5, 1, 4, 4))


def test_recalls_of_a_hand_made_table():
    expected = [[1.0, 0.5, 1.0], [1.0, 1.0, 1.0], [0.5, 0.5, 1.0]]
    assert forgetting.recalls(DENSE, LABELS).tolist() == expected


def test_recalls_agree_with_the_bench():
    labels, predictions = labeled(60, 4, 3, seed=0)
    for row, got in zip(predictions, forgetting.recalls(predictions, labels), strict=True):
        logits = nn.functional.one_hot(row, 4).float()
        expected = measure.accuracy_by_class(nn.Identity(), Split(logits, labels))
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("predictions", [DENSE[0], DENSE[:, :4], DENSE.T])
def test_predictions_of_another_shape_are_refused(predictions):
    with pytest.raises(ValueError, match=r"one column|a column for each label"):
        forgetting.recalls(predictions, LABELS)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 10_000), st.floats(0.1, 10))
def test_welch_agrees_with_scipy(n1, n2, seed, scale):
    first = rand(n1, 4, seed=seed).double()
    second = scale * rand(n2, 4, seed=seed + 1).double() + 0.3
    t, freedom = forgetting.welch(first, second)
    theirs = stats.ttest_ind(second.numpy(), first.numpy(), equal_var=False)
    np.testing.assert_allclose(t, theirs.statistic, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(freedom, theirs.df, rtol=1e-9)


@pytest.mark.parametrize("freedom", [1.0, 1.5, 4.3, 18, 100])
@pytest.mark.parametrize("t", [0.0, -0.7, 2.0, 12.5])
def test_p_agrees_with_scipy(t, freedom):
    expected = 2 * stats.t.sf(abs(t), freedom)
    tolerance = 1e-3 if freedom < 2 else 1e-6
    assert forgetting.two_sided_p(t, freedom) == pytest.approx(expected, rel=tolerance)


def test_a_test_of_one_model_is_refused():
    with pytest.raises(ValueError, match="at least two models on each side"):
        forgetting.welch(rand(1, 3), rand(4, 3))


def test_class_impact_is_welch_on_recall_minus_accuracy():
    labels, dense = labeled(90, 3, 6, seed=0)
    _, sparse = labeled(90, 3, 5, seed=1)
    sparse = torch.where(labels == 2, 0, sparse)
    got = forgetting.class_impact(dense, sparse, labels)
    relative = []
    for predictions in (dense, sparse):
        hits = (predictions == labels).double().numpy()
        recall = np.stack([hits[:, labels == c].mean(1) for c in range(3)], axis=1)
        relative.append(recall - hits.mean(1, keepdims=True))
    theirs = stats.ttest_ind(relative[1], relative[0], equal_var=False)
    np.testing.assert_allclose(got["t"], theirs.statistic, rtol=1e-9)
    np.testing.assert_allclose(got["p"], theirs.pvalue, rtol=1e-5)
    np.testing.assert_allclose(got["change"], relative[1].mean(0) - relative[0].mean(0))
    assert got["change"][2] < 0 < got["change"][0]


def test_a_loss_that_all_classes_share_is_no_impact():
    labels = torch.arange(30) % 3
    dense = labels.repeat(4, 1)
    dense[torch.arange(4), torch.arange(4)] = 9 - dense[torch.arange(4), torch.arange(4)]
    sparse = dense.clone()
    sparse[:, :15] = 5
    change = forgetting.class_impact(dense, sparse, labels)["change"]
    assert change.abs().max() < 0.07


# ---------------------------------------------------------------- exemplars


def test_modal_labels_and_exemplars_of_a_hand_made_table():
    assert forgetting.modal_labels(DENSE).tolist() == [0, 1, 2, 1, 0]
    assert forgetting.modal_labels(SPARSE).tolist() == [0, 2, 2, 1, 2]
    expected = [False, True, False, False, True]
    assert forgetting.exemplars(DENSE, SPARSE).tolist() == expected


def test_the_vote_and_not_one_pair_of_models_decides():
    pair = DENSE[0] != SPARSE[0]
    assert pair.tolist() != forgetting.exemplars(DENSE, SPARSE).tolist()


def test_a_tie_goes_to_the_smallest_label():
    assert forgetting.modal_labels(torch.tensor([[3, 1], [1, 2]])).tolist() == [1, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 30), st.integers(0, 10_000))
def test_modal_labels_agree_with_scipy(num_models, num_images, seed):
    _, predictions = labeled(num_images, 4, num_models, seed)
    theirs = stats.mode(predictions.numpy(), axis=0).mode
    assert forgetting.modal_labels(predictions).tolist() == theirs.tolist()


def test_populations_may_differ_in_size_but_not_in_images():
    assert forgetting.exemplars(DENSE, SPARSE[:1]).tolist() == [False, True, False, False, False]
    with pytest.raises(ValueError, match="the same images"):
        forgetting.exemplars(DENSE, SPARSE[:, :4])


@pytest.mark.parametrize("predictions", [DENSE[0], DENSE.float()])
def test_votes_that_are_no_labels_are_refused(predictions):
    with pytest.raises(ValueError, match="as whole numbers"):
        forgetting.modal_labels(predictions)


def test_the_null_of_equal_models_is_zero_and_groups_are_disjoint():
    assert not forgetting.null_exemplars(DENSE[:1].repeat(6, 1), 3, num_draws=5).any()
    two = torch.tensor([[0], [1]])
    assert forgetting.null_exemplars(two, 1, num_draws=20).all()


def test_the_null_shrinks_with_the_population():
    _, predictions = labeled(500, 5, 40, seed=0)
    shares = [
        forgetting.null_exemplars(predictions, size, num_draws=20).double().mean()
        for size in (1, 5, 20)
    ]
    assert shares[0] > 2 * shares[1] > 4 * shares[2]


@pytest.mark.parametrize("size", [0, 2, -1])
def test_a_null_needs_two_groups(size):
    with pytest.raises(ValueError, match=r"Two groups of -?\d need"):
        forgetting.null_exemplars(DENSE, size)


# ---------------------------------------------------------------- corruptions


def test_noise_is_paired_by_its_seed_and_stays_in_range():
    images = rand(4, 1, 6, 5)
    before = torch.get_rng_state()
    first, again = (forgetting.add_noise(images, 0.3, seed=3) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first, forgetting.add_noise(images, 0.3, seed=4))
    assert first.min() >= 0 and first.max() <= 1
    assert torch.equal(forgetting.add_noise(images, 0.0), images)


@pytest.mark.parametrize("width", [1, 3, 5])
def test_blur_agrees_with_scipy(width):
    images = rand(2, 3, 7, 6).double()
    expected = scipy.ndimage.uniform_filter(
        images.numpy(), size=(1, 1, width, width), mode="nearest"
    )
    np.testing.assert_allclose(forgetting.blur(images, width), expected, atol=1e-12)


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0])
def test_contrast_agrees_with_torchvision(factor):
    images = rand(3, 1, 7, 6)
    expected = TF.adjust_contrast(images, factor)
    torch.testing.assert_close(forgetting.lower_contrast(images, factor), expected)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 1), (-1, 3), (-2, -2)])
def test_shift_agrees_with_scipy(down, right):
    images = rand(2, 1, 5, 6).double()
    expected = scipy.ndimage.shift(images.numpy(), (0, 0, down, right), order=0)
    np.testing.assert_allclose(forgetting.shift(images, down, right), expected)


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda x: forgetting.add_noise(x, -0.1),
        lambda x: forgetting.add_noise(x, float("nan")),
        lambda x: forgetting.blur(x, 2),
        lambda x: forgetting.blur(x, 0),
        lambda x: forgetting.lower_contrast(x, 1.5),
        lambda x: forgetting.lower_contrast(x, float("nan")),
        lambda x: forgetting.shift(x, 5, 0),
        lambda x: forgetting.shift(x, 0, -6),
    ],
)
def test_corruptions_that_make_no_sense_are_refused(corrupt):
    with pytest.raises(ValueError, match=r"\.$"):
        corrupt(rand(2, 1, 5, 6))


# ---------------------------------------------------------------- attacks


def logistic(weights):
    model = nn.Linear(len(weights), 2, bias=False).double()
    model.weight.data = torch.stack([torch.zeros(len(weights)), torch.tensor(weights)]).double()
    return model


@pytest.mark.parametrize("y", [0, 1])
def test_fgsm_on_the_logistic_model_in_closed_form(y):
    weights = [2.0, -1.0, 0.5]
    x = torch.tensor([[0.5, 0.5, 0.05], [0.3, 0.9, 0.6]], dtype=torch.float64)
    model, labels = logistic(weights), torch.tensor([y, y])
    w = torch.tensor(weights, dtype=torch.float64)
    slope = torch.sigmoid(x @ w) - y
    expected = (x + 0.1 * (slope[:, None] * w).sign()).clamp(0, 1)
    torch.testing.assert_close(forgetting.fgsm(model, x, labels, 0.1), expected)


def test_an_attack_leaves_model_images_and_random_state_alone():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 3)
    )
    model.train()
    model[2].eval()
    before, images = state(model), rand(6, 1, 4, 4)
    kept, random_state = images.clone(), torch.get_rng_state()
    for attack in (forgetting.fgsm, forgetting.pgd):
        attack(model, images, torch.arange(6) % 3, 0.1)
    assert unchanged(model, before)
    assert torch.equal(images, kept) and not images.requires_grad
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [layer.training for layer in model] == [True, True, False, True, True]


@pytest.mark.parametrize("seed", [None, 0])
def test_attacks_stay_in_the_ball_and_in_the_range(seed):
    images, labels = rand(20, 1, 4, 4), torch.arange(20) % 3
    for attacked in (
        forgetting.fgsm(small_model(), images, labels, 0.1),
        forgetting.pgd(small_model(), images, labels, 0.1, seed=seed),
    ):
        assert (attacked - images).abs().max() <= 0.1 + 1e-6
        assert attacked.min() >= 0 and attacked.max() <= 1


def test_attacks_raise_the_loss_and_pgd_more_than_one_step():
    model, images, labels = small_model(), rand(30, 1, 4, 4), torch.arange(30) % 3

    def loss(x):
        return nn.functional.cross_entropy(model(x), labels).item()

    one = loss(forgetting.fgsm(model, images, labels, 0.2))
    many = loss(forgetting.pgd(model, images, labels, 0.2, num_steps=20))
    assert loss(images) < one <= many + 1e-6


def test_pgd_of_one_long_step_is_fgsm():
    model, images, labels = small_model(), rand(9, 1, 4, 4), torch.arange(9) % 3
    one = forgetting.pgd(model, images, labels, 0.1, num_steps=1)
    torch.testing.assert_close(one, forgetting.fgsm(model, images, labels, 0.1))


def test_a_radius_of_zero_changes_nothing():
    model, images, labels = small_model(), rand(9, 1, 4, 4), torch.arange(9) % 3
    assert torch.equal(forgetting.fgsm(model, images, labels, 0.0), images)
    assert torch.equal(forgetting.pgd(model, images, labels, 0.0, seed=1), images)


def test_standardized_images_are_attacked_in_their_own_range():
    mean, std = torch.tensor([0.3, 0.5]), torch.tensor([0.2, 0.25])
    low, high = forgetting.data_range(mean, std)
    pixels = rand(6, 2, 2, 4)
    images = (pixels - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)
    eps = 0.1 / std.view(-1, 1, 1)
    attacked = forgetting.fgsm(small_model(), images, torch.arange(6) % 3, eps, low, high)
    back = attacked * std.view(-1, 1, 1) + mean.view(-1, 1, 1)
    assert back.min() >= -1e-6 and back.max() <= 1 + 1e-6
    assert (back - pixels).abs().max() <= 0.1 + 1e-6
    with pytest.raises(ValueError, match=r"data_range\(mean, std\)"):
        forgetting.fgsm(small_model(), images, torch.arange(6) % 3, 0.1)


@pytest.mark.parametrize("eps", [-0.1, float("nan")])
@pytest.mark.parametrize("attack", [forgetting.fgsm, forgetting.pgd])
def test_a_radius_that_is_none_is_refused(attack, eps):
    with pytest.raises(ValueError, match="at least 0"):
        attack(small_model(), rand(3, 1, 4, 4), torch.arange(3), eps)


@pytest.mark.parametrize("attack", [forgetting.fgsm, forgetting.pgd])
def test_a_model_with_nan_weights_is_not_attacked(attack):
    model = small_model()
    with torch.no_grad():
        model[1].weight.fill_(float("nan"))
    model.train()
    with pytest.raises(ValueError, match="NaN weights"):
        attack(model, rand(3, 1, 4, 4), torch.arange(3), 0.1)
    assert model.training


# ---------------------------------------------------------------- equal bytes


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.integers(0, 1000))
def test_codes_are_symmetric_and_at_most_half_a_step_away(num_bits, seed):
    weight = rand(4, 3, 2, seed=seed).double() - 0.5
    got, largest = forgetting.fake_quantized(weight, num_bits), 2 ** (num_bits - 1) - 1
    scale = weight.abs().flatten(1).amax(dim=1).view(4, 1, 1) / largest
    codes = got / scale
    torch.testing.assert_close(codes, codes.round(), atol=1e-9, rtol=0)
    assert codes.abs().max() <= largest + 1e-9
    assert ((got - weight).abs() <= scale / 2 + 1e-12).all()
    torch.testing.assert_close(forgetting.fake_quantized(-weight, num_bits), -got)
    torch.testing.assert_close(forgetting.fake_quantized(got, num_bits), got)


def test_a_row_of_zeros_stays_zero():
    weight = torch.tensor([[0.0, 0, 0], [1, -0.5, 0.25]])
    got = forgetting.fake_quantized(weight, 4)
    assert got[0].tolist() == [0, 0, 0]
    assert got.isfinite().all()


def test_quantizing_copies_the_model_and_spares_its_biases():
    model = small_model()
    before = state(model)
    copied = forgetting.quantized(model, 3)
    assert unchanged(model, before)
    assert torch.equal(copied[1].bias, model[1].bias)
    assert not torch.equal(copied[1].weight, model[1].weight)


@pytest.mark.parametrize("num_bits", [1, 0, -4])
def test_codes_of_less_than_two_bits_are_refused(num_bits):
    model = small_model()
    before = state(model)
    with pytest.raises(ValueError, match="at least 2 bits"):
        forgetting.quantized(model, num_bits)
    assert unchanged(model, before)


def test_nan_weights_are_not_quantized():
    model = small_model()
    with torch.no_grad():
        model[3].weight[0, 0] = float("nan")
    before = state(model)
    with pytest.raises(ValueError, match="finite weights"):
        forgetting.quantized(model, 8)
    assert all(value.equal(before[n]) for n, value in model.state_dict().items() if n != "3.weight")


def test_bytes_counted_by_hand():
    model = nn.Sequential(nn.Linear(10, 4), nn.ReLU(), nn.Linear(4, 3))
    biases = 4 * (4 + 3)
    assert forgetting.other_bytes(model) == biases
    assert forgetting.quantized_bytes(model, 8) == (40 + 12) + 4 * (4 + 3) + biases
    assert forgetting.quantized_bytes(model, 4) == (20 + 6) + 4 * (4 + 3) + biases
    with torch.no_grad():
        for layer in (model[0], model[2]):
            layer.weight.zero_()
            layer.weight[0, 0] = 1
    assert forgetting.pruned_bytes(model) == (4 + 5) + (4 + 2) + biases


@pytest.mark.parametrize("num_bits", [16, 8, 4, 2])
def test_a_model_pruned_to_a_size_has_that_size(num_bits):
    model = models.build("lenet_300_100", seed=0)
    before = state(model)
    wanted = forgetting.quantized_bytes(model, num_bits)
    density = forgetting.density_for_bytes(model, wanted)
    sparse, _ = pruned(model, density)
    assert wanted - 20 <= forgetting.pruned_bytes(sparse) <= wanted
    assert unchanged(model, before)


def test_a_dense_model_takes_its_dense_bytes():
    model = small_model()
    assert forgetting.pruned_bytes(model) == measure.tensor_bytes(model)
    assert forgetting.density_for_bytes(model, measure.tensor_bytes(model)) > 0.99


def test_a_size_that_no_density_has_is_refused():
    model = small_model()
    for num_bytes in (forgetting.other_bytes(model), 10 * measure.tensor_bytes(model)):
        with pytest.raises(ValueError, match="choose a size above"):
            forgetting.density_for_bytes(model, num_bytes)
