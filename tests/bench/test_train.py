"""The training loop: it learns, repeats itself under a seed, and gives hooks what they need."""

import copy

import pytest
import torch
from torch.nn import functional as F

from featherweight import models
from featherweight.data import Split
from featherweight.measure import accuracy, predict
from featherweight.train import Batch, batches, cross_entropy, train


@pytest.fixture
def split():
    """Forty points whose class is the sign of their first coordinate."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(40, 1, 2, 2, generator=generator)
    return Split(images, (images[:, 0, 0, 0] > 0).long())


@pytest.fixture
def model():
    return models.build("mlp", seed=0, sizes=(4, 8, 2))


def test_it_learns_a_separable_problem(model, split):
    history = train(model, split, num_epochs=60, lr=0.1, batch_size=8, progress=False)
    assert accuracy(model, split) == 1.0
    assert history[-1]["loss"] < history[0]["loss"] / 4


def test_the_same_seed_gives_the_same_weights(model, split):
    other = copy.deepcopy(model)
    for m in (model, other):
        train(m, split, num_epochs=2, lr=0.1, batch_size=8, seed=5, progress=False)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )


def test_another_seed_gives_another_order(split):
    first, second = (
        next(iter(batches(split, 8, torch.Generator().manual_seed(seed)))).index for seed in (0, 1)
    )
    assert first.tolist() != second.tolist()


def test_an_epoch_visits_every_example_once(split):
    index = torch.cat([b.index for b in batches(split, 7, torch.Generator().manual_seed(0))])
    assert sorted(index.tolist()) == list(range(40))


def test_it_equals_a_loop_written_with_plain_pytorch(model, split):
    twin = copy.deepcopy(model)
    train(
        model, split, num_epochs=3, lr=0.1, batch_size=16, weight_decay=0.01, seed=1, progress=False
    )
    optimizer = torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)
    order = torch.Generator().manual_seed(1)
    for _ in range(3):
        for index in torch.randperm(40, generator=order).split(16):
            optimizer.zero_grad()
            F.cross_entropy(twin(split.images[index]), split.labels[index]).backward()
            optimizer.step()
            schedule.step()
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_the_step_hook_runs_after_every_update_and_counts_from_one(model, split):
    steps = []
    train(
        model, split, num_epochs=2, lr=0.1, batch_size=16, progress=False,
        after_step=lambda m, step: steps.append(step),
    )  # fmt: skip
    assert steps == [1, 2, 3, 4, 5, 6]


def test_the_loss_function_sees_the_model_and_the_positions_of_its_batch(model, split):
    seen = []

    def loss_fn(model, batch: Batch):
        assert torch.equal(split.images[batch.index], batch.images)
        seen.extend(batch.index.tolist())
        return cross_entropy(model, batch)

    train(model, split, num_epochs=1, lr=0.1, batch_size=16, loss_fn=loss_fn, progress=False)
    assert sorted(seen) == list(range(40))


def test_the_optimizer_can_be_replaced(model, split):
    made = []

    def adam(parameters):
        made.append(torch.optim.Adam(parameters, 0.01))
        return made[0]

    train(model, split, num_epochs=1, lr=0.01, optimizer=adam, progress=False)
    assert made[0].state


def test_frozen_parameters_do_not_move(model, split):
    model[1].weight.requires_grad_(False)
    before = model[1].weight.clone()
    train(model, split, num_epochs=1, lr=0.1, progress=False)
    assert torch.equal(model[1].weight, before)


def test_validation_accuracy_is_reported_per_epoch(model, split):
    history = train(model, split, num_epochs=2, lr=0.1, val=split, progress=False)
    assert [h["epoch"] for h in history] == [1, 2]
    assert history[-1]["val_accuracy"] == accuracy(model, split)


@pytest.mark.parametrize("training", [True, False])
def test_the_models_mode_is_restored(model, split, training):
    model.train(training)
    train(model, split, num_epochs=1, lr=0.1, progress=False)
    predict(model, split.images)
    assert model.training is training


def test_predictions_do_not_depend_on_the_batch_size_and_carry_no_graph(split):
    model = models.build("small_cnn", seed=0, size=4, num_classes=2)
    images = torch.rand(10, 1, 4, 4)
    logits = predict(model, images, batch_size=3)
    assert not logits.requires_grad
    torch.testing.assert_close(logits, predict(model, images, batch_size=10))


@pytest.mark.parametrize("bad", [{"lr": 0.0}, {"batch_size": 0}, {"num_epochs": -1}])
def test_impossible_training_arguments_are_refused(model, split, bad):
    with pytest.raises(ValueError, match="Training needs"):
        train(model, split, **({"num_epochs": 1, "lr": 0.1, "progress": False} | bad))


def test_an_empty_split_is_refused(model):
    with pytest.raises(ValueError, match="nothing to train on"):
        train(model, Split(torch.rand(0, 1, 2, 2), torch.zeros(0)), num_epochs=1, lr=0.1)
