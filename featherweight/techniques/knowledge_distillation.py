"""Exported from `book/distillation/knowledge-distillation.md`: edit the chapter, not this file."""

import math

import torch
from torch.nn import functional as F

from featherweight import measure


def check_temperature(temperature):
    """Refuse a temperature that divides by nothing or flattens everything."""
    if not 0 < temperature < math.inf:
        raise ValueError(
            f"A temperature must be above 0 and finite; got {temperature}."
        )


def softened(logits, temperature=1.0):
    """The probabilities softmax(logits / temperature) of each example."""
    check_temperature(temperature)
    return F.softmax(logits / temperature, dim=-1)


def check_logits(logits_s, logits_t):
    """Refuse logits of a student and a teacher that do not belong together."""
    if logits_s.dim() != 2 or logits_s.shape != logits_t.shape:
        raise ValueError(
            f"The student's logits have the shape {tuple(logits_s.shape)}, the teacher's "
            f"{tuple(logits_t.shape)}: both need (examples, classes) of the same batch."
        )


def soft_loss(logits_s, logits_t, temperature):
    """T**2 KL(teacher || student) of the softened probabilities, the mean over the batch."""
    check_temperature(temperature)
    check_logits(logits_s, logits_t)
    log_p_s = F.log_softmax(logits_s / temperature, dim=1)
    log_p_t = F.log_softmax(logits_t.detach() / temperature, dim=1)
    divergence = (log_p_t.exp() * (log_p_t - log_p_s)).sum() / len(logits_s)
    loss = temperature**2 * divergence
    if not torch.isfinite(loss):
        raise ValueError(
            "The soft loss is not finite: look for NaN or infinite logits of one network."
        )
    return loss


def check_alpha(alpha):
    """Refuse a weight that is none."""
    if not 0 <= alpha <= 1:
        raise ValueError(
            f"alpha weighs two losses: it lies between 0 and 1; got {alpha}."
        )


def check_labels(logits, labels):
    """Refuse labels that don't belong to the logits."""
    if labels.shape != logits.shape[:1] or labels.is_floating_point():
        raise ValueError(
            f"Give one whole number as the label of each of {len(logits)} examples; "
            f"got {labels.dtype} of the shape {tuple(labels.shape)}."
        )


def distillation_loss(logits_s, logits_t, labels, temperature=4.0, alpha=0.9):
    """(1 - alpha) times the cross-entropy with the labels + alpha times the soft loss."""
    check_alpha(alpha)
    check_labels(logits_s, labels)
    soft = soft_loss(logits_s, logits_t, temperature)
    return (1 - alpha) * F.cross_entropy(logits_s, labels) + alpha * soft


def teacher_logits(teacher, split):
    """The teacher's logits for every example of a split, computed once."""
    if teacher.training:
        raise ValueError("The teacher is in training mode: call teacher.eval() first.")
    logits = measure.predict(teacher, split.images)
    if not logits.isfinite().all():
        raise ValueError("The teacher's logits are not finite: look at its weights.")
    return logits


def taught_by(logits_t, temperature=4.0, alpha=0.9):
    """A loss for `train`: distillation from the teacher's logits for the same split."""
    check_temperature(temperature)
    check_alpha(alpha)

    def loss_fn(model, batch):
        if batch.index.max() >= len(logits_t):
            raise ValueError("Compute the teacher's logits for the split you train on.")
        logits = model(batch.images), logits_t[batch.index]
        return distillation_loss(*logits, batch.labels, temperature, alpha)

    return loss_fn


def ensemble_logits(all_logits):
    """Logits whose softmax is the mean of the members' probabilities.

    `all_logits` holds one tensor [examples, classes] for each member.
    """
    if not len(all_logits):
        raise ValueError("An ensemble needs at least one member.")
    if len({logits.shape for logits in all_logits}) > 1:
        raise ValueError(
            "The members must answer the same examples with equal classes."
        )
    log_p = torch.stack([logits.log_softmax(dim=1) for logits in all_logits])
    return log_p.logsumexp(dim=0) - math.log(len(log_p))


def nearest_neighbors(examples):
    """For each row, the position of the nearest other row."""
    if len(examples) < 2:
        raise ValueError("A neighbor needs at least two examples.")
    distances = torch.cdist(examples, examples)
    return distances.fill_diagonal_(math.inf).argmin(dim=1)


def munge(images, num_copies, swap=0.5, sharpness=2.0, seed=0):
    """`num_copies` synthetic sets: some pixels drawn around those of the neighbor."""
    if not 0 <= swap <= 1 or not sharpness > 0 or num_copies < 1:
        raise ValueError("MUNGE needs 0 <= swap <= 1, sharpness > 0, num_copies >= 1.")
    flat = images.flatten(1).repeat(num_copies, 1)
    other = images.flatten(1)[nearest_neighbors(images.flatten(1))].repeat(
        num_copies, 1
    )
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(flat.shape, generator=generator)
    drawn = other + (flat - other).abs() / sharpness * noise
    swapped = torch.rand(flat.shape, generator=generator) < swap
    return torch.where(swapped, drawn, flat).view(-1, *images.shape[1:])


def label_weight(logits_s, logits_t, labels, alpha):
    """The factor of the label's gradient that a teacher brings about, at T = 1."""
    check_alpha(alpha)
    check_logits(logits_s, logits_t)
    check_labels(logits_s, labels)
    at_label = labels[:, None]
    q = softened(logits_s).gather(1, at_label).flatten()
    p = softened(logits_t).gather(1, at_label).flatten()
    return (1 - alpha) + alpha * (p - q) / (1 - q)


def as_logits(probabilities, temperature):
    """Logits that have these probabilities at this temperature."""
    check_temperature(temperature)
    return temperature * probabilities.clamp_min(1e-30).log()


def at_labels(share, labels, num_classes):
    """Rows with `share` at the label and the rest spread evenly over other classes."""
    rest = ((1 - share) / (num_classes - 1))[:, None].repeat(1, num_classes)
    return rest.scatter(1, labels[:, None], share[:, None])


def difficulty_only(logits_t, labels, temperature):
    """The teacher's probability of the label; all other classes alike."""
    check_labels(logits_t, labels)
    p = softened(logits_t, temperature).gather(1, labels[:, None]).flatten()
    return as_logits(at_labels(p, labels, logits_t.shape[1]), temperature)


def smoothing_only(logits_t, labels, temperature):
    """The mean of that probability for every example: smoothing of the same strength."""
    check_labels(logits_t, labels)
    p = softened(logits_t, temperature).gather(1, labels[:, None]).flatten()
    return as_logits(
        at_labels(p.mean().expand(len(p)), labels, logits_t.shape[1]), temperature
    )


def relations_only(logits_t, labels, temperature):
    """The mean soft target of the examples with the same label."""
    check_labels(logits_t, labels)
    p = softened(logits_t, temperature)
    member = F.one_hot(labels, logits_t.shape[1]).to(p)
    means = member.T @ p / member.sum(dim=0)[:, None].clamp_min(1)
    return as_logits(means[labels], temperature)


def permuted(logits_t, labels, seed=0):
    """The logits of the other classes in a random order, another for each example."""
    check_labels(logits_t, labels)
    generator = torch.Generator().manual_seed(seed)
    others = F.one_hot(labels, logits_t.shape[1]) == 0
    rows = logits_t[others].view(len(logits_t), -1)
    order = torch.rand(rows.shape, generator=generator).argsort(dim=1)
    shuffled = logits_t.clone()
    shuffled[others] = rows.gather(1, order.to(rows.device)).flatten()
    return shuffled
