"""Structured pruning: what is removed computes what the silent network computes, exactly."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from featherweight import measure, models
from featherweight.data import Split
from featherweight.techniques.magnitude_pruning import magnitudes
from featherweight.techniques.structured_pruning import (
    SelfAttention,
    bn_scale,
    channel_groups,
    channel_scores,
    group_taylor,
    keep_globally,
    keep_heads,
    keep_inputs,
    keep_outputs,
    keep_share,
    l1_norm,
    mask_2_4,
    remove_block,
    remove_channels,
    remove_heads,
    self_attention,
    silence_channels,
)

EXACT = {"rtol": 0, "atol": 1e-12}


def separable(in_channels, out_channels, stride):
    depthwise = nn.Conv2d(in_channels, in_channels, 3, stride, padding=1, groups=in_channels)
    return nn.Sequential(depthwise, nn.Conv2d(in_channels, out_channels, 1))


def depthwise_net():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 5, 1, bias=False), nn.BatchNorm2d(5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5 * 3 * 4, 7), nn.Dropout(), nn.Linear(7, 3),
    )  # fmt: skip


# Pictures are not square, and no two sizes of a layer are equal, so that no mix-up fits by luck.
NETWORKS = {
    "mlp": (lambda: models.mlp((70, 13, 11, 4)), (1, 7, 10)),
    "small_cnn": (lambda: models.small_cnn(width=6, hidden=9, size=8), (1, 8, 8)),
    "vgg": (lambda: models.vgg(width=0.08), (3, 16, 24)),
    "resnet": (lambda: models.resnet(depth=14, width=4), (3, 12, 16)),
    "depthwise resnet": (lambda: models.resnet(width=4, conv=separable), (3, 12, 16)),
    "depthwise": (depthwise_net, (1, 10, 12)),
    "mlp with batch-norm": (
        lambda: nn.Sequential(
            nn.Linear(8, 7), nn.BatchNorm1d(7), nn.GELU(), nn.Linear(7, 3, bias=False)
        ),
        (8,),
    ),
}


def network(name, seed=0):
    """A network in double precision whose batch-norms look trained, and an input."""
    build, shape = NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build().double().eval()
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                for tensor in (layer.weight.data, layer.bias.data, layer.running_mean):
                    tensor.normal_()
                layer.running_var.uniform_(0.5, 2)
        return model, torch.randn(5, *shape, dtype=torch.float64)


def draw(groups, seed):
    """Some channels of each group, in no order; at least one of the narrowest layer's."""
    generator = torch.Generator().manual_seed(seed)
    kept = {}
    for name, group in groups.items():
        first = torch.randint(group.narrowest, (1,), generator=generator)
        others = torch.rand(group.size, generator=generator) < 0.5
        kept[name] = sorted({first.item(), *others.nonzero().flatten().tolist()}, reverse=True)
    return kept


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def unchanged(model, before):
    after = model.state_dict()
    return before.keys() == after.keys() and all(torch.equal(before[n], after[n]) for n in before)


# ---------------------------------------------------------------- equality


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_without_channels_computes_what_it_does_with_silent_ones(name, seed):
    model, x = network(name, seed)
    before = state(model)
    kept = draw(channel_groups(model), seed)
    silent, small = silence_channels(model, kept), remove_channels(model, kept)
    torch.testing.assert_close(small(x), silent(x), **EXACT)
    assert not torch.allclose(small(x), model(x))
    assert unchanged(model, before)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_coupling_holds_by_itself(name):
    model, x = network(name)
    for group, kept in draw(channel_groups(model), seed=1).items():
        silent = silence_channels(model, {group: kept})
        small = remove_channels(model, {group: kept})
        torch.testing.assert_close(small(x), silent(x), **EXACT)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_removed_channel_is_gone_from_shapes_and_attributes(name):
    model, x = network(name)
    small = remove_channels(model, draw(channel_groups(model), seed=2))
    for layer in small.modules():
        if isinstance(layer, nn.Linear):
            assert layer.weight.shape == (layer.out_features, layer.in_features)
        if isinstance(layer, nn.Conv2d):
            assert layer.weight.shape[:2] == (layer.out_channels, layer.in_channels // layer.groups)
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            assert len(layer.running_mean) == len(layer.running_var) == layer.num_features
    assert measure.count_macs(small, x.shape[1:]) < measure.count_macs(model, x.shape[1:])


def test_a_small_network_trains_and_can_be_cut_again():
    model, x = network("resnet")
    small = remove_channels(model, {"0": [0, 2, 5, 9], "4.conv1": [1, 3]})
    small.train()
    small(x).sum().backward()
    assert all(p.grad is not None and p.requires_grad for p in small.parameters())
    small.eval()
    kept = {"0": [0, 2], "4.conv1": [1]}
    torch.testing.assert_close(
        remove_channels(small, kept)(x), silence_channels(small, kept)(x), **EXACT
    )


def test_keeping_everything_changes_nothing():
    model, x = network("resnet")
    kept = {name: range(group.size) for name, group in channel_groups(model).items()}
    assert torch.equal(remove_channels(model, kept)(x), model(x))
    assert torch.equal(remove_channels(model, {})(x), model(x))


def test_zeros_in_the_rows_alone_leak_through_batch_norm():
    model, x = network("vgg")
    small = remove_channels(model, {"0": [1, 3]})
    for tensor in model[0].parameters():
        tensor.data[[0, 2, 4]] = 0
    assert (model(x) - small(x)).abs().max() > 1e-3
    for tensor in model[1].parameters():
        tensor.data[[0, 2, 4]] = 0
    torch.testing.assert_close(small(x), model(x), **EXACT)


def test_parameters_and_macs_are_those_of_the_smaller_architecture():
    small = remove_channels(models.mlp(), {"1": range(75), "3": range(0, 100, 4)})
    same = models.mlp((784, 75, 25, 10))
    assert measure.count_parameters(small) == measure.count_parameters(same) == 61_035
    assert measure.count_macs(small, (1, 28, 28)) == 784 * 75 + 75 * 25 + 25 * 10
    halves = {name: range(0, g.size, 2) for name, g in channel_groups(models.small_cnn()).items()}
    small = remove_channels(models.small_cnn(width=8, hidden=64), halves)
    assert measure.count_parameters(small) == measure.count_parameters(models.small_cnn(4, 32))


# ---------------------------------------------------------------- groups


def test_the_channels_of_a_residual_stream_are_one_group_over_all_stages():
    groups = channel_groups(models.resnet(depth=8, width=4))
    assert list(groups) == ["0", "3.conv1", "4.conv1", "5.conv1"]
    stream = groups["0"]
    assert (stream.size, stream.narrowest) == (16, 4)
    assert stream.writers == ["0", "1", *(f"{b}.{n}" for b in (3, 4, 5) for n in ("conv2", "bn2"))]
    assert stream.readers == {"3.conv1": 4, "4.conv1": 4, "5.conv1": 8, "8": 16}


def test_channels_that_a_stage_adds_can_go_without_the_others():
    model, x = network("resnet")
    small = remove_channels(model, {"0": [0, 1, 2, 3, 6, 15]})
    assert [b.added_channels for b in small[3:9]] == [0, 0, 1, 0, 1, 0]
    assert [b.bn2.num_features for b in small[3:9]] == [4, 4, 5, 5, 6, 6]
    silent = silence_channels(model, {"0": [0, 1, 2, 3, 6, 15]})
    torch.testing.assert_close(small(x), silent(x), **EXACT)


def test_neither_inputs_nor_classes_are_offered_for_removal():
    assert list(channel_groups(models.mlp((5, 4, 3)))) == ["1"]
    assert channel_groups(models.mlp((5, 3))) == {}
    starts_depthwise = nn.Sequential(nn.Conv2d(3, 3, 1, groups=3), nn.Conv2d(3, 4, 1))
    assert channel_groups(starts_depthwise) == {}


# ---------------------------------------------------------------- single layers


def test_inputs_behind_a_flatten_go_in_neighboring_blocks():
    layer = nn.Linear(6, 1, bias=False)
    layer.weight.data = torch.arange(6.0)[None]
    keep_inputs(layer, [2, 0], block=2)
    assert layer.weight.tolist() == [[0, 1, 4, 5]]
    assert layer.in_features == 4


def test_outputs_take_bias_scale_shift_and_statistics_with_them():
    norm = nn.BatchNorm2d(3)
    for i, tensor in enumerate((norm.weight.data, norm.bias.data, norm.running_mean)):
        tensor.copy_(torch.arange(3.0) + 10 * i)
    keep_outputs(norm, [2, 1])
    assert norm.weight.tolist() == [1, 2]
    assert norm.bias.tolist() == [11, 12]
    assert norm.running_mean.tolist() == [21, 22]
    assert norm.num_features == 2


# ---------------------------------------------------------------- heads and layers


@pytest.mark.parametrize("kept", [[0], [3, 1], [0, 1, 2, 3]])
def test_heads_are_removed_with_their_projections(kept):
    model = models.build("tiny_transformer", seed=0, width=12).double().eval()
    before = state(model)
    silent = copy.deepcopy(model)
    for head in set(range(4)) - set(kept):
        silent.blocks[1].attention.out_proj.weight.data[:, 3 * head : 3 * head + 3] = 0
    small = remove_heads(model, {"blocks.1.attention": kept})
    tokens = torch.randint(1, 256, (4, 9), generator=torch.Generator().manual_seed(0))
    tokens[1:, 6:] = 0
    torch.testing.assert_close(small(tokens), silent(tokens), **EXACT)
    assert small.blocks[1].attention.project_in.weight.shape == (9 * len(kept), 12)
    assert unchanged(model, before)


def test_heads_can_be_removed_twice():
    attention = nn.MultiheadAttention(12, 4, batch_first=True).double().eval()
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    twice = keep_heads(keep_heads(attention, [0, 2, 3]), [1, 2])
    torch.testing.assert_close(twice(x)[0], keep_heads(attention, [2, 3])(x)[0], **EXACT)


def test_a_copy_of_an_attention_shares_nothing_with_it():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    same = self_attention(attention)
    same.project_in.weight.data.zero_()
    assert attention.in_proj_weight.abs().sum() > 0
    assert isinstance(same, SelfAttention)


def test_a_block_with_a_free_shortcut_can_be_taken_out():
    model, x = network("resnet")
    silent = copy.deepcopy(model)
    for parameter in silent[4].bn2.parameters():
        parameter.data.zero_()
    small = remove_block(model, "4")
    torch.testing.assert_close(small(x), silent(x), **EXACT)
    assert len(model) == len(small) + 1
    kept = draw(channel_groups(small), seed=0)
    torch.testing.assert_close(
        remove_channels(small, kept)(x), silence_channels(small, kept)(x), **EXACT
    )


# ---------------------------------------------------------------- scores and budgets


def test_a_filters_score_is_the_sum_of_its_absolute_weights():
    layer = nn.Conv2d(2, 2, 1)
    layer.weight.data = torch.tensor([[1.0, -2], [0, 0.5]]).view(2, 2, 1, 1)
    assert l1_norm(layer).tolist() == [3, 0.5]
    assert l1_norm(nn.BatchNorm2d(2)) is None
    assert bn_scale(layer) is None


def test_the_score_of_coupled_channels_is_the_mean_over_those_that_write_them():
    model = models.resnet(depth=8, width=2)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data.fill_(layer.num_features)
    assert channel_scores(model, bn_scale)["0"].tolist() == [4, 4, 6, 6, 8, 8, 8, 8]


def test_taylor_scores_sum_weight_times_gradient_over_all_of_a_neuron():
    model = models.mlp((3, 4, 2)).double()
    images = torch.randn(6, 3, dtype=torch.float64)
    split = Split(images, torch.tensor([0, 1, 1, 0, 1, 0]))
    before = state(model)
    scores = group_taylor(model, split)["1"].double()
    h = torch.ones(4, dtype=torch.float64, requires_grad=True)  # a gate in front of each ReLU
    logits = model[3](((model[1](images)) * h).relu())
    (slope,) = torch.autograd.grad(nn.functional.cross_entropy(logits, split.labels), h)
    torch.testing.assert_close(scores, slope.abs(), rtol=0, atol=1e-6)
    assert unchanged(model, before)
    assert all(p.grad is None for p in model.parameters())


def test_a_share_keeps_the_best_of_each_group_and_at_least_one():
    scores = {"a": torch.tensor([3.0, 1, 2, 4]), "b": torch.tensor([5.0, 9])}
    kept = keep_share(scores, 0.5)
    assert {name: index.tolist() for name, index in kept.items()} == {"a": [0, 3], "b": [1]}
    kept = keep_share(scores, 0.01)
    assert {name: index.tolist() for name, index in kept.items()} == {"a": [3], "b": [1]}


def test_a_global_budget_compares_scores_with_their_groups_mean():
    scores = {"a": torch.tensor([1.0, 1, 10]), "b": torch.tensor([700.0, 600, 800])}
    kept = keep_globally(scores, 0.5)
    assert {name: index.tolist() for name, index in kept.items()} == {"a": [2], "b": [0, 2]}
    assert {n: len(i) for n, i in keep_globally(scores, 0.01).items()} == {"a": 1, "b": 1}
    assert scores["a"].tolist() == [1, 1, 10]


# ---------------------------------------------------------------- two of four


def test_two_of_four_are_kept_along_the_inputs():
    row = torch.tensor([[1, -3, 2, 0.5, 4, 4.1, -5, 0]])
    assert mask_2_4(row).int().tolist() == [[0, 1, 1, 0, 0, 1, 1, 0]]


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 5), fours=st.integers(1, 4), seed=st.integers(0, 1000))
def test_every_four_inputs_keep_their_two_largest(rows, fours, seed):
    weight = torch.randn(rows, 4 * fours, generator=torch.Generator().manual_seed(seed))
    mask = mask_2_4(weight).view(-1, 4)
    assert (mask.sum(dim=1) == 2).all()
    size = weight.abs().view(-1, 4)
    least_kept = size.masked_fill(~mask, torch.inf).amin(dim=1)
    assert (least_kept >= size.masked_fill(mask, 0).amax(dim=1)).all()


def test_the_fours_of_a_convolution_are_input_channels():
    kernel = torch.randn(3, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    mask = mask_2_4(kernel)
    assert mask.shape == kernel.shape
    assert (mask.view(3, 2, 4, 3, 3).sum(dim=2) == 2).all()
    assert torch.equal(mask[:, :, 1, 2], mask_2_4(kernel[:, :, 1, 2]))


# ---------------------------------------------------------------- independent libraries


@pytest.mark.parametrize("name", ["mlp", "small_cnn", "vgg", "depthwise"])
def test_torch_pruning_removes_the_same(name):
    tp = pytest.importorskip("torch_pruning")
    model, x = network(name)
    cuts = {nn.Conv2d: tp.prune_conv_out_channels, nn.Linear: tp.prune_linear_out_channels}
    for group, kept in draw(channel_groups(model), seed=3).items():
        theirs = copy.deepcopy(model)
        graph = tp.DependencyGraph().build_dependency(theirs, example_inputs=x)
        layer = theirs.get_submodule(group)
        gone = sorted(set(range(len(layer.weight))) - set(kept))
        if gone:
            graph.get_pruning_group(layer, cuts[type(layer)], idxs=gone).prune()
        ours = remove_channels(model, {group: kept})
        torch.testing.assert_close(ours(x), theirs(x), **EXACT)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "kept",
    [{"0": []}, {"0": [6]}, {"0": [-1]}, {"0": [1, 1]}, {"0": [0.5]}, {"0": [True] * 6}, {"0": 3}],
    ids=str,
)
@pytest.mark.parametrize("function", [remove_channels, silence_channels])
def test_channels_that_cannot_be_kept_are_refused(function, kept):
    model, _ = network("small_cnn")
    before = state(model)
    with pytest.raises(ValueError, match="Name the channels to keep by their numbers from 0 to 5"):
        function(model, kept)
    assert unchanged(model, before)


def test_a_group_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match=r"No channels are named '9'; known: 0, 3, 7\."):
        remove_channels(models.small_cnn(), {"9": [0]})


def test_a_stream_needs_a_channel_of_its_narrowest_layer():
    with pytest.raises(ValueError, match="one of the first 4 channels of 0"):
        remove_channels(models.resnet(depth=8, width=4), {"0": [5, 9]})


class Doubling(nn.Module):
    """A layer that nobody knows."""

    def forward(self, x):
        return torch.cat([x, x], dim=1)


class Scaled(nn.Linear):
    """A linear layer that computes something else."""


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Doubling(), "Doubling"),
        (Scaled(4, 4), "Scaled"),
        (nn.LayerNorm(4), "LayerNorm"),
        (nn.Sigmoid(), "Sigmoid"),
        (nn.Conv2d(4, 4, 1, groups=2), "groups hold several channels"),
        (nn.Conv2d(4, 8, 1, groups=4), "groups hold several channels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_layer_that_is_not_known_is_refused(layer, reason):
    model = nn.Sequential(nn.Conv2d(1, 4, 1), layer, nn.Conv2d(4, 2, 1))
    before = state(model)
    with pytest.raises(ValueError, match=reason):
        remove_channels(model, {"0": [0]})
    assert unchanged(model, before)


def test_a_layer_with_a_mask_is_refused():
    model = models.mlp((5, 4, 3))
    prune.l1_unstructured(model[1], "weight", amount=0.5)
    with pytest.raises(ValueError, match=r"prune\.remove"):
        remove_channels(model, {"1": [0]})


def test_a_linear_layer_that_reads_pixels_is_refused():
    with pytest.raises(ValueError, match="no Flatten stands before it"):
        remove_channels(nn.Sequential(nn.Conv2d(1, 4, 1), nn.Linear(8, 2)), {"0": [0]})


def test_a_weight_in_two_places_is_refused():
    layer = nn.Linear(4, 4)
    with pytest.raises(ValueError, match="share a weight"):
        remove_channels(nn.Sequential(layer, nn.ReLU(), layer), {"0": [0]})


def test_a_transformer_as_a_whole_is_refused():
    with pytest.raises(ValueError, match="Cannot cut this model"):
        remove_channels(models.tiny_transformer(), {})


def test_a_batch_norm_without_parameters_can_be_removed_but_not_silenced():
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4, affine=False), nn.Conv2d(4, 2, 1))
    assert remove_channels(model, {"0": [1, 2]})[1].num_features == 2
    with pytest.raises(ValueError, match="cannot be silent"):
        silence_channels(model, {"0": [1, 2]})


@pytest.mark.parametrize("layer", [nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1, groups=4)])
def test_a_layer_without_inputs_of_its_own_is_refused(layer):
    with pytest.raises(ValueError, match="use keep_outputs"):
        keep_inputs(layer, [0])


@pytest.mark.parametrize("density", [0, -0.1, 1.5, float("nan")])
@pytest.mark.parametrize("budget", [keep_share, keep_globally])
def test_a_density_that_leaves_no_channel_is_refused(budget, density):
    with pytest.raises(ValueError, match="cuts the network in two"):
        budget({"a": torch.tensor([1.0, 2])}, density)


def test_scores_of_weights_that_are_not_numbers_are_refused():
    model = models.mlp((5, 4, 3))
    model[1].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="No score for 1"):
        channel_scores(model)
    with pytest.raises(ValueError, match="No score for 1"):
        channel_scores(models.mlp((5, 4, 3)), bn_scale)


@pytest.mark.parametrize("name", ["0", "5", "none"])
def test_a_module_that_cannot_be_taken_out_is_refused(name):
    model = models.resnet(depth=14, width=2)
    with pytest.raises(ValueError, match="only a residual block"):
        remove_block(model, name)


@pytest.mark.parametrize(
    ("name", "heads", "reason"),
    [
        ("blocks.0.attention", [4], "from 0 to 3"),
        ("blocks.0.attention", [], "at least one"),
        ("blocks.7.attention", [0], "no module 'blocks.7.attention'"),
        ("blocks.0.mlp", [0], "Cannot take heads from this Sequential"),
    ],
)
def test_heads_that_cannot_be_kept_are_refused(name, heads, reason):
    model = models.tiny_transformer()
    before = state(model)
    with pytest.raises(ValueError, match=reason):
        remove_heads(model, {name: heads})
    assert unchanged(model, before)


@pytest.mark.parametrize(
    "options",
    [{"batch_first": False}, {"bias": False}, {"dropout": 0.1}, {"add_bias_kv": True}, {"kdim": 3}],
    ids=str,
)
def test_an_attention_with_extras_is_refused(options):
    attention = nn.MultiheadAttention(4, 2, **({"batch_first": True} | options))
    with pytest.raises(ValueError, match="batch-first"):
        keep_heads(attention, [0])


@pytest.mark.parametrize("weight", [torch.ones(4), torch.ones(4, 6), torch.full((2, 4), torch.nan)])
def test_a_weight_that_has_no_fours_is_refused(weight):
    with pytest.raises(ValueError, match="multiple of 4"):
        mask_2_4(weight)


def test_two_of_four_of_a_whole_network_is_half_of_it():
    masks = [mask_2_4(w) for w in magnitudes(models.lenet_300_100()).values()]
    assert all(2 * int(mask.sum()) == mask.numel() for mask in masks)
