"""What a model costs and what it is worth: size, MACs, latency, energy, accuracy, loyalty.

Conventions: one MAC is one multiply and one add (`torch.utils.flop_counter` counts two operations
for it). Counts are for one example. Bytes are bytes: divide by 10**6 for MB, by 2**20 for MiB.
Nothing here trains, changes or moves a model: modes, hooks, threads and random state are restored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from featherweight.data import Split

# ---------------------------------------------------------------- parameters and bytes


def count_parameters(model: nn.Module) -> int:
    """Number of parameters; a tensor shared by several layers counts once, buffers not at all."""
    return sum(parameter.numel() for parameter in _parameters(model))


def count_nonzero(model: nn.Module) -> int:
    """Number of parameters that are not zero: what is left after pruning."""
    return sum(int(torch.count_nonzero(parameter)) for parameter in _parameters(model))


def density(model: nn.Module) -> float:
    """Fraction of the parameters that are not zero (sparsity is 1 - density)."""
    total = count_parameters(model)
    if total == 0:
        raise ValueError(
            "The model has no parameters, so it has no density: pass a model with layers."
        )
    return count_nonzero(model) / total


def tensor_bytes(model: nn.Module) -> int:
    """Bytes of all parameters and saved buffers in the types they have now, zeros included."""
    return sum(tensor.numel() * tensor.element_size() for tensor in _state(model).values())


def file_bytes(model: nn.Module) -> int:
    """Size of the model's safetensors file, header included; it is made in memory only."""
    from safetensors.torch import save

    state = _state(model)
    if any(tensor.is_meta for tensor in state.values()):
        raise ValueError("A model on the meta device has no values to save: build it on the CPU.")
    return len(save({name: tensor.contiguous() for name, tensor in state.items()}))


def sparse_bytes(
    tensor: Tensor, format: str = "csr", index_bytes: int = 4, value_bytes: float = 4
) -> int:
    """Bytes that a tensor's values would take on disk in a storage format.

    dense:  every value, zeros too.
    csr:    the non-zero values, a column index of `index_bytes` each, and rows + 1 row pointers
            of 4 bytes (or `index_bytes` if that is more). A tensor of more than two dimensions is
            read as a matrix with one row for each entry of its first dimension.
    bitmap: the non-zero values and one bit for each position.
    """
    if value_bytes <= 0 or index_bytes <= 0:
        raise ValueError("value_bytes and index_bytes must be positive numbers of bytes.")
    nonzero = int(torch.count_nonzero(tensor))
    values = math.ceil(nonzero * value_bytes)
    if format == "dense":
        return math.ceil(tensor.numel() * value_bytes)
    if format == "bitmap":
        return values + math.ceil(tensor.numel() / 8)
    if format == "csr":
        return values + _csr_index_bytes(tensor, nonzero, index_bytes)
    raise ValueError(f"Unknown format {format!r}: choose 'dense', 'csr' or 'bitmap'.")


def _csr_index_bytes(tensor: Tensor, nonzero: int, index_bytes: int) -> int:
    rows = tensor.shape[0] if tensor.dim() > 1 else 1
    columns = tensor.numel() // max(rows, 1)
    if columns > 2 ** (8 * index_bytes):
        raise ValueError(
            f"A column index of {index_bytes} byte(s) cannot name {columns} columns: "
            "choose a larger index_bytes."
        )
    return nonzero * index_bytes + (rows + 1) * max(index_bytes, 4)


def _check_model(model: nn.Module) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"Expected a model (torch.nn.Module), got {type(model).__name__}: "
            "build the model first and load the weights into it."
        )
    if isinstance(model, nn.Sequential) and len(model) == 0:
        raise ValueError("The model is empty: give it at least one layer.")


def _parameters(model: nn.Module) -> list[Tensor]:
    _check_model(model)
    return list(_distinct(model.named_parameters()).values())


def _state(model: nn.Module) -> dict[str, Tensor]:
    """What is saved for a model: parameters and persistent buffers, shared tensors once."""
    _check_model(model)
    state = model.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor) or value.layout != torch.strided:
            raise TypeError(
                f"The bytes of {name!r} ({type(value).__name__}) cannot be counted: "
                "only dense tensors can be measured."
            )
    return _distinct(state.items())


def _distinct(named: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """Leave out tensors that are the same memory seen in the same shape under a second name."""
    seen: dict[Any, tuple[str, Tensor]] = {}
    for name, tensor in named:
        memory = tensor.untyped_storage()._cdata
        key = (memory, tensor.storage_offset(), tensor.shape, tensor.stride())
        seen.setdefault(key, (name, tensor))
    return dict(seen.values())


# ---------------------------------------------------------------- multiply-adds

Shape = Sequence[int]


def count_macs(model: nn.Module, input_shape: Shape, dtype: torch.dtype | None = None) -> int:
    """Multiply-adds of one forward pass for one example.

    `input_shape` is the shape of one example, without the batch. `dtype` is the type of the input;
    it defaults to the type of the model's weights (give torch.long to a model that reads tokens).
    """
    return sum(macs_by_layer(model, input_shape, dtype).values())


def macs_by_layer(
    model: nn.Module, input_shape: Shape, dtype: torch.dtype | None = None
) -> dict[str, int]:
    """Multiply-adds of each layer for one example, in the order in which the layers run.

    Linear layers and convolutions are counted by their formulas. Matrix products outside of them,
    such as those of attention, are counted where they happen and booked on the module that makes
    them. Additions, activations, normalization and pooling cost no MACs.
    """
    _check_model(model)
    example = _example(_batch_shape(input_shape, 1), **_kind(model, dtype))
    with _evaluating(model), _unfused_attention(), _MacCounter(model) as counter:
        _forward(model, example)
    return counter.macs


def linear_macs(layer: nn.Linear, inputs: Tensor, output: Tensor) -> int:
    """Each output value is a sum over the layer's inputs."""
    return output.numel() * layer.in_features


def conv_macs(layer: Any, inputs: Tensor, output: Tensor) -> int:
    """Each output value is a sum over one filter; its size already knows about groups."""
    return output.numel() * layer.weight[0].numel()


def conv_transpose_macs(layer: Any, inputs: Tensor, output: Tensor) -> int:
    """Each input value is multiplied with one filter and added into the output."""
    return inputs.numel() * layer.weight[0].numel()


Formula = Callable[[Any, Tensor, Tensor], int]
FORMULAS: dict[type[nn.Module], Formula] = {
    nn.Linear: linear_macs,
    nn.Conv1d: conv_macs,
    nn.Conv2d: conv_macs,
    nn.Conv3d: conv_macs,
    nn.ConvTranspose1d: conv_transpose_macs,
    nn.ConvTranspose2d: conv_transpose_macs,
    nn.ConvTranspose3d: conv_transpose_macs,
}


def _formula(module: nn.Module) -> Formula | None:
    """The formula of a layer, unless a subclass computes something else."""
    for kind, formula in FORMULAS.items():
        if isinstance(module, kind) and type(module).forward is kind.forward:
            return formula
    return None


def _attention_macs(out: Any, q: Tensor, k: Tensor, v: Tensor, *rest: Any) -> int:
    return q.numel() * k.shape[-2] + q.shape[:-1].numel() * k.shape[-2] * v.shape[-1]


_aten = torch.ops.aten
_PRODUCTS: dict[Any, Callable[..., int]] = {
    _aten.mm: lambda out, a, b, *rest: a.numel() * b.shape[-1],
    _aten.bmm: lambda out, a, b, *rest: a.numel() * b.shape[-1],
    _aten.addmm: lambda out, bias, a, b, *rest: a.numel() * b.shape[-1],
    _aten.baddbmm: lambda out, bias, a, b, *rest: a.numel() * b.shape[-1],
    _aten.mv: lambda out, a, b, *rest: a.numel(),
    _aten.addmv: lambda out, bias, a, b, *rest: a.numel(),
    _aten.dot: lambda out, a, b, *rest: a.numel(),
    _aten.convolution: lambda out, x, weight, *rest: (
        (x if rest[4] else out).numel() * weight[0].numel()
    ),
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention_macs,
    _aten._scaled_dot_product_flash_attention: _attention_macs,
    _aten._scaled_dot_product_efficient_attention: _attention_macs,
    _aten._scaled_dot_product_cudnn_attention: _attention_macs,
}


class _MacCounter(TorchDispatchMode):
    """Adds up the MACs of each layer while a model runs.

    Hooks tell which module is running. A module with a formula is counted when it ends; every other
    module is charged with the matrix products that run inside it.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.macs: dict[str, int] = {}
        self.names = {module: name or "(model)" for name, module in model.named_modules()}
        self.running: list[nn.Module] = []
        self.hooks: list[Any] = []

    def __enter__(self) -> Self:
        for module in self.names:
            self.hooks.append(module.register_forward_pre_hook(self._start))
            self.hooks.append(module.register_forward_hook(self._stop))
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for hook in self.hooks:
            hook.remove()

    def _start(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, (nn.RNNBase, nn.Bilinear)):
            raise NotImplementedError(
                f"There is no MAC formula for {type(module).__name__} (layer "
                f"{self.names[module]!r}): count its matrix products by hand."
            )
        self.running.append(module)

    def _stop(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self.running.pop()
        formula = _formula(module)
        if formula is not None:
            self._add(module, formula(module, inputs[0], output))

    def _add(self, module: nn.Module, macs: int) -> None:
        name = self.names[module]
        self.macs[name] = self.macs.get(name, 0) + macs

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        product = _PRODUCTS.get(func.overloadpacket)
        if product is not None and self.running and _formula(self.running[-1]) is None:
            self._add(self.running[-1], product(output, *args))
        return output


def _batch_shape(input_shape: Shape, batch_size: int) -> tuple[int, ...]:
    shape = tuple(input_shape) if isinstance(input_shape, Sequence) else None
    if shape is None or not all(isinstance(size, int) and size > 0 for size in shape):
        raise ValueError(
            f"input_shape must be the shape of one example without the batch, such as (1, 28, 28); "
            f"got {input_shape!r}."
        )
    return (batch_size, *shape)


def _kind(model: nn.Module, dtype: torch.dtype | None) -> dict[str, Any]:
    """Type and device that an input of this model must have."""
    floats = (tensor for tensor in model.parameters() if tensor.is_floating_point())
    first = next(floats, torch.zeros(()))
    return {"dtype": dtype or first.dtype, "device": first.device}


def _forward(model: nn.Module, example: Tensor) -> None:
    try:
        model(example)
    except NotImplementedError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"The model cannot read one example of shape {tuple(example.shape[1:])} and type "
            f"{example.dtype}: pass the input_shape of one example without the batch ({reason})."
        ) from error


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; modes and random state are put back at the end."""
    training = {module: module.training for module in model.modules()}
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=list(devices)):
            model.eval()
            yield
    finally:
        for module, mode in training.items():
            module.training = mode


@contextmanager
def _unfused_attention() -> Iterator[None]:
    """Without PyTorch's fused attention: one operation in which no matrix product can be seen."""
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


# ---------------------------------------------------------------- time and energy


class Latency(NamedTuple):
    """Wall-clock time of one forward pass of one batch, in milliseconds."""

    median_ms: float
    p10_ms: float
    p90_ms: float
    batch_size: int
    num_threads: int

    def __str__(self) -> str:
        return (
            f"{self.median_ms:.3f} ms (10 to 90 %: {self.p10_ms:.3f} to {self.p90_ms:.3f} ms), "
            f"batch {self.batch_size}, threads {self.num_threads}"
        )


def latency(
    model: nn.Module,
    input_shape: Shape,
    batch_size: int = 1,
    num_threads: int = 1,
    warmup: int = 10,
    repeats: int = 50,
    dtype: torch.dtype | None = None,
) -> Latency:
    """Time `repeats` forward passes after `warmup` others: median, 10th and 90th percentile.

    The input is random noise (ones for integer types). Runs in evaluation mode, without gradients,
    with a fixed number of threads.
    """
    _check_model(model)
    for name, value, least in (
        ("batch_size", batch_size, 1),
        ("num_threads", num_threads, 1),
        ("warmup", warmup, 0),
        ("repeats", repeats, 1),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}.")
    batch = _example(_batch_shape(input_shape, batch_size), **_kind(model, dtype))
    with _evaluating(model), _threads(num_threads):
        _forward(model, batch)
        times = [_milliseconds(model, batch) for _ in range(warmup + repeats)][warmup:]
    quantiles = torch.tensor([0.5, 0.1, 0.9], dtype=torch.float64)
    median, p10, p90 = torch.quantile(torch.tensor(times, dtype=torch.float64), quantiles).tolist()
    return Latency(median, p10, p90, batch_size, num_threads)


def _example(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Noise, or ones where the model reads whole numbers such as tokens."""
    if not dtype.is_floating_point:
        return torch.ones(shape, dtype=dtype, device=device)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return noise.to(device=device, dtype=dtype)


def _milliseconds(model: nn.Module, batch: Tensor) -> float:
    start = time.perf_counter()
    model(batch)
    if batch.is_cuda:
        torch.cuda.synchronize(batch.device)
    return 1000 * (time.perf_counter() - start)


@contextmanager
def _threads(num_threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(num_threads)
        yield
    finally:
        torch.set_num_threads(before)


# Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014: a 45 nm chip at
# 0.9 V. One multiply plus one add in each arithmetic, and the lower end of the 1.3 to 2.6 nJ that
# it gives for reading 64 bits from DRAM.
MAC_PICOJOULES = {"float32": 3.7 + 0.9, "float16": 1.1 + 0.4, "int8": 0.2 + 0.03}
DRAM_PICOJOULES_PER_BYTE = 1300 / 8


class Energy(NamedTuple):
    """Estimated energy in joules."""

    compute_j: float
    memory_j: float

    @property
    def total_j(self) -> float:
        return self.compute_j + self.memory_j


def energy(macs: int, bytes_moved: int, arithmetic: str = "float32") -> Energy:
    """Estimated energy of a computation: its MACs, and the bytes it moves to or from DRAM.

    An order of magnitude for a 45 nm chip of 2014, good for comparing designs, not a measurement.
    """
    if arithmetic not in MAC_PICOJOULES:
        known = ", ".join(MAC_PICOJOULES)
        raise ValueError(f"Unknown arithmetic {arithmetic!r}: choose one of {known}.")
    if macs < 0 or bytes_moved < 0:
        raise ValueError("macs and bytes_moved must not be negative.")
    picojoule = 1e-12
    return Energy(
        macs * MAC_PICOJOULES[arithmetic] * picojoule,
        bytes_moved * DRAM_PICOJOULES_PER_BYTE * picojoule,
    )


# ---------------------------------------------------------------- quality


def predict(model: nn.Module, images: Tensor, batch_size: int = 1000) -> Tensor:
    """The model's logits, in evaluation mode and without gradients, `batch_size` images at once."""
    with _evaluating(model):
        return torch.cat([model(part) for part in images.split(batch_size)])


def accuracy(model: nn.Module, split: Split) -> float:
    """Fraction of the examples of a split that the model labels correctly."""
    return float(_hits(_logits(model, split), split.labels).double().mean())


def accuracy_by_class(model: nn.Module, split: Split) -> Tensor:
    """Accuracy among the examples of each class; NaN for a class that the split does not hold."""
    logits = _logits(model, split)
    num_classes = logits.shape[1]
    counts = torch.bincount(split.labels, minlength=num_classes)
    correct = split.labels[_hits(logits, split.labels)]
    return torch.bincount(correct, minlength=num_classes).double() / counts


def calibration_error(logits: Tensor, labels: Tensor, num_bins: int = 15) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy.

    Confidence is the largest probability. The examples are sorted into `num_bins` equally wide
    bins (low, high] of confidence; each bin's gap counts with its share of the examples.
    """
    _check_logits(logits)
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, got {num_bins}.")
    if labels.shape != logits.shape[:1]:
        raise ValueError(
            f"labels must hold one class for each row of the logits: expected shape "
            f"({logits.shape[0]},), got {tuple(labels.shape)}."
        )
    confidence = logits.double().softmax(dim=1).amax(dim=1)
    inner_edges = torch.arange(1, num_bins, dtype=torch.float64, device=logits.device) / num_bins
    bins = torch.bucketize(confidence, inner_edges)
    gap = torch.zeros(num_bins, dtype=torch.float64, device=logits.device)
    gap.index_add_(0, bins, confidence - _hits(logits, labels).double())
    return float(gap.abs().sum() / len(labels))


def label_loyalty(logits_t: Tensor, logits_s: Tensor) -> float:
    """Fraction of the examples that teacher and student give the same label, right or wrong."""
    _check_pair(logits_t, logits_s)
    return float((logits_t.argmax(dim=1) == logits_s.argmax(dim=1)).double().mean())


def probability_loyalty(logits_t: Tensor, logits_s: Tensor) -> float:
    """1 - sqrt(Jensen-Shannon divergence) of the predicted distributions, averaged over examples.

    With the logarithm to base 2, equal distributions score 1 and disjoint ones 0. Computed in
    float64: in float32 the divergence of nearly equal rows can round below 0, and its root is NaN.
    """
    _check_pair(logits_t, logits_s)
    p, q = logits_t.double().softmax(dim=1), logits_s.double().softmax(dim=1)
    middle = (p + q) / 2
    nats = _divergence(p, middle) / 2 + _divergence(q, middle) / 2
    return float((1 - (nats / math.log(2)).clamp(0, 1).sqrt()).mean())


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """Kullback-Leibler divergence of each row in nats, with 0 log 0 = 0."""
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(dim=1)


def _hits(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.argmax(dim=1) == labels


def _logits(model: nn.Module, split: Split) -> Tensor:
    _check_model(model)
    if len(split.labels) == 0:
        raise ValueError("The split has no examples, so there is no accuracy: pass a larger one.")
    logits = predict(model, split.images)
    _check_logits(logits)
    return logits


def _check_logits(logits: Tensor) -> None:
    if logits.dim() != 2 or logits.shape[0] == 0:
        raise ValueError(
            f"logits must have the shape (examples, classes) with at least one example, "
            f"got {tuple(logits.shape)}."
        )
    if torch.isnan(logits).any():
        raise ValueError("The logits contain NaN: check the model's weights before measuring.")


def _check_pair(logits_t: Tensor, logits_s: Tensor) -> None:
    _check_logits(logits_t)
    _check_logits(logits_s)
    if logits_t.shape != logits_s.shape:
        raise ValueError(
            "Teacher and student must predict the same examples and classes: their logits have the "
            f"shapes {tuple(logits_t.shape)} and {tuple(logits_s.shape)}."
        )
