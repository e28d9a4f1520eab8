"""Hidden checks of a2-saliency: exact derivatives by autograd, exact outputs by silent channels."""

import functools

import torch
from scipy.stats import poisson
from torch import nn
from torch.nn import functional as F

from autograder import inputs
from autograder.check import check, close, defined_here, part, unmodified
from autograder.inputs import float64
from featherweight import expect


def positive(rng, *shape):
    """Numbers from 0.5 up."""
    return float64(rng, *shape).abs() + 0.5


def near(got, expected, hint=None, name="The result"):
    """Fail unless `got` matches to the precision of float32: who computes in it is right, too."""
    close(got, expected, hint, 1e-5 * max(1.0, largest(expected)), name)


def largest(values):
    """The largest absolute value in a number, a tensor, or containers of them."""
    if isinstance(values, dict | list | tuple):
        return max(largest(v) for v in (values.values() if isinstance(values, dict) else values))
    return float(torch.as_tensor(values).abs().max())


def named(got, names):
    """Fail unless `got` is a dict with exactly these keys."""
    assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
    expect.equal(sorted(got, key=str), sorted(names), name="The list of names")


def several(got, count, what):
    """Fail unless `got` is a tuple or list of so many."""
    fine = isinstance(got, tuple | list) and len(got) == count
    assert fine, f"The result must be a tuple: {what}."


def curvature_of(loss, value):
    """The diagonal of the Hessian of a scalar function, from autograd."""
    hessian = torch.autograd.functional.hessian(loss, value)
    return hessian.reshape(value.numel(), -1).diagonal().reshape(value.shape)


# ---------------------------------------------------------------- question 1

NETWORK = """
import torch
from torch import nn


def network(state):
    layers = nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 3)
    model = nn.Sequential(*layers).double()
    model.load_state_dict(state)
    return model.eval()


def train_mode(model):
    model.train()


def odd_modes(model):
    model.train()
    model[1].eval()


def set_gradients(model, gradients):
    for name, parameter in model.named_parameters():
        gradient = gradients.get(name)
        parameter.grad = None if gradient is None else gradient.clone()


def gradients(model):
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def modes(model):
    return [module.training for module in model.modules()]


def tensors(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def freeze(model, name):
    model.get_parameter(name).requires_grad_(False)


def frozen(model):
    return [name for name, p in model.named_parameters() if not p.requires_grad]
"""


class Net:
    """A small network in the student's process, and its tensors here."""

    def __init__(self, student, rng):
        self.student = student
        student.define(NETWORK)
        shapes = {"0.weight": (6, 5), "0.bias": (6,), "1.weight": (6,), "1.bias": (6,)}
        shapes |= {"1.running_mean": (6,), "4.weight": (3, 6), "4.bias": (3,)}
        self.state = {name: float64(rng, *shape) for name, shape in shapes.items()}
        self.state["1.running_var"] = positive(rng, 6)
        self.state["1.num_batches_tracked"] = torch.tensor(3)
        self.model = student.ask("network", self.state)

    def on_model(self, name, *args):
        return self.student.ask(name, self.model, *args)

    @property
    def trained(self):
        """The parameters, by name."""
        return {n: t for n, t in self.state.items() if n[2:] in ("weight", "bias")}

    def expected(self, batches):
        """The scores: one pass over all images together."""
        model = reference_network(self.state)
        examples, labels = (torch.cat(both) for both in zip(*batches, strict=True))
        F.cross_entropy(model(examples), labels).backward()
        return {n: (p.detach() * p.grad).abs() for n, p in model.named_parameters()}


def reference_network(state):
    return defined_here(NETWORK)["network"](state)


def labeled(rng, *sizes):
    return [(float64(rng, size, 5), inputs.labels(rng, size, 3)) for size in sizes]


@check("taylor-values", points=2, cell="taylor-scores")
def taylor_values(student, rng):
    with part(1, "one batch, and batches of different sizes"):
        for sizes in ((7,), (4, 1, 6)):
            net, batches = Net(student, rng), labeled(rng, *sizes)
            got = student.call("taylor_scores", net.model, batches)
            named(got, net.trained)
            hint = "multiply each weight by its gradient of the mean loss over all images"
            near(got, net.expected(batches), hint, name=f"The scores, batches of {sizes},")
    with part(1, "a model in training mode that has gradients from before"):
        net, batches = Net(student, rng), labeled(rng, 5, 3)
        net.on_model("set_gradients", {n: float64(rng, *t.shape) for n, t in net.trained.items()})
        net.on_model("train_mode")
        got = student.call("taylor_scores", net.model, batches)
        hint = "scores are those of the evaluation mode, and of these batches alone"
        near(got, net.expected(batches), hint, name="The scores")


@check("taylor-manners", points=1, cell="taylor-scores")
def taylor_manners(student, rng):
    net, batches = Net(student, rng), labeled(rng, 4, 3)
    old = {n: float64(rng, *t.shape) for n, t in net.trained.items() if n != "0.bias"}
    net.on_model("freeze", "4.bias")
    old.pop("4.bias")
    net.on_model("set_gradients", old)
    net.on_model("odd_modes")
    modes = net.on_model("modes")
    got = student.call("taylor_scores", net.model, batches)
    unmodified(student)
    expected = net.expected(batches)
    expected.pop("4.bias")
    hint = "only parameters that require a gradient have a score"
    named(got, expected)
    near(got, expected, hint, name="The scores with a frozen bias")
    hint = "one flag for each module; here the batch norm's differs from the others'"
    close(net.on_model("modes"), modes, hint, name="The list of training flags")
    close(net.on_model("gradients"), old, "leave .grad alone", name="The old gradients")
    close(net.on_model("tensors"), net.state, "buffers count, too", 0.0, name="The state")
    close(net.on_model("frozen"), ["4.bias"], name="The list of frozen parameters")


# ---------------------------------------------------------------- question 2


def counted(rng):
    """A layer, its inputs, and counts that are not the model's."""
    weight = 0.6 * float64(rng, 3, 4)
    examples = float64(rng, 6, 4)
    counts = torch.randint(0, 9, (6, 3), generator=rng).double()
    return weight, examples, counts


def poisson_loss(weight, examples, counts):
    rates = (examples @ weight.T).exp().log1p()
    return (rates - counts * rates.log()).sum(1).mean()


def squared_gradients(weight, examples, counts):
    """The squared derivative for every example: [N, K, D]."""
    copies = weight.expand(len(examples), *weight.shape).clone().requires_grad_()
    rates = torch.einsum("nkd,nd->nk", copies, examples).exp().log1p()
    return torch.autograd.grad((rates - counts * rates.log()).sum(), copies)[0] ** 2


@check("poisson-hessian", points=1, cell="poisson-diagonals")
def poisson_hessian(student, rng):
    for _ in range(2):
        layer = counted(rng)
        got = student.call("poisson_diagonals", *layer)
        unmodified(student)
        named(got, ("hessian", "fisher", "empirical"))
        expected = curvature_of(lambda w, rest=layer[1:]: poisson_loss(w, *rest), layer[0])
        hint = "differentiate the rate minus counts times its logarithm twice; softplus bends"
        near(got["hessian"], expected, hint, name="The Hessian's diagonal")


@check("poisson-fisher", points=2, cell="poisson-diagonals")
def poisson_fisher(student, rng):
    weight, examples, counts = counted(rng)
    got = student.call("poisson_diagonals", weight, examples, counts)
    named(got, ("hessian", "fisher", "empirical"))
    with part(1, "the Fisher"):
        rates = (examples @ weight.T).exp().log1p()
        fisher = torch.zeros_like(weight)
        for count in range(80):  # every count that a rate of this size can give
            chance = torch.from_numpy(poisson.pmf(count, rates.numpy()))
            squares = squared_gradients(weight, examples, torch.full_like(counts, count))
            fisher += (chance[:, :, None] * squares).mean(0)
        hint = "whose counts is this a mean over? Those of the data play no part"
        near(got["fisher"], fisher, hint, name="The Fisher's diagonal")
    with part(1, "the empirical Fisher"):
        empirical = squared_gradients(weight, examples, counts).mean(0)
        hint = "square each example's gradient, then take the mean"
        near(got["empirical"], empirical, hint, name="The empirical Fisher's diagonal")


# ---------------------------------------------------------------- question 3


def tanh_loss(z, at, gradient, curvature):
    """A loss with these two derivatives with respect to tanh(z) at the point `at`."""
    change = z.tanh() - at.tanh()
    return (gradient * change + curvature * change**2 / 2).sum()


@check("tanh-curvature", points=2, cell="through-tanh")
def tanh_curvature(student, rng):
    z, gradient, curvature = float64(rng, 3, 2, 4), float64(rng, 3, 2, 4), float64(rng, 3, 2, 4)
    for gauss_newton, what in ((False, "both terms"), (True, "Gauss-Newton")):
        with part(1, what):
            got = student.call("through_tanh", z, gradient, curvature, gauss_newton=gauss_newton)
            unmodified(student)
            slope = torch.zeros_like(z) if gauss_newton else gradient
            loss = functools.partial(tanh_loss, at=z, gradient=slope, curvature=curvature)
            hint = "use the chain rule twice; which of the terms has the gradient in it?"
            if gauss_newton:
                hint = "what is left of the exact curvature if the gradient is zero?"
            near(got, curvature_of(loss, z), hint, name="The curvature")


# ---------------------------------------------------------------- question 4


def pool_reference(curvature, length, kernel_size, stride):
    """The Hessian's diagonal of sum(h * pool(x)**2) / 2, one position of all lines at a time."""
    x = torch.zeros(*curvature.shape[:2], length, dtype=torch.float64, requires_grad=True)
    loss = (curvature * F.avg_pool1d(x, kernel_size, stride) ** 2).sum() / 2
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    places = [slope[:, :, place].sum() for place in range(length)]
    bends = [torch.autograd.grad(place, x, retain_graph=True)[0] for place in places]
    return torch.stack([bend[:, :, place] for place, bend in enumerate(bends)], 2)


def pool_passes(student, rng, cases, hint):
    for length, kernel_size, stride in cases:
        windows = (length - kernel_size) // stride + 1
        curvature = float64(rng, 2, 3, windows)
        got = student.call("through_avg_pool", curvature, length, kernel_size, stride)
        unmodified(student)
        expected = pool_reference(curvature, length, kernel_size, stride)
        name = f"The curvature for {length} inputs, windows of {kernel_size}, stride {stride},"
        near(got, expected, hint, name=name)


@check("pool-curvature", points=2, cell="through-avg-pool")
def pool_curvature(student, rng):
    with part(1, "windows side by side"):
        hint = "by how much does a mean of k numbers change, and what does a second derivative do?"
        pool_passes(student, rng, ((8, 2, 2), (11, 3, 3), (5, 1, 1), (4, 4, 4)), hint)
    with part(1, "windows that overlap or leave gaps"):
        hint = "window number i begins at i * stride; an input adds up what its windows send"
        pool_passes(student, rng, ((9, 3, 2), (8, 4, 1), (10, 2, 3), (12, 5, 3)), hint)


# ---------------------------------------------------------------- question 5

CONVOLUTIONS = ((1, 0, 3, 7), (2, 1, 4, 9), (1, 2, 3, 5), (3, 1, 2, 9))


def convolution(rng, stride, padding, taps, length):
    """Inputs, weight and curvature of a 1-D convolution from 2 to 3 channels."""
    examples, weight = float64(rng, 4, 2, length), float64(rng, 3, 2, taps)
    positions = (length + 2 * padding - taps) // stride + 1
    return examples, weight, float64(rng, 4, 3, positions)


def conv_loss(examples, weight, bias, curvature, layer):
    return (curvature * F.conv1d(examples, weight, bias, *layer) ** 2).sum() / 2


def conv_reference(examples, weight, curvature, layer):
    """The three curvatures of sum(h * z**2) / 2, from autograd."""
    bias = torch.zeros(len(weight), dtype=torch.float64)
    return (
        curvature_of(lambda w: conv_loss(examples, w, bias, curvature, layer), weight),
        curvature_of(lambda b: conv_loss(examples, weight, b, curvature, layer), bias),
        curvature_of(lambda x: conv_loss(x, weight, bias, curvature, layer), examples),
    )


def conv_answers(student, rng):
    """The answer, the reference and a name for several layers."""
    for stride, padding, taps, length in CONVOLUTIONS:
        given = convolution(rng, stride, padding, taps, length)
        got = student.call("conv_curvature", *given, stride, padding)
        unmodified(student)
        several(got, 3, "the curvatures of weight, bias and inputs")
        expected = conv_reference(*given, layer=(stride, padding))
        yield got, expected, f"for {taps} taps, stride {stride}, padding {padding},"


@check("conv-parameters", points=2, cell="conv-curvature")
def conv_parameters(student, rng):
    answers = list(conv_answers(student, rng))
    with part(1, "the weight"):
        for got, expected, which in answers:
            hint = "a tap meets another input at each position; each output adds its own share"
            near(got[0], expected[0], hint, name=f"The weight's curvature {which}")
    with part(1, "the bias"):
        for got, expected, which in answers:
            hint = "a bias moves every position of its channel, in every example"
            near(got[1], expected[1], hint, name=f"The bias's curvature {which}")


@check("conv-inputs", points=1, cell="conv-curvature")
def conv_inputs(student, rng):
    for got, expected, which in conv_answers(student, rng):
        hint = "an input moves those outputs whose window it is in, each by another tap"
        near(got[2], expected[2], hint, name=f"The inputs' curvature {which}")


# ---------------------------------------------------------------- question 6

RULES = """
import torch
from torch import nn


def row_network(state, sizes, layer, window):
    rows, channels, features, classes = sizes
    taps, stride, padding = layer
    conv = nn.Conv1d(rows, channels, taps, stride, padding)
    head = nn.Linear(features, classes)
    layers = nn.Flatten(1, 2), conv, nn.Tanh(), nn.AvgPool1d(*window), nn.Flatten(), head
    model = nn.Sequential(*layers).double()
    model.load_state_dict(state)
    return model


def number(value):
    return value[0] if isinstance(value, tuple) else value


def tanh_rule(z, gradient, curvature, gauss_newton=False):
    slope = z.cosh() ** -2
    second = 0 if gauss_newton else -2 * z.tanh() * slope * gradient
    return (slope**2 * curvature + second).detach()


def pool_rule(curvature, length, kernel_size, stride):
    x = torch.zeros(*curvature.shape[:2], length, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        means = nn.functional.avg_pool1d(x, kernel_size, stride)
        (spread,) = torch.autograd.grad((means * curvature.detach()).sum(), x)
    return spread / number(kernel_size)


def conv_rule(inputs, weight, curvature, stride, padding):
    stride, padding = number(stride), number(padding)
    inputs, weight, curvature = inputs.detach(), weight.detach(), curvature.detach()
    squared = nn.functional.pad(inputs, (padding, padding)).unfold(2, weight.shape[2], stride) ** 2
    of_weight = torch.einsum("not,nitk->oik", curvature, squared)
    layer = (stride, padding)
    of_inputs = torch.nn.grad.conv1d_input(inputs.shape, weight**2, curvature, *layer)
    return of_weight, curvature.sum((0, 2)), of_inputs


RULES = {"tanh": tanh_rule, "pool": pool_rule, "conv": conv_rule}
"""


def network_reference(model, images, targets, scope):
    """The curvatures by the rules, from each layer's own derivatives."""
    x = images.flatten(1, 2)
    conv, pool, head = model[1], model[3], model[5]
    z = conv(x).detach()
    a = z.tanh().requires_grad_()
    means = pool(a)
    error = head(means.flatten(1)) - targets
    gradient = torch.autograd.grad((error**2).sum() / 2, a)[0]
    ones = torch.ones_like(error)
    at_means = torch.einsum("nk,kf->nf", ones, head.weight.detach() ** 2).reshape(means.shape)
    h = scope["pool_rule"](at_means, a.shape[2], pool.kernel_size[0], pool.stride[0])
    h = scope["tanh_rule"](z, gradient, h)
    layer = (conv.stride[0], conv.padding[0])
    of_weight, of_bias, _ = scope["conv_rule"](x, conv.weight, h, *layer)
    of_head = torch.einsum("nk,nf->kf", ones, means.detach().flatten(1) ** 2)
    sums = {"1.weight": of_weight, "1.bias": of_bias, "5.weight": of_head, "5.bias": ones.sum(0)}
    return {name: value / len(images) for name, value in sums.items()}


@check("network-curvature", points=2)
def network_curvature(student, rng):
    scope = defined_here(RULES)
    student.define(RULES)
    rules = {name: student.helper(f"{name}_rule") for name in ("tanh", "pool", "conv")}
    found = []
    for rows, columns, layer, window in ((3, 9, (3, 1, 1), (2, 2)), (4, 11, (4, 2, 1), (3, 1))):
        positions = (columns + 2 * layer[2] - layer[0]) // layer[1] + 1
        features = 2 * ((positions - window[0]) // window[1] + 1)
        state = {"1.weight": float64(rng, 2, rows, layer[0]) / 2, "1.bias": float64(rng, 2)}
        state |= {"5.weight": float64(rng, 3, features), "5.bias": float64(rng, 3)}
        built = (state, (rows, 2, features, 3), layer, window)
        images = float64(rng, 5, 1, rows, columns)
        targets = F.one_hot(inputs.labels(rng, 5, 3), 3).double()
        model = student.ask("row_network", *built)
        got = student.call("network_curvature", model, images, targets, rules)
        named(got, state)
        close(student.state(model), state, "leave the model as it is", 0.0, name="The model")
        ours = scope["row_network"](*built)
        found.append((got, network_reference(ours, images, targets, scope)))
    with part(1, "the last layer"):
        for got, expected in found:
            for name in ("5.weight", "5.bias"):
                hint = "the squared error has the second derivative 1 at each output; take the mean"
                near(got[name], expected[name], hint, name=f"The curvature of {name}")
    with part(1, "the convolution"):
        for got, expected in found:
            for name in ("1.weight", "1.bias"):
                hint = "which gradient does tanh want, and which curvature arrives at the pooling?"
                near(got[name], expected[name], hint, name=f"The curvature of {name}")


# ---------------------------------------------------------------- question 7


def derivatives(rng):
    """Weights with gradients and curvatures, some of these negative; 60 weights in all."""
    shapes = {"conv": (3, 2, 4), "head": (4, 9)}
    weights = {name: float64(rng, *shape) for name, shape in shapes.items()}
    weights["head"] *= 0.3
    gradients = {name: 0.2 * float64(rng, *shape) for name, shape in shapes.items()}
    curvatures = {name: positive(rng, *shape) * 2 for name, shape in shapes.items()}
    curvatures["conv"][0, :, 1:3] *= -3
    return weights, gradients, curvatures


def kept_by_saliency(weights, curvatures, count):
    """The places of the `count` largest saliencies, found by sorting a list."""
    places = []
    for name, w in weights.items():
        saliency = torch.where(curvatures[name] > 0, curvatures[name], 0.0) * w * w
        places += [(float(s), name, i) for i, s in enumerate(saliency.flatten())]
    kept = {(name, i) for _, name, i in sorted(places, reverse=True)[:count]}
    flat = {n: [(n, i) in kept for i in range(w.numel())] for n, w in weights.items()}
    return {n: torch.tensor(flat[n]).reshape(w.shape) for n, w in weights.items()}


def pruned_by(student, *args):
    got = student.call("obd_prune", *args)
    unmodified(student)
    several(got, 2, "the masks and the expected change")
    return got


@check("obd-masks", points=2, cell="obd-prune")
def obd_masks(student, rng):
    given = derivatives(rng)
    with part(1, "which weights stay"):
        for density in (0.25, 0.5):
            masks, _ = pruned_by(student, *given, density)
            expected = kept_by_saliency(given[0], given[2], round(density * 60))
            hint = "which weights have the largest h * w**2 / 2 of the whole network?"
            close(masks, expected, hint, name=f"The masks at density {density}")
    with part(1, "negative curvatures, and equal saliencies"):
        masks, _ = pruned_by(student, *given, 0.9)
        expected = kept_by_saliency(given[0], given[2], 54)
        hint = "a negative h counts as 0, so these weights go first"
        close(masks, expected, hint, name="The masks at density 0.9")
        zeros = {name: torch.zeros_like(w) for name, w in given[0].items()}
        masks, _ = pruned_by(student, given[0], given[1], zeros, 0.4)
        named(masks, given[0])
        count = sum(int(mask.sum()) for mask in masks.values())
        hint = "equal saliencies must not change the count"
        expect.equal(count, 24, hint, name="The number of weights that stay of 60")


@check("obd-prediction", points=1, cell="obd-prune")
def obd_prediction(student, rng):
    given = derivatives(rng)
    hint = "to zero means a step of -w: the sign of the gradient's term, the half, the signed h?"
    for density in (0.25, 0.5, 0.0, 1.0):
        _, change = pruned_by(student, *given, density)
        masks = kept_by_saliency(given[0], given[2], round(density * 60))
        expected = 0.0
        for name, w in given[0].items():
            step = masks[name].double() * w - w
            expected += float((given[1][name] * step + given[2][name] * step * step / 2).sum())
        near(change, expected, hint, name=f"The change at density {density}")


# ---------------------------------------------------------------- question 8


@check("balanced", points=2)
def balanced(student, rng):
    hidden = 6
    first, bias = float64(rng, hidden, 4), float64(rng, hidden)
    second, examples = float64(rng, 3, hidden), float64(rng, 8, 4)
    first *= torch.logspace(-2, 2, hidden).double()[:, None]
    with part(1, "the outputs and the lengths"):
        got = student.call("balanced", first, bias, second)
        unmodified(student)
        several(got, 3, "first, bias and second")
        for tensor, old in zip(got, (first, bias, second), strict=True):
            expect.shape(tensor, old.shape)
        outputs = [(F.relu(examples @ w.T + b) @ v.T) for w, b, v in ((first, bias, second), got)]
        hint = "scale a unit's weights and bias by s > 0, its weights out by 1 / s"
        near(outputs[1], outputs[0], hint, name="The output of the balanced layers")
        into, out = got[0].square().sum(1).sqrt(), got[2].square().sum(0).sqrt()
        hint = "Euclidean lengths, one for each unit, without the bias"
        near(into, out, hint, name="The length of the weights in, against out,")
    with part(1, "the same form from any writing, and dead units"):
        scale = torch.logspace(-1, 1.5, hidden).double().flip(0)
        again = (first * scale[:, None], bias * scale, second / scale)
        hint = "however the network is written, its balanced form is the same"
        expected = balanced_reference(first, bias, second)
        for written in ((first, bias, second), again):
            got = student.call("balanced", *written)
            several(got, 3, "first, bias and second")
            near(tuple(got), expected, hint, name="The balanced layers")
        first[1], second[:, 4] = 0.0, 0.0
        first[2], second[:, 2] = 0.0, 0.0
        got = student.call("balanced", first, bias, second)
        several(got, 3, "first, bias and second")
        hint = "a unit without weights on one side stays as it is"
        expected = balanced_reference(first, bias, second)
        near(tuple(got), expected, hint, name="The layers with dead units")


def balanced_reference(first, bias, second):
    """Unit by unit: both lengths become the geometric mean of the two."""
    first, bias, second = first.clone(), bias.clone(), second.clone()
    for unit in range(len(bias)):
        into, out = float(first[unit].square().sum()), float(second[:, unit].square().sum())
        if into * out > 0:
            scale = (out / into) ** 0.25
            first[unit] *= scale
            bias[unit] *= scale
            second[:, unit] /= scale
    return first, bias, second


# ---------------------------------------------------------------- question 9

CUT = ("conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")


def conv_part(rng, gammas):
    """The state of conv, bn and fc, with these factors, for maps of 3 by 2 behind the pooling."""
    count = len(gammas)
    state = {"conv.weight": float64(rng, count, 2, 3, 3), "conv.bias": float64(rng, count)}
    state |= {"bn.weight": gammas, "bn.bias": float64(rng, count)}
    state |= {"bn.running_mean": float64(rng, count), "bn.running_var": positive(rng, count)}
    state["bn.num_batches_tracked"] = torch.tensor(5)
    state |= {"fc.weight": float64(rng, 4, 6 * count), "fc.bias": float64(rng, 4)}
    return state


def part_outputs(state, images):
    """What the layers compute in evaluation mode."""
    maps = F.conv2d(images, state["conv.weight"], state["conv.bias"], padding=1)
    norm = [state[f"bn.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    maps = F.max_pool2d(F.batch_norm(maps, *norm).relu(), 2)
    return maps.flatten(1) @ state["fc.weight"].T + state["fc.bias"]


def slims(student, state, images, hint):
    """The small network has the right shapes and the large one's outputs."""
    got = student.call("slim", state)
    unmodified(student)
    named(got, state)
    count = int((state["bn.weight"] != 0).sum())
    for name, tensor in state.items():
        shape = (count, *tensor.shape[1:]) if name in CUT else tensor.shape
        shape = (4, 6 * count) if name == "fc.weight" else shape
        expect.shape(got[name], shape, "channels go from every tensor that has them", f"`{name}`")
    numbers = {name: tensor.double() for name, tensor in got.items()}
    near(part_outputs(numbers, images), part_outputs(state, images), hint, name="The output")
    return got


def some_zero(rng, count, *gone):
    gammas = float64(rng, count)
    gammas[list(gone)] = 0.0
    return gammas


@check("slim-removal", points=2, cell="slim")
def slim_removal(student, rng):
    with part(1, "one channel"):
        state = conv_part(rng, some_zero(rng, 5, 2))
        state["bn.bias"][2] = -inputs.uniform(rng, 0.5, 2.0)
        images = inputs.images(rng, 3, 2, 6, 4).double()
        hint = "here the channel is 0 behind the ReLU; which columns of fc belong to it?"
        slims(student, state, images, hint)
    with part(1, "several channels, and factors that are small or negative"):
        gammas = some_zero(rng, 8, 0, 3, 4)
        gammas[5], gammas[6] = 1e-7, -0.7
        state = conv_part(rng, gammas)
        state["bn.bias"][[0, 3, 4]] = -positive(rng, 3)
        images = inputs.images(rng, 3, 2, 6, 4).double()
        hint = "all four tensors of a batch norm have channels; small and negative factors stay"
        got = slims(student, state, images, hint)
        kept = gammas != 0
        hint = "the channels that stay keep their order and their values"
        for name in CUT:
            close(got[name], state[name][kept], hint, 0.0, name=f"`{name}`")


@check("slim-constant", points=1, cell="slim")
def slim_constant(student, rng):
    state = conv_part(rng, some_zero(rng, 6, 1, 4, 5))
    state["bn.bias"][[1, 4, 5]] = torch.tensor([1.3, -0.8, 0.6]).double()
    images = inputs.images(rng, 3, 2, 6, 4).double()
    hint = "a channel with gamma 0 is constant, not zero: what does it add to each output?"
    slims(student, state, images, hint)
    slims(student, conv_part(rng, some_zero(rng, 3)), images, "nothing is switched off here")


# ---------------------------------------------------------------- question 10


class Block(nn.Module):
    """The block of the assignment."""

    def __init__(self, stream, hidden):
        super().__init__()
        self.expand = nn.Conv2d(stream, hidden, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.project = nn.Conv2d(hidden, stream, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(stream)

    def forward(self, x):
        x = self.norm1(self.expand(x)).relu()
        x = self.norm2(self.depthwise(x)).relu()
        return self.norm3(self.project(x))


class MobileNet(nn.Module):
    """The network of the assignment."""

    def __init__(self, stream, hidden, num_classes):
        super().__init__()
        self.stem = nn.Conv2d(1, stream, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(stream)
        self.blocks = nn.ModuleList(Block(stream, width) for width in hidden)
        self.head = nn.Linear(stream, num_classes)

    def forward(self, images):
        x = self.norm(self.stem(images))
        for block in self.blocks:
            x = x + block(x)
        return self.head(x.mean((2, 3)))


def mobile_state(rng, stream, hidden):
    """A state whose every tensor, buffers included, has values of its own."""
    state = MobileNet(stream, hidden, 3).state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        else:
            draw = positive if name.endswith("running_var") else float64
            state[name] = draw(rng, *tensor.shape)
    return state


def mobile_outputs(state, widths, images):
    model = MobileNet(*widths, num_classes=3).double().eval()
    model.load_state_dict(state)
    with torch.no_grad():
        return model(images)


def silent(state, norm, kept):
    """Set factors and shifts of a batch norm to 0 for all channels but these."""
    for name in (f"{norm}.weight", f"{norm}.bias"):
        mask = torch.zeros(len(state[name]), dtype=torch.float64)
        mask[list(kept)] = 1.0
        state[name] = state[name] * mask


def narrows(student, rng, widths, stream, hidden, hint):
    """The small network has the widths asked for and the outputs of the silenced one."""
    state = mobile_state(rng, *widths)
    images = float64(rng, 2, 1, 6, 8)
    got = student.call("narrow", state, stream, hidden)
    unmodified(student)
    named(got, state)
    small = len(stream), [len(hidden.get(i, range(w))) for i, w in enumerate(widths[1])]
    for name, tensor in MobileNet(*small, 3).state_dict().items():
        expect.shape(got[name], tensor.shape, "which dimension has which channels?", f"`{name}`")
    quiet = dict(state)
    for norm in ("norm", *(f"blocks.{i}.norm3" for i in range(len(widths[1])))):
        silent(quiet, norm, stream)
    for number, kept in hidden.items():
        silent(quiet, f"blocks.{number}.norm2", kept)
    expected = mobile_outputs(quiet, widths, images)
    near(mobile_outputs(got, small, images), expected, hint, name="The output")


@check("residual-stream", points=2, cell="narrow")
def residual_stream(student, rng):
    with part(1, "one block"):
        hint = "stem, head and block share the stream: the same channels go everywhere"
        narrows(student, rng, (6, [5]), [0, 2, 3, 5], {}, hint)
    with part(1, "several blocks, channels in any order"):
        hint = "every block reads from the stream and writes to it, buffers of its norms included"
        narrows(student, rng, (7, [4, 6, 9]), [6, 1, 4], {}, hint)


@check("depthwise-groups", points=1, cell="narrow")
def depthwise_groups(student, rng):
    hint = "inside a block, expand, both norms, depthwise and project share the hidden channels"
    everything = list(range(5))
    narrows(student, rng, (5, [6, 8]), everything, {1: [0, 3, 4, 7]}, hint)
    narrows(student, rng, (5, [6, 8]), everything, {0: [5, 1], 1: [2, 0, 6]}, hint)
    narrows(student, rng, (5, [6, 7, 6]), [4, 0, 2], {0: [3, 1, 0], 2: [5, 2]}, hint)
