"""Hidden checks of a4-forgetting: fresh inputs, own references, hints that teach."""

import itertools
import math
from collections import Counter

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from autograder import inputs
from autograder.check import check, close, defined_here, part, unmodified
from autograder.inputs import float64
from featherweight import expect


def entry(got, name):
    """One entry of the student's dict."""
    assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
    assert name in got, f"The result has no entry '{name}'."
    return got[name]


# ---------------------------------------------------------------- question 1


def winners(logits):
    """The classes with most votes for one example, from its logits [models, classes]."""
    votes = Counter(int(row.argmax()) for row in logits)
    most = max(votes.values())
    return sorted(label for label, count in votes.items() if count == most)


def modal_label(logits):
    """The label of one example, and how clearly the probabilities decide between the tied."""
    probability = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    ranked = sorted(winners(logits), key=lambda label: -probability[:, label].sum())
    sums = [probability[:, label].sum() for label in ranked]
    return ranked[0], sums[0] - sums[1] if len(sums) > 1 else math.inf


RIVALS = {  # rules that students use instead; an example is worth asking where they differ
    "mean probability": lambda z: int(z.softmax(-1).sum(0).argmax()),
    "mean logit": lambda z: int(z.sum(0).argmax()),
    "votes and probabilities": lambda z: int(
        (F.one_hot(z.argmax(-1), z.shape[-1]) + z.softmax(-1)).sum(0).argmax()
    ),
    "surest network": lambda z: int(z.softmax(-1).amax(0).argmax()),
    "smallest label": lambda z: winners(z)[0],
    "largest label": lambda z: winners(z)[-1],
    "logits of the tied": lambda z: max(winners(z), key=lambda c: float(z[:, c].sum())),
    "voters only": lambda z: max(
        winners(z), key=lambda c: float(z.softmax(-1)[z.argmax(-1) == c, c].sum())
    ),
    "first network": lambda z: next(c for c in z.argmax(-1).tolist() if c in winners(z)),
}


def population_of(rng, num_models, num_classes, tied):
    """Logits [models, examples, classes] on which the rival rules err, where they can.

    With `tied` every example has a tie, without it none has one.
    """
    spread = 0.3 + 6 * torch.rand(num_models, 1, 1, generator=rng, dtype=torch.float64) ** 2
    pool = float64(rng, num_models, 600, num_classes) * spread
    most = F.one_hot(pool.argmax(-1), num_classes).sum(0).topk(2).values
    candidates = ((most[:, 0] == most[:, 1]) == tied).nonzero().flatten().tolist()
    chosen: list[int] = []
    wanted = Counter(dict.fromkeys(RIVALS, 2))
    for i in candidates[:150]:
        label, margin = modal_label(pool[:, i])
        if margin < 1e-3:
            continue
        rivals = [name for name, count in wanted.items() if count > 0]
        fooled = [name for name in rivals if RIVALS[name](pool[:, i]) != label]
        if fooled or len(chosen) < 5:
            wanted.subtract(fooled)
            chosen.append(i)
    return pool[:, chosen]


@check("population-labels", points=2)
def population_labels(student, rng):
    for tied, what in ((False, "images with a clear majority"), (True, "images with a tie")):
        with part(1, what):
            for num_models, num_classes in ((5, 4), (4, 7), (6, 5)):
                logits = population_of(rng, num_models, num_classes, tied)
                expected = torch.tensor([modal_label(z)[0] for z in logits.unbind(1)])
                got = student.call("population_labels", logits)
                hint = "votes decide; who decides between classes with equally many votes?"
                expect.equal(got, expected, hint, name="The vector of modal labels")
                assert not got.is_floating_point(), "Labels are whole numbers: return int64."
                unmodified(student)


# ---------------------------------------------------------------- question 2


def taxicab_reference(dense, pruned, num_classes):
    """Example by example, class by class."""
    distances = []
    for left, right in zip(dense.T.tolist(), pruned.T.tolist(), strict=True):
        parts = [
            abs(left.count(c) / len(left) - right.count(c) / len(right)) for c in range(num_classes)
        ]
        distances.append(sum(parts))
    return torch.tensor(distances, dtype=torch.float64)


@check("taxicab-distances", points=2)
def taxicab_distances(student, rng):
    for sizes, what in (((4, 4), "populations of one size"), ((3, 7), "populations of two sizes")):
        with part(1, what):
            for num_classes in (3, 6):
                groups = [
                    torch.randint(0, num_classes, (n, 11), generator=rng) for n in (*sizes, *sizes)
                ]
                groups[2] = groups[0][:, :1].expand(-1, 11).clone()
                for dense, pruned in ((groups[0], groups[1]), (groups[2], groups[3])):
                    got = student.call("taxicab_distances", dense, pruned, num_classes)
                    expected = taxicab_reference(dense, pruned, num_classes)
                    hint = "each class has a share of each population; add up how far they differ"
                    close(got, expected, hint, atol=1e-6, name="The vector of distances")
                    unmodified(student)


# ---------------------------------------------------------------- question 3

STATISTICS = """
def disagreement(first, second):
    \"\"\"The mean over examples of how far the mean predictions differ.\"\"\"
    gap = first.double().mean(0) - second.double().mean(0)
    return float(gap.abs().mean())


def increase(first, second):
    \"\"\"How much more often the second group predicts class 1.\"\"\"
    return float((second == 1).double().mean() - (first == 1).double().mean())
"""


def regroup(dense, pruned, statistic):
    """All values, by the bits of a number that says who is in the first group."""
    pool, size = torch.cat([dense, pruned]), len(dense)
    values = []
    for number in range(2 ** len(pool)):
        chosen = torch.tensor([number >> i & 1 for i in range(len(pool))], dtype=torch.bool)
        if int(chosen.sum()) == size:
            values.append(statistic(pool[chosen], pool[~chosen]))
    return torch.tensor(sorted(values), dtype=torch.float64)


@check("regrouping-test", points=3)
def regrouping_test(student, rng):
    ours = defined_here(STATISTICS)
    student.define(STATISTICS)
    cases = []
    for sizes in ((3, 4), (4, 2), (3, 3), (2, 5)):
        dense, pruned = (torch.randint(0, 3, (n, 9), generator=rng) for n in sizes)
        pruned[:, :4] = pruned[:, :4].clamp(min=1)
        cases.append((dense, pruned))
    dense = torch.randint(0, 3, (3, 5), generator=rng)
    cases += [(dense, dense.clone()), (dense, torch.cat([dense[:1], dense]))]
    with part(1, "the values of all regroupings"):
        for dense, pruned in cases:
            for name in ("disagreement", "increase"):
                expected = regroup(dense, pruned, ours[name])
                null = answer_of(student, dense, pruned, name)[1]
                what = f"with {len(dense)} and {len(pruned)} networks"
                expect.shape(null, expected.shape, "each way to choose counts once", f"null {what}")
                values = null.double().sort().values
                hint = "deal the networks into two groups of the given sizes, in every way"
                close(values, expected, hint, atol=1e-6, name=f"null, sorted, {what}")
                unmodified(student)
    for name in ("disagreement", "increase"):
        with part(1, f"p for the statistic '{name}'"):
            for dense, pruned in (*cases, *((b, a) for a, b in cases)):
                null = regroup(dense, pruned, ours[name])
                observed = ours[name](dense, pruned)
                expected = sum(value >= observed - 1e-9 for value in null.tolist()) / len(null)
                hint = "which share of all regroupings, the observed one included, is as large?"
                close(answer_of(student, dense, pruned, name)[0], expected, hint, name="p")


def answer_of(student, dense, pruned, name):
    got = student.call("regrouping_test", dense, pruned, student.helper(name))
    pair = isinstance(got, tuple | list) and len(got) == 2
    assert pair, "The result must be a pair: (p, null)."
    return got


# ---------------------------------------------------------------- question 4


def recalls(rng, n, m, num_classes):
    """Two tables of relative recalls, of different sizes and spreads."""
    spread = torch.linspace(0.2, 3.0, num_classes).double()
    shift = 0.6 * float64(rng, num_classes)
    return float64(rng, n, num_classes) * spread, float64(rng, m, num_classes) + shift


def pairs_of(rng):
    """Pairs of tables; in two classes one of the two populations does not vary."""
    pairs = [recalls(rng, *sizes) for sizes in ((5, 5, 7), (3, 8, 4), (6, 2, 5))]
    pairs[0][0][:, 2] = 0.25
    pairs[1][1][:, 1] = -0.5
    return pairs


def welch(pair, margin, alternative):
    """SciPy's one-sided test of the pruned networks, shifted by the margin, against the dense."""
    dense, pruned = pair[0].numpy(), pair[1].numpy() + margin
    return stats.ttest_ind(pruned, dense, equal_var=False, alternative=alternative)


@check("loss-test", points=2, cell="loss-tests")
def loss_test(student, rng):
    pairs = pairs_of(rng)
    with part(1, "the difference and the degrees of freedom"):
        for dense, pruned in pairs:
            got = student.call("loss_tests", dense, pruned, 0.5)
            expected = torch.from_numpy(pruned.numpy().mean(0) - dense.numpy().mean(0))
            hint = "pruned minus dense: a harmed class has a negative difference"
            close(entry(got, "difference"), expected, hint, name="difference")
            hint = "each population enters with its own sample variance, its size, and size - 1"
            df = torch.as_tensor(welch((dense, pruned), 0.0, "less").df)
            close(entry(got, "df"), df, hint, atol=1e-8, name="df")
            unmodified(student)
    with part(1, "p_lost"):
        for pair in pairs:
            got = entry(student.call("loss_tests", *pair, 0.5), "p_lost")
            expected = torch.from_numpy(welch(pair, 0.0, "less").pvalue)
            hint = (
                "the lower tail at difference / e: small for a clear loss, near 1 for a clear gain"
            )
            close(got, expected, hint, atol=1e-8, name="p_lost")


@check("spared-test", points=1, cell="loss-tests")
def spared_test(student, rng):
    for pair, margin in zip(pairs_of(rng), (0.3, 1.0, 2.5), strict=True):
        got = entry(student.call("loss_tests", *pair, margin), "p_spared")
        expected = torch.from_numpy(welch(pair, margin, "greater").pvalue)
        hint = "the upper tail, for a difference that is compared with -margin instead of 0"
        close(got, expected, hint, atol=1e-8, name=f"p_spared with a margin of {margin}")
        unmodified(student)


# ---------------------------------------------------------------- question 5


def holm_reference(p_values):
    """The smallest level at which the step-down procedure rejects each hypothesis."""
    p = p_values.tolist()
    steps = [min(1.0, value * sum(other >= value for other in p)) for value in p]
    largest = [max(s for s, q in zip(steps, p, strict=True) if q <= value) for value in p]
    return torch.tensor(largest, dtype=torch.float64)


@check("holm", points=2)
def holm(student, rng):
    with part(1, "clearly different p values"):
        for size in (3, 6):
            p = 0.03 * 5.0 ** -torch.arange(size).double() * (1 + 0.2 * float64(rng, size).tanh())
            p = p[torch.randperm(size, generator=rng)]
            if bool((p.diff() > 0).all() or (p.diff() < 0).all()):
                p = p.roll(1)
            hint = "the smallest of k is multiplied by k, the largest by 1; keep the order"
            close(student.call("holm", p), holm_reference(p), hint, atol=1e-7, name="The result")
            unmodified(student)
    with part(1, "p values close to each other, equal ones, and large ones"):
        close_by = 0.01 + 0.002 * torch.rand(5, generator=rng, dtype=torch.float64)
        mixed = torch.cat([close_by, torch.tensor([0.3, 0.31, 0.9, 0.95]).double()])
        equal = torch.tensor([0.02, 0.2, 0.02, 0.02]).double()
        for p in (close_by, mixed[torch.randperm(9, generator=rng)], equal, mixed[-1:]):
            hint = "a running maximum over the sorted values, and never above 1"
            close(student.call("holm", p), holm_reference(p), hint, atol=1e-7, name="The result")


# ---------------------------------------------------------------- question 6

NETWORKS = """
import torch
from torch import nn


def plain(state, frozen=False):
    model = nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(18, 4)
    ).double()
    model.load_state_dict(state)
    return model


def noisy(state, frozen=False):
    model = nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(18, 4),
    ).double()
    model.load_state_dict(state)
    model.train()
    if frozen:
        model[1].eval()
        model[0].weight.requires_grad_(False)
    return model


def with_gradients(model, value):
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, value) if parameter.requires_grad else None
    return model


def traces(model, images):
    return {
        "modes": [layer.training for layer in model.modules()],
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "trainable": [p.requires_grad for p in model.parameters()],
        "state": {name: t.clone() for name, t in model.state_dict().items()},
        "images": images.detach().clone(),
        "images.requires_grad": images.requires_grad,
        "images.grad": images.grad,
    }


def attacked(function, model, images, *args):
    \"\"\"The result, whether it is detached, and what the attack has left behind.\"\"\"
    result = function(model, images, *args)
    return result.detach(), bool(result.requires_grad), traces(model, images)
"""


def state_of(rng, batch_norm):
    """A state dict for one of the networks."""
    last = 5 if batch_norm else 3
    state = {
        "0.weight": float64(rng, 3, 2, 2, 2),
        "0.bias": float64(rng, 3),
        f"{last}.weight": float64(rng, 4, 18),
        f"{last}.bias": float64(rng, 4),
    }
    if batch_norm:
        state |= {
            "1.weight": float64(rng, 3),
            "1.bias": float64(rng, 3),
            "1.running_mean": float64(rng, 3),
            "1.running_var": float64(rng, 3).abs() + 0.3,
            "1.num_batches_tracked": torch.tensor(4),
        }
    return state


def scene(rng):
    """Standardized images, labels, mean and std; some pixels are near the ends of their range."""
    pixels = inputs.images(rng, 5, 2, 3, 4).double()
    pixels[:, :, 0] = (pixels[:, :, 0] * 0.1).where(pixels[:, :, 0] < 0.5, 1 - pixels[:, :, 1] / 20)
    mean = torch.tensor([inputs.uniform(rng, 0.3, 0.6), inputs.uniform(rng, 0.1, 0.3)]).double()
    std = torch.tensor([inputs.uniform(rng, 0.2, 0.3), inputs.uniform(rng, 0.5, 0.8)]).double()
    images = (pixels - mean[:, None, None]) / std[:, None, None]
    return images, inputs.labels(rng, 5, 4), mean, std


def attack_reference(model, scene_, steps):
    """PGD in pixels, for a model that takes them."""
    images, labels, mean, std = scene_
    epsilon, step_size, num_steps = steps

    class Pixels(nn.Module):
        def forward(self, pixels):
            return model((pixels - mean[:, None, None]) / std[:, None, None])

    inner = Pixels().eval()
    model.eval()
    original = images * std[:, None, None] + mean[:, None, None]
    pixels = original.clone()
    for _ in range(num_steps):
        pixels.requires_grad_()
        gradient = torch.autograd.grad(F.cross_entropy(inner(pixels), labels), pixels)[0]
        moved = pixels.detach() + step_size * gradient.sign()
        pixels = original + (moved - original).clamp(-epsilon, epsilon)
        pixels = pixels.clamp(0, 1)
    return (pixels - mean[:, None, None]) / std[:, None, None]


def attack(student, model, scene_, steps):
    images, labels, mean, std = scene_
    function = student.get("attack")
    args = (images, labels, *steps, mean, std)
    got = student.ask("attacked", function, model, *args)
    triple = isinstance(got, tuple | list) and len(got) == 3
    assert triple, "The result must be a torch.Tensor."
    return got


@check("attack-result", points=2, cell="attack")
def attack_result(student, rng):
    ours = defined_here(NETWORKS)
    student.define(NETWORKS)
    for plans, what in (
        (((0.02, 0.02, 1), (0.03, 0.08, 1), (0.0, 0.1, 2)), "a single step"),
        (((0.06, 0.025, 5), (0.3, 0.07, 6), (0.04, 0.1, 4)), "several steps"),
    ):
        with part(1, what):
            for epsilon, step_size, num_steps in plans:
                state, images = state_of(rng, batch_norm=False), scene(rng)
                steps = (epsilon, step_size, num_steps)
                model = student.call_kept(student.helper("plain"), state)
                got, _, _ = attack(student, model, images, steps)
                expected = attack_reference(ours["plain"](state), images, steps)
                hint = (
                    "steps, ball and box are in pixels; the gradient is taken where the last step "
                    "ended, the ball is around the original"
                )
                name = f"The result (epsilon {epsilon}, step {step_size}, {num_steps} steps)"
                close(got, expected, hint, atol=1e-8, name=name)


LEFT = {
    "modes": "put every layer back into the mode it was in, not all into one",
    "gradients": "parameters keep the .grad that they had, whatever it was",
    "trainable": "parameters that required gradients still do, the others still do not",
    "state": "weights, running statistics and counters stay as they are",
    "images": "the images stay as they are",
    "images.requires_grad": "turn it on for a tensor of your own",
    "images.grad": "the images have no gradient before, and none afterwards",
}


@check("attack-traces", points=2, cell="attack")
def attack_traces(student, rng):
    ours = defined_here(NETWORKS)
    student.define(NETWORKS)
    steps = (0.1, 0.03, 4)
    runs = [(state_of(rng, batch_norm=True), scene(rng), frozen) for frozen in (False, True)]
    with part(1, "the network in evaluation mode"):
        for state, images, frozen in runs:
            model = student.call_kept(student.helper("noisy"), state, frozen)
            got, attached, _ = attack(student, model, images, steps)
            expected = attack_reference(ours["noisy"](state), images, steps)
            hint = "dropout and batch norm must work as they do when the network is used"
            close(got, expected, hint, atol=1e-8, name="The result")
            assert not attached, "The result still requires a gradient: detach it."
    with part(1, "what is left behind"):
        for (state, images, frozen), value in itertools.product(runs, (None, 0.25)):
            model = student.call_kept(student.helper("noisy"), state, frozen)
            mine = ours["noisy"](state, frozen)
            if value is not None:
                student.ask("with_gradients", model, value)
                ours["with_gradients"](mine, value)
            got, _, after = attack(student, model, images, steps)
            expect.shape(got, images[0].shape)
            moved = float((got - images[0]).abs().max())
            assert moved > 1e-3, "The attack has not moved a single pixel."
            for name, before in ours["traces"](mine, images[0]).items():
                close(entry(after, name), before, LEFT[name], name=f"After the attack: {name}")


# ---------------------------------------------------------------- question 7


def l2_reference(images, perturbed, gradient, step_size, radius):
    """Example by example, in numpy."""
    result = []
    for x, point, g in zip(images.numpy(), perturbed.numpy(), gradient.numpy(), strict=True):
        length = math.sqrt((g**2).sum())
        shift = point + (step_size * (g / length) if length else 0.0) - x
        size = math.sqrt((shift**2).sum())
        shift = shift * min(1.0, radius / size) if size else shift
        result.append(np.minimum(np.maximum(x + shift, 0.0), 1.0))
    return torch.from_numpy(np.stack(result))


def l2_close(student, images, perturbed, gradient, step_size, radius, hint):
    args = (images, perturbed, gradient, step_size, radius)
    got = student.call("l2_step", *args)
    close(got, l2_reference(*args), hint, atol=1e-9, name="The result")
    unmodified(student)


@check("l2-move", points=1, cell="l2-step")
def l2_move(student, rng):
    images = 0.4 + 0.2 * inputs.images(rng, 4, 3, 2, 5).double()
    perturbed = images + 0.02 * float64(rng, 4, 3, 2, 5)
    scale = torch.tensor([3.0, 0.1, 1.0, 20.0]).double().reshape(-1, 1, 1, 1)
    gradient = float64(rng, 4, 3, 2, 5) * scale
    hint = "every image takes a step of the same length, along its own gradient"
    l2_close(student, images, perturbed, gradient, 0.15, 9.0, hint)
    hint = "a gradient of 0 gives no direction; a very short one does"
    gradient[1] = 0.0
    gradient[2] *= 1e-10
    l2_close(student, images, perturbed, gradient, 0.1, 9.0, hint)


@check("l2-ball", points=2, cell="l2-step")
def l2_ball(student, rng):
    with part(1, "the ball"):
        images = 0.4 + 0.2 * inputs.images(rng, 4, 2, 4, 3).double()
        shift = float64(rng, 4, 2, 4, 3)
        shift = shift / shift.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
        far = torch.tensor([0.03, 0.14, 0.2, 0.07]).double().reshape(-1, 1, 1, 1)
        hint = "only images outside of their own ball come back to its edge"
        gradient = float64(rng, 4, 2, 4, 3)
        l2_close(student, images, images + far * shift, gradient, 0.02, 0.15, hint)
        l2_close(student, images, images + far * shift, gradient, 0.25, 0.15, hint)
        hint = "with a gradient of 0 at the original there is no direction to shorten"
        l2_close(student, images, images.clone(), torch.zeros_like(gradient), 0.1, 0.15, hint)
    with part(1, "the box"):
        images = inputs.images(rng, 5, 2, 3, 4).double().round(decimals=1)
        perturbed = (images + 0.1 * float64(rng, 5, 2, 3, 4)).clamp(0, 1)
        gradient = float64(rng, 5, 2, 3, 4)
        for step_size, radius in ((0.6, 2.0), (1.5, 0.7)):
            hint = "first the ball, then the box, for each image on its own"
            l2_close(student, images, perturbed, gradient, step_size, radius, hint)


# ---------------------------------------------------------------- question 8


@check("corruption-errors", points=2)
def corruption_errors(student, rng):
    tables = []
    for shape in ((4, 5), (3, 2)):
        harm = torch.linspace(0.1, 0.6, shape[0]).double()[:, None]
        dense, pruned = (
            0.9 - harm * (0.3 + torch.rand(*shape, generator=rng, dtype=torch.float64))
            for _ in range(2)
        )
        clean = inputs.uniform(rng, 0.91, 0.95), inputs.uniform(rng, 0.8, 0.9)
        tables.append((dense, pruned - 0.03, clean))
    with part(1, "the mean corruption error"):
        for dense, pruned, clean in tables:
            for reference in (dense, *unharmed(dense, clean[0])):
                ratios = [
                    sum(1 - b for b in q) / sum(1 - a for a in p)
                    for p, q in zip(reference.tolist(), pruned.tolist(), strict=True)
                ]
                got = student.call("corruption_errors", reference, pruned, *clean)
                hint = "errors, added up over severities, divided; all corruptions are averaged"
                close(entry(got, "mean"), sum(ratios) / len(ratios), hint, name="mean")
                unmodified(student)
    with part(1, "the relative one"):
        for dense, pruned, clean in tables:
            for reference in (dense, *unharmed(dense, clean[0])):
                got = student.call("corruption_errors", reference, pruned, *clean)
                hint = "what each network loses from its own clean accuracy; which count?"
                expected = relative_reference(reference, pruned, *clean)
                close(entry(got, "relative"), expected, hint, name="relative")


def unharmed(dense, clean):
    """The table twice, with one corruption that does not harm the dense network."""
    better, mixed = dense.clone(), dense.clone()
    better[0] = clean + 0.001
    mixed[1] = clean + torch.linspace(-0.02, 0.04, dense.shape[1]).double()
    return better, mixed


def relative_reference(dense, pruned, dense_clean, pruned_clean):
    ratios = []
    for p, q in zip(dense.tolist(), pruned.tolist(), strict=True):
        lost = len(p) * dense_clean - sum(p)
        if lost > 0:
            ratios.append((len(q) * pruned_clean - sum(q)) / lost)
    return sum(ratios) / len(ratios)


# ---------------------------------------------------------------- question 9


def affordable_reference(shapes, bits):
    """The counts by trying all of them."""
    total = sum(rows * columns for rows, columns in shapes)
    budget = sum(math.ceil(bits * r * c / 8) + 4 * r for r, c in shapes)
    bitmap = sum(math.ceil(r * c / 8) for r, c in shapes)
    pointers = sum(4 * (r + 1) for r, _ in shapes)
    fits = {
        "bitmap": [k for k in range(total + 1) if 4 * k + bitmap <= budget],
        "csr": [k for k in range(total + 1) if 6 * k + pointers <= budget],
    }
    return {"bytes": budget} | {name: max(ks, default=0) for name, ks in fits.items()}


@check("affordable-weights", points=3)
def affordable_weights(student, rng):
    networks = [
        [(inputs.integer(rng, 3, 9), 2 * inputs.integer(rng, 5, 20) + 1) for _ in range(n)]
        for n in (1, 3, 4)
    ]
    networks.append([(3, 5), (7, 3), (5, 7)])  # odd sizes: every matrix has a byte to round up
    networks.append([(40, 3), (30, 1)])  # many rows and few columns: the fixed parts weigh most
    hints = {
        "bytes": "codes in whole bytes for each matrix, and 4 bytes for the scale of each row",
        "bitmap": "what is left after the bitmaps, in weights of 4 bytes, rounded down",
        "csr": "what is left after rows + 1 pointers for each matrix, in weights of 6 bytes",
    }
    for name, hint in hints.items():
        with part(1, f"'{name}'"):
            for shapes in networks:
                for bits in (1, 2, 3, 4, 8, 16, 40, 64):
                    got = entry(student.call("affordable_weights", shapes, bits), name)
                    expected = affordable_reference(shapes, bits)[name]
                    assert isinstance(got, int), f"'{name}' is a whole number: return an int."
                    what = f"'{name}' at {bits} bits"
                    close(got, expected, hint, atol=0.0, name=what)
            unmodified(student)
