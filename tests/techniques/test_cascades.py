"""Cascades: integral images, boosting, exits, thresholds, batches, speculation, bad input."""

import math
from itertools import product

import pytest
import torch
from scipy.stats import entropy
from sklearn.tree import DecisionTreeClassifier
from torch import nn
from torch.nn import functional as F

from featherweight.techniques.cascades import (
    CONFIDENCES,
    PATTERNS,
    EarlyExit,
    Stump,
    as_stage,
    best_stump,
    boosted,
    call_outcomes,
    candidates,
    cascade,
    cascade_rates,
    cheapest_thresholds,
    confidence,
    corner_weights,
    emitted,
    exit_stages,
    expected_cost,
    expected_features,
    feature_values,
    fitted_temperature,
    grown_stage,
    haar_features,
    integral_image,
    leftover,
    outcome,
    rectangle_sum,
    run_cascade,
    stage_scores,
    stage_threshold,
    stump_says,
    tokens_per_call,
    vote,
)


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def logits(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(*shape, generator=generator, dtype=torch.float64)


# ---------------------------------------------------------------- integral images and features


def test_a_rectangle_of_nine_numbers_sums_to_28():
    integral = integral_image(torch.arange(1.0, 10).view(3, 3))
    assert rectangle_sum(integral, 1, 1, 2, 2).item() == 28
    assert rectangle_sum(integral, 0, 0, 3, 3).item() == 45


def test_every_rectangle_is_the_sum_of_its_pixels():
    images = random(2, 4, 6)
    integral = integral_image(images)
    assert integral.shape == (2, 5, 7)
    for top, left in product(range(4), range(6)):
        for height, width in product(range(1, 5 - top), range(1, 7 - left)):
            inside = images[:, top : top + height, left : left + width].sum(dim=(1, 2))
            assert torch.allclose(rectangle_sum(integral, top, left, height, width), inside)


@pytest.mark.parametrize("place", [(-1, 0, 1, 1), (0, 0, 0, 1), (2, 0, 3, 1), (0, 5, 1, 2)])
def test_a_rectangle_outside_of_the_image_is_refused(place):
    with pytest.raises(ValueError, match="A rectangle lies within the image"):
        rectangle_sum(integral_image(random(4, 6)), *place)


@pytest.mark.parametrize("images", [torch.ones(3), torch.tensor([[1.0, math.nan]])])
def test_an_integral_image_needs_finite_pixels(images):
    with pytest.raises(ValueError, match="finite pixels of the shape"):
        integral_image(images)


def test_corners_of_the_checkerboard():
    expected = [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]
    assert corner_weights(((1, -1), (-1, 1))).tolist() == expected


def test_a_feature_is_bright_cells_minus_dark_ones():
    # A window of 4 by 6 pixels would not be square: one of 6 by 6, in a scene of 7 by 9.
    scene = random(1, 7, 9)
    values = feature_values(
        integral_image(scene), torch.tensor([[0, 1, 3]]), haar_features(6, 2), step=2
    )[0]
    window, expected = scene[0, 1:7, 3:9], []
    for signs in PATTERNS:
        rows, columns = len(signs), len(signs[0])
        for h, w in product(range(1, 3 // rows + 1), range(1, 3 // columns + 1)):
            tops, lefts = range(4 - rows * h), range(4 - columns * w)
            for top, left in product(tops, lefts):
                value = 0.0
                for r, c in product(range(rows), range(columns)):
                    y, x = 2 * (top + r * h), 2 * (left + c * w)
                    value += signs[r][c] * window[y : y + 2 * h, x : x + 2 * w].sum()
                expected.append(value)
    assert torch.allclose(values, torch.stack(expected))


def test_a_constant_image_has_no_edges():
    features = haar_features(8, 4)
    values = feature_values(integral_image(torch.ones(1, 8, 8)), torch.zeros(1, 3).long(), features)
    balanced = features.flatten(1).abs().sum(dim=1) > 0
    two_or_four = torch.tensor([abs(v) < 1e-9 for v in values[0]])
    assert balanced.all() and two_or_four.all()


def test_a_step_that_does_not_divide_the_window_is_refused():
    for step in (0, 3):
        with pytest.raises(ValueError, match="The step must divide the size"):
            haar_features(28, step)


@pytest.mark.parametrize("window", [[0, 0, 1], [1, 0, 0], [0, -1, 0]])
def test_windows_outside_of_the_scenes_are_refused(window):
    with pytest.raises(ValueError, match="lie within the scenes"):
        feature_values(integral_image(random(1, 8, 8)), torch.tensor([window]), haar_features(8, 4))


# ---------------------------------------------------------------- boosting and stages


def labeled(n=60, k=5, seed=1):
    values = random(n, k, seed=seed).mul(20).round()  # with ties
    labels = values[:, 2] + 0.5 * values[:, 4] + 6 * random(n, seed=seed + 1) > 17
    return values, labels


def test_an_error_of_a_fifth_has_the_vote_ln_4():
    assert vote(0.2) == pytest.approx(1.3862943611)
    with pytest.raises(ValueError, match="beats a coin"):
        vote(0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_stump_is_the_best_of_all(seed):
    values, labels = labeled(seed=seed)
    weights = random(len(values), seed=seed + 9)
    weights = weights / weights.sum()
    error, stump = best_stump(*values.sort(dim=0), weights, labels)
    errors = [
        weights[stump_says(Stump(f, t, polarity, 1.0), values) != labels].sum().item()
        for f in range(values.shape[1])
        for t in (values[:, f].unique()[1:] - 0.25).tolist()
        for polarity in (1, -1)
    ]
    assert error == pytest.approx(min(errors))
    assert weights[stump_says(stump, values) != labels].sum().item() == pytest.approx(error)


def test_after_a_round_the_stump_is_no_better_than_a_coin():
    values, labels = labeled()
    rounds = boosted(values, labels)
    first = next(rounds)
    wrong = stump_says(first, values) != labels
    weights = torch.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum()).double()
    error = weights[wrong].sum().item()
    assert first.vote == pytest.approx(math.log((1 - error) / error))
    # The next round's weights give what was wrong half of the weight.
    weights[~wrong] *= error / (1 - error)
    weights /= weights.sum()
    assert weights[wrong].sum().item() == pytest.approx(0.5)
    expected, _ = best_stump(*values.sort(dim=0), weights, labels)
    assert next(rounds).vote == pytest.approx(vote(expected))


def test_boosting_lowers_the_training_error_below_one_stumps():
    values, labels = labeled(200)
    rounds = boosted(values, labels)
    stumps = [next(rounds) for _ in range(20)]
    identity = torch.eye(values.shape[1]).double()[:, :, None]

    def error(stumps):
        stage = as_stage(stumps, identity)
        chosen = values[:, [s.feature for s in stumps]]
        return ((stage_scores(stage, chosen) >= stage.threshold) != labels).double().mean()

    assert error(stumps) < error(stumps[:1])
    tree = DecisionTreeClassifier(max_depth=1).fit(values.numpy(), labels.numpy())
    assert error(stumps) < 1 - tree.score(values.numpy(), labels.numpy())


@pytest.mark.parametrize("labels", [torch.ones(4).bool(), torch.zeros(4).bool(), torch.ones(4)])
def test_boosting_needs_both_labels(labels):
    with pytest.raises(ValueError, match="True and False"):
        next(boosted(random(4, 2), labels))


def test_a_threshold_keeps_at_least_the_share_that_is_asked_for():
    scores = torch.tensor([5.0, 1, 4, 2, 3])
    assert stage_threshold(scores, 0.6) == 3
    assert stage_threshold(scores, 0.61) == 2
    assert stage_threshold(scores, 1.0) == 1
    tied = torch.tensor([1.0, 1, 1, 2])
    assert (tied >= stage_threshold(tied, 0.5)).double().mean() >= 0.5


def test_thresholds_without_positives_or_with_impossible_rates_are_refused():
    with pytest.raises(ValueError, match="give at least one"):
        stage_threshold(torch.tensor([]), 0.9)
    for rate in (0, 1.1, math.nan):
        with pytest.raises(ValueError, match="is a share above 0"):
            stage_threshold(torch.ones(3), rate)


def test_a_stage_grows_until_it_meets_its_targets_on_validation_windows():
    features = random(5, 3, 3)
    train, val = labeled(300), labeled(200, seed=7)

    def rates(stage):
        columns = [int((features == f).all(dim=(1, 2)).nonzero()[0]) for f in stage.features]
        passed = stage_scores(stage, val[0][:, columns]) >= stage.threshold
        return passed[val[1]].double().mean(), passed[~val[1]].double().mean()

    stage = grown_stage(train, val, features, 0.9, 0.35, 40)
    detection, false_positives = rates(stage)
    assert detection >= 0.9 and false_positives <= 0.35
    shorter = grown_stage(train, val, features, 0.9, 0.35, len(stage.votes) - 1)
    assert len(shorter.votes) < len(stage.votes) and rates(shorter)[1] > 0.35


def test_ten_stages_multiply():
    detection, false_positives = cascade_rates([0.99] * 10, [0.3] * 10)
    assert detection == pytest.approx(0.9043820750)
    assert false_positives == pytest.approx(5.9049e-6)


def test_an_average_window_costs_21_of_111_features():
    assert expected_features([1, 10, 25, 25, 50], [0.5, 0.6, 0.5, 0.5]) == 21
    assert expected_features([1, 10, 25, 25, 50], [0.5, 0.6, 0.5, 0.5, 0.1]) == 21
    for passed in ([0.5], [0.5, 0.6, 0.5, 1.5]):
        with pytest.raises(ValueError, match="the share, from 0 to 1"):
            expected_features([1, 10, 25, 25, 50], passed)


def test_a_cascade_counts_the_features_of_the_stages_that_a_window_reaches():
    pictures = torch.tensor([[[1.0, 0], [1, 0]], [[0, 1], [0, 1]], [[1, 0], [0, 0]]])
    integral, windows = integral_image(pictures), torch.tensor([[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    features = haar_features(2, 1)
    values = feature_values(integral, windows, features, step=1)
    tall = int((values[0] == 2).nonzero()[0])  # left half minus right half: 2, -2 and 1
    assert values[:, tall].tolist() == [2, -2, 1]
    first = as_stage([Stump(tall, 0.0, 1, 1.0)], features)
    second = as_stage([Stump(tall, 1.5, 1, 1.0), Stump(tall, 9.0, -1, 1.0)], features)
    alive, evaluated = run_cascade(
        integral, windows, [first, second._replace(threshold=1.5)], step=1
    )
    assert alive.tolist() == [0] and evaluated.tolist() == [3, 1, 3]


# ---------------------------------------------------------------- confidence and exits


def test_confidences_go_from_0_to_1_and_agree_with_scipy():
    z = logits(50, 4)
    p = z.softmax(dim=1)
    ordered = p.sort(dim=1, descending=True).values
    assert torch.allclose(confidence(z), ordered[:, 0])
    assert torch.allclose(confidence(z, "margin"), ordered[:, 0] - ordered[:, 1])
    nats = torch.as_tensor(entropy(p.numpy(), axis=1))
    assert torch.allclose(confidence(z, "entropy"), 1 - nats / math.log(4))
    for kind in CONFIDENCES:
        sure = confidence(torch.tensor([[900.0, 0, 0], [0, 0, 0]]), kind)
        assert sure.tolist() == pytest.approx([1, 1 / 3 if kind == "max" else 0], abs=1e-6)


def test_confidences_order_images_differently():
    z = torch.tensor([[0.5, 0.49, 0.01], [0.45, 0.275, 0.275]]).log()
    largest, margin = confidence(z), confidence(z, "margin")
    assert largest[0] > largest[1] and margin[0] < margin[1]


def test_an_unknown_confidence_is_refused():
    with pytest.raises(ValueError, match="There is no confidence 'logit'"):
        confidence(logits(2, 3), "logit")


def test_an_image_leaves_at_the_first_sure_exit_and_the_last_takes_the_rest():
    sure = torch.tensor([[0.9, 0.1], [0.5, 0.8], [0.8, 0.9], [0.1, 0.2]])
    assert exit_stages(sure, [0.8, 0.7]).tolist() == [0, 1, 0, 2]
    assert exit_stages(sure, [0.0, 0.0]).tolist() == [0, 0, 0, 0]
    assert exit_stages(sure, [1.1, math.inf]).tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("thresholds", "message"), [([0.5], "1 thresholds need"), ([0.5, math.nan], "there is a NaN")]
)
def test_thresholds_that_do_not_fit_are_refused(thresholds, message):
    with pytest.raises(ValueError, match=message):
        exit_stages(random(4, 2), thresholds)


def test_costs_are_cumulative():
    assert expected_cost([0.6, 0.25, 0.15], [11, 42, 103]) == pytest.approx(32.55)
    for costs in ([11, 31, 31], [42, 11, 103], [0, 1, 2], []):
        with pytest.raises(ValueError, match="Costs are cumulative"):
            expected_cost([0.6, 0.25, 0.15], costs)


@pytest.mark.parametrize(
    ("batch_size", "cost"), [(1, 32.55), (2, 47.7675), (4, 67.14), (32, 102.6637)]
)
def test_a_batch_that_stays_together_costs_its_deepest_member(batch_size, cost):
    shares, costs = [0.6, 0.25, 0.15], [11, 42, 103]
    together = expected_cost(shares, costs, batch_size, compacted=False)
    assert together == pytest.approx(cost, abs=1e-4)
    assert expected_cost(shares, costs, batch_size) == pytest.approx(32.55)
    if batch_size < 4:
        brute = sum(
            math.prod(shares[k] for k in stages) * costs[max(stages)]
            for stages in product(range(3), repeat=batch_size)
        )
        assert together == pytest.approx(brute)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.5, 0.2, 0.2], [1.2, -0.1, -0.1]])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match="3 shares that add up to 1"):
        expected_cost(shares, [1, 2, 3])
    with pytest.raises(ValueError, match="at least one image"):
        expected_cost([0.5, 0.3, 0.2], [1, 2, 3], batch_size=0)


def graded(n=400, seed=0):
    """Confidences of two stages and what three have right; later is better."""
    sure = random(n, 2, seed=seed)
    chance = torch.stack([sure[:, 0], 0.3 + 0.7 * sure[:, 1], torch.full((n,), 0.9)], dim=1)
    return sure, random(n, 3, seed=seed + 1) < chance


def test_the_outcome_is_that_of_going_through_the_images_one_by_one():
    sure, hits = graded()
    got = outcome(sure, hits, [1, 5, 20], [0.7, 0.6])
    right = cost = 0
    for c, hit in zip(sure.tolist(), hits.tolist(), strict=True):
        stage = 0 if c[0] >= 0.7 else 1 if c[1] >= 0.6 else 2
        right, cost = right + hit[stage], cost + (1, 5, 20)[stage]
    assert got.accuracy == pytest.approx(right / len(sure))
    assert got.cost == pytest.approx(cost / len(sure))
    assert sum(got.shares) == pytest.approx(1)


def test_cost_never_falls_when_a_threshold_rises():
    sure, hits = graded()
    costs = [outcome(sure, hits, [1, 5, 20], [t / 20, 0.6]).cost for t in range(22)]
    assert costs == sorted(costs)


def test_hits_need_a_column_for_each_cost():
    sure, hits = graded()
    with pytest.raises(ValueError, match="one column for each cost"):
        outcome(sure, hits[:, :2], [1, 5, 20], [0.5, 0.5])


def test_the_chosen_thresholds_are_the_cheapest_of_all_that_keep_the_accuracy():
    sure, hits = graded()
    costs = [1, 5, 20]
    chosen = cheapest_thresholds(sure, hits, costs, 0.85, num_candidates=9)
    best = outcome(sure, hits, costs, chosen)
    assert best.accuracy >= 0.85
    for tried in product(candidates(sure[:, 0], 9), candidates(sure[:, 1], 9)):
        other = outcome(sure, hits, costs, tried)
        assert other.accuracy < 0.85 or other.cost >= best.cost


def test_asking_for_nothing_is_cheapest_and_asking_for_too_much_is_refused():
    sure, hits = graded()
    chosen = cheapest_thresholds(sure, hits, [1, 5, 20], 0.0, 9)
    assert outcome(sure, hits, [1, 5, 20], chosen).cost == 1
    with pytest.raises(ValueError, match=r"No thresholds reach an accuracy of 1\.5"):
        cheapest_thresholds(sure, hits, [1, 5, 20], 1.5, 9)


def test_the_fitted_temperature_has_the_least_cross_entropy():
    z, labels = logits(300, 5), torch.arange(300) % 5
    z[torch.arange(300), labels] += 1.5
    T = fitted_temperature(4 * z, labels)
    losses = [F.cross_entropy(4 * z / t, labels).item() for t in (0.98 * T, T, 1.02 * T)]
    assert losses[1] == min(losses)
    assert fitted_temperature(z, labels) == pytest.approx(T / 4)
    with pytest.raises(ValueError, match="with a label for each"):
        fitted_temperature(z, labels[:3])


# ---------------------------------------------------------------- the module


def three_exits(thresholds):
    torch.manual_seed(0)
    blocks = [nn.Linear(6, 6) for _ in range(3)]
    exits = [nn.Linear(6, 4) for _ in range(3)]
    return EarlyExit(blocks, exits, thresholds).double()


@pytest.mark.parametrize("thresholds", [[0.35, 0.33], [0.0, 0.0], [math.inf, math.inf]])
def test_the_module_answers_as_the_exits_of_all_images_say(thresholds):
    model, images = three_exits(thresholds), logits(40, 6)
    everything = torch.stack(model.all_logits(images))
    sure = torch.stack([confidence(z) for z in everything[:-1]], dim=1)
    expected = everything[exit_stages(sure, thresholds), torch.arange(40)]
    assert torch.allclose(model(images), expected)
    one_by_one = torch.cat([model(images[i : i + 1]) for i in range(40)])
    assert torch.allclose(one_by_one, expected)


def test_what_has_left_is_computed_no_further():
    model, images = three_exits([0.0, 0.0]), logits(40, 6)
    sure = torch.stack([confidence(z) for z in model.all_logits(images)[:2]], dim=1)
    first = sure[:, 0].median().item()
    stays = sure[:, 0] < first
    model.limits = [first, sure[stays, 1].median().item(), None]
    seen = []
    for block in model.blocks:
        block.register_forward_hook(lambda layer, inputs, output: seen.append(len(output)))
    model(images)
    second = stays & (sure[:, 1] < model.limits[1])
    assert seen == [40, int(stays.sum()), int(second.sum())]
    assert 40 > seen[1] > seen[2] > 0


def test_a_cascade_is_early_exit_with_nothing_shared():
    models = [nn.Linear(6, 4).double(), nn.Linear(6, 4).double()]
    images = logits(30, 6)
    limit = confidence(models[0](images)).median().item()
    answers = cascade(models, [limit])(images)
    first = confidence(models[0](images)) >= limit
    assert torch.allclose(answers[first], models[0](images[first]))
    assert torch.allclose(answers[~first], models[1](images[~first]))


def test_images_of_which_an_exit_says_nan_go_on():
    broken = nn.Linear(6, 4).double()
    nn.init.constant_(broken.weight, math.nan)
    sound = nn.Linear(6, 4).double()
    images = logits(3, 6)
    assert torch.allclose(cascade([broken, sound], [0.0])(images), sound(images))


def test_exits_without_their_blocks_or_thresholds_are_refused():
    parts = [nn.Identity(), nn.Identity()]
    with pytest.raises(ValueError, match="one threshold less"):
        EarlyExit(parts, parts, [0.5, 0.5])
    with pytest.raises(ValueError, match="a known confidence"):
        EarlyExit(parts, parts, [0.5], kind="logit")
    with pytest.raises(ValueError, match="Thresholds are numbers"):
        cascade(parts, [math.nan])


# ---------------------------------------------------------------- speculative decoding


def chains(tokens=3):
    target = logits(tokens, tokens).softmax(dim=1)
    return target, (target.log() + logits(tokens, tokens, seed=1)).softmax(dim=1)


@pytest.mark.parametrize("num_drafts", [0, 1, 2, 3])
def test_accept_or_reject_keeps_the_targets_distribution(num_drafts):
    target, draft = chains()
    calls = {state: call_outcomes(target, draft, state, num_drafts) for state in range(3)}
    found = emitted(calls, 1, 4)
    assert sum(found.values()) == pytest.approx(1)
    for sequence in product(range(3), repeat=4):
        steps = zip((1, *sequence), sequence, strict=False)
        chance = math.prod(target[a, b].item() for a, b in steps)
        assert found[sequence] == pytest.approx(chance, abs=1e-12)


def test_a_call_emits_one_token_to_one_more_than_drafted():
    target, draft = chains()
    outcomes = call_outcomes(target, draft, 0, 3)
    assert sum(outcomes.values()) == pytest.approx(1)
    assert {len(tokens) for tokens in outcomes} == {1, 2, 3, 4}
    same = call_outcomes(target, target, 0, 3)
    assert sum(chance for tokens, chance in same.items() if len(tokens) == 4) == pytest.approx(1)


def test_expected_tokens_of_a_call_with_equal_acceptance():
    target = torch.tensor([[0.7, 0.3], [0.7, 0.3]]).double()
    draft = torch.tensor([[0.4, 0.6], [0.4, 0.6]]).double()  # accepts 0.4 + 0.3
    outcomes = call_outcomes(target, draft, 0, 3)
    length = sum(len(tokens) * chance for tokens, chance in outcomes.items())
    assert length == pytest.approx(tokens_per_call(0.7, 3))
    assert tokens_per_call(0.7, 3) == pytest.approx((1 - 0.7**4) / (1 - 0.7))
    assert tokens_per_call(1.0, 3) == 4 and tokens_per_call(0.0, 3) == 1


def test_what_is_left_of_the_target_is_a_distribution():
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.3, 0.5])
    assert leftover(p, q).tolist() == pytest.approx([1, 0, 0])
    assert leftover(p, p).tolist() == pytest.approx(p.tolist())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.ones(2, 2), "rows are distributions"),
        (torch.ones(1, 2) / 2, "rows are distributions"),
        (torch.eye(3), "the same tokens"),
    ],
)
def test_tables_that_are_no_chains_are_refused(target, message):
    with pytest.raises(ValueError, match=message):
        call_outcomes(target.double(), torch.eye(2).double(), 0, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        tokens_per_call(1.2, 3)
