"""Interactive figures that run in the static page without a kernel, and in JupyterLab with one.

A widget is one ES module with `export default { render }`, as anywidget defines it: its script
behind `elements.js`, which all widgets share. JupyterLab runs it through anywidget; on a page
without a kernel the same module runs on the data that was computed when the book was built.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

FOLDER = Path(__file__).resolve().parent

STATIC_PAGE = """<div class="fw-widget" id="{name}"></div>
<noscript><p>{fallback}</p></noscript>
<script type="module">
const module = await import(URL.createObjectURL(
  new Blob([{source}], {{ type: "text/javascript" }})));
const state = {state};
const model = {{
  get: (key) => state[key],
  set: (key, value) => {{ state[key] = value; }},
  on: () => {{}}, off: () => {{}}, save_changes: () => {{}},
}};
module.default.render({{ model, el: document.getElementById("{name}") }});
</script>
"""


@cache
def _widget_class(script: str) -> type:
    """The anywidget class that runs one script of this folder."""
    import anywidget
    import traitlets

    class Widget(anywidget.AnyWidget):
        _esm = module(script)
        data = traitlets.Dict().tag(sync=True)
        position = traitlets.Float(0.0).tag(sync=True)

        def _repr_mimebundle_(self, **options: Any) -> Any:
            bundle = super()._repr_mimebundle_(**options)
            formats, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
            state = {"data": self.data, "position": self.position}
            return {**(formats or {}), "text/html": static_page(script, state)}, metadata

    return Widget


def module(script: str) -> str:
    """The ES module of a widget."""
    return "".join((FOLDER / name).read_text() for name in ("elements.js", script))


def static_page(script: str, state: dict[str, Any]) -> str:
    """HTML that runs the script on `state` without a kernel."""
    import hashlib

    text = json.dumps(state, allow_nan=False).replace("</", "<\\/")
    source = json.dumps(module(script)).replace("</", "<\\/")
    name = "w" + hashlib.sha256((script + text).encode()).hexdigest()[:10]
    fallback = state["data"]["fallback"]
    return STATIC_PAGE.format(name=name, source=source, state=text, fallback=fallback)


def threshold(
    weights: torch.Tensor,
    densities: Sequence[float],
    accuracies: Sequence[float],
    density: float = 0.3,
    num_bins: int = 60,
) -> Any:
    """A histogram of `weights` with a slider for the density that pruning keeps.

    `accuracies` (in percent) were measured at `densities`; the widget shows them, it does not
    interpolate between them.
    """
    magnitude = weights.detach().flatten().abs().sort().values
    limit = magnitude[int(0.999 * (len(magnitude) - 1))].item()
    counts = torch.histc(weights.detach().flatten(), num_bins, -limit, limit)
    steps = torch.linspace(0, len(magnitude) - 1, 201).round().long()
    data = {
        "limit": limit,
        "counts": counts.int().tolist(),
        "total": len(magnitude),
        "quantiles": [round(q, 6) for q in magnitude[steps].tolist()],
        "measured": sorted(zip(densities, accuracies, strict=True)),
        "fallback": "This figure needs JavaScript: it moves a threshold over a weight histogram.",
    }
    return _widget_class("threshold.js")(data=data, position=density)


def tickets(
    counts: Sequence[int],
    accuracies: Mapping[str, Any],
    learning: Mapping[str, Any],
    pixels: Sequence[Sequence[int]],
    fan_out: int,
    shown: int = 0,
) -> Any:
    """Lottery tickets and their controls, with a slider for the round of pruning.

    `counts[r]` weights are left in round r. For each kind of network, `accuracies` holds the test
    accuracy in percent [seeds, rounds], `learning` the validation accuracy in percent [rounds,
    epochs]; shorter curves end with the others. `pixels[r]` says how many of its `fan_out`
    connections each pixel of a square keeps. `shown` is the round to begin with.
    """
    side = math.isqrt(len(pixels[0]))
    arms = []
    for name, runs in accuracies.items():
        values = torch.as_tensor(runs, dtype=torch.float64)
        if values.shape[1] != len(counts) or len(learning[name]) != len(counts):
            raise ValueError(f"'{name}' needs one value for each of the {len(counts)} rounds.")
        sd, mean = torch.std_mean(values, dim=0)
        curves = torch.as_tensor(learning[name], dtype=torch.float64)
        arms.append({"name": name, "mean": _rounded(mean), "sd": _rounded(sd)})
        arms[-1]["learning"] = [_rounded(curve) for curve in curves]
    data = {
        "arms": arms,
        "rounds": [
            {"kept": kept, "density": kept / counts[0], "pixels": list(kept_by_pixel)}
            for kept, kept_by_pixel in zip(counts, pixels, strict=True)
        ],
        "side": side,
        "fan_out": fan_out,
        "fallback": "This figure needs JavaScript: it moves through the rounds of pruning.",
    }
    return _widget_class("tickets.js")(data=data, position=float(shown))


def _rounded(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.2f}") for value in values.tolist()]


def filters(
    first: torch.Tensor,
    second: torch.Tensor,
    steps: Sequence[Mapping[str, Any]],
    tuning: str,
    position: int = 0,
) -> Any:
    """Two convolutions losing filters, with a slider over `steps`.

    `first` and `second` are the weights of two convolutions, one reading the other. Each step has
    the filters `kept` of both, the `parameters` and `macs` of the network that is left, and its
    accuracy in percent without training (`accuracy`) and after `tuning` (`tuned`).
    """
    if second.shape[1] != len(first):
        raise ValueError(
            f"The second convolution reads {second.shape[1]} channels, the first has "
            f"{len(first)} filters: pass two convolutions of which one reads the other."
        )
    first, second = first.detach(), second.detach()
    data = {
        "first": [_rounded(kernels.mean(dim=0).flatten()) for kernels in first],
        "second": [[_rounded(kernel.flatten()) for kernel in kernels] for kernels in second],
        "largest": [first.mean(dim=1).abs().max().item(), second.abs().max().item()],
        "norms": [_rounded(w.abs().flatten(1).sum(dim=1)) for w in (first, second)],
        "steps": [dict(step) for step in steps],
        "tuning": tuning,
        "fallback": "This figure needs JavaScript: it removes filters from two convolutions.",
    }
    return _widget_class("filters.js")(data=data, position=float(position))


def distributions(
    images: torch.Tensor,
    labels: Sequence[int],
    classes: Sequence[str],
    pairs: Mapping[str, tuple[torch.Tensor, torch.Tensor]],
    temperature: float,
    shown: int = 0,
) -> Any:
    """What teachers and students say about some images, with a slider for the epoch.

    `images` [K, 1, side, side] belong to the classes `labels`. Each pair is a teacher's logits
    [K, C] and its student's [epochs + 1, K, C], before training and after each epoch; they are
    shown as probabilities at `temperature`. `shown` is the epoch to begin with.
    """
    num_epochs = {len(logits_s) for _, logits_s in pairs.values()}
    expected = (len(labels), len(classes))
    for name, (logits_t, logits_s) in pairs.items():
        if logits_t.shape != expected or logits_s.shape[1:] != expected or len(num_epochs) > 1:
            raise ValueError(
                f"'{name}' needs a teacher's logits of the shape {expected} and a student's for "
                "each epoch, as many epochs as the others have."
            )
    data = {
        "images": [_rounded(image.flatten()) for image in images],
        "side": images.shape[-1],
        "labels": [int(label) for label in labels],
        "classes": list(classes),
        "pairs": [
            {
                "name": name,
                "teacher": _probabilities(logits_t, temperature),
                "student": _probabilities(logits_s, temperature),
            }
            for name, (logits_t, logits_s) in pairs.items()
        ],
        "temperature": temperature,
        "fallback": "This figure needs JavaScript: it shows a student approaching its teacher.",
    }
    return _widget_class("distributions.js")(data=data, position=float(shown))


def _probabilities(logits: torch.Tensor, temperature: float) -> Any:
    """Softened probabilities as nested lists, to five digits."""
    p = (logits.detach().double() / temperature).softmax(dim=-1)
    return p.mul(1e5).round().div(1e5).tolist()


def temperature(
    classes: Sequence[str],
    examples: Mapping[str, Sequence[float]],
    temperature: float = 1.0,
) -> Any:
    """Softmax under temperature: bars of probabilities, with a slider for it and for each logit.

    Each of the named `examples` holds one logit for each of the `classes`; the reader starts from
    any of them. `temperature` is the one to begin with, from 1/4 to 32.
    """
    if not 0.25 <= temperature <= 32:
        raise ValueError(f"The slider goes from temperature 0.25 to 32; got {temperature}.")
    values = {name: [round(float(z), 1) for z in logits] for name, logits in examples.items()}
    for name, logits in values.items():
        if len(logits) != len(classes) or not all(map(math.isfinite, logits)):
            raise ValueError(f"'{name}' needs a finite logit for each of {len(classes)} classes.")
    every = [z for logits in values.values() for z in logits]
    data = {
        "classes": list(classes),
        "examples": [{"name": name, "logits": logits} for name, logits in values.items()],
        "lowest": math.floor(min(every)) - 5,
        "highest": math.ceil(max(every)) + 5,
        "fallback": "This figure needs JavaScript: it softens probabilities by a temperature.",
    }
    return _widget_class("temperature.js")(data=data, position=float(temperature))


def distilled(
    steps: Sequence[int],
    images: torch.Tensor,
    accuracies: Sequence[float],
    names: Sequence[str],
    training: str,
    shown: int = 0,
) -> Any:
    """Images along their distillation, with a slider over the recorded `steps`.

    `images[i]` [K, 1, side, side] are the pictures after `steps[i]` steps, one for each of `names`;
    `accuracies[i]` is the test accuracy in percent after `training` on them. A pixel is stored as
    one of 15 levels, up to the magnitude that 1 in 200 exceeds. `shown` is the position in `steps`
    to begin with.
    """
    expected = (len(steps), len(names))
    if images.shape[:2] != expected or len(accuracies) != len(steps):
        raise ValueError(
            f"{len(steps)} steps of {len(names)} images need pictures of the shape "
            f"({expected[0]}, {expected[1]}, 1, side, side) and {expected[0]} accuracies; got "
            f"{tuple(images.shape)} and {len(accuracies)}."
        )
    recorded = []
    for step, pictures, accuracy in zip(steps, images.detach().double(), accuracies, strict=True):
        limit = float(f"{pictures.abs().flatten().quantile(0.995).clamp_min(0.01).item():.2g}")
        levels = (7 * pictures.flatten(1) / limit).clamp(-7, 7).round().long() + ord("h")
        letters = ["".join(map(chr, row)) for row in levels.tolist()]
        accuracy = round(float(accuracy), 2)
        recorded.append({"step": step, "accuracy": accuracy, "limit": limit, "images": letters})
    data = {
        "steps": recorded,
        "names": list(names),
        "side": images.shape[-1],
        "training": training,
        "fallback": "This figure needs JavaScript: it shows images while they are distilled.",
    }
    return _widget_class("distilled.js")(data=data, position=float(shown))


def quantization_grid(
    examples: Mapping[str, torch.Tensor], num_bits: int = 4, num_values: int = 801
) -> Any:
    """Values rounded to a grid of codes: sliders for bits and range, symmetric or affine.

    Each named example is shown by `num_values` of its quantiles. `num_bits` is the number of bits
    to begin with, from 1 to 8.
    """
    if not 1 <= num_bits <= 8:
        raise ValueError(f"The slider goes from 1 to 8 bits; got {num_bits}.")
    shown = []
    for name, tensor in examples.items():
        values = tensor.detach().double().flatten().sort().values
        if not len(values) or not values.isfinite().all():
            raise ValueError(f"'{name}' needs values, all of them finite.")
        places = torch.linspace(
            0, len(values) - 1, min(num_values, len(values)), dtype=torch.float64
        )
        size = float(f"{values.abs().mean().item():.4g}")
        texts = [float(f"{value:.4g}") for value in values[places.round().long()].tolist()]
        shown.append({"name": name, "values": texts, "size": size})
    data = {
        "examples": shown,
        "fallback": "This figure needs JavaScript: it rounds values to a grid of codes.",
    }
    return _widget_class("quantization_grid.js")(data=data, position=float(num_bits))


def cascade(
    confidences: torch.Tensor,
    hits: Sequence[torch.Tensor],
    costs: Sequence[float],
    names: Sequence[str],
    unit: str = "MACs",
    threshold: float = 0.8,
) -> Any:
    """A cascade of two networks on test images, with a slider for the threshold.

    `confidences` [seeds, images] says how sure the first network is, `hits` what the first and the
    second have right, of the same shape. Every image costs `costs[0]`; one whose confidence lies
    below the threshold costs `costs[1]` more. `threshold` is the one to begin with.
    """
    first, second = (hit.double() for hit in hits)
    if not confidences.dim() == 2 or not confidences.shape == first.shape == second.shape:
        raise ValueError("Confidences and hits need the same shape (seeds, images).")
    if not 0 <= float(confidences.min()) <= float(confidences.max()) <= 1:
        raise ValueError("A confidence lies between 0 and 1.")
    lowest = math.floor(20 * float(confidences.min())) / 20
    thresholds = [lowest + i * (1 - lowest) / 60 for i in range(61)] + [1.01]
    right, wrong = (confidences[hit].double() for hit in (first > 0, first == 0))
    steps = [_cascade_step(confidences >= t, first, second, costs) for t in thresholds]
    data = {
        "names": list(names),
        "unit": unit,
        "range": [lowest, 1],
        "right": torch.histc(right, 30, lowest, 1).int().tolist(),
        "wrong": torch.histc(wrong, 30, lowest, 1).int().tolist(),
        "accuracies": _rounded(100 * torch.stack([first.mean(), second.mean()])),
        "steps": [{"threshold": round(t, 4)} | s for t, s in zip(thresholds, steps, strict=True)],
        "fallback": "This figure needs JavaScript: it moves the threshold of a cascade.",
    }
    position = min(range(len(thresholds)), key=lambda i: abs(thresholds[i] - threshold))
    return _widget_class("cascade.js")(data=data, position=float(position))


def _cascade_step(
    sure: torch.Tensor, first: torch.Tensor, second: torch.Tensor, costs: Sequence[float]
) -> dict[str, float]:
    """What a cascade does with the images that its first network is sure of, in percent."""
    accuracy = 100 * torch.where(sure, first, second).mean(dim=1)
    passed = (~sure).double()
    count = passed.sum().clamp_min(1)
    values = {
        "exits": 100 * sure.double().mean(),
        "accuracy": accuracy.mean(),
        "sd": accuracy.std() if len(accuracy) > 1 else torch.tensor(0.0),
        "cost": 100 * (costs[0] + passed.mean() * costs[1]) / costs[1],
        "mended": 100 * (passed * (second - first).clamp_min(0)).sum() / count,
        "spoiled": 100 * (passed * (first - second).clamp_min(0)).sum() / count,
    }
    return {name: float(f"{float(value):.2f}") for name, value in values.items()}
