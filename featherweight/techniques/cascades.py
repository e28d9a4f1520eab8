"""Exported from `book/adaptive/cascades.md`: edit the chapter, not this file."""

import math
from itertools import product
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F


def integral_image(images):
    """Sums above and to the left of each corner: [..., H, W] to [..., H + 1, W + 1]."""
    if images.dim() < 2 or not images.isfinite().all():
        raise ValueError(
            "An integral image needs finite pixels of the shape [..., H, W]."
        )
    return F.pad(images.double().cumsum(-2).cumsum(-1), (1, 0, 1, 0))


def rectangle_sum(integral, top, left, height, width):
    """The sum of the pixels in a rectangle, from its four corners."""
    bottom, right = top + height, left + width
    inside = bottom < integral.shape[-2] and right < integral.shape[-1]
    if min(top, left) < 0 or min(height, width) < 1 or not inside:
        raise ValueError("A rectangle lies within the image and holds a pixel or more.")
    upper = integral[..., top, right] - integral[..., top, left]
    return integral[..., bottom, right] - integral[..., bottom, left] - upper


PATTERNS = (
    ((1, -1),),
    ((1,), (-1,)),
    ((-1, 1, -1),),
    ((-1,), (1,), (-1,)),
    ((1, -1), (-1, 1)),
)


def corner_weights(signs):
    """How often each corner of a pattern's cells enters its value."""
    s = F.pad(torch.tensor(signs, dtype=torch.float64), (1, 1, 1, 1))
    return s[:-1, :-1] - s[:-1, 1:] - s[1:, :-1] + s[1:, 1:]


def placed(signs, cells):
    """A pattern in all sizes and places of a grid, as weights of the grid's corners."""
    rows, columns, weights = len(signs), len(signs[0]), corner_weights(signs)
    for h, w in product(range(1, cells // rows + 1), range(1, cells // columns + 1)):
        down, across = cells - rows * h, cells - columns * w
        for top, left in product(range(down + 1), range(across + 1)):
            feature = torch.zeros(cells + 1, cells + 1, dtype=torch.float64)
            at = (
                slice(top, top + rows * h + 1, h),
                slice(left, left + columns * w + 1, w),
            )
            feature[at] = weights
            yield feature


def haar_features(size=28, step=4):
    """All patterns on a grid of `step` pixels in a square window: [K, corners, corners]."""
    if step < 1 or size % step:
        raise ValueError(f"The step must divide the size; got {step} and {size}.")
    return torch.stack([f for signs in PATTERNS for f in placed(signs, size // step)])


def feature_values(integral, windows, features, step=4):
    """Each feature in each window (scene, top, left), from integral images: [N, K]."""
    size = step * (features.shape[-1] - 1)
    limit = torch.tensor(integral.shape) - torch.tensor([0, size, size])
    if windows.shape[1:] != (3,) or (windows < 0).any() or (windows >= limit).any():
        raise ValueError(
            "Windows are rows (scene, top, left) that lie within the scenes."
        )
    used = (features != 0).any(dim=0).nonzero()
    scene, top, left = windows.T[:, :, None]
    corners = integral[scene, top + step * used[:, 0], left + step * used[:, 1]]
    return corners @ features[:, used[:, 0], used[:, 1]].T


class Stump(NamedTuple):
    """Says yes on one side of a threshold of one feature, with a vote."""

    feature: int
    threshold: float
    polarity: int
    vote: float


def stump_says(stump, values):
    """What a stump says about windows with these feature values [N, K]."""
    return stump.polarity * values[:, stump.feature] >= stump.polarity * stump.threshold


def best_stump(values, order, weights, labels):
    """The least weighted error over all features, and the stump that has it.

    `values` is sorted in each column, and `order` says where each value came from.
    """
    signed = torch.where(labels, weights, -weights)
    error = weights[~labels].sum() + signed[order].cumsum(dim=0)[:-1]  # yes above
    error = torch.where(values[1:] > values[:-1], error, 0.5)  # no cut between equals
    polarity = 1 if error.min() <= 1 - error.max() else -1
    row, feature = divmod(int((polarity * error).argmin()), values.shape[1])
    at = error[row, feature].item()
    least = at if polarity == 1 else 1 - at
    threshold = values[row : row + 2, feature].mean().item()
    return least, Stump(feature, threshold, polarity, vote(least))


def vote(error):
    """AdaBoost's weight of a classifier with this weighted error."""
    if not 0 <= error < 0.5:
        raise ValueError(
            f"Only what beats a coin has a vote; got the error {error:.3f}."
        )
    error = max(error, 1e-10)
    return math.log((1 - error) / error)


def boosted(values, labels):
    """Stumps for windows with feature values [N, K], one after the other."""
    if labels.dtype != torch.bool or labels.all() or not labels.any():
        raise ValueError("Boosting needs labels True and False, and both of them.")
    ordered = values.sort(dim=0)
    weights = torch.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum()).double()
    while True:
        _, stump = best_stump(*ordered, weights, labels)
        yield stump
        right = stump_says(stump, values) == labels
        weights = torch.where(right, weights * math.exp(-stump.vote), weights)
        weights = weights / weights.sum()


class Stage(NamedTuple):
    """Features with their stumps, and the sum of votes that a window needs."""

    features: torch.Tensor
    thresholds: torch.Tensor
    polarities: torch.Tensor
    votes: torch.Tensor
    threshold: float


def as_stage(stumps, features):
    """A stage of some stumps, with AdaBoost's own threshold: half of all votes."""
    rows = torch.tensor([stump.feature for stump in stumps])
    rest = torch.tensor([stump[1:] for stump in stumps], dtype=torch.float64).T
    return Stage(features[rows], *rest, rest[2].sum().item() / 2)


def stage_scores(stage, values):
    """The sum of votes of windows with the values [N, n] of the stage's features."""
    says = stage.polarities * values >= stage.polarities * stage.thresholds
    return says.double() @ stage.votes


def check_share(name, value):
    """Refuse what is not a share above nothing."""
    if not 0 < value <= 1:
        raise ValueError(f"{name} is a share above 0 and up to 1; got {value}.")


def stage_threshold(positive_scores, detection):
    """The highest threshold that at least the share `detection` of the scores reaches."""
    check_share("The detection rate", detection)
    if not len(positive_scores):
        raise ValueError(
            "A threshold is chosen on positive windows: give at least one."
        )
    kept = math.ceil(round(detection * len(positive_scores), 9))
    return positive_scores.sort(descending=True).values[kept - 1].item()


def grown_stage(train, val, features, detection, false_positives, max_stumps):
    """Add stumps until a stage meets both targets on `val`: pairs (values, labels)."""
    check_share("The false-positive rate", false_positives)
    values, labels = val
    stumps, more, passed = [], boosted(*train), 1.0
    while not stumps or (passed > false_positives and len(stumps) < max_stumps):
        stumps.append(next(more))
        stage = as_stage(stumps, features)
        scores = stage_scores(stage, values[:, [s.feature for s in stumps]])
        stage = stage._replace(threshold=stage_threshold(scores[labels], detection))
        passed = (scores[~labels] >= stage.threshold).double().mean()
    return stage


def run_cascade(integral, windows, stages, step=4):
    """Positions of the windows that pass all stages, and features computed for each."""
    alive = torch.arange(len(windows))
    evaluated = torch.zeros(len(windows), dtype=torch.long)
    for stage in stages:
        evaluated[alive] += len(stage.votes)
        values = feature_values(integral, windows[alive], stage.features, step)
        alive = alive[stage_scores(stage, values) >= stage.threshold]
    return alive, evaluated


def cascade_rates(detections, false_positives):
    """Detection and false-positive rate of a cascade, from those of its stages."""
    for rate in (*detections, *false_positives):
        check_share("A rate", rate)
    return math.prod(detections), math.prod(false_positives)


def expected_features(sizes, passed):
    """Features for an average window: `passed[i]` of what reaches stage i passes it."""
    if len(passed) not in (len(sizes), len(sizes) - 1) or not all(
        0 <= p <= 1 for p in passed
    ):
        raise ValueError("Give each stage the share, from 0 to 1, that it passes on.")
    return sum(n * math.prod(passed[:i]) for i, n in enumerate(sizes))


CONFIDENCES = ("max", "margin", "entropy")


def confidence(logits, kind="max"):
    """How sure a classifier is of each example, from 0 to 1."""
    p = logits.softmax(dim=1)
    if kind == "max":
        return p.amax(dim=1)
    if kind == "margin":
        first, second = p.topk(2, dim=1).values.T
        return first - second
    if kind == "entropy":
        return 1 - torch.special.entr(p).sum(dim=1) / math.log(p.shape[1])
    raise ValueError(f"There is no confidence '{kind}': choose one of {CONFIDENCES}.")


def exit_stages(confidences, thresholds):
    """The first stage that is sure enough of each image; the last one takes the rest.

    `confidences` [N, K - 1] are those of all stages but the last, `thresholds` K - 1 numbers.
    """
    if confidences.dim() != 2 or confidences.shape[1] != len(thresholds):
        raise ValueError(
            f"{len(thresholds)} thresholds need confidences of the shape "
            f"[N, {len(thresholds)}]; got {list(confidences.shape)}."
        )
    if not confidences.isfinite().all() or any(math.isnan(t) for t in thresholds):
        raise ValueError("Confidences and thresholds must be numbers: there is a NaN.")
    sure = confidences >= torch.tensor(list(thresholds), dtype=confidences.dtype)
    last = torch.ones(len(sure), 1, dtype=torch.bool, device=sure.device)
    return torch.cat([sure, last], dim=1).int().argmax(dim=1)


class Outcome(NamedTuple):
    """Accuracy and expected cost of a cascade, and the share that each stage answers."""

    accuracy: float
    cost: float
    shares: list


def check_costs(costs):
    """Refuse costs that are not those of ever longer ways."""
    if not costs or any(b <= a for a, b in zip((0, *costs), costs, strict=False)):
        raise ValueError(
            "Costs are cumulative: what it takes to leave at each stage, more at each; "
            f"got {list(costs)}."
        )


def outcome(confidences, hits, costs, thresholds):
    """What a cascade is worth and costs; `hits` [N, K] says which stages are right."""
    check_costs(costs)
    if hits.shape != (len(confidences), len(costs)):
        raise ValueError(
            "hits needs one column for each cost and one row for each image."
        )
    stage = exit_stages(confidences, thresholds)
    right = hits.gather(1, stage[:, None]).double().mean().item()
    shares = (
        torch.bincount(stage, minlength=len(costs)).double() / len(stage)
    ).tolist()
    return Outcome(right, expected_cost(shares, costs), shares)


def check_shares(shares, costs, batch_size):
    """Refuse shares that are none, and batches of nothing."""
    if len(shares) != len(costs) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"Give {len(costs)} shares that add up to 1; got {shares}.")
    if batch_size < 1:
        raise ValueError(f"A batch has at least one image; got {batch_size}.")


def expected_cost(shares, costs, batch_size=1, compacted=True):
    """Mean cost of an image if the share `shares[k]` leaves at stage k, at `costs[k]`.

    Without compaction, a batch stays together until its last image can leave.
    """
    check_costs(costs)
    check_shares(shares, costs, batch_size)
    exponent = 1 if compacted else batch_size
    total = reached = left = 0.0
    for share, cost in zip(shares, costs, strict=True):
        total += (1 - left**exponent) * (cost - reached)
        left, reached = min(1.0, left + share), cost
    return total


def candidates(confidence, num):
    """Thresholds worth trying: quantiles of a confidence, and one that nobody reaches."""
    levels = torch.linspace(0, 1, num, dtype=torch.float64)
    return [*confidence.double().quantile(levels).unique().tolist(), math.inf]


def cheapest_thresholds(confidences, hits, costs, least_accuracy, num_candidates=41):
    """The thresholds of least expected cost whose accuracy is `least_accuracy` or more."""
    best, least_cost = None, math.inf
    for tried in product(*(candidates(c, num_candidates) for c in confidences.T)):
        accuracy, cost, _ = outcome(confidences, hits, costs, tried)
        if accuracy >= least_accuracy and cost < least_cost:
            best, least_cost = tried, cost
    if best is None:
        raise ValueError(
            f"No thresholds reach an accuracy of {least_accuracy}: ask for less, or give "
            "the cascade a better last stage."
        )
    return list(best)


def fitted_temperature(logits, labels):
    """The temperature at which the labels are most likely, by bisection on its inverse."""
    if not len(labels) or len(labels) != len(logits):
        raise ValueError("A temperature is fitted to logits with a label for each.")
    logits = logits.double()
    wanted = logits.gather(1, labels[:, None]).mean()
    low, high = 0.01, 100.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        expected = ((middle * logits).softmax(dim=1) * logits).sum(dim=1).mean()
        low, high = (middle, high) if expected < wanted else (low, middle)
    return 1 / low


class EarlyExit(nn.Module):
    """Blocks in a row, an exit behind each; an image leaves at the first that is sure."""

    def __init__(self, blocks, exits, thresholds, kind="max"):
        super().__init__()
        if not len(blocks) == len(exits) == len(thresholds) + 1:
            raise ValueError(
                f"{len(exits)} exits need as many blocks and one threshold less; got "
                f"{len(blocks)} blocks and {len(thresholds)} thresholds."
            )
        if any(math.isnan(t) for t in thresholds) or kind not in CONFIDENCES:
            raise ValueError("Thresholds are numbers, and kind is a known confidence.")
        self.blocks, self.exits = nn.ModuleList(blocks), nn.ModuleList(exits)
        self.limits, self.kind = [*thresholds, None], kind

    def all_logits(self, images):
        """The logits of every exit for every image: to train on, to choose thresholds."""
        logits = []
        for block, leave in zip(self.blocks, self.exits, strict=True):
            images = block(images)
            logits.append(leave(images))
        return logits

    def unsure(self, logits, limit):
        """Positions of the images of which this exit is not sure; the last one always is."""
        if limit is None:
            return []
        return (~(confidence(logits, self.kind) >= limit)).nonzero().flatten()

    def forward(self, images):
        """The logits of the exit at which each image leaves."""
        answers = rest = None
        stages = zip(self.blocks, self.exits, self.limits, strict=True)
        for block, leave, limit in stages:
            images = block(images)
            logits = leave(images)
            answers = logits if rest is None else answers.index_copy(0, rest, logits)
            stay = self.unsure(logits, limit)
            if not len(stay):
                break
            if len(stay) < len(images):
                images, rest = images[stay], stay if rest is None else rest[stay]
        return answers


def cascade(models, thresholds, kind="max"):
    """A cascade of whole networks: early exit without anything shared."""
    return EarlyExit([nn.Identity() for _ in models], models, thresholds, kind).eval()


def check_chains(target, draft):
    """Refuse what are not two tables of next-token probabilities."""
    for table in (target, draft):
        square = table.dim() == 2 and table.shape == (len(table), len(table))
        sums = table.sum(dim=-1)
        if not square or (table < 0).any() or (sums - 1).abs().max() > 1e-6:
            raise ValueError("A chain is a square table whose rows are distributions.")
    if target.shape != draft.shape:
        raise ValueError("Target and draft must have the same tokens.")


def leftover(p, q):
    """What the target has more than the draft, as a distribution."""
    more = (p - q).clamp_min(0)
    return more / more.sum() if more.sum() > 0 else p


def call_outcomes(target, draft, state, num_drafts):
    """Every sequence that one call of the target can emit, with its probability."""
    check_chains(target, draft)
    p, q = target[state], draft[state]
    if num_drafts == 0:
        return {(x,): chance for x, chance in enumerate(p.tolist())}
    accepted, outcomes = torch.minimum(p, q), {}
    for x, chance in enumerate(accepted.tolist()):
        for rest, more in call_outcomes(target, draft, x, num_drafts - 1).items():
            outcomes[x, *rest] = chance * more
    rejected = (1 - accepted.sum()) * leftover(p, q)
    return outcomes | {(x,): chance for x, chance in enumerate(rejected.tolist())}


def emitted(calls, state, length):
    """The distribution of the first `length` tokens; `calls[state]` is one call's."""
    if length <= 0:
        return {(): 1.0}
    total = {}
    for tokens, chance in calls[state].items():
        for rest, more in emitted(calls, tokens[-1], length - len(tokens)).items():
            sequence = (*tokens, *rest)[:length]
            total[sequence] = total.get(sequence, 0) + chance * more
    return total


def tokens_per_call(acceptance, num_drafts):
    """Expected tokens of one call if each draft is accepted with this probability."""
    if not 0 <= acceptance <= 1 or num_drafts < 0:
        raise ValueError("acceptance lies between 0 and 1, num_drafts is at least 0.")
    return sum(acceptance**i for i in range(num_drafts + 1))
