"""Hidden checks of the warm-up assignment `a0-measuring`."""

import math
import statistics

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from autograder import inputs
from autograder.check import check, close, part

# Defined in the student's process and in this one: models and states that no build() call makes,
# because memory that is shared does not survive the way between processes.
FIXTURES = '''
import torch
from torch import nn


class TiedTextModel(nn.Module):
    """An embedding whose weight the last layer uses again, a scale of the model's own, a norm."""

    def __init__(self, vocabulary, width, hidden):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.embed = nn.Embedding(vocabulary, width)
        self.body = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.BatchNorm1d(hidden))
        self.down = nn.Linear(hidden, width, bias=False)
        self.head = nn.Linear(width, vocabulary)
        self.head.weight = self.embed.weight
        self.probe = nn.Linear(width, vocabulary, bias=False)
        self.probe.weight = self.embed.weight
        self.embed.weight.requires_grad_(False)


class PrunedNet(nn.Module):
    """Two pruned convolutions and a pruned linear layer, with a norm that is not pruned."""

    def __init__(self, first, second, last):
        super().__init__()
        self.features = nn.Sequential(
            conv(first), nn.BatchNorm2d(first.shape[0]), nn.ReLU(), conv(second)
        )
        self.head = nn.Linear(last.shape[1], last.shape[0])
        self.head.weight.data = last


def conv(weight):
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], tuple(weight.shape[2:]))
    layer.weight.data = weight
    return layer


class ConvThatCannotRun(nn.Conv2d):
    def forward(self, images):
        raise RuntimeError("conv_macs reads the layer's attributes, it does not run the layer")


def mixed_state(rows, columns):
    """Five types; `twin` equals `first` and has memory of its own; one tensor is a counter."""
    return {
        "first": torch.ones(rows, columns),
        "twin": torch.ones(rows, columns),
        "half": torch.ones(columns, dtype=torch.float16),
        "codes": torch.ones(rows, 3, dtype=torch.int8),
        "steps": torch.tensor(7),
        "mask": torch.ones(rows, columns, dtype=torch.bool),
    }


def tied_state(vocabulary, width):
    return TiedTextModel(vocabulary, width, 2).state_dict()


def sliced_state(rows, columns, kept):
    """A layer pruned by slicing; the two parts of one tensor; a transposed view of another."""
    weight, both, square = torch.ones(rows, columns), torch.ones(2, rows), torch.ones(4, columns)
    return {
        "weight": weight[:kept],
        "bias": torch.ones(kept),
        "low": both[0],
        "high": both[1],
        "square": square,
        "transposed": square.T,
    }
'''


@check("parameters", points=2)
def parameters(student, rng):
    """Each layer's own parameters; shared ones once; frozen ones too; buffers never."""
    student.define(FIXTURES)
    vocabulary, width, hidden = (inputs.integer(rng, low, low + 6) for low in (20, 10, 3))
    with part(1, "layers inside layers, and a normalization"):
        net = student.build("featherweight.models:small_cnn", width=width)
        expected = {
            "0": 10 * width,
            "3": 2 * width * (9 * width + 1),
            "7": 64 * (2 * width * 49 + 1),
            "9": 650,
        }
        got = student.call("parameters_by_layer", net)
        close(got, expected, hint="does each layer count its own weight and bias, once?")
    with part(1, "shared, frozen and the model's own parameters"):
        text = student.ask("TiedTextModel", vocabulary, width, hidden)
        expected = {
            "": 3,
            "embed": vocabulary * width,
            "body.0": hidden * (width + 1),
            "body.2": 2 * hidden,
            "down": hidden * width,
            "head": vocabulary,
        }
        got = student.call("parameters_by_layer", text)
        hint = (
            "a shared tensor counts once, a frozen one counts, a running mean does not, and "
            "the model may have parameters of its own under the name ''."
        )
        close(got, expected, hint=hint)
        in_order = list(got) == list(expected)
        assert in_order, "The layers are not in the order in which named_modules() gives them."


@check("densities", points=2)
def densities(student, rng):
    """Over all weights of Linear and Conv2d layers together: elements, and whole filters."""
    student.define(FIXTURES)
    tensors = [_pruned(rng, 6, 3, 3, 2), _pruned(rng, 4, 6, 1, 3), _pruned(rng, 10, 24)]
    tensors[1] *= 1e-6
    net = student.ask("PrunedNet", *tensors)
    got = student.call("densities", net)
    assert isinstance(got, tuple | list), "densities returns two numbers."
    assert len(got) == 2, f"densities returns two numbers, not {len(got)}."
    with part(1, "the density of the weights"):
        alive = sum(int((w != 0).sum()) for w in tensors)
        total = sum(w.numel() for w in tensors)
        hint = "count over all layers together, without biases and norms; small is not zero."
        close(got[0], alive / total, hint=hint)
    with part(1, "the density of the filters"):
        kept = sum(sum(bool(w[i].any()) for i in range(len(w))) for w in tensors)
        hint = "a filter is weight[i], all weights of one output; one survivor keeps it."
        close(got[1], kept / sum(len(w) for w in tensors), hint=hint)


def _pruned(rng, *shape):
    """Sparse weights of which some filters, but no first column, are zero as a whole."""
    weight = inputs.sparse_weights(rng, *shape, density=0.4)
    weight[1:, 0] = inputs.weights(rng, *weight[1:, 0].shape).abs() + 0.1
    weight[0] = 0
    weight[2] = -inputs.weights(rng, *shape[1:]).abs() - 0.1
    if len(shape) == 2:
        weight[-2:] = 0
    return weight


@check("conv-macs", points=3)
def conv_macs(student, rng):
    """The formula of a convolution, one part for each thing that is easily forgotten."""
    student.define(FIXTURES)
    height, width = inputs.integer(rng, 17, 24), inputs.integer(rng, 29, 36)
    cases = {
        "stride and padding": [
            ((3, 8, 3), {"stride": 2, "padding": 1}),
            ((5, 4, (3, 5)), {"stride": (1, 3), "padding": (0, 2)}),
            ((3, 7, 5), {"stride": 4, "padding": 2, "bias": False}),
        ],
        "groups": [
            ((12, 12, 3), {"padding": 1, "groups": 12}),
            ((12, 8, (1, 3)), {"groups": 4}),
            ((6, 18, 3), {"stride": 2, "groups": 6}),
        ],
        "dilation, 'same' and 'valid'": [
            ((4, 6, 3), {"dilation": (2, 3), "padding": (2, 1)}),
            ((4, 6, (5, 3)), {"padding": "same", "dilation": (1, 2)}),
            ((4, 6, 3), {"padding": "valid", "stride": (2, 1)}),
        ],
    }
    for what, layers in cases.items():
        with part(1, what):
            for arguments, options in layers:
                _one_convolution(student, arguments, options, height, width)


def _one_convolution(student, arguments, options, height, width):
    layer = student.ask("ConvThatCannotRun", *arguments, **options)
    got = student.call("conv_macs", layer, height, width)
    twin = nn.Conv2d(*arguments, **options, device="meta")
    expected = _macs(lambda: twin(torch.empty(1, arguments[0], height, width, device="meta")))
    shown = ", ".join([*map(str, arguments), *(f"{k}={v!r}" for k, v in options.items())])
    close(got, expected, hint=f"this was Conv2d({shown}) on {height} by {width} pixels.")


def _macs(run):
    """Half of what PyTorch's own counter finds: it counts two operations for each MAC."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


@check("attention-macs", points=3)
def attention_macs(student, rng):
    """Four linear layers on each token, and two products that grow with the square of tokens."""
    heads = inputs.integer(rng, 2, 5)
    sizes = [(inputs.integer(rng, 7, 19), 4 * heads, heads), (inputs.integer(rng, 90, 130), 12, 3)]
    answers = [student.call("attention_macs", *size) for size in sizes]
    for got in answers:
        assert isinstance(got, dict), "attention_macs returns a dict."
        close(sorted(got), ["products", "projections"], hint="the dict has these two keys.")
    with part(1.5, "projections"):
        for got, (tokens, width, _) in zip(answers, sizes, strict=True):
            expected = 4 * _macs(lambda t=tokens, w=width: _meta(t, w) @ _meta(w, w))
            hint = f"queries, keys, values and output for {tokens} tokens of width {width}."
            close(got["projections"], expected, hint=hint, name="projections")
    with part(1.5, "products"):
        for got, (tokens, width, num_heads) in zip(answers, sizes, strict=True):
            expected = _macs(lambda s=(tokens, width, num_heads): _attend(*s))
            hint = f"{num_heads} heads of width {width // num_heads} over {tokens} tokens."
            close(got["products"], expected, hint=hint, name="products")


def _meta(*shape):
    return torch.empty(*shape, device="meta")


def _attend(tokens, width, heads):
    queries = keys = values = _meta(heads, tokens, width // heads)
    scores = queries @ keys.transpose(1, 2)
    return scores.softmax(dim=2) @ values


@check("stored-bytes", points=3)
def stored_bytes(student, rng):
    """Each storage once and whole, in the type it has."""
    student.define(FIXTURES)
    rows, columns, kept = (inputs.integer(rng, low, low + 5) for low in (12, 21, 3))
    with part(1, "tensors of several types"):
        expected = rows * columns * (4 + 4 + 1) + 2 * columns + 3 * rows + 8
        _one_state(student, "mixed_state", (rows, columns), expected, "every type has its size.")
    with part(1, "tensors under two names"):
        expected = 4 * (3 + rows * columns + 2 * (columns + 1) + 2 * 4 + 2 * columns + rows) + 8
        hint = "the embedding is the weight of two more layers: it is written once."
        _one_state(student, "tied_state", (rows, columns), expected, hint)
    with part(1, "slices"):
        expected = 4 * (rows * columns + kept + 2 * rows + 4 * columns)
        hint = "a slice keeps the whole memory it was cut from; parts of one memory share it."
        _one_state(student, "sliced_state", (rows, columns, kept), expected, hint)


def _one_state(student, name, sizes, expected, hint):
    state = student.call_kept(student.helper(name), *sizes)
    close(student.call("stored_bytes", state), expected, hint=hint)


@check("speedup", points=2)
def speedup(student, rng):
    """Ratio of the medians after the warm-up; resolved if the 10-90 % ranges lie apart."""
    slow, fast, near = _times(rng, 9.0), _times(rng, 4.0), _times(rng, 8.9)
    unsteady = _times(rng, 12.0, spread=8.0)
    cases = [(slow, fast), (fast, slow), (slow, near), (unsteady, slow), (near, fast)]
    expectations = [True, True, False, False, True]
    answers = [student.call("speedup", *case, num_warmup=5) for case in cases]
    for got in answers:
        assert isinstance(got, tuple | list), "speedup returns two values: a ratio and a bool."
        assert len(got) == 2, f"speedup returns two values, not {len(got)}."
    with part(1, "the ratio"):
        for got, (before, after) in zip(answers, cases, strict=True):
            expected = statistics.median(before[5:]) / statistics.median(after[5:])
            hint = "leave out the first num_warmup times of both, then divide the medians."
            close(got[0], expected, hint=hint, name="The speed-up")
    with part(1, "whether it is resolved"):
        for got, expected in zip(answers, expectations, strict=True):
            hint = "do the ranges from the 10th to the 90th percentile lie apart?"
            close(got[1], expected, hint=hint, name="resolved")


def _times(rng, center, spread=1.0):
    """A warm-up of five, four of them slow; then eighteen times, two of them outliers."""
    jitter = 0.02 * torch.rand(16, generator=rng, dtype=torch.float64)
    steady = center + spread * (torch.linspace(-0.5, 0.5, 16, dtype=torch.float64) + jitter)
    times = [*steady.tolist(), center + 40.0, center - 3.9]
    order = torch.randperm(18, generator=rng).tolist()
    return [center + late for late in (25.0, -0.4, 11.0, 7.0, 6.0)] + [times[i] for i in order]


@check("break-even", points=2)
def break_even(student, rng):
    """The smallest batch whose arithmetic costs at least as much energy as reading the weights."""
    macs, mac_pj, byte_pj = inputs.integer(rng, 40_000, 60_000), 4.5, 160.0
    with part(1, "between two batch sizes"):
        for batch in (inputs.integer(rng, 5, 40) + 0.3, inputs.integer(rng, 50, 90) + 0.7, 0.4):
            weight_bytes = round(batch * macs * mac_pj / byte_pj)
            got = student.call("break_even_batch", macs, weight_bytes, mac_pj, byte_pj)
            hint = "a batch size is a whole number, and this one just suffices."
            close(got, math.ceil(batch), hint=hint, name="The batch size")
    with part(1, "exactly at a batch size, other energies"):
        batch = inputs.integer(rng, 3, 9)
        got = student.call("break_even_batch", 1024, 64 * batch, 0.5, 8.0)
        close(got, batch, hint="'at least as much' includes equality.", name="The batch size")
