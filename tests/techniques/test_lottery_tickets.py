"""Iterative magnitude pruning with rewinding: masks, states, controls, overlaps, bad input."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from featherweight import models
from featherweight.data import Split
from featherweight.techniques.lottery_tickets import (
    Snapshot,
    chance_overlap,
    find_ticket,
    mask_overlap,
    num_kept,
    random_masks,
    reinitialized,
    rewound,
    shuffled_masks,
    state_of,
    surviving_masks,
)
from featherweight.techniques.magnitude_pruning import apply_masks, keep_masks, prunable
from featherweight.train import train


def small_model(seed=0):
    """Weights, biases, and batch normalization with its buffers."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4))


def ones(model):
    return {name: torch.ones_like(w).bool() for name, w in prunable(model).items()}


class ScriptedTraining:
    """A `train_fn` that writes known values everywhere and remembers what it was given."""

    def __init__(self):
        self.given = []

    def __call__(self, model, masks):
        self.given.append((state_of(model), {n: m.clone() for n, m in masks.items()}))
        generator = torch.Generator().manual_seed(len(self.given))
        with torch.no_grad():
            for tensor in model.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(torch.randn(tensor.shape, generator=generator))
                else:
                    tensor.add_(1)
        apply_masks(model, masks)


def same(one, other):
    return all(one[name].equal(other[name]) for name in other) and one.keys() == other.keys()


def under(state, masks):
    return {n: t * masks[n] if n in masks else t for n, t in state.items()}


def test_counts_follow_the_fraction_of_what_remains():
    model = models.build("lenet_300_100", seed=0)
    rounds = find_ticket(model, lambda model, masks: None, num_rounds=20)
    counts = [num_kept(one.masks) for one in rounds]
    expected = {0: 266_200, 1: 212_960, 5: 87_228, 10: 28_583, 15: 9_366, 20: 3_069}
    assert {r: counts[r] for r in expected} == expected


def test_every_round_starts_from_the_initial_state_under_its_masks():
    model, training = small_model(), ScriptedTraining()
    before = state_of(model)
    rounds = find_ticket(model, training, num_rounds=3, keep=0.5)
    assert len(training.given) == len(rounds) == 4
    for (start, masks), one in zip(training.given, rounds, strict=True):
        assert same(start, under(before, masks))
        assert same(masks, one.masks)
    assert same(state_of(model), before)


def test_rewinding_goes_to_the_state_that_was_named():
    model, training = small_model(0), ScriptedTraining()
    later = state_of(small_model(7))
    kept = {name: tensor.clone() for name, tensor in later.items()}
    find_ticket(model, training, num_rounds=2, keep=0.5, rewind_to=later)
    assert all(same(start, under(later, masks)) for start, masks in training.given)
    assert same(later, kept)


def test_masks_are_nested_and_chosen_from_the_trained_weights():
    rounds = find_ticket(small_model(), ScriptedTraining(), num_rounds=4, keep=0.6)
    for before, after in pairwise(rounds):
        for name, mask in after.masks.items():
            assert not (mask & ~before.masks[name]).any()
        trained = torch.cat([w.detach().abs().flatten() for w in prunable(before.model).values()])
        mask = torch.cat([m.flatten() for m in after.masks.values()])
        assert trained[mask].min() >= trained[~mask].max()
        assert num_kept(after.masks) == round(0.6 * num_kept(before.masks))


def test_a_removed_weight_stays_removed_when_survivors_are_zero():
    model = nn.Linear(6, 1)
    masks = {"weight": torch.tensor([[1, 1, 1, 1, 0, 0]]).bool()}
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 0, 0, 0, 0, 0]]))
    after = surviving_masks(model, masks, keep=0.75)["weight"]
    assert int(after.sum()) == 3
    assert not after[0, 4:].any()


def test_a_negative_weight_is_as_large_as_a_positive_one():
    model = nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[-4.0, 1, 3, -2]]))
    after = surviving_masks(model, ones(model), keep=0.5)["weight"]
    assert after.tolist() == [[True, False, True, False]]


def test_a_saved_state_does_not_follow_the_model():
    model = small_model()
    state = state_of(model)
    kept = {name: tensor.clone() for name, tensor in state.items()}
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(1)
    assert same(state, kept)


def test_rewinding_restores_biases_and_buffers_and_copies_the_model():
    model = small_model()
    state = state_of(model)
    model.train()(torch.randn(9, 6))
    with torch.no_grad():
        model[0].bias.fill_(3)
    changed = state_of(model)
    masks = ones(model)
    masks["0.weight"][0] = False
    back = rewound(model, state, masks)
    assert same(state_of(back), under(state, masks))
    assert same(state_of(model), changed)


def test_masks_hold_through_real_training():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, 2, 3, generator=generator)
    split = Split(images, torch.randint(4, (64,), generator=generator))
    model = nn.Sequential(nn.Flatten(), small_model())

    def train_fn(model, masks):
        train(model, split, num_epochs=2, lr=0.1, after_step=keep_masks(masks), progress=False)

    last = find_ticket(model, train_fn, num_rounds=2, keep=0.5)[-1]
    for name, weight in prunable(last.model).items():
        assert not weight[~last.masks[name]].any()


def test_a_snapshot_holds_the_state_after_its_step():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(40, 1, 2, 3, generator=generator)
    split = Split(images, torch.randint(4, (40,), generator=generator))
    model, seen = nn.Sequential(nn.Flatten(), small_model()), []
    snapshot = Snapshot(3)

    def after_step(model, step):
        seen.append(state_of(model))
        snapshot(model, step)

    train(model, split, num_epochs=3, lr=0.1, batch_size=20, after_step=after_step, progress=False)
    assert len(seen) == 6
    assert same(snapshot.state, seen[2])
    assert not same(snapshot.state, seen[3])


def test_masks_equal_those_of_the_library_called_round_by_round():
    model, keep = models.mlp((12, 9, 7)), 0.7
    rounds = find_ticket(model, ScriptedTraining(), num_rounds=4, keep=keep)
    library = copy.deepcopy(model)
    layers = [(m, "weight") for m in library if isinstance(m, nn.Linear)]
    for one, following in pairwise(rounds):
        trained = list(prunable(one.model).values())
        for (layer, _), weight in zip(layers, trained, strict=True):
            getattr(layer, "weight_orig", layer.weight).data.copy_(weight.data)
            if hasattr(layer, "weight_mask"):
                layer.weight = layer.weight_orig * layer.weight_mask
        prune.global_unstructured(layers, prune.L1Unstructured, amount=1 - keep)
        masks = [layer.weight_mask.bool() for layer, _ in layers]
        ours = following.masks.values()
        assert all(a.equal(b) for a, b in zip(ours, masks, strict=True))


# ---------------------------------------------------------------- controls


def test_a_reinitialized_model_equals_a_new_one_of_that_seed():
    for name in ("lenet_300_100", "small_cnn", "resnet8"):
        model = models.build(name, seed=0)
        model.train()(torch.rand(4, 3 if name == "resnet8" else 1, 28, 28))
        again = reinitialized(model, seed=5)
        assert same(state_of(again), state_of(models.build(name, seed=5)))


def test_reinitializing_changes_neither_the_model_nor_the_global_generator():
    model = small_model()
    before = state_of(model)
    generator = torch.get_rng_state()
    reinitialized(model, seed=1)
    assert same(state_of(model), before)
    assert torch.get_rng_state().equal(generator)


def some_masks(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a": (40, 30, 0.1), "b": (20, 40, 0.5), "c": (10, 20, 0.9)}
    return {n: torch.rand(i, j, generator=generator) < d for n, (i, j, d) in shapes.items()}


def test_shuffled_masks_keep_every_layers_count():
    masks = some_masks()
    shuffled = shuffled_masks(masks, seed=1)
    assert {n: int(m.sum()) for n, m in shuffled.items()} == {
        n: int(m.sum()) for n, m in masks.items()
    }
    assert all(not shuffled[n].equal(m) and shuffled[n].shape == m.shape for n, m in masks.items())
    assert same(shuffled, shuffled_masks(masks, seed=1))
    assert same(masks, some_masks())


def test_random_masks_keep_the_total_and_level_the_layers():
    masks = some_masks()
    mixed = random_masks(masks, seed=1)
    assert num_kept(mixed) == num_kept(masks)
    overall = num_kept(masks) / sum(m.numel() for m in masks.values())
    for name, mask in mixed.items():
        assert mask.shape == masks[name].shape
        assert mask.double().mean().item() == pytest.approx(overall, abs=0.12)


# ---------------------------------------------------------------- overlap


def test_overlap_by_hand():
    one = {"w": torch.tensor([[1, 1, 0, 0], [1, 0, 0, 0]]).bool()}
    other = {"w": torch.tensor([[1, 0, 0, 0], [1, 1, 1, 1]]).bool()}
    assert mask_overlap(one, other) == pytest.approx(2 * 2 / (3 + 5))
    assert mask_overlap(one, one) == 1
    assert chance_overlap(one, other) == pytest.approx(3 * 5 / 8 / 4)
    by_input = (2 * 2 + 1 * 1 + 0 + 0) / 2
    assert chance_overlap(one, other, per_input=True) == pytest.approx(by_input / 4)


def test_the_expected_overlap_is_the_mean_over_shuffled_masks():
    one, other = some_masks(0), some_masks(1)
    overlaps = [mask_overlap(one, shuffled_masks(other, seed)) for seed in range(300)]
    measured = torch.tensor(overlaps, dtype=torch.float64)
    error = measured.std().item() / len(overlaps) ** 0.5
    assert chance_overlap(one, other) == pytest.approx(measured.mean().item(), abs=4 * error)


# ---------------------------------------------------------------- bad input


def refuses(message, call, model):
    before = state_of(model)
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert same(state_of(model), before)


@pytest.mark.parametrize("keep", [0, 1, -0.2, 1.5, float("nan")])
def test_a_fraction_outside_zero_to_one_is_refused(keep):
    model = small_model()
    refuses("keep is the fraction", lambda: surviving_masks(model, ones(model), keep), model)
    refuses("keep is", lambda: find_ticket(model, ScriptedTraining(), 2, keep), model)


def test_pruning_that_leaves_nothing_is_refused():
    model = small_model()
    refuses("keep no weight", lambda: find_ticket(model, ScriptedTraining(), 9, 0.3), model)


def test_a_negative_number_of_rounds_is_refused():
    model = small_model()
    refuses("num_rounds", lambda: find_ticket(model, ScriptedTraining(), -1), model)


def test_a_model_without_weights_is_refused():
    model = nn.Sequential(nn.ReLU())
    refuses("no weight matrix", lambda: find_ticket(model, ScriptedTraining(), 1), model)


def test_empty_and_foreign_masks_are_refused():
    model = small_model()
    state, masks = state_of(model), ones(model)
    empty = {name: torch.zeros_like(mask) for name, mask in masks.items()}
    refuses("keep no weight", lambda: rewound(model, state, empty), model)
    refuses("another model", lambda: rewound(model, state, {"0.weight": masks["0.weight"]}), model)
    more = masks | {"5.weight": masks["0.weight"]}
    refuses("another model", lambda: rewound(model, state, more), model)
    turned = {name: mask.T for name, mask in masks.items()}
    refuses("another model", lambda: surviving_masks(model, turned, 0.5), model)


def test_a_foreign_state_is_refused():
    model = small_model()
    foreign = state_of(models.mlp((6, 4)))
    refuses("state belongs", lambda: rewound(model, foreign, ones(model)), model)
    refuses(
        "state belongs",
        lambda: find_ticket(model, ScriptedTraining(), 1, rewind_to=foreign),
        model,
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_diverged_training_is_refused(value):
    model = small_model()

    def train_fn(model, masks):
        model[3].weight.data[1, 2] = value

    refuses("smaller lr", lambda: find_ticket(model, train_fn, 1), model)


def test_training_that_lets_removed_weights_come_back_is_refused():
    model = small_model()

    def train_fn(model, masks):
        model[0].weight.data.add_(0.1)

    refuses("came back", lambda: find_ticket(model, train_fn, 2), model)


def test_a_layer_without_a_rule_is_refused():
    model = models.build("tiny_transformer", width=8, num_heads=2, num_layers=1)
    refuses("initialize a", lambda: reinitialized(model, seed=0), model)


def test_masks_of_different_models_have_no_overlap():
    masks = some_masks()
    empty = {name: torch.zeros_like(mask) for name, mask in masks.items()}
    for statistic in (mask_overlap, chance_overlap):
        with pytest.raises(ValueError, match="same model"):
            statistic(masks, {"a": masks["a"]})
        with pytest.raises(ValueError, match="keep no weight"):
            statistic(empty, empty)
