"""Hidden checks of a1-magnitude-pruning: fresh inputs, own references, hints that teach."""

import math

import numpy as np
import torch
from scipy.optimize import brentq
from torch.nn.utils import prune

from autograder import inputs
from autograder.check import check, close, part, refuses, unmodified
from autograder.held_training import HeldTraining
from autograder.inputs import float64
from featherweight import expect

# ---------------------------------------------------------------- question 1


def keeps_the_largest(got, weight, count):
    """`got` is `weight` with exactly `count` entries kept, none of them smaller than a lost one."""
    expect.shape(got, weight.shape)
    kept = got != 0
    name = f"The number of kept weights of {weight.numel()}"
    expect.equal(int(kept.sum()), count, "exactly round(density * N) are kept", name=name)
    close(got[kept], weight[kept], "kept weights keep their values", atol=0.0)
    magnitude = weight.double().abs()
    if kept.any() and not kept.all():
        smallest, largest = magnitude[kept].min(), magnitude[~kept].max()
        assert smallest >= largest, "A weight was removed although a smaller one was kept."


@check("repair-count", points=2, cell="prune-state")
def repair_count(student, rng):
    with part(1, "weights that all differ"):
        for density in (0.3, 0.61, 0.0, 1.0):
            weight = float64(rng, 7, 11)
            got = student.call("prune_state", {"fc.weight": weight}, density)["fc.weight"]
            number = weight.numel() - round(density * weight.numel())
            mask = prune.L1Unstructured(number).compute_mask(weight, torch.ones_like(weight))
            hint = "which entries are the largest in absolute value, and how many are kept?"
            close(got, weight * mask, hint, atol=0.0, name=f"The weight at density {density}")
    with part(1, "equal magnitudes and half precision"):
        for dtype in (torch.float16, torch.bfloat16, torch.float32):
            weight = inputs.tied_weights(rng, 9, 10, levels=3).to(dtype)
            got = student.call("prune_state", {"fc.weight": weight}, 0.4)["fc.weight"]
            expect.tensor(got)
            assert got.dtype == dtype, f"A {dtype} tensor came back as {got.dtype}."
            keeps_the_largest(got, weight, 36)


SHARED_MEMORY = """
def shared(prune_state, state, density):
    copied = prune_state(state, density)
    start = {name: t.untyped_storage().data_ptr() for name, t in state.items()}
    return [n for n, t in copied.items() if t.untyped_storage().data_ptr() == start[n]]
"""


@check("repair-scope", points=1, cell="prune-state")
def repair_scope(student, rng):
    pruned = {
        "conv.weight": float64(rng, 3, 2, 2, 5),
        "embedding.weight": float64(rng, 6, 4).float(),
        "head.weight": float64(rng, 4, 10),
    }
    copied = {
        "norm.weight": float64(rng, 8),
        "norm.running_mean": float64(rng, 8),
        "norm.num_batches_tracked": torch.tensor(7),
        "position": float64(rng, 5, 6),
        "head.weight_scale": float64(rng, 4, 2),
        "head.bias": float64(rng, 4),
    }
    state = {**copied, **pruned}
    got = student.call("prune_state", state, 0.5)
    assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
    expect.equal(
        sorted(got), sorted(state), "every tensor is in the copy", name="The list of names"
    )
    for name, tensor in copied.items():
        close(got[name], tensor, "only weight matrices and kernels are pruned", 0.0, f"`{name}`")
    for name, tensor in pruned.items():
        expect.shape(got[name], tensor.shape, name=f"`{name}`")
        assert (got[name] == 0).any(), f"`{name}` should have been pruned, and was not."
        assert got[name].dtype == tensor.dtype, f"The dtype of `{name}` changed."
    unmodified(student)
    student.define(SHARED_MEMORY)
    function = student.get("prune_state")
    shared = student.ask("shared", function, state, 0.5)
    assert not shared, f"The copy shares the memory of {shared[0]} with the original."


# ---------------------------------------------------------------- question 2


def nm_reference(weight, n, m):
    """Group by group, in numpy."""
    moved = np.moveaxis(np.abs(weight.numpy()), 1, -1)
    mask = np.zeros(moved.shape, dtype=bool)
    for place in np.ndindex(moved.shape[:-1]):
        for start in range(0, moved.shape[-1], m):
            best = start + np.argsort(moved[place][start : start + m])[m - n :]
            mask[place][best] = True
    return torch.from_numpy(np.moveaxis(mask, -1, 1).copy())


@check("nm-pattern", points=2, cell="nm-mask")
def nm_pattern(student, rng):
    with part(1, "linear layers"):
        for n, m in ((2, 4), (1, 3), (5, 6), (0, 2), (4, 4)):
            weight = float64(rng, 5, 12)
            got = student.call("nm_mask", weight, n, m)
            hint = f"in each row exactly {n} of every {m} consecutive inputs stay"
            expect.equal(got, nm_reference(weight, n, m), hint, name=f"The {n}:{m} mask")
            unmodified(student)
    with part(1, "convolutions, ties, and a number of inputs that does not fit"):
        weight = float64(rng, 3, 8, 2, 5)
        hint = "a group runs over input channels at one output and one pixel of the kernel"
        expect.equal(student.call("nm_mask", weight, 1, 4), nm_reference(weight, 1, 4), hint)
        ties = inputs.tied_weights(rng, 6, 8, levels=1)
        got = student.call("nm_mask", ties, 2, 4)
        expect.shape(got, ties.shape)
        counts = got.double().reshape(6, 2, 4).sum(-1)
        expect.equal(
            counts,
            torch.full((6, 2), 2.0),
            "equal magnitudes must not change it",
            name="The count per group",
        )
        refuses(student, "10 inputs have no groups of 4", "nm_mask", float64(rng, 3, 10), 2, 4)


# ---------------------------------------------------------------- question 3


def erk_reference(shapes, density):
    """The densities by a root search for epsilon."""
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    budget = density * sum(sizes.values())

    def excess(epsilon):
        return sum(min(sizes[n], epsilon * sum(s)) for n, s in shapes.items()) - budget

    top = max(sizes[name] / sum(shape) for name, shape in shapes.items())
    epsilon = brentq(excess, 0.0, top, xtol=1e-14, rtol=1e-14)
    return {name: min(1.0, epsilon * sum(s) / sizes[name]) for name, s in shapes.items()}


def weights_kept(densities, shapes):
    return sum(densities[name] * math.prod(shape) for name, shape in shapes.items())


@check("erk-densities", points=1)
def erk_densities(student, rng):
    shapes = {
        "stem": (inputs.integer(rng, 12, 16), 4, 3, 5),
        "body": (inputs.integer(rng, 20, 30), inputs.integer(rng, 40, 60)),
        "head": (10, inputs.integer(rng, 21, 29)),
    }
    full = min(math.prod(shape) / sum(shape) for shape in shapes.values())
    total = sum(map(math.prod, shapes.values()))
    density = inputs.uniform(rng, 0.4, 0.9) * full * sum(map(sum, shapes.values())) / total
    got = student.call("erk_densities", shapes, density)
    hint = "here no layer is full: each keeps a number of weights proportional to its shape's sum"
    close(got, erk_reference(shapes, density), hint, atol=1e-9, name="The dict of densities")
    unmodified(student)


@check("erk-capping", points=1, cell="erk-densities")
def erk_capping(student, rng):
    shapes = {
        "wide": (inputs.integer(rng, 30, 50), inputs.integer(rng, 50, 70)),
        "tiny": (2, 3),
        "small": (10, 8),
    }
    sums, total = sum(map(sum, shapes.values())), sum(map(math.prod, shapes.values()))
    one_full = (6 + inputs.uniform(rng, 1.5, 4.0) * (sums - 5)) / total
    small = 80 / 18  # the epsilon at which "small" is full: it is so only by what "tiny" passes on
    cascade = (small * sums + small * (sums - 5) + 6) / 2 / total
    for density in (one_full, cascade, 0.5, 0.9):
        got = student.call("erk_densities", shapes, density)
        assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
        expect.equal(sorted(got), sorted(shapes), name="The list of layers")
        assert all(value <= 1 + 1e-9 for value in got.values()), "A layer has a density above 1."
        hint = "weights that a full layer cannot take belong to the other layers"
        name = "The number of kept weights"
        close(weights_kept(got, shapes), density * total, hint, atol=1e-6, name=name)
        hint = "when a layer is full, all others share the rest; can that fill another one?"
        close(got, erk_reference(shapes, density), hint, atol=1e-9, name="The dict of densities")
    everything = student.call("erk_densities", shapes, 1.0)
    close(everything, dict.fromkeys(shapes, 1.0), "a density of 1 keeps all weights")


# ---------------------------------------------------------------- question 4


def lamp_reference(weight):
    """The definition, one weight at a time."""
    squares = weight.numpy().ravel() ** 2
    scores = [s / squares[squares >= s].sum() if s > 0 else 0.0 for s in squares]
    return torch.tensor(scores, dtype=torch.float64).reshape(weight.shape)


@check("lamp-scores", points=2)
def lamp_scores(student, rng):
    with part(1, "weights that are not zero"):
        for shape in ((5, 7), (4, 3, 2, 3)):
            weight = float64(rng, *shape) * inputs.uniform(rng, 0.1, 3.0)
            got = student.call("lamp_scores", weight)
            hint = "each square is divided by the squares of its own and all larger magnitudes"
            close(got, lamp_reference(weight), hint, name="The tensor of scores")
            unmodified(student)
    with part(1, "tensors with zeros"):
        weight = inputs.sparse_weights(rng, 6, 5, density=0.4).double()
        hint = "a zero scores 0, and it adds nothing to the other scores"
        close(student.call("lamp_scores", weight), lamp_reference(weight), hint)
        empty = torch.zeros(3, 4, dtype=torch.float64)
        close(student.call("lamp_scores", empty), empty, "a tensor of zeros has scores of 0")


# ---------------------------------------------------------------- question 5


def kept(masks):
    expect.equal(isinstance(masks, dict), True, name="Being a dict")
    return sum(int(mask.sum()) for mask in masks.values())


@check("round-count", points=1, cell="prune-round")
def round_count(student, rng):
    weights = {"first": float64(rng, 7, 5), "second": float64(rng, 2, 13)}
    weights["first"][2, 3] = 0.0  # a kept weight may be 0; its mask still says that it is kept
    masks = {name: torch.ones_like(t, dtype=torch.bool) for name, t in weights.items()}
    left = 61
    for number in range(1, 6):
        masks = student.call("prune_round", weights, masks, 0.2)
        left -= round(0.2 * left)
        hint = "each round takes a fraction of what the masks still keep, over all tensors together"
        expect.equal(kept(masks), left, hint, name=f"The number of weights after round {number}")
        masks = {name: mask.bool() for name, mask in masks.items()}
        weights = {name: t * masks[name] for name, t in weights.items()}


def round_reference(weights, masks, count):
    """Remove the `count` smallest kept weights, one after the other."""
    masks = {name: mask.clone() for name, mask in masks.items()}
    for _ in range(count):
        places = [(name, tuple(i)) for name, m in masks.items() for i in m.nonzero().tolist()]
        name, place = min(places, key=lambda p: abs(float(weights[p[0]][p[1]])))
        masks[name][place] = False
    return masks


@check("round-nested", points=1, cell="prune-round")
def round_nested(student, rng):
    for scale in (1.0, 3.0):
        weights = {"first": float64(rng, 6, 5), "second": scale * float64(rng, 3, 4, 2, 1)}
        masks = {
            "first": inputs.mask(rng, 6, 5, density=0.7),
            "second": inputs.mask(rng, 3, 4, 2, 1, density=0.75),
        }
        for name, mask in masks.items():
            weights[name][~mask] *= 5  # training gave removed weights large values again
        got = student.call("prune_round", weights, masks, 1 / 3)
        expected = round_reference(weights, masks, 13)
        assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
        for name, mask in masks.items():
            expect.shape(got[name], mask.shape, name=f"The mask of '{name}'")
            back = int((got[name].bool() & ~mask).sum())
            expect.equal(back, 0, "removed is removed", name="The number of weights that came back")
        hint = "among the kept weights of all tensors the smallest magnitudes go"
        expect.equal(got, expected, hint, name="The dict of masks")
        unmodified(student)


# ---------------------------------------------------------------- question 6


def density_at(step, start, end, every, initial, final, power):
    """The schedule, walked step by step."""
    density = 1.0
    for now in range(step + 1):
        if now >= end:
            density = final
        elif now >= start and (now - start) % every == 0:
            progress = (now - start) / (end - start)
            density = final + (initial - final) * (1 - progress) ** power
    return density


@check("stepped-density", points=2)
def stepped_density(student, rng):
    start, length = inputs.integer(rng, 20, 60), inputs.integer(rng, 90, 130)
    ends = {"initial": inputs.uniform(rng, 0.6, 0.95), "final": inputs.uniform(rng, 0.02, 0.2)}
    end = start + length
    with part(1, "the curve, with an update at every step"):
        for power in (3, 2):
            for step in (start, start + 1, start + length // 3, end - 1, end, end + 1, 3 * end):
                got = student.call("stepped_density", step, start, end, 1, **ends, power=power)
                expected = density_at(step, start, end, 1, **ends, power=power)
                hint = "how far is this step between start and end, and how far is there to go?"
                close(got, expected, hint, name=f"The density at step {step}, power {power},")
    with part(1, "before the start, and between updates"):
        every = 7 if length % 7 else 11
        last = start + every * (length // every)
        steps = (0, start - 1, start, start + every - 1, start + every, start + 3 * every + 2)
        for step in (*steps, last, end - 1, end, end + every):
            got = student.call("stepped_density", step, start, end, every, **ends)
            expected = density_at(step, start, end, every, **ends, power=3)
            hint = "which was the last update at or before this step?"
            close(got, expected, hint, name=f"The density at step {step}, every {every},")


# ---------------------------------------------------------------- question 7


def group_prox_reference(weight, amount):
    """Group by group, from the optimality condition x + amount * x / |x| = g."""
    result = np.zeros(weight.shape)
    for output, group in enumerate(weight.numpy()):
        length = np.sqrt((group**2).sum())
        if length > amount:
            result[output] = group - amount * group / length
    return torch.from_numpy(result)


@check("group-prox", points=2, cell="group-soft-threshold")
def group_prox(student, rng):
    with part(1, "rows of a matrix"):
        weight = float64(rng, 7, 5) * torch.linspace(0.2, 2.0, 7).double()[:, None]
        for amount in (0.0, inputs.uniform(rng, 0.6, 1.4)):
            got = student.call("group_soft_threshold", weight, amount)
            hint = "each row keeps its direction; what happens to its length?"
            expected = group_prox_reference(weight, amount)
            close(got, expected, hint, name=f"The result for amount {amount:.3g}")
            gone = (expected == 0).flatten(1).all(1)
            close(got[gone], expected[gone], "short rows are exactly 0", atol=0.0, name="Its rows")
            unmodified(student)
    with part(1, "kernels, and groups of zeros"):
        kernel = float64(rng, 4, 2, 3, 5)
        kernel[1] = 0.0
        kernel[3] *= 0.05
        amount = inputs.uniform(rng, 0.8, 1.6)
        hint = "a group is everything that belongs to one output; a group of zeros stays zero"
        expected = group_prox_reference(kernel, amount)
        close(student.call("group_soft_threshold", kernel, amount), expected, hint)
        zero = torch.zeros(2, 3, dtype=torch.float64)
        close(student.call("group_soft_threshold", zero, 0.0), zero, "what is 0 / 0?")


# ---------------------------------------------------------------- question 8


def gap_reference(weight, gap_bits):
    """Walk over all positions and count zeros."""
    gaps, values, zeros = [], [], 0
    last = max([i for i, w in enumerate(weight.flatten().tolist()) if w], default=-1)
    for position, value in enumerate(weight.flatten().tolist()):
        if position > last:
            break
        if value or zeros == 2**gap_bits - 1:
            gaps.append(zeros)
            values.append(value)
            zeros = 0
        else:
            zeros += 1
    return torch.tensor(gaps, dtype=torch.int64), torch.tensor(values, dtype=weight.dtype)


def encodes(student, weight, gap_bits, hint):
    got = student.call("encode_gaps", weight, gap_bits)
    pair = isinstance(got, tuple | list) and len(got) == 2
    assert pair, "The result must be a pair of two vectors: (gaps, values)."
    gaps, values = gap_reference(weight, gap_bits)
    what = f"with {gap_bits} bits per gap"
    expect.tensor(got[0], name="gaps")
    expect.equal(len(got[0]), len(gaps), hint, name=f"The number of entries {what}")
    expect.equal(got[0], gaps, hint, name=f"The vector of gaps {what}")
    expect.equal(got[1], values, hint, name=f"The vector of values {what}")
    return got


@check("gap-encoding", points=1, cell="encode-gaps")
def gap_encoding(student, rng):
    for shape, density in (((6, 9), 0.3), ((4, 2, 3, 3), 0.2)):
        weight = inputs.sparse_weights(rng, *shape, density=density).double()
        for first in (0.0, 2.5):
            weight.view(-1)[0] = first
            hint = "count the zeros that lie between one stored entry and the next"
            gaps, values = encodes(student, weight, 8, hint)
            assert not gaps.is_floating_point(), "Gaps are whole numbers: store them as int64."
            assert values.dtype == weight.dtype, "Values keep the dtype of the weight."
            unmodified(student)
    encodes(student, torch.zeros(3, 4), 4, "zeros alone need no entry")


@check("gap-fillers", points=1, cell="encode-gaps")
def gap_fillers(student, rng):
    for gap_bits in (1, 2, 3):
        reach = 2**gap_bits
        row = torch.zeros(12 * reach + 5, dtype=torch.float64)
        gaps = (0, reach - 1, reach, reach + 1, 2 * reach - 1, 2 * reach, 3 * reach + 1)
        places = torch.tensor(gaps).add(1).cumsum(0).sub(1)
        row[places] = float64(rng, len(gaps))
        hint = "which gaps can be written, and how far does a filler itself reach?"
        encodes(student, row, gap_bits, hint)
        weight = inputs.sparse_weights(rng, 9, 14, density=0.08).double()
        encodes(student, weight, gap_bits, "a gap may run over the end of a row")


# ---------------------------------------------------------------- question 9


class Masked(HeldTraining):
    """Training under the student's masks: removed weights are held at zero."""

    def attach(self):
        self.put_back()
        args = (self.theirs, self.their_optimizer, self.masks)
        return self.student.call_kept("enforce_masks", *args)


@check("mask-enforced", points=2, cell="enforce-masks")
def mask_enforced(student, rng):
    for kinds in (("sgd",), ("adam", "adamw", "rmsprop")):
        with part(1, "SGD with momentum" if kinds == ("sgd",) else "optimizers that adapt"):
            for kind in kinds:
                stays_masked(Masked(student, rng, kind))


def stays_masked(run):
    for number in range(2):
        run.step(number, held=False)
    run.attach()
    run.held_weights_stay("right after the masks were attached")
    for number in range(2, 6):
        run.step(number)
        run.held_weights_stay("after a step")
        hint = "kept weights must not notice that others are masked"
        run.free_weights_agree("after a step", hint)


@check("mask-memory", points=1, cell="enforce-masks")
def mask_memory(student, rng):
    for kind in ("momentum", "adam-plain"):
        run = Masked(student, rng, kind)
        for number in range(2):
            run.step(number, held=False)
        handle = run.attach()
        for number in range(2, 5):
            run.step(number)
        student.method(handle, "remove")
        run.step(5, scale=0.0, held=False)
        run.held_weights_stay("after the end of the enforcement and a step without gradient")
        run.step(6, held=False)
        hint = "freed weights begin like new ones: no memory of any kind is left, and they may move"
        run.freed_weights_agree("after one more step", hint)


# ---------------------------------------------------------------- question 10


def sparse_state(rng, density):
    """A state dict whose weights have 600 entries, round(density * 600) of them not zero."""
    line = inputs.sparse_weights(rng, 600, density=density).double()
    norm = float64(rng, 9)
    norm[:4] = 0.0
    return {
        "conv.weight": line[:90].reshape(5, 2, 3, 3),
        "norm.weight": norm,
        "fc.weight": line[90:].reshape(17, 30),
        "fc.bias": torch.zeros(17, dtype=torch.float64),
    }


def answer(student, name, *args):
    """One entry of the student's report."""
    got = student.call("audit_claim", *args)
    assert isinstance(got, dict), f"The result must be a dict, not {type(got).__name__}."
    assert name in got, f"The result has no entry '{name}'."
    return got[name]


@check("claim-density", points=1, cell="audit-claim")
def claim_density(student, rng):
    pruned = sparse_state(rng, 0.4)
    final = {name: tensor.clone() for name, tensor in pruned.items()}
    final["fc.weight"][:3] = 1e-12
    final["conv.weight"][0, 0] = -0.0
    names = ("conv.weight", "fc.weight")
    nonzero = {name: np.count_nonzero(final[name].numpy()) for name in names}
    hint = "which tensors count, and which of their entries are exactly 0?"
    got = answer(student, "density", pruned, final, 0.6)
    unmodified(student)
    close(got, sum(nonzero.values()) / 600, hint, name="'density'")
    expected = {name: nonzero[name] / final[name].numel() for name in names}
    close(answer(student, "by_layer", pruned, final, 0.6), expected, hint, name="'by_layer'")


def moved_zeros(rng, state):
    """The state dict with some zeros and as many non-zeros exchanged, and how many."""
    moved = {name: tensor.clone() for name, tensor in state.items()}
    line = moved["fc.weight"].view(-1)
    empty = line.eq(0).nonzero().flatten()[: inputs.integer(rng, 5, 15)]
    full = line.nonzero().flatten()[: len(empty)]
    line[empty], line[full] = line[full].clone(), 0.0
    return moved, len(empty)


@check("claim-verdict", points=2, cell="audit-claim")
def claim_verdict(student, rng):
    pruned = sparse_state(rng, 0.3)
    trained = {name: t * inputs.uniform(rng, 0.5, 2.0) for name, t in pruned.items()}
    dense = {name: t + 0.01 * float64(rng, *t.shape) for name, t in pruned.items()}
    sparser = {name: t * (t.abs() > 0.5) for name, t in pruned.items()}
    moved, count = moved_zeros(rng, pruned)
    with part(1, "counting what has regrown"):
        hint = "compare position by position, in weights only"
        for final, expected in ((trained, 0), (sparser, 0), (moved, count), (dense, 420)):
            got = answer(student, "regrown", pruned, final, 0.7)
            expect.equal(got, expected, hint, name="'regrown'")
    with part(1, "the verdict"):
        for final, claim, verdict, hint in (
            (trained, 0.7, "still pruned", "kept weights may take new values"),
            (sparser, 0.7, "still pruned", "more zeros than before are no regrowth"),
            (moved, 0.7, "regrown", "the density is right, but are these the same weights?"),
            (dense, 0.7, "regrown", "every weight is in use again"),
            (trained, 0.704, "still pruned", "claims are rounded: half a percent is tolerated"),
            (trained, 0.71, "never pruned", "did the pruned network have the claimed sparsity?"),
            (dense, 0.8, "never pruned", "the first rule that applies gives the verdict"),
            (trained, 0.5, "still pruned", "more sparsity than claimed is fine"),
        ):
            got = answer(student, "verdict", pruned, final, claim)
            expect.equal(got, verdict, hint, name="'verdict'")
