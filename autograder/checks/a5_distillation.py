"""Hidden checks of a5-distillation: fresh inputs, references in NumPy, scripted teachers."""

import itertools
import math
from collections import Counter

import numpy as np
import torch
from scipy.special import logsumexp, softmax
from torch.nn import functional as F

from autograder import inputs
from autograder.check import check, close, defined_here, of_type, part, refuses, unmodified
from autograder.inputs import float64
from featherweight import expect


def classifier(rng, batch_size, num_classes):
    """Logits of a student and of a teacher, whose means are not 0, and labels."""
    logits = [2 * float64(rng, batch_size, num_classes) + float64(rng, batch_size, 1) for _ in "st"]
    return *logits, inputs.labels(rng, batch_size, num_classes)


def probabilities(rng, batch_size, num_classes):
    """Rows of positive probabilities, no two equal."""
    return (1.5 * float64(rng, batch_size, num_classes)).softmax(1)


# ---------------------------------------------------------------- question 1

WITHOUT_GRAPHS = """
import torch


def without_graphs(function, *args):
    with torch.no_grad():
        return function(*args)
"""


def without_graphs(student, name, *args):
    """Call a function of the student's where automatic differentiation is off."""
    student.define(WITHOUT_GRAPHS)
    got = student.ask("without_graphs", student.get(name), *args)
    unmodified(student)
    return got


def derived(logits_s, logits_t, labels, temperature, alpha):
    """The gradient of the loss, by automatic differentiation."""
    leaf = logits_s.clone().requires_grad_()
    log_q = F.log_softmax(leaf / temperature, 1)
    log_p = F.log_softmax(logits_t / temperature, 1)
    soft = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    loss = (1 - alpha) * F.cross_entropy(leaf, labels) + alpha * temperature**2 * soft
    return torch.autograd.grad(loss, leaf)[0]


@check("kd-gradient", points=2, cell="kd-gradients")
def kd_gradient(student, rng):
    sizes = ((5, 7), (6, 3), (1, 4))
    with part(1, "each term alone"):
        for alpha, hint in (
            (0.0, "without a soft term: softmax minus one-hot, the mean over the batch"),
            (1.0, "T**2 in the loss, one 1/T from the chain rule, the mean over the batch"),
        ):
            for size in sizes:
                args = (*classifier(rng, *size), inputs.uniform(rng, 1.5, 6.0), alpha)
                got = without_graphs(student, "kd_gradient", *args)
                close(got, derived(*args), hint, name=f"The gradient for alpha = {alpha:g}")
    with part(1, "both terms"):
        for size in sizes:
            temperature, alpha = inputs.uniform(rng, 1.5, 6.0), inputs.uniform(rng, 0.55, 0.95)
            args = (*classifier(rng, *size), temperature, alpha)
            got = without_graphs(student, "kd_gradient", *args)
            close(got, derived(*args), "alpha weighs the soft term", name="The gradient")


@check("limit-gradient", points=1, cell="kd-gradients")
def limit_gradient(student, rng):
    for size in ((5, 7), (4, 3), (1, 6)):
        logits_s, logits_t, _ = classifier(rng, *size)
        got = without_graphs(student, "limit_gradient", logits_s, logits_t)
        s, t = logits_s.numpy(), logits_t.numpy()
        centered = s - s.mean(1, keepdims=True) - t + t.mean(1, keepdims=True)
        hint = "kd_gradient with alpha = 1 comes near at T = 1e6; the limit has no temperature"
        close(got, torch.from_numpy(centered / s.size), hint, name="The limit")


# ---------------------------------------------------------------- question 2


def rebuilt(probs, classes, num_classes, temperature):
    """Row by row, entry by entry."""
    rows = []
    for told, names in zip(probs.tolist(), classes.tolist(), strict=True):
        missing = max(0.0, 1 - math.fsum(told))
        others = num_classes - len(told)
        row = [missing / others if others else 0.0] * num_classes
        for name, value in zip(names, told, strict=True):
            row[name] = value
        heated = [value ** (1 / temperature) if value > 0 else 0.0 for value in row]
        rows.append([value / math.fsum(heated) for value in heated])
    return torch.tensor(rows, dtype=torch.float64)


@check("from-top-k", points=2)
def from_top_k(student, rng):
    def asked(probs, classes, num_classes, temperature, hint):
        args = (probs, classes, num_classes, temperature)
        got = student.call("from_top_k", *args)
        unmodified(student)
        close(got, rebuilt(*args), hint, name=f"The table for T = {temperature:.3g}")

    with part(1, "the missing mass"):
        for num_classes, k in ((9, 2), (6, 5), (8, 1), (7, 7)):
            top = probabilities(rng, 5, num_classes).topk(k)
            hint = "what was not told is shared by the classes that were not named"
            asked(top.values, top.indices, num_classes, 1.0, hint)
        top = probabilities(rng, 4, 8).topk(3)
        over = 1.0002 * top.values / top.values.sum(1, keepdim=True)
        hint = "the told probabilities sum to a little more than 1: nothing is missing"
        asked(over, top.indices, 8, 1.0, hint)
    with part(1, "the temperature"):
        for num_classes, k in ((9, 2), (6, 5), (7, 7)):
            for temperature in (inputs.uniform(rng, 2.0, 6.0), inputs.uniform(rng, 0.4, 0.8)):
                top = probabilities(rng, 5, num_classes).topk(k)
                hint = "softmax of log(p) / T, after the missing mass was spread"
                asked(top.values, top.indices, num_classes, temperature, hint)
        over = 1.0002 * torch.tensor([[0.7, 0.3]]).double()
        asked(over, torch.tensor([[4, 1]]), 5, 3.0, "what was 0 stays 0")


# ---------------------------------------------------------------- question 3


def split_off(logits, label, temperature):
    """Logarithms of the label's probability, of the others' mass, and of the others' shares."""
    z = logits.numpy() / temperature
    others = np.delete(z, label)
    everything = logsumexp(z)
    return z[label] - everything, logsumexp(others) - everything, others - logsumexp(others)


def decoupled(logits_s, logits_t, labels, temperature):
    """Target term, non-target term and weight of each example, as a tensor [3, batch]."""
    rows = []
    for z_s, z_t, label in zip(logits_s, logits_t, labels.tolist(), strict=True):
        p, p_rest, p_others = split_off(z_t, label, temperature)
        q, q_rest, q_others = split_off(z_s, label, temperature)
        target = math.exp(p) * (p - q) + math.exp(p_rest) * (p_rest - q_rest)
        nontarget = float(np.exp(p_others) @ (p_others - q_others))
        rows.append([target, nontarget, math.exp(p_rest)])
    return torch.tensor(rows, dtype=torch.float64).T


def sure_logits(rng, labels, num_classes, margin):
    """Logits that put a label far above the other classes."""
    return float64(rng, len(labels), num_classes) + margin * F.one_hot(labels, num_classes)


@check("decoupled-terms", points=3)
def decoupled_terms(student, rng):
    names = ("target", "nontarget", "weight")

    def agree(args, wanted, hint):
        got = of_type(student.call("decoupled_terms", *args), tuple | list, "The result")
        assert len(got) == 3, f"The result must have 3 parts, not {len(got)}."
        unmodified(student)
        for name, value, right in zip(names, got, decoupled(*args), strict=True):
            if name in wanted:
                close(value, right, hint, name=f"`{name}`")

    ordinary = [
        (*classifier(rng, *size), inputs.uniform(rng, 1.5, 5.0)) for size in ((6, 4), (3, 8))
    ]
    ordinary.append((*classifier(rng, 5, 6), 1.0))
    with part(1, "target term and weight"):
        for args in ordinary:
            hint = "two numbers for each network: the label's probability and the rest"
            agree(args, ("target", "weight"), hint)
    with part(1, "non-target term"):
        for args in ordinary:
            agree(args, ("nontarget",), "leave the label out, then make the rest sum to 1")
    with part(1, "networks that are nearly certain"):
        labels = inputs.labels(rng, 5, 6)
        plain = 2 * float64(rng, 5, 6)
        up = (sure_logits(rng, labels, 6, inputs.uniform(rng, 60, 90)) for _ in "st")
        down = sure_logits(rng, labels, 6, -inputs.uniform(rng, 60, 90))
        one, two = up
        hint = "1 - p as the sum of the other probabilities, all in logarithms"
        for pair in ((plain, one), (one, plain), (one, two), (down, two), (one, down)):
            agree((*pair, labels, inputs.choice(rng, (1.0, 1.25))), names, hint)


# ---------------------------------------------------------------- question 4


def combined(logits, temperature, how):
    """The table of several teachers, in NumPy."""
    z = logits.numpy()
    soft = softmax(z / temperature, axis=2)
    if how == "logits":
        return torch.from_numpy(softmax(z.sum(0) / len(z) / temperature, axis=1))
    table = np.zeros_like(soft[0])
    for i in range(z.shape[1]):
        plain = softmax(z[:, i], axis=1)
        entropy = np.array([-sum(p * math.log(p) for p in row if p > 0) for row in plain])
        weights = np.exp(-entropy) if how == "confident" else np.ones(len(z))
        table[i] = weights / weights.sum() @ soft[:, i]
    return torch.from_numpy(table)


@check("combined-teacher", points=3)
def combined_teacher(student, rng):
    sizes = ((3, 5, 4), (2, 4, 7), (5, 3, 6), (1, 2, 3))
    hints = {
        "probabilities": "soften each teacher, then take the mean",
        "logits": "one teacher with the mean logits",
        "confident": "the weights exp(-H) of one example sum to 1; H at temperature 1, in nats",
    }
    for how, hint in hints.items():
        with part(1, f'"{how}"'):
            for size in sizes:
                logits = 2 * float64(rng, *size) * (0.2 + torch.rand((*size[:2], 1), generator=rng))
                args = (logits, inputs.uniform(rng, 2.0, 5.0), how)
                got = student.call("combined_teacher", *args)
                unmodified(student)
                close(got, combined(*args), hint, name=f'The table for "{how}"')
            sure = 2 * float64(rng, 3, 4, 5)
            sure[1, :, 2] += 2000
            got = student.call("combined_teacher", sure, 3.0, how)
            hint = "one teacher is so sure that its other probabilities round to 0"
            close(got, combined(sure, 3.0, how), hint, name=f'The table for "{how}"')
            refuses(student, "There is no such combination", "combined_teacher", sure, 3.0, "vote")


# ---------------------------------------------------------------- question 5

DRAWS = """
import torch


def controls(teacher_control, kind, probs, labels, seeds):
    # Controls with several seeds; the first one twice, with other global draws.
    found = []
    for place, seed in enumerate([seeds[0], *seeds]):
        torch.manual_seed(place)
        found.append(teacher_control(kind, probs, labels, torch.Generator().manual_seed(seed)))
    return torch.stack(found)
"""


def controls(student, kind, probs, labels, seeds):
    """The student's controls [seeds, batch, classes], which must not depend on global draws."""
    student.define(DRAWS)
    args = (student.get("teacher_control"), kind, probs, labels, seeds)
    found = student.ask("controls", *args)
    unmodified(student)
    expect.shape(found, (len(seeds) + 1, *probs.shape), name=f'The "{kind}" controls')
    close(found[1], found[0], "draw from `generator` alone", name="A second call, equally seeded")
    return found[1:].double()


def seeds_of(rng, count):
    return [inputs.integer(rng, 0, 10**9) for _ in range(count)]


def even(counts, options, what, width=5.5):
    """Fail unless each of some outcomes occurred equally often, as far as chance allows."""
    total, options = sum(counts.values()), list(options)
    usual = total / len(options)
    for option in options:
        near = abs(counts[option] - usual) < width * math.sqrt(usual)
        assert near, f"Over many seeds, {what} do not occur equally often."


def labeled_table(rng, num_classes):
    """A table in which one label has three examples, another two, another one."""
    order = torch.randperm(num_classes, generator=rng).tolist()
    labels = torch.tensor([order[0], order[1], order[0], order[2], order[1], order[0]])
    return probabilities(rng, 6, num_classes), labels


@check("teacher-control", points=3)
def teacher_control(student, rng):
    tables = [labeled_table(rng, num_classes) for num_classes in (5, 4, 8)]
    rows = torch.arange(6)
    with part(1, '"renamed"'):
        for probs, labels in tables:
            got = controls(student, "renamed", probs, labels, seeds_of(rng, 4))
            for control in got:
                hint = "the label's probability stays where it is"
                close(control[rows, labels], probs[rows, labels], hint, name="The label's column")
                hint = "the same values in each row, in another order"
                close(control.sort(1).values, probs.sort(1).values, hint, name="The sorted table")
                one_order_for_a_label(control, probs, labels)
        orders_are_even(student, rng)
    with part(1, '"exchanged"'):
        for probs, labels in tables:
            got = controls(student, "exchanged", probs, labels, seeds_of(rng, 4))
            for control in got:
                hint = "the label's probability stays where it is"
                close(control[rows, labels], probs[rows, labels], hint, name="The label's column")
                shares_are_dealt(control, probs, labels)
        deals_are_even(student, rng)
    with part(1, '"by class"'):
        for probs, labels in tables:
            expected = torch.empty_like(probs)
            for i, y in enumerate(labels.tolist()):
                own = [float(probs[j, y]) for j in range(6) if labels[j] == y]
                expected[i] = (1 - math.fsum(own) / len(own)) / (probs.shape[1] - 1)
                expected[i, y] = math.fsum(own) / len(own)
            got = controls(student, "by class", probs, labels, [0])[0]
            hint = "the mean over the examples with this label, the rest in equal parts"
            close(got, expected, hint, name='The "by class" control')
        draw = torch.Generator().manual_seed(0)
        reason = "There is no such control"
        refuses(student, reason, "teacher_control", "none", probs, labels, draw)


def one_order_for_a_label(control, probs, labels):
    """Fail unless the examples of each label were rearranged alike."""
    moves = {}
    for new, old, label in zip(control, probs, labels.tolist(), strict=True):
        move = tuple(new.argsort()[old.argsort().argsort()].tolist())
        alike = moves.setdefault(label, move) == move
        assert alike, "Two examples with the same label were rearranged in different orders."


def orders_are_even(student, rng):
    """Fail unless each order of the other classes occurs equally often, for pairs of labels too."""
    probs = probabilities(rng, 2, 4)
    got = controls(student, "renamed", probs, torch.tensor([0, 3]), seeds_of(rng, 300))
    orders = [np.argsort(np.argsort(got[:, 0, 1:].numpy(), axis=1), axis=1)]
    orders.append(np.argsort(np.argsort(got[:, 1, :3].numpy(), axis=1), axis=1))
    first, second = ([tuple(order) for order in column.tolist()] for column in orders)
    every = list(itertools.permutations(range(3)))
    even(Counter(first), every, "the orders of the other classes")
    even(Counter(second), every, "the orders of the other classes")
    pairs = Counter(zip(first, second, strict=True))
    even(pairs, itertools.product(every, every), "the pairs of two labels' orders", width=8)


def shares_of(table, label):
    """The shares of the classes other than a label, for some examples with this label."""
    others = np.delete(table.numpy(), label, axis=1)
    return torch.from_numpy(others / others.sum(axis=1, keepdims=True))


def shares_are_dealt(control, probs, labels):
    """Fail unless the examples of each label have their shares among themselves, each once."""
    close(control.sum(1), torch.ones(6).double(), "each row sums to 1", name="The sum of rows")
    for label in labels.unique().tolist():
        got, ours = (shares_of(t[labels == label], label) for t in (control, probs))
        got, ours = got[got[:, 0].argsort()], ours[ours[:, 0].argsort()]
        close(got, ours, "examples with the same label trade shares", name="The share table")


def deals_are_even(student, rng):
    """Fail unless three examples with one label get each other's shares in every order."""
    probs, labels = probabilities(rng, 4, 3), torch.tensor([1, 1, 0, 1])
    got = controls(student, "exchanged", probs, labels, seeds_of(rng, 240))
    kept = labels == 1
    shares = [shares_of(table[kept], 1)[:, 0] for table in got]
    deals = Counter(tuple(share.argsort().argsort().tolist()) for share in shares)
    even(deals, itertools.permutations(range(3)), "the orders in which shares are dealt out")


# ---------------------------------------------------------------- question 6


def rescaled(logits_s, logits_t, labels, temperature, alpha):
    """The quotient of two derivatives, from logarithms of masses."""
    found = []
    for z_s, z_t, label in zip(logits_s, logits_t, labels.tolist(), strict=True):
        hard = split_off(z_s, label, 1.0)[1]
        student = split_off(z_s, label, temperature)[1]
        teacher = split_off(z_t, label, temperature)[1]
        pull = math.exp(student - hard) - math.exp(teacher - hard)
        found.append(1 - alpha + alpha * temperature * pull)
    return torch.tensor(found, dtype=torch.float64)


@check("rescaling-weights", points=2)
def rescaling_weights(student, rng):
    def agrees(args, hint):
        got = student.call("rescaling_weights", *args)
        unmodified(student)
        expected = rescaled(*args)
        expect.shape(got, expected.shape, hint)
        close(got / expected, torch.ones_like(expected), hint, name="The result / the right value")

    with part(1, "ordinary networks"):
        for size in ((6, 4), (3, 7), (1, 5)):
            for temperature in (1.0, inputs.uniform(rng, 1.5, 5.0)):
                args = (*classifier(rng, *size), temperature, inputs.uniform(rng, 0.6, 1.0))
                agrees(args, "the derivatives with respect to the logit of the label")
    with part(1, "networks that are nearly certain"):
        labels = inputs.labels(rng, 5, 6)
        plain = 2 * float64(rng, 5, 6)
        margin = inputs.uniform(rng, 45, 60)
        one, two = (sure_logits(rng, labels, 6, margin) for _ in "st")
        hint = "quotients of the other classes' masses, from their logarithms"
        for pair in ((one, two), (one, plain), (plain, two)):
            for temperature in (1.0, inputs.uniform(rng, 1.5, 4.0)):
                agrees((*pair, labels, temperature, inputs.uniform(rng, 0.6, 0.9)), hint)


# ---------------------------------------------------------------- question 7


def mixed_examples(rng, kinds):
    """Examples of one attribute for each letter: c continuous, n nominal, f fixed."""
    columns = []
    for place, kind in enumerate(kinds):
        scale = (0.01, 1.0, 300.0)[place % 3]
        column = scale * float64(rng, 9) + 5 * scale
        if kind == "n":
            column = torch.randint(0, 3, (9,), generator=rng).double() * 40
        columns.append(torch.full_like(column, 3.5) if kind == "f" else column)
    return torch.stack(columns, 1), torch.tensor([kind == "n" for kind in kinds])


def neighbors_of(examples, nominal):
    """The number of each example's nearest neighbor, in NumPy; with the margin to the second."""
    x, names = examples.numpy(), nominal.numpy()
    variance = x.var(axis=0)
    nearest, margins = [], []
    for row in x:
        terms = np.where(names, row != x, (row - x) ** 2 / np.where(variance > 0, variance, 1))
        distances = terms.sum(axis=1)
        distances[len(nearest)] = np.inf
        nearest.append(int(distances.argmin()))
        first, second = np.sort(distances)[:2]
        margins.append(second - first)
    return nearest, min(margins)


def clear_examples(rng, kinds):
    """Examples whose nearest neighbors are no matter of rounding."""
    for _ in range(1000):
        examples, nominal = mixed_examples(rng, kinds)
        nearest, margin = neighbors_of(examples, nominal)
        if margin > 1e-3:
            break
    return examples, nominal, nearest


def munged(student, examples, nominal, num_copies, p, s, seed):
    """The student's synthetic examples, which must not depend on global random numbers."""
    generator = torch.Generator().manual_seed(seed)
    got = student.call("munge", examples, nominal, num_copies, p, s, generator)
    # A generator is meant to move on; the data are not.
    now = student.arguments()
    close(now[0], examples, "leave `examples` as they are", name="`examples` after the call")
    hint = "num_copies rows for each example"
    expect.shape(got, (num_copies * len(examples), examples.shape[1]), hint)
    return got


ALIKE = "All copies of an example are alike: draw anew for each attribute of each copy."


@check("munge", points=3)
def munge(student, rng):
    seed = inputs.integer(rng, 0, 10**6)
    with part(1, "the neighbors, and nothing to draw"):
        for kinds in ("cncfc", "ccc", "nccn", "fccccn"):
            examples, nominal, nearest = clear_examples(rng, kinds)
            got = munged(student, examples, nominal, 3, 0.0, 1.0, seed)
            hint = "p = 0: first one copy of every example, then the next copy"
            close(got, examples.repeat(3, 1), hint, name="The set of copies")
            got = munged(student, examples, nominal, 2, 1.0, math.inf, seed)
            hint = "p = 1, no spread: each takes all values of its nearest neighbor in `examples`"
            close(got, examples[nearest].repeat(2, 1), hint, name="The set of neighbors")
    num_copies = 2500
    examples, nominal, nearest = clear_examples(rng, "ccnc")
    other = examples[nearest]
    with part(1, "the draws"):
        s = inputs.uniform(rng, 0.6, 3.0)
        got = munged(student, examples, nominal, num_copies, 1.0, s, seed)
        got = got.view(num_copies, *examples.shape)
        spread = (examples - other).abs() / s * ~nominal
        assert (got.std(0)[spread > 0] > 0).all(), ALIKE
        off = (got.mean(0) - other).abs() > 5.5 * spread / math.sqrt(num_copies) + 1e-9
        assert not off.any(), "Draws are not centered at the neighbor's value."
        ratio = got.std(0)[spread > 0] / spread[spread > 0]
        hint = "the standard deviation |x - e| / s"
        close(ratio, torch.ones_like(ratio), hint, atol=0.09, name="Measured / right deviation")
        close(got[:, :, 2], other[:, 2].expand(num_copies, -1), "a nominal value is taken as it is")
        first = (got - other)[:, spread[:, ~nominal].amin(1) > 0][:, :, ~nominal]
        flat = first.flatten(1).T
        linked = torch.corrcoef(flat).fill_diagonal_(0).abs().amax() if len(flat) > 1 else 0
        assert linked < 0.12, "Each attribute of each copy needs a draw of its own."
    with part(1, "what is replaced"):
        p = inputs.uniform(rng, 0.2, 0.4)
        got = munged(student, examples, nominal, num_copies, p, 2.0, seed)
        got = got.view(num_copies, *examples.shape)
        differs = examples != other
        taken = (got != examples).double()[:, differs]
        assert (taken.std(0) > 0).any(), ALIKE
        share = taken.mean(0)
        close(share, torch.full_like(share, p), "with probability p", atol=0.06, name="The share")
        linked = torch.corrcoef(taken.T).fill_diagonal_(0).abs().amax()
        assert linked < 0.12, "Each attribute of each copy is replaced on its own, or not."
        again = munged(student, examples, nominal, 5, p, 2.0, seed)
        once = munged(student, examples, nominal, 5, p, 2.0, seed)
        close(once, again, "draw from `generator` alone", name="A second call, equally seeded")


# ---------------------------------------------------------------- question 8


@check("eskd-alphas", points=1, cell="early-stopping")
def eskd_alphas(student, rng):
    alpha = inputs.uniform(rng, 0.3, 0.95)
    for num_epochs, stop, fade in (
        (12, 8, 4),
        (10, 6, 0),
        (9, 9, 3),
        (5, 8, 6),
        (6, 0, 0),
        (7, 3, 5),
    ):
        expected = [
            0.0 if epoch >= stop else alpha * min(1.0, (stop - epoch) / (fade + 1))
            for epoch in range(num_epochs)
        ]
        got = student.call("eskd_alphas", num_epochs, alpha, stop, fade)
        name = f"The list of alphas of {num_epochs} epochs for stop={stop}, fade={fade}"
        got = got.tolist() if isinstance(got, np.ndarray | torch.Tensor) else got
        close(got, expected, "stop is the first epoch without a teacher", name=name)


SCHEDULE = """
import torch
from torch import nn
from torch.nn import functional as F

from featherweight.train import Batch


class Teacher(nn.Module):
    '''A teacher whose answer depends on its mode, and on how often it has been called.'''

    def __init__(self, weight, shifts, training):
        super().__init__()
        self.weight, self.shifts, self.seen = nn.Parameter(weight.clone()), shifts, []
        self.train(training)

    def forward(self, images):
        shift = self.shifts[len(self.seen) % len(self.shifts)]
        self.seen.append(len(images))
        return (images.flatten(1) @ self.weight.T + shift) * (3.0 if self.training else 1.0)


def trained(scheduled_loss, batches, weight_s, weight_t, shifts, training, alphas, temperature, n):
    '''Each step's loss and gradient, and what became of the teacher.'''
    teacher, model = Teacher(weight_t, shifts, training), nn.Linear(*weight_s.T.shape, bias=False)
    model = model.to(weight_s.dtype)
    with torch.no_grad():
        model.weight.copy_(weight_s)
    loss_fn = scheduled_loss(teacher, alphas, temperature, n)
    losses, slopes = [], []
    for images, labels in batches:
        model.zero_grad()
        loss = loss_fn(model, Batch(images, labels, torch.arange(len(labels))))
        loss.backward()
        losses.append(float(loss))
        slopes.append(model.weight.grad.clone())
    modes = [module.training for module in teacher.modules()]
    return losses, slopes, teacher.seen, modes, teacher.weight.grad


def reference(teacher, alphas, temperature, n):
    step = [0]

    def loss_fn(model, batch):
        epoch = min(step[0] // n, len(alphas) - 1)
        step[0] += 1
        scores = model(batch.images)
        loss = (1 - alphas[epoch]) * F.cross_entropy(scores, batch.labels)
        if alphas[epoch] > 0:
            teacher.training, mode = False, teacher.training
            answers = teacher(batch.images).detach()
            teacher.training = mode
            p, log_q = (answers / temperature).softmax(1), (scores / temperature).log_softmax(1)
            divergence = F.kl_div(log_q, p, reduction="batchmean")
            loss = loss + alphas[epoch] * temperature**2 * divergence
        return loss

    return loss_fn
"""


class Schedule:
    """Training steps with the student's loss and with ours, on the same batches and teacher."""

    def __init__(self, student, rng, alphas, per_epoch, num_steps, training=False):
        student.define(SCHEDULE)
        ours = defined_here(SCHEDULE)
        batches = [(float64(rng, 4, 6), inputs.labels(rng, 4, 3)) for _ in range(num_steps)]
        weights = float64(rng, 3, 6), float64(rng, 3, 6)
        shifts = 2 * float64(rng, 23, 3)
        args = (batches, *weights, shifts, training, alphas, inputs.uniform(rng, 1.5, 5), per_epoch)
        got = student.ask("trained", student.get("scheduled_loss"), *args)
        self.losses, self.slopes, self.seen, self.modes, self.grad = got
        expected = ours["trained"](ours["reference"], *args)
        self.right_losses, self.right_slopes, self.right_seen, self.right_modes, _ = expected

    def steps_agree(self, hint):
        """Compare losses and gradients, step by step."""
        close(self.losses, self.right_losses, hint, name="The list of losses")
        close(self.slopes, self.right_slopes, hint, name="The list of gradients")


@check("eskd-loss", points=3, cell="early-stopping")
def eskd_loss(student, rng):
    one, two, three = (inputs.uniform(rng, 0.3, 0.95) for _ in range(3))
    with part(1, "the loss of each step"):
        hint = "alpha of this step's epoch; without a teacher the cross-entropy counts in full"
        Schedule(student, rng, [one, two, 0.0], 3, 11).steps_agree(hint)
        Schedule(student, rng, [one, two], 2, 7).steps_agree("the last alpha holds on")
        Schedule(student, rng, [1.0, 0.0], 2, 4).steps_agree(hint)
    with part(1, "when the teacher is asked"):
        run = Schedule(student, rng, [one, 0.0, two, 0.0, three], 2, 12)
        hint = "the teacher is asked once in each step in which alpha is above 0, and never else"
        expect.equal(run.seen, run.right_seen, hint, name="The list of the teacher's batch sizes")
        run.steps_agree(hint)
        run = Schedule(student, rng, [0.0], 2, 4)
        expect.equal(run.seen, [], hint, name="The list of the teacher's batch sizes")
        run.steps_agree(hint)
    with part(1, "what becomes of the teacher"):
        for training in (True, False):
            run = Schedule(student, rng, [one, two, 0.0], 2, 6, training)
            run.steps_agree("the teacher answers in evaluation mode, whatever mode it is in")
            hint = "put the teacher's mode back"
            expect.equal(run.modes, run.right_modes, hint, name="The list of its modes")
            still = run.grad is None or not bool(torch.as_tensor(run.grad).any())
            assert still, "The teacher's weights got a gradient: ask it without gradients."


# ---------------------------------------------------------------- question 9

CACHE = """
import torch
from torch import nn


class Teacher(nn.Module):
    '''A teacher whose answer depends on the image, its mode, and the number of the call.'''

    def __init__(self, weight, training):
        super().__init__()
        self.weight, self.seen = nn.Parameter(weight.clone()), []
        self.train(training)

    def forward(self, images):
        logits = images.flatten(1) @ self.weight.T * (3.0 if self.training else 1.0)
        self.seen.append(len(images))
        return logits + 10.0 * len(self.seen)


def looked_up(LogitCache, base, weight, training, batches, spoil):
    '''What a cache answers to batches of (index, flipped), and what became of the teacher.'''
    teacher = Teacher(weight, training)
    cache, found = LogitCache(teacher), []
    for index, flipped in batches:
        mirrored = flipped.view(-1, 1, 1, 1)
        images = torch.where(mirrored, base[index].flip(3), base[index])
        got = cache.logits(images, index, flipped)
        found.append(got.detach().clone())
        needs = bool(got.requires_grad)
        if spoil:
            got.detach().fill_(77.0)
    return found, teacher.seen, teacher.training, needs


class Reference:
    def __init__(self, teacher):
        self.teacher, self.stored = teacher, {}

    def logits(self, images, index, flipped):
        keys = [(int(i), bool(f)) for i, f in zip(index, flipped)]
        unknown = [key for key in dict.fromkeys(keys) if key not in self.stored]
        if unknown:
            mode, self.teacher.training = self.teacher.training, False
            with torch.no_grad():
                answers = self.teacher(torch.stack([images[keys.index(key)] for key in unknown]))
            self.teacher.training = mode
            for key, answer in zip(unknown, answers):
                self.stored[key] = answer.clone()
        return torch.stack([self.stored[key].clone() for key in keys])
"""


class Lookups:
    """The answers of the student's cache and of ours to the same batches."""

    def __init__(self, student, rng, batches, training=False, spoil=False):
        student.define(CACHE)
        ours = defined_here(CACHE)
        args = (float64(rng, 9, 1, 2, 3), float64(rng, 4, 6), training, batches, spoil)
        got = student.ask("looked_up", student.get("LogitCache"), *args)
        self.found, self.seen, self.training, self.needs = got
        expected = ours["looked_up"](ours["Reference"], *args)
        self.right, self.right_seen, self.right_training, _ = expected

    def agree(self, hint):
        """Compare batch by batch."""
        close(self.found, self.right, hint, name="The list of answers")


def shuffled(rng, sizes, flips):
    """Batches of one or more epochs over nine images, each in an order of its own."""
    batches = []
    for size in sizes:
        order = torch.randperm(9, generator=rng)
        for index in order.split(size):
            coins = torch.rand(len(index), generator=rng) < 0.5
            batches.append((index, coins & flips))
    return batches


@check("logit-cache", points=3)
def logit_cache(student, rng):
    with part(1, "shuffled epochs"):
        run = Lookups(student, rng, shuffled(rng, (4, 3, 2, 5), False))
        run.agree("which image is it? Not the one that stood at this place in the first epoch")
        index = torch.tensor([5, 2, 5, 7, 2])
        flipped = torch.zeros(5, dtype=torch.bool)
        run = Lookups(student, rng, [(index[:2], flipped[:2]), (index, flipped)])
        run.agree("an image may stand in a batch twice, one may be known and the next not")
    with part(1, "two views of each image"):
        run = Lookups(student, rng, shuffled(rng, (4, 4, 3, 3, 9, 2), True))
        run.agree("an image and its mirror image have an answer each, made when each first occurs")
        index = torch.tensor([3, 3, 6, 3])
        flipped = torch.tensor([False, True, True, False])
        Lookups(student, rng, [(index, flipped), (index.flip(0), ~flipped)]).agree("two views")
    with part(1, "the teacher's work"):
        index = torch.tensor([1, 4, 4, 8, 1])
        flipped = torch.tensor([False, True, True, False, False])
        twice = [(index, flipped), (index[[3, 0]], flipped[[3, 0]]), (index, ~flipped)]
        for batches in (twice, shuffled(rng, (4, 3, 9), True)):
            for training in (True, False):
                run = Lookups(student, rng, batches, training, spoil=True)
                hint = "each new view once, all in one call, none if nothing is new"
                name = "The list of the teacher's batch sizes"
                expect.equal(run.seen, run.right_seen, hint, name=name)
                run.agree("evaluation mode; and the caller changes what it gets in place")
                expect.equal(run.training, run.right_training, "put its mode back", name="The mode")
                assert not run.needs, "The answers need a gradient: ask the teacher without."


# ---------------------------------------------------------------- question 10

LOSS_FAULTS = (
    "alpha on the hard loss",
    "mean over classes",
    "no T squared",
    "swapped KL",
    "temperature on the hard loss",
)


def faulty_loss(step, temperature, alpha, faults):
    """The loss of one step with some faults, in NumPy."""
    s, t = step["logits_s"].numpy(), step["logits_t"].numpy()
    p, q = softmax(t / temperature, axis=1), softmax(s / temperature, axis=1)
    if "swapped KL" in faults:
        p, q = q, p
    soft = (p * np.log(p / q)).sum() / (s.size if "mean over classes" in faults else len(s))
    soft *= 1 if "no T squared" in faults else temperature**2
    z = s / temperature if "temperature on the hard loss" in faults else s
    own = z[np.arange(len(z)), step["labels"].numpy()]
    hard = float(np.mean(logsumexp(z, axis=1) - own))
    weights = (1 - alpha, alpha)
    if "alpha on the hard loss" in faults:
        weights = weights[::-1]
    return float(weights[0] * hard + weights[1] * soft)


def recorded(rng, faults=(), num_steps=3, temperature=None, alpha=None):
    """A run whose loss has some faults."""
    temperature = temperature or inputs.uniform(rng, 2.5, 5.0)
    alpha = inputs.uniform(rng, 0.6, 0.9) if alpha is None else alpha
    table = 1.5 * float64(rng, 14, 6)
    steps = []
    for _ in range(num_steps):
        index = torch.randperm(14, generator=rng)[:4]
        step = {"index": index, "labels": inputs.labels(rng, 4, 6), "logits_t": table[index]}
        step["logits_s"] = float64(rng, 4, 6)
        steps.append(step | {"loss": faulty_loss(step, temperature, alpha, faults)})
    return {"temperature": temperature, "alpha": alpha, "table": table, "steps": steps}


def diagnosed(student, run, expected, hint):
    got = of_type(student.call("diagnose", run), list, "The diagnosis")
    unmodified(student)
    expect.equal(got, sorted(expected), hint, name="The diagnosis")


@check("diagnose", points=3)
def diagnose(student, rng):
    with part(1, "a sound loss, and one fault"):
        diagnosed(student, recorded(rng), [], "this run has no fault")
        for fault in LOSS_FAULTS:
            diagnosed(student, recorded(rng, [fault]), [fault], "one fault of the loss")
        hint = "at T = 1 or alpha = 1/2 some faults change nothing: the smallest set counts"
        diagnosed(student, recorded(rng, temperature=1.0), [], hint)
        diagnosed(student, recorded(rng, ["swapped KL"], alpha=0.5), ["swapped KL"], hint)
    with part(1, "several faults, or a fault of another kind"):
        pairs = list(itertools.combinations(LOSS_FAULTS, 2))
        for faults in (
            *(inputs.choice(rng, pairs) for _ in range(3)),
            LOSS_FAULTS[:3],
            LOSS_FAULTS,
        ):
            diagnosed(student, recorded(rng, faults), faults, "faults can come together")
        run, faults = agreeing(rng, "no T squared")
        diagnosed(student, run, faults, "every step must be explained")
        run = recorded(rng, num_steps=2)
        run["steps"][1]["loss"] *= 1 + 3e-5
        diagnosed(student, run, ["unknown loss"], "no set explains each step closely enough")
        diagnosed(student, shifted(rng), ["unknown loss"], "log(q / T) is none of the five")
    with part(1, "the teacher"):
        for loss_fault in ([], ["alpha on the hard loss", "swapped KL"]):
            run = recorded(rng, loss_fault)
            regiven(run, 2, lambda t: t[[1, 0, 2, 3]], loss_fault)
            hint = "rows of the table, but of other images; the loss is judged by what it was given"
            diagnosed(student, run, ["misaligned teacher", *loss_fault], hint)
            regiven(
                run, 1, lambda t: t + 0.01 * F.one_hot(torch.tensor([0, 6, 0, 0]), 7)[:, :6], []
            )
            regiven(run, 1, lambda t: t, loss_fault)
            hint = "a row that the table does not have, in one step only"
            diagnosed(student, run, ["teacher in training mode", *loss_fault], hint)
        run = recorded(rng)
        regiven(run, 1, lambda t: run["table"][[3, 3, 3, 3]], [])
        diagnosed(student, run, ["misaligned teacher"], "all rows stand in the table")


def regiven(run, number, change, faults):
    """Give the loss of one step other answers of the teacher, and record what it then returns."""
    step = run["steps"][number]
    step["logits_t"] = change(step["logits_t"].clone())
    step["loss"] = faulty_loss(step, run["temperature"], run["alpha"], faults)


def agreeing(rng, fault):
    """A run in whose first two steps student and teacher agree, so that they tell little."""
    run = recorded(rng, num_steps=3)
    for number, step in enumerate(run["steps"]):
        if number < 2:
            step["logits_s"] = step["logits_t"].clone()
        step["loss"] = faulty_loss(step, run["temperature"], run["alpha"], [fault])
    return run, [fault]


def shifted(rng):
    """A run whose loss divides probabilities, not logits, by the temperature."""
    run = recorded(rng)
    for step in run["steps"]:
        log_q = step["logits_s"].log_softmax(1) - math.log(run["temperature"])
        p = (step["logits_t"] / run["temperature"]).softmax(1)
        hard = F.cross_entropy(step["logits_s"], step["labels"])
        soft = -(p * log_q).sum(1).mean()
        step["loss"] = float((1 - run["alpha"]) * hard + run["alpha"] * soft)
    return run
