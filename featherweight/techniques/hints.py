"""Exported from `book/distillation/hints.md`: edit the chapter, not this file."""

import copy
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from featherweight import measure
from featherweight.techniques.knowledge_distillation import distillation_loss
from featherweight.train import train


def up_to(model, layer):
    """The part of a Sequential model up to a layer, that layer included."""
    if not isinstance(model, nn.Sequential) or not 0 <= layer < len(model):
        raise ValueError(
            "Name a layer of a Sequential model by its position, from 0 on; "
            f"got {layer} for a {type(model).__name__}."
        )
    return model[: layer + 1]


def check_evaluating(model):
    """Refuse a network whose answers depend on the batch or on chance."""
    if model.training:
        raise ValueError(
            "This network is in training mode: call its eval() before you read it."
        )


def features(model, layer, inputs):
    """What a layer gives for each input, computed once, without gradients."""
    check_evaluating(model)
    return measure.predict(up_to(model, layer), inputs)


def check_sizes(shape_s, shape_t):
    """Refuse features that no convolution without padding can bring to the hint's size."""
    same = len(shape_s) == len(shape_t) and len(shape_s) in (1, 3)
    if not same or any(s < t for s, t in zip(shape_s[1:], shape_t[1:], strict=False)):
        raise ValueError(
            f"There is no regressor from {tuple(shape_s)} to {tuple(shape_t)}: the guided "
            "maps must be at least as large as the hint; choose an earlier guided layer."
        )


def regressor(shape_s, shape_t, seed=0):
    """A layer from the student's features (channels, height, width) to the teacher's."""
    check_sizes(shape_s, shape_t)
    kernel = [s - t + 1 for s, t in zip(shape_s[1:], shape_t[1:], strict=True)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if not kernel:  # vectors
            return nn.Linear(shape_s[0], shape_t[0])
        return nn.Conv2d(shape_s[0], shape_t[0], kernel)


def check_same(signal_s, signal_t):
    """Refuse signals of a student and a teacher that cannot be compared entry by entry."""
    if signal_s.shape != signal_t.shape:
        raise ValueError(
            f"The student's signal has the shape {tuple(signal_s.shape)}, the teacher's "
            f"{tuple(signal_t.shape)}: bring one to the other's shape, for the same batch."
        )


def hint_loss(guided, hint):
    """Half the mean squared difference of the regressor's output and the hint."""
    check_same(guided, hint)
    return F.mse_loss(guided, hint.detach()) / 2


def check_hints(hints, split):
    """Refuse hints that were computed for other examples."""
    if len(hints) != len(split):
        raise ValueError(
            f"There are {len(hints)} hints for {len(split)} examples: compute them "
            "for the split that the student is trained on."
        )


def train_on_hints(student, layer, hints, split, seed=0, **training):
    """Train a student up to its guided layer, with a regressor that is then dropped."""
    check_hints(hints, split)
    guided = up_to(student, layer)
    shape = measure.predict(guided, split.images[:1]).shape[1:]
    matched = nn.Sequential(guided, regressor(shape, hints.shape[1:], seed))

    def loss_fn(model, batch):
        return hint_loss(model(batch.images), hints[batch.index])

    return train(matched, split, loss_fn=loss_fn, seed=seed, **training)


def probe_accuracy(features, labels, test_features, test_labels, ridge=1e-2):
    """Test accuracy of a linear classifier fitted to features by ridge regression."""
    if len(features) != len(labels) or len(test_features) != len(test_labels):
        raise ValueError("A probe needs one label for each row of features.")
    x, test = features.flatten(1).double(), test_features.flatten(1).double()
    x, test = x - x.mean(dim=0), test - x.mean(dim=0)
    targets = F.one_hot(labels).double()
    share = targets.mean(dim=0)
    products = x @ x.T  # of examples, which may be fewer than the features
    products += ridge * products.diagonal().mean() * torch.eye(len(x)).double()
    weights = x.T @ torch.linalg.solve(products, targets - share)
    return float(((test @ weights + share).argmax(1) == test_labels).double().mean())


def attention_map(maps):
    """Where the channels are active: the mean of their squares, as a vector of length 1."""
    if maps.dim() != 4:
        raise ValueError(
            "An attention map needs maps [examples, channels, height, width]; "
            f"got the shape {tuple(maps.shape)}."
        )
    return F.normalize(maps.pow(2).mean(dim=1).flatten(1), dim=1)


def attention_transfer_loss(maps_s, maps_t):
    """Mean squared difference of attention maps; larger maps are pooled first."""
    sizes = zip(maps_s.shape[2:], maps_t.shape[2:], strict=True)
    size = [min(pair) for pair in sizes]
    pooled = [F.adaptive_avg_pool2d(maps, size) for maps in (maps_s, maps_t.detach())]
    return F.mse_loss(*map(attention_map, pooled))


def relations(features):
    """The distance of each pair of examples, divided by the mean of all."""
    distances = F.pdist(features.flatten(1))
    if not distances.any():
        raise ValueError("Relations need at least two different examples in a batch.")
    return distances / distances.mean()


def relation_loss(features_s, features_t):
    """The Huber loss of the student's relations with the teacher's as target."""
    relations_s, relations_t = relations(features_s), relations(features_t.detach())
    check_same(relations_s, relations_t)
    return F.smooth_l1_loss(relations_s, relations_t)


def taught_with(
    signal_loss, weight, layer, hints, logits_t, temperature=4.0, alpha=0.9
):
    """A loss for `train`: distillation, and a signal compared at one layer."""

    def loss_fn(model, batch):
        inside = up_to(model, layer)(batch.images)
        logits = model[layer + 1 :](inside), logits_t[batch.index]
        answers = distillation_loss(*logits, batch.labels, temperature, alpha)
        return answers + weight * signal_loss(inside, hints[batch.index])

    return loss_fn


class Signals(NamedTuple):
    """What a transformer computes for a batch of texts, block by block."""

    logits: torch.Tensor
    hidden: (
        list  # the embedding, then what each block gives: [texts, characters, width]
    )
    parts: list  # of each block: queries, keys, values [texts, heads, characters, d]
    kept: torch.Tensor  # True where a token is no padding: [texts, characters]

    def at(self, index):
        """The signals of some of the texts."""
        parts = [[part[index] for part in block] for block in self.parts]
        hidden = [state[index] for state in self.hidden]
        return Signals(self.logits[index], hidden, parts, self.kept[index])


def heads_of(block, x):
    """Queries, keys and values of a block, split into heads."""
    attention = block.attention
    joint = F.linear(block.norm1(x), attention.in_proj_weight, attention.in_proj_bias)
    parts = joint.unflatten(-1, (3, attention.num_heads, -1))
    return [*parts.permute(2, 0, 3, 1, 4)]


def scores(queries, keys):
    """Scaled products of each query with each key, before any softmax."""
    return queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5


def log_probabilities(scores, kept):
    """The logarithm of the softmax over the keys that are no padding."""
    return scores.masked_fill(~kept[:, None, None, :], -1e9).log_softmax(dim=-1)


def check_tokens(tokens):
    """Refuse a text of padding only: a softmax over nothing is NaN."""
    empty = (tokens == 0).all(dim=1).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f"Text {empty[0]} of this batch is all padding (token 0): leave it out."
        )


def next_state(block, x, parts, kept):
    """What a block gives, from its input and its queries, keys and values."""
    queries, keys, values = parts
    attention = log_probabilities(scores(queries, keys), kept).exp()
    mixed = (attention @ values).transpose(1, 2).flatten(2)
    x = x + block.attention.out_proj(mixed)
    return x + block.mlp(block.norm2(x))


def signals(model, tokens):
    """Run a TinyTransformer and keep hidden states, queries, keys and values."""
    check_tokens(tokens)
    kept = tokens != 0
    hidden = [model.embedding(tokens) + model.position[: tokens.shape[1]]]
    parts = []
    for block in model.blocks:
        parts.append(heads_of(block, hidden[-1]))
        hidden.append(next_state(block, hidden[-1], parts[-1], kept))
    weights = kept.unsqueeze(-1) / kept.sum(dim=1)[:, None, None]
    mean = (model.norm(hidden[-1]) * weights).sum(dim=1)
    return Signals(model.head(mean), hidden, parts, kept)


def teacher_signals(teacher, tokens):
    """The teacher's signals for all texts, computed once."""
    check_evaluating(teacher)
    with torch.no_grad():
        return signals(teacher, tokens)


def layer_map(num_s, num_t):
    """For each block of the student, the last of the teacher's blocks it stands for;
    and for each of its hidden states, with the embedding first, the teacher's."""
    if num_s < 1 or num_t % num_s:
        raise ValueError(
            f"{num_t} blocks cannot be shared out evenly among {num_s}: give the "
            "student a number of blocks that divides the teacher's."
        )
    k = num_t // num_s
    return [k * i + k - 1 for i in range(num_s)], [k * i for i in range(num_s + 1)]


def sizes_of(model):
    """What has to agree for one transformer to take another's weights."""
    heads = [block.attention.num_heads for block in model.blocks]
    return heads, {name: tensor.shape for name, tensor in model.state_dict().items()}


def start_from(student, teacher):
    """Copy the teacher's embedding, head and mapped blocks into a student in place."""
    blocks, _ = layer_map(len(student.blocks), len(teacher.blocks))
    shorter = copy.deepcopy(teacher)
    shorter.blocks = nn.ModuleList(shorter.blocks[i] for i in blocks)
    if sizes_of(shorter) != sizes_of(student):
        raise ValueError("Teacher and student need the same width and number of heads.")
    student.load_state_dict(shorter.state_dict())


def cosine_loss(hidden_s, hidden_t, kept):
    """One minus the cosine of the hidden states, the mean over real characters."""
    check_same(hidden_s, hidden_t)
    cosine = F.cosine_similarity(hidden_s, hidden_t.detach(), dim=-1)
    return (1 - cosine)[kept].mean()


def score_loss(scores_s, scores_t, kept):
    """Mean squared difference of scores, over pairs of real characters."""
    check_same(scores_s, scores_t)
    pairs = (kept[:, :, None] & kept[:, None, :])[:, None].expand_as(scores_s)
    return F.mse_loss(scores_s[pairs], scores_t.detach()[pairs])


def hidden_loss(hidden_s, hidden_t, kept):
    """Mean squared difference of hidden states, over real characters."""
    check_same(hidden_s, hidden_t)
    return F.mse_loss(hidden_s[kept], hidden_t.detach()[kept])


def tinybert_loss(signals_s, signals_t, projection):
    """Scores and projected hidden states of all of the student's blocks."""
    blocks, states = layer_map(len(signals_s.parts), len(signals_t.parts))
    loss = torch.zeros(())
    for (q_s, k_s, _), i in zip(signals_s.parts, blocks, strict=True):
        q_t, k_t, _ = signals_t.parts[i]
        loss = loss + score_loss(scores(q_s, k_s), scores(q_t, k_t), signals_s.kept)
    for state, i in zip(signals_s.hidden, states, strict=True):
        projected = projection(state)
        loss = loss + hidden_loss(projected, signals_t.hidden[i], signals_s.kept)
    return loss


def relation_divergence(scores_s, scores_t, kept):
    """KL(teacher || student) of the softmax of scores, the mean over heads and
    real characters."""
    check_same(scores_s, scores_t)
    log_s = log_probabilities(scores_s, kept)
    log_t = log_probabilities(scores_t.detach(), kept)
    divergence = (log_t.exp() * (log_t - log_s)).sum(dim=-1)
    return divergence[kept[:, None].expand_as(divergence)].mean()


def minilm_loss(signals_s, signals_t):
    """Attention and value relations of the last blocks."""
    (q_s, k_s, v_s), (q_t, k_t, v_t) = signals_s.parts[-1], signals_t.parts[-1]
    kept = signals_s.kept
    attention = relation_divergence(scores(q_s, k_s), scores(q_t, k_t), kept)
    return attention + relation_divergence(scores(v_s, v_s), scores(v_t, v_t), kept)


def taught_inside(signals_t, loss_fn):
    """A loss for `train`: loss_fn(student's signals, teacher's signals, labels)."""

    def loss(model, batch):
        signals_s = signals(model, batch.images)
        return loss_fn(signals_s, signals_t.at(batch.index), batch.labels)

    return loss


def distilbert_loss(signals_s, signals_t, labels, temperature=2.0):
    """Soft loss, labels and cosine of the last hidden states, as 5 : 2 : 1."""
    logits = signals_s.logits, signals_t.logits
    answers = distillation_loss(*logits, labels, temperature, alpha=5 / 7)
    states = signals_s.hidden[-1], signals_t.hidden[-1]
    return (7 * answers + cosine_loss(*states, signals_s.kept)) / 8
