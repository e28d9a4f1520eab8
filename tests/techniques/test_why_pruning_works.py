"""Projections, supermasks, wirings and SAM: exact values, properties, and refusals."""

import copy
from functools import partial

import pytest
import torch
from sklearn.random_projection import johnson_lindenstrauss_min_dim
from torch import nn
from torch.nn import functional as F

from featherweight import models
from featherweight.data import Split
from featherweight.techniques.why_pruning_works import (
    EdgePopupLinear,
    RandomSubspace,
    StraightThrough,
    WiringLinear,
    random_projection,
    random_signs,
    sam_loss,
    sharpness,
    stacked,
    sufficient_dimension,
    top_edges,
    worst_neighbor,
)
from featherweight.train import Batch, cross_entropy, train


@pytest.fixture
def split():
    """Sixty random points in three classes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(60, 1, 2, 3, generator=generator)
    return Split(images, images[:, 0, 0].argmax(dim=1))


@pytest.fixture
def model():
    return models.build("mlp", seed=0, sizes=(6, 5, 3))


def batch_of(split):
    return Batch(split.images, split.labels, torch.arange(len(split)))


def state(model):
    """Copies of all weights, buffers and gradients."""
    grads = {f"{n}.grad": p.grad for n, p in model.named_parameters() if p.grad is not None}
    return {name: t.clone() for name, t in (model.state_dict() | grads).items()}


def same(one, other):
    return one.keys() == other.keys() and all(
        torch.allclose(one[name], other[name], rtol=0, atol=0, equal_nan=True) for name in one
    )


# ---------------------------------------------------------------- projections


def test_a_projection_keeps_squared_lengths_on_average():
    vector = torch.linspace(-1, 2, 50)
    lengths = [(vector @ random_projection(50, 8, seed)).square().sum() for seed in range(400)]
    ratio = torch.stack(lengths) / vector.square().sum()
    assert ratio.mean() == pytest.approx(1, abs=0.1)
    assert ratio.std() == pytest.approx((2 / 8) ** 0.5, abs=0.1)


def test_the_same_seed_gives_the_same_projection():
    assert torch.equal(random_projection(5, 3, 1), random_projection(5, 3, 1))
    assert not torch.equal(random_projection(5, 3, 1), random_projection(5, 3, 2))


@pytest.mark.parametrize("num_points", [10, 300, 10**6])
@pytest.mark.parametrize("distortion", [0.05, 0.3, 0.9])
def test_the_sufficient_dimension_is_that_of_scikit_learn(num_points, distortion):
    theirs = johnson_lindenstrauss_min_dim(num_points, eps=distortion)  # rounded down
    assert 0 <= sufficient_dimension(num_points, distortion) - theirs <= 1


@pytest.mark.parametrize("distortion", [0.0, 1.0, -0.1, float("nan")])
def test_a_distortion_outside_the_open_interval_is_refused(distortion):
    with pytest.raises(ValueError, match="A distortion lies between 0 and 1"):
        sufficient_dimension(100, distortion)


# ---------------------------------------------------------------- random subspaces


def test_random_signs_make_orthogonal_columns_of_the_groups_sizes():
    column, sign = random_signs(40, 7, seed=3)
    matrix = torch.zeros(40, 7)
    matrix[torch.arange(40), column] = sign
    assert set(sign.tolist()) == {-1.0, 1.0}
    assert torch.equal(matrix.T @ matrix, torch.diag(column.bincount(minlength=7).float()))


def test_a_subspace_starts_at_the_model_and_moves_only_its_position(model, split):
    subspace = RandomSubspace(model, 4, seed=0)
    before = state(model)
    assert torch.equal(subspace(split.images), model(split.images))
    train(subspace, split, num_epochs=2, lr=0.1, batch_size=20, progress=False)
    assert same(state(model), before)
    assert same(state(subspace.model), before)
    assert [n for n, p in subspace.named_parameters() if p.requires_grad] == ["position"]
    assert subspace.position.abs().min() > 0


def test_the_gradient_of_a_position_is_the_signed_sum_over_its_weights(model, split):
    subspace = RandomSubspace(model, 4, seed=0)
    cross_entropy(subspace, batch_of(split)).backward()
    cross_entropy(model, batch_of(split)).backward()
    flat = torch.cat([p.grad.flatten() for p in model.parameters()])
    expected = torch.zeros(4).index_add(0, subspace.column, subspace.sign * flat)
    assert torch.allclose(subspace.position.grad, expected, atol=1e-6)


@pytest.mark.parametrize("num_directions", [0, -1, 10**6])
def test_too_few_or_too_many_directions_are_refused(model, num_directions):
    before = state(model)
    with pytest.raises(ValueError, match=r"Choose from 1 to 53 directions; got"):
        RandomSubspace(model, num_directions, seed=0)
    assert same(state(model), before)


# ---------------------------------------------------------------- edge-popup


@pytest.fixture
def popup():
    """The fixture of the chapter, in double precision."""
    layer = EdgePopupLinear(2, 2, density=0.5).double()
    layer.weight.copy_(torch.tensor([[0.5, -1.0], [2.0, 0.25]]))
    layer.scores.data.copy_(torch.tensor([[0.3, -0.9], [0.1, 0.6]]).double())
    return layer


def test_edge_popup_by_hand(popup):
    output = popup(torch.tensor([1.0, 2.0], dtype=torch.float64))
    output.square().sum().backward()
    assert popup.mask().tolist() == [[0, 1], [0, 1]]
    assert output.tolist() == [-2, 0.5]
    assert popup.scores.grad.tolist() == [[-2, -8], [2, 0.5]]
    assert popup.weight.grad is None


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.AdamW])
def test_edge_popup_trains_scores_and_leaves_weights_bit_identical(popup, make):
    weight, scores = popup.weight.clone(), popup.scores.detach().clone()
    optimizer = make(popup.parameters(), lr=0.1, weight_decay=0.1)
    for x in torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)):
        optimizer.zero_grad()
        popup(x).square().sum().backward()
        optimizer.step()
    assert torch.equal(popup.weight, weight)
    assert popup.weight.grad is None
    assert not torch.equal(popup.scores, scores)


@pytest.mark.parametrize(("density", "kept"), [(0.1, 3), (0.5, 15), (1.0, 30)])
def test_edge_popup_keeps_the_asked_for_number_of_edges_in_each_layer(density, kept):
    model = stacked((6, 5, 6), partial(EdgePopupLinear, density=density), seed=0)
    assert [int(model[i].mask().sum()) for i in (1, 3)] == [kept, kept]


def test_the_mask_is_exactly_zero_or_one_and_the_same_at_each_call():
    layer = EdgePopupLinear(30, 20, density=0.3)
    assert set(layer.mask().unique().tolist()) == {0.0, 1.0}
    assert torch.equal(layer.mask(), layer.mask())


def test_signed_constants_keep_the_variance_of_relu_layers():
    layer = EdgePopupLinear(400, 50, density=0.25)
    assert layer.weight.abs().unique().tolist() == pytest.approx([(2 / 100) ** 0.5])
    assert abs(layer.weight.sign().mean()) < 0.1


# ---------------------------------------------------------------- wirings


def test_a_wiring_swaps_when_an_edge_at_rest_overtakes():
    layer = WiringLinear(2, 1, density=0.5)
    layer.weight.data = torch.tensor([[1.0, 0.9]])
    layer.bias.data.zero_()
    output = layer(torch.tensor([1.0, 2.0]))
    assert output.item() == 1.0
    (0.5 * (output - 3).square().sum()).backward()
    assert layer.weight.grad.tolist() == [[-2, -4]]
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    assert layer.mask().tolist() == [[0, 1]]
    assert layer.weight.tolist() == [pytest.approx([1.2, 1.3])]


def test_every_edge_of_a_wiring_gets_the_gradient_of_the_dense_layer():
    layer = WiringLinear(7, 4, density=0.2)
    x = torch.randn(3, 7, generator=torch.Generator().manual_seed(1))
    active = (layer.weight * layer.mask()).detach().requires_grad_()
    F.linear(x, active, layer.bias).square().sum().backward()
    layer(x).square().sum().backward()
    assert torch.allclose(layer.weight.grad, active.grad)
    assert (layer.weight.grad[layer.mask() == 0] != 0).all()


def test_a_wiring_remembers_its_edges_at_rest():
    layer = WiringLinear(7, 4, density=0.2)
    before = layer.weight.detach().clone()
    layer(torch.ones(1, 7))
    assert torch.equal(layer.weight, before)
    assert torch.count_nonzero(layer.weight) == 28


@pytest.mark.parametrize("kind", [EdgePopupLinear, WiringLinear])
@pytest.mark.parametrize(
    ("density", "message"),
    [
        (0.0, "keeps none of 12 edges"),
        (0.01, "keeps none of 12 edges"),
        (-0.5, "the fraction kept, from 0 to 1"),
        (30, "the fraction kept, from 0 to 1"),
        (float("nan"), "the fraction kept, from 0 to 1"),
    ],
)
def test_an_unfit_density_is_refused_when_the_layer_is_made(kind, density, message):
    with pytest.raises(ValueError, match=message):
        kind(4, 3, density)


@pytest.mark.parametrize("kind", [EdgePopupLinear, WiringLinear])
def test_nan_scores_are_refused_and_nothing_changes(kind):
    layer = kind(4, 3, density=0.5)
    scores = layer.scores if kind is EdgePopupLinear else layer.weight
    scores.data[1, 2] = float("nan")
    before = state(layer)
    with pytest.raises(ValueError, match="Some scores are NaN: lower the learning rate"):
        layer(torch.ones(1, 4))
    assert same(state(layer), before)


def test_ties_keep_the_count():
    assert top_edges(torch.ones(10), 0.3).sum() == 3


def test_straight_through_gives_the_value_of_one_and_the_gradient_to_the_other():
    hard, soft = torch.tensor([1.0, 0.0]), torch.tensor([0.3, 0.2], requires_grad=True)
    out = StraightThrough.apply(hard, soft)
    (out * torch.tensor([5.0, 7.0])).sum().backward()
    assert out.tolist() == [1, 0]
    assert soft.grad.tolist() == [5, 7]


def test_a_stack_is_reproducible_and_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other = (stacked((4, 3, 2), nn.Linear, seed=1) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert same(state(one), state(other))
    assert [type(layer) for layer in one] == [nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]


# ---------------------------------------------------------------- sharpness-aware minimization


class Weights(nn.Module):
    """Two parameter tensors with the value of one function of all their entries."""

    def __init__(self, function, *starts):
        super().__init__()
        self.function = function
        self.tensors = nn.ParameterList(torch.tensor(s, dtype=torch.float64) for s in starts)

    def forward(self, images):
        return self.function(torch.cat(list(self.tensors)))


def bowl(w):
    return 0.5 * (torch.tensor([10.0, 1.0], dtype=torch.float64) * w.square()).sum()


def after_one_step(model, rho, lr=0.05):
    batch = Batch(torch.zeros(1), torch.zeros(1), torch.zeros(1))
    sam_loss(rho, lambda model, batch: model(batch.images))(model, batch).backward()
    torch.optim.SGD(model.parameters(), lr=lr).step()
    return torch.cat([w.detach() for w in model.tensors]).tolist()


def test_one_step_of_sam_by_hand():
    expected = [0.4502481405, 0.9495024814]
    assert after_one_step(Weights(bowl, [1.0, 1.0]), rho=0.1) == pytest.approx(expected, abs=1e-9)


def test_the_norm_is_that_of_all_tensors_together():
    expected = [0.4502481405, 0.9495024814]
    split_up = Weights(bowl, [1.0], [1.0])
    assert after_one_step(split_up, rho=0.1) == pytest.approx(expected, abs=1e-9)


def test_sam_without_distance_is_sgd():
    assert after_one_step(Weights(bowl, [1.0, 1.0]), rho=0.0) == [0.5, 0.95]


def test_sam_on_a_linear_function_is_sgd():
    def slope(w):
        return 3 * w[0] - 2 * w[1]

    steps = [after_one_step(Weights(slope, [1.0], [1.0]), rho) for rho in (0.0, 0.5)]
    assert steps[0] == steps[1] == pytest.approx([0.85, 1.1])


def test_a_zero_gradient_moves_nothing():
    assert after_one_step(Weights(bowl, [0.0, 0.0]), rho=0.1) == [0, 0]


def test_training_with_a_distance_of_zero_is_ordinary_training(model, split):
    other = copy.deepcopy(model)
    options = dict(num_epochs=2, lr=0.1, batch_size=16, progress=False)
    train(model, split, **options)
    train(other, split, loss_fn=sam_loss(0.0), **options)
    assert same(state(model), state(other))


def two_passes_in_place(model, batch, rho):
    """SAM as optimizers write it: move the weights, take the gradient, move them back."""
    cross_entropy(model, batch).backward()
    grads = [p.grad.clone() for p in model.parameters()]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    before = [p.detach().clone() for p in model.parameters()]
    with torch.no_grad():
        for p, g in zip(model.parameters(), grads, strict=True):
            p.add_(rho * g / norm)
    model.zero_grad()
    cross_entropy(model, batch).backward()
    with torch.no_grad():
        for p, old in zip(model.parameters(), before, strict=True):
            p.copy_(old)


def test_the_gradient_is_that_of_an_implementation_in_place(model, split):
    other = copy.deepcopy(model)
    two_passes_in_place(other, batch_of(split), rho=0.3)
    sam_loss(0.3)(model, batch_of(split)).backward()
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)


def test_the_neighbor_is_at_the_asked_for_distance(model, split):
    _, moved = worst_neighbor(model, batch_of(split), rho=0.3)
    steps = [moved[n] - p for n, p in model.named_parameters()]
    assert torch.cat([s.flatten() for s in steps]).norm().item() == pytest.approx(0.3, rel=1e-5)


def test_running_statistics_are_updated_once_per_step(split):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    other = copy.deepcopy(model)
    other(split.images)
    sam_loss(0.5)(model, batch_of(split)).backward()
    assert model[2].num_batches_tracked == 1
    assert torch.equal(model[2].running_mean, other[2].running_mean)
    assert torch.equal(model[2].running_var, other[2].running_var)


def test_frozen_weights_stay_where_they_are(model, split):
    model[1].requires_grad_(False)
    _, moved = worst_neighbor(model, batch_of(split), rho=0.3)
    assert set(moved) == {"3.weight", "3.bias"}
    sam_loss(0.3)(model, batch_of(split)).backward()
    assert model[1].weight.grad is None


def test_sharpness_is_the_rise_of_the_loss_and_changes_nothing(model, split):
    for mode in (True, False):
        model.train(mode)
        before = state(model)
        found = sharpness(model, split, rho=0.2)
        assert same(state(model), before)
        assert model.training is mode
    other = copy.deepcopy(model)
    loss, moved = worst_neighbor(model, batch_of(split), rho=0.2)
    other.load_state_dict(moved)
    assert found == pytest.approx((cross_entropy(other, batch_of(split)) - loss).item(), abs=1e-6)
    assert found > 0


def test_sharpness_of_a_bowl_grows_with_the_distance(model, split):
    assert sharpness(model, split, rho=0.0) == 0
    assert sharpness(model, split, rho=0.4) > sharpness(model, split, rho=0.1)


@pytest.mark.parametrize("rho", [-0.1, float("nan"), float("inf")])
def test_an_unfit_distance_is_refused(model, split, rho):
    for refusing in (lambda: sam_loss(rho), lambda: sharpness(model, split, rho)):
        with pytest.raises(ValueError, match="rho is a distance, 0 or larger"):
            refusing()


@pytest.mark.parametrize("measure", [sharpness, lambda m, s: sam_loss(0.1)(m, batch_of(s))])
def test_nan_weights_are_refused_and_nothing_changes(model, split, measure):
    model[1].weight.data[0, 0] = float("nan")
    before = state(model)
    with pytest.raises(ValueError, match="The loss is not finite: check the weights"):
        measure(model, split)
    assert same(state(model), before)
    assert model.training
