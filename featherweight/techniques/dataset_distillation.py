"""Exported from `book/distillation/dataset-distillation.md`: edit the chapter, not this file."""

import copy
import math
from typing import NamedTuple

import torch
from torch.func import functional_call
from torch.nn import functional as F

from featherweight.data import Split


class Distilled(NamedTuple):
    """A few images, their labels, and the logarithm of the size of each training step."""

    images: torch.Tensor
    labels: torch.Tensor
    log_lr: torch.Tensor


def check_distilled(distilled):
    """Refuse images, labels and steps that do not belong together."""
    images, labels, log_lr = distilled
    if len(images) == 0 or len(images) != len(labels):
        raise ValueError(
            f"There are {len(images)} images and {len(labels)} labels: give one label "
            "for each of at least one image."
        )
    if log_lr.dim() != 1 or len(log_lr) == 0:
        raise ValueError("log_lr holds one logarithm for each step: give at least one.")
    if not (images.isfinite().all() and log_lr.isfinite().all()):
        raise ValueError(
            "Images or step sizes are not finite: distill with a smaller lr."
        )


def weights_of(model):
    """Copies of a model's parameters by name, to be trained outside of it."""
    if any(True for _ in model.buffers()):
        raise ValueError(
            "This model has buffers that training changes, as batch normalization does: "
            "distill for a model without them."
        )
    return {n: p.detach().clone().requires_grad_() for n, p in model.named_parameters()}


def inner_step(loss, weights, lr, create_graph=True):
    """The weights after one step of gradient descent, as new tensors."""
    wanted = list(weights.values())
    gradients = torch.autograd.grad(loss, wanted, create_graph=create_graph)
    moved = zip(weights.items(), gradients, strict=True)
    return {name: w - lr * gradient for (name, w), gradient in moved}


def trained_weights(model, distilled, loss_fn=F.cross_entropy, create_graph=True):
    """The model's weights after the distilled steps; the model itself stays as it is."""
    check_distilled(distilled)
    weights = weights_of(model)
    for lr in distilled.log_lr.exp():
        outputs = functional_call(model, weights, (distilled.images,))
        loss = loss_fn(outputs, distilled.labels)
        weights = inner_step(loss, weights, lr, create_graph)
    return weights


def outer_loss(model, distilled, batch, loss_fn=F.cross_entropy):
    """The loss on real data of the model trained on the distilled images."""
    weights = trained_weights(model, distilled, loss_fn)
    return loss_fn(functional_call(model, weights, (batch.images,)), batch.labels)


def outer_gradients(model, distilled, batch, loss_fn=F.cross_entropy):
    """The outer loss, and its gradient for each part (None for labels that are classes)."""
    real = [part.is_floating_point() for part in distilled]
    parts = Distilled(
        *(
            part.detach().requires_grad_(r)
            for part, r in zip(distilled, real, strict=True)
        )
    )
    loss = outer_loss(model, parts, batch, loss_fn)
    learned = [part for part, r in zip(parts, real, strict=True) if r]
    gradients = iter(torch.autograd.grad(loss, learned))
    return loss.detach(), Distilled(*(next(gradients) if r else None for r in real))


def check_distillation(num_steps, lr, batch_size):
    """Refuse an optimization that cannot run."""
    if num_steps < 1 or batch_size < 1 or not lr > 0:
        raise ValueError(
            "Distillation needs num_steps >= 1, batch_size >= 1 and lr > 0; "
            f"got {num_steps}, {batch_size} and {lr}."
        )


def adam(parts, lr, num_steps):
    """Adam with a short memory, and a cosine that ends the optimization at rest."""
    learned = [part for part in parts if part.is_floating_point()]
    optimizer = torch.optim.Adam(learned, lr, betas=(0.5, 0.999))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    return optimizer, schedule


def random_batch(split, batch_size, generator):
    """Examples drawn from a split with replacement."""
    index = torch.randint(len(split), (batch_size,), generator=generator)
    return Split(split.images[index], split.labels[index])


def outer_step(learned, optimizer, model, batch):
    """Change what is learned, in place, by one step of the outer optimization."""
    _, gradients = outer_gradients(model, learned, batch)
    for part, gradient in zip(learned, gradients, strict=True):
        part.grad = gradient
    optimizer.step()


def distill(
    distilled, start, split, num_steps, lr=0.1, batch_size=256, seed=0, after_step=None
):
    """What `distilled` becomes; step `step` trains the network `start(step)`."""
    check_distillation(num_steps, lr, batch_size)
    learned = Distilled(*(part.detach().clone() for part in distilled))
    optimizer, schedule = adam(learned, lr, num_steps)
    order = torch.Generator().manual_seed(seed)
    for step in range(1, num_steps + 1):
        batch = random_batch(split, batch_size, order)
        outer_step(learned, optimizer, start(step), batch)
        schedule.step()
        if after_step is not None:
            after_step(learned, step)
    return learned


def trained_on(model, distilled, loss_fn=F.cross_entropy):
    """A copy of the model, trained on the distilled images for the distilled steps."""
    weights = trained_weights(model, distilled, loss_fn, create_graph=False)
    trained = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in trained.named_parameters():
            parameter.copy_(weights[name])
    return trained.eval()


def half_squares(outputs, targets):
    """Half the squared error, summed over outputs and averaged over examples."""
    return (outputs - targets).pow(2).sum() / (2 * len(outputs))


def regression_images(solution, lr):
    """As many examples as inputs that lead to `solution` [D, K] in one step from anywhere."""
    if not lr > 0:
        raise ValueError(f"A step size is above 0; got {lr}.")
    size = math.sqrt(len(solution) / lr)
    images = size * torch.eye(len(solution), dtype=solution.dtype)
    log_lr = torch.tensor([lr], dtype=solution.dtype).log()
    return Distilled(images, size * solution, log_lr)


def one_per_class(split, seed):
    """One random real image of each class, and the classes."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(split), generator=generator)
    shuffled = split.labels[order]
    first = [int((shuffled == c).nonzero()[0]) for c in split.labels.unique()]
    return Split(split.images[order[first]], shuffled[first])


def class_means(split):
    """The mean image of each class, and the classes."""
    classes = split.labels.unique()
    means = [split.images[split.labels == c].mean(dim=0) for c in classes]
    return Split(torch.stack(means), classes)


def neural_kernel(x, y, depth=1):
    """The neural tangent kernel of an infinitely wide ReLU network, [len(x), len(y)]."""
    x, y = x.flatten(1).double(), y.flatten(1).double()
    sizes = x.norm(dim=1)[:, None] * y.norm(dim=1) / x.shape[1]
    if depth < 1 or not sizes.all():
        raise ValueError(
            "The kernel needs depth >= 1 and images that are not all zeros."
        )
    covariance = tangent = x @ y.T / x.shape[1]
    for _ in range(depth):
        cosine = (covariance / sizes).clamp(1e-12 - 1, 1 - 1e-12)
        rest = torch.pi - cosine.acos()
        covariance = sizes * ((1 - cosine**2).sqrt() + rest * cosine) / torch.pi
        tangent = covariance + tangent * rest / torch.pi
    return tangent


def kernel_predictions(images, support, labels, ridge=1e-6, depth=1):
    """What an infinitely wide network trained on the support says about images."""
    if not ridge > 0:
        raise ValueError(
            f"The ridge keeps the system solvable: it is above 0; got {ridge}."
        )
    inner = neural_kernel(support, support, depth)
    inner = inner + ridge * inner.diagonal().mean() * torch.eye(len(inner)).double()
    return neural_kernel(images, support, depth) @ torch.linalg.solve(inner, labels)


def centered(labels, num_classes=10):
    """One-hot labels whose rows sum to zero, so that no class is the default."""
    return F.one_hot(labels, num_classes).double() - 1 / num_classes


def solved_labels(split, support, ridge=1e-6, depth=1):
    """The labels of the support that fit the whole split best, by least squares."""
    unit = torch.eye(len(support), dtype=torch.float64)
    effect = kernel_predictions(split.images, support, unit, ridge, depth)
    return torch.linalg.lstsq(effect, centered(split.labels)).solution


def distill_kernel(support, split, num_steps, lr=0.02, batch_size=256, seed=0):
    """Images that lead kernel regression with their classes to the least squared error."""
    check_distillation(num_steps, lr, batch_size)
    images = support.images.detach().double().clone().requires_grad_()
    optimizer, schedule = adam([images], lr, num_steps)
    order = torch.Generator().manual_seed(seed)
    for _ in range(num_steps):
        batch = random_batch(split, batch_size, order)
        outputs = kernel_predictions(batch.images, images, centered(support.labels))
        loss = (outputs - centered(batch.labels)).pow(2).mean()
        (images.grad,) = torch.autograd.grad(loss, images)
        optimizer.step()
        schedule.step()
    return Split(images.detach(), support.labels)
