"""Measure the course against what it stands in for, and write benchmarks/results.json.

python -m benchmarks.run [NAME ...] [--slow] [--repeats N] [--students N]

Each benchmark times ours and theirs in turn, so that a busy machine slows both, and keeps the
medians. `results.json` is the list of {name, ours_s, theirs_s, ratio, against}; `context.json`
beside it says for each name where, when and with which versions it was measured.
"""

import argparse
import copy
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from torch.nn.utils import prune
from tqdm import tqdm

from benchmarks import grading
from featherweight import models, records

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
BIN = Path(sys.executable).parent
LIBRARIES = ("torch", "numpy", "nbgrader", "jupyter-book")

Run = Callable[[], float]  # does the work once and returns its seconds


@dataclass(frozen=True)
class Benchmark:
    """One comparison: a context that gives two runs, how often, and whether they are long.

    The context may also give what else it found out, and a comparison of the two results.
    """

    name: str
    against: str
    prepare: Callable
    repeats: int = 11
    slow: bool = False
    class_size: bool = False


def clock(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def command(*arguments: str | Path, cwd: Path = ROOT) -> None:
    """Run a program of the environment; fail with what it printed."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    done = subprocess.run(
        [BIN / arguments[0], *arguments[1:]],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))} failed:\n{(done.stdout + done.stderr)[-3000:]}")


@torch.no_grad()
def distinct(model: torch.nn.Module) -> None:
    """Give the model weights of which no two are equally large, so that only one mask is right."""
    tensors = [p for p in model.parameters() if p.dim() > 1]
    numbers = torch.randperm(sum(p.numel() for p in tensors)) + 1
    values = numbers / 2**24 * torch.where(torch.rand(len(numbers)) < 0.5, -1, 1)
    for tensor, part in zip(tensors, values.split([p.numel() for p in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


@contextmanager
def magnitude_pruning(density: float) -> Iterator[tuple[Run, Run]]:
    """Keep the largest of ten million weights, ours and torch's, and compare the masks."""
    from featherweight.techniques.magnitude_pruning import apply_masks, global_masks, magnitudes

    torch.manual_seed(0)

    template = models.mlp((784, 2600, 2600, 440, 10))
    distinct(template)

    def fresh() -> torch.nn.Sequential:
        return copy.deepcopy(template)

    def ours_on(model: torch.nn.Sequential) -> None:
        apply_masks(model, global_masks(magnitudes(model), density))

    def weights(model: torch.nn.Sequential) -> list[tuple[torch.nn.Module, str]]:
        return [(layer, "weight") for layer in model if isinstance(layer, torch.nn.Linear)]

    def global_unstructured(model: torch.nn.Sequential) -> None:
        method = prune.L1Unstructured
        prune.global_unstructured(weights(model), pruning_method=method, amount=1 - density)

    ours, theirs = fresh(), fresh()
    ours_on(ours)
    global_unstructured(theirs)
    for (mine, _), (other, _) in zip(weights(ours), weights(theirs), strict=True):
        if not torch.equal(mine.weight != 0, other.weight_mask.bool()):
            sys.exit("the masks differ: the times of two different results are not comparable")

    def time_ours() -> float:
        model = fresh()
        return clock(lambda: ours_on(model))

    def time_theirs() -> float:
        model = fresh()
        return clock(lambda: global_unstructured(model))

    yield time_ours, time_theirs


@contextmanager
def diagonal_hessian() -> Iterator[tuple[Run, Run]]:
    """The Hessian's diagonal of a 300-100 network on 1,000 images, ours and BackPACK's."""
    from backpack import backpack, extend
    from backpack.extensions import DiagGGNExact, DiagHessian

    from featherweight import data, zoo
    from featherweight.techniques import saliency

    warnings.filterwarnings("ignore", message="Full backward hook")  # BackPACK's own affair
    few = data.fashion_mnist().train.take(1000)
    model = zoo.load("fashion-lenet-300-100")
    theirs, loss = extend(copy.deepcopy(model)), extend(torch.nn.CrossEntropyLoss())
    for parameter in theirs.parameters():
        parameter.requires_grad_(parameter.dim() > 1)  # ours has no biases either

    def backward(extension: type) -> None:
        theirs.zero_grad()
        with backpack(extension()):
            loss(theirs(few.images), few.labels).backward()

    ours = saliency.diagonal_hessian(model, few)
    for extension, attribute in ((DiagHessian, "diag_h"), (DiagGGNExact, "diag_ggn_exact")):
        backward(extension)
        for name, values in ours.items():
            other = getattr(theirs.get_parameter(name), attribute)
            if (values - other).norm() > 1e-6 * other.norm():
                sys.exit("the diagonals differ: the times of two results are not comparable")

    def time_theirs() -> float:
        """The faster of the two ways that the library has."""
        return min(clock(partial(backward, way)) for way in (DiagHessian, DiagGGNExact))

    yield lambda: clock(lambda: saliency.diagonal_hessian(model, few)), time_theirs


@contextmanager
def distillation() -> Iterator[tuple[Run, Run]]:
    """The distillation loss of 1,024 × 1,000 logits with its gradient, ours and torch's parts."""
    from torch.nn import functional as F

    from featherweight.techniques.knowledge_distillation import distillation_loss

    generator = torch.Generator().manual_seed(0)
    logits_s, logits_t = 3 * torch.randn(2, 1024, 1000, generator=generator)
    logits_s.requires_grad_()
    labels = torch.randint(1000, (1024,), generator=generator)

    def ours() -> torch.Tensor:
        return distillation_loss(logits_s, logits_t, labels, temperature=4.0, alpha=0.9)

    def composed(divergence: Callable) -> torch.Tensor:
        soft = divergence(logits_s / 4.0, logits_t / 4.0)
        return 0.1 * F.cross_entropy(logits_s, labels) + 0.9 * 4.0**2 * soft

    def of_probabilities(s: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return F.kl_div(s.log_softmax(1), t.softmax(1), reduction="batchmean")

    def of_logarithms(s: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        log_p_s, log_p_t = s.log_softmax(1), t.log_softmax(1)
        return F.kl_div(log_p_s, log_p_t, reduction="batchmean", log_target=True)

    def of_entropies(s: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        log_p_t = t.log_softmax(1)
        p_t = log_p_t.exp()
        return F.cross_entropy(s, p_t) + torch.linalg.vecdot(p_t, log_p_t).mean()

    ways = [partial(composed, way) for way in (of_probabilities, of_logarithms, of_entropies)]

    def gradient(loss: Callable) -> torch.Tensor:
        return torch.autograd.grad(loss(), logits_s)[0]

    for way in ways:
        same = torch.isclose(ours(), way(), rtol=1e-4)
        if not same or (gradient(ours) - gradient(way)).abs().max() > 1e-7:
            sys.exit("the losses differ: the times of two results are not comparable")

    def time_theirs() -> float:
        """The fastest of the three ways."""
        return min(clock(partial(gradient, way)) for way in ways)

    def time_ours() -> float:
        """The best of as many runs as the other side has."""
        return min(clock(partial(gradient, ours)) for _ in ways)

    yield time_ours, time_theirs


@contextmanager
def distillation_step() -> Iterator[tuple[Run, Run]]:
    """The gradient through one unrolled step on ten images, ours and composed of torch.func."""
    from torch.func import functional_call, grad
    from torch.nn import functional as F

    from featherweight import data
    from featherweight.techniques import dataset_distillation as technique

    train = data.fashion_mnist().train
    model, batch = models.build("mlp", seed=0, sizes=(784, 100, 10)), train.take(256)
    real = technique.one_per_class(train, seed=0)
    distilled = technique.Distilled(real.images, real.labels, torch.tensor([0.0]))
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def loss(weights: dict, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(functional_call(model, weights, (images,)), labels)

    def after_a_step(images: torch.Tensor, log_lr: torch.Tensor) -> torch.Tensor:
        gradients = grad(loss)(weights, images, real.labels)
        moved = {name: w - log_lr.exp() * gradients[name] for name, w in weights.items()}
        return loss(moved, batch.images, batch.labels)

    def ours() -> tuple[torch.Tensor, ...]:
        gradients = technique.outer_gradients(model, distilled, batch)[1]
        return gradients.images, gradients.log_lr[0]

    def theirs() -> tuple[torch.Tensor, ...]:
        return grad(after_a_step, argnums=(0, 1))(distilled.images, distilled.log_lr[0])

    for mine, other in zip(ours(), theirs(), strict=True):
        if (mine - other).norm() > 1e-4 * other.norm():
            sys.exit("the gradients differ: the times of two results are not comparable")
    yield lambda: clock(ours), lambda: clock(theirs)


@contextmanager
def quantization(symmetric: bool) -> Iterator[tuple[Run, Run]]:
    """Ten million weights to 8-bit codes per channel and back, ours and torch's operators."""
    from featherweight.techniques.quantization import dequantize, quantize, weight_grid

    warnings.filterwarnings("ignore", message=".*quantiz")  # torch's quantized types are old
    weight = torch.randn(2500, 4000, generator=torch.Generator().manual_seed(0))
    grid = weight_grid(weight, 8, symmetric)
    scale, zero = grid.scale.flatten(), grid.zero_point.flatten()
    dtype = torch.qint8 if symmetric else torch.quint8

    def ours() -> tuple[torch.Tensor, torch.Tensor]:
        codes = quantize(weight, grid)
        return codes, dequantize(codes, grid)

    def theirs() -> tuple[torch.Tensor, torch.Tensor]:
        codes = torch.quantize_per_channel(weight, scale, zero, 0, dtype)
        return codes, codes.dequantize()

    codes, values = ours()
    quantized, their_values = theirs()
    if not torch.equal(codes, quantized.int_repr()) or not torch.equal(values, their_values):
        sys.exit("the codes differ: the times of two results are not comparable")
    yield lambda: clock(ours), lambda: clock(theirs)


def seconds_in_a_new_process(before: str, timed: str) -> float:
    """Seconds of a statement in a new Python process, after another one."""
    code = (
        f"import time; {before}; t = time.perf_counter(); {timed}; print(time.perf_counter() - t)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


@contextmanager
def import_time() -> Iterator[tuple[Run, Run]]:
    """What the imports of a chapter add to the import of torch."""
    bench = "from featherweight import data, expect, measure, models, plot, records, train, zoo"
    yield (
        lambda: seconds_in_a_new_process("import torch", bench),
        lambda: seconds_in_a_new_process("pass", "import torch"),
    )


@contextmanager
def build_of_the_book() -> Iterator[tuple[Run, Run]]:
    """A second build, with nothing changed, and the first one."""
    with tempfile.TemporaryDirectory() as folder:

        def build(out: Path) -> float:
            strict = ("-n", "-W", "--keep-going")
            return clock(
                lambda: command("jupyter-book", "build", ".", *strict, "--path-output", out)
            )

        first = Path(folder) / "first"

        def from_nothing() -> float:
            shutil.rmtree(first, ignore_errors=True)
            return build(first)

        from_nothing()
        yield lambda: build(first), from_nothing


BENCHMARKS = (
    *(
        Benchmark(
            f"global magnitude pruning of 10 million weights to density {density}",
            "torch.nn.utils.prune.global_unstructured",
            partial(magnitude_pruning, density),
        )
        for density in (0.9, 0.5, 0.1)
    ),
    Benchmark(
        "diagonal-hessian: LeNet-300-100 on 1,000 images",
        "BackPACK, the faster of DiagHessian and DiagGGNExact",
        diagonal_hessian,
    ),
    Benchmark(
        "distillation-loss: value and gradient at 1,024 × 1,000 logits",
        "the fastest of three compositions of torch's own functions",
        distillation,
        repeats=51,
    ),
    Benchmark(
        "dataset-distillation: the gradient through one step on ten images",
        "torch.func.grad of torch.func.grad, with functional_call",
        distillation_step,
        repeats=51,
    ),
    *(
        Benchmark(
            f"quantization: 10 million weights per channel and back, {kind}",
            "torch.quantize_per_channel and dequantize",
            partial(quantization, kind == "symmetric"),
        )
        for kind in ("symmetric", "affine")
    ),
    Benchmark("import all of featherweight, beyond torch", "import torch", import_time),
    Benchmark(
        "second build of the book",
        "first build of the book",
        build_of_the_book,
        repeats=1,
        slow=True,
    ),
    Benchmark(
        "grading-60: sixty submissions of a1-magnitude-pruning",
        "nbgrader autograde",
        grading.sixty_submissions,
        repeats=1,
        slow=True,
        class_size=True,
    ),
    Benchmark(
        "grading-overhead: cells that work for five seconds",
        "the students' own code",
        grading.slow_cells,
        repeats=1,
        slow=True,
        class_size=True,
    ),
    Benchmark(
        "grading-1000: a class of a thousand",
        "the same, killed five times and resumed",
        grading.large_class,
        repeats=1,
        slow=True,
        class_size=True,
    ),
)


def measure(benchmark: Benchmark, repeats: int, students: int | None = None) -> tuple[dict, dict]:
    """Time both sides in turn and keep the medians; with what else was found out."""
    ours, theirs = [], []
    given = {"students": students} if students and benchmark.class_size else {}
    with benchmark.prepare(**given) as (run_ours, run_theirs, *more):
        details, compare = more or ({}, None)
        for _ in tqdm(range(repeats), desc=benchmark.name):
            ours.append(run_ours())
            theirs.append(run_theirs())
            if compare:
                compare()
    ours_s, theirs_s = statistics.median(ours), statistics.median(theirs)
    figures = {
        "name": benchmark.name,
        "ours_s": float(f"{ours_s:.4g}"),
        "theirs_s": float(f"{theirs_s:.4g}"),
        "ratio": round(ours_s / theirs_s, 3),
        "against": benchmark.against,
    }
    return figures, details


def context(repeats: int) -> dict[str, object]:
    """Where, when and with what something was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": records.commit(),
        "hardware": records.hardware(),
        "threads": torch.get_num_threads(),
        "repeats": repeats,
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
    }


def read(path: Path, otherwise: object) -> object:
    """The content of a JSON file, if there is one."""
    return json.loads(path.read_text()) if path.exists() else otherwise


def write(path: Path, content: object) -> None:
    """Write a JSON file, all of it or nothing."""
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(temporary, path)


def main() -> None:
    """Measure what was asked for; what was not keeps the figures it has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="parts of the names of benchmarks; default: all")
    parser.add_argument("--slow", action="store_true", help="the ones that take minutes, too")
    parser.add_argument("--repeats", type=int, help="how often, for each of them")
    parser.add_argument("--students", type=int, help="a smaller class, for a trial; not written")
    args = parser.parse_args()
    chosen = [
        benchmark
        for benchmark in BENCHMARKS
        if (any(name in benchmark.name for name in args.names) or not args.names)
        and (args.slow or args.names or not benchmark.slow)
    ]
    if not chosen:
        sys.exit(
            f"No benchmark has such a name; there are: {'; '.join(b.name for b in BENCHMARKS)}."
        )
    results = {entry["name"]: entry for entry in read(FOLDER / "results.json", [])}
    contexts = read(FOLDER / "context.json", {})
    for benchmark in chosen:
        repeats = args.repeats or benchmark.repeats
        figures, details = measure(benchmark, repeats, args.students)
        print("{name}: {ours_s} s, {against} {theirs_s} s, ratio {ratio}".format(**figures))
        print("".join(f"  {name}: {value}\n" for name, value in details.items()), end="")
        if args.students:
            continue
        results[benchmark.name] = figures
        contexts[benchmark.name] = context(repeats) | details
        known = [b.name for b in BENCHMARKS if b.name in results]
        write(FOLDER / "results.json", [results[name] for name in known])
        write(FOLDER / "context.json", {name: contexts[name] for name in known})


if __name__ == "__main__":
    main()
