"""Hidden checks of a3-lottery-tickets: given functions play training, nothing is trained."""

import numpy as np
import torch
from scipy.stats import hypergeom

from autograder import inputs
from autograder.check import check, close, defined_here, of_type, part, refuses, unmodified
from autograder.held_training import SHAPES, HeldTraining
from autograder.inputs import float64
from featherweight import expect


def norm_state(rng):
    """A state of the small network that most of these checks pretend to train."""
    return {
        "0.weight": float64(rng, 4, 5),
        "0.bias": float64(rng, 4),
        "1.weight": float64(rng, 4),
        "1.bias": float64(rng, 4),
        "1.running_mean": float64(rng, 4),
        "1.running_var": float64(rng, 4).abs(),
        "1.num_batches_tracked": torch.tensor(inputs.integer(rng, 3, 9)),
        "3.weight": float64(rng, 3, 4),
        "3.bias": float64(rng, 3),
    }


NETWORK = """
import torch
from torch import nn


def network(state):
    layers = [nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)]
    model = nn.Sequential(*layers).double()
    model.load_state_dict(state)
    return model


def clones(state):
    return {name: tensor.clone() for name, tensor in state.items()}


@torch.no_grad()
def move(model, drift, masks, scale):
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            tensor += 1
        elif name in masks:
            tensor.mul_(0.9).add_(scale * drift[name] * masks[name])
        else:
            tensor.mul_(0.9).add_(scale * drift[name])
"""


# ---------------------------------------------------------------- question 1

RECORDING = (
    NETWORK
    + """

def recorded(record_states, state, steps, drifts):
    model = network(state)
    hook, states = record_states(model, steps)
    for drift in drifts:
        for step in range(1, 8):
            move(model, drift, {}, 1.0 / step)
            hook(model, step)
    grads = [s for s, kept in states.items() if any(t.requires_grad for t in kept.values())]
    return {step: clones(kept) for step, kept in states.items()}, grads
"""
)


def recorded(student, rng, steps, num_trainings):
    """What the student's hook recorded, and what it should have recorded."""
    student.define(RECORDING)
    ours = defined_here(RECORDING)
    state, drifts = norm_state(rng), [norm_state(rng) for _ in range(num_trainings)]
    got, grads = student.ask("recorded", student.get("record_states"), state, steps, drifts)
    assert not grads, f"The tensors of states[{grads[0]}] require a gradient: detach them."
    model = ours["network"](state)
    expected = {0: ours["clones"](model.state_dict())} if 0 in steps else {}
    for step in range(1, 8):
        ours["move"](model, drifts[0], {}, 1.0 / step)
        if step in steps:
            expected[step] = ours["clones"](model.state_dict())
    hint = "which steps were asked for?"
    expect.equal(sorted(got), sorted(expected), hint, name="The list of recorded steps")
    return got, expected


@check("record-states", points=2)
def record_states(student, rng):
    with part(1, "one training"):
        for steps in ([0, 2, 5], [3, 7]):
            got, expected = recorded(student, rng, steps, 1)
            hint = "a copy of everything in the state, with memory of its own?"
            close(got, expected, hint, name="states")
    with part(1, "two trainings with the same hook"):
        got, expected = recorded(student, rng, [0, 1, 6], 2)
        close(got, expected, "the first record of a step counts", name="states")


# ---------------------------------------------------------------- question 2


def round_reference(weights, masks, rate, output):
    """Remove the smallest kept weight of a tensor, as often as it takes."""
    masks = {name: mask.clone() for name, mask in masks.items()}
    for name, mask in masks.items():
        share = rate / 2 if name == output else rate
        for _ in range(round(share * int(mask.sum()))):
            size = weights[name].abs().masked_fill(~mask, float("inf"))
            mask.view(-1)[size.argmin()] = False
    return masks


@check("ticket-round", points=2)
def ticket_round(student, rng):
    with part(1, "the first round"):
        weights = {"conv": float64(rng, 5, 3, 2, 4), "body": 9 * float64(rng, 7, 10)}
        weights |= {"head": 0.1 * float64(rng, 8, 5), "last": float64(rng, 20)}
        masks = {name: torch.ones_like(t, dtype=torch.bool) for name, t in weights.items()}
        got = student.call("ticket_round", weights, masks, 0.3, "head")
        expected = round_reference(weights, masks, 0.3, "head")
        hint = "each tensor loses the smallest of its own weights, `output` at half the rate"
        expect.equal(got, expected, hint, name="The dict of masks")
        unmodified(student)
    with part(1, "later rounds, weights that came back, zeros"):
        weights = {"first": float64(rng, 6, 9), "second": float64(rng, 4, 3, 2, 2)}
        masks = {"first": inputs.mask(rng, 6, 9, density=0.5)}
        masks["second"] = inputs.mask(rng, 4, 3, 2, 2, density=0.75)
        for name, mask in masks.items():
            weights[name][~mask] *= inputs.choice(rng, (1e-3, 20.0))
            place = mask.nonzero()[inputs.integer(rng, 0, 9)]
            weights[name][tuple(place)] = 0.0
        for output in ("second", "first", "none of them"):
            got = student.call("ticket_round", weights, masks, 0.4, output)
            for name, mask in masks.items():
                back = int((of_type(got, dict, "The result")[name].bool() & ~mask).sum())
                expect.equal(back, 0, "removed is removed", name="The weights that came back")
            expected = round_reference(weights, masks, 0.4, output)
            hint = "a share of what is still kept in this tensor; a kept weight may be 0"
            expect.equal(got, expected, hint, name="The dict of masks")
            unmodified(student)


# ---------------------------------------------------------------- question 3

LOOP = (
    NETWORK
    + """

class Training:
    '''Training that is none: each call moves everything by a drift of its own.'''

    def __init__(self, drifts, num_steps, known=False):
        self.drifts, self.num_steps, self.known = iter(drifts), num_steps, known

    def __call__(self, model, masks, first_step):
        drift = next(self.drifts)
        seen = {first_step: clones(model.state_dict())}
        for step in range(first_step + 1, self.num_steps + 1):
            if self.known:
                model.load_state_dict({n: t * masks.get(n, 1) for n, t in drift.items()})
            else:
                move(model, drift, masks, 1.0 + step)
            seen[step] = clones(model.state_dict())
        return seen


def halve(weights, masks):
    '''The masks without the smaller half of the kept weights of each tensor.'''
    thinner = {}
    for name in masks:
        flat = masks[name].flatten().clone().bool()
        kept = flat.nonzero().flatten()
        order = weights[name].detach().flatten()[kept].abs().argsort()
        flat[kept[order[: len(kept) // 2]]] = False
        thinner[name] = flat.view(masks[name].shape)
    return thinner


def tickets(find_tickets, state, drifts, num_steps, known, masks, num_rounds, rewind_step):
    training = Training(drifts, num_steps, known)
    return find_tickets(network(state), training, halve, masks, num_rounds, rewind_step)


def reference(state, drifts, num_steps, known, masks, num_rounds, rewind_step):
    training, levels = Training(drifts, num_steps, known), []
    for number in range(num_rounds + 1):
        if number:
            masks = halve(levels[-1]["end"], masks)
            rewound = {n: t * masks.get(n, 1) for n, t in point.items()}
        model = network(rewound if number else state)
        start = clones(model.state_dict())
        seen = training(model, masks, rewind_step if number else 0)
        if not number:
            point = seen[rewind_step]
        levels.append({"masks": masks, "start": start, "end": clones(model.state_dict())})
    return levels
"""
)


class Search:
    """A ticket search by the student's loop and by ours, on the same pretended training."""

    def __init__(self, student, rng, num_rounds, rewind_step, num_steps=5, known=False):
        student.define(LOOP)
        ours = defined_here(LOOP)
        state = norm_state(rng)
        masks = {n: torch.ones_like(state[n], dtype=torch.bool) for n in ("0.weight", "3.weight")}
        drifts = [norm_state(rng) for _ in range(num_rounds + 4)]
        args = (state, drifts, num_steps, known, masks, num_rounds, rewind_step)
        got = student.ask("tickets", student.get("find_tickets"), *args)
        unmodified(student)
        self.got = of_type(got, list, "The result")
        self.expected = ours["reference"](*args)
        hint = "level 0 is dense, and each round of pruning adds one level"
        name = "The number of levels"
        expect.equal(len(self.got), num_rounds + 1, hint, name=name)

    def agrees(self, key, hint):
        for number, (level, expected) in enumerate(zip(self.got, self.expected, strict=True)):
            name = f"Level {number}, '{key}'"
            assert isinstance(level, dict) and key in level, f"{name} is missing."
            close(level[key], expected[key], hint, name=name)


@check("loop-masks", points=2, cell="find-tickets")
def loop_masks(student, rng):
    with part(1, "the masks of each level"):
        hint = "the last end of training and the last masks make the next ones"
        Search(student, rng, 3, 0, num_steps=4, known=True).agrees("masks", hint)
    with part(1, "no pruning, one round, and the ends of training"):
        for num_rounds in (0, 1, 2):
            search = Search(student, rng, num_rounds, 0, num_steps=3, known=True)
            search.agrees("masks", "what does prune_fn get?")
            hint = "the state after this level's training, whatever is trained later"
            search.agrees("end", hint)


@check("loop-rewind", points=2, cell="find-tickets")
def loop_rewind(student, rng):
    for step, what in ((0, "rewinding to the start"), (3, "rewinding to a later step")):
        with part(1, what):
            search = Search(student, rng, 3, step)
            hint = "is everything back, biases and buffers too, is what is removed 0?"
            search.agrees("start", hint)
            hint = "where does training start, and from which step?"
            search.agrees("end", hint)


# ---------------------------------------------------------------- question 4

METHODS = ("fine-tune", "rewind weights", "rewind rates")

SHARING = """
def sharing(retraining_plan, method, states, lrs, num_steps, masks):
    start, _ = retraining_plan(method, states, lrs, num_steps, masks)
    used = {t.untyped_storage().data_ptr() for s in states.values() for t in s.values()}
    return [n for n, t in start.items() if t.untyped_storage().data_ptr() in used]
"""


def plan(student, *args):
    got = student.call("retraining_plan", *args)
    pair = isinstance(got, tuple | list) and len(got) == 2
    assert pair, "The result must be a pair: (start, again)."
    unmodified(student)
    return got


def plan_inputs(rng, num_steps):
    """States of all steps, falling learning rates, and masks."""
    lrs = sorted((inputs.uniform(rng, 0.01, 0.5) for _ in range(num_steps)), reverse=True)
    states = {step: norm_state(rng) for step in range(num_steps + 1)}
    return states, lrs, {"0.weight": inputs.mask(rng, 4, 5), "3.weight": inputs.mask(rng, 3, 4)}


@check("retraining-plan", points=2)
def retraining_plan(student, rng):
    total = inputs.integer(rng, 6, 9)
    states, lrs, masks = plan_inputs(rng, total)
    lengths = (1, inputs.integer(rng, 2, 4), total)
    with part(1, "the learning rates"):
        for method in METHODS:
            for length in lengths:
                ends = {i: states[i] for i in (total - length, total)}
                _, again = plan(student, method, ends, lrs, length, masks)
                expected = [lrs[i] for i in range(total - length, total)]
                if method == "fine-tune":
                    expected = [lrs[total - 1] for _ in range(length)]
                hint = "retraining ends where the original training ended"
                name = f"The list of learning rates to '{method}' for {length} of {total} steps"
                close(list(again), expected, hint, name=name)
        refuses(student, "There is no such method", "retraining_plan", "", ends, lrs, 2, masks)
    with part(1, "where it starts"):
        for method in METHODS:
            for length in lengths:
                step = total - length if method == "rewind weights" else total
                needed = {step: states[step]}
                start, _ = plan(student, method, needed, lrs, length, masks)
                begin = {n: t * masks.get(n, 1) for n, t in states[step].items()}
                hint = "after how many steps was this state reached? What is masked?"
                close(start, begin, hint, name=f"The state to '{method}' for {length} steps")
        student.define(SHARING)
        function = student.get("retraining_plan")
        ends = {i: states[i] for i in (total - 2, total)}
        for method in METHODS:
            shared = student.ask("sharing", function, method, ends, lrs, 2, masks)
            assert not shared, f"{shared[0]} of the start shares memory with a recorded state."


# ---------------------------------------------------------------- question 5

ALIASING = """
def audited(audit_run, point, levels, shared):
    for number, name in shared:
        same = point[name].detach()
        levels[number]["start"][name] = same.view(-1)[:].view(same.shape)
    return audit_run(point, levels)
"""


def honest_run(rng, num_levels=4):
    """A rewinding point and the levels of a search without fault."""
    point = {
        "conv.weight": float64(rng, 3, 2, 2, 5),
        "norm.weight": float64(rng, 3),
        "norm.running_mean": float64(rng, 3),
        "norm.num_batches_tracked": torch.tensor(inputs.integer(rng, 10, 99)),
        "fc.weight": float64(rng, 6, 9),
        "fc.bias": float64(rng, 6),
    }
    pruned = ("conv.weight", "fc.weight")
    masks = {name: torch.ones_like(point[name], dtype=torch.bool) for name in pruned}
    levels: list[dict] = []
    for number in range(num_levels):
        if number:
            masks = round_reference(levels[-1]["end"], masks, 0.3, "none")
        start = {n: t * masks.get(n, 1) for n, t in point.items()}
        if not number:
            start = {n: t + 1 for n, t in start.items()}
        moved = {n: 0.7 * t + float64(rng, 1, *t.shape)[0] for n, t in start.items()}
        end = {n: t * masks.get(n, 1) for n, t in moved.items()}
        end["norm.num_batches_tracked"] = start["norm.num_batches_tracked"] + 5
        levels.append({"masks": masks, "start": start, "end": end})
    return point, levels


def report(student, point, levels, shared=()):
    """The student's report as a list of tuples."""
    student.define(ALIASING)
    shared = [list(pair) for pair in shared]
    got = student.ask("audited", student.get("audit_run"), point, levels, shared)
    for fault in of_type(got, list, "The report"):
        triple = isinstance(fault, tuple | list) and len(fault) == 3
        assert triple, "Each fault must be a triple (level, fault, name)."
    return [tuple(fault) for fault in got]


def place_of(mask, which):
    """The index of one True entry of a mask."""
    places = mask.nonzero()
    return tuple(places[which % len(places)].tolist())


def set_mask(level, point, name, place, keep):
    """Change one entry of a level's mask, and its tensors with it, so that only the mask is odd."""
    mask = level["masks"][name].clone()
    mask[place] = keep
    level["masks"] = level["masks"] | {name: mask}
    level["start"][name][place] = point[name][place] * keep
    level["end"][name][place] = 1.5 * keep


def swapped(rng, point, levels, number, name):
    """Keep the smallest and drop the largest of two weights that had to be chosen from."""
    had, mask = levels[number - 1]["masks"][name], levels[number]["masks"][name]
    set_mask(levels[number], point, name, place_of(had & ~mask, 1), True)
    set_mask(levels[number], point, name, place_of(mask, 2), False)


@check("audit-run", points=3)
def audit_run(student, rng):
    with part(1, "a clean run, and faults in the masks"):
        point, levels = honest_run(rng)
        hint = "this search has no fault"
        expect.equal(report(student, point, levels), [], hint, name="The report")
        swapped(rng, point, levels, 3, "fc.weight")
        hint = "which of the weights that were still there had the smallest absolute values?"
        expected = [(3, "chosen wrongly", "fc.weight")]
        expect.equal(report(student, point, levels), expected, hint, name="The report")
        gone = place_of(~levels[1]["masks"]["conv.weight"], inputs.integer(rng, 0, 9))
        for level in levels[2:]:
            set_mask(level, point, "conv.weight", gone, True)
        hint = "compare with the masks of the level just before"
        expected = [(2, "came back", "conv.weight"), *expected]
        expect.equal(report(student, point, levels), expected, hint, name="The report")
        unmodified(student)
    with part(1, "removed weights, and what was not rewound"):
        point, levels = honest_run(rng)
        gone = place_of(~levels[2]["masks"]["fc.weight"], 3)
        levels[2]["end"]["fc.weight"][gone] = -1e-12
        gone = place_of(~levels[3]["masks"]["conv.weight"], 5)
        levels[3]["start"]["conv.weight"][gone] = point["conv.weight"][gone]
        expected = [(2, "not zero", "fc.weight"), (3, "not zero", "conv.weight")]
        hint = "removed weights are exactly 0, before and after training"
        expect.equal(report(student, point, levels), expected, hint, name="The report")
        levels[1]["start"]["fc.bias"][2] += 1e-9
        levels[2]["start"]["norm.num_batches_tracked"] += 1
        levels[2]["start"]["norm.running_mean"] = levels[1]["end"]["norm.running_mean"]
        levels[3]["start"]["fc.weight"][place_of(levels[3]["masks"]["fc.weight"], 4)] *= -1
        names = ((1, "fc.bias"), (2, "norm.num_batches_tracked"), (2, "norm.running_mean"))
        expected += [(n, "not rewound", name) for n, name in (*names, (3, "fc.weight"))]
        hint = "kept weights, biases and buffers are exactly those of the rewinding point"
        expect.equal(report(student, point, levels), sorted(expected), hint, name="The report")
    with part(1, "shared memory"):
        point, levels = honest_run(rng)
        shared = [(0, "fc.bias"), (1, "norm.weight"), (3, "norm.num_batches_tracked")]
        hint = "a view is another object in the same memory; equal values need not share any"
        expected = [(number, "shared", name) for number, name in shared]
        got = report(student, point, levels, shared)
        expect.equal(got, expected, hint, name="The report")


# ---------------------------------------------------------------- question 6

DRAWS = """
import torch


def draws(function, args, first, number):
    '''The mean result over many generators.'''
    total = 0
    for seed in range(first, first + number):
        total = total + function(*args, torch.Generator().manual_seed(seed)).double()
    return total / number


def values_of(control_weights, kind, start, masks, name, generator):
    return control_weights(kind, start, masks, generator)[name]


def first_of(control_weights):
    def first(*args):
        return values_of(control_weights, *args)

    return first
"""

NUM_DRAWS = 600


def drew_only(student):
    """Fail if the last call changed an argument other than its generator, the last one."""
    changed = [
        name for name in student.modified() if name != f"argument {len(student.arguments())}"
    ]
    assert not changed, f"The call changed {' and '.join(changed)}. Leave what you are given."


def only_its_generator(student, name, *args):
    """Fail unless the result depends on the generator passed, and on no other randomness."""
    one, other = (torch.Generator().manual_seed(seed) for seed in (1, 2))
    first = student.repeated(name, *args, one, seed=5, times=1)[0]
    again = student.repeated(name, *args, one, seed=6, times=1)[0]
    close(again, first, "all random numbers come from `generator`", name="A second result")
    return first, student.call(name, *args, other)


@check("control-weights", points=2, cell="controls")
def control_weights(student, rng):
    start = {"a": 3 * float64(rng, 6, 5) + 1, "b": float64(rng, 3, 2, 4), "bias": float64(rng, 6)}
    masks = {"a": inputs.mask(rng, 6, 5, density=0.6), "b": inputs.mask(rng, 3, 2, 4, density=0.5)}
    rng_there = torch.Generator().manual_seed(inputs.integer(rng, 0, 10**6))
    with part(1, "constants"):
        got = student.call("control_weights", "constant", start, masks, rng_there)
        expected = {"bias": start["bias"]}
        for name, mask in masks.items():
            spread = np.std(start[name].numpy())
            expected[name] = spread * torch.sign(start[name]) * mask
        hint = "one standard deviation for each tensor, from all of its entries; keep the signs"
        close(got, expected, hint, atol=1e-6, name="The state")
        drew_only(student)
    with part(1, "random orders"):
        for kind in ("reshuffle", "same signs"):
            results = only_its_generator(student, "control_weights", kind, start, masks)
            drew_only(student)
            for got in results:
                reordered(of_type(got, dict, "The result"), start, masks, kind)
            same = all(torch.equal(results[0][name], results[1][name]) for name in masks)
            assert not same, f"'{kind}' gives the same order for each generator."
        student.define(DRAWS)
        function = student.ask("first_of", student.get("control_weights"))
        args = ["reshuffle", start, masks, "a"]
        seed = inputs.integer(rng, 0, 10**6)
        mean = student.ask("draws", function, args, seed, NUM_DRAWS)
        kept = start["a"][masks["a"]]
        error = (mean[masks["a"]] - kept.mean()).abs().max() / kept.std() * NUM_DRAWS**0.5
        assert error < 6, "Not all orders of the kept values are equally likely."


def reordered(got, start, masks, kind):
    """Fail unless the kept values were only reordered, within each tensor."""
    expect.equal(sorted(got), sorted(start), name="The list of tensors")
    close(got["bias"], start["bias"], "tensors without a mask stay", name="'bias'")
    for name, mask in masks.items():
        expect.shape(got[name], mask.shape, name=f"'{name}'")
        none = torch.zeros(int((~mask).sum()), dtype=torch.float64)
        close(got[name][~mask], none, "removed weights are 0", name=f"The removed part of '{name}'")
        kept, values = start[name][mask], got[name][mask]
        if kind == "same signs":
            hint = "the sign stays at its position, the absolute value moves"
            close(values.sign(), kept.sign(), hint, name=f"The signs of '{name}'")
            kept, values = kept.abs(), values.abs()
        hint = "the same values in another order: those of the kept positions of this tensor"
        name = f"The sorted kept values of '{name}'"
        close(values.sort().values, kept.sort().values, hint, name=name)


@check("control-masks", points=2, cell="controls")
def control_masks(student, rng):
    masks = [inputs.mask(rng, 7, 9, density=1 / 3), inputs.mask(rng, 4, 6, 2, 3, density=0.5)]
    masks[0][0], masks[0][:, 0] = True, False
    with part(1, "what stays: the counts"):
        for mask in masks:
            for dim in (None, *range(mask.ndim)):
                results = only_its_generator(student, "shuffled_mask", mask, dim)
                drew_only(student)
                for got in results:
                    keeps_counts(got, mask, dim)
                same = torch.equal(results[0].bool(), results[1].bool())
                assert not same, f"dim={dim} gives the same mask for each generator."
    with part(1, "what moves: every order is equally likely"):
        student.define(DRAWS)
        seed = inputs.integer(rng, 0, 10**6)
        for mask, dims in ((masks[0][:4, :5], (None, 0, 1)), (masks[1][:2, :3], (1, 2))):
            for dim in dims:
                args = [mask, dim]
                mean = student.ask("draws", student.get("shuffled_mask"), args, seed, NUM_DRAWS)
                evenly(mean, mask, dim)
        column = torch.zeros(30, 6, dtype=torch.bool)
        column[:, 2] = True
        for mask, dim in ((column, 0), (column.T.contiguous(), 1)):
            got = student.call("shuffled_mask", mask, dim, torch.Generator().manual_seed(seed))
            expect.shape(got, mask.shape)
            rows = (got if dim == 0 else got.T).double()
            assert not (rows == rows[0]).all(), "Each slice needs a random order of its own."


def counts_of(mask, dim):
    """How many entries each slice has, in the shape of the mask."""
    if dim is None:
        return mask.double().sum().expand(mask.shape)
    others = [d for d in range(mask.ndim) if d != dim]
    return mask.double().sum(others, keepdim=True).expand(mask.shape)


def keeps_counts(got, mask, dim):
    expect.shape(got, mask.shape)
    entries = bool(((got == 0) | (got == 1)).all())
    assert entries, "The result must be a mask of True/False."
    hint = "which entries are shuffled among themselves?"
    name = f"The count of each slice for dim={dim}"
    close(counts_of(got, dim), counts_of(mask, dim), hint, name=name)


def evenly(mean, mask, dim):
    """Fail unless each position of a slice is kept as often as every other one."""
    expect.shape(mean, mask.shape, name="A mean of masks")
    expected = counts_of(mask, dim)
    size = mask.numel() if dim is None else mask.numel() // mask.shape[dim]
    share = expected / size
    tolerance = 6 * (share * (1 - share) / NUM_DRAWS).sqrt() + 1e-9
    even = ((mean - share).abs() <= tolerance).all()
    assert even, f"dim={dim}: over many draws, some positions of a slice are kept more often."


# ---------------------------------------------------------------- question 7


def overlap_reference(first, second):
    """Counts in numpy, mean and variance from the probabilities of scipy's hypergeometric law."""
    one = np.concatenate([first[name].numpy().ravel() for name in first])
    other = np.concatenate([second[name].numpy().ravel() for name in first])
    expected = variance = 0.0
    for name, mask in first.items():
        common = np.arange(mask.numel() + 1)
        law = (mask.numel(), int(mask.sum()), int(second[name].sum()))
        chance = hypergeom.pmf(common, *law)
        mean = (common * chance).sum()
        expected, variance = expected + mean, variance + ((common - mean) ** 2 * chance).sum()
    both, either = int((one & other).sum()), int((one | other).sum())
    z = (both - expected) / variance**0.5 if variance > 1e-9 else 0.0
    iou = both / either if either else 1.0
    return {"iou": iou, "expected": float(expected), "z": float(z)}


def mask_pairs(rng):
    """Pairs of masks with different shapes and densities, and some correlation."""
    for densities in ((0.3, 0.6), (0.05, 0.9)):
        first = {"a": inputs.mask(rng, 11, 7, density=densities[0])}
        first |= {"b": inputs.mask(rng, 3, 2, 2, 5, density=densities[1])}
        second = {"a": inputs.mask(rng, 11, 7, density=0.4)}
        second |= {"b": inputs.mask(rng, 3, 2, 2, 5, density=0.5) | first["b"]}
        yield first, dict(reversed(second.items()))


@check("mask-overlap", points=3)
def mask_overlap(student, rng):
    for key, hint in (
        ("iou", "all tensors together: in both, divided by in at least one"),
        ("expected", "a * b / N for each tensor, added up"),
        ("z", "add up variances, tensor by tensor; draws are without replacement"),
    ):
        with part(1, f"'{key}'"):
            for first, second in mask_pairs(rng):
                overlaps(student, key, first, second, hint)
            one = torch.ones(1, dtype=torch.bool)
            full = {"a": torch.ones(4, 3, dtype=torch.bool), "b": one}
            half = {"a": inputs.mask(rng, 4, 3), "b": ~one}
            none = {name: torch.zeros_like(mask) for name, mask in full.items()}
            for first, second in ((full, half), (none, none), (half, none), (full, full)):
                overlaps(student, key, first, second, "nothing is left to chance here")


def overlaps(student, key, first, second, hint):
    got = of_type(student.call("mask_overlap", first, second), dict, "The result")
    assert key in got, f"The result has no entry '{key}'."
    unmodified(student)
    close(got[key], overlap_reference(first, second)[key], hint, atol=1e-4, name=f"'{key}'")


# ---------------------------------------------------------------- question 8

OWN_VALUES = """
def own_values(hold_removed, model, optimizer, masks):
    return hold_removed(model, optimizer, masks, model.state_dict())
"""


class Held(HeldTraining):
    """Training with weights held at values of their own, some of them in a bias."""

    held = ("0.weight", "2.weight", "2.bias")
    moved = "held weights of `{}` are not at their values"
    free = "free"

    def __init__(self, student, rng, kind):
        super().__init__(student, rng, kind)
        self.values = {name: 0.7 * float64(rng, *shape) for name, shape in SHAPES.items()}
        self.values["2.weight"] *= inputs.mask(rng, 3, 5)

    def attach(self):
        self.put_back()
        args = (self.theirs, self.their_optimizer, self.masks, self.values)
        handle = self.student.call_kept("hold_removed", *args)
        unmodified(self.student, "`masks` and `values` stay as they are")
        return handle

    def attach_own(self):
        """Hold weights where they are: the values passed are the model's own state dict."""
        self.values = {n: t.clone() for n, t in self.model.state_dict().items()}
        self.put_back()
        self.student.define(OWN_VALUES)
        function = self.student.get("hold_removed")
        self.student.ask("own_values", function, self.theirs, self.their_optimizer, self.masks)


@check("held-values", points=2, cell="hold-removed")
def held_values(student, rng):
    for kinds in (("sgd",), ("adam", "adamw", "rmsprop")):
        with part(1, "SGD with momentum" if kinds == ("sgd",) else "optimizers that adapt"):
            for kind in kinds:
                stays_held(Held(student, rng, kind), own=False)
            stays_held(Held(student, rng, kinds[0]), own=True)


def stays_held(run, own):
    for number in range(2):
        run.step(number, held=False)
    _ = run.attach_own() if own else run.attach()
    what = "with the model's own state dict as values, " if own else ""
    run.held_weights_stay(f"{what}right after the call")
    for number in range(2, 6):
        run.step(number)
        run.held_weights_stay(f"{what}after a step")
        run.free_weights_agree("after a step", "free weights must not notice that others are held")


@check("held-memory", points=1, cell="hold-removed")
def held_memory(student, rng):
    for kind in ("momentum", "adam-plain"):
        run = Held(student, rng, kind)
        for number in range(2):
            run.step(number, held=False)
        handle = run.attach()
        for number in range(2, 5):
            run.step(number)
        student.method(handle, "remove")
        run.step(5, scale=0.0, held=False)
        run.held_weights_stay("after remove() and a step without gradient")
        run.step(6, held=False)
        hint = "freed weights begin like new ones: no memory of any kind is left, and they may move"
        run.freed_weights_agree("after one more step", hint)


# ---------------------------------------------------------------- question 9

WATCHING = """
def watched(EarlyBird, window, threshold, sequence, in_place):
    '''What the detector says to a sequence of masks, and the distances it recorded.'''
    bird, own = EarlyBird(window, threshold), None
    answers = []
    for masks in sequence:
        if own is None or not in_place:
            own = {name: mask.clone() for name, mask in masks.items()}
        for name, mask in masks.items():
            own[name].copy_(mask)
        answers.append(bird.update(own))
    return answers, bird.distances
"""


def mask_sequence(rng, changes):
    """Masks of two tensors in which a given number of positions changes from epoch to epoch."""
    flat = inputs.mask(rng, 120, density=0.5)
    sequence = []
    for change in (0, *changes):
        flat = flat.clone()
        flat[torch.randperm(120, generator=rng)[:change]] ^= True
        sequence.append({"a": flat[:90].view(9, 10), "b": flat[90:].view(3, 2, 5)})
    return sequence


def watch(student, sequence, window, threshold, in_place=False):
    """What the student's detector answers and records."""
    student.define(WATCHING)
    args = (window, threshold, sequence, in_place)
    answers, distances = student.ask("watched", student.get("EarlyBird"), *args)
    answers = [a.item() if isinstance(a, torch.Tensor) and a.numel() == 1 else a for a in answers]
    return answers, distances


def answers_to(changes, window, threshold):
    """The right answers: the first call records nothing."""
    right = [False]
    for last in range(1, len(changes) + 1):
        recent = [change / 120 for change in changes[max(0, last - window) : last]]
        right.append(len(recent) == window and all(d < threshold for d in recent))
    return right


@check("early-bird", points=3)
def early_bird(student, rng):
    changes = [inputs.integer(rng, 20, 60), *(inputs.integer(rng, 0, 30) for _ in range(7))]
    sequence = mask_sequence(rng, changes)
    with part(1, "the distances"):
        _, distances = watch(student, sequence, 3, 0.1)
        hint = "positions that differ from the epoch before, of all positions of all tensors"
        close(distances, [change / 120 for change in changes], hint, name="distances")
    with part(1, "the answers"):
        for changes, window, threshold in (
            ([50, 5, 7, 4, 30, 3, 3, 3, 3], 3, 0.1),
            ([5, 5, 5, 5, 5, 5], 4, 0.1),
            ([40, 12, 11, 6, 3, 12, 2], 1, 0.1),
            ([11, 11, 11, 11, 11, 11, 11], 5, 0.1),
            ([18, 2, 2, 18, 2, 2, 2], 2, 0.15),
        ):
            answers, _ = watch(student, mask_sequence(rng, changes), window, threshold)
            hint = "each of the last `window` distances has to be below the threshold"
            name = f"The list of answers with window {window} to {changes} of 120 changes"
            expect.equal(answers, answers_to(changes, window, threshold), hint, name=name)
    with part(1, "masks that are changed in place"):
        changes = [30, 40, 5, 5, 5, 25]
        answers, distances = watch(student, mask_sequence(rng, changes), 2, 0.1, in_place=True)
        hint = "whose memory did you keep?"
        close(distances, [change / 120 for change in changes], hint, name="distances")
        expect.equal(answers, answers_to(changes, 2, 0.1), hint, name="The list of answers")
