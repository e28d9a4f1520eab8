"""Exported from `book/distillation/bigger-teachers.md`: edit the chapter, not this file."""

REPORTED = {  # the teacher's error, its student's, and with distillation stopped early
    "none": (None, 30.24, None),
    "ResNet-18": (30.24, 30.57, 29.01),
    "ResNet-34": (26.70, 30.79, 29.16),
    "ResNet-50": (23.85, 30.95, 29.35),
}
ACCURACIES = {  # of Huang et al.: the student's accuracy at temperature 4
    "none": 69.76,
    "ResNet-34": 71.21,
    "ResNet-50": 71.35,
    "ResNet-101": 71.09,
    "ResNet-152": 71.12,
}


import copy
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from featherweight import measure
from featherweight.techniques.knowledge_distillation import soft_loss, softened
from featherweight.techniques.lottery_tickets import state_of
from featherweight.train import cross_entropy


def check_teacher(teacher):
    """Refuse what can't teach: no network, or one in training mode."""
    if not isinstance(teacher, nn.Module):
        raise ValueError(f"A teacher is a network; got a {type(teacher).__name__}.")
    if teacher.training:
        raise ValueError("The teacher is in training mode: call teacher.eval() first.")


def check_unchanged(teacher, before):
    """Refuse, and undo, a training that changed the teacher."""
    if any(not t.equal(before[name]) for name, t in state_of(teacher).items()):
        teacher.load_state_dict(before)
        raise ValueError(
            "The training changed the teacher: compute its logits without gradients and "
            "in evaluation mode, and train the student's parameters only."
        )


def taught(student, teacher, distill):
    """A copy of the student after distill(copy, teacher); the teacher stays as it is."""
    check_teacher(teacher)
    student, before = copy.deepcopy(student), state_of(teacher)
    distill(student, teacher)
    check_unchanged(teacher, before)
    return student.eval()


def compare_teachers(student, teachers, distill):
    """One student for each teacher, by name, all from the same initial weights."""
    if not teachers:
        raise ValueError("There is nobody to learn from: name at least one teacher.")
    return {name: taught(student, one, distill) for name, one in teachers.items()}


class Mimicry(NamedTuple):
    """How closely a student follows its teacher on some examples."""

    kl: float
    explained: float
    agreement: float


def mimicry(logits_s, logits_t, temperature=1.0):
    """How closely a student follows its teacher, at one temperature.

    `kl` is the mean KL(teacher || student) in nats, `explained` the part of KL(teacher ||
    the teacher's mean answer) that the student removes, `agreement` how often both name
    the same class.
    """
    agreement = measure.label_loyalty(logits_t, logits_s)
    pair = logits_s.double(), logits_t.double()
    kl = soft_loss(*pair, temperature).item() / temperature**2
    constant = spread_of_answers(pair[1], temperature)
    return Mimicry(kl, 1 - kl / constant, agreement)


def spread_of_answers(logits_t, temperature):
    """The mean KL(teacher || the teacher's mean answer): what there is to explain."""
    p_t = softened(logits_t, temperature)
    nats = (torch.xlogy(p_t, p_t) - torch.xlogy(p_t, p_t.mean(dim=0))).sum(dim=1).mean()
    if not nats > 0:
        raise ValueError(
            "The teacher answers every example alike, so there is nothing to follow: give "
            "logits of several examples, or of a trained teacher."
        )
    return nats.item()


def check_stop(stop_epoch, num_images):
    """Refuse a stop that is no number of epochs, and an epoch without images."""
    if not isinstance(stop_epoch, int) or stop_epoch < 0:
        raise ValueError(f"stop_epoch counts whole epochs from 0 on; got {stop_epoch}.")
    if num_images < 1:
        raise ValueError(f"num_images is the size of the split; got {num_images}.")


def early_stopped(loss_fn, stop_epoch, num_images, then=cross_entropy):
    """A loss for `train`: `loss_fn` in a model's first `stop_epoch` epochs, then `then`.

    An epoch of a model is over when it has seen `num_images` images, the whole split.
    """
    check_stop(stop_epoch, num_images)
    seen = WeakKeyDictionary()

    def stopped(model, batch):
        epoch = seen.get(model, 0) // num_images
        seen[model] = seen.get(model, 0) + len(batch.labels)
        return (loss_fn if epoch < stop_epoch else then)(model, batch)

    return stopped


def check_chain(models):
    """Refuse a chain with nobody to teach, and a network that would teach itself."""
    if len(models) < 2:
        raise ValueError("A chain needs a teacher and a student: give at least two.")
    if len({id(model) for model in models}) < len(models):
        raise ValueError("A network can't teach itself: give each link its own model.")


def distill_chain(models, distill):
    """Distill each model into a copy of the next; return the teacher and the copies.

    `distill(student, teacher)` trains the student in place. Whoever teaches is frozen.
    """
    check_chain(models)
    chain = [models[0]]
    for student in models[1:]:
        chain.append(taught(student, chain[-1], distill))
    return chain
