"""The zoo: small trained checkpoints, so that a notebook starts from a trained model at once.

    python -m featherweight.zoo list
    python -m featherweight.zoo train fashion-lenet-300-100

Each checkpoint is a safetensors file in `featherweight/checkpoints/`; its checksum and measured
accuracy stand in the run record `book/results/zoo-<name>.json`. With `RETRAIN=1` in the
environment, `load` trains the model again instead of reading the file.
"""

import argparse
import hashlib
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from featherweight import data, models, records
from featherweight.measure import accuracy
from featherweight.train import train

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"
FORMAT = "1"
SEEDS = (0, 1, 2)


class CheckpointError(RuntimeError):
    """A checkpoint is missing, damaged or of another version; the message says what to do."""


@dataclass(frozen=True)
class Recipe:
    """How a checkpoint is made: the model, the data and the arguments of `train`."""

    model: str
    dataset: str = "fashion_mnist"
    options: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "fashion-lenet-300-100": Recipe("lenet_300_100", training={"num_epochs": 16, "lr": 0.05}),
    "fashion-small-cnn": Recipe("small_cnn", training={"num_epochs": 8, "lr": 0.05}),
    "fashion-teacher": Recipe(
        "small_cnn", options={"width": 32}, training={"num_epochs": 10, "lr": 0.05}
    ),
    "fashion-mlp-16": Recipe(
        "mlp", options={"sizes": [784, 16, 10]}, training={"num_epochs": 16, "lr": 0.05}
    ),
    "fashion-mlp-64": Recipe(
        "mlp", options={"sizes": [784, 64, 10]}, training={"num_epochs": 16, "lr": 0.05}
    ),
    "languages-teacher": Recipe(
        "tiny_transformer",
        dataset="african_languages",
        options={
            "vocabulary": data.NUM_TOKENS,
            "width": 32,
            "num_layers": 4,
            "max_length": data.TEXT_LENGTH,
        },
        training={"num_epochs": 12, "lr": 0.1, "batch_size": 64},
    ),
}


def names() -> tuple[str, ...]:
    """The checkpoints that ship with the course."""
    return tuple(RECIPES)


def load(name: str, seed: int = 0) -> nn.Module:
    """Return the trained model `name` of one seed, in evaluation mode."""
    recipe = _recipe(name, seed)
    if os.environ.get("RETRAIN") == "1":
        return fit(recipe, seed)
    path = checkpoint_path(name, seed)
    expected = record(name)["results"]["seeds"][str(seed)]["sha256"]
    model = models.build(recipe.model, seed=seed, **recipe.options)
    model.load_state_dict(read_checkpoint(path, expected, f"train {name}"))
    return model.eval()


def record(name: str) -> dict[str, Any]:
    """Return the run record of the checkpoints `name`."""
    _recipe(name)
    return records.load(f"zoo-{name}")


def checkpoint_path(name: str, seed: int) -> Path:
    """Where the checkpoint of one seed is stored."""
    return CHECKPOINTS / f"{name}-seed{seed}.safetensors"


def read_checkpoint(
    path: Path, sha256: str | None = None, retrain: str = "train NAME"
) -> dict[str, torch.Tensor]:
    """Read a state dict; refuse a missing, damaged or differently versioned file."""
    from safetensors import SafetensorError, safe_open

    again = f"make it again with `python -m featherweight.zoo {retrain}`"
    if not path.exists():
        raise CheckpointError(f"The checkpoint {path} is missing: {again}.")
    if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise CheckpointError(f"The checkpoint {path} differs from its record: {again}.")
    try:
        with safe_open(path, "pt") as file:
            version = (file.metadata() or {}).get("featherweight_format", "none")
            if version != FORMAT:
                raise CheckpointError(
                    f"The checkpoint {path} has format {version}, this course reads "
                    f"format {FORMAT}: {again}."
                )
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(f"The checkpoint {path} is damaged: {again}.") from error


def write_checkpoint(model: nn.Module, path: Path) -> str:
    """Write the model's state dict, whole or not at all, and return the file's SHA-256."""
    from safetensors.torch import save

    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    payload = save(state, metadata={"featherweight_format": FORMAT})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(payload)
    os.replace(temporary, path)
    return hashlib.sha256(payload).hexdigest()


def fit(recipe: Recipe, seed: int) -> nn.Module:
    """Train a model from its recipe."""
    dataset = getattr(data, recipe.dataset)()
    model = models.build(recipe.model, seed=seed, **recipe.options)
    train(model, dataset.train, seed=seed, **recipe.training)
    return model.eval()


def train_checkpoints(name: str) -> Path:
    """Train every seed of `name`, write the checkpoints and their run record."""
    recipe = _recipe(name)
    dataset = getattr(data, recipe.dataset)()
    started = time.monotonic()
    by_seed: dict[str, dict[str, Any]] = {}
    for seed in SEEDS:
        model = fit(recipe, seed)
        by_seed[str(seed)] = {
            "val_accuracy": round(accuracy(model, dataset.val), 4),
            "test_accuracy": round(accuracy(model, dataset.test), 4),
            "sha256": write_checkpoint(model, checkpoint_path(name, seed)),
        }
    tests = [result["test_accuracy"] for result in by_seed.values()]
    results = {
        "recipe": {
            "model": recipe.model,
            "dataset": recipe.dataset,
            "options": recipe.options,
            "training": recipe.training,
        },
        "test_accuracy_mean": round(statistics.mean(tests), 4),
        "test_accuracy_sd": round(statistics.stdev(tests), 4),
        "seeds": by_seed,
    }
    return records.save(
        f"zoo-{name}",
        results,
        command=f"python -m featherweight.zoo train {name}",
        seeds=list(SEEDS),
        seconds=time.monotonic() - started,
    )


def _recipe(name: str, seed: int | None = None) -> Recipe:
    if name not in RECIPES:
        raise ValueError(f"There is no checkpoint '{name}': the zoo has {', '.join(RECIPES)}.")
    if seed is not None and seed not in SEEDS:
        raise ValueError(f"The zoo holds the seeds {', '.join(map(str, SEEDS))}, not {seed}.")
    return RECIPES[name]


def main(arguments: list[str] | None = None) -> int:
    """List the checkpoints, or train them again."""
    parser = argparse.ArgumentParser(prog="python -m featherweight.zoo", description=main.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the checkpoints with their accuracy")
    again = commands.add_parser("train", help="train checkpoints and write their run records")
    again.add_argument("names", nargs="*", metavar="NAME", help="all of them if none is named")
    options = parser.parse_args(arguments)
    if options.command == "list":
        for name in names():
            results = record(name)["results"]
            mean, sd = results["test_accuracy_mean"], results["test_accuracy_sd"]
            print(f"{name}: test accuracy {100 * mean:.2f} ± {100 * sd:.2f} %")
        return 0
    try:
        for name in options.names or names():
            print(train_checkpoints(name))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
