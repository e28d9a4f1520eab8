"""Hidden checks of a7-dataset-distillation: tiny problems in float64, nothing is trained."""

import numpy as np
import torch

from autograder import inputs
from autograder.check import check, close, defined_here, part, refuses, unmodified
from autograder.inputs import float64
from featherweight import expect


def pair_of(got, what):
    """Fail unless the student's answer is a pair."""
    pair = isinstance(got, tuple | list) and len(got) == 2
    assert pair, f"The result must be a pair: {what}."
    return got


# The network and the losses that most checks use, on both sides.
PROBLEM = """
import torch
from torch.nn import functional as F


def net(weights, images):
    first, bias, second = weights
    return torch.tanh(images @ first.T + bias) @ second.T


def inner_loss(labels):
    def loss(weights, points):
        return (net(weights, points) - labels).square().sum() / len(points)
    return loss


def outer_loss(images, labels):
    def loss(weights):
        return F.cross_entropy(net(weights, images), labels)
    return loss


def losses(args):
    '''The inner and the outer loss of a problem, then what follows them.'''
    targets, images, labels, *rest = args
    return [inner_loss(targets), outer_loss(images, labels), *rest]
"""


def network(rng, scale=0.8):
    """Weights of a network with 4 inputs, 5 hidden units and 3 classes."""
    return [scale * float64(rng, *shape) for shape in ((5, 4), (5,), (3, 5))]


def problem(rng, num_points=6, num_images=7):
    """Points with targets, and images with classes."""
    targets, points = float64(rng, num_points, 3), float64(rng, num_points, 4)
    images = float64(rng, num_images, 4)
    return targets, points, images, inputs.labels(rng, num_images, 3)


# ---------------------------------------------------------------- question 1

UNROLLING = (
    PROBLEM
    + """

def steps_loss(points, targets):
    def loss_fn(weights, step):
        return (step + 1) * (net(weights, points[step]) - targets[step]).square().mean()
    return loss_fn


def unrolled(unroll, points, targets, weights, lrs, momentum, weight_decay):
    given = [*weights, points, targets]
    points.requires_grad_()
    final = unroll(steps_loss(points, targets), weights, lrs, momentum, weight_decay)
    assert isinstance(final, (list, tuple)), "The result must be a list of weights."
    return [t.detach() for t in final], any(t.grad is not None for t in given)


def scored(unroll, points, lrs, momentum, weight_decay, first, bias, second, data):
    targets, images, labels = data
    loss_fn, weights = steps_loss(points, targets), [first, bias, second]
    final = unroll(loss_fn, weights, lrs, momentum, weight_decay)
    return outer_loss(images, labels)(final)


def by_optimizer(points, targets, weights, lrs, momentum, weight_decay):
    leaves = [w.clone().requires_grad_() for w in weights]
    options = {"momentum": momentum, "weight_decay": weight_decay}
    optimizer = torch.optim.SGD(leaves, lr=1.0, **options)
    for step, lr in enumerate(lrs):
        optimizer.param_groups[0]["lr"] = float(lr)
        optimizer.zero_grad()
        steps_loss(points, targets)(leaves, step).backward()
        optimizer.step()
    return [w.detach() for w in leaves]


def by_func(points, lrs, momentum, weight_decay, first, bias, second, data):
    targets, images, labels = data
    loss_fn, weights, velocity = steps_loss(points, targets), (first, bias, second), None
    for step in range(len(lrs)):
        slopes = torch.func.grad(lambda *w: loss_fn(w, step), argnums=(0, 1, 2))(*weights)
        pulls = [slope + weight_decay * w for slope, w in zip(slopes, weights)]
        if velocity is None:
            velocity = pulls
        else:
            velocity = [momentum * v + pull for v, pull in zip(velocity, pulls)]
        weights = tuple(w - lrs[step] * v for w, v in zip(weights, velocity))
    return outer_loss(images, labels)(weights)
"""
)


def unrolling(rng, num_steps):
    """Points and targets for each step, weights and falling learning rates."""
    points, targets = float64(rng, num_steps, 6, 4), float64(rng, num_steps, 6, 3)
    lrs = [inputs.uniform(rng, 0.05, 0.3) for _ in range(num_steps)]
    return points, targets, network(rng), sorted(lrs, reverse=True)


@check("unroll-values", points=1, cell="unroll")
def unroll_values(student, rng):
    student.define(UNROLLING)
    ours = defined_here(UNROLLING)
    for num_steps, momentum, decay in ((1, 0.9, 0.0), (3, 0.0, 0.3), (4, 0.7, 0.2), (3, 0.9, 0.0)):
        args = (*unrolling(rng, num_steps), momentum, decay)
        got = student.ask("unrolled", student.get("unroll"), *args)
        final, touched = pair_of(got, "weights")
        unmodified(student)
        hint = "run torch.optim.SGD beside it and compare step by step"
        name = f"With {num_steps} steps, momentum {momentum}, weight decay {decay}, weights"
        close(final, ours["by_optimizer"](*args), hint, atol=1e-9, name=name)
        assert touched is False, "The .grad of a given tensor was filled: backward() does that."


@check("unroll-gradient", points=2, cell="unroll")
def unroll_gradient(student, rng):
    student.define(UNROLLING)
    ours = defined_here(UNROLLING)
    function = student.get("unroll")

    def compare(num_steps, wrt, hint):
        points, targets, weights, lrs = unrolling(rng, num_steps)
        numbers = [torch.tensor(v, dtype=torch.float64) for v in (lrs, 0.8, 0.15)]
        data = [targets, float64(rng, 7, 4), inputs.labels(rng, 7, 3)]
        args = [points, *numbers, *weights]
        got = student.gradient(student.helper("scored"), function, *args, data, wrt=wrt)
        places = tuple(place - 1 for place in wrt)
        expected = torch.func.grad(ours["by_func"], argnums=places)(*args, data)
        names = ("", "points", "lrs", "momentum", "weight_decay", *["weights"] * 3)
        for place, theirs, right in zip(wrt, got, expected, strict=True):
            close(theirs, right, hint, atol=1e-9, name=f"The derivative by {names[place]}")

    with part(1, "by what the loss uses, and by the weights"):
        compare(1, [1], "does the graph keep the inner gradient?")
        for num_steps in (2, 4):
            hint = "the velocity, the weight decay and the inner gradients remember earlier steps"
            compare(num_steps, [1, 5, 6, 7], hint)
    with part(1, "by learning rates, momentum and weight decay"):
        for num_steps in (2, 4):
            compare(num_steps, [2, 3, 4], "did a tensor become a plain number on its way?")


# ---------------------------------------------------------------- question 2


@check("raw-rate", points=1, cell="rates")
def raw_rate(student, rng):
    for shape in ((5,), (2, 3), ()):
        powers = 12 * torch.rand(shape, generator=rng, dtype=torch.float64) - 9
        for rates in (10**powers, 1e-9 * (1 + powers.abs()), 1000 - powers.abs()):
            got = student.call("raw_rate", rates)
            unmodified(student)
            expect.shape(got, rates.shape)
            raw = got.double()
            back = raw.clamp(min=0) + torch.log1p(torch.exp(-raw.abs()))
            hint = "is it exact for tiny rates, and finite for large ones?"
            one = torch.ones_like(rates)
            close(back / rates, one, hint, atol=3e-9, name="softplus(raw) / rate")


RATES = (
    PROBLEM
    + """

def rated(rate_gradient, targets, points, images, labels, weights, raw):
    inner, outer = inner_loss(targets), outer_loss(images, labels)
    return rate_gradient(lambda w: inner(w, points), outer, weights, raw)
"""
)


@check("rate-gradient", points=2, cell="rates")
def rate_gradient(student, rng):
    student.define(RATES)
    ours = defined_here(RATES)
    for worth, what in ((1, "the loss"), (1, "the gradient")):
        with part(worth, what):
            for shift in (-2.0, 1.0):
                data, weights, raw = problem(rng), network(rng), float64(rng, 3) + shift
                function = student.get("rate_gradient")
                got = student.ask("rated", function, *data, weights, raw)
                loss, gradient = pair_of(got, "(loss, gradient)")
                unmodified(student)
                right = by_rates(ours, data, weights, raw)
                if what == "the loss":
                    hint = "all tensors step at once, each with the softplus of its raw number"
                    close(loss, float(right[0]), hint, atol=1e-9, name="The loss")
                else:
                    hint = "which gradient at which weights? Then the chain to the raw number"
                    close(gradient, right[1], hint, atol=1e-9, name="The gradient")


def by_rates(ours, data, weights, raw):
    """The loss and its derivative by the raw numbers, forward mode, one direction at a time."""
    targets, points, images, labels = data
    loss = ours["inner_loss"](targets)
    slopes = torch.func.grad(lambda *w: loss(w, points), argnums=(0, 1, 2))(*weights)

    def after(raw):
        steps = zip(weights, torch.log(1 + torch.exp(raw)), slopes, strict=True)
        return ours["outer_loss"](images, labels)([w - rate * g for w, rate, g in steps])

    found = [torch.func.jvp(after, (raw,), (unit,))[1] for unit in torch.eye(3).double()]
    return after(raw), torch.stack(found)


# ---------------------------------------------------------------- question 3

WINDOWS = (
    PROBLEM
    + """

def windowed(window_gradient, targets, images, labels, *rest):
    return window_gradient(inner_loss(targets), outer_loss(images, labels), *rest)


def trained(loss, weights, points, lr, num_steps):
    for _ in range(num_steps):
        slopes = torch.func.grad(lambda *w: loss(w, points), argnums=(0, 1, 2))(*weights)
        weights = tuple(w - lr * g for w, g in zip(weights, slopes))
    return weights


def windowed_reference(targets, images, labels, weights, points, lr, start, end):
    loss, outer = inner_loss(targets), outer_loss(images, labels)
    begin = [w.detach() for w in trained(loss, weights, points, lr, start)]

    def after(points):
        return outer(trained(loss, begin, points, lr, end - start))

    gradient, value = torch.func.grad_and_value(after)(points)
    return float(value), gradient
"""
)


@check("window-gradient", points=2)
def window_gradient(student, rng):
    student.define(WINDOWS)
    ours = defined_here(WINDOWS)
    for windows, what in (
        (((0, 1), (0, 4), (0, 2)), "from the first step on"),
        (((2, 4), (3, 4), (1, 5)), "windows that begin later"),
    ):
        with part(1, what):
            for start, end in windows:
                targets, points, images, labels = problem(rng)
                lr = inputs.uniform(rng, 0.2, 0.4)
                args = (targets, images, labels, network(rng), points, lr, start, end)
                got = student.ask("windowed", student.get("window_gradient"), *args)
                loss, gradient = pair_of(got, "(loss, gradient)")
                unmodified(student)
                value, right = ours["windowed_reference"](*args)
                name = f"with start={start}, end={end}"
                close(loss, value, "after `end` steps", atol=1e-9, name=f"The loss {name}")
                hint = "which weights are constants, and which steps see the points?"
                close(gradient, right, hint, atol=1e-9, name=f"The gradient {name}")


# ---------------------------------------------------------------- question 4

NAMING = (
    PROBLEM
    + """

def named(name_gradients, recorded, targets, images, labels, *rest):
    inner, outer = inner_loss(targets), outer_loss(images, labels)
    return name_gradients(recorded, inner, outer, *rest)


def step(loss, lr):
    '''One training step as a function of weights and points.'''
    def after(weights, points):
        slopes = torch.func.grad(loss)(weights, points)
        return tuple(w - lr * g for w, g in zip(weights, slopes))
    return after


def kinds(targets, images, labels, weights, points, lr, num_steps):
    '''The gradients of all kinds by hand: products with the derivatives of each step.'''
    loss, outer = inner_loss(targets), outer_loss(images, labels)
    after = step(loss, lr)
    path = [tuple(weights)]
    for _ in range(num_steps):
        path.append(after(path[-1], points))
    last = torch.func.grad(outer)(path[-1])

    def back(vector, through):
        total = torch.zeros_like(points)
        for begin in reversed(path[:-1]):
            _, pull = torch.func.vjp(after, begin, points)
            by_weights, by_points = pull(tuple(vector))
            total = total + by_points
            if through:
                vector = by_weights
        return total

    def summed(points):
        weights, total = path[0], 0
        for _ in range(num_steps):
            total = total + loss(weights, points)
            weights = after(weights, points)
        return total + outer(weights)

    _, pull = torch.func.vjp(after, path[-2], points)
    return {
        "nothing": torch.zeros_like(points),
        "exact": back(last, True),
        "first order": back(last, False),
        "last step": pull(tuple(last))[1],
        "stale": back(torch.func.grad(outer)(path[0]), True),
        "leftover": torch.func.grad(summed)(points),
    }
"""
)


def naming(rng, ours, num_steps):
    """A problem, and all kinds of gradients of it; no two of them are nearly parallel."""
    while True:
        targets, points, images, labels = problem(rng)
        lr = inputs.uniform(rng, 0.25, 0.35)
        rest = (network(rng), points, lr, num_steps)
        found = ours["kinds"](targets, images, labels, *rest)
        units = torch.stack([g.flatten() / g.norm() for k, g in found.items() if k != "nothing"])
        if num_steps == 1 or (units @ units.T).triu(1).max() < 0.99995:
            return (targets, images, labels, *rest), found


def shuffled(rng, names):
    return [names[i] for i in torch.randperm(len(names), generator=rng)]


@check("name-gradients", points=3)
def name_gradients(student, rng):
    student.define(NAMING)
    ours = defined_here(NAMING)

    def compare(names, num_steps, hint):
        args, found = naming(rng, ours, num_steps)
        foreign = naming(rng, ours, num_steps)[1]["exact"]
        strange = [-found["exact"], foreign, found["exact"] + 1e-3 * foreign]
        found |= {f"other {i}": gradient for i, gradient in enumerate(strange)}
        names = shuffled(rng, [*names, *names[:1]])
        recorded = [10 ** inputs.uniform(rng, -3, 2) * found[name] for name in names]
        got = student.ask("named", student.get("name_gradients"), recorded, *args)
        unmodified(student)
        assert isinstance(got, list | tuple), "The result must be a list of names."
        expected = [name.split(" ")[0] if "other" in name else name for name in names]
        if num_steps == 1:
            same = ("first order", "last step")
            expected = ["exact" if name in same else name for name in expected]
        name = f"The list of names for {num_steps} step{'s' * (num_steps > 1)}"
        expect.equal(list(got), expected, hint, name=name)

    with part(1, "exact, nothing and other"):
        for num_steps in (2, 4):
            names = ["exact", "nothing", "other 0", "other 1", "other 2"]
            compare(names, num_steps, "a positive factor does not matter, anything else does")
    with part(1, "what is cut short"):
        for num_steps in (3, 1):
            names = ["first order", "exact", "last step"]
            compare(names, num_steps, "which products does each of them leave out?")
    with part(1, "what is mixed up"):
        for num_steps in (2, 3):
            names = ["stale", "leftover", "exact", "other 1"]
            compare(names, num_steps, "whose outer gradient? Which losses were added?")


# ---------------------------------------------------------------- question 5


def lands(student, rng, shape, number, lr, decay, rank=None):
    """Fail unless one step on the student's examples gives least squares, from several starts."""
    num_images, dims, classes = shape
    images, labels = float64(rng, num_images, dims), float64(rng, num_images, classes)
    if rank is not None:
        images = images[:, :rank] @ float64(rng, rank, dims)
    got = student.call("one_step_data", images, labels, number, lr, decay)
    points, targets = pair_of(got, "(points, targets)")
    unmodified(student)
    expect.shape(points, (number, dims), name="points")
    expect.shape(targets, (number, classes), name="targets")
    points, targets = points.double(), targets.double()
    best = torch.from_numpy(np.linalg.pinv(images.numpy(), rcond=1e-12)) @ labels
    for scale in (0.0, 1.0, 30.0):
        start = scale * float64(rng, dims, classes)
        slope = points.T @ (points @ start - targets) / number + decay * start
        case = f"{number} examples of {dims} dimensions, lr {lr:.3g}, weight decay {decay:.3g}"
        hint = f"{case}, a start of size {scale:g}"
        close(start - lr * slope, best, hint, atol=1e-6, name="W after one step")


@check("one-step-data", points=3)
def one_step_data(student, rng):
    lr, decay = inputs.uniform(rng, 0.05, 0.5), inputs.uniform(rng, 0.3, 1.2)
    with part(1, "as many examples as dimensions, no weight decay"):
        lands(student, rng, (12, 4, 3), 4, lr, 0.0)
        lands(student, rng, (9, 5, 2), 5, 3 * lr, 0.0)
    with part(1, "more examples, and weight decay"):
        lands(student, rng, (12, 4, 3), 7, lr, 0.0)
        lands(student, rng, (12, 4, 3), 4, lr, decay)
        lands(student, rng, (15, 3, 2), 8, lr / 2, decay)
    with part(1, "data without a unique solution, and requests that cannot be met"):
        lands(student, rng, (14, 5, 3), 6, lr, decay, rank=3)
        lands(student, rng, (4, 6, 2), 6, lr, 0.0)
        images, labels = float64(rng, 9, 4), float64(rng, 9, 2)
        one, what = "one_step_data", "lr * weight_decay is"
        refuses(student, "3 examples for 4 dimensions", one, images, labels, 3, lr, 0.0)
        refuses(student, f"{what} 1", one, images, labels, 4, 0.5, 2.0)
        refuses(student, f"{what} 3", one, images, labels, 6, 0.25, 12.0)


# ---------------------------------------------------------------- question 6

LABELS = (
    PROBLEM
    + """

def relabeled(learn_labels, *args):
    return learn_labels(net, *args)


def by_directions(starts, points, logits, images, labels, lr, meta_lr):
    '''The derivative by a label is one of the log-probabilities along the outer gradient.'''
    for start in starts:
        start, soft = tuple(start), logits.softmax(1)

        def log_p(*weights):
            return net(weights, points).log_softmax(1)

        def inner(*weights):
            return -(soft * log_p(*weights)).sum() / len(points)

        slopes = torch.func.grad(inner, argnums=(0, 1, 2))(*start)
        end = tuple(w - lr * g for w, g in zip(start, slopes))
        outward = torch.func.grad(outer_loss(images, labels))(end)
        along = torch.func.jvp(log_p, start, tuple(outward))[1] * lr / len(points)
        logits = logits - meta_lr * soft * (along - (soft * along).sum(1, keepdim=True))
    return logits
"""
)


@check("learn-labels", points=2)
def learn_labels(student, rng):
    student.define(LABELS)
    ours = defined_here(LABELS)
    for numbers, what in (((1, 1), "one start"), ((2, 4), "several starts, in turn")):
        with part(1, what):
            for number in numbers:
                starts = [network(rng) for _ in range(number)]
                _, points, images, labels = problem(rng, num_points=5)
                rates = inputs.uniform(rng, 0.4, 1.5), inputs.uniform(rng, 2.0, 9.0)
                args = (starts, points, 1.5 * float64(rng, 5, 3), images, labels, *rates)
                got = student.ask("relabeled", student.get("learn_labels"), *args)
                unmodified(student)
                hint = "softmax, the mean over the points, one inner step, then the outer loss"
                if number > 1:
                    hint = "each start meets the labels that the one before has left"
                name = f"The tensor of label logits after {number} start{'s' * (number > 1)}"
                close(got, ours["by_directions"](*args), hint, atol=1e-9, name=name)


# ---------------------------------------------------------------- question 7

KERNELS = """
import torch


def linear(a, b):
    return a @ b.T + 0.5


def gauss(a, b):
    return torch.exp(-torch.cdist(a, b).square() / 4)


def cubic(a, b):
    return (1 + a @ b.T / 3) ** 3
"""


def gram_of(rng, size):
    """A kernel matrix with eigenvalues away from zero."""
    factor = float64(rng, size, size + 3)
    return factor @ factor.T / size


@check("leave-one-out", points=2, cell="kernels")
def leave_one_out(student, rng):
    own = "an example must not take part in its own prediction"
    for ridges, what, hint in (
        ((1.0, 0.3), "an ordinary ridge", own),
        ((1e-3, 0.0, 40.0), "extreme ridges", f"{own}; nothing here vanishes at ridge 0"),
    ):
        with part(1, what):
            for size, ridge in zip((7, 9, 5), ridges, strict=False):
                gram, labels = gram_of(rng, size), float64(rng, size, 3) + 1
                got = student.call("leave_one_out", gram, labels, ridge)
                unmodified(student)
                name = f"The table of predictions with ridge {ridge:g}"
                close(got, refitted(gram, labels, ridge), hint, atol=1e-7, name=name)


def refitted(gram, labels, ridge):
    """The leave-one-out predictions by fitting again for each example."""
    gram, labels, found = gram.numpy(), labels.numpy(), []
    for i in range(len(gram)):
        rest = np.delete(np.arange(len(gram)), i)
        own = gram[np.ix_(rest, rest)] + ridge * np.eye(len(rest))
        found.append(gram[i, rest] @ np.linalg.solve(own, labels[rest]))
    return torch.from_numpy(np.stack(found))


@check("solve-labels", points=2, cell="kernels")
def solve_labels(student, rng):
    student.define(KERNELS)
    ours = defined_here(KERNELS)
    for cases, what in (
        ((("gauss", 4, 9, 0.5, 0.7), ("linear", 3, 8, 0.8, 3.0)), "fewer points than images"),
        ((("cubic", 6, 4, 2.0, 0.05), ("gauss", 7, 5, 0.1, 1e-3)), "more points than images"),
    ):
        with part(1, what):
            for kernel, points, size, ridge, pull in cases:
                support, images = float64(rng, points, 2), float64(rng, size, 2)
                trusted, labels = float64(rng, points, 3) + 1, float64(rng, size, 3)
                args = (support, trusted, images, labels, ridge, pull)
                got = student.call("solve_labels", student.helper(kernel), *args)
                unmodified(student)
                hint = "sums of squares over all entries; ridge inside, pull outside"
                right = by_least_squares(ours[kernel], *args)
                name = f"The table of labels, {points} points, {size} images,"
                close(got, right, hint, atol=1e-6, name=name)


def by_least_squares(kernel, support, trusted, images, labels, ridge, pull):
    """The labels by one least-squares problem: the pull is M more equations."""
    own = (kernel(support, support) + ridge * torch.eye(len(support))).numpy()
    reach = np.linalg.solve(own.T, kernel(images, support).numpy().T).T
    matrix = np.concatenate([reach, np.sqrt(pull) * np.eye(len(support))])
    goal = np.concatenate([labels.numpy(), np.sqrt(pull) * trusted.numpy()])
    return torch.from_numpy(np.linalg.lstsq(matrix, goal, rcond=None)[0])


# ---------------------------------------------------------------- question 8

DISTANCES = """
def measured(gradient_distance, real, *synthetic):
    return gradient_distance(real, list(synthetic))
"""


def row_distance(real, synthetic):
    """The distance row by row, in numpy."""
    total = 0.0
    for goal, ours in zip(real, synthetic, strict=True):
        for a, b in zip(goal.numpy(), ours.numpy(), strict=True):
            a, b = a.ravel(), b.ravel()
            if goal.ndim > 1 and a.any() and b.any():
                total += 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return total


def distance_slope(goal, ours):
    """The derivative of a matrix's distance by `ours`, row by row by its formula."""
    slope = torch.zeros_like(ours)
    for i in range(len(ours)):
        a, b = goal[i].flatten(), ours[i].flatten()
        if goal.ndim > 1 and a.any() and b.any():
            unit = b / b.norm()
            toward = a / a.norm()
            slope[i] = (((toward @ unit) * unit - toward) / b.norm()).view(ours[i].shape)
    return slope


def gradients(rng):
    """Gradients of a convolution, its biases, a linear layer and a vector, of uneven sizes."""
    shapes = ((4, 3, 2, 2), (4,), (5, 7), (5,))
    return [3 * float64(rng, *shape) for shape in shapes]


def compare_distance(student, real, synthetic, hint):
    """Fail unless value and derivative are right."""
    student.define(DISTANCES)
    function, places = student.get("gradient_distance"), [2 + i for i in range(len(synthetic))]
    got = student.ask("measured", function, real, *synthetic)
    unmodified(student)
    close(got, row_distance(real, synthetic), hint, atol=1e-9, name="The distance")
    args = (student.helper("measured"), function, real, *synthetic)
    slopes = student.gradient(*args, wrt=places)
    for goal, ours, slope in zip(real, synthetic, slopes, strict=True):
        right = distance_slope(goal, ours)
        size = max(1.0, float(right.abs().max()))
        close(slope / size, right / size, hint, atol=1e-9, name="The derivative by `synthetic`")


@check("gradient-distance", points=2, cell="matching")
def gradient_distance(student, rng):
    with part(1, "rows of every size"):
        for scale in (1.0, 1e-5):
            real, synthetic = gradients(rng), gradients(rng)
            real[0][1], synthetic[2] = scale * real[0][1], scale * synthetic[2]
            hint = "one cosine for each row, whatever its length; biases add nothing"
            compare_distance(student, real, synthetic, hint)
    with part(1, "rows of zeros"):
        real, synthetic = gradients(rng), gradients(rng)
        real[0][2], synthetic[2][1], real[2][3], synthetic[2][3] = 0, 0, 0, 0
        real[2][0], synthetic[0][0][:, 1:] = -2 * synthetic[2][0], 0
        hint = "a row without an angle adds 0, and so does its derivative"
        compare_distance(student, real, synthetic, hint)


MATCHING = (
    PROBLEM
    + """

def matched(matching_gradient, *args):
    loss, gradient = matching_gradient(net, *args)
    return loss, gradient


def matched_reference(weights, points, classes, images, labels):
    weights = tuple(weights)

    def slopes(inputs, label):
        def loss(*weights):
            return -net(weights, inputs).log_softmax(1)[:, label].sum()
        return torch.func.grad(loss, argnums=(0, 2))(*weights)

    def mismatch(points):
        total = 0
        for label in sorted(set(classes.tolist())):
            real = slopes(images[labels == label], label)
            ours = slopes(points[classes == label], label)
            for a, b in zip(real, ours):
                total = total + (1 - torch.cosine_similarity(a, b, dim=1)).sum()
        return total

    gradient, value = torch.func.grad_and_value(mismatch)(points)
    return float(value), gradient
"""
)


@check("matching-gradient", points=2, cell="matching")
def matching_gradient(student, rng):
    student.define(MATCHING)
    ours = defined_here(MATCHING)
    for numbers, what in (
        ([0, 1, 2], "one point of each class"),
        ([2, 0, 2, 2, 0], "several points of some classes, in any order"),
    ):
        with part(1, what):
            classes = torch.tensor(numbers)
            labels = torch.tensor(shuffled(rng, [0, 1, 1, 2, 2, 2, 0, 0, 0, 0]))
            points, images = float64(rng, len(classes), 4), float64(rng, 10, 4)
            args = (network(rng), points, classes, images, labels)
            got = student.ask("matched", student.get("matching_gradient"), *args)
            loss, gradient = pair_of(got, "(loss, gradient)")
            unmodified(student)
            value, right = ours["matched_reference"](*args)
            hint = "class by class, only classes that have a point, and the sum over them"
            close(loss, value, hint, atol=1e-9, name="The loss")
            hint = "the gradient of the points has to be differentiated again"
            close(gradient, right, hint, atol=1e-9, name="The gradient")


# ---------------------------------------------------------------- question 9

BENCH = """
class Bench:
    '''Networks whose accuracies stand in a table, and a list of what was asked.'''

    def __init__(self, tables):
        self.tables, self.trained, self.looks = tables, [], []

    def train(self, candidate, lr, seed):
        self.trained.append((int(candidate), float(lr), int(seed)))
        return self.trained[-1]

    def score(self, network, split):
        self.looks.append((*network, split))
        return self.tables[split][network]


def compared(fair_comparison, tables, candidates, *rest):
    bench = Bench(tables)
    report = fair_comparison(candidates, bench.train, bench.score, *rest)
    return report, sorted(bench.trained), sorted(look for look in bench.looks if look[3] == "test")


def refused(fair_comparison, tables, candidates, *rest):
    bench, raised = Bench(tables), False
    try:
        fair_comparison(candidates, bench.train, bench.score, *rest)
    except ValueError:
        raised = True
    return raised, len(bench.trained)
"""


def accuracies(rng, lrs, seeds):
    """A table of accuracies: multiples of 1/64, so that sums are exact."""
    table = {}
    for candidate in range(3):
        for lr in lrs:
            level = inputs.integer(rng, 8, 30)
            for seed in seeds:
                table[candidate, lr, seed] = (level + inputs.integer(rng, 0, 16)) / 64
    return table


@check("fair-comparison", points=3)
def fair_comparison(student, rng):
    student.define(BENCH)
    seeds = torch.randperm(900, generator=rng)[:9].tolist()
    learned, tuning, fresh = seeds[:2], seeds[2:5], seeds[5:]
    lrs = [0.03, 0.3, 0.1, 1.0]
    candidates = {"real": 0, "distilled": 1, "means": 2}
    rest = (candidates, lrs, learned, tuning, fresh)
    function = student.get("fair_comparison")
    with part(1, "the report"):
        for tie in (False, True, False):
            tables = {split: accuracies(rng, lrs, seeds) for split in ("val", "test")}
            spoil(tables, lrs, tuning, tie)
            got, _, _ = answer(student, function, tables, *rest)
            hint = "chosen for each candidate by its mean over the tuning seeds on 'val'"
            close(got, right_report(tables, *rest), hint, atol=1e-12, name="The report")
    clear = {split: clear_choice(rng, lrs, seeds) for split in ("val", "test")}
    with part(1, "the budget, and the looks at the test images"):
        tables = clear
        got, trained, looks = answer(student, function, tables, *rest)
        report = right_report(tables, *rest)
        close(got, report, "the report comes first", atol=1e-12, name="The report")
        tested = [(c, report[name][0], s) for name, c in candidates.items() for s in fresh]
        tuned = [(c, lr, s) for c in candidates.values() for lr in lrs for s in tuning]
        hint = "each pair of learning rate and tuning seed once, each test seed once"
        close(trained, sorted(tuned + tested), hint, name="The list of trainings")
        looks_due = sorted((*network, "test") for network in tested)
        close(looks, looks_due, "one look for each test seed", name="The list of looks at 'test'")
    with part(1, "seeds that are used twice"):
        tables = clear
        for wrong in (
            (learned, tuning, [*fresh[:-1], tuning[1]]),
            (learned, tuning, [learned[-1], *fresh[1:]]),
            (learned, [*tuning[:-1], learned[0]], fresh),
            (learned, [tuning[0], tuning[1], tuning[0]], fresh),
            (learned, tuning, [*fresh, fresh[0]]),
            ([*learned, learned[0]], tuning, fresh),
        ):
            answer_to_refusal(student, function, tables, candidates, lrs, wrong)
        got, _, _ = answer(student, function, tables, candidates, lrs, [], tuning, fresh)
        expected = right_report(tables, candidates, lrs, [], tuning, fresh)
        close(got, expected, "nothing is wrong with these seeds", atol=1e-12, name="The report")


def clear_choice(rng, lrs, seeds):
    """A table in which one rate suits a candidate best, whichever network and split decides."""
    table = accuracies(rng, lrs, seeds)
    for candidate, lr in enumerate(lrs[1:]):
        for seed in seeds:
            table[candidate, lr, seed] = (48 + inputs.integer(rng, 0, 14)) / 64
    return table


def answer(student, function, tables, candidates, *rest):
    """The student's report, and what was trained and tested for it."""
    got = student.ask("compared", function, tables, candidates, *rest)
    unmodified(student)
    assert isinstance(got, tuple) and len(got) == 3, "The report cannot be read."
    report, *asked = got
    if isinstance(report, dict):
        report = {k: (v[0], list(v[1])) if is_entry(v) else v for k, v in report.items()}
    return report, *asked


def is_entry(value):
    return (
        isinstance(value, tuple | list) and len(value) == 2 and isinstance(value[1], tuple | list)
    )


def answer_to_refusal(student, function, tables, candidates, lrs, seeds):
    got = student.ask("refused", function, tables, candidates, lrs, *seeds)
    raised, number = pair_of(got, "what was refused")
    names = "learned seeds {}, tuning seeds {}, test seeds {}".format(*seeds)
    assert raised is True, f"{names}: this must raise ValueError."
    assert number == 0, f"{names}: raise the ValueError before anything is trained."


def spoil(tables, lrs, tuning, tie):
    """Make what must not decide speak against what must: one lucky network, the test, ties."""
    best, other, lucky, also = lrs
    for candidate in range(3):
        for i, seed in enumerate(tuning):
            tables["val"][candidate, best, seed] = (50 + candidate) / 64
            tables["val"][candidate, lucky, seed] = (63 if i == candidate else 20) / 64
            if tie:
                tables["val"][candidate, also, seed] = (50 + candidate) / 64
            elif candidate != 1:
                tables["val"][candidate, other, seed] = 60 / 64
    tables["test"] |= {k: 62 / 64 for k in tables["test"] if k[1] == also}


def right_report(tables, candidates, lrs, learned, tuning, fresh):
    report = {}
    for name, candidate in candidates.items():
        means = [np.mean([tables["val"][candidate, lr, s] for s in tuning]) for lr in lrs]
        lr = lrs[int(np.argmax(means))]
        report[name] = (lr, [tables["test"][candidate, lr, s] for s in fresh])
    return report
