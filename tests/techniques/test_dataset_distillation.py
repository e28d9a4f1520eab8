"""Dataset distillation: unrolled gradients, exact regression images, kernels, bad input."""

import math

import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from torch import nn
from torch.func import functional_call, grad
from torch.nn import functional as F

from featherweight import models
from featherweight.data import Split
from featherweight.techniques.dataset_distillation import (
    Distilled,
    centered,
    class_means,
    distill,
    distill_kernel,
    half_squares,
    inner_step,
    kernel_predictions,
    neural_kernel,
    one_per_class,
    outer_gradients,
    outer_loss,
    regression_images,
    solved_labels,
    trained_on,
    trained_weights,
    weights_of,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def steps(*sizes):
    return torch.tensor(sizes, dtype=torch.float64).log()


def small_model(seed=0):
    torch.manual_seed(seed)
    return models.mlp((4, 6, 3)).double()


def real_split(n=40):
    """Three classes of four pixels whose means differ."""
    labels = torch.arange(n) % 3
    return Split(random(n, 4, seed=3) * 0.3 + 2 * F.one_hot(labels, 4), labels)


def worked_example():
    model = nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.5, -0.5]]))
    distilled = Distilled(
        torch.tensor([[1.0, 2], [0, 1]]).double(), torch.tensor([[1.0], [0]]).double(), steps(0.1)
    )
    batch = Split(
        torch.tensor([[1.0, 0], [1, 1], [0, 2]]).double(), torch.tensor([[1.0], [2], [0]]).double()
    )
    return model, distilled, batch


# ---------------------------------------------------------------- unrolled gradients


def test_the_worked_example_comes_out():
    model, distilled, batch = worked_example()
    loss, gradient = outer_gradients(model, distilled, batch, F.mse_loss)
    assert loss.item() == pytest.approx(0.8208333333333333, abs=1e-12)
    expected = torch.tensor([[1 / 60, -0.41166666666666667], [1 / 120, -0.14]]).double()
    assert torch.allclose(gradient.images, expected, atol=1e-7)
    # The logarithm's gradient is the step size's, times the step size.
    assert gradient.log_lr.item() == pytest.approx(-0.675, abs=1e-12)


@pytest.mark.parametrize("num_steps", [1, 3])
def test_gradients_agree_with_torch_func(num_steps):
    model, batch, labels = small_model(), real_split(), torch.tensor([0, 1, 2, 0])
    distilled = Distilled(random(4, 4), labels, steps(*[0.4] * num_steps))
    start = {name: p.detach() for name, p in model.named_parameters()}

    def inner(weights, images, labels):
        return F.cross_entropy(functional_call(model, weights, (images,)), labels)

    def outer(images, log_lr):
        weights = start
        for i in range(num_steps):
            g = grad(inner)(weights, images, labels)
            weights = {n: w - log_lr[i].exp() * g[n] for n, w in weights.items()}
        return inner(weights, batch.images, batch.labels)

    theirs = grad(outer, argnums=(0, 1))(distilled.images, distilled.log_lr)
    _, ours = outer_gradients(model, distilled, batch)
    assert torch.allclose(ours.images, theirs[0], atol=1e-12)
    assert torch.allclose(ours.log_lr, theirs[1], atol=1e-12)
    assert ours.labels is None


def test_gradients_agree_with_finite_differences():
    model, batch = small_model(), real_split()
    parts = [random(2, 4), random(2, 3, seed=1), steps(0.3, 0.5)]
    assert torch.autograd.gradcheck(
        lambda *parts: outer_loss(model, Distilled(*parts), batch),
        [part.requires_grad_() for part in parts],
    )


def test_training_on_distilled_images_is_ordinary_gradient_descent():
    model, labels = small_model(), torch.tensor([2, 0])
    distilled = Distilled(random(2, 4), labels, steps(0.3, 0.1))
    ours = trained_on(model, distilled)
    expected = small_model()
    for lr in (0.3, 0.1):
        optimizer = torch.optim.SGD(expected.parameters(), lr)
        optimizer.zero_grad()
        F.cross_entropy(expected(distilled.images), labels).backward()
        optimizer.step()
    for mine, other in zip(ours.parameters(), expected.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-12)


def test_nothing_that_is_given_changes():
    model, distilled, batch = worked_example()
    before = [model.weight.detach().clone(), *(part.clone() for part in distilled)]
    outer_gradients(model, distilled, batch, F.mse_loss)
    trained_on(model, distilled, F.mse_loss)
    after = [model.weight, *distilled]
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert model.weight.grad is None
    assert not any(part.requires_grad for part in distilled)


def test_an_inner_step_makes_new_tensors_that_remember_their_gradient():
    weights = {"w": torch.tensor([1.0, 2.0], requires_grad=True)}
    scale = torch.tensor(3.0, requires_grad=True)
    moved = inner_step(scale * weights["w"].pow(2).sum(), weights, 0.1)
    assert torch.allclose(moved["w"], torch.tensor([0.4, 0.8]))
    (slope,) = torch.autograd.grad(moved["w"].sum(), scale)
    assert slope.item() == pytest.approx(-0.6)


# ---------------------------------------------------------------- the outer optimization


def test_distilled_images_beat_those_they_began_with():
    split = real_split(300)
    model = small_model()
    real = one_per_class(split, seed=0)
    begin = Distilled(real.images, real.labels, steps(0.5))
    end = distill(begin, lambda step: model, split, num_steps=60, lr=0.1, batch_size=64)
    batch = Split(split.images, split.labels)
    assert outer_loss(model, end, batch) < 0.9 * outer_loss(model, begin, batch)
    assert torch.equal(end.labels, real.labels)


def test_real_valued_labels_are_learned_and_step_sizes_stay_positive():
    split, model = real_split(300), small_model()
    begin = Distilled(random(2, 4), torch.zeros(2, 3).double(), steps(0.001))
    end = distill(begin, lambda step: model, split, num_steps=40, lr=0.5, batch_size=32)
    assert (end.labels - begin.labels).abs().max() > 0.1
    assert (end.log_lr.exp() > 0).all()
    assert torch.equal(begin.labels, torch.zeros(2, 3).double())


def test_every_step_asks_for_its_start_and_reports_once():
    asked, reported = [], []
    split, model = real_split(), small_model()
    begin = Distilled(random(3, 4), torch.arange(3), steps(0.1))

    def start(step):
        asked.append(step)
        return model

    options = {"batch_size": 8, "after_step": lambda learned, step: reported.append(step)}
    distill(begin, start, split, num_steps=4, **options)
    assert asked == reported == [1, 2, 3, 4]


def test_the_same_seed_gives_the_same_images():
    split, model = real_split(), small_model()
    begin = Distilled(random(3, 4), torch.arange(3), steps(0.1))
    ends = [
        distill(begin, lambda step: model, split, num_steps=5, batch_size=8, seed=seed).images
        for seed in (0, 0, 1)
    ]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


# ---------------------------------------------------------------- linear regression


@pytest.mark.parametrize("lr", [0.1, 1.0, 7.0])
def test_as_many_images_as_inputs_reach_least_squares_in_one_step_from_anywhere(lr):
    inputs, targets = random(50, 6), random(50, 2, seed=1)
    solution = torch.linalg.lstsq(inputs, targets).solution
    distilled = regression_images(solution, lr)
    for seed in range(3):
        torch.manual_seed(seed)
        end = trained_on(nn.Linear(6, 2, bias=False).double(), distilled, half_squares)
        assert torch.allclose(end.weight.T, solution, atol=1e-12)


def test_with_fewer_images_the_start_remains():
    solution = random(6, 2)
    images, labels, log_lr = regression_images(solution, 1.0)
    torch.manual_seed(0)
    model = nn.Linear(6, 2, bias=False).double()
    end = trained_on(model, Distilled(images[1:], labels[1:], log_lr), half_squares)
    assert torch.allclose(end.weight[:, 0], model.weight[:, 0])


# ---------------------------------------------------------------- controls


def test_one_image_of_each_class_is_drawn_from_the_split():
    split = real_split()
    chosen = one_per_class(split, seed=5)
    assert chosen.labels.tolist() == [0, 1, 2]
    for image, label in zip(chosen.images, chosen.labels, strict=True):
        assert any(torch.equal(image, x) for x in split.images[split.labels == label])
    assert not torch.equal(chosen.images, one_per_class(split, seed=6).images)


def test_class_means_are_means():
    split = Split(torch.tensor([[1.0], [3], [10]]), torch.tensor([4, 4, 7]))
    means = class_means(split)
    assert means.images.tolist() == [[2.0], [10.0]]
    assert means.labels.tolist() == [4, 7]


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize("depth", [1, 2])
def test_the_kernel_is_the_limit_of_random_networks(depth):
    """The products of the gradients of a wide random network, summed layer by layer."""
    x, width = random(4, 5), 3_000
    torch.manual_seed(0)
    hidden, covariance, tangent = x / 5**0.5, x @ x.T / 5, x @ x.T / 5
    for _ in range(depth):
        before = hidden @ torch.randn(hidden.shape[1], width, dtype=torch.float64)
        active = (before > 0).double()
        tangent = tangent * (2 * active @ active.T / width)
        hidden = before.relu() * (2 / width) ** 0.5
        covariance = hidden @ hidden.T
        tangent = covariance + tangent
    assert (neural_kernel(x, x, depth) - tangent).norm() < 0.1 * tangent.norm()


def test_the_kernel_of_an_image_with_itself_has_no_angle():
    x = random(3, 7)
    diagonal = neural_kernel(x, x, depth=1).diagonal()
    assert torch.allclose(diagonal, 2 * x.pow(2).sum(1) / 7, atol=1e-5)


def test_the_kernel_is_symmetric_positive_and_differentiable_where_images_meet():
    x = random(6, 7).requires_grad_()
    kernel = neural_kernel(x, x, depth=3)
    assert torch.allclose(kernel, kernel.T, atol=1e-12)
    assert torch.linalg.eigvalsh(kernel.detach()).min() > 0
    (slope,) = torch.autograd.grad(kernel.sum(), x)
    assert slope.isfinite().all()


def test_predictions_agree_with_scikit_learn():
    support, images, labels = random(8, 5), random(11, 5, seed=1), random(8, 3, seed=2)
    inner = neural_kernel(support, support)
    ridge = 0.01
    theirs = KernelRidge(alpha=ridge * inner.diagonal().mean().item(), kernel="precomputed")
    theirs.fit(inner.numpy(), labels.numpy())
    expected = theirs.predict(neural_kernel(images, support).numpy())
    ours = kernel_predictions(images, support, labels, ridge)
    assert torch.allclose(ours, torch.from_numpy(expected), atol=1e-9)


def test_no_other_labels_fit_better_than_the_solved_ones():
    split, support = real_split(60), random(5, 4, seed=9)
    targets = centered(split.labels, 10)

    def error(labels):
        return (kernel_predictions(split.images, support, labels) - targets).pow(2).sum()

    solved = solved_labels(split, support)
    least = error(solved)
    for seed in range(5):
        assert error(solved + 1e-3 * random(*solved.shape, seed=seed)) > least
    solved.requires_grad_()
    (slope,) = torch.autograd.grad(error(solved), solved)
    assert slope.abs().max() < 1e-6


def test_kernel_images_beat_those_they_began_with():
    split = real_split(200)
    begin = one_per_class(split, seed=0)

    def error(support):
        outputs = kernel_predictions(split.images, support.images, centered(support.labels))
        return (outputs - centered(split.labels)).pow(2).mean().item()

    given = begin.images.clone()
    end = distill_kernel(begin, split, num_steps=60, lr=0.05, batch_size=64)
    assert error(end) < 0.9 * error(begin)
    assert torch.equal(end.labels, begin.labels)
    assert torch.equal(begin.images, given)


def test_centered_labels_sum_to_zero():
    labels = centered(torch.tensor([0, 3]), 5)
    assert labels.sum(1).abs().max() < 1e-12
    assert labels[1].argmax() == 3


# ---------------------------------------------------------------- bad input


GOOD = Distilled(random(3, 4), torch.arange(3), steps(0.1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": torch.arange(2)}, "3 images and 2 labels"),
        ({"images": random(0, 4), "labels": torch.arange(0)}, "at least one image"),
        ({"log_lr": torch.tensor(0.1)}, "one logarithm for each step"),
        ({"log_lr": torch.zeros(0)}, "one logarithm for each step"),
        ({"log_lr": steps(0.0)}, "smaller lr"),
        ({"images": torch.full((3, 4), math.nan)}, "smaller lr"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        trained_weights(small_model(), GOOD._replace(**changes))


@pytest.mark.parametrize(
    "wrong", [{"num_steps": 0}, {"lr": 0}, {"lr": math.nan}, {"batch_size": 0}]
)
def test_an_optimization_that_cannot_run_is_refused(wrong):
    options = {"num_steps": 2, "lr": 0.1, "batch_size": 8} | wrong
    with pytest.raises(ValueError, match="Distillation needs num_steps >= 1"):
        distill(GOOD, lambda step: small_model(), real_split(), **options)
    with pytest.raises(ValueError, match="Distillation needs num_steps >= 1"):
        distill_kernel(real_split(), real_split(), **options)


def test_a_model_with_batch_statistics_is_refused():
    with pytest.raises(ValueError, match="batch normalization"):
        weights_of(nn.BatchNorm1d(3))


def test_a_kernel_refuses_black_images_and_no_layer():
    with pytest.raises(ValueError, match="not all zeros"):
        neural_kernel(torch.zeros(1, 4), random(2, 4))
    with pytest.raises(ValueError, match="depth >= 1"):
        neural_kernel(random(2, 4), random(2, 4), depth=0)


def test_a_ridge_or_step_size_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="above 0; got 0"):
        kernel_predictions(random(2, 4), random(2, 4), random(2, 3), ridge=0)
    with pytest.raises(ValueError, match="above 0; got -1"):
        regression_images(random(3, 2), -1)
