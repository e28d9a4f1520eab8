"""Exported from `book/pruning/forgetting.md`: edit the chapter, not this file."""

import copy
import math
from contextlib import contextmanager

import torch
from torch.nn import functional as F

from featherweight import measure
from featherweight.data import Split
from featherweight.techniques.magnitude_pruning import prunable, pruned


def long_tailed(split, rare, num_kept, seed=0):
    """The split with `num_kept` images, drawn at random, of each class in `rare`."""
    generator = torch.Generator().manual_seed(seed)
    keep = torch.ones(len(split), dtype=torch.bool)
    for label in rare:
        found = (split.labels == label).nonzero().flatten()
        if not 0 < num_kept <= len(found):
            raise ValueError(
                f"Class {label} has {len(found)} images: keep from 1 to all of them."
            )
        order = torch.randperm(len(found), generator=generator)
        keep[found[order[num_kept:]]] = False
    return Split(split.images[keep], split.labels[keep])


def predicted_labels(models, images):
    """The label that each model gives to each image, as [models, images]."""
    if not models:
        raise ValueError("There is no model to ask: pass a list of at least one.")
    logits = torch.stack([measure.predict(model, images) for model in models])
    if not logits.isfinite().all():
        raise ValueError("A model returns NaN or infinite logits: check its weights.")
    return logits.argmax(dim=2)


def recalls(predictions, labels):
    """The share of each class that each model gets right, as [models, classes]."""
    if predictions.dim() != 2 or predictions.shape[1] != len(labels):
        raise ValueError(
            f"Predictions need the shape [models, {len(labels)}], a column for each "
            f"label; got {list(predictions.shape)}."
        )
    hits, classes = (predictions == labels).double(), range(int(labels.max()) + 1)
    return torch.stack([hits[:, labels == c].mean(dim=1) for c in classes], dim=1)


def welch(first, second):
    """Welch's t of second minus first, and its degrees of freedom."""
    if min(len(first), len(second)) < 2:
        raise ValueError("Welch's test needs at least two models on each side.")
    first, second = first.double(), second.double()
    a, b = first.var(dim=0) / len(first), second.var(dim=0) / len(second)
    t = (second.mean(dim=0) - first.mean(dim=0)) / (a + b).sqrt()
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
    return t, freedom


def two_sided_p(t, freedom, num_points=20_001):
    """How likely Student's t lies as far from zero as `t` does, or farther."""

    def area(begin):
        angle = torch.linspace(begin, math.pi / 2, num_points, dtype=torch.float64)
        return torch.trapezoid(angle.cos().clamp(min=0) ** (freedom - 1), angle)

    return (area(math.atan(abs(t) / math.sqrt(freedom))) / area(0.0)).item()


def class_impact(dense, compressed, labels):
    """The change of recall minus accuracy for each class, with Welch's t and p.

    `dense` and `compressed` are predicted labels of two populations that were trained
    independently of each other, each [models, images].
    """
    relative = [
        recalls(predictions, labels)
        - (predictions == labels).double().mean(dim=1, keepdim=True)
        for predictions in (dense, compressed)
    ]
    t, freedom = welch(*relative)
    p = [two_sided_p(x, nu) for x, nu in zip(t.tolist(), freedom.tolist(), strict=True)]
    change = relative[1].mean(dim=0) - relative[0].mean(dim=0)
    return {"change": change, "t": t, "p": torch.tensor(p, dtype=torch.float64)}


def modal_labels(predictions):
    """The most frequent label of each image over the models; the smallest if tied."""
    if predictions.dim() != 2 or predictions.is_floating_point():
        raise ValueError(
            "Pass the predicted labels as whole numbers, [models, images]."
        )
    return F.one_hot(predictions.long()).sum(dim=0).argmax(dim=1)


def exemplars(dense_predictions, compressed_predictions):
    """Which images have another modal label in the compressed population."""
    one, other = dense_predictions, compressed_predictions
    if one.shape[1:] != other.shape[1:]:
        raise ValueError(
            "Both populations must label the same images, as [models, images]; "
            f"got {list(one.shape)} and {list(other.shape)}."
        )
    return modal_labels(one) != modal_labels(other)


def null_exemplars(dense_predictions, size, num_draws=200, seed=0):
    """The exemplars between two disjoint groups of dense models, for each draw."""
    total = len(dense_predictions)
    if not 0 < 2 * size <= total:
        raise ValueError(f"Two groups of {size} need {2 * size} models; got {total}.")
    generator = torch.Generator().manual_seed(seed)
    draws = []
    for _ in range(num_draws):
        group = dense_predictions[torch.randperm(total, generator=generator)]
        draws.append(exemplars(group[:size], group[size : 2 * size]))
    return torch.stack(draws)


def add_noise(images, sd, seed=0):
    """Gaussian noise, the same for everybody who names the same seed."""
    if not sd >= 0:
        raise ValueError(f"The standard deviation of noise is at least 0; got {sd}.")
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(images.shape, generator=generator).to(images)
    return (images + sd * noise).clamp(0, 1)


def blur(images, width):
    """The mean over squares of width × width pixels; the border is repeated."""
    if width < 1 or width % 2 == 0:
        raise ValueError(
            f"The width of a blur is an odd number of pixels; got {width}."
        )
    padded = F.pad(images, [width // 2] * 4, mode="replicate")
    return F.avg_pool2d(padded, width, stride=1)


def lower_contrast(images, factor):
    """Pull pixels toward their image's mean: 1 changes nothing, 0 leaves gray."""
    if not 0 <= factor <= 1:
        raise ValueError(f"The factor of a contrast lies from 0 to 1; got {factor}.")
    gray = images.mean(dim=(1, 2, 3), keepdim=True)
    return gray + factor * (images - gray)


def shift(images, down, right):
    """Move every image by whole pixels; black comes in at the border."""
    height, width = images.shape[-2:]
    if abs(down) >= height or abs(right) >= width:
        raise ValueError(f"A shift by ({down}, {right}) leaves nothing of the images.")
    return F.pad(images, (right, -right, down, -down))


@contextmanager
def evaluating(model):
    """Evaluation mode for a while; every layer's own mode is put back."""
    modes = {layer: layer.training for layer in model.modules()}
    try:
        yield model.eval()
    finally:
        for layer, mode in modes.items():
            layer.training = mode


def image_gradient(model, images, labels):
    """The gradient of the loss by the images; the model stays as it was."""
    images = images.detach().clone().requires_grad_(True)
    with evaluating(model):
        loss = F.cross_entropy(model(images), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    if not gradient.isfinite().all():
        raise ValueError("The gradient is not finite: check the model for NaN weights.")
    return gradient


def clipped(images, low, high):
    """Move pixels outside [low, high] to its nearer end; both may be tensors."""
    low, high = (torch.as_tensor(end).to(images) for end in (low, high))
    return images.maximum(low).minimum(high)


def data_range(mean, std):
    """Where the pixels 0 and 1 lie after standardization, for each channel."""
    mean, std = (torch.as_tensor(values).view(-1, 1, 1) for values in (mean, std))
    return (0 - mean) / std, (1 - mean) / std


def check_attack(images, eps, low, high):
    """Refuse a negative radius, and images outside their range."""
    if not (torch.as_tensor(eps) >= 0).all():
        raise ValueError(f"The radius eps of an attack is at least 0; got {eps}.")
    if not torch.equal(clipped(images, low, high), images):
        raise ValueError(
            "Some pixels lie outside [low, high]: pass the range that the model sees, "
            "for standardized images data_range(mean, std)."
        )


def fgsm(model, images, labels, eps, low=0.0, high=1.0):
    """One step of size eps along the sign of the gradient, inside the data range."""
    check_attack(images, eps, low, high)
    step = eps * image_gradient(model, images, labels).sign()
    return clipped(images + step, low, high)


def pgd(model, images, labels, eps, num_steps=10, low=0.0, high=1.0, seed=None):
    """Steps of 2.5 eps / num_steps, each projected to the ball and the data range.

    With a seed it starts at a random point of the ball, else at the images.
    """
    check_attack(images, eps, low, high)
    attacked = clipped(images + eps * _offset(images, seed), low, high)
    for _ in range(num_steps):
        step = 2.5 * eps / num_steps * image_gradient(model, attacked, labels).sign()
        attacked = clipped(attacked + step, images - eps, images + eps)
        attacked = clipped(attacked, low, high)
    return attacked


def _offset(images, seed):
    """Uniform random numbers from -1 to 1, or zero without a seed."""
    if seed is None:
        return torch.zeros_like(images)
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.rand(images.shape, generator=generator) - 1).to(images)


def fake_quantized(weight, num_bits):
    """Round to symmetric codes, one scale for each output row, and back."""
    if num_bits < 2 or not weight.isfinite().all():
        raise ValueError(
            f"Codes need finite weights and at least 2 bits; got {num_bits}."
        )
    rows = weight.flatten(1)
    scale = rows.abs().amax(dim=1, keepdim=True) / (2 ** (num_bits - 1) - 1)
    codes = (rows / scale.clamp(min=torch.finfo(weight.dtype).tiny)).round()
    return (codes * scale).view_as(weight)


@torch.no_grad()
def quantized(model, num_bits):
    """A copy of the model whose matrices and kernels are rounded to `num_bits`."""
    model = copy.deepcopy(model)
    for weight in prunable(model).values():
        weight.copy_(fake_quantized(weight, num_bits))
    return model


def other_bytes(model):
    """Bytes of what is neither pruned nor quantized, such as biases."""
    return measure.tensor_bytes(model) - sum(
        4 * w.numel() for w in prunable(model).values()
    )


def quantized_bytes(model, num_bits):
    """Bytes of codes, of a 4-byte scale for each output row, and of the rest."""
    weights = prunable(model).values()
    codes = sum(math.ceil(w.numel() * num_bits / 8) for w in weights)
    return codes + sum(4 * len(w) for w in weights) + other_bytes(model)


def pruned_bytes(model):
    """Bytes as dense, bitmap or CSR, whichever is smallest, and of the rest."""
    sizes = (
        [
            measure.sparse_bytes(w, kind, index_bytes=2)
            for kind in ("dense", "bitmap", "csr")
        ]
        for w in prunable(model).values()
    )
    return sum(min(of_weight) for of_weight in sizes) + other_bytes(model)


def density_for_bytes(model, num_bytes, num_halvings=20):
    """The density at which the model, pruned by magnitude, takes `num_bytes`."""
    low, high = 0.0, 1.0
    smallest, largest = (pruned_bytes(pruned(model, d)[0]) for d in (low, high))
    if not smallest < num_bytes <= largest:
        raise ValueError(
            f"No density gives {num_bytes:,} bytes: choose a size above {smallest:,} and "
            f"up to {largest:,}."
        )
    for _ in range(num_halvings):
        middle = (low + high) / 2
        fits = pruned_bytes(pruned(model, middle)[0]) <= num_bytes
        low, high = (middle, high) if fits else (low, middle)
    return low
