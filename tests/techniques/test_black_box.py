"""Answers only, peers, feedback and sequences: exact values, properties, libraries, refusals."""

import math
from itertools import product

import pytest
import torch
from sklearn.metrics import mutual_info_score
from torch import nn
from torch.nn import functional as F

from featherweight import measure, models
from featherweight.data import Split
from featherweight.techniques.black_box import (
    Autoregressive,
    BlackBox,
    Peers,
    Shift,
    beam_search,
    cheap_conv,
    completed,
    entropy,
    meta_taught,
    parallel_fit,
    parallel_network,
    peer_loss,
    quiz_loss,
    sequence_loss,
)
from featherweight.techniques.knowledge_distillation import as_logits, soft_loss
from featherweight.train import Batch, train


def rand(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def net(seed=0, sizes=(4, 5, 3)):
    return models.build("mlp", seed=seed, sizes=sizes)


# ---------------------------------------------------------------- answers


def test_exact_probabilities_are_as_good_as_logits_at_every_temperature():
    teacher, images = net().eval(), rand(7, 4).float()
    logits_t, logits_s = teacher(images).detach(), rand(7, 3, seed=1).float()
    p = BlackBox(teacher, 7).probabilities(images)
    for temperature in (0.5, 1, 4):
        exact = soft_loss(logits_s, logits_t, temperature)
        assert soft_loss(logits_s, as_logits(p, 1.0), temperature).item() == pytest.approx(
            exact.item(), rel=1e-4
        )


def test_questions_are_counted_and_the_budget_holds():
    teacher, images = net().eval(), rand(5, 4).float()
    service = BlackBox(teacher, 8)
    assert service.labels(images).equal(teacher(images).argmax(dim=1))
    assert service.left == 3
    with pytest.raises(ValueError, match="3 are left"):
        service.probabilities(images)
    assert service.left == 3
    assert service.probabilities(images[:3], digits=1).equal(
        service._predict(images[:3]).softmax(dim=1).round(decimals=1)
    )


def test_a_teacher_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"call teacher\.eval"):
        BlackBox(net().train(), 3)


def test_what_is_missing_is_spread_or_dropped():
    values = torch.tensor([[0.6, 0.2], [0.9, 0.1]], dtype=torch.float64)
    classes = torch.tensor([[3, 0], [1, 2]])
    spread = torch.tensor([[0.2, 0.1, 0.1, 0.6], [0, 0.9, 0.1, 0]], dtype=torch.float64)
    dropped = torch.tensor([[0.25, 0, 0, 0.75], [0, 0.9, 0.1, 0]], dtype=torch.float64)
    assert completed(values, classes, 4).allclose(spread, atol=1e-9)
    assert completed(values, classes, 4, rest="dropped").allclose(dropped, atol=1e-9)


def test_all_classes_complete_to_themselves():
    p = rand(5, 6).softmax(dim=1)
    for rest in ("spread", "dropped"):
        assert completed(*p.topk(6, dim=1), 6, rest).allclose(p, atol=1e-12)


@pytest.mark.parametrize(
    ("values", "classes", "num_classes", "rest", "message"),
    [
        ([[0.5, 0.2]], [[0]], 3, "spread", "k largest"),
        ([[0.5, 0.2]], [[0, 3]], 3, "spread", "There are 3 classes"),
        ([[0.5, 0.2]], [[0, 1]], 3, "uniform", "'spread' or 'dropped'"),
        ([[0.9, 0.4]], [[0, 1]], 3, "spread", "sum to 1"),
        ([[0.9, -0.4]], [[0, 1]], 3, "spread", "not negative"),
        ([[0.0, 0.0]], [[0, 1]], 3, "dropped", "not negative"),
        ([[math.nan, 0.1]], [[0, 1]], 3, "spread", "not negative"),
    ],
)
def test_probabilities_that_are_none_are_refused(values, classes, num_classes, rest, message):
    with pytest.raises(ValueError, match=message):
        completed(torch.tensor(values), torch.tensor(classes), num_classes, rest)


# ---------------------------------------------------------------- peers


def test_strangers_are_trained_as_if_each_were_alone():
    split = Split(rand(20, 4).float(), torch.arange(20) % 3)
    together = Peers([net(0), net(1)])
    alone = net(1)
    options = {"num_epochs": 3, "lr": 0.1, "batch_size": 7, "seed": 3, "progress": False}

    def loss_fn(model, batch):
        return peer_loss(model.all_logits(batch.images), batch.labels, alpha=0.0)

    train(together, split, loss_fn=loss_fn, **options)
    train(alone, split, **options)
    for theirs, own in zip(together.members[1].parameters(), alone.parameters(), strict=True):
        assert theirs.allclose(own, atol=1e-6)


def test_a_peer_is_a_constant_for_the_other():
    first, second = rand(4, 3).requires_grad_(), rand(4, 3, seed=1).requires_grad_()
    labels = torch.tensor([0, 1, 2, 0])
    (gradient,) = torch.autograd.grad(
        peer_loss([first, second], labels, alpha=0.7, temperature=2), first
    )
    own = F.cross_entropy(first, labels) + 0.7 * soft_loss(first, second.detach(), 2)
    assert gradient.allclose(torch.autograd.grad(own, first)[0], atol=1e-12)


def test_the_soft_term_is_the_mean_over_the_others_or_the_ensembles():
    logits = [rand(4, 3, seed=seed) for seed in range(3)]
    labels = torch.tensor([0, 1, 2, 0])
    hard = sum(F.cross_entropy(z, labels) for z in logits)
    pairs = sum(soft_loss(z, q, 1) for z in logits for q in logits if z is not q)
    assert peer_loss(logits, labels).item() == pytest.approx((hard + pairs / 2).item())
    mean_p = torch.stack([z.softmax(dim=1) for z in logits]).mean(dim=0)
    soft = sum(soft_loss(z, mean_p.log(), 1) for z in logits)
    ours = peer_loss(logits, labels, alpha=0.5, teacher="ensemble")
    assert ours.item() == pytest.approx((hard + soft / 2).item())


def test_together_peers_answer_with_their_mean_probability():
    peers, images = Peers([net(0), net(1)]).eval(), rand(6, 4).float()
    mean_p = sum(member(images).softmax(dim=1) for member in peers.members) / 2
    assert peers(images).softmax(dim=1).allclose(mean_p, atol=1e-6)


def test_peers_refuse_a_single_network_and_unknown_teachers():
    with pytest.raises(ValueError, match="at least two"):
        Peers([net()])
    with pytest.raises(ValueError, match="'peers' or 'ensemble'"):
        peer_loss([rand(2, 3)] * 2, torch.tensor([0, 1]), teacher="friend")
    with pytest.raises(ValueError, match="at least two"):
        peer_loss([rand(2, 3)], torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="alpha"):
        peer_loss([rand(2, 3)] * 2, torch.tensor([0, 1]), alpha=2)


# ---------------------------------------------------------------- cheap convolutions


@pytest.mark.parametrize("channels", [4, 9, 20])
def test_a_shift_is_a_depthwise_convolution_with_one_hot_kernels(channels):
    x = rand(2, channels, 5, 7)
    sizes = [len(part) for part in torch.arange(channels).tensor_split(9)]
    kernels = torch.eye(9).double().repeat_interleave(torch.tensor(sizes), dim=0)
    expected = F.conv2d(x, kernels.view(-1, 1, 3, 3), padding=1, groups=channels)
    assert Shift()(x).equal(expected)
    assert list(Shift().parameters()) == []


def test_costs_of_cheap_layers():
    spatial = {"shift": 0, "depthwise": 9 * 16, "group-4": 9 * 16 * 4, "group-16": 9 * 16}
    for kind, expected in spatial.items():
        layer = cheap_conv(kind)(16, 32, 2)
        assert measure.count_parameters(layer) == expected + 16 * 32
        macs = expected * 10 * 6 + 16 * 32 * 5 * 3
        assert measure.count_macs(layer, (16, 10, 6)) == macs
        assert layer(torch.zeros(1, 16, 10, 6)).shape == (1, 32, 5, 3)


def test_a_standard_convolution_is_the_one_of_the_resnet():
    model = models.resnet(56, conv=cheap_conv("standard"))
    assert measure.count_parameters(model) == 853_018
    assert measure.count_macs(model, (3, 32, 32)) == 125_485_696


def test_unknown_kinds_of_convolution_are_refused():
    with pytest.raises(ValueError, match="The kinds are"):
        cheap_conv("winograd")


# ---------------------------------------------------------------- feedback


class Says(nn.Module):
    """A teacher whose answers are its parameters."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images):
        return self.logits


def test_the_teachers_gradient_is_that_of_finite_differences():
    student, images, teacher = net().double(), rand(6, 4), rand(6, 3, seed=1).requires_grad_()
    quiz = Split(rand(5, 4, seed=2), torch.arange(5) % 3)
    assert torch.autograd.gradcheck(
        lambda z: quiz_loss(lambda _: z, student, images, quiz, 0.5, temperature=2), [teacher]
    )


def test_the_quiz_gradient_follows_from_two_inner_products():
    """dQ/dp_i = lr * grad Q . grad log-probability of i, for one example."""
    student, image, lr = net().double(), rand(1, 4), 0.3
    quiz = Split(rand(5, 4, seed=2), torch.arange(5) % 3)
    z = rand(1, 3, seed=1).requires_grad_()
    (gradient,) = torch.autograd.grad(quiz_loss(lambda _: z, student, image, quiz, lr), z)
    weights = list(student.parameters())
    log_p, p = student(image).log_softmax(dim=1)[0], z.detach().softmax(dim=1)[0]
    rows = [torch.autograd.grad(value, weights, retain_graph=True) for value in log_p]
    with torch.no_grad():
        for index, weight in enumerate(weights):
            weight += lr * sum(q * row[index] for q, row in zip(p, rows, strict=True))
    after = torch.autograd.grad(F.cross_entropy(student(quiz.images), quiz.labels), weights)
    products = [sum(map(lambda a, b: (a * b).sum(), after, row)) for row in rows]
    by_p = lr * torch.stack(products)
    assert gradient[0].allclose(p * (by_p - (p * by_p).sum()), atol=1e-10)


def test_the_quiz_leaves_the_student_alone():
    student, images = net(), rand(6, 4).float()
    before = [w.clone() for w in student.parameters()]
    quiz = Split(rand(5, 4).float(), torch.arange(5) % 3)
    quiz_loss(net(1), student, images, quiz, 0.5).backward()
    assert all(w.equal(b) for w, b in zip(student.parameters(), before, strict=True))
    assert all(w.grad is None for w in student.parameters())


def test_a_teacher_with_feedback_lowers_the_quiz_loss():
    images, student = rand(6, 4).float(), net()
    quiz = Split(rand(30, 4, seed=1).float(), torch.arange(30) % 3)
    teacher = Says(torch.zeros(6, 3))
    loss_fn = meta_taught(teacher, quiz, lr=0.5, lr_t=20.0, batch_size=30)
    batch = Batch(images, torch.zeros(6, dtype=torch.long), torch.arange(6))
    before = quiz_loss(teacher, student, images, quiz, 0.5).item()
    for _ in range(30):
        loss = loss_fn(student, batch)
    assert quiz_loss(teacher, student, images, quiz, 0.5).item() < before
    expected = soft_loss(student(images), teacher.logits, 1.0)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_quiz_without_examples_and_a_step_of_nothing_are_refused():
    quiz = Split(rand(5, 4).float(), torch.arange(5) % 3)
    empty = Split(quiz.images[:0], quiz.labels[:0])
    for bad, lr in ((empty, 0.5), (quiz, 0.0)):
        with pytest.raises(ValueError, match="step size above 0"):
            quiz_loss(net(1), net(), rand(6, 4).float(), bad, lr)
    with pytest.raises(ValueError, match="temperature"):
        quiz_loss(net(1), net(), rand(6, 4).float(), quiz, 0.5, temperature=0)


# ---------------------------------------------------------------- sequences


def fit(sequences, p):
    return parallel_fit(torch.tensor(sequences), torch.tensor(p, dtype=torch.float64))


def test_two_orders_leave_half_of_the_mass():
    found = fit([[0, 1], [1, 0]], [0.5, 0.5])
    assert found["entropy"] == pytest.approx(math.log(2))
    assert found["excess"] == pytest.approx(math.log(2))
    assert found["valid"] == pytest.approx(0.5)


def test_the_likeliest_words_need_not_be_a_sequence():
    found = fit([[0, 1], [2, 3], [4, 3]], [0.4, 0.3, 0.3])
    assert found["most likely"] == [0, 3]
    assert found["valid"] == pytest.approx(0.52)
    assert found["entropy"] == pytest.approx(1.0889, abs=5e-5)


def test_a_single_sequence_is_simple():
    found = fit([[0, 1]], [1.0])
    assert found == {"entropy": 0.0, "excess": 0.0, "valid": 1.0, "most likely": [0, 1]}


def test_independent_positions_cost_nothing():
    joint = [a * b for a, b in product([0.2, 0.8], [0.5, 0.1, 0.4])]
    found = fit(list(map(list, product(range(2), range(3)))), joint)
    assert found["excess"] == pytest.approx(0, abs=1e-12)
    assert found["valid"] == pytest.approx(1)


def test_the_excess_of_two_positions_is_their_mutual_information():
    counts = torch.tensor([[7, 1, 2], [1, 1, 9], [3, 5, 1], [2, 2, 6]])
    pairs = list(map(list, product(range(4), range(3))))
    theirs = mutual_info_score(None, None, contingency=counts.numpy())
    p = (counts / counts.sum()).flatten().double()
    assert fit(pairs, (p / p.sum()).tolist())["excess"] == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("sequences", "p", "message"),
    [
        ([[0, 1], [0, 1]], [0.5, 0.5], "once"),
        ([[0, 1], [1, 0]], [0.5], "once"),
        ([[0, 1], [1, 0]], [0.5, 0.6], "sum to 1"),
        ([[0, 1], [1, 0]], [1.5, -0.5], "sum to 1"),
    ],
)
def test_sequences_that_are_no_distribution_are_refused(sequences, p, message):
    with pytest.raises(ValueError, match=message):
        fit(sequences, p)


def test_entropy_is_in_nats():
    assert entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]])).tolist() == pytest.approx(
        [math.log(2), 0]
    )


def table_of(num_sources, num_words, length):
    """A random autoregressive teacher as a table, and all its sequences with their log p."""
    tables = [rand(num_sources, *[num_words] * (t + 1), seed=t) for t in range(length)]
    tables = [table.log_softmax(dim=-1) for table in tables]

    def next_log_p(rows, prefixes):
        return tables[prefixes.shape[1]][(rows, *prefixes.T)]

    sequences = torch.tensor(list(product(range(num_words), repeat=length)))
    log_p = sum(tables[t][(slice(None), *sequences[:, : t + 1].T)] for t in range(length))
    return next_log_p, sequences, log_p


def test_a_wide_beam_finds_the_likeliest_sequences_in_order():
    next_log_p, sequences, log_p = table_of(num_sources=3, num_words=4, length=3)
    found, scores = beam_search(next_log_p, 3, 3, beam_size=64)
    expected, order = log_p.sort(dim=1, descending=True)
    assert found.equal(sequences[order])
    assert scores.double().allclose(expected, atol=1e-5)


def test_a_beam_of_one_is_greedy():
    next_log_p, _, _ = table_of(num_sources=5, num_words=4, length=3)
    prefixes = torch.zeros(5, 0, dtype=torch.long)
    for _ in range(3):
        word = next_log_p(torch.arange(5), prefixes).argmax(dim=1)
        prefixes = torch.cat([prefixes, word[:, None]], dim=1)
    assert beam_search(next_log_p, 5, 3)[0][:, 0].equal(prefixes)


def test_a_beam_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        beam_search(lambda rows, prefixes: None, 2, 3, beam_size=0)


def test_an_autoregressive_network_does_not_look_ahead():
    torch.manual_seed(0)
    model = Autoregressive(7, source_length=3, width=8)
    sources, prefixes = torch.randint(7, (4, 3)), torch.randint(7, (4, 5))
    logits = model(sources, prefixes)
    assert logits.shape == (4, 6, 7)
    other = prefixes.clone()
    other[:, 3:] = (other[:, 3:] + 1) % 7
    assert model(sources, other)[:, :4].allclose(logits[:, :4])
    assert not model(sources, other)[:, 4:].allclose(logits[:, 4:])
    assert not model((sources + 1) % 7, prefixes).allclose(logits)


def test_a_parallel_network_gives_all_positions():
    assert parallel_network(7, 3, 5)(torch.zeros(4, 3, dtype=torch.long)).shape == (4, 5, 7)


def test_the_sequence_loss_adds_words_and_averages_sequences():
    logits, targets = rand(2, 3, 4), torch.tensor([[0, 1, 2], [3, 3, 0]])
    log_p = logits.log_softmax(dim=2).gather(2, targets[..., None])[..., 0]
    assert sequence_loss(logits, targets).item() == pytest.approx(-log_p.sum().item() / 2)
    masked = targets.clone()
    masked[:, 0] = -100
    expected = -log_p[:, 1:].sum().item() / 2
    assert sequence_loss(logits, masked).item() == pytest.approx(expected)


def test_logits_and_targets_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"\(sequences, length, words\)"):
        sequence_loss(rand(2, 3, 4), torch.zeros(2, 4, dtype=torch.long))
