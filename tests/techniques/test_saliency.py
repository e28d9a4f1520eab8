"""Saliency: exact values, agreement with autograd and libraries, refusals that change nothing."""

import copy

import pytest
import torch
import torch_pruning
from backpack import backpack, extend
from backpack.extensions import DiagGGNExact, DiagHessian
from scipy.stats import spearmanr
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune

from featherweight import models
from featherweight.data import Split
from featherweight.techniques.magnitude_pruning import global_masks, prunable
from featherweight.techniques.saliency import (
    diagonal_hessian,
    empirical_fisher,
    fisher,
    layer_hessian,
    lecun_diagonal,
    loss_gradients,
    obd_scores,
    row_mask,
    second_order_scores,
    sparsegpt,
    spearman,
    surgeon_step,
    taylor_scores,
    wanda_scores,
)

SCORES = (taylor_scores, diagonal_hessian, lecun_diagonal, empirical_fisher, obd_scores)


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def rand(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


@pytest.fixture
def tiny():
    """Three examples, two inputs, three classes, one layer."""
    layer = nn.Linear(2, 3, bias=False, dtype=torch.float64)
    layer.weight.data = doubles([0.5, -1], [0, 0.25], [-0.5, 1])
    inputs = doubles([1, 2], [0, -1], [3, 1])
    return nn.Sequential(layer), Split(inputs, torch.tensor([0, 2, 1]))


def mlp():
    model = models.build("mlp", seed=1, sizes=(6, 5, 4, 3)).double()
    return model, Split(rand(30, 1, 2, 3) - 0.3, torch.arange(30) % 3)


def cnn():
    """Strides, padding, dilation, overlapping pools, H != W and no bias in one layer."""
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.Conv2d(3, 2, 2, dilation=2, bias=False),
        nn.Flatten(),
        nn.ReLU(),
        nn.Linear(8, 4),
    ).double()
    return model, Split(rand(7, 2, 8, 5, seed=3) - 0.4, torch.arange(7) % 4)


def diagonal_by_autograd(model, split, name):
    """The diagonal of the Hessian in one weight, by differentiating twice."""
    weights = dict(model.named_parameters())

    def loss(weight):
        logits = torch.func.functional_call(model, weights | {name: weight}, split.images)
        return F.cross_entropy(logits, split.labels)

    weight = weights[name].detach()
    hessian = torch.autograd.functional.hessian(loss, weight)
    return hessian.reshape(weight.numel(), -1).diagonal().view_as(weight)


# ---------------------------------------------------------------- exact values


def test_the_tiny_problem_has_its_known_scores(tiny):
    expected = {
        taylor_scores: (0.072104, 0.722413, 0, 0.026643, 0.203250, 0.828986),
        diagonal_hessian: (0.757794, 0.197680, 0.757575, 0.386902, 0.495282, 0.353132),
        obd_scores: (0.094724, 0.098840, 0, 0.012091, 0.061910, 0.176566),
        empirical_fisher: (0.961340, 1.478545, 1.240544, 0.238663, 0.253960, 0.946110),
    }
    for score, values in expected.items():
        torch.testing.assert_close(
            score(*tiny)["0.weight"].flatten(), doubles(*values), atol=1e-6, rtol=0
        )


@pytest.mark.parametrize("make", [mlp, cnn])
def test_the_carried_diagonal_is_that_of_the_hessian(make):
    model, split = make()
    for name, h in diagonal_hessian(model, split).items():
        torch.testing.assert_close(
            h, diagonal_by_autograd(model, split, name), atol=1e-12, rtol=1e-9
        )


@pytest.mark.filterwarnings("ignore:Full backward hook")
@pytest.mark.parametrize(
    ("extension", "attribute"), [(DiagHessian, "diag_h"), (DiagGGNExact, "diag_ggn_exact")]
)
def test_the_diagonal_is_that_of_backpack(extension, attribute):
    model, split = mlp()
    theirs, loss = extend(copy.deepcopy(model)), extend(nn.CrossEntropyLoss())
    with backpack(extension()):
        loss(theirs(split.images), split.labels).backward()
    for name, h in diagonal_hessian(model, split).items():
        other = getattr(theirs.get_parameter(name), attribute)
        torch.testing.assert_close(h, other, atol=1e-14, rtol=1e-10)


def test_scores_do_not_depend_on_the_batches_they_are_computed_in():
    model, split = mlp()
    many = Split(split.images.repeat(20, 1, 1, 1), split.labels.repeat(20))
    for score in SCORES:
        for name, value in score(model, many).items():
            torch.testing.assert_close(value, score(model, split)[name], atol=1e-13, rtol=1e-9)


def test_lecuns_recursion_is_exact_in_the_last_layer_only():
    model, split = mlp()
    exact, recursion = diagonal_hessian(model, split), lecun_diagonal(model, split)
    torch.testing.assert_close(recursion["5.weight"], exact["5.weight"])
    assert not torch.allclose(recursion["3.weight"], exact["3.weight"], rtol=0.05)


def test_lecuns_recursion_is_the_one_of_the_paper():
    model, split = mlp()
    x = split.images.flatten(1)
    first, second, third = (model[i].weight.detach() for i in (1, 3, 5))
    a = model[:2](split.images)
    b = model[:4](split.images)
    p = model(split.images).softmax(1)
    at_b = (p * (1 - p)) @ third**2 * (b > 0)
    at_a = at_b @ second**2 * (a > 0)
    assert first.shape == (5, 6)
    expected = at_a.T @ x**2 / len(x)
    torch.testing.assert_close(lecun_diagonal(model, split)["1.weight"], expected.detach())


def test_gradients_are_those_of_the_mean_loss():
    model, split = cnn()
    F.cross_entropy(model(split.images), split.labels).backward()
    for name, grad in loss_gradients(model, split).items():
        torch.testing.assert_close(grad, model.get_parameter(name).grad)


def test_the_second_order_score_predicts_a_small_deletion():
    model, split = mlp()
    with torch.no_grad():
        model[3].weight.mul_(1e-2)
        before = F.cross_entropy(model(split.images), split.labels)
        predicted = second_order_scores(model, split)["3.weight"][1, 2]
        model[3].weight[1, 2] = 0
        after = F.cross_entropy(model(split.images), split.labels)
    torch.testing.assert_close(predicted, after - before, atol=0, rtol=1e-4)


def test_rank_correlation_is_scipys():
    first, second = rand(40, seed=4), rand(40, seed=5)
    assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)


# ---------------------------------------------------------------- Fisher


def test_the_fisher_approaches_the_hessian_and_the_empirical_one_does_not(tiny):
    h = diagonal_hessian(*tiny)["0.weight"]
    drawn = fisher(*tiny, seed=0, num_samples=20_000)["0.weight"]
    assert (drawn - h).norm() < 0.03 * h.norm()
    assert (empirical_fisher(*tiny)["0.weight"] - h).norm() > 0.5 * h.norm()


def test_the_fisher_follows_its_seed_and_leaves_the_global_one_alone(tiny):
    state = torch.get_rng_state()
    one, again, other = (fisher(*tiny, seed=seed)["0.weight"] for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(state, torch.get_rng_state())


def test_only_the_empirical_fisher_looks_at_the_labels(tiny):
    model, split = tiny
    other = Split(split.images, split.labels.flip(0))
    for same in (diagonal_hessian, lecun_diagonal, lambda m, s: fisher(m, s, seed=0)):
        assert torch.equal(same(model, split)["0.weight"], same(model, other)["0.weight"])
    assert not torch.equal(
        empirical_fisher(model, split)["0.weight"], empirical_fisher(model, other)["0.weight"]
    )


# ---------------------------------------------------------------- units


@pytest.mark.parametrize("score", [taylor_scores, obd_scores, second_order_scores])
def test_scores_do_not_depend_on_the_units_of_the_inputs(score):
    model, split = mlp()
    units = 2.0 ** torch.tensor([[-3, 0, 2], [1, 4, -1]])
    other = copy.deepcopy(model)
    other[1].weight.data /= units.flatten()
    there = score(other, Split(split.images * units, split.labels))
    for name, value in score(model, split).items():
        assert torch.equal(value, there[name])


# ---------------------------------------------------------------- one layer


def layer(seed=0):
    """A weight 5 by 12 and correlated inputs."""
    inputs = rand(60, 12, seed=seed) @ rand(12, 12, seed=seed + 1)
    return rand(5, 12, seed=seed + 2) - 0.5, inputs


def test_the_surgeons_correction_is_the_best_fit_of_the_rest():
    weight, inputs = layer()
    row, h = weight[0], layer_hessian(inputs, damping=0)
    inverse = torch.linalg.inv(h)
    corrected, left = surgeon_step(row, inverse, 3)
    kept = torch.arange(12) != 3
    best = torch.linalg.lstsq(inputs[:, kept], inputs @ row).solution
    torch.testing.assert_close(corrected[kept], best)
    assert corrected[3] == 0
    error = (corrected - row) @ h @ (corrected - row) / 2
    torch.testing.assert_close(error, row[3] ** 2 / (2 * inverse[3, 3]))
    torch.testing.assert_close(left[kept][:, kept], torch.linalg.inv(h[kept][:, kept]))


def test_sparsegpt_is_the_surgeon_going_from_left_to_right():
    weight, inputs = layer()
    h = layer_hessian(inputs)
    pruned = sparsegpt(weight, inputs, 0.5)
    expected = weight.clone()
    for row, kept in zip(expected, pruned != 0, strict=True):
        for j in range(12):
            inverse = torch.linalg.inv(h[j:, j:])
            if not kept[j]:
                row[j:] -= row[j].clone() / inverse[0, 0] * inverse[0]
                row[j] = 0
    torch.testing.assert_close(pruned, expected)


@pytest.mark.parametrize("block_size", [4, 6, 12, 128])
def test_sparsegpt_keeps_its_density_and_beats_the_mask_alone(block_size):
    weight, inputs = layer()
    pruned = sparsegpt(weight, inputs, 0.5, block_size)
    assert (pruned != 0).sum() == 30
    masked = torch.where(pruned != 0, weight, 0)
    errors = [((w - weight) @ inputs.T).square().sum() for w in (pruned, masked)]
    assert errors[0] < errors[1]


def test_sparsegpt_at_density_one_changes_nothing():
    weight, inputs = layer()
    before = weight.clone()
    assert torch.equal(sparsegpt(weight, inputs, 1.0), before)
    assert torch.equal(weight, before)


def test_wanda_is_optimal_brain_damage_for_the_layers_output():
    weight, inputs = layer()
    damage = weight**2 * layer_hessian(inputs, damping=0).diagonal() / 2
    torch.testing.assert_close(wanda_scores(weight, inputs) ** 2 / (2 * 60), damage)
    mask = row_mask(wanda_scores(weight, inputs), 0.25)
    assert mask.sum(1).tolist() == [3] * 5
    assert torch.equal(mask, row_mask(damage, 0.25))


# ---------------------------------------------------------------- libraries


def test_masks_are_those_of_torch_given_the_same_scores():
    model, split = mlp()
    scores = obd_scores(model, split)
    masks = global_masks(scores, 0.5)
    theirs = copy.deepcopy(model)
    weights = [(theirs[i], "weight") for i in (1, 3, 5)]
    prune.global_unstructured(
        weights,
        pruning_method=prune.L1Unstructured,
        importance_scores=dict(zip(weights, scores.values(), strict=True)),
        amount=0.5,
    )
    for (module, _), mask in zip(weights, masks.values(), strict=True):
        assert torch.equal(module.weight_mask.bool(), mask)


def test_taylor_scores_of_a_neuron_are_those_of_torch_pruning():
    model, split = mlp()
    theirs = copy.deepcopy(model)
    graph = torch_pruning.DependencyGraph().build_dependency(
        theirs, example_inputs=split.images[:1]
    )
    group = graph.get_pruning_group(
        theirs[1], torch_pruning.prune_linear_out_channels, idxs=list(range(5))
    )
    F.cross_entropy(theirs(split.images), split.labels).backward()
    importance = torch_pruning.importance.GroupTaylorImportance(
        group_reduction="first", normalizer=None
    )
    ours = taylor_scores(model, split)["1.weight"].sum(1)
    torch.testing.assert_close(importance(group), ours.float())


# ---------------------------------------------------------------- bad input


def state(model):
    """All that scoring must not change."""
    values = {n: p.detach().clone() for n, p in model.named_parameters()}
    return values, model.training, [p.requires_grad for p in model.parameters()]


def assert_untouched(model, before):
    values, training, frozen = before
    now, mode, flags = state(model)
    assert (mode, flags) == (training, frozen)
    assert all(torch.equal(now[n].nan_to_num(), values[n].nan_to_num()) for n in values)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("score", SCORES)
def test_scoring_leaves_the_model_as_it_was(score):
    model, split = mlp()
    model.train()
    model[1].weight.requires_grad_(False)
    before = state(model)
    assert set(score(model, split)) == set(prunable(model))
    assert_untouched(model, before)


@pytest.mark.parametrize("score", SCORES)
def test_bad_weights_and_no_examples_are_refused(score):
    model, split = mlp()
    with pytest.raises(ValueError, match="pass a split with examples"):
        score(model, Split(split.images[:0], split.labels[:0]))
    with pytest.raises(ValueError, match="no weights to score"):
        score(nn.Sequential(nn.Flatten()), split)
    model[3].weight.data[0, 0] = float("nan")
    before = state(model)
    with pytest.raises(ValueError, match=r"3\.weight holds NaN"):
        score(model, split)
    assert_untouched(model, before)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Tanh(),
        nn.Conv2d(2, 2, 1, groups=2),
        nn.Conv2d(2, 2, 3, padding="same"),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
    ],
    ids=str,
)
def test_a_layer_without_a_rule_is_refused_by_name(layer):
    model = nn.Sequential(nn.Flatten(0, 0), layer, nn.Linear(2, 2))
    before = state(model)
    split = Split(torch.rand(3, 2), torch.tensor([0, 1, 0]))
    with pytest.raises(ValueError, match=r"Layer '1'.* has no curvature rule"):
        diagonal_hessian(model, split)
    assert_untouched(model, before)


def test_a_model_without_an_order_of_layers_is_refused():
    model = models.build("tiny_transformer", seed=0)
    split = Split(torch.ones(2, 4, dtype=torch.long), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="Sequential"):
        diagonal_hessian(model, split)


def test_a_layer_that_is_used_twice_is_refused():
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    split = Split(torch.rand(4, 3), torch.tensor([0, 1, 2, 0]))
    with pytest.raises(ValueError, match="more than once"):
        diagonal_hessian(model, split)


@pytest.mark.parametrize("method", [wanda_scores, lambda w, x: sparsegpt(w, x, 0.5)])
def test_bad_layers_are_refused(method):
    weight, inputs = layer()
    for bad in (inputs[:0], inputs[:, :5], inputs[0]):
        with pytest.raises(ValueError, match=r"needs inputs \[N, 12\]"):
            method(weight, bad)
    broken = weight.clone()
    broken[0, 0] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinity"):
        method(broken, inputs)


@pytest.mark.parametrize("density", [-0.1, 1.1])
def test_a_density_outside_of_zero_and_one_is_refused(density):
    with pytest.raises(ValueError, match="fraction kept"):
        sparsegpt(*layer(), density)


def test_dead_inputs_do_not_stop_sparsegpt():
    weight, inputs = layer()
    inputs[:, 4] = 0
    assert sparsegpt(weight, inputs, 0.5).isfinite().all()
    with pytest.raises(ValueError, match="damping"):
        sparsegpt(weight, inputs, 0.5, damping=0)
