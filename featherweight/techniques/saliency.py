"""Exported from `book/pruning/saliency.md`: edit the chapter, not this file."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from featherweight.techniques.magnitude_pruning import keep_largest, prunable


def scorable(model, split):
    """A copy of the model, in evaluation mode, if it can be scored on the split."""
    if len(split) == 0:
        raise ValueError("There is nothing to score on: pass a split with examples.")
    weights = prunable(model)
    if not weights:
        raise ValueError("The model has no weights to score: pass one with layers.")
    for name, w in weights.items():
        if not w.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity: train the model again.")
    return copy.deepcopy(model).eval().requires_grad_(True)


def pieces(split, size=250):
    """The split's images and labels in batches, so that memory stays small."""
    return zip(split.images.split(size), split.labels.split(size), strict=True)


@torch.enable_grad()
def loss_gradients(model, split):
    """The gradient of the mean cross-entropy, by parameter name."""
    model = scorable(model, split)
    weights = prunable(model)
    totals = [torch.zeros_like(w) for w in weights.values()]
    for images, labels in pieces(split):
        loss = F.cross_entropy(model(images), labels, reduction="sum")
        grads = torch.autograd.grad(loss, list(weights.values()))
        totals = [t + g for t, g in zip(totals, grads, strict=True)]
    return {n: t / len(split) for n, t in zip(weights, totals, strict=True)}


def taylor_scores(model, split):
    """First order: |weight times mean gradient|."""
    grads = loss_gradients(model, split)
    return {n: (w.detach() * grads[n]).abs() for n, w in prunable(model).items()}


def through_linear(layer, inputs, s, power):
    return s @ layer.weight**power


def through_relu(layer, inputs, s, power):
    return s * (inputs > 0)


def through_flatten(layer, inputs, s, power):
    return s.view(len(s), *inputs.shape)


def through_conv(layer, inputs, s, power):
    options = (layer.stride, layer.padding, layer.dilation)
    size = (s.shape[0] * s.shape[1], *inputs.shape[1:])
    kernel = layer.weight**power
    below = nn.grad.conv2d_input(size, kernel, s.flatten(0, 1), *options)
    return below.view(len(s), *inputs.shape)


def through_max_pool(layer, inputs, s, power):
    options = (layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
    winners = F.max_pool2d(inputs, layer.kernel_size, *options, return_indices=True)[1]
    winners = winners.flatten(2).expand(len(s), -1, -1, -1)
    below = s.new_zeros(len(s), *inputs.flatten(2).shape)
    return below.scatter_add_(3, winners, s.flatten(3)).view(len(s), *inputs.shape)


THROUGH = {
    nn.Linear: through_linear,
    nn.ReLU: through_relu,
    nn.Flatten: through_flatten,
    nn.Conv2d: through_conv,
    nn.MaxPool2d: through_max_pool,
}


def at_weight(layer, inputs, s, power):
    """What the columns add to the curvature of a layer's weight, over all examples."""
    if isinstance(layer, nn.Linear):
        return s.pow(2 // power).sum(0).T @ inputs.square()
    options = (layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    patches = F.unfold(inputs, *options)
    sums = s.flatten(3) @ patches.pow(power).mT
    return sums.pow(2 // power).sum((0, 1)).view_as(layer.weight)


def has_rule(layer):
    if isinstance(layer, nn.Conv2d):
        plain = layer.groups == 1 and layer.padding_mode == "zeros"
        return plain and not isinstance(layer.padding, str)
    return type(layer) in THROUGH


def check_layers(model):
    """Refuse what we know no way through."""
    layers = dict(model.named_children())
    if not isinstance(model, nn.Sequential) or len(layers) < len(model):
        raise ValueError("Pass a Sequential in which no layer stands more than once.")
    for name, layer in layers.items():
        if not has_rule(layer):
            raise ValueError(
                f"Layer {name!r}, {layer}, has no curvature rule: use Linear, plain "
                "Conv2d, ReLU, MaxPool2d and Flatten, or give it one in THROUGH."
            )


def descend(model, images, labels, columns, power):
    """The curvature of each weight, summed over one batch."""
    trace, x = [], images
    for name, layer in model.named_children():
        trace.append((f"{name}.weight", layer, x))
        x = layer(x)
    s, found, num_weights = columns(x, labels), {}, len(prunable(model))
    for name, layer, inputs in reversed(trace):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            found[name] = at_weight(layer, inputs, s, power)
        if len(found) == num_weights:
            return found
        s = THROUGH[type(layer)](layer, inputs, s, power)
    return found


@torch.no_grad()
def carried(model, split, columns, power=1):
    """Carry the columns of each example down to the weights, and average the squares."""
    model = scorable(model, split)
    check_layers(model)
    totals = {name: torch.zeros_like(w) for name, w in prunable(model).items()}
    for images, labels in pieces(split):
        for name, h in descend(model, images, labels, columns, power).items():
            totals[name] += h / len(split)
    return totals


def class_columns(logits, labels):
    """The factor of softmax curvature: sqrt(p_c) (e_c - p), one column a class."""
    p = logits.softmax(1)
    classes = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return (classes[:, None] - p) * p.T.sqrt()[:, :, None]


def diagonal_hessian(model, split):
    """The exact diagonal of the Hessian of the mean loss, by parameter name."""
    return carried(model, split, class_columns)


def own_curvature(logits, labels):
    p = logits.softmax(1)
    return (p * (1 - p))[None]


def lecun_diagonal(model, split):
    """The recursion of LeCun, Denker and Solla: without cross terms."""
    return carried(model, split, own_curvature, power=2)


def obd_scores(model, split):
    """Optimal Brain Damage: half the curvature times the squared weight."""
    h = diagonal_hessian(model, split)
    return {n: h[n] * w.detach() ** 2 / 2 for n, w in prunable(model).items()}


def spearman(first, second):
    """Rank correlation of two tensors of numbers: 1 if they order alike."""
    ranks = [t.flatten().argsort().argsort().double() for t in (first, second)]
    return torch.corrcoef(torch.stack(ranks))[0, 1].item()


def label_column(logits, labels):
    """The gradient in the logits, with the labels of the data set."""
    p = logits.softmax(1)
    return (p - F.one_hot(labels, p.shape[1]))[None]


def empirical_fisher(model, split):
    """Mean squared gradient with the data's labels. Not the Fisher."""
    return carried(model, split, label_column)


def fisher(model, split, seed, num_samples=1):
    """Mean squared gradient with labels drawn from the model's own probabilities."""
    generator = torch.Generator().manual_seed(seed)

    def drawn_columns(logits, labels):
        p = logits.softmax(1)
        drawn = torch.multinomial(p, num_samples, True, generator=generator).T
        return (p - F.one_hot(drawn, p.shape[1])) / num_samples**0.5

    return carried(model, split, drawn_columns)


def second_order_scores(model, split):
    """The predicted change of the loss, with its sign: -g·w + ½hw²."""
    grads, obd = loss_gradients(model, split), obd_scores(model, split)
    weights = prunable(model)
    return {n: obd[n] - grads[n] * w.detach() for n, w in weights.items()}


def layer_hessian(inputs, damping=0.01):
    """The Hessian of a layer's mean squared output error, with a damped diagonal."""
    h = inputs.T @ inputs / len(inputs)
    ridge = damping * h.diagonal().mean()
    return h + ridge * torch.eye(len(h), dtype=h.dtype, device=h.device)


def surgeon_step(row, inverse, q):
    """Remove weight q of a row and correct the rest; also the new inverse."""
    column = inverse[:, q] / inverse[q, q]
    row, inverse = row - row[q] * column, inverse - torch.outer(column, inverse[q])
    row[q] = 0
    return row, inverse


def check_layer(weight, inputs):
    """Refuse what no layer-wise method can work with."""
    matrices = weight.dim() == inputs.dim() == 2 and len(inputs) > 0
    if not matrices or inputs.shape[1] != weight.shape[1]:
        raise ValueError(
            f"A layer of weight {tuple(weight.shape)} needs inputs [N, {weight.shape[1]}] "
            f"with N > 0; got {tuple(inputs.shape)}."
        )
    if not (weight.isfinite().all() and inputs.isfinite().all()):
        raise ValueError(
            "Weight or inputs hold NaN or infinity: check the model first."
        )


def wanda_scores(weight, inputs):
    """Weight times the norm of its input."""
    check_layer(weight, inputs)
    return weight.abs() * inputs.norm(dim=0)


def row_mask(scores, density):
    """Keep the same number of largest scores in each row."""
    return torch.stack([keep_largest(row, density) for row in scores])


def inverse_factor(h):
    """The upper Cholesky factor of the inverse: each row serves one column."""
    lower, failed = torch.linalg.cholesky_ex(h)
    if failed:
        raise ValueError("The inputs' Hessian is singular: give a positive damping.")
    return torch.linalg.cholesky(torch.cholesky_inverse(lower), upper=True)


def sparsegpt(weight, inputs, density, block_size=128, damping=0.01):
    """Prune column by column, correcting to the right; blocks keep the same share."""
    check_layer(weight, inputs)
    w, num_columns = weight.detach().clone(), weight.shape[1]
    factor = inverse_factor(layer_hessian(inputs, damping))
    for start in range(0, num_columns, block_size):
        block = range(start, min(start + block_size, num_columns))
        mask = keep_largest((w[:, block] / factor.diagonal()[block]) ** 2, density)
        for j in block:
            removed = torch.where(mask[:, j - start], 0, w[:, j]) / factor[j, j]
            w[:, j:] -= torch.outer(removed, factor[j, j:])
            w[~mask[:, j - start], j] = 0
    return w
