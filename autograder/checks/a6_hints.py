"""Hidden checks of a6-hints: tiny networks and features in float64, a few steps at most."""

import copy
import math

import numpy as np
import torch
from torch.nn import functional as F

from autograder import inputs
from autograder.check import check, close, defined_here, of_type, part, refuses, unmodified
from autograder.inputs import float64
from featherweight import expect

# ---------------------------------------------------------------- question 1

REGRESSORS = """
import torch
from torch import nn


def looked_at(cheapest_regressor, shape_s, shape_t, pixels):
    '''The state of the layer, the shape that it gives, and the pixels that it sees.'''
    layer = cheapest_regressor(shape_s, shape_t)
    assert isinstance(layer, nn.Conv2d), "The result must be an nn.Conv2d."
    state = {name: p.detach().clone() for name, p in layer.named_parameters()}
    with torch.no_grad():
        for p in layer.parameters():
            p.fill_(1.0)  # of ones: no weight hides a pixel
    pixels = pixels.to(layer.weight.dtype).requires_grad_()
    out = layer(pixels)
    out.sum().backward()
    return state, list(out.shape), pixels.grad
"""


def sizes(rng, equal=False):
    """Maps, and a hint that is not larger, of uneven sizes."""
    wanted = [inputs.integer(rng, 2, 6) for _ in range(2)]
    extra = [inputs.integer(rng, 0, 3 * m) for m in wanted]
    return [m + e * (not equal) for m, e in zip(wanted, extra, strict=True)], wanted


@check("cheapest-regressor", points=2)
def cheapest_regressor(student, rng):
    student.define(REGRESSORS)
    with part(1, "the layer"):
        for case in range(8):
            (height, width), (rows, columns) = sizes(rng, case == 0)
            if case in (1, 2):
                height, width = (rows + 1, 3 * columns) if case == 1 else (2 * rows + 1, columns)
            if case == 3:
                rows = 1
            channels_s, channels_t = inputs.integer(rng, 1, 3), inputs.integer(rng, 4, 6)
            shape_s, shape_t = (channels_s, height, width), (channels_t, rows, columns)
            pixels = torch.rand(1, *shape_s, generator=rng) + 1
            function = student.get("cheapest_regressor")
            got = student.ask("looked_at", function, shape_s, shape_t, pixels)
            expected = fewest(shape_s, shape_t)
            compare_layer(got, shape_s, shape_t, expected, pixels)
    with part(1, "what it refuses"):
        for shape_s, shape_t in (
            ((4, 6, 5), (2, 7, 5)),
            ((4, 5, 6), (4, 5, 12)),
            ((1, 3, 9), (2, 4, 3)),
        ):
            reason = f"maps of {shape_s[1:]} for a hint of {shape_t[1:]}"
            refuses(student, reason, "cheapest_regressor", shape_s, shape_t)
        got = student.ask("looked_at", function, (2, 3, 4), (5, 3, 4), torch.ones(1, 2, 3, 4))
        compare_layer(got, (2, 3, 4), (5, 3, 4), (1, 1), torch.ones(1, 2, 3, 4))


def fewest(shape_s, shape_t):
    """The smallest kernel, by trying all kernels and strides."""
    found = []
    for size, wanted in zip(shape_s[1:], shape_t[1:], strict=True):
        fits = [
            kernel
            for kernel in range(1, size + 1)
            for stride in range(1, size + 1)
            if (size - kernel) // stride + 1 == wanted
            and len({i * stride + j for i in range(wanted) for j in range(kernel)}) == size
        ]
        found.append(min(fits))
    return tuple(found)


def compare_layer(got, shape_s, shape_t, kernel, pixels):
    """Fail unless a layer has this kernel, gives the hint's shape and sees each pixel."""
    state, shape, seen = got
    text = f"from {tuple(shape_s)} to {tuple(shape_t)}"
    expect.equal(shape, [1, *shape_t], "which stride gives this size?", name=f"The shape {text}")
    seen = (seen != 0).sum().item()
    expect.equal(seen, pixels.numel(), "no pixel may be left out", name=f"Pixels seen {text}")
    number = sum(t.numel() for t in of_type(state, dict, "Its state").values())
    right = shape_t[0] * (shape_s[0] * math.prod(kernel) + 1)
    hint = f"a kernel of {kernel} is enough {text}"
    expect.equal(number, right, hint, name="The number of weights and biases")
    expect.equal("bias" in state, True, "the layer has a bias", name="It has a bias")


# ---------------------------------------------------------------- question 2

STAGES = """
import functools
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    '''A network that cannot be sliced: its modules are not in the order of their use.'''

    def __init__(self, width):
        super().__init__()
        self.head = nn.Linear(width, 3)
        self.top = nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.Tanh())
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.stem = nn.ModuleDict({
            "first": nn.Linear(4, width), "norm": nn.BatchNorm1d(width), "act": nn.Tanh(),
            "after": nn.BatchNorm1d(width),
        })
        self.double()

    def lower(self, x):
        stem = self.stem
        return stem["act"](stem["norm"](stem["first"](self.frozen(x))))

    def forward(self, x):
        x = self.lower(x)
        return self.head(x + self.top(self.stem["after"](x)))


OPTIMIZERS = {
    "sgd": functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.2),
    "adamw": functools.partial(torch.optim.AdamW, lr=0.05, weight_decay=0.3),
    "adam": functools.partial(torch.optim.Adam, lr=0.05, weight_decay=0.1),
    "plain": functools.partial(torch.optim.SGD, lr=0.2),
}


def loss_fn(logits_s, logits_t, labels, alpha):
    hard = F.cross_entropy(logits_s, labels)
    return (1 - alpha) * hard + alpha * (logits_s - 2 * logits_t).square().mean()


def networks(states, modes, stale):
    nets = Net(5), Net(6), nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6)).double()
    for net, state, mode in zip(nets, states, modes):
        net.load_state_dict(state)
        net.train(mode)
    nets[1].top.train(not modes[1])
    if stale:
        for net in (nets[0], nets[2]):
            for p in net.parameters():
                p.grad = torch.full_like(p, 3.0)
    return nets


def told(nets, losses, before, inputs):
    '''Losses, states, modes, whether the teacher got gradients, hooks, and logits afterwards.'''
    modes = {
        f"{role}: {name or 'itself'}": m.training
        for role, net in zip(("student", "teacher", "regressor"), nets)
        for name, m in net.named_modules()
    }
    grads = [p.grad is not None for p in nets[1].parameters()]
    flags = [p.requires_grad for net in nets for p in net.parameters()]
    every = [m for net in nets for m in net.modules()]
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in every)
    states = [{k: v.clone() for k, v in net.state_dict().items()} for net in nets]
    with torch.no_grad():
        answers = [net.eval()(inputs) for net in nets[:2]]
    return losses, states, modes, any(grads), flags, hooks, answers


def staged(by_stages, states, modes, stale, hint_batches, logit_batches, kind, alphas):
    nets = networks(states, modes, stale)
    s, t, r = nets
    args = (hint_batches, logit_batches, OPTIMIZERS[kind], loss_fn, alphas)
    losses = by_stages(s, "stem.act", t, "stem.norm", r, *args)
    inputs = (hint_batches + [x for x, _ in logit_batches])[0]
    return told(nets, losses, states, inputs)


def reference(states, modes, stale, hint_batches, logit_batches, kind, alphas):
    nets = networks(states, modes, stale)
    s, t, r = nets
    kept = [{m: m.training for m in net.modules()} for net in nets]
    s.train(), r.train(), t.eval()
    hints, logits = [], []
    lower = [*s.stem["first"].parameters(), *s.stem["norm"].parameters(), *r.parameters()]
    if hint_batches:
        optimizer = OPTIMIZERS[kind](lower)
    for x in hint_batches:
        goal = t.stem["norm"](t.stem["first"](t.frozen(x))).detach()
        loss = ((r(s.lower(x)) - goal) ** 2).sum() / goal.numel() / 2
        slopes = torch.autograd.grad(loss, lower)
        for p, slope in zip(lower, slopes):
            p.grad = slope
        optimizer.step()
        hints.append(float(loss.detach()))
    own = [p for name, p in s.named_parameters() if not name.startswith("frozen")]
    if logit_batches:
        optimizer = OPTIMIZERS[kind](own)
    for i, (x, labels) in enumerate(logit_batches):
        steps = len(logit_batches) - 1
        alpha = alphas[0] if steps == 0 else alphas[0] * (1 - i / steps) + alphas[1] * i / steps
        loss = loss_fn(s(x), t(x).detach(), labels, alpha)
        slopes = torch.autograd.grad(loss, own)
        for p, slope in zip(own, slopes):
            p.grad = slope
        optimizer.step()
        logits.append(float(loss.detach()))
    for net in kept:
        for m, mode in net.items():
            m.training = mode
    return told(nets, (hints, logits), states, (hint_batches + [x for x, _ in logit_batches])[0])
"""


def states_of(rng):
    """Fresh weights and statistics of student, teacher and regressor."""
    found = []
    layers = {"head": (3, None), "top.0": (None, None), "stem.first": (None, 4)}
    for width in (5, 6):
        state = {}
        for name, (rows, columns) in layers.items():
            rows, columns = rows or width, columns or width
            state[f"{name}.weight"] = 0.6 * float64(rng, rows, columns)
            state[f"{name}.bias"] = 0.3 * float64(rng, rows)
        state |= {"frozen.weight": 0.6 * float64(rng, 4, 4), "frozen.bias": float64(rng, 4)}
        for name in ("top.1", "stem.norm", "stem.after"):
            state |= norm_state(rng, name, width)
        found.append(state)
    regressor = {"0.weight": 0.6 * float64(rng, 6, 5), "0.bias": 0.3 * float64(rng, 6)}
    return [*found, regressor | norm_state(rng, "1", 6)]


def norm_state(rng, name, width):
    """Weights and statistics of a batch normalization."""
    return {
        f"{name}.weight": 1 + 0.2 * float64(rng, width),
        f"{name}.bias": 0.2 * float64(rng, width),
        f"{name}.running_mean": 0.3 * float64(rng, width),
        f"{name}.running_var": 1 + 0.3 * float64(rng, width).abs(),
        f"{name}.num_batches_tracked": torch.tensor(7),
    }


class Stages:
    """A run of the student's two stages, and ours beside it."""

    def __init__(self, student, rng, hints, logits, kind, modes=(True, False, True), stale=True):
        student.define(STAGES)
        ours = defined_here(STAGES)
        states = states_of(rng)
        hint_batches = [float64(rng, 6, 4) for _ in range(hints)]
        logit_batches = [(float64(rng, 7, 4), inputs.labels(rng, 7, 3)) for _ in range(logits)]
        alphas = (inputs.uniform(rng, 0.6, 0.9), inputs.uniform(rng, 0.1, 0.4))
        rest = (list(modes), stale, hint_batches, logit_batches, kind, alphas)
        self.got = student.ask("staged", student.get("by_stages"), states, *rest)
        self.right = ours["reference"](copy.deepcopy(states), *rest)

    def losses_agree(self, place, hint):
        """Compare the losses of a stage, given as 0 or 1."""
        losses = self.got[0]
        pair = isinstance(losses, tuple | list) and len(losses) == 2
        assert pair, "The result must be a pair of lists of losses."
        what = ("hint", "logit")[place]
        close(losses[place], self.right[0][place], hint, name=f"The losses of the {what} stage")

    def states_agree(self, places, hint):
        """Compare what became of some of the networks."""
        for place in places:
            name = f"In the {('student', 'teacher', 'regressor')[place]}, the state afterwards"
            close(self.got[1][place], self.right[1][place], hint, atol=1e-7, name=name)

    def clean(self):
        """Fail if a mode, a gradient, a flag or a hook is left behind."""
        _, _, modes, grads, flags, hooks, answers = self.got
        expect.equal(modes, self.right[2], "put every module's mode back", name="The modes")
        expect.equal(grads, False, "ask the teacher without gradients", name="A teacher's gradient")
        expect.equal(flags, self.right[4], "put the flags back", name="requires_grad")
        expect.equal(hooks, 0, "remove your hooks", name="The number of hooks left")
        close(answers, self.right[6], "use the networks again", atol=1e-6, name="Their answers")


@check("hint-stage", points=3, cell="by-stages")
def hint_stage(student, rng):
    with part(1, "the losses, and what is trained"):
        for hints, kind in ((1, "plain"), (4, "plain"), (3, "adam")):
            run = Stages(student, rng, hints, 0, kind, stale=False)
            hint = "half the mean over all entries, of the regressor's output and the hint"
            run.losses_agree(0, hint)
            run.losses_agree(1, "no batches, no losses")
            hint = "here an activation is guided, without weights: what does its output depend on?"
            run.states_agree((0, 2), hint)
    with part(1, "what must not move"):
        for kind in ("sgd", "adamw"):
            run = Stages(student, rng, 3, 0, kind)
            hint = "weight decay, old gradients and forward passes reach above the guided layer"
            run.states_agree((0, 2), hint)
            run.losses_agree(0, "old gradients have no influence")
    with part(1, "the teacher, and what is left behind"):
        for modes in ((False, True, False), (True, True, False), (False, False, True)):
            run = Stages(student, rng, 2, 0, "plain", modes)
            run.losses_agree(0, "student and regressor in training mode, the teacher never")
            run.states_agree((0, 1, 2), "the teacher keeps its weights and statistics")
            run.clean()


@check("logit-stage", points=2, cell="by-stages")
def logit_stage(student, rng):
    with part(1, "after no hints"):
        for logits, kind in ((1, "plain"), (4, "adamw"), (3, "sgd")):
            run = Stages(student, rng, 0, logits, kind, (False, True, True))
            run.losses_agree(1, "alpha goes from alphas[0] to alphas[1]; all in training mode")
            run.losses_agree(0, "no batches, no losses")
            run.states_agree((0, 1, 2), "the whole student is trained, nothing else moves")
            run.clean()
    with part(1, "after a hint stage"):
        for hints, logits, kind in ((2, 3, "sgd"), (3, 2, "adam")):
            run = Stages(student, rng, hints, logits, kind)
            run.losses_agree(0, "the hint stage comes first")
            run.losses_agree(1, "a new optimizer remembers nothing of the hint stage")
            run.states_agree((0, 1, 2), "the regressor rests, the guided layers learn on")
            run.clean()


# ---------------------------------------------------------------- question 3


def pooled(values, size):
    """Adaptive average pooling [H, W] -> size, in NumPy."""
    out = np.zeros(size)
    for i, j in np.ndindex(*size):
        window = [
            slice(k * n // m, -(-(k + 1) * n // m))
            for k, n, m in zip((i, j), values.shape, size, strict=True)
        ]
        out[i, j] = values[tuple(window)].mean()
    return out


def attention_reference(maps, power, size):
    """The attention maps, one example after the other, in NumPy."""
    rows = []
    for example in maps.numpy():
        loudest = np.abs(example).max() or 1.0
        where = pooled((np.abs(example / loudest) ** power).mean(axis=0), size).ravel()
        rows.append(where / (np.sqrt((where**2).sum()) or 1.0))
    return torch.from_numpy(np.stack(rows))


MAPS = """
def weighed(attention_maps, maps, power, size, weights):
    return (attention_maps(maps, power, size) * weights).sum()


def attended(attention_loss, power, theirs, *ours):
    return attention_loss(list(ours), theirs, power)
"""


def slope_of(function, tensor, directions):
    """Directional derivatives by central differences."""
    step = 1e-6
    return [
        (function(tensor + step * d) - function(tensor - step * d)) / 2 / step for d in directions
    ]


@check("attention-maps", points=2, cell="attention")
def attention_maps(student, rng):
    student.define(MAPS)
    with part(1, "the maps"):
        for power, size in ((1, (4, 5)), (2, (4, 5)), (2.5, (2, 3)), (4, (3, 5)), (2, (1, 4))):
            maps = float64(rng, 3, 2, 4, 5) - 0.3
            maps[1] *= 50
            got = student.call("attention_maps", maps, power, size)
            unmodified(student)
            hint = "power, mean over channels, pool, flatten, length 1 for each example"
            name = f"The maps with power {power}, pooled to {size}"
            close(got, attention_reference(maps, power, size), hint, name=name)
    with part(1, "loud, quiet and silent examples"):
        maps = float64(rng, 5, 3, 4, 2)
        scales = [10 ** inputs.uniform(rng, 9, 12), 10 ** inputs.uniform(rng, -12, -9), 0, -1, 1]
        maps = maps * torch.tensor(scales, dtype=torch.float64)[:, None, None, None]
        size = (4, 2)  # nothing is pooled
        for power in (2, 4, 1):
            got = student.call("attention_maps", maps, power, size)
            hint = "an example's scale does not matter, and a silent one gets zeros"
            name = f"The maps with power {power} of loud and quiet examples"
            close(got, attention_reference(maps, power, size), hint, name=name)
            weights = float64(rng, 5, math.prod(size))
            args = (student.get("attention_maps"), maps, power, size, weights)
            (slope,) = student.gradient(student.helper("weighed"), *args, wrt=[1])
            expect.shape(slope, maps.shape, name="The derivative")
            loud = torch.tensor([scale or 1.0 for scale in scales])[:, None, None, None].abs()
            directions = [float64(rng, *maps.shape) * loud for _ in range(3)]

            def total(x, power=power, size=size, weights=weights):
                return float((attention_reference(x, power, size) * weights)[[0, 1, 3, 4]].sum())

            for d in directions:
                d[2] = 0
            right = slope_of(total, maps, directions)
            found = [float((slope * d).sum()) for d in directions]
            hint = "finite, and not cut off for quiet examples"
            close(found, right, hint, atol=1e-5, name="Derivatives along some directions")
            zero = torch.zeros_like(maps[2])
            close(slope[2], zero, "a silent example", name="The derivative of a silent example")


@check("attention-loss", points=2, cell="attention")
def attention_loss(student, rng):
    student.define(MAPS)
    same = [((3, 4, 5), (2, 4, 5)), ((2, 3, 3), (4, 3, 3))]
    mixed = [((2, 6, 4), (3, 3, 5)), ((4, 2, 7), (2, 5, 3)), ((3, 4, 4), (3, 8, 2))]
    for shapes, powers, what in ((same, (2, 1.5), "equal sizes"), (mixed, (1, 3), "any sizes")):
        with part(1, what):
            for power in powers:
                ours = [float64(rng, 3, *s) + 0.4 for s, _ in shapes]
                theirs = [float64(rng, 3, *t) - 0.4 for _, t in shapes]
                function = student.get("attention_loss")
                got = student.call("attention_loss", ours, theirs, power)
                unmodified(student)
                hint = (
                    "powers before pooling, the smaller sizes; sums over places, mean of examples"
                )
                right = loss_reference(ours, theirs, power)
                close(got, right, hint, atol=1e-9, name=f"The loss with power {power}")
                needing = [t.clone().requires_grad_() for t in theirs]
                args = (student.helper("attended"), function, power, needing, *ours)
                slopes = student.gradient(*args, wrt=[3 + i for i in range(len(ours))])
                for place, slope in enumerate(slopes):
                    expect.shape(slope, ours[place].shape, name="The derivative")
                    direction = float64(rng, *ours[place].shape)

                    def along(x, place=place, ours=ours, theirs=theirs, power=power):
                        return loss_reference([*ours[:place], x, *ours[place + 1 :]], theirs, power)

                    (exact,) = slope_of(along, ours[place], [direction])
                    found = float((slope * direction).sum())
                    close(found, exact, "by the student's maps", atol=1e-6, name="Its derivative")
                constant(student, function, power, theirs, ours)


def loss_reference(ours, theirs, power):
    total = 0.0
    for a, b in zip(ours, theirs, strict=True):
        size = tuple(min(pair) for pair in zip(a.shape[2:], b.shape[2:], strict=True))
        gap = attention_reference(a, power, size) - attention_reference(b, power, size)
        total += float(gap.square().sum() / len(gap))
    return total


CONSTANT = """
import torch


def reached(function, power, theirs, ours):
    '''Whether the teacher's maps get a gradient.'''
    theirs = [t.clone().requires_grad_() for t in theirs]
    loss = function([t.clone().requires_grad_() for t in ours], theirs, power)
    loss.backward()
    return any(t.grad is not None and bool(t.grad.any()) for t in theirs)
"""


def constant(student, function, power, theirs, ours):
    """Fail if a gradient reaches the teacher's maps."""
    student.define(CONSTANT)
    got = student.ask("reached", function, power, theirs, ours)
    expect.equal(got, False, "the teacher is a constant", name="A gradient of the teacher's maps")


# ---------------------------------------------------------------- question 4

RELATING = """
import torch


def reaches_teacher(function, ours, theirs):
    ours, theirs = ours.clone().requires_grad_(), theirs.clone().requires_grad_()
    function(ours, theirs).backward()
    return theirs.grad is not None and bool(theirs.grad.any())
"""


def huber(d):
    return torch.where(d.abs() < 1, d * d / 2, d.abs() - 0.5)


def distances_reference(ours, theirs):
    """The distance loss over ordered pairs, zeros set apart by hand."""
    pairs = [(i, j) for i in range(len(ours)) for j in range(len(ours)) if i != j]

    def divided(features):
        points = features.flatten(1)
        zero = points[0, 0] * 0
        found = [
            ((points[i] - points[j]) ** 2).sum() ** 0.5 if differ(points, i, j) else zero
            for i, j in pairs
        ]
        apart = [d for d, (i, j) in zip(found, pairs, strict=True) if differ(points, i, j)]
        return torch.stack(found) / (sum(apart) / len(apart) if apart else 1)

    return huber(divided(ours) - divided(theirs)).mean()


def differ(points, i, j):
    return not torch.equal(points[i].detach(), points[j].detach())


def angles_reference(ours, theirs):
    """The angle loss over triplets, one after the other."""
    n, total = len(ours), []

    def cosine(points, i, j, k):
        if not (differ(points, i, j) and differ(points, k, j)):
            return points[0, 0] * 0
        a, b = points[i] - points[j], points[k] - points[j]
        return (a @ b) / ((a @ a) * (b @ b)) ** 0.5

    for i, j, k in np.ndindex(n, n, n):
        if len({i, j, k}) == 3:
            pair = (cosine(x.flatten(1), i, j, k) for x in (ours, theirs))
            total.append(huber(next(pair) - next(pair)))
    return torch.stack(total).mean()


def related(student, name, reference, ours, theirs, hint):
    """Compare a relation loss, its derivative, and that the teacher is a constant."""
    student.define(RELATING)
    got = student.call(name, ours, theirs)
    unmodified(student)
    right_ours = ours.clone().requires_grad_()
    right = reference(right_ours, theirs)
    close(got, float(right.detach()), hint, atol=1e-8, name="The loss")
    (expected,) = torch.autograd.grad(right, right_ours)
    (slope,) = student.gradient(name, ours, theirs, wrt=[0])
    close(slope, expected, hint, atol=1e-7, name="The derivative by the student's features")
    reached = student.ask("reaches_teacher", student.get(name), ours, theirs)
    expect.equal(reached, False, "a constant", name="A gradient of the teacher's features")


def doubled(features, *pairs):
    """The features with some examples made equal."""
    features = features.clone()
    for i, j in pairs:
        features[i] = features[j]
    return features


@check("relation-distances", points=2, cell="relations")
def relation_distances(student, rng):
    args = (student, "distance_loss", distances_reference)
    with part(1, "different examples"):
        hint = "pairs i != j only, over the own network's mean, which has a derivative, too; Huber"
        for size, shape_s, shape_t in ((5, (3,), (4, 2)), (2, (2, 2), (3,)), (6, (1,), (2,))):
            ours, theirs = float64(rng, size, *shape_s), float64(rng, size, *shape_t)
            related(*args, ours, 30 * theirs, hint)
        ours = float64(rng, 6, 2)
        ours[2] *= 40  # beyond the bend of the Huber loss
        related(*args, ours, float64(rng, 6, 3), hint)
        far = float64(rng, 5, 3) + 3e5
        related(*args, far, float64(rng, 5, 2) - 3e5, "far from zero, digits get lost")
    with part(1, "equal examples"):
        hint = "a distance of 0 counts as a pair, but not in the mean, and has no derivative"
        for pairs_s, pairs_t in (([(1, 0), (4, 3)], []), ([], [(2, 0)]), ([(3, 1)], [(3, 1)])):
            ours = doubled(float64(rng, 5, 2, 2), *pairs_s)
            theirs = doubled(float64(rng, 5, 3), *pairs_t)
            related(*args, ours, theirs, hint)
        ours, theirs = float64(rng, 4, 3), float64(rng, 1, 2).repeat(4, 1)
        related(*args, ours, theirs, "a teacher that gives the same for all examples")
        related(*args, theirs, ours, "a student that gives the same for all examples")


@check("relation-angles", points=2, cell="relations")
def relation_angles(student, rng):
    args = (student, "angle_loss", angles_reference)
    with part(1, "different examples"):
        hint = "three different positions, the angle at the middle one; a mean over triplets"
        for size, shape_s, shape_t in ((5, (3,), (4, 2)), (3, (2, 2), (3,)), (6, (1,), (2,))):
            ours, theirs = float64(rng, size, *shape_s), float64(rng, size, *shape_t)
            related(*args, ours, 30 * theirs, hint)
        far = float64(rng, 5, 3) + 3e5
        related(*args, far, float64(rng, 5, 2) - 3e5, "far from zero, digits get lost")
    with part(1, "equal examples"):
        hint = "no direction: cosine 0, derivative 0"
        for pairs_s, pairs_t in (([(1, 0), (4, 3)], []), ([], [(2, 0)]), ([(3, 1)], [(3, 1)])):
            ours = doubled(float64(rng, 5, 2, 2), *pairs_s)
            theirs = doubled(float64(rng, 5, 3), *pairs_t)
            related(*args, ours, theirs, hint)


# ---------------------------------------------------------------- question 5

HEADS = """
import torch


def summed(loss, num_heads, kept, theirs, *ours):
    return loss(list(ours), theirs, kept, num_heads)


def teacher_reached(loss, num_heads, kept, theirs, ours):
    theirs = [t.clone().requires_grad_() for t in theirs]
    loss([t.clone().requires_grad_() for t in ours], theirs, kept, num_heads).backward()
    return any(t.grad is not None and bool(t.grad.any()) for t in theirs)
"""


def heads_reference(parts_s, parts_t, kept, num_heads):
    """The relations text by text, head by head, of the kept characters only."""
    total = parts_s[0].new_zeros(())
    for ours, theirs in zip(parts_s, parts_t, strict=True):
        wrong = []
        for text in range(len(kept)):
            if not kept[text].any():
                continue
            tables = []
            for part_ in (ours, theirs):
                rows = torch.cat(list(part_[text]), dim=1)[kept[text]]
                width = rows.shape[1] // num_heads
                pieces = [rows[:, h * width : (h + 1) * width] for h in range(num_heads)]
                tables.append([(x @ x.T / width**0.5).softmax(1) for x in pieces])
            for q, p in zip(*tables, strict=True):
                wrong.append((p * (p / q).log()).sum(1))
        total = total + torch.cat(wrong).mean()
    return total


def padded(rng, texts, characters, empty=False):
    """Which characters are real: at least one a text, unless a text is to be empty."""
    kept = torch.rand(texts, characters, generator=rng) < 0.6
    kept[:, 0] = True
    if empty:
        kept[inputs.integer(rng, 0, texts - 1)] = False
    return kept


@check("head-relations", points=3)
def head_relations(student, rng):
    student.define(HEADS)

    def compare(heads_s, heads_t, num_heads, kept, hint):
        texts, characters = kept.shape
        ours, theirs = (
            [1.3 * float64(rng, texts, h, characters, d) for _ in range(3)]
            for h, d in (heads_s, heads_t)
        )
        function = student.get("head_relations_loss")
        got = student.call("head_relations_loss", ours, theirs, kept, num_heads)
        unmodified(student)
        leaves = [t.clone().requires_grad_() for t in ours]
        right = heads_reference(leaves, theirs, kept, num_heads)
        close(got, float(right.detach()), hint, atol=1e-9, name="The loss")
        args = (student.helper("summed"), function, num_heads, kept, theirs, *ours)
        slopes = student.gradient(*args, wrt=[4, 5, 6])
        expected = torch.autograd.grad(right, leaves)
        close(slopes, list(expected), hint, atol=1e-9, name="The derivatives")
        reached = student.ask("teacher_reached", function, num_heads, kept, theirs, ours)
        expect.equal(reached, False, "a constant", name="A gradient of the teacher's parts")

    with part(1, "heads and widths"):
        everything = torch.ones(3, 5, dtype=torch.bool)
        hint = "join the heads of a character, cut, divide by the root of the own width"
        for cut in (((2, 3), (3, 4), 6), ((1, 4), (2, 3), 2), ((3, 2), (3, 2), 1)):
            compare(*cut, everything, hint)
    with part(1, "padding"):
        hint = "padded keys have probability 0, padded queries do not count"
        compare((2, 2), (2, 3), 2, padded(rng, 3, 5), hint)
        compare((1, 6), (3, 4), 3, padded(rng, 4, 4, empty=True), hint)
    with part(1, "what it refuses"):
        kept = padded(rng, 2, 3)
        for heads_s, heads_t, number in (((2, 3), (2, 4), 4), ((2, 4), (3, 2), 4)):
            parts = [[float64(rng, 2, h, 3, d) for _ in range(3)] for h, d in (heads_s, heads_t)]
            reason = f"{math.prod(heads_s)} and {math.prod(heads_t)} numbers in {number} pieces"
            refuses(student, reason, "head_relations_loss", *parts, kept, number)
        parts = [[float64(rng, 2, h, 3, d) for _ in range(3)] for h, d in ((2, 3), (1, 6))]
        got = student.call("head_relations_loss", *parts, kept, 3)
        finite = math.isfinite(float(got)) if isinstance(got, float | torch.Tensor) else False
        assert finite, "6 and 6 numbers in 3 pieces: this must be a finite loss."


# ---------------------------------------------------------------- question 6


@check("spread-blocks", points=1, cell="blocks")
def spread_blocks(student, rng):
    pairs = [(inputs.integer(rng, 2, 9), inputs.integer(rng, 10, 40)) for _ in range(5)]
    for num_s, num_t in ((2, 2), (3, 4), (3, 6), (3, 8), (5, 7), (1, 5), (7, 7), (1, 1), *pairs):
        got = student.call("spread_blocks", num_s, num_t)
        hint = "from the first to the last; of two equally near numbers the larger"
        right = nearest(num_s, num_t)
        close(got, right, hint, atol=0, name=f"The list of {num_s} of {num_t} blocks")
    for num_s, num_t in ((3, 2), (0, 3), (-1, 4)):
        refuses(student, f"{num_s} of {num_t} blocks", "spread_blocks", num_s, num_t)


def nearest(num_s, num_t):
    """For each block, the nearest of all numbers; the later of two."""
    if num_s == 1:
        return [num_t - 1]
    return [
        min(range(num_t), key=lambda n: (abs(n * (num_s - 1) - i * (num_t - 1)), -n))
        for i in range(num_s)
    ]


COPIES = """
def shared(student_state, state_t, prefix, blocks):
    '''The result as it was, and the same after each of its tensors was changed in place.'''
    state = student_state(state_t, prefix, blocks)
    first = {name: tensor.detach().clone() for name, tensor in state.items()}
    for tensor in state.values():
        tensor.detach().add_(100.0)
    return first, {name: tensor.detach().clone() for name, tensor in state.items()}, state_t
"""


def blocks_of(rng, prefix, number):
    """A teacher's state dict with entries that only look like blocks."""
    state = {"embedding.weight": float64(rng, 3, 2), "head.bias": float64(rng, 4)}
    for n in torch.randperm(number, generator=rng).tolist():
        state[f"{prefix}.{n}.mlp.0.weight"] = float64(rng, 2, 3)
        state[f"{prefix}.{n}.norm.bias"] = float64(rng, 2)
    state[f"head.{prefix}.1.weight"] = float64(rng, 2)
    state[f"{prefix}.norm.weight"] = float64(rng, 2)
    state[f"{prefix}s.0.weight"] = float64(rng, 2)
    state[prefix.replace(".", "_") + "_.2.weight"] = float64(rng, 2)
    if "." in prefix:
        state[prefix.replace(".", "_") + ".0.weight"] = float64(rng, 2)
    return state


def state_reference(state, prefix, blocks):
    start, found = prefix.split("."), {}
    for name, tensor in state.items():
        words = name.split(".")
        inside = words[: len(start)] == start and words[len(start)].isdigit()
        if not inside:
            found[name] = tensor.clone()
            continue
        rest = words[len(start) + 1 :]
        for place, block in enumerate(blocks):
            if int(words[len(start)]) == block:
                found[".".join([*start, str(place), *rest])] = tensor.clone()
    return found


def entries_agree(got, right, hint, name):
    """Compare states; the message names only entries that are missing or too many."""
    of_type(got, dict, name)
    for what, names in (("lacks", right.keys() - got.keys()), ("has", got.keys() - right.keys())):
        if names:
            raise AssertionError(f"{name} wrongly {what} {sorted(map(str, names))}. Hint: {hint}")
    close(got, right, hint, atol=0, name=name)


@check("student-state", points=2, cell="blocks")
def student_state(student, rng):
    student.define(COPIES)
    function = student.get("student_state")
    with part(1, "the entries"):
        for prefix, blocks in (
            ("blocks", [0, 2, 11]),
            ("blocks", [1, 10, 3]),
            ("encoder.layer", [4, 1, 0]),
            ("bert.encoder.layer", [10]),
            ("blocks", [5, 5, 1, 12]),
        ):
            state = blocks_of(rng, prefix, 13)
            got = student.call("student_state", state, prefix, blocks)
            unmodified(student)
            hint = "block blocks[i] becomes block i; what is in no block keeps its name"
            name = f"The state with the blocks {blocks} of {prefix!r}"
            entries_agree(got, state_reference(state, prefix, blocks), hint, name)
    with part(1, "copies and refusals"):
        state = blocks_of(rng, "blocks", 3)
        right = state_reference(state, "blocks", [1, 2, 1])
        got = student.ask("shared", function, state, "blocks", [1, 2, 1])
        assert isinstance(got, tuple), "The state cannot be read."
        first, changed, kept = got
        hint = "a block may be taken twice; what is in no block keeps its name"
        entries_agree(first, right, hint, "The state with the blocks [1, 2, 1]")
        hint = "an entry shares its memory with another one: a block may be taken twice"
        close(changed, {k: t + 100 for k, t in right.items()}, hint, name="After a change in place")
        close(kept, state, "the teacher's tensors changed with the student's", atol=0)
        for blocks in ([0, 3], [13], [-1]):
            refuses(student, f"blocks {blocks} of 3", "student_state", state, "blocks", blocks)


# ---------------------------------------------------------------- question 7


@check("best-regressor", points=3)
def best_regressor(student, rng):
    with part(1, "independent channels"):
        for shift in (0.0, 3.0):
            guided, hint = 2 * float64(rng, 6, 4, 3, 2) + shift, float64(rng, 6, 3, 3, 2) - shift
            hint = hint + 0.5 * guided[:, :3]
            compare_floor(student, guided, hint, "one row for each place of each example, a bias")
    with part(1, "dead and repeated channels"):
        guided, hint = float64(rng, 5, 6, 2, 4), float64(rng, 5, 3, 2, 4)
        guided[:, 1], guided[:, 4] = 0, 2.5
        guided[:, 5] = guided[:, 0] - 3 * guided[:, 2] + 1
        hint = hint + 2 * guided[:, [0, 2, 3]]
        compare_floor(student, guided, hint, "the answer exists although the channels depend")
        guided = torch.zeros(4, 3, 2, 2, dtype=torch.float64)
        compare_floor(student, guided, float64(rng, 4, 2, 2, 2) + 1, "only the bias is left")
    with part(1, "fewer places than channels"):
        guided, hint = float64(rng, 2, 9, 1, 3) + 1, float64(rng, 2, 4, 1, 3)
        compare_floor(student, guided, hint, "many regressors reach the floor: any will do")


def compare_floor(student, guided, hint, why):
    """Fail unless weight, bias and loss are those of the least loss."""
    got = student.call("best_regressor", guided, hint)
    unmodified(student)
    triple = isinstance(got, tuple | list) and len(got) == 3
    assert triple, "The result must be (weight, bias, loss)."
    weight, bias, loss = got
    expect.shape(weight, (hint.shape[1], guided.shape[1]), why, name="weight")
    expect.shape(bias, (hint.shape[1],), why, name="bias")
    floor = least(guided.numpy(), hint.numpy())
    own = F.conv2d(guided, weight.double()[:, :, None, None], bias.double()) - hint
    reached = float(own.square().mean() / 2)
    close(reached, floor, why, atol=1e-8, name="The loss of your weight and bias")
    close(loss, floor, "half the mean over all entries", atol=1e-8, name="The loss")


def least(guided, hint):
    """The floor by least squares, channel by channel."""
    rows = np.moveaxis(guided, 1, 3).reshape(-1, guided.shape[1])
    matrix = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    errors = []
    for channel in range(hint.shape[1]):
        goal = hint[:, channel].ravel()
        solution = np.linalg.lstsq(matrix, goal, rcond=None)[0]
        errors.append(np.mean((matrix @ solution - goal) ** 2))
    return float(np.mean(errors) / 2)


# ---------------------------------------------------------------- question 8

LOWER = ("stem", "body.1")
WEIGHTS = {
    "lower": ("stem.weight", "stem.norm.bias", "body.1.0.weight"),
    "upper": ("body.10.weight", "body.2.bias", "stems.weight", "head.stem.weight"),
}
STATISTICS = {
    "lower": ("stem.norm.running_mean", "body.1.1.num_batches_tracked"),
    "upper": ("body.10.running_var", "body.2.norm.running_mean", "top.num_batches_tracked"),
}
TEACHER = (("a.weight", "b.bias", "running.weight"), ("a.running_var", "b.running_mean"))
REGRESSOR = (("weight", "bias"), ("running_mean", "num_batches_tracked"))


def values_of(rng, names):
    """One tensor for each name; counters are whole numbers without a dimension."""
    return {
        name: torch.tensor(inputs.integer(rng, 1, 9)) if "num_" in name else float64(rng, 3)
        for name in names
    }


def stepped(rng, before, moved):
    """The states before and after, of which one entry of each of these groups moved."""
    after = {name: tensor.clone() for name, tensor in before.items()}
    for names in moved:
        name = inputs.choice(rng, names)
        if after[name].ndim:
            after[name][inputs.integer(rng, 0, 2)] += 1e-6
        else:
            after[name] += 1
    return before, after


def stage(rng, faults=(), upper=None, batch=4):
    """A record with these faults; `upper` names the entries of which one moves, if one does."""
    table = float64(rng, 9, 2, 3)
    student = [WEIGHTS["lower"]] if "lower frozen" not in faults else []
    student += [STATISTICS["lower"]]
    student += [upper or WEIGHTS["upper"]] if "upper weights" in faults else []
    student += [upper or STATISTICS["upper"]] if "upper statistics" in faults else []
    teacher: list[tuple[str, ...]] = [TEACHER[0]] if "teacher weights" in faults else []
    teacher += [TEACHER[1]] if "teacher statistics" in faults else []
    regressor = [REGRESSOR[1]] + ([REGRESSOR[0]] if "regressor frozen" not in faults else [])
    names = [*WEIGHTS["upper"], *STATISTICS["lower"], *WEIGHTS["lower"], *STATISTICS["upper"]]
    steps = []
    for number in range(3):
        index = torch.randperm(9, generator=rng)[:batch]
        step = {"index": index, "hint": table[index], "regressed": float64(rng, batch, 2, 3)}
        if "foreign hints" in faults and number == 1:
            step["hint"] = table[index.roll(1)]
        loss = np.mean((step["regressed"].numpy() - step["hint"].numpy()) ** 2) / 2
        if "wrong loss" in faults and number == 2:
            loss = loss * inputs.choice(rng, [2, batch, 6, 1.0001])
        steps.append(step | {"loss": float(loss)})
    return {
        "student": stepped(rng, values_of(rng, names), student),
        "teacher": stepped(rng, values_of(rng, TEACHER[0] + TEACHER[1]), teacher),
        "regressor": stepped(rng, values_of(rng, REGRESSOR[0] + REGRESSOR[1]), regressor),
        "lower": list(LOWER),
        "table": table,
        "steps": steps,
    }


FAULTS = (
    "lower frozen",
    "upper weights",
    "upper statistics",
    "regressor frozen",
    "teacher weights",
    "teacher statistics",
    "foreign hints",
    "wrong loss",
)


def diagnosed(student, record, expected, hint):
    got = of_type(student.call("diagnose", record), list, "The diagnosis")
    unmodified(student)
    expect.equal(got, sorted(expected), hint, name="The diagnosis")


@check("diagnose", points=3)
def diagnose(student, rng):
    with part(1, "a sound stage, and one fault"):
        hint = "no fault; what moved did so by 1e-6 in a single number"
        diagnosed(student, stage(rng), [], hint)
        for fault in FAULTS:
            hint = f"only {fault!r}; what else moved did so by 1e-6 in a single number"
            diagnosed(student, stage(rng, [fault]), [fault], hint)
        for fault, names in (
            ("upper weights", WEIGHTS["upper"]),
            ("upper statistics", STATISTICS["upper"]),
        ):
            for name in names:
                hint = f"{name!r} belongs to none of {LOWER}"
                diagnosed(student, stage(rng, [fault], [name]), [fault], hint)
    with part(1, "several faults"):
        diagnosed(student, stage(rng, FAULTS), FAULTS, "all at once")
        for _ in range(6):
            order = torch.randperm(8, generator=rng)[:3].tolist()
            faults = [FAULTS[i] for i in order]
            hint = f"three faults together: {', '.join(sorted(faults))}"
            diagnosed(student, stage(rng, faults), faults, hint)
    with part(1, "odd records"):
        record = stage(rng)
        record["regressor"] = tuple({"weight": s["weight"]} for s in record["regressor"])
        record["regressor"][1]["weight"] = record["regressor"][0]["weight"] + 1
        record["teacher"] = ({}, {})
        diagnosed(student, record, [], "networks without statistics, or without anything")
        record["table"] = torch.cat([record["table"], record["table"] + 1e-9])
        record["steps"][0] |= {"index": record["steps"][0]["index"] + 9}
        diagnosed(student, record, ["foreign hints"], "hints are compared exactly")
        record = stage(rng)
        for step in record["steps"]:
            step["loss"] *= 1 + 3e-8
        diagnosed(student, record, [], "a loss within 1e-6 is right")
        step = record["steps"][1]
        step["regressed"] = 1e4 * step["regressed"]
        loss = float((step["regressed"] - step["hint"]).square().mean() / 2)
        step["loss"] = loss * (1 + 3e-7)
        diagnosed(student, record, [], "a large loss is judged by its size")
        record["steps"][2]["loss"] = math.nan
        diagnosed(student, record, ["wrong loss"], "NaN is no right loss")
