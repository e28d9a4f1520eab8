"""Distillation: the loss and its gradient, temperatures, teachers, ensembles, MUNGE, controls."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from featherweight import models
from featherweight.data import Split
from featherweight.techniques.knowledge_distillation import (
    as_logits,
    difficulty_only,
    distillation_loss,
    ensemble_logits,
    label_weight,
    munge,
    nearest_neighbors,
    permuted,
    relations_only,
    smoothing_only,
    soft_loss,
    softened,
    taught_by,
    teacher_logits,
)
from featherweight.train import Batch, train

LABELS = torch.tensor([0, 1])


def student_logits():
    logits = torch.tensor([[0.0, 0, 4], [1, -1, 0]], dtype=torch.float64)
    return logits.requires_grad_()


def teachers_logits():
    return torch.tensor([[2.0, 1, 0], [0.5, 0, -3]], dtype=torch.float64)


def gradient(loss, logits):
    return torch.autograd.grad(loss, logits)[0]


def drawn(*shape, seed=0, factor=3.0):
    generator = torch.Generator().manual_seed(seed)
    return factor * torch.randn(*shape, generator=generator, dtype=torch.float64)


# ---------------------------------------------------------------- softmax with a temperature


def test_temperature_two_halves_the_logits():
    p = softened(torch.tensor([[2.0, 0.0]]), 2)
    assert p[0].tolist() == pytest.approx([0.7310586, 0.2689414])


def test_shifting_all_logits_changes_nothing():
    z = drawn(4, 5)
    torch.testing.assert_close(softened(z + 7, 3.0), softened(z, 3.0))


def test_entropy_grows_with_the_temperature_up_to_that_of_equal_classes():
    z = drawn(6, 5)
    entropies = [-(p * p.log()).sum(1) for p in (softened(z, T) for T in (0.5, 1, 2, 4, 8, 1e6))]
    for colder, hotter in pairwise(entropies):
        assert (hotter > colder).all()
    torch.testing.assert_close(entropies[-1], torch.full((6,), math.log(5), dtype=torch.float64))


def test_a_low_temperature_decides_and_large_logits_stay_finite():
    z = torch.tensor([[1e4, 0.0, -1e4]])
    assert softened(z, 0.01).tolist() == [[1, 0, 0]]
    assert softened(z, 1e4).isfinite().all()


def test_logarithms_of_probabilities_serve_as_logits():
    z = drawn(3, 4)
    torch.testing.assert_close(softened(softened(z).log(), 4.0), softened(z, 4.0))


# ---------------------------------------------------------------- the loss


def test_the_loss_has_the_value_computed_by_hand():
    s, t = student_logits(), teachers_logits()
    assert soft_loss(s, t, 4).item() == pytest.approx(2.2911500553, abs=1e-9)
    total = distillation_loss(s, t, LABELS, temperature=4, alpha=0.7)
    assert total.item() == pytest.approx(2.5703423783, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.5, 1, 4, 20])
@pytest.mark.parametrize("alpha", [0, 0.3, 1])
def test_the_gradient_is_the_one_derived(temperature, alpha):
    s, t = drawn(7, 5).requires_grad_(), drawn(7, 5, seed=1)
    y = torch.tensor([0, 1, 2, 3, 4, 0, 1])
    got = gradient(distillation_loss(s, t, y, temperature, alpha), s)
    soft = temperature * (softened(s, temperature) - softened(t, temperature))
    hard = softened(s) - F.one_hot(y, 5)
    torch.testing.assert_close(got, (alpha * soft + (1 - alpha) * hard) / 7)


def test_at_high_temperature_the_student_regresses_the_centered_logits():
    s, t = drawn(3, 4).requires_grad_(), drawn(3, 4, seed=1)
    centered = (s - s.mean(1, True)) - (t - t.mean(1, True))
    torch.testing.assert_close(
        gradient(soft_loss(s, t, 1e5), s), centered / (4 * 3), atol=1e-4, rtol=0
    )


def test_nothing_is_lost_and_nothing_pulls_when_the_student_agrees():
    s = drawn(3, 4).requires_grad_()
    loss = soft_loss(s, s.detach().clone(), 4)
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert gradient(loss, s).abs().max() < 1e-12


def test_weight_zero_is_the_cross_entropy():
    s = student_logits()
    loss = distillation_loss(s, teachers_logits(), LABELS, 4, alpha=0)
    assert loss.item() == F.cross_entropy(s, LABELS).item()


@pytest.mark.parametrize("temperature", [1, 3])
def test_torch_gives_the_same_loss_from_its_own_parts(temperature):
    s, t = drawn(6, 5).requires_grad_(), drawn(6, 5, seed=1)
    log_p_s, log_p_t = ((z / temperature).log_softmax(1) for z in (s, t))
    ours = soft_loss(s, t, temperature)
    divergence = F.kl_div(log_p_s, log_p_t, reduction="batchmean", log_target=True)
    theirs = temperature**2 * divergence
    soft_targets = temperature**2 * F.cross_entropy(s / temperature, log_p_t.exp())
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient(ours, s), gradient(theirs, s))
    torch.testing.assert_close(gradient(soft_loss(s, t, temperature), s), gradient(soft_targets, s))


def test_a_teacher_without_knowledge_smooths_labels():
    s = student_logits()
    equal = torch.zeros(2, 3, dtype=torch.float64)
    theirs = F.cross_entropy(s, LABELS, label_smoothing=0.3)
    assert theirs.item() == pytest.approx(2.8717911321, abs=1e-9)
    ours = distillation_loss(s, equal, LABELS, temperature=1, alpha=0.3)
    assert (theirs - ours).item() == pytest.approx(0.3 * math.log(3))
    torch.testing.assert_close(gradient(ours, s), gradient(theirs, s))


def test_the_teacher_gets_no_gradient_and_no_tensor_changes():
    s, t = student_logits(), teachers_logits().requires_grad_()
    before = s.detach().clone(), t.detach().clone()
    distillation_loss(s, t, LABELS).backward()
    assert t.grad is None and s.grad is not None
    assert s.equal(before[0]) and t.equal(before[1])


# ---------------------------------------------------------------- teachers


def picture_split(num=40):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(num, 1, 4, 4, generator=generator)
    return Split(images, torch.arange(num) % 3)


def test_the_teachers_answers_do_not_depend_on_the_order_of_batches():
    split = picture_split()
    teacher = models.build("mlp", seed=1, sizes=(16, 3)).eval()
    logits = teacher_logits(teacher, split)
    student = models.build("mlp", seed=2, sizes=(16, 3))
    loss_fn, order = taught_by(logits, 2.0, 0.8), torch.randperm(40)
    losses = []
    for index in order.split(10):
        batch = Batch(split.images[index], split.labels[index], index)
        losses.append(loss_fn(student, batch).item())
    whole = distillation_loss(student(split.images), logits, split.labels, 2.0, 0.8)
    assert sum(losses) / len(losses) == pytest.approx(whole.item(), rel=1e-5)


def test_a_student_trained_by_a_teacher_comes_to_agree_with_it():
    split = picture_split()
    teacher = models.build("mlp", seed=1, sizes=(16, 3)).eval()
    state = {name: p.clone() for name, p in teacher.state_dict().items()}
    logits = teacher_logits(teacher, split)
    student = models.build("mlp", seed=2, sizes=(16, 3))
    loss_fn = taught_by(logits, 4.0, 1.0)
    train(student, split, num_epochs=200, lr=0.5, loss_fn=loss_fn, progress=False)
    assert soft_loss(student(split.images), logits, 1.0) < 1e-3
    assert not teacher.training
    assert all(p.equal(state[name]) for name, p in teacher.state_dict().items())
    assert all(p.grad is None for p in teacher.parameters())


def test_batch_normalization_of_the_teacher_stays_as_it_was():
    teacher = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 3)).eval()
    before = teacher[1].running_mean.clone()
    teacher_logits(teacher, picture_split())
    assert teacher[1].running_mean.equal(before)


# ---------------------------------------------------------------- ensembles and MUNGE


def test_an_ensemble_averages_probabilities_not_logits():
    members = [torch.tensor([[0.9, 0.1]]), torch.tensor([[0.8, 0.2]]), torch.tensor([[0.1, 0.9]])]
    mean = ensemble_logits([p.log() for p in members]).softmax(1)
    torch.testing.assert_close(mean, torch.tensor([[0.6, 0.4]]))
    of_logits = torch.stack([p.log() for p in members]).mean(0).softmax(1)
    assert not torch.allclose(mean, of_logits, atol=0.01)


def test_the_nearest_neighbor_of_an_example_is_another_one():
    points = torch.tensor([[0.0], [1.0], [1.1], [5.0]])
    assert nearest_neighbors(points).tolist() == [1, 2, 1, 2]


def test_munge_without_swaps_copies_and_with_sharp_ones_gives_the_neighbors():
    images = torch.rand(5, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    before = images.clone()
    assert munge(images, 2, swap=0).equal(images.repeat(2, 1, 1, 1))
    neighbors = images[nearest_neighbors(images.flatten(1))]
    torch.testing.assert_close(
        munge(images, 2, swap=1, sharpness=1e9), neighbors.repeat(2, 1, 1, 1)
    )
    assert images.equal(before)


def test_munge_draws_with_the_distance_over_the_sharpness_as_deviation():
    images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    drawn_images = munge(images, 20_000, swap=1, sharpness=4).view(-1, 2)
    assert drawn_images.mean(0).tolist() == pytest.approx([1, 0], abs=0.01)
    assert drawn_images.std(0).tolist() == pytest.approx([0.25, 0.25], abs=0.01)
    assert munge(images, 3, seed=1).equal(munge(images, 3, seed=1))
    assert not munge(images, 3, seed=1).equal(munge(images, 3, seed=2))


# ---------------------------------------------------------------- what a teacher knows


def test_the_labels_gradient_is_rescaled_by_the_formula():
    s, t = student_logits(), teachers_logits()
    expected = [0.7955319456, 0.5849806287]
    assert label_weight(s, t, LABELS, 0.6).tolist() == pytest.approx(expected)
    at_label = torch.arange(2), LABELS
    taught = gradient(distillation_loss(s, t, LABELS, 1, 0.6), s)[at_label]
    alone = gradient(F.cross_entropy(s, LABELS), s)[at_label]
    assert (taught / alone).tolist() == pytest.approx(expected)


def examples():
    return drawn(60, 5), torch.arange(60) % 5


def test_probabilities_come_back_from_their_logits():
    p = softened(drawn(4, 6))
    torch.testing.assert_close(softened(as_logits(p, 4.0), 4.0), p)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_difficulty_only_keeps_the_labels_probability_and_no_other(temperature):
    z, y = examples()
    p, full = (softened(logits, temperature) for logits in (difficulty_only(z, y, temperature), z))
    at_label = F.one_hot(y, 5).bool()
    torch.testing.assert_close(p[at_label], full[at_label])
    others = p[~at_label].view(60, 4)
    torch.testing.assert_close(others, others[:, :1].expand(-1, 4))


def test_smoothing_only_gives_every_example_the_same_share():
    z, y = examples()
    p, full = softened(smoothing_only(z, y, 4.0), 4.0), softened(z, 4.0)
    at_label = F.one_hot(y, 5).bool()
    torch.testing.assert_close(p[at_label], full[at_label].mean().expand(60))
    torch.testing.assert_close(p.sum(1), torch.ones(60, dtype=torch.float64))


def test_relations_only_gives_each_class_its_mean_target():
    z, y = examples()
    p, full = softened(relations_only(z, y, 4.0), 4.0), softened(z, 4.0)
    for label in range(5):
        expected = full[y == label].mean(0).expand(12, 5)
        torch.testing.assert_close(p[y == label], expected)


def test_relations_of_a_class_without_examples_disturb_nobody():
    z = drawn(6, 5)
    assert relations_only(z, torch.tensor([0, 1, 0, 1, 0, 1]), 4.0).isfinite().all()


def test_permuted_keeps_the_label_and_the_numbers_and_differs_between_examples():
    z = torch.arange(5.0).repeat(60, 1)
    y, before = torch.full((60,), 2), z.clone()
    shuffled = permuted(z, y, seed=3)
    assert (shuffled[:, 2] == 2).all()
    assert shuffled.sort(dim=1).values.equal(z)
    assert len({tuple(row) for row in shuffled.tolist()}) > 10
    assert z.equal(before) and shuffled.equal(permuted(z, y, seed=3))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature):
    s, t = student_logits(), teachers_logits()
    for call in (
        lambda: softened(s, temperature),
        lambda: soft_loss(s, t, temperature),
        lambda: distillation_loss(s, t, LABELS, temperature),
        lambda: taught_by(t, temperature),
        lambda: as_logits(softened(t), temperature),
    ):
        with pytest.raises(ValueError, match="temperature must be above 0"):
            call()


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
def test_a_weight_outside_of_zero_and_one_is_refused(alpha):
    s, t = student_logits(), teachers_logits()
    for call in (
        lambda: distillation_loss(s, t, LABELS, alpha=alpha),
        lambda: taught_by(t, alpha=alpha),
        lambda: label_weight(s, t, LABELS, alpha),
    ):
        with pytest.raises(ValueError, match="between 0 and 1"):
            call()


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (2,)])
def test_logits_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match=r"both need \(examples, classes\)"):
        soft_loss(student_logits(), torch.zeros(shape, dtype=torch.float64), 4)
    with pytest.raises(ValueError, match=r"both need \(examples, classes\)"):
        soft_loss(torch.zeros(3), torch.zeros(3), 4)


@pytest.mark.parametrize("labels", [torch.tensor([0]), torch.tensor([0.0, 1.0]), LABELS[None]])
def test_labels_that_do_not_belong_to_the_logits_are_refused(labels):
    with pytest.raises(ValueError, match="one whole number as the label"):
        distillation_loss(student_logits(), teachers_logits(), labels)
    for rob in (smoothing_only, difficulty_only, relations_only):
        with pytest.raises(ValueError, match="one whole number as the label"):
            rob(teachers_logits(), labels, 4.0)
    with pytest.raises(ValueError, match="one whole number as the label"):
        permuted(teachers_logits(), labels)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_logits_that_are_no_numbers_are_refused(value):
    s, t = student_logits().detach(), teachers_logits()
    for bad in (s, t):
        kept = bad[1, 1].item()
        bad[1, 1] = value
        with pytest.raises(ValueError, match="not finite: look for NaN or infinite logits"):
            distillation_loss(s, t, LABELS)
        bad[1, 1] = kept


def test_a_teacher_in_training_mode_or_with_broken_weights_is_refused():
    teacher, split = models.build("mlp", seed=0, sizes=(16, 3)), picture_split()
    with pytest.raises(ValueError, match=r"call teacher\.eval\(\) first"):
        teacher_logits(teacher, split)
    assert teacher.training
    nn.init.constant_(teacher[1].weight, math.nan)
    with pytest.raises(ValueError, match="not finite: look at its weights"):
        teacher_logits(teacher.eval(), split)


def test_logits_of_another_split_are_refused():
    split = picture_split()
    with pytest.raises(ValueError, match="for the split you train on"):
        train(
            models.build("mlp", seed=0, sizes=(16, 3)),
            split,
            num_epochs=1,
            lr=0.1,
            loss_fn=taught_by(torch.zeros(30, 3)),
            progress=False,
        )


def test_ensembles_and_munge_refuse_what_has_no_answer():
    with pytest.raises(ValueError, match="at least one member"):
        ensemble_logits([])
    with pytest.raises(ValueError, match="the same examples"):
        ensemble_logits([torch.zeros(2, 3), torch.zeros(3, 3)])
    with pytest.raises(ValueError, match="at least two examples"):
        munge(torch.zeros(1, 1, 2, 2), 1)
    for options in ({"num_copies": 0}, {"num_copies": 1, "swap": 1.5}):
        with pytest.raises(ValueError, match="MUNGE needs"):
            munge(torch.zeros(3, 1, 2, 2), **options)
