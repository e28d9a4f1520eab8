"""Students of several teachers: mimicry, stopping early, chains, frozen assistants, bad input."""

import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from torch import nn
from torch.nn import functional as F

from featherweight.data import Split
from featherweight.techniques.bigger_teachers import (
    compare_teachers,
    distill_chain,
    early_stopped,
    mimicry,
    taught,
)
from featherweight.techniques.knowledge_distillation import taught_by, teacher_logits
from featherweight.techniques.lottery_tickets import state_of
from featherweight.train import Batch, cross_entropy, train

LOGITS_S = torch.tensor([[0.0, 0, 4], [1, -1, 0]], dtype=torch.float64)
LOGITS_T = torch.tensor([[2.0, 1, 0], [0.5, 0, -3]], dtype=torch.float64)


def some_logits(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(seed=0, hidden=5):
    """Weights, biases, and batch normalization with its buffers."""
    torch.manual_seed(seed)
    layers = [nn.Linear(6, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 4)]
    return nn.Sequential(nn.Flatten(), *layers).eval()


def small_split(n=50):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(n, 1, 2, 3, generator=generator)
    return Split(images, torch.randint(4, (n,), generator=generator))


def same(one, other):
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in other)


# ---------------------------------------------------------------- mimicry


def test_the_divergence_of_a_small_example():
    assert mimicry(LOGITS_S, LOGITS_T, 4.0).kl == pytest.approx(0.1431968785, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_divergence_and_explained_part_equal_those_of_scipy(temperature):
    logits_s, logits_t = some_logits(0, 30, 7), 3 * some_logits(1, 30, 7)
    p_s, p_t = (softmax(z.numpy() / temperature, axis=1) for z in (logits_s, logits_t))
    kl = entropy(p_t, p_s, axis=1).mean()
    constant = entropy(p_t, p_t.mean(axis=0, keepdims=True), axis=1).mean()
    close = mimicry(logits_s, logits_t, temperature)
    assert close.kl == pytest.approx(kl, abs=1e-9)
    assert close.explained == pytest.approx(1 - kl / constant, abs=1e-9)


def test_the_divergence_is_that_of_the_teacher_from_the_student():
    one, other = mimicry(LOGITS_S, LOGITS_T), mimicry(LOGITS_T, LOGITS_S)
    assert abs(one.kl - other.kl) > 0.01


def test_a_perfect_student_explains_all_and_a_constant_one_nothing():
    logits_t = some_logits(0, 40, 5)
    perfect = mimicry(logits_t + 7, logits_t, 2.0)
    assert perfect.kl == pytest.approx(0, abs=1e-12)
    assert perfect.explained == pytest.approx(1)
    assert perfect.agreement == 1
    mean_answer = (logits_t / 2).softmax(dim=1).mean(dim=0).log() * 2
    constant = mimicry(mean_answer.expand_as(logits_t), logits_t, 2.0)
    assert constant.explained == pytest.approx(0, abs=1e-12)


def test_agreement_counts_first_choices():
    logits_t = torch.eye(4, 3) + torch.tensor([0.0, 0, 0.5])
    logits_s = logits_t.clone()
    logits_s[1] = torch.tensor([9.0, 0, 0])
    assert mimicry(logits_s, logits_t).agreement == 0.75


def test_confident_teachers_in_single_precision_give_finite_numbers():
    logits_t = 200 * some_logits(0, 20, 5).float()
    close = mimicry(some_logits(1, 20, 5).float(), logits_t)
    assert torch.isfinite(torch.tensor(close)).all()


# ---------------------------------------------------------------- stopping early


class Counted:
    """A loss that remembers how often it was asked."""

    def __init__(self, factor):
        self.factor, self.calls = factor, 0

    def __call__(self, model, batch):
        self.calls += 1
        return self.factor * cross_entropy(model, batch)


@pytest.mark.parametrize("batch_size", [8, 25, 50, 64])
@pytest.mark.parametrize("stop_epoch", [0, 1, 2, 3, 9])
def test_the_first_loss_is_asked_in_the_first_epochs_only(stop_epoch, batch_size):
    first, then = Counted(1), Counted(2)
    loss_fn = early_stopped(first, stop_epoch, 50, then)
    options = {"num_epochs": 3, "lr": 0.01, "batch_size": batch_size, "progress": False}
    train(network(), small_split(), loss_fn=loss_fn, **options)
    steps = -(-50 // batch_size)
    assert first.calls == min(stop_epoch, 3) * steps
    assert first.calls + then.calls == 3 * steps


def gradient(loss_fn, model, batch):
    return torch.autograd.grad(loss_fn(model, batch), list(model.parameters()))


def test_gradients_are_those_of_distillation_before_and_of_the_labels_after():
    split, student, teacher = small_split(), network(1), network(2)
    everything = Batch(split.images, split.labels, torch.arange(50))
    distilled = taught_by(teacher_logits(teacher, split), 4.0, 0.9)
    loss_fn = early_stopped(distilled, 1, 50)
    for expected in (distilled, cross_entropy, cross_entropy):
        got = gradient(loss_fn, student, everything)
        wanted = gradient(expected, student, everything)
        assert all(a.equal(b) for a, b in zip(got, wanted, strict=True))
    assert F.cross_entropy(student(split.images), split.labels) == loss_fn(student, everything)


def test_every_student_has_epochs_of_its_own():
    first = Counted(1)
    loss_fn = early_stopped(first, 1, 50)
    for seed in range(3):
        model = network(seed)
        train(model, small_split(), num_epochs=2, lr=0.01, loss_fn=loss_fn, progress=False)
        assert first.calls == seed + 1


@pytest.mark.parametrize("stop_epoch", [-1, 0.5, None, float("nan")])
def test_a_stop_that_is_no_number_of_epochs_is_refused(stop_epoch):
    with pytest.raises(ValueError, match="counts whole epochs from 0 on"):
        early_stopped(cross_entropy, stop_epoch, 50)


def test_an_epoch_without_images_is_refused():
    with pytest.raises(ValueError, match="size of the split"):
        early_stopped(cross_entropy, 1, 0)


# ---------------------------------------------------------------- one student, several teachers


class Recorder:
    """A `distill` that notes who teaches whom and writes known weights into the student."""

    def __init__(self):
        self.seen = []

    def __call__(self, student, teacher):
        self.seen.append((student, state_of(student), teacher, state_of(teacher)))
        with torch.no_grad():
            for parameter in student.parameters():
                parameter.fill_(len(self.seen))


def test_all_students_start_alike_and_the_given_one_stays():
    student, recorder = network(0), Recorder()
    before = state_of(student)
    teachers = {"small": network(1), "large": network(2, hidden=9)}
    students = compare_teachers(student, teachers, recorder)
    assert list(students) == ["small", "large"]
    assert all(same(start, before) for _, start, _, _ in recorder.seen)
    assert [teacher for _, _, teacher, _ in recorder.seen] == list(teachers.values())
    assert same(state_of(student), before)
    assert [one[1].bias[0].item() for one in students.values()] == [1, 2]
    assert not any(one.training for one in students.values())


def test_real_distillation_leaves_the_teacher_and_repeats_itself():
    split, teacher, student = small_split(), network(1), network(2)
    before = state_of(teacher)

    def distill(student, teacher):
        loss_fn = taught_by(teacher_logits(teacher, split))
        train(student, split, num_epochs=2, lr=0.1, loss_fn=loss_fn, progress=False)

    one, other = (taught(student, teacher, distill) for _ in range(2))
    assert same(state_of(one), state_of(other))
    assert not same(state_of(one), state_of(student))
    assert same(state_of(teacher), before)
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert not teacher.training


def test_a_teacher_that_was_trained_along_is_refused_and_put_back():
    teacher = network(1)
    before = state_of(teacher)

    def jointly(student, teacher):
        teacher[1].weight.data.add_(0.1)

    with pytest.raises(ValueError, match="changed the teacher"):
        taught(network(0), teacher, jointly)
    assert same(state_of(teacher), before)


def test_a_teacher_whose_running_statistics_moved_is_refused():
    def in_training_mode(student, teacher):
        teacher.train()(torch.rand(9, 6))

    with pytest.raises(ValueError, match="changed the teacher"):
        taught(network(0), network(1), in_training_mode)


def test_a_teacher_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"teacher\.eval\(\)"):
        taught(network(0), network(1).train(), Recorder())


def test_no_teacher_and_something_else_are_refused():
    with pytest.raises(ValueError, match="at least one teacher"):
        compare_teachers(network(0), {}, Recorder())
    with pytest.raises(ValueError, match="A teacher is a network; got a dict"):
        taught(network(0), {}, Recorder())


# ---------------------------------------------------------------- chains


def test_a_chain_calls_in_order_and_every_link_learns_from_the_last():
    links = [network(0, 9), network(1, 7), network(2, 5)]
    before = [state_of(model) for model in links]
    recorder = Recorder()
    chain = distill_chain(links, recorder)
    assert len(chain) == 3 and chain[0] is links[0]
    first, second = recorder.seen
    assert first[2] is chain[0] and second[2] is chain[1]
    assert first[0] is chain[1] and second[0] is chain[2]
    assert same(first[1], before[1]) and same(second[1], before[2])
    assert all(same(state_of(m), s) for m, s in zip(links, before, strict=True))


def test_an_assistant_is_frozen_while_it_teaches():
    recorder = Recorder()
    chain = distill_chain([network(0), network(1), network(2)], recorder)
    taught_assistant = recorder.seen[1][3]
    assert same(state_of(chain[1]), taught_assistant)
    assert taught_assistant["1.bias"].unique().tolist() == [1]

    def jointly(student, teacher):
        for model in (student, teacher) if teacher is not first else (student,):
            model[1].weight.data.add_(0.1)

    first = network(0)
    with pytest.raises(ValueError, match="changed the teacher"):
        distill_chain([first, network(1), network(2)], jointly)


def test_an_assistant_teaches_in_evaluation_mode():
    modes = []

    def distill(student, teacher):
        modes.append(teacher.training)
        student.train()

    chain = distill_chain([network(0), network(1), network(2)], distill)
    assert modes == [False, False]
    assert not chain[2].training


def test_a_chain_of_one_and_a_network_that_teaches_itself_are_refused():
    model = network(0)
    with pytest.raises(ValueError, match="at least two"):
        distill_chain([model], Recorder())
    with pytest.raises(ValueError, match="teach itself"):
        distill_chain([model, network(1), model], Recorder())


# ---------------------------------------------------------------- bad logits


@pytest.mark.parametrize(
    ("logits_s", "logits_t"),
    [
        (torch.zeros(3, 4), torch.zeros(3, 5)),
        (torch.zeros(3, 4), torch.zeros(2, 4)),
        (torch.zeros(0, 4), torch.zeros(0, 4)),
        (torch.full((3, 4), float("nan")), some_logits(0, 3, 4)),
    ],
)
def test_logits_that_do_not_belong_together_are_refused(logits_s, logits_t):
    with pytest.raises(ValueError, match="logits"):
        mimicry(logits_s, logits_t)


def test_a_teacher_who_always_says_the_same_is_refused():
    with pytest.raises(ValueError, match="nothing to follow"):
        mimicry(some_logits(0, 6, 3), torch.ones(6, 3))


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_that_divides_by_nothing_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        mimicry(LOGITS_S, LOGITS_T, temperature)
