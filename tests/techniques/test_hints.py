"""Hints: exact values, what a stage trains and leaves alone, torch's own losses, refusals."""

import copy

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional as F

from featherweight import data, measure, models
from featherweight.data import Split
from featherweight.techniques.hints import (
    attention_map,
    attention_transfer_loss,
    cosine_loss,
    distilbert_loss,
    features,
    heads_of,
    hidden_loss,
    hint_loss,
    layer_map,
    log_probabilities,
    minilm_loss,
    probe_accuracy,
    regressor,
    relation_divergence,
    relation_loss,
    relations,
    score_loss,
    scores,
    signals,
    start_from,
    taught_inside,
    teacher_signals,
    tinybert_loss,
    train_on_hints,
    up_to,
)
from featherweight.train import train


def rand(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def student(seed=0):
    """Two convolutions with batch-norm below the guided layer 2, one convolution above."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.Flatten(),
        nn.Linear(4 * 4 * 3, 5),
    ).eval()


@pytest.fixture
def split():
    return Split(rand(12, 1, 6, 5).float(), torch.arange(12) % 5)


@pytest.fixture
def tokens():
    """Three texts of 7, 4 and 1 characters."""
    texts = data.as_tokens(["nyumba ", "moto", "a"], length=9)
    assert (texts != 0).sum(dim=1).tolist() == [7, 4, 1]
    return texts


def transformer(seed=0, **options):
    sizes = {"width": 8, "num_layers": 4, "num_heads": 2, "max_length": 9} | options
    return models.build("tiny_transformer", seed=seed, vocabulary=data.NUM_TOKENS, **sizes).eval()


# ---------------------------------------------------------------- regressor and hint stage


@pytest.mark.parametrize(
    ("shape_s", "shape_t", "kernel"),
    [
        ((8, 14, 14), (64, 7, 7), (8, 8)),
        ((3, 6, 5), (4, 6, 5), (1, 1)),
        ((2, 9, 7), (5, 4, 6), (6, 2)),
    ],
)
def test_the_kernel_is_as_large_as_the_sizes_ask_for(shape_s, shape_t, kernel):
    made = regressor(shape_s, shape_t)
    assert made.kernel_size == kernel
    assert made(torch.zeros(2, *shape_s)).shape == (2, *shape_t)


def test_the_regressor_of_vectors_is_linear_and_leaves_the_generator_alone():
    state = torch.random.get_rng_state()
    one, same, other = regressor((6,), (4,)), regressor((6,), (4,)), regressor((6,), (4,), seed=1)
    assert one(torch.zeros(3, 6)).shape == (3, 4)
    assert one.weight.equal(same.weight) and not one.weight.equal(other.weight)
    assert torch.random.get_rng_state().equal(state)


@pytest.mark.parametrize("shapes", [((3, 5, 9), (3, 6, 6)), ((3, 5, 5), (3,)), ((3, 4), (3, 4))])
def test_there_is_no_regressor_to_larger_maps_or_another_number_of_dimensions(shapes):
    with pytest.raises(ValueError, match="choose an earlier guided layer"):
        regressor(*shapes)


def test_the_hint_loss_of_a_known_fixture():
    maps = torch.tensor([[[[1.0, 2.0]], [[0.0, -1.0]]]], dtype=torch.float64)  # 2 channels, 1 x 2
    made = regressor((2, 1, 2), (1, 1, 2)).double()
    made.weight.data = torch.tensor([[[[2.0]], [[1.0]]]]).double()
    made.bias.data.zero_()
    hint = torch.tensor([[[[1.0, 5.0]]]], dtype=torch.float64)  # the regressor gives 2 and 3
    assert hint_loss(made(maps), hint).item() == pytest.approx((1 + 4) / 2 / 2, abs=1e-12)


def test_no_gradient_reaches_the_hint():
    guided, hint = rand(2, 3).requires_grad_(), rand(2, 3, seed=1).requires_grad_()
    hint_loss(guided, hint).backward()
    assert hint.grad is None
    assert guided.grad.allclose((guided - hint).detach() / 6, atol=1e-12)


def test_the_hint_stage_trains_the_guided_layers_and_nothing_else(split):
    model, teacher = student(), student(seed=1)
    hints = features(teacher, 2, split.images)
    before, taught = copy.deepcopy(model.state_dict()), copy.deepcopy(teacher.state_dict())
    history = train_on_hints(model, 2, hints, split, num_epochs=3, lr=0.1, batch_size=4)
    changed = {name for name, t in model.state_dict().items() if not t.equal(before[name])}
    assert {"0.weight", "1.weight", "1.bias", "1.running_mean"} <= changed
    assert not any(name.startswith(("3", "4", "6")) for name in changed)
    assert all(t.equal(taught[name]) for name, t in teacher.state_dict().items())
    assert all(p.grad is None for p in teacher.parameters()) and not teacher.training
    assert history[-1]["loss"] < history[0]["loss"]
    assert all(p.requires_grad for p in model.parameters())


def test_the_hint_stage_trains_the_regressor_too(split):
    """With a guided part without parameters, only the regressor can make the loss fall."""
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(30, 5)).eval()
    history = train_on_hints(model, 0, 3 * split.images, split, num_epochs=20, lr=0.3)
    assert history[-1]["loss"] < 0.1 * history[0]["loss"]


def test_hints_follow_their_examples_when_batches_are_shuffled(split):
    """A linear hint can be met exactly, which it could not if rows were mixed up."""
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(30, 5)).eval()
    hints = -split.images
    history = train_on_hints(model, 0, hints, split, num_epochs=60, lr=0.3, batch_size=5)
    assert history[-1]["loss"] < 1e-6


def test_hints_of_other_examples_are_refused(split):
    with pytest.raises(ValueError, match="3 hints for 12 examples"):
        train_on_hints(student(), 2, torch.zeros(3, 3, 6, 5), split, num_epochs=1, lr=0.1)


@pytest.mark.parametrize("read", [lambda m, x: features(m, 0, x), teacher_signals])
def test_a_teacher_in_training_mode_is_refused(read):
    with pytest.raises(ValueError, match="training mode: call its eval"):
        read(student().train(), torch.zeros(1, 1, 6, 5))


@pytest.mark.parametrize("layer", [-1, 7])
def test_a_layer_that_does_not_exist_is_refused(layer):
    with pytest.raises(ValueError, match="by its position"):
        up_to(student(), layer)


def test_a_model_that_cannot_be_cut_is_refused():
    with pytest.raises(ValueError, match="for a TinyTransformer"):
        up_to(transformer(), 0)


@pytest.mark.parametrize("loss", [hint_loss])
def test_features_of_two_shapes_are_refused(loss):
    with pytest.raises(ValueError, match=r"\(2, 3\), the teacher's \(2, 4\)"):
        loss(rand(2, 3), rand(2, 4))


# ---------------------------------------------------------------- attention maps, relations, probe


def test_an_attention_map_is_that_of_numpy_and_ignores_the_scale():
    maps = rand(4, 3, 5, 2)
    energy = (maps.numpy() ** 2).mean(axis=1).reshape(4, -1)
    expected = energy / np.linalg.norm(energy, axis=1, keepdims=True)
    np.testing.assert_allclose(attention_map(maps).numpy(), expected, atol=1e-12)
    assert attention_transfer_loss(7 * maps, maps).item() == pytest.approx(0, abs=1e-15)
    assert attention_transfer_loss(maps[:, [2, 0, 1]], -maps).item() == pytest.approx(0, abs=1e-15)


def test_attention_maps_of_other_sizes_and_channels_can_be_compared():
    small, large = rand(2, 3, 4, 4), rand(2, 5, 8, 8)
    expected = attention_transfer_loss(small, F.avg_pool2d(large, 2))
    assert attention_transfer_loss(small, large).item() == pytest.approx(expected.item(), abs=1e-12)
    assert attention_transfer_loss(large, small).item() == pytest.approx(expected.item(), abs=1e-12)


def test_attention_maps_need_maps():
    with pytest.raises(ValueError, match="channels, height, width"):
        attention_map(rand(3, 4))


def test_relations_are_those_of_cdist_over_their_mean():
    x = rand(6, 2, 3)
    distances = torch.cdist(x.flatten(1), x.flatten(1))
    upper = distances[tuple(torch.triu_indices(6, 6, 1))]
    assert relations(x).allclose(upper / upper.mean(), atol=1e-12)


def test_relations_survive_a_rotation_a_shift_and_a_scale():
    x, rotation = rand(6, 3), torch.linalg.qr(rand(3, 3, seed=1))[0]
    assert relation_loss(5 * x @ rotation + 2, x).item() == pytest.approx(0, abs=1e-15)
    assert relation_loss(rand(6, 9, seed=2), x).item() > 0


def test_relations_of_equal_or_single_examples_are_refused():
    with pytest.raises(ValueError, match="two different examples"):
        relations(torch.ones(4, 3))
    with pytest.raises(ValueError, match="two different examples"):
        relations(torch.ones(1, 3))


def test_a_pair_of_equal_examples_has_a_finite_gradient():
    x = rand(4, 3)
    x[1] = x[0]
    x.requires_grad_()
    relation_loss(x, rand(4, 3, seed=1)).backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("count", [20, 90])
def test_the_probe_is_the_ridge_regression_of_scikit_learn(count):
    x, test = rand(count, 4, 8), rand(200, 4, 8, seed=1)
    x, test = x.abs(), test.abs()
    labels = (x.flatten(1)[:, :3]).argmax(dim=1)
    test_labels = (test.flatten(1)[:, :3]).argmax(dim=1)
    centered = x.flatten(1) - x.flatten(1).mean(dim=0)
    damping = 1e-2 * (centered**2).sum(dim=1).mean().item()
    fitted = Ridge(alpha=damping).fit(x.flatten(1).numpy(), F.one_hot(labels).numpy())
    answers = fitted.predict(test.flatten(1).numpy()).argmax(axis=1)
    expected = (answers == test_labels.numpy()).mean()
    assert probe_accuracy(x, labels, test, test_labels) == pytest.approx(expected, abs=1e-12)


def test_a_probe_needs_a_label_for_each_row():
    with pytest.raises(ValueError, match="one label for each row"):
        probe_accuracy(rand(4, 2), torch.zeros(3).long(), rand(2, 2), torch.zeros(2).long())


# ---------------------------------------------------------------- inside a transformer


def test_the_opened_transformer_gives_the_logits_of_the_closed_one(tokens):
    model = transformer()
    assert signals(model, tokens).logits.allclose(measure.predict(model, tokens), atol=1e-6)


def test_signals_have_the_shapes_that_they_say(tokens):
    found = signals(transformer(), tokens)
    assert [tuple(state.shape) for state in found.hidden] == [(3, 9, 8)] * 5
    assert [tuple(part.shape) for part in found.parts[3]] == [(3, 2, 9, 4)] * 3
    assert found.at([2, 0]).logits.equal(found.logits[[2, 0]])
    assert found.at([2, 0]).parts[1][2].equal(found.parts[1][2][[2, 0]])


def test_attention_is_that_of_torch(tokens):
    block = transformer().blocks[0]
    x, kept = rand(3, 9, 8).float(), tokens != 0
    h = block.norm1(x)
    theirs = block.attention(h, h, h, key_padding_mask=~kept, average_attn_weights=False)[1]
    queries, keys, _ = heads_of(block, x)
    ours = log_probabilities(scores(queries, keys), kept).exp()
    assert ours.allclose(theirs, atol=1e-6)


def test_a_text_of_padding_only_is_refused(tokens):
    tokens[1] = 0
    with pytest.raises(ValueError, match="Text 1 of this batch is all padding"):
        signals(transformer(), tokens)


def test_the_teachers_signals_carry_no_gradient(tokens):
    found = teacher_signals(transformer(), tokens)
    assert not any(t.requires_grad for t in (found.logits, *found.hidden, *found.parts[0]))


def test_layers_are_mapped_as_in_tinybert():
    assert layer_map(4, 12) == ([2, 5, 8, 11], [0, 3, 6, 9, 12])
    assert layer_map(2, 4) == ([1, 3], [0, 2, 4])
    assert layer_map(3, 3) == ([0, 1, 2], [0, 1, 2, 3])


@pytest.mark.parametrize("numbers", [(5, 12), (0, 4), (4, 2)])
def test_blocks_that_cannot_be_shared_out_are_refused(numbers):
    with pytest.raises(ValueError, match="shared out evenly"):
        layer_map(*numbers)


def test_a_student_starts_from_every_second_block(tokens):
    teacher, small = transformer(), transformer(num_layers=2, seed=1)
    start_from(small, teacher)
    assert small.blocks[0].mlp[0].weight.equal(teacher.blocks[1].mlp[0].weight)
    assert small.blocks[1].mlp[0].weight.equal(teacher.blocks[3].mlp[0].weight)
    assert small.embedding.weight.equal(teacher.embedding.weight)
    with torch.no_grad():
        small.head.weight.zero_()
    assert teacher.head.weight.any()


@pytest.mark.parametrize("sizes", [{"width": 6}, {"num_heads": 4}])
def test_a_student_of_another_width_cannot_start_from_the_teacher(sizes):
    small = transformer(**{"num_layers": 2, "seed": 1} | sizes)
    before = copy.deepcopy(small.state_dict())
    with pytest.raises(ValueError, match="same width and number of heads"):
        start_from(small, transformer())
    assert all(t.equal(before[name]) for name, t in small.state_dict().items())


def test_uniform_attention_has_the_closed_form_divergence():
    """Against a uniform student, KL is log(number of keys) minus the teacher's entropy."""
    kept = torch.tensor([[True, True, True, False]])
    teacher = torch.log(torch.tensor([0.5, 0.25, 0.25, 0.9], dtype=torch.float64))
    teacher = teacher.expand(1, 2, 4, 4)
    expected = np.log(3) - (0.5 * np.log(2) + 0.5 * np.log(4))
    got = relation_divergence(torch.zeros(1, 2, 4, 4).double(), teacher, kept)
    assert got.item() == pytest.approx(expected, abs=1e-12)


def test_equal_signals_have_no_loss(tokens):
    found = signals(transformer(), tokens)
    assert minilm_loss(found, found).item() == pytest.approx(0, abs=1e-6)
    assert tinybert_loss(found, found, nn.Identity()).item() == 0
    assert cosine_loss(found.hidden[-1], 3 * found.hidden[-1], found.kept).item() < 1e-6


def test_value_relations_survive_a_rotation_that_the_values_do_not():
    values, kept = rand(2, 3, 6, 4), torch.ones(2, 6).bool()
    turned = values @ torch.linalg.qr(rand(4, 4, seed=1))[0]
    relation = scores(values, values), scores(turned, turned)
    assert relation_divergence(*relation, kept).item() == pytest.approx(0, abs=1e-12)
    assert F.mse_loss(values, turned) > 0.1


@pytest.mark.parametrize("loss", [score_loss, relation_divergence])
def test_what_padding_holds_does_not_matter_to_tables(loss):
    kept = torch.tensor([[True, True, False], [True, True, True]])
    s, t = rand(2, 2, 3, 3), rand(2, 2, 3, 3, seed=1)
    before = loss(s, t, kept)
    for table in (s, t):
        table[0, :, 2, :] = 50.0
        table[0, :, :, 2] = -70.0
    assert loss(s, t, kept).item() == pytest.approx(before.item(), abs=1e-12)


@pytest.mark.parametrize("loss", [cosine_loss, hidden_loss])
def test_what_padding_holds_does_not_matter_to_states(loss):
    kept = torch.tensor([[True, True, False], [True, True, True]])
    s, t = rand(2, 3, 4), rand(2, 3, 4, seed=1)
    before = loss(s, t, kept)
    s[0, 2], t[0, 2] = 50.0, -70.0
    assert loss(s, t, kept).item() == pytest.approx(before.item(), abs=1e-12)


def test_the_losses_are_those_of_torchs_modules():
    kept = torch.tensor([[True, True, False], [True, True, True]])
    s, t = rand(2, 3, 4), rand(2, 3, 4, seed=1)
    rows_s, rows_t = s[kept], t[kept]
    theirs = nn.CosineEmbeddingLoss()(rows_s, rows_t, torch.ones(len(rows_s)))
    assert cosine_loss(s, t, kept).item() == pytest.approx(theirs.item(), abs=1e-12)
    assert hidden_loss(s, t, kept).item() == pytest.approx(nn.MSELoss()(rows_s, rows_t).item())
    tables = rand(1, 2, 3, 3), rand(1, 2, 3, 3, seed=1)
    everything = torch.ones(1, 3).bool()
    log_p = [table.log_softmax(dim=-1).reshape(-1, 3) for table in tables]
    theirs = nn.KLDivLoss(reduction="batchmean", log_target=True)(*log_p)
    got = relation_divergence(*tables, everything)
    assert got.item() == pytest.approx(theirs.item(), abs=1e-12)
    assert score_loss(*tables, everything).item() == pytest.approx(nn.MSELoss()(*tables).item())


@pytest.mark.parametrize("loss", [score_loss, relation_divergence, hidden_loss, cosine_loss])
def test_signals_of_two_shapes_are_refused(loss):
    with pytest.raises(ValueError, match="bring one to the other's shape"):
        loss(rand(2, 3, 4, 4), rand(2, 2, 4, 4), torch.ones(2, 4).bool())


def test_a_narrow_student_learns_from_a_wide_teacher_through_one_projection(tokens):
    teacher, small = transformer(), transformer(width=6, num_layers=2, seed=1)
    known = teacher_signals(teacher, tokens)
    both = nn.Sequential(small, nn.Linear(6, 8, bias=False))

    def loss_fn(model, batch):
        found = signals(model[0], batch.images)
        return tinybert_loss(found, known.at(batch.index), model[1])

    split = Split(tokens, torch.arange(3))
    history = train(both, split, num_epochs=30, lr=0.05, batch_size=2, loss_fn=loss_fn)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert all(p.grad is None for p in teacher.parameters())


def test_relations_of_the_last_block_train_neither_its_mlp_nor_the_head(tokens):
    teacher, small = transformer(), transformer(width=6, num_layers=2, seed=1)
    minilm_loss(signals(small, tokens), teacher_signals(teacher, tokens)).backward()
    assert small.blocks[0].mlp[0].weight.grad.any()
    assert small.blocks[1].attention.in_proj_weight.grad.any()
    untouched = small.head.weight, small.blocks[1].mlp[0].weight, small.norm.weight
    assert all(p.grad is None for p in untouched)


def test_distilbert_adds_its_three_losses_as_five_two_one(tokens):
    teacher, small = transformer(), transformer(num_layers=2, seed=1)
    labels = torch.tensor([0, 3, 9])
    found, known = signals(small, tokens), teacher_signals(teacher, tokens)
    soft = 4 * F.kl_div(
        (found.logits / 2).log_softmax(1), (known.logits / 2).softmax(1), reduction="batchmean"
    )
    hard = F.cross_entropy(found.logits, labels)
    cosine = cosine_loss(found.hidden[-1], known.hidden[-1], found.kept)
    expected = (5 * soft + 2 * hard + cosine) / 8
    assert distilbert_loss(found, known, labels).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_loss_for_train_pairs_each_text_with_its_own_signals(tokens):
    teacher = transformer()
    known = teacher_signals(teacher, tokens)
    split = Split(tokens, torch.arange(3))
    loss = taught_inside(known, lambda s, t, labels: tinybert_loss(s, t, nn.Identity()))
    history = train(
        copy.deepcopy(teacher), split, num_epochs=2, lr=1e-9, batch_size=1, loss_fn=loss
    )
    assert max(epoch["loss"] for epoch in history) < 1e-9
