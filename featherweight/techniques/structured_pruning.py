"""Exported from `book/pruning/structured-pruning.md`: edit the chapter, not this file."""

import copy
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional as F

from featherweight.models import BasicBlock
from featherweight.techniques.magnitude_pruning import global_masks, keep_largest

SIZES = {  # what a layer calls the number of its outputs and of its inputs
    nn.Linear: ("out_features", "in_features"),
    nn.Conv2d: ("out_channels", "in_channels"),
    nn.BatchNorm1d: ("num_features", "num_features"),
    nn.BatchNorm2d: ("num_features", "num_features"),
}


def num_outputs(layer):
    return getattr(layer, SIZES[type(layer)][0])


def num_inputs(layer):
    return getattr(layer, SIZES[type(layer)][1])


def is_depthwise(layer):
    """Is this a convolution in which each output reads one input of its own?"""
    if type(layer) is not nn.Conv2d or layer.groups == 1:
        return False
    return layer.groups == layer.in_channels == layer.out_channels


def mixes_channels(layer):
    """Does each output of this layer read all of its inputs?"""
    return type(layer) in (nn.Linear, nn.Conv2d) and not is_depthwise(layer)


def check_layer(layer, name="this layer"):
    """Raise a ValueError for a layer that we do not know how to cut."""
    if type(layer) not in SIZES:
        known = ", ".join(kind.__name__ for kind in SIZES)
        problem = f"only {known} can be cut, so leave its channels alone"
    elif hasattr(layer, "weight_orig"):
        problem = "it carries a mask; make it permanent with prune.remove first"
    elif getattr(layer, "groups", 1) > 1 and not is_depthwise(layer):
        problem = (
            "its groups hold several channels each; only depthwise ones can be cut"
        )
    else:
        return
    raise ValueError(f"Cannot cut {name} ({type(layer).__name__}): {problem}.")


def channel_indices(kept, size):
    """The channels to keep as sorted indices; a ValueError if they are not that."""
    index = torch.as_tensor(kept)
    countable = not index.is_floating_point() and index.dtype != torch.bool
    if index.dim() == 1 and len(index) > 0 and countable:
        unique = index.unique()
        if len(unique) == len(index) and unique[0] >= 0 and unique[-1] < size:
            return unique
    raise ValueError(
        f"Name the channels to keep by their numbers from 0 to {size - 1}, "
        f"at least one and each once; got {kept}."
    )


def cut(layer, name, kept, dim=0):
    """Keep the entries `kept` of one parameter or buffer along one dimension."""
    tensor = getattr(layer, name, None)
    if tensor is None:
        return
    smaller = tensor.detach().index_select(dim, kept.to(tensor.device))
    if isinstance(tensor, nn.Parameter):
        smaller = nn.Parameter(smaller, tensor.requires_grad)
    setattr(layer, name, smaller)


def keep_outputs(layer, kept):
    """Keep the outputs `kept` of a layer, in place: rows, bias and statistics."""
    check_layer(layer)
    kept = channel_indices(kept, num_outputs(layer))
    if is_depthwise(layer):
        layer.groups = layer.in_channels = len(kept)
    for name in ("weight", "bias", "running_mean", "running_var"):
        cut(layer, name, kept)
    setattr(layer, SIZES[type(layer)][0], len(kept))


def block_indices(blocks, size):
    """The entries of the numbered blocks of `size` neighbors each."""
    return (size * blocks[:, None] + torch.arange(size)).flatten()


def keep_inputs(layer, kept, block=1):
    """Keep the inputs `kept` of a layer, in place; each stands for `block` columns."""
    check_layer(layer)
    if not mixes_channels(layer):
        raise ValueError("The inputs of this layer are its outputs: use keep_outputs.")
    kept = channel_indices(kept, num_inputs(layer) // block)
    columns = block_indices(kept, block)
    cut(layer, "weight", columns, dim=1)
    setattr(layer, SIZES[type(layer)][1], len(columns))


@dataclass
class Group:
    """Channels that can only be removed together, and the layers that hold them."""

    size: int
    narrowest: int
    flat: bool = True  # can a linear layer read them?
    writers: list = field(default_factory=list)
    readers: dict = field(default_factory=dict)  # how many channels each reads
    shortcuts: list = field(default_factory=list)


PASSIVE = (nn.ReLU, nn.GELU, nn.Flatten, nn.Dropout, nn.Identity)
PASSIVE += (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def follow(layer, name, group, groups):
    """Enter a layer in the groups that it reads and writes; return the written one."""
    if type(layer) in PASSIVE:
        group.flat |= type(layer) is nn.Flatten
        return group
    if type(layer) is nn.Sequential:
        for child, part in layer.named_children():
            group = follow(part, f"{name}.{child}".strip("."), group, groups)
        return group
    if type(layer) is BasicBlock:
        return follow_block(layer, name, group, groups)
    check_layer(layer, name or "this model")
    return enter(layer, name, group, groups)


def enter(layer, name, group, groups):
    """A layer that mixes channels reads one group and begins another."""
    if mixes_channels(layer):
        is_linear = type(layer) is nn.Linear
        if is_linear and not group.flat:
            raise ValueError(f"Cannot follow {name}: no Flatten stands before it.")
        group.readers[name] = group.size
        size = num_outputs(layer)
        group = groups[name] = Group(size, narrowest=size, flat=is_linear)
    group.writers.append(name)
    return group


def follow_block(block, name, stream, groups):
    """A residual block: its inner channels are free, what it adds joins the stream."""
    group = stream
    for part in ("conv1", "bn1", "conv2", "bn2"):
        group = follow(getattr(block, part), f"{name}.{part}", group, groups)
    if block.added_channels < 0 or group is stream:
        raise ValueError(f"Cannot follow {name}: its shortcut may not drop channels.")
    groups.pop(next(key for key, value in groups.items() if value is group))
    stream.writers += group.writers
    stream.shortcuts.append(name)
    stream.size = group.size
    return stream


def channel_groups(model):
    """The groups of channels that can be removed, by their first writer's name."""
    weights = [p for _, p in model.named_parameters(remove_duplicate=False)]
    if len(weights) > len(set(weights)):
        raise ValueError(
            "Two layers of this model share a weight: copy it for each before cutting."
        )
    groups = {}
    last = follow(model, "", Group(0, 0), groups)
    return {name: group for name, group in groups.items() if group is not last}


def checked(groups, kept):
    """`kept` with sorted indices; a ValueError if a group or a channel isn't there."""
    unknown = [name for name in kept if name not in groups]
    if unknown:
        known = ", ".join(groups) or "none"
        raise ValueError(f"No channels are named {unknown[0]!r}; known: {known}.")
    result = {n: channel_indices(index, groups[n].size) for n, index in kept.items()}
    for name, index in result.items():
        least = groups[name].narrowest
        if index[0] >= least:
            raise ValueError(f"Keep one of the first {least} channels of {name}.")
    return result


def remove_channels(model, kept):
    """A smaller copy in which each group that `kept` names has only those channels."""
    groups = channel_groups(model)
    kept = checked(groups, kept)
    model = copy.deepcopy(model)
    for name, index in kept.items():
        remove_from_group(model, groups[name], index)
    return model


def remove_from_group(model, group, index):
    """Cut the layers of one group, in place; a narrow layer has its first channels."""
    for name in group.shortcuts:
        block = model.get_submodule(name)
        ends = num_outputs(block.bn2), num_outputs(block.bn2) - block.added_channels
        wide, narrow = (int((index < end).sum()) for end in ends)
        block.added_channels = wide - narrow
    for name in group.writers:
        layer = model.get_submodule(name)
        keep_outputs(layer, index[index < num_outputs(layer)])
    for name, channels in group.readers.items():
        layer = model.get_submodule(name)
        keep_inputs(layer, index[index < channels], num_inputs(layer) // channels)


@torch.no_grad()
def silence_outputs(layer, kept):
    """Set all but the outputs `kept` of a layer to zero, in place, for every input."""
    silent = torch.ones(num_outputs(layer), dtype=torch.bool)
    silent[kept[kept < len(silent)]] = False
    parameters = list(layer.parameters(recurse=False))
    if not parameters:
        raise ValueError("A batch-norm without gamma and beta cannot be silent.")
    for parameter in parameters:
        parameter[silent] = 0


def silence_channels(model, kept):
    """A full-size copy in which the other channels are silent: zero for every input."""
    groups = channel_groups(model)
    kept = checked(groups, kept)
    model = copy.deepcopy(model)
    for group_name, index in kept.items():
        for name in groups[group_name].writers:
            silence_outputs(model.get_submodule(name), index)
    return model


def l1_norm(layer):
    """The sum of absolute weights of each filter or neuron; biases stay out."""
    return (
        layer.weight.detach().abs().flatten(1).sum(1)
        if layer.weight.dim() > 1
        else None
    )


def bn_scale(layer):
    """The absolute scale gamma of each channel of a batch-norm."""
    is_norm = isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))
    return layer.weight.detach().abs() if is_norm else None


def first_order(layer):
    """For each output the sum of weight times gradient over all that goes with it."""
    total = torch.zeros(num_outputs(layer))
    for p in layer.parameters(recurse=False):
        total += (
            (p.detach() * p.grad).flatten(1).sum(1)
            if p.dim() > 1
            else p.detach() * p.grad
        )
    return total


def channel_scores(model, score_layer=l1_norm):
    """For each group, the mean of a score over the layers that write the channel."""
    scores = {}
    for name, group in channel_groups(model).items():
        total, count = torch.zeros(2, group.size)
        for layer in map(model.get_submodule, group.writers):
            score = score_layer(layer)
            if score is not None:
                total[: len(score)] += score
                count[: len(score)] += 1
        scores[name] = total / count
        if not scores[name].isfinite().all():
            raise ValueError(f"No score for {name}: it has no weights for it, or NaN.")
    return scores


def group_taylor(model, split):
    """The absolute first-order change of the loss for silencing each channel."""
    model = copy.deepcopy(model).eval()
    model.zero_grad()
    F.cross_entropy(model(split.images), split.labels).backward()
    return {n: s.abs() for n, s in channel_scores(model, first_order).items()}


def check_density(density):
    if not 0 < density <= 1:
        raise ValueError(
            f"A density is the fraction kept, above 0 and at most 1; got {density}: "
            "a layer without channels cuts the network in two."
        )


def keep_share(scores, density):
    """The best channels of each group: the same share of each, and at least one."""
    check_density(density)
    masks = {n: keep_largest(s, max(density, 1 / len(s))) for n, s in scores.items()}
    return {name: mask.nonzero().flatten() for name, mask in masks.items()}


def keep_globally(scores, density):
    """The best channels of all groups by score over group mean, the best of each kept."""
    check_density(density)
    relative = {name: s / s.mean() for name, s in scores.items()}
    for score in relative.values():
        score[score.argmax()] = torch.inf
    density = max(density, len(scores) / sum(map(len, scores.values())))
    masks = global_masks(relative, density)
    return {name: mask.nonzero().flatten() for name, mask in masks.items()}


class SelfAttention(nn.Module):
    """Self-attention, called like `nn.MultiheadAttention`; its heads may be few."""

    def __init__(self, width, num_heads, head_dim):
        super().__init__()
        self.num_heads, self.head_dim = num_heads, head_dim
        self.project_in = nn.Linear(width, 3 * num_heads * head_dim)
        self.project_out = nn.Linear(num_heads * head_dim, width)

    def forward(self, x, *_, key_padding_mask=None, need_weights=False):
        parts = self.project_in(x).unflatten(-1, (3, self.num_heads, self.head_dim))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        padding = key_padding_mask
        mask = None if padding is None else ~padding[:, None, None]
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.project_out(heads.transpose(1, 2).flatten(2)), None


def is_plain(attention):
    """Is this batch-first self-attention with biases, and nothing else?"""
    if type(attention) is not nn.MultiheadAttention or not attention.batch_first:
        return False
    together = attention.in_proj_weight is not None
    extras = attention.bias_k is not None or attention.add_zero_attn
    biases = attention.in_proj_bias is not None
    return together and biases and not extras and not attention.dropout


def self_attention(attention):
    """The function of a plain `nn.MultiheadAttention` as a SelfAttention of its own."""
    if type(attention) is SelfAttention:
        return copy.deepcopy(attention)
    if not is_plain(attention):
        kind = type(attention).__name__
        raise ValueError(
            f"Cannot take heads from this {kind}: it has to be a batch-first "
            "nn.MultiheadAttention with biases and without dropout or extras."
        )
    same = SelfAttention(attention.embed_dim, attention.num_heads, attention.head_dim)
    same = same.to(attention.in_proj_weight).train(attention.training)
    values = attention.state_dict().values()
    same.load_state_dict(dict(zip(same.state_dict(), values, strict=True)))
    return same


def keep_heads(attention, kept):
    """Self-attention with only the heads `kept` of the given one."""
    small = self_attention(attention)
    kept = channel_indices(kept, small.num_heads)
    heads = torch.cat([kept + part * small.num_heads for part in range(3)])
    keep_outputs(small.project_in, block_indices(heads, small.head_dim))
    keep_inputs(small.project_out, kept, block=small.head_dim)
    small.num_heads = len(kept)
    return small


def remove_heads(model, kept):
    """A copy in which each attention that `kept` names has only those heads."""
    model = copy.deepcopy(model)
    modules = dict(model.named_modules())
    for name, heads in kept.items():
        if name not in modules:
            raise ValueError(f"The model has no module {name!r} to take heads from.")
        model.set_submodule(name, keep_heads(modules[name], heads))
    return model


def remove_block(model, name):
    """A copy without one residual block, which must keep the shape of its input."""
    block = dict(model.named_children()).get(name)
    shortcut_is_free = type(block) is BasicBlock and not block.added_channels
    if type(model) is not nn.Sequential or not shortcut_is_free or block.stride != 1:
        raise ValueError(
            f"Cannot remove {name!r}: only a residual block of a sequential network can "
            "go, and only if its shortcut neither subsamples nor adds channels."
        )
    model = copy.deepcopy(model)
    delattr(model, name)
    return model


def mask_2_4(weight):
    """Keep the two largest magnitudes in every four neighbors along the inputs."""
    if weight.dim() < 2 or weight.shape[1] % 4 or weight.isnan().any():
        raise ValueError(
            "A 2:4 mask needs a weight without NaN whose second dimension, the inputs, "
            f"is a multiple of 4; got the shape {tuple(weight.shape)}."
        )
    by_input = weight.detach().abs().movedim(1, -1)
    mask = torch.zeros(by_input.shape, dtype=torch.bool, device=weight.device)
    largest = by_input.reshape(-1, 4).topk(2, dim=1).indices
    mask.view(-1, 4).scatter_(1, largest, True)
    return mask.movedim(-1, 1)
