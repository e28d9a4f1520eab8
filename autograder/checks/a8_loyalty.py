"""Hidden checks of a8-loyalty: fresh inputs, references that count, loop or search."""

import math
from fractions import Fraction

import numpy as np
import torch
from scipy import optimize, special, stats
from torch.nn import functional as F

from autograder import inputs
from autograder.check import check, close, defined_here, of_type, part, refuses, unmodified
from autograder.inputs import float64
from featherweight import expect

# ---------------------------------------------------------------- question 1


def predictions(rng, sizes, num_classes, right):
    """Labels with `sizes[c]` examples of class c, and predictions, right at a given rate."""
    labels = torch.cat([torch.full((size,), c) for c, size in enumerate(sizes)])
    labels = labels[torch.randperm(len(labels), generator=rng)]
    wrong = (labels + torch.randint(1, num_classes, labels.shape, generator=rng)) % num_classes
    kept = torch.rand(labels.shape, generator=rng) < right
    return torch.where(kept, labels, wrong), labels


def pair_of(rng, sizes, num_classes, right_s, right_t):
    """Predictions of a student and of a teacher for the same labels."""
    labels_s, labels = predictions(rng, sizes, num_classes, right_s)
    wrong = (labels + torch.randint(1, num_classes, labels.shape, generator=rng)) % num_classes
    kept = torch.rand(labels.shape, generator=rng) < right_t
    return labels_s, torch.where(kept, labels, wrong), labels


def possible(n, right_s, right_t, num_classes):
    """The numbers of agreements that are possible in one class, by how many both get right."""
    found = []
    for both in range(max(0, right_s + right_t - n), min(right_s, right_t) + 1):
        neither = n - right_s - right_t + both
        found += [both + neither, both + neither if num_classes == 2 else both]
    return found


def range_reference(labels_s, labels_t, labels, num_classes):
    """The bounds, class by class."""
    low = high = 0
    rows = list(zip(labels_s.tolist(), labels_t.tolist(), labels.tolist(), strict=True))
    for label in range(num_classes):
        own = [(s == label, t == label) for s, t, y in rows if y == label]
        counts = possible(len(own), sum(s for s, _ in own), sum(t for _, t in own), num_classes)
        low, high = low + min(counts), high + max(counts)
    return low, high


@check("agreement-range", points=2, cell="agreement")
def agreement_range(student, rng):
    plans = (
        ((7, 4, 9), (0.8, 0.7)),
        ((12, 3, 6, 8), (0.4, 0.5)),
        ((5, 0, 11), (0.9, 0.2)),
        ((3, 14, 0, 2, 9), (0.3, 0.8)),
    )

    def agree(sizes, rates, num_classes, hint):
        args = (*pair_of(rng, sizes, num_classes, *rates), num_classes)
        got = student.call("agreement_range", *args)
        unmodified(student)
        close(got, range_reference(*args), hint, name="The range (low, high)")

    with part(1, "three classes or more"):
        for sizes, rates in plans:
            hint = "class by class: right answers of both can be forced to meet"
            agree(sizes, rates, len(sizes), hint)
        agree((14, 11), (0.2, 0.3), 4, "a class that is no label here may still be predicted")
    with part(1, "two classes"):
        for two, rates in (((9, 6), (0.3, 0.4)), ((8, 13), (0.8, 0.7)), ((10, 7), (0.1, 0.6))):
            hint = "both wrong is the same label here, so few right answers force agreement, too"
            agree(two, rates, 2, hint)


def chance_reference(labels_s, labels_t, labels):
    """Every pair of two examples with one label, in fractions."""
    total = Fraction(0)
    for label in set(labels.tolist()):
        own = [i for i, y in enumerate(labels.tolist()) if y == label]
        met = sum(int(labels_s[i] == labels_t[j]) for i in own for j in own)
        total += Fraction(met, len(own))
    return float(total / len(labels))


@check("chance-agreement", points=1, cell="agreement")
def chance_agreement(student, rng):
    for sizes, num_classes, rates in (
        ((8, 3, 12), 3, (0.6, 0.8)),
        ((5, 0, 9, 14), 4, (0.5, 0.4)),
        ((6, 11), 5, (0.2, 0.7)),
        ((9, 4), 2, (0.7, 0.6)),
    ):
        args = pair_of(rng, sizes, num_classes, *rates)
        got = student.call("chance_agreement", *args, num_classes)
        unmodified(student)
        hint = "within each class: how often would a shuffled student meet the teacher?"
        close(got, chance_reference(*args), hint, name="The agreement by chance")


# ---------------------------------------------------------------- question 2


def entropy(p):
    """In nats, of one distribution."""
    return -math.fsum(x * math.log(x) for x in p if x > 0)


def joint_reference(log_probs, weights):
    """Example by example, as the mean divergence from the mixture."""
    found = []
    w = weights.tolist()
    for rows in np.exp(log_probs.double().numpy()).transpose(1, 0, 2):
        mixture = [math.fsum(a * p for a, p in zip(w, column, strict=True)) for column in rows.T]
        divergence = math.fsum(
            a * p * (math.log(p) - math.log(m))
            for a, row in zip(w, rows, strict=True)
            for p, m in zip(row, mixture, strict=True)
            if a * p > 0
        )
        most = entropy(w)
        found.append(1 - math.sqrt(min(1, max(0, divergence / most))) if most > 0 else 1.0)
    return torch.tensor(found, dtype=torch.float64)


def weights_of(rng, count):
    weights = torch.rand(count, generator=rng, dtype=torch.float64) + 0.2
    return weights / weights.sum()


def answers(rng, num_models, batch_size, num_classes):
    """Log-probabilities in float64."""
    return (2 * float64(rng, num_models, batch_size, num_classes)).log_softmax(2)


@check("joint-loyalty", points=3)
def joint_loyalty(student, rng):
    def agree(log_probs, weights, hint):
        got = student.call("joint_loyalty", log_probs, weights)
        unmodified(student)
        close(got, joint_reference(log_probs, weights), hint, atol=1e-6, name="The loyalty")
        assert got.dtype == torch.float64, f"The loyalty must be float64, not {got.dtype}."

    with part(1, "networks with equal and with other weights"):
        for num_models, batch_size, num_classes in ((2, 5, 4), (3, 4, 6), (4, 1, 3)):
            log_probs = answers(rng, num_models, batch_size, num_classes)
            even = torch.full((num_models,), 1 / num_models, dtype=torch.float64)
            agree(log_probs, even, "the entropy of the mixture, minus the mean entropy")
            hint = "the weights belong into the mixture, the mean, and H(w)"
            agree(log_probs, weights_of(rng, num_models), hint)
    with part(1, "probabilities and weights of 0"):
        log_probs = answers(rng, 3, 6, 5)
        log_probs[torch.rand(3, 6, 5, generator=rng) < 0.4] = -math.inf
        log_probs[:, :, 0] = log_probs[:, :, 0].clamp(min=-3)
        log_probs = log_probs.log_softmax(2)
        even = torch.full((3,), 1 / 3, dtype=torch.float64)
        agree(log_probs, even, "0 log 0 = 0, for one network or for all")
        order = torch.randperm(4, generator=rng)
        apart = torch.eye(4, dtype=torch.float64)[order[:3]][:, None].log()
        agree(apart, even, "networks without a common class have loyalty 0")
        tiny = torch.tensor([[[0.0, -800.0]], [[-900.0, 0.0]]], dtype=torch.float64)
        agree(tiny, even[:2] * 1.5, "a probability of e**-800 rounds to 0")
        left_out = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
        agree(log_probs, left_out, "a network with weight 0 does not count")
        single = torch.zeros(3, dtype=torch.float64)
        single[inputs.integer(rng, 0, 2)] = 1.0
        agree(log_probs, single, "one network alone: H(w) = 0, and the loyalty is 1")
    with part(1, "networks that agree, in float32"):
        same = (3 * torch.randn(300, 7, generator=rng)).log_softmax(1)
        for num_models in (2, 3):
            hint = "rounding must not lead to the root of a negative number"
            agree(same.expand(num_models, -1, -1).clone(), weights_of(rng, num_models), hint)
        near = torch.stack([same, same + 1e-6 * torch.randn(300, 7, generator=rng)])
        got = student.call("joint_loyalty", near, weights_of(rng, 2))
        expect.shape(got, (300,), name="The loyalty")
        sound = bool(((got > 1 - 1e-5) & (got <= 1)).all())
        assert sound, "Nearly equal float32 answers: each loyalty must be nearly 1, and no NaN."


# ---------------------------------------------------------------- question 3

REPORTS = {
    # what each mistake reports of data with these d and shares
    "natural logarithm": lambda d, share: 1 - share @ (d * math.log(2) ** 0.5),
    "no root": lambda d, share: 1 - share @ d**2,
    "root of the mean": lambda d, share: 1 - np.sqrt(share @ d**2),
    "root twice": lambda d, share: 1 - share @ np.sqrt(d * math.log(2) ** 0.5),
}


def bounds(reported, mistake):
    """The right loyalty of data that are all alike, and of data with d = 0 and d = 1 only."""
    report = REPORTS[mistake]

    def alike(d):
        return report(np.array([d]), np.array([1.0])) - reported

    def extreme(share):
        return report(np.array([0.0, 1.0]), np.array([1 - share, share])) - reported

    found = [1 - optimize.brentq(curve, 0, 1, xtol=1e-14) for curve in (alike, extreme)]
    return min(found), max(found)


def lowest(mistake):
    """The smallest value that a mistake can report."""
    return float(REPORTS[mistake](np.array([1.0]), np.array([1.0])))


@check("true-loyalty", points=3)
def true_loyalty(student, rng):
    def agree(mistake, hint):
        low = lowest(mistake)
        for first, last in ((0.01, 0.12), (0.2, 0.6), (0.6, 0.97)):
            reported = low + (1 - low) * inputs.uniform(rng, first, last)
            got = student.call("true_loyalty", reported, mistake)
            name = f'The bounds for "{mistake}", reported {reported:.4f},'
            close(got, bounds(reported, mistake), hint, name=name)

    with part(1, '"natural logarithm", and what is refused'):
        agree("natural logarithm", "every d carries the same factor: both bounds are equal")
        refuses(student, "There is no such mistake", "true_loyalty", 0.9, "base 10")
        for mistake in REPORTS:
            reason = f'A loyalty above 1 ("{mistake}")'
            refuses(student, reason, "true_loyalty", inputs.uniform(rng, 1.001, 1.2), mistake)
            low = lowest(mistake)
            reason = f'A loyalty that no predictions give ("{mistake}")'
            refuses(student, reason, "true_loyalty", low - inputs.uniform(rng, 0.005, 0.1), mistake)
    with part(1, '"no root" and "root of the mean"'):
        for mistake in ("no root", "root of the mean"):
            agree(mistake, "all d alike, or only 0 and 1: these data are the extremes")
            close(student.call("true_loyalty", 1.0, mistake), (1.0, 1.0), "all d are 0")
    with part(1, '"root twice"'):
        agree("root twice", "SciPy's distance is in nats: how large can it be? Then a root of it")
        close(student.call("true_loyalty", 1.0, "root twice"), (1.0, 1.0), "all d are 0")


# ---------------------------------------------------------------- question 4


def probabilities(rng, batch_size, num_classes):
    """Rows of probabilities, some of them nearly certain."""
    sharpness = 0.5 + 5 * torch.rand(batch_size, 1, generator=rng, dtype=torch.float64)
    return (sharpness * float64(rng, batch_size, num_classes)).softmax(1)


def drawn_labels(rng, probs):
    """Labels that the most probable class gets right in part."""
    other = inputs.labels(rng, *probs.shape)
    return torch.where(torch.rand(len(probs), generator=rng) < 0.6, probs.argmax(1), other)


def mass_reference(probs, labels, num_bins):
    """Bin by bin, in plain Python."""
    rows = sorted(
        (max(row), row.index(max(row)) == y) for row, y in zip(*lists(probs, labels), strict=True)
    )
    total, first = 0.0, 0
    for place in range(num_bins):
        size = len(rows) // num_bins + (place < len(rows) % num_bins)
        own, first = rows[first : first + size], first + size
        if own:
            confidence = math.fsum(c for c, _ in own) / len(own)
            total += len(own) / len(rows) * abs(confidence - sum(hit for _, hit in own) / len(own))
    return total


def lists(*tensors):
    return [tensor.tolist() for tensor in tensors]


@check("equal-mass-error", points=2, cell="calibration")
def equal_mass_error(student, rng):
    def agree(size, num_bins, hint):
        probs = probabilities(rng, *size)
        labels = drawn_labels(rng, probs)
        got = student.call("equal_mass_error", probs, labels, num_bins)
        unmodified(student)
        close(got, mass_reference(probs, labels, num_bins), hint, name="The error")

    with part(1, "bins that are all equal"):
        for size, num_bins in (((24, 3), 4), ((30, 5), 5), ((14, 4), 1), ((9, 3), 9)):
            agree(size, num_bins, "sort by confidence, cut, compare two means in each bin")
    with part(1, "bins that are not"):
        for size, num_bins in (
            ((25, 4), 7),
            ((17, 3), 6),
            ((11, 5), 7),
            ((3, 4), 8),
            ((37, 4), 9),
            ((21, 3), 8),
        ):
            agree(size, num_bins, "sizes differ by at most 1; the larger bins come first")


def class_reference(probs, labels, num_bins):
    """Class by class, bin by bin; edges are compared in exact fractions."""
    rows, truth = lists(probs, labels)
    errors = []
    for c in range(probs.shape[1]):
        bins = {}
        for row, y in zip(rows, truth, strict=True):
            place = max(0, math.ceil(Fraction(row[c]) * num_bins) - 1)
            bins.setdefault(place, []).append((row[c], y == c))
        errors.append(0.0)
        for own in bins.values():
            mean = math.fsum(p for p, _ in own) / len(own)
            share = sum(hit for _, hit in own) / len(own)
            errors[-1] += len(own) / len(rows) * abs(mean - share)
    return math.fsum(errors) / len(errors)


@check("class-wise-error", points=2, cell="calibration")
def class_wise_error(student, rng):
    def agree(probs, labels, num_bins, hint):
        got = student.call("class_wise_error", probs, labels, num_bins)
        unmodified(student)
        close(got, class_reference(probs, labels, num_bins), hint, name="The error")

    with part(1, "probabilities between the edges"):
        for size, num_bins in (((40, 3), 5), ((25, 6), 10), ((18, 2), 3), ((12, 4), 1)):
            probs = probabilities(rng, *size)
            hint = "each class on its own, with all examples; then the mean over the classes"
            agree(probs, drawn_labels(rng, probs), num_bins, hint)
        probs = probabilities(rng, 15, 5)
        hint = "a class that is no label here has probabilities, too"
        agree(probs, inputs.labels(rng, 15, 2), 4, hint)
    with part(1, "probabilities on the edges"):
        for num_classes in (3, 4):
            eighths = torch.stack([split_eighths(rng, num_classes) for _ in range(40)])
            labels = drawn_labels(rng, eighths + 1e-3 * torch.rand(eighths.shape, generator=rng))
            for num_bins in (2, 4, 8):
                hint = "an edge belongs to the bin below it; 0 to the first bin, 1 to the last"
                agree(eighths, labels, num_bins, hint)


def split_eighths(rng, num_classes):
    """Probabilities that are eighths, 0 and 1 among them."""
    parts = torch.randint(0, 1 + inputs.integer(rng, 0, num_classes - 1), (8,), generator=rng)
    parts = torch.randperm(num_classes, generator=rng)[parts]
    return torch.bincount(parts, minlength=num_classes).double() / 8


# ---------------------------------------------------------------- question 5


def right_temperature(logits, targets):
    """By bounded search of the cross-entropy's derivative in the logarithm of T."""
    z, t = logits.double().numpy(), targets.double().numpy()

    def slope(log_t):
        p = special.softmax(z / math.exp(log_t), axis=1)
        return float(((p - t) * z).sum(axis=1).mean())

    return math.exp(optimize.brentq(slope, math.log(1e-4), math.log(1e4), xtol=1e-12))


@check("best-temperature", points=3)
def best_temperature(student, rng):
    def agree(logits, targets, hint):
        got = student.call("best_temperature", logits, targets)
        unmodified(student)
        if isinstance(got, torch.Tensor):
            expect.shape(got, (), name="The temperature")
            got = float(got)
        got = of_type(got, int | float, "The temperature")
        ratio = got / right_temperature(logits, targets)
        close(ratio, 1.0, hint, atol=1e-4, name="Your temperature divided by the right one")

    def labeled(size, right):
        logits = 3 * float64(rng, *size)
        other = inputs.labels(rng, *size)
        kept = torch.arange(size[0]) < right * size[0]
        return logits, F.one_hot(torch.where(kept, logits.argmax(1), other), size[1]).double()

    with part(1, "labels"):
        for size, right in (((40, 5), 0.7), ((30, 3), 0.8), ((50, 8), 0.5)):
            logits, targets = labeled(size, right)
            agree(logits, targets, "the mean negative log-likelihood, for softmax(logits / T)")
            shift = 3000 * float64(rng, size[0], 1)
            agree(logits + shift, targets, "a constant added to an example's logits is nothing")
        for scale in (inputs.uniform(rng, 60, 90), inputs.uniform(rng, 0.01, 0.02)):
            agree(scale * logits, targets, "T may be far from 1")
    with part(1, "a teacher's probabilities"):
        for size in ((20, 4), (12, 7), (1, 5)):
            logits = 2 * float64(rng, *size)
            for blend in (0.5, inputs.uniform(rng, 2.0, 4.0)):
                answers = (blend * logits + 0.3 * float64(rng, *size)).softmax(1)
                agree(logits, answers, "targets are probabilities, not the teacher's labels")
    with part(1, "no best temperature"):
        logits = 3 * float64(rng, 20, 5)
        sure = F.one_hot(logits.argmax(1), 5).double()
        for scale in (1, 50, 500):  # with large logits the cross-entropy rounds to 0
            top = f"logits up to {float(scale * logits.max()):.0f}, where probabilities round to 1"
            reason = f"Every label has the largest logit ({top}): the smaller T the better"
            refuses(student, reason, "best_temperature", scale * logits, sure)
        worst = F.one_hot(logits.argmin(1), 5).double()
        reason = "Every label has the smallest logit: the larger T the better"
        refuses(student, reason, "best_temperature", logits, worst)
        mixed = torch.where(torch.arange(20)[:, None] < 16, worst, sure)
        reason = "The labels' logits are below the mean logit: the larger T the better"
        refuses(student, reason, "best_temperature", logits, mixed)
        sure[0] = 0.97 * sure[0] + 0.006
        agree(logits, sure, "one target that doubts a little is enough for a best temperature")


# ---------------------------------------------------------------- question 6

NETWORKS = """
import torch
from torch import nn


def saturating(first, last):
    '''A network without any gradient where its hidden unit is at an end of its range.'''
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(24, 1, bias=False), nn.Hardtanh(-1, 1), nn.Linear(1, 4, bias=False)
    ).double()
    with torch.no_grad():
        model[1].weight.copy_(first)
        model[3].weight.copy_(last)
    return model


def network(weights, training, frozen, slope):
    '''A small network with dropout and batch norm, whose first layer may be frozen.'''
    if slope is None:
        return saturating(*weights)
    first, last, mean, variance = weights
    norm = nn.BatchNorm2d(first.shape[0], affine=False).double()
    convolution = nn.Conv2d(first.shape[1], first.shape[0], 2, bias=False).double()
    head = nn.Linear(last.shape[1], last.shape[0], bias=False).double()
    layers = (convolution, norm, nn.Softplus(slope), nn.Flatten(), nn.Dropout(0.5), head)
    model = nn.Sequential(*layers)
    with torch.no_grad():
        convolution.weight.copy_(first)
        head.weight.copy_(last)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
    model.train(training)
    norm.eval()
    convolution.weight.requires_grad_(not frozen)
    head.weight.grad = torch.full_like(head.weight, 0.25)
    return model


def traces(models, images):
    '''What an attack could have left behind.'''
    found = {"images": images.detach().clone(), "asks for gradients": images.requires_grad}
    found["has a gradient"] = images.grad is not None
    for place, model in enumerate(models):
        found[f"modes of network {place}"] = [layer.training for layer in model.modules()]
        for name, value in model.state_dict().items():
            found[f"{name} of network {place}"] = value.detach().clone()
        for name, value in model.named_parameters():
            label = f"{name} of network {place}"
            found[f"requires_grad of {label}"] = value.requires_grad
            found[f"has .grad, {label}"] = value.grad is not None
            if value.grad is not None:
                found[f".grad of {label}"] = value.grad.clone()
    return found


def attacked(transfer_attack, plans, images, rest):
    models = [network(*plan) for plan in plans]
    before = traces(models, images)
    result = transfer_attack(models, images, *rest)
    return result.detach(), bool(result.requires_grad), before, traces(models, images)
"""


def plans_of(rng, count, training=False, frozen=False, slope=2.0):
    """Arguments of `network` for some networks on images [N, 2, 3, 4]."""
    return [
        (
            (
                float64(rng, 3, 2, 2, 2),
                float64(rng, 4, 18),
                0.1 * float64(rng, 3),
                float64(rng, 3).abs() + 0.3,
            ),
            training,
            frozen,
            slope,
        )
        for _ in range(count)
    ]


def scene(rng):
    """Images of which many pixels are near the ends of their range, and labels."""
    pixels = inputs.images(rng, 5, 2, 3, 4).double()
    near = torch.rand(pixels.shape, generator=rng) < 0.4
    return torch.where(near, pixels.round() * 0.96 + 0.02 * pixels, pixels), inputs.labels(
        rng, 5, 4
    )


def attack_reference(plans, images, rest):
    """With networks in evaluation mode; the sum of the images' losses keeps them apart."""
    labels, epsilon, step_size, num_steps, momentum = rest
    models = [defined_here(NETWORKS)["network"](*plan).eval() for plan in plans]
    original = images.detach()
    point, velocity = original.clone(), torch.zeros_like(original)
    for _ in range(num_steps):
        leaf = point.clone().requires_grad_()
        scores = torch.stack([model(leaf) for model in models]).mean(0).log_softmax(1)
        loss = -scores[torch.arange(len(labels)), labels].sum()
        for place, slope in enumerate(torch.autograd.grad(loss, leaf)[0]):
            size = float(slope.abs().sum())
            velocity[place] = momentum * velocity[place] + (slope / size if size > 0 else 0)
        point = point + step_size * velocity.sign()
        point = (original + (point - original).clamp(-epsilon, epsilon)).clamp(0, 1)
    return point


def attacked(student, plans, images, rest):
    student.define(NETWORKS)
    got = student.ask("attacked", student.get("transfer_attack"), plans, images, rest)
    whole = isinstance(got, tuple | list) and len(got) == 4
    assert whole, "The result must be a torch.Tensor."
    return got


@check("attack-result", points=2, cell="transfer-attack")
def attack_result(student, rng):
    def agree(plans, images, rest, hint):
        got = attacked(student, plans, images, rest)[0]
        close(got, attack_reference(plans, images, rest), hint, atol=1e-8, name="The result")

    with part(1, "one network, without momentum"):
        for epsilon, step_size, num_steps in ((0.05, 0.05, 1), (0.08, 0.03, 5), (0.03, 0.1, 2)):
            images, labels = scene(rng)
            hint = "along the sign, then back to the ball around the original and to [0, 1]"
            rest = (labels, epsilon, step_size, num_steps, 0.0)
            agree(plans_of(rng, 1), images, rest, hint)
    with part(1, "several networks, with momentum"):
        for count, momentum in ((1, 1.0), (2, 0.0), (2, 0.9), (3, inputs.uniform(rng, 0.6, 1.2))):
            images, labels = scene(rng)
            rest = (labels, 0.3, 0.04, 8, momentum)
            hint = "the loss of the mean logits; each image's gradient divided by its own sum"
            agree(plans_of(rng, count), images, rest, hint)
        for _ in range(3):  # gradients of very different sizes along the way
            images, labels = scene(rng)
            plans = [(steeper(weights, 4), *rest) for weights, *rest in plans_of(rng, 2)]
            hint = "divide by the sum of absolute values over all pixels of one image"
            agree(plans, images, (labels, 0.8, 0.3, 14, 1.0), hint)
        plans, images, labels = certain(rng)
        rest = (labels, 0.2, 0.04, 6, 0.9)
        agree(plans, images, rest, "a gradient of 1e-7 has a direction, too")
        plans, images = flat(rng)
        rest = (labels, 0.3, 0.05, 6, 1.0)
        hint = "without a gradient an image goes on as its velocity says, or stays where it is"
        agree(plans, images, rest, hint)


def steeper(weights, factor):
    """The weights of a network whose first layer is multiplied by a factor."""
    return (factor * weights[0], *weights[1:])


def certain(rng):
    """A network that is certain of the labels of some images, and hardly has a gradient."""
    images, _ = scene(rng)
    (weights, *others) = plans_of(rng, 1)[0]
    with torch.no_grad():
        logits = defined_here(NETWORKS)["network"](weights, *others).eval()(images)
    first, second = logits.topk(2, dim=1).values.T
    scale = 16 / float((first - second).max())
    return [((weights[0], scale * weights[1], *weights[2:]), *others)], images, logits.argmax(1)


def flat(rng):
    """A network whose hidden unit reaches its end in the second step, or is there before."""
    first = float64(rng, 1, 24)
    first = first - first.mean()
    first = 25 * first / first.abs().sum()
    images = 0.5 + 0.02 * (2 * torch.rand(5, 24, generator=rng).double() - 1)
    images[0] = 0.5 + 0.2 * first.sign()
    return [((first, float64(rng, 4, 1)), False, False, None)], images.view(5, 2, 3, 4)


LEFT = {
    "modes": "put every layer back into the mode it was in, not all into one",
    "images": "the images stay as they are",
    "asks": "images.requires_grad: turn it on for a tensor of your own",
    "has": "use torch.autograd.grad: it adds to no .grad",
    ".grad": "use torch.autograd.grad: it adds to no .grad",
    "requires_grad": "parameters that required gradients still do, the others still do not",
}


@check("attack-traces", points=2, cell="transfer-attack")
def attack_traces(student, rng):
    runs = [plans_of(rng, 2, True), plans_of(rng, 2, True, True), plans_of(rng, 1, False, True)]
    runs.append([*plans_of(rng, 1, False), *plans_of(rng, 1, True)])
    with part(1, "the networks in evaluation mode"):
        hint = "dropout must be off in all networks while you attack"
        for plans in runs:
            images, labels = scene(rng)
            rest = (labels, 0.1, 0.03, 4, 0.8)
            got, attached, *_ = attacked(student, plans, images, rest)
            assert not attached, "The result still requires a gradient: detach it."
            resting = [(weights, False, *others) for weights, _, *others in plans]
            again = attacked(student, resting, images, rest)[0]
            close(got, again, hint, atol=1e-8, name="The result with networks in training mode")
        images, labels = scene(rng)
        plans, rest = plans_of(rng, 1, True), (labels, 0.1, 0.03, 1, 0.8)
        got = attacked(student, plans, images, rest)[0]
        close(got, attack_reference(plans, images, rest), hint, atol=1e-8, name="A single step")
    with part(1, "what is left behind"):
        for plans in runs:
            images, labels = scene(rng)
            rest = (labels, 0.1, 0.03, 3, 0.8)
            got, _, _, after = attacked(student, plans, images, rest)
            expect.shape(got, images.shape)
            assert float((got - images).abs().max()) > 1e-3, "No pixel has moved."
            ours = defined_here(NETWORKS)
            expected = ours["traces"]([ours["network"](*plan) for plan in plans], images)
            after = of_type(after, dict, "What is left behind")
            for name, value in expected.items():
                assert name in after, f"After the attack, this is missing: {name}."
                hint = LEFT.get(name.split()[0], "weights and running statistics stay as they are")
                close(after[name], value, hint, name=f"After the attack: {name}")


# ---------------------------------------------------------------- question 7


def rates_reference(*columns):
    """Image by image."""
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    fair = [row for row in rows if row[1] == row[0] == row[2] and row[4] != row[0]]
    fooled = [row for row in fair if row[3] != row[0]]
    return {
        "eligible": len(fair),
        "transferred": len(fooled) / len(fair) if fair else None,
        "noise": sum(row[5] != row[0] for row in fair) / len(fair) if fair else None,
        "same label": sum(row[3] == row[4] for row in fooled) / len(fooled) if fooled else None,
    }


def changed(rng, labels, rate, num_classes=4):
    """Labels of which a share is replaced by another class."""
    other = (labels + torch.randint(1, num_classes, labels.shape, generator=rng)) % num_classes
    return torch.where(torch.rand(labels.shape, generator=rng) < rate, other, labels)


@check("transfer-rates", points=2)
def transfer_rates(student, rng):
    def agree(columns, hint):
        got = of_type(student.call("transfer_rates", *columns), dict, "The result")
        unmodified(student)
        close(got, rates_reference(*columns), hint, name="The result")

    def drawn(*chances):
        labels = inputs.labels(rng, 120, 4)
        return (labels, *(changed(rng, labels, chance) for chance in chances))

    with part(1, "the rates"):
        for chances in ((0.2, 0.15, 0.6, 0.7, 0.3), (0.4, 0.05, 0.3, 0.9, 0.5)):
            hint = "only images that both had right, and whose attack has fooled the teacher"
            agree(drawn(*chances), hint)
    with part(1, "nothing to divide by"):
        agree(drawn(0.2, 0.2, 0.5, 0.0, 0.3), "the teacher is never fooled: None, not 0 or NaN")
        hint = 'the student is never fooled: "transferred" is 0, "same label" is None'
        agree(drawn(0.2, 0.2, 0.0, 0.6, 0.3), hint)
        agree(drawn(1.0, 0.0, 0.5, 0.5, 0.5), "the student is never right: no image is eligible")


# ---------------------------------------------------------------- question 8


def compare_reference(results, reference, lower_is_better):
    """Entry by entry, in NumPy."""
    found = {}
    for name, metrics in results.items():
        if name == reference:
            continue
        found[name] = {}
        for metric, runs in metrics.items():
            base = results[reference][metric]
            both = sorted(set(runs) & set(base))
            entry: dict = {"seeds": both, "gain": None, "sd": None, "verdict": "not compared"}
            if len(both) > 1:
                sign = -1 if metric in lower_is_better else 1
                gains = sign * np.array([runs[s] - base[s] for s in both])
                gain, sd = float(gains.mean()), float(gains.std(ddof=1))
                clear = abs(gain) >= 2 * sd and gain != 0
                word = ("better" if gain > 0 else "worse") if clear else "not resolved"
                entry = {"seeds": both, "gain": gain, "sd": sd, "verdict": word}
            found[name][metric] = entry
    return found


def table_of(rng, metrics, num_seeds, effects):
    """Results of networks that share the luck of a seed, in an order of their own."""
    luck = {metric: 3 * float64(rng, num_seeds) for metric in metrics}
    results = {}
    for name, size in effects.items():
        results[name] = {}
        for metric in metrics:
            values = luck[metric] + size + 0.2 * float64(rng, num_seeds)
            order = torch.randperm(num_seeds, generator=rng).tolist()
            results[name][metric] = {seed: float(values[seed]) for seed in order}
    return results


@check("compare", points=3)
def compare(student, rng):
    def agree(results, reference, low, hint):
        got = of_type(student.call("compare", results, reference, low), dict, "The result")
        unmodified(student)
        close(got, compare_reference(results, reference, low), hint, name="The result")

    metrics = ("accuracy", "loyalty", "error")
    effects = {"base": 0.0, "up": 1.5, "down": -1.5, "same": 0.0}
    with part(1, "all seeds, all metrics high"):
        for num_seeds in (3, 5, 2):
            results = table_of(rng, metrics, num_seeds, effects)
            agree(results, "base", [], "differences seed by seed; n - 1 under the root")
        hint = "the reference is whatever network is named so"
        agree(table_of(rng, metrics, 4, effects), inputs.choice(rng, ("up", "down")), [], hint)
    with part(1, "metrics that should be low; differences without spread"):
        for num_seeds in (3, 4):
            results = table_of(rng, metrics, num_seeds, effects)
            hint = "a lower error is a gain, and the verdict follows the gain"
            agree(results, "base", ["error"], hint)
        base = {seed: float(inputs.integer(rng, 1, 9)) for seed in range(3)}
        shift = float(inputs.integer(rng, 1, 4))
        results = {
            "base": {"error": base},
            "equal": {"error": dict(base)},
            "shifted": {"error": {s: v + shift for s, v in base.items()}},
            # 1, 2 and 3 quarters: a mean of exactly two deviations
            "weak": {"error": {s: v - (0.25, 0.25, 1.0)[s] for s, v in base.items()}},
            "edge": {"error": {s: v - 0.25 * (s + 1) for s, v in base.items()}},
        }
        hint = "without spread any mean but 0 is resolved; exactly two deviations are enough"
        agree(results, "base", ["error"], hint)
        agree(results, "base", [], hint)
    with part(1, "runs that have failed"):
        results = table_of(rng, metrics, 5, effects)
        for name, metric, lost in (
            ("base", "loyalty", (0,)),
            ("up", "accuracy", (1, 4)),
            ("down", "loyalty", (2,)),
            ("same", "error", (0, 1, 2, 3)),
            ("down", "accuracy", (0, 1, 2, 3, 4)),
        ):
            results[name][metric] = {
                s: v for s, v in results[name][metric].items() if s not in lost
            }
        del results["up"]["error"]
        hint = "only seeds that both networks have, and only metrics that the network has"
        agree(results, "base", ["error"], hint)


# ---------------------------------------------------------------- question 9


def alarm(num_seeds):
    """By integration of the density of Student's distribution."""
    bound = 2 * math.sqrt(num_seeds)
    return 1 - (stats.t.cdf(bound, df=num_seeds - 1) - stats.t.cdf(-bound, df=num_seeds - 1))


@check("false-alarms", points=2)
def false_alarms(student, rng):
    with part(1, "false_alarm"):
        for num_seeds in (2, 3, 5, inputs.integer(rng, 6, 12)):
            got = student.call("false_alarm", num_seeds)
            hint = "the statistic t, two tails, n - 1 degrees of freedom"
            close(got, alarm(num_seeds), hint, atol=1e-9, name=f"false_alarm({num_seeds})")
    with part(1, "seeds_needed"):
        tried = 0
        while tried < 6:
            count, risk = inputs.integer(rng, 1, 60), inputs.uniform(rng, 0.004, 0.3)
            chances = [1 - (1 - alarm(n)) ** count for n in range(2, 40)]
            if min(abs(chance / risk - 1) for chance in chances) < 0.02:
                continue
            expected = 2 + next(i for i, chance in enumerate(chances) if chance <= risk)
            got = student.call("seeds_needed", count, risk)
            hint = "the smallest number; at least one of independent comparisons is called resolved"
            close(got, expected, hint, name=f"seeds_needed({count}, {risk:.4f})")
            tried += 1
        close(student.call("seeds_needed", 1, 0.9), 2, "at least two", name="seeds_needed(1, 0.9)")
        hint = "the two alarms are independent: how likely is none of them?"
        close(student.call("seeds_needed", 2, 0.42), 2, hint, name="seeds_needed(2, 0.42)")
