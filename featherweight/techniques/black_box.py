"""Exported from `book/distillation/black-box.md`: edit the chapter, not this file."""

from functools import partial
from itertools import product

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from featherweight import measure, models
from featherweight.data import Split
from featherweight.techniques.dataset_distillation import inner_step, weights_of
from featherweight.techniques.knowledge_distillation import (
    check_alpha,
    check_temperature,
    ensemble_logits,
    soft_loss,
    softened,
)


class BlackBox:
    """A teacher of which only answers can be had, and only to `budget` questions."""

    def __init__(self, teacher, budget):
        if teacher.training:
            raise ValueError("The teacher is in training mode: call teacher.eval().")
        self._predict = partial(measure.predict, teacher)
        self.left = budget

    def probabilities(self, images, digits=None):
        """Class probabilities of each image, rounded to `digits` decimals if given."""
        if len(images) > self.left:
            raise ValueError(
                f"{len(images)} questions exceed the budget: {self.left} are left."
            )
        self.left -= len(images)
        p = self._predict(images).softmax(dim=1)
        return p if digits is None else p.round(decimals=digits)

    def labels(self, images):
        """The most likely class of each image."""
        return self.probabilities(images).argmax(dim=1)


def check_top(values, classes, num_classes, rest):
    """Refuse values and classes that do not belong together."""
    if values.dim() != 2 or values.shape != classes.shape:
        raise ValueError(
            "Give the k largest probabilities of each row and their classes."
        )
    if not 0 < values.shape[1] <= num_classes or classes.max() >= num_classes:
        raise ValueError(f"There are {num_classes} classes: give at most as many.")
    if rest not in ("spread", "dropped"):
        raise ValueError(f"The rest is 'spread' or 'dropped', not {rest!r}.")
    largest, total = values[:, 0].min(), values.sum(dim=1).max()
    if not (values.min() >= 0 and largest > 0 and total < 1.05):
        raise ValueError("Probabilities are not negative and sum to 1 at most.")


def completed(values, classes, num_classes, rest="spread"):
    """All probabilities from the k largest; the rest is spread evenly or dropped."""
    check_top(values, classes, num_classes, rest)
    missing = (1 - values.sum(dim=1, keepdim=True)).clamp_min(0)
    others = max(1, num_classes - values.shape[1])
    share = missing / others if rest == "spread" else torch.zeros_like(missing)
    p = share.repeat(1, num_classes).scatter(1, classes, values)
    return p / p.sum(dim=1, keepdim=True)


def check_peers(peers):
    """Refuse a network that is alone."""
    if len(peers) < 2:
        raise ValueError("Learning from one another takes at least two networks.")


class Peers(nn.Module):
    """Networks that learn together, and answer with their mean probability."""

    def __init__(self, members):
        super().__init__()
        check_peers(members)
        self.members = nn.ModuleList(members)

    def all_logits(self, images):
        """The logits of each network."""
        return [member(images) for member in self.members]

    def forward(self, images):
        return ensemble_logits(self.all_logits(images))


def peer_loss(all_logits, labels, alpha=1.0, temperature=1.0, teacher="peers"):
    """The sum over all networks of the hard loss + alpha times the soft loss."""
    check_alpha(alpha)
    if teacher not in ("peers", "ensemble"):
        raise ValueError(f"The teacher is 'peers' or 'ensemble', not {teacher!r}.")
    check_peers(all_logits)
    loss = torch.zeros(())
    for own, logits in enumerate(all_logits):
        others = [*all_logits[:own], *all_logits[own + 1 :]]
        if teacher == "ensemble":
            others = [ensemble_logits(all_logits)]
        soft = sum(soft_loss(logits, other, temperature) for other in others)
        loss = loss + F.cross_entropy(logits, labels) + alpha * soft / len(others)
    return loss


class Shift(nn.Module):
    """Moves each ninth of the channels by a step of a 3 by 3 window; zeros come in."""

    def forward(self, x):
        height, width = x.shape[2:]
        parts = F.pad(x, (1, 1, 1, 1)).tensor_split(9, dim=1)
        steps = product(range(3), range(3))
        moved = [
            part[:, :, down : down + height, right : right + width]
            for part, (down, right) in zip(parts, steps, strict=True)
        ]
        return torch.cat(moved, dim=1)


def cheap_conv(kind):
    """Makes layers of this kind from (in_channels, out_channels, stride)."""
    if kind == "standard":
        return models.conv3x3
    if kind not in ("shift", "depthwise", "group-4", "group-16"):
        raise ValueError(
            "The kinds are standard, shift, depthwise, group-4 and group-16; "
            f"not {kind!r}."
        )
    return partial(_spatial_then_mixing, kind)


def _spatial_then_mixing(kind, in_channels, out_channels, stride=1):
    spatial = Shift()
    if kind != "shift":
        groups = {"depthwise": in_channels, "group-4": 4, "group-16": 16}[kind]
        options = {"padding": 1, "groups": groups, "bias": False}
        spatial = nn.Conv2d(in_channels, in_channels, 3, **options)
    mixing = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(spatial, mixing)


def quiz_loss(teacher, student, images, quiz, lr, temperature=1.0):
    """The quiz loss of the student after one step on the teacher's answers."""
    check_temperature(temperature)
    if not lr > 0 or len(quiz) == 0:
        raise ValueError("A quiz needs examples, and the student a step size above 0.")
    weights = weights_of(student)
    p = softened(teacher(images), temperature)
    logits = functional_call(student, weights, (images,)) / temperature
    taught = temperature**2 * F.cross_entropy(logits, p)
    moved = inner_step(taught, weights, lr)
    return F.cross_entropy(functional_call(student, moved, (quiz.images,)), quiz.labels)


def meta_taught(teacher, quiz, lr, lr_t, temperature=1.0, batch_size=100, seed=0):
    """A loss for `train` in which the teacher learns from the quiz before it teaches."""
    optimizer = torch.optim.SGD(teacher.parameters(), lr_t)
    order = torch.Generator().manual_seed(seed)

    def loss_fn(student, batch):
        some = _drawn_from(quiz, batch_size, order)
        optimizer.zero_grad()
        quiz_loss(teacher, student, batch.images, some, lr, temperature).backward()
        optimizer.step()
        logits_t = teacher(batch.images).detach()
        return soft_loss(student(batch.images), logits_t, temperature)

    return loss_fn


def _drawn_from(split, count, generator):
    index = torch.randint(len(split), (count,), generator=generator)
    return Split(split.images[index], split.labels[index])


def beam_search(next_log_p, num_sources, length, beam_size=1):
    """The likeliest sequences found for each source, best first, and their log p."""
    if min(num_sources, length, beam_size) < 1:
        raise ValueError("Sources, length and beam size are at least 1.")
    prefixes = torch.zeros(num_sources, 1, 0, dtype=torch.long)
    scores = torch.zeros(num_sources, 1)
    for _ in range(length):
        beams = prefixes.shape[1]
        rows = torch.arange(num_sources).repeat_interleave(beams)
        log_p = next_log_p(rows, prefixes.flatten(0, 1))
        totals = scores[..., None] + log_p.view(num_sources, beams, -1)
        prefixes, scores = _best_extensions(prefixes, totals, beam_size)
    return prefixes, scores


def _best_extensions(prefixes, totals, beam_size):
    num_words = totals.shape[2]
    totals = totals.flatten(1)
    scores, chosen = totals.topk(min(beam_size, totals.shape[1]), dim=1)
    parents = (chosen // num_words)[..., None].expand(-1, -1, prefixes.shape[2])
    words = (chosen % num_words)[..., None]
    return torch.cat([prefixes.gather(1, parents), words], dim=2), scores


def entropy(p):
    """Entropy of each distribution along the last dimension, in nats."""
    return torch.special.entr(p).sum(dim=-1)


def check_sequences(sequences, p):
    """Refuse sequences that are listed twice, and weights that are no probabilities."""
    if len(sequences) != len(p) or len(sequences.unique(dim=0)) != len(p):
        raise ValueError("List each sequence once, with one probability for each.")
    if p.min() < 0 or not torch.isclose(p.sum(), torch.ones_like(p.sum())):
        raise ValueError("The probabilities of the sequences sum to 1.")


def parallel_fit(sequences, p):
    """The best a parallel network can do for sequences [n, length] of probabilities p."""
    check_sequences(sequences, p)
    by_position = torch.einsum("n,nlw->lw", p, F.one_hot(sequences).to(p))
    positions = torch.arange(sequences.shape[1])
    return {
        "entropy": entropy(p).item(),
        "excess": (entropy(by_position).sum() - entropy(p)).item(),
        "valid": by_position[positions, sequences].prod(dim=1).sum().item(),
        "most likely": by_position.argmax(dim=1).tolist(),
    }


class Autoregressive(nn.Module):
    """Reads a source of fixed length, writes word after word."""

    def __init__(self, num_words, source_length, width=64):
        super().__init__()
        self.begin = num_words  # the token before the first word
        self.source = nn.Embedding(num_words, width)
        self.read = nn.Linear(source_length * width, width)
        self.target = nn.Embedding(num_words + 1, width)
        self.write = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, num_words)

    def forward(self, sources, prefixes):
        """Logits [n, length + 1, words] of what follows each part of the prefixes."""
        memory = torch.tanh(self.read(self.source(sources).flatten(1)))
        begin = torch.full((len(sources), 1), self.begin)
        written = self.target(torch.cat([begin, prefixes], dim=1))
        return self.head(self.write(written, memory[None])[0])


def parallel_network(num_words, source_length, target_length, width=64):
    """Reads a source, gives the logits [n, target_length, words] of all words."""
    return nn.Sequential(
        nn.Embedding(num_words, width),
        nn.Flatten(),
        nn.Linear(source_length * width, 2 * width),
        nn.ReLU(),
        nn.Linear(2 * width, target_length * num_words),
        nn.Unflatten(1, (target_length, num_words)),
    )


def sequence_loss(logits, targets, ignored=-100):
    """-log p of the targets, the mean over sequences; `ignored` words don't count."""
    if logits.dim() != 3 or logits.shape[:2] != targets.shape:
        raise ValueError(
            "Logits need the shape (sequences, length, words), targets (sequences, length); "
            f"got {tuple(logits.shape)} and {tuple(targets.shape)}."
        )
    flat = logits.transpose(1, 2)
    total = F.cross_entropy(flat, targets, ignore_index=ignored, reduction="sum")
    return total / len(targets)
