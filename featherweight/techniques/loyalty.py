"""Exported from `book/distillation/loyalty.md`: edit the chapter, not this file."""

import math
from typing import NamedTuple

import torch

from featherweight.techniques.forgetting import image_gradient
from featherweight.techniques.knowledge_distillation import check_labels, check_logits


def predicted(logits):
    """The label of each row of logits; of equal logits the first wins."""
    if logits.dim() != 2 or logits.numel() == 0:
        raise ValueError(
            f"Give logits of the shape (examples, classes), at least one of each; got "
            f"{tuple(logits.shape)}."
        )
    if logits.isnan().any():
        raise ValueError("The logits hold NaN: look at the weights of the network.")
    return logits.argmax(dim=1)


def label_loyalty(logits_s, logits_t):
    """The share of the examples to which student and teacher give the same label."""
    check_logits(logits_s, logits_t)
    return (predicted(logits_s) == predicted(logits_t)).double().mean().item()


def check_accuracies(accuracy_s, accuracy_t, num_classes):
    """Refuse what are no accuracies."""
    if not (0 <= accuracy_s <= 1 and 0 <= accuracy_t <= 1) or num_classes < 2:
        raise ValueError(
            "Give two accuracies as fractions from 0 to 1, and at least two classes; got "
            f"{accuracy_s}, {accuracy_t} and {num_classes}."
        )


def agreement_bounds(accuracy_s, accuracy_t, num_classes):
    """The lowest and the highest label loyalty that two accuracies allow."""
    check_accuracies(accuracy_s, accuracy_t, num_classes)
    shared = accuracy_s + accuracy_t - 1
    lowest = abs(shared) if num_classes == 2 else max(0.0, shared)
    return lowest, 1 - abs(accuracy_s - accuracy_t)


def independent_agreement(accuracy_s, accuracy_t, num_classes):
    """The label loyalty to expect if errors are independent and evenly spread."""
    check_accuracies(accuracy_s, accuracy_t, num_classes)
    both_wrong = (1 - accuracy_s) * (1 - accuracy_t)
    return accuracy_s * accuracy_t + both_wrong / (num_classes - 1)


class Churn(NamedTuple):
    """Shares of the examples whose label the student changes."""

    gained: float  # wrong before, right now
    lost: float  # right before, wrong now
    moved: float  # wrong before, and wrong now in another way


def churn(logits_s, logits_t, labels):
    """What becomes of the teacher's answers, as shares of all examples."""
    check_logits(logits_s, logits_t)
    check_labels(logits_t, labels)
    ours, theirs = predicted(logits_s), predicted(logits_t)
    changed = ours != theirs
    parts = ours == labels, theirs == labels, (ours != labels) & (theirs != labels)
    return Churn(*((changed & part).double().mean().item() for part in parts))


def repeated_errors(logits_s, logits_t, labels):
    """The share of the teacher's wrong answers that the student gives as well."""
    check_logits(logits_s, logits_t)
    check_labels(logits_t, labels)
    theirs = predicted(logits_t)
    wrong = theirs != labels
    if not wrong.any():
        raise ValueError("The teacher makes no error: repeated errors need some.")
    return (predicted(logits_s) == theirs)[wrong].double().mean().item()


def as_probabilities(logits):
    """The softmax of each row in float64."""
    p = logits.double().softmax(dim=1)
    if not p.isfinite().all():
        raise ValueError(
            "The logits give no probabilities: look for NaN or infinite values."
        )
    return p


def js_divergence(p, q):
    """Jensen-Shannon divergence of each pair of rows in bits, from 0 to 1."""
    p, q = p.double(), q.double()
    total = (p + q).clamp_min(torch.finfo(torch.float64).tiny)
    nats = torch.xlogy(p, 2 * p / total) + torch.xlogy(q, 2 * q / total)
    return (nats.sum(dim=-1) / (2 * math.log(2))).clamp(0, 1)


def probability_loyalty(logits_s, logits_t):
    """1 - sqrt(JS) in bits for each example, and then the mean: 1 is equal, 0 disjoint."""
    check_logits(logits_s, logits_t)
    predicted(logits_s)  # refuses what has no rows
    p_s, p_t = as_probabilities(logits_s), as_probabilities(logits_t)
    return (1 - js_divergence(p_s, p_t).sqrt()).mean().item()


class Reliability(NamedTuple):
    """For each bin of confidence: how many examples, how sure, how often right."""

    count: torch.Tensor
    confidence: torch.Tensor
    accuracy: torch.Tensor


def check_probabilities(probabilities, labels):
    """Refuse rows that are not distributions, logits above all."""
    predicted(probabilities)
    check_labels(probabilities, labels)
    gap = (probabilities.double().sum(dim=1) - 1).abs().max()
    if not ((probabilities >= 0).all() and gap < 1e-3):
        raise ValueError(
            "Each row must be a distribution that sums to 1: apply softmax to logits first."
        )


def reliability(probabilities, labels, num_bins=15):
    """The examples sorted into equally wide bins (low, high] of confidence."""
    check_probabilities(probabilities, labels)
    if num_bins < 1:
        raise ValueError(f"The examples need at least one bin; got {num_bins}.")
    confidence, answers = probabilities.double().max(dim=1)
    edges = torch.arange(1, num_bins, dtype=torch.float64) / num_bins
    bins = torch.bucketize(confidence, edges.to(confidence.device))
    hits = (answers == labels).double()
    count = bins.bincount(minlength=num_bins)
    sums = (bins.bincount(values, minlength=num_bins) for values in (confidence, hits))
    return Reliability(count, *(total / count for total in sums))


def expected_calibration_error(probabilities, labels, num_bins=15):
    """The gap between confidence and accuracy in each bin, weighted by its examples."""
    count, confidence, accuracy = reliability(probabilities, labels, num_bins)
    gaps = (accuracy - confidence).abs().nan_to_num()  # an empty bin has no gap
    return ((count * gaps).sum() / len(labels)).item()


def error_if_calibrated(probabilities, num_bins=15, num_draws=50, seed=0):
    """The mean calibration error when the labels are drawn from the probabilities."""
    check_probabilities(probabilities, probabilities.argmax(dim=1))
    if num_draws < 1:
        raise ValueError(f"Draw the labels at least once; got {num_draws}.")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.multinomial(probabilities, num_draws, True, generator=generator)
    errors = [
        expected_calibration_error(probabilities, labels, num_bins)
        for labels in drawn.T
    ]
    return sum(errors) / num_draws


def sharpness_slope(gaps, beta):
    """The derivative of the cross-entropy of beta times the logits, in beta."""
    return ((beta * gaps).softmax(dim=1) * gaps).sum(dim=1).mean().item()


def fit_temperature(logits, labels, lowest=0.01, highest=100.0, num_halvings=60):
    """The temperature with the lowest cross-entropy, by bisection of its slope."""
    check_labels(logits, labels)
    as_probabilities(logits)  # refuses NaN
    gaps = logits.double() - logits.double().gather(1, labels[:, None])
    low, high = 1 / highest, 1 / lowest
    if not sharpness_slope(gaps, low) < 0 < sharpness_slope(gaps, high):
        raise ValueError(
            f"The best temperature is not between {lowest} and {highest}: fit a network "
            "that is better than chance, on examples of which some are wrong."
        )
    for _ in range(num_halvings):
        mid = math.sqrt(low * high)
        low, high = (mid, high) if sharpness_slope(gaps, mid) < 0 else (low, mid)
    return 1 / math.sqrt(low * high)


def check_attack(images, labels, epsilon):
    """Refuse images that are none, and a radius that is none."""
    if not 0 <= epsilon < math.inf:
        raise ValueError(
            f"The radius of an attack is at least 0 and finite; got {epsilon}."
        )
    if not images.is_floating_point() or not ((images >= 0) & (images <= 1)).all():
        raise ValueError(
            "An attack needs float pixels from 0 to 1: put any standardization into the "
            "model, and pass the images before it."
        )
    if labels.shape != images.shape[:1]:
        raise ValueError("Give one label for each of the images.")


def projected(attacked, images, epsilon):
    """The nearest images inside the ball of radius epsilon and inside [0, 1]."""
    return attacked.maximum(images - epsilon).minimum(images + epsilon).clamp(0, 1)


def fgsm(model, images, labels, epsilon):
    """One step of size epsilon along the sign of the gradient."""
    check_attack(images, labels, epsilon)
    step = epsilon * image_gradient(model, images, labels).sign()
    return projected(images + step, images, epsilon)


def pgd(model, images, labels, epsilon, step_size, num_steps, generator=None):
    """Signed steps, each projected; from a random point of the ball with a generator."""
    check_attack(images, labels, epsilon)
    if num_steps < 1 or not 0 < step_size < math.inf:
        raise ValueError(
            f"PGD takes at least one step of a size above 0; got {num_steps} of {step_size}."
        )
    attacked = images
    if generator is not None:
        offset = 2 * torch.rand(images.shape, generator=generator) - 1
        attacked = projected(images + epsilon * offset.to(images), images, epsilon)
    for _ in range(num_steps):
        step = step_size * image_gradient(model, attacked, labels).sign()
        attacked = projected(attacked + step, images, epsilon)
    return attacked
