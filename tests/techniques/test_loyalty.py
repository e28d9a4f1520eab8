"""Loyalty: agreement and its bounds, Jensen-Shannon, churn, calibration, temperature, attacks."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from torch import nn
from torch.nn import functional as F

from featherweight import measure
from featherweight.techniques.loyalty import (
    agreement_bounds,
    as_probabilities,
    churn,
    error_if_calibrated,
    expected_calibration_error,
    fgsm,
    fit_temperature,
    independent_agreement,
    js_divergence,
    label_loyalty,
    pgd,
    probability_loyalty,
    reliability,
    repeated_errors,
)

P = torch.tensor([[0.75, 0.2, 0.05]], dtype=torch.float64)
Q = torch.tensor([[0.8, 0.1, 0.1]], dtype=torch.float64)


def drawn(*shape, seed=0, factor=2.0):
    generator = torch.Generator().manual_seed(seed)
    return factor * torch.randn(*shape, generator=generator, dtype=torch.float64)


# ---------------------------------------------------------------- labels


def answers(*labels):
    """Logits that give these labels, of four classes."""
    return F.one_hot(torch.tensor(labels), 4).double()


def test_label_loyalty_does_not_ask_who_is_right():
    assert label_loyalty(answers(0, 1, 2, 3), answers(0, 2, 2, 3)) == 0.75
    assert label_loyalty(answers(3, 3), answers(3, 3)) == 1.0


def test_loyalties_agree_with_the_bench():
    s, t = drawn(50, 7), drawn(50, 7, seed=1)
    assert label_loyalty(s, t) == pytest.approx(measure.label_loyalty(t, s), abs=1e-12)
    assert probability_loyalty(s, t) == pytest.approx(measure.probability_loyalty(t, s), abs=1e-12)


def test_bounds_of_two_accuracies():
    assert agreement_bounds(0.9, 0.88, 10) == pytest.approx((0.78, 0.98))
    assert agreement_bounds(0.3, 0.4, 3) == pytest.approx((0.0, 0.9))
    assert agreement_bounds(0.3, 0.4, 2) == pytest.approx((0.3, 0.9))


@pytest.mark.parametrize("num_classes", [2, 3, 4])
def test_agreement_of_any_answers_stays_within_its_bounds(num_classes):
    generator = torch.Generator().manual_seed(num_classes)
    for _ in range(300):
        s, t, labels = torch.randint(num_classes, (3, 6), generator=generator)
        rights = [(answer == labels).double().mean().item() for answer in (s, t)]
        low, high = agreement_bounds(*rights, num_classes)
        agreement = (s == t).double().mean().item()
        assert low - 1e-12 <= agreement <= high + 1e-12


def test_bounds_are_reached():
    labels = torch.tensor([0, 0, 0, 0])
    alike, apart = answers(0, 0, 1, 1), answers(1, 2, 0, 2)
    accuracies = 0.5, 0.25
    assert label_loyalty(alike, answers(0, 1, 1, 1)) == agreement_bounds(*accuracies, 4)[1]
    assert label_loyalty(alike, apart) == agreement_bounds(*accuracies, 4)[0] == 0.0
    assert (apart.argmax(dim=1) == labels).double().mean() == 0.25


def test_independent_errors():
    assert independent_agreement(0.8, 0.9, 3) == pytest.approx(0.72 + 0.02 / 2)
    assert independent_agreement(0.25, 0.25, 4) == pytest.approx(0.25)


def test_churn_has_three_parts_that_sum_to_what_is_not_loyal():
    labels = torch.tensor([0, 0, 0, 0, 1])
    s, t = answers(0, 1, 2, 3, 1), answers(1, 0, 1, 3, 1)
    parts = churn(s, t, labels)
    assert parts == pytest.approx((0.2, 0.2, 0.2))
    assert sum(parts) == pytest.approx(1 - label_loyalty(s, t))
    hits = [(z.argmax(dim=1) == labels).double().mean().item() for z in (s, t)]
    assert parts.gained - parts.lost == pytest.approx(hits[0] - hits[1])


def test_repeated_errors_look_only_where_the_teacher_errs():
    labels = torch.tensor([0, 0, 0, 0])
    assert repeated_errors(answers(1, 2, 3, 3), answers(1, 1, 0, 3), labels) == pytest.approx(2 / 3)


# ---------------------------------------------------------------- probabilities


def test_the_authors_example():
    assert js_divergence(P, Q).sqrt().item() == pytest.approx(1 - 0.8622855485, abs=1e-9)
    assert probability_loyalty(P.log(), Q.log()) == pytest.approx(0.8622855485, abs=1e-9)


def test_disjoint_is_zero_and_equal_is_one():
    s = torch.tensor([[0.0, -math.inf], [5000.0, 0]])
    assert probability_loyalty(s, s.flip(1)) == 0.0
    assert probability_loyalty(s, s) == 1.0


def test_divergence_is_scipys_squared():
    p, q = as_probabilities(drawn(40, 6)), as_probabilities(drawn(40, 6, seed=1))
    theirs = jensenshannon(p.numpy(), q.numpy(), base=2, axis=1) ** 2
    assert np.allclose(js_divergence(p, q).numpy(), theirs, atol=1e-12)


def test_divergence_is_symmetric_and_at_most_the_total_variation():
    p, q = as_probabilities(drawn(200, 5)), as_probabilities(drawn(200, 5, seed=1))
    divergence = js_divergence(p, q)
    assert torch.allclose(divergence, js_divergence(q, p), atol=1e-12)
    assert (divergence <= (p - q).abs().sum(dim=1) / 2 + 1e-12).all()
    assert (divergence >= 0).all()


def test_the_smallest_probability_is_no_infinity():
    least = torch.tensor([[5e-324, 1.0]], dtype=torch.float64)
    assert js_divergence(least, torch.tensor([[0.0, 1.0]], dtype=torch.float64)) == 0


def test_float32_that_is_nearly_equal_is_not_nan():
    t = drawn(2000, 10, factor=6.0).float()
    s = t + 1e-6 * drawn(2000, 10, seed=1).float()
    assert 0.9999 < probability_loyalty(s, t) <= 1.0


def test_the_root_comes_before_the_mean():
    s = torch.tensor([[0.0, -math.inf], [0.0, 0.0]])
    t = torch.tensor([[-math.inf, 0.0], [0.0, 0.0]])
    assert probability_loyalty(s, t) == 0.5


# ---------------------------------------------------------------- confidence


def test_calibration_error_by_hand():
    p = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]], dtype=torch.float64)
    labels = torch.tensor([0, 1, 1, 1])
    by_hand = (abs(0.85 * 2 - 1) + abs(1.15 - 2)) / 4  # bins (0.5, 0.75] and (0.75, 1]
    assert expected_calibration_error(p, labels, 4) == pytest.approx(by_hand)


def test_an_edge_belongs_to_the_bin_below():
    p = torch.tensor([[0.5, 0.5], [0.75, 0.25]], dtype=torch.float64)
    assert reliability(p, torch.tensor([0, 0]), 4).count.tolist() == [0, 1, 1, 0]


def test_calibration_error_agrees_with_the_bench():
    logits, labels = drawn(300, 6), torch.arange(300) % 6
    for num_bins in (1, 7, 15):
        ours = expected_calibration_error(as_probabilities(logits), labels, num_bins)
        assert ours == pytest.approx(measure.calibration_error(logits, labels, num_bins))


def test_a_network_that_knows_nothing_is_calibrated():
    p = torch.full((40, 4), 0.25)
    assert expected_calibration_error(p, torch.arange(40) % 4) == pytest.approx(0, abs=1e-12)


def test_a_calibrated_network_has_an_error_that_falls_with_the_examples():
    p = as_probabilities(drawn(4000, 5))
    few, many = error_if_calibrated(p[:100]), error_if_calibrated(p)
    assert 0 < many < few / 3


def test_temperature_is_the_minimum_of_the_cross_entropy():
    logits = drawn(400, 5, factor=3.0)
    labels = torch.multinomial((logits / 2.5).softmax(dim=1), 1).flatten()
    best = minimize_scalar(
        lambda log_T: F.cross_entropy(logits / math.exp(log_T), labels).item(),
        bracket=(0.0, 1.0),
        tol=1e-12,
    )
    assert fit_temperature(logits, labels) == pytest.approx(math.exp(best.x), rel=1e-5)


def test_temperature_undoes_a_factor():
    logits = drawn(200, 4)
    labels = torch.multinomial(logits.softmax(dim=1), 1).flatten()
    assert fit_temperature(3 * logits, labels) == pytest.approx(3 * fit_temperature(logits, labels))


# ---------------------------------------------------------------- attacks


def logistic():
    layer = nn.Linear(3, 2, bias=False)
    layer.weight.data = torch.tensor([[0.0, 0, 0], [2, -1, 0.5]])
    return layer


def images(num=20):
    return torch.rand(num, 3, generator=torch.Generator().manual_seed(0))


def test_fgsm_by_hand():
    point = torch.tensor([[0.5, 0.5, 0.05]])
    attacked = fgsm(logistic(), point, torch.tensor([1]), 0.1)
    assert attacked[0].tolist() == pytest.approx([0.4, 0.6, 0.0])


@pytest.mark.parametrize("start", [None, 3])
def test_pgd_stays_in_the_ball_and_in_the_range(start):
    generator = None if start is None else torch.Generator().manual_seed(start)
    x, labels = images(), torch.arange(20) % 2
    attacked = pgd(logistic(), x, labels, 0.2, 0.15, 7, generator)
    assert ((attacked >= 0) & (attacked <= 1)).all()
    assert (attacked - x).abs().max() <= 0.2 + 1e-6


def test_pgd_without_a_start_and_with_one_whole_step_is_fgsm():
    x, labels = images(), torch.arange(20) % 2
    one = pgd(logistic(), x, labels, 0.1, 0.1, 1)
    assert torch.equal(one, fgsm(logistic(), x, labels, 0.1))


def test_the_start_of_pgd_comes_from_its_generator():
    x, labels = images(), torch.arange(20) % 2

    def attacked(seed):
        generator = torch.Generator().manual_seed(seed)
        return pgd(logistic(), x, labels, 0.3, 0.01, 1, generator)

    assert torch.equal(attacked(1), attacked(1))
    assert not torch.equal(attacked(1), attacked(2))


def test_an_attack_leaves_model_and_images_as_they_were():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 2)).train()
    x, labels = images(), torch.arange(20) % 2
    before = x.clone()
    pgd(model, x, labels, 0.1, 0.05, 3)
    assert torch.equal(x, before)
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_an_attack_raises_the_loss():
    x, labels = 0.3 + 0.4 * images(), torch.arange(20) % 2
    for attacked in (fgsm(logistic(), x, labels, 0.1), pgd(logistic(), x, labels, 0.1, 0.05, 5)):
        before = F.cross_entropy(logistic()(x), labels, reduction="none")
        after = F.cross_entropy(logistic()(attacked), labels, reduction="none")
        assert (after > before).all()


# ---------------------------------------------------------------- bad input

X, Y = torch.rand(2, 3), torch.tensor([0, 1])
REFUSED = {
    "other shapes": (lambda: label_loyalty(torch.zeros(2, 3), torch.zeros(2, 4)), "shape"),
    "no examples": (lambda: label_loyalty(torch.zeros(0, 3), torch.zeros(0, 3)), "at least one"),
    "nan labels": (lambda: label_loyalty(X.log() * math.nan, X), "NaN"),
    "nan": (lambda: probability_loyalty(X * math.nan, X), "NaN"),
    "infinity": (lambda: probability_loyalty(X + math.inf, X), "infinite"),
    "accuracy in percent": (lambda: agreement_bounds(87, 88, 10), "fractions"),
    "one class": (lambda: independent_agreement(0.5, 0.5, 1), "two classes"),
    "labels of another batch": (lambda: churn(X, X, torch.tensor([0])), "label"),
    "no error to repeat": (lambda: repeated_errors(answers(0), answers(0), Y[:1]), "no error"),
    "logits for probabilities": (lambda: expected_calibration_error(3 * X, Y), "softmax"),
    "no draw": (lambda: error_if_calibrated(X.softmax(dim=1), num_draws=0), "at least once"),
    "logits to draw from": (lambda: error_if_calibrated(3 * X), "softmax"),
    "no bin": (lambda: expected_calibration_error(X.softmax(dim=1), Y, 0), "bin"),
    "all right": (lambda: fit_temperature(answers(0, 1), Y), "temperature"),
    "negative radius": (lambda: fgsm(logistic(), X, Y, -0.1), "radius"),
    "infinite radius": (lambda: fgsm(logistic(), X, Y, math.inf), "radius"),
    "standardized pixels": (lambda: fgsm(logistic(), X - 2, Y, 0.1), "pixels from 0 to 1"),
    "whole pixels": (lambda: fgsm(logistic(), X.long(), Y, 0.1), "float pixels"),
    "nan pixels": (lambda: fgsm(logistic(), X * math.nan, Y, 0.1), "pixels from 0 to 1"),
    "one label": (lambda: fgsm(logistic(), X, Y[:1], 0.1), "one label"),
    "no step": (lambda: pgd(logistic(), X, Y, 0.1, 0.1, 0), "one step"),
    "step of size 0": (lambda: pgd(logistic(), X, Y, 0.1, 0.0, 1), "size above 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_sentence(case):
    call, words = REFUSED[case]
    with pytest.raises(ValueError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)
