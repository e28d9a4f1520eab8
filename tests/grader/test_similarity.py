"""Likeness of answers: what copying can't hide, what honest work doesn't share."""

import itertools
import keyword
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import audit, source
from autograder.check import registry
from autograder.similarity import (
    ENOUGH,
    GRAM,
    WINDOW,
    Comparison,
    Given,
    Token,
    alike,
    grams,
    linked,
    units,
    winnowed,
)

ASSIGNMENT = "a1-magnitude-pruning"
PRUNE = '''
def smallest(weight, density):
    """Zero the smallest weights."""
    count = round(density * weight.numel())  # how many stay
    order = weight.abs().flatten().argsort(descending=True)
    mask = torch.zeros_like(weight).flatten()
    mask[order[:count]] = 1.0
    return weight * mask.view_as(weight)
'''
MEAN = """
def mean(values, start="none"):
    total, seen = 0.0, 0
    for value in values:
        if value is None or value != value:
            continue
        total += value
        seen += 1
    return total / seen if seen else start
"""
STUB = '''
def smallest(weight, density):
    """Zero the smallest weights."""
    # YOUR CODE HERE
    raise NotImplementedError("There is no answer yet: write it in place of this line.")
'''


def values(text: str) -> set[int]:
    return {found.value for found in Given({}).fingerprints(text)}


def test_a_copy_is_entirely_alike_and_another_answer_is_not():
    assert alike(PRUNE, PRUNE) == 1
    assert alike(PRUNE, MEAN) == 0


@given(st.randoms(use_true_random=False))
def test_renaming_every_name_changes_nothing(rng):
    names = sorted(set(re.findall(r"[^\W\d]\w*", PRUNE)))
    new = {name: f"v{rng.randrange(10**6)}_{name[::-1]}" for name in names if is_free(name)}
    renamed = re.sub(r"[^\W\d]\w*", lambda found: new.get(found.group(), found.group()), PRUNE)
    assert renamed != PRUNE
    assert values(renamed) == values(PRUNE)


def is_free(name: str) -> bool:
    return not keyword.iskeyword(name)


def test_the_order_of_functions_changes_nothing():
    assert values(PRUNE + MEAN) == values(MEAN + PRUNE)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("# how many stay", "# something else, 'quoted'"),
        lambda text: text.replace('    """Zero the smallest weights."""\n', ""),
        lambda text: text.replace('"""Zero', "'''Another").replace('weights."""', "thing.'''"),
        lambda text: text.replace("    ", "\t"),
        lambda text: text.replace("\n", "\n\n").replace(" = ", "=").replace(", ", ",\n  ", 1),
        lambda text: text.replace("(weight)", "(\n        weight,\n    )"),
        lambda text: text.replace(".flatten()", " \\\n   .flatten()"),
        lambda text: text.replace("\n    mask[", "; mask["),
        lambda text: text.replace("1.0", "1"),
    ],
    ids=["comment", "docstring", "quotes", "tabs", "layout", "commas", "joined", "semi", "number"],
)
def test_comments_and_layout_change_nothing(edit):
    assert edit(PRUNE) != PRUNE
    assert values(edit(PRUNE)) == values(PRUNE)


def test_the_quotes_of_a_string_change_nothing():
    assert values(MEAN) == values(MEAN.replace('"none"', "'none'")) != set()


tokens = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@given(tokens, tokens, tokens, tokens, st.lists(st.sampled_from("abcdefgh"), min_size=17))
@settings(max_examples=200)
def test_every_shared_run_of_the_guaranteed_length_is_found(before, after, first, last, shared):
    assert GRAM + WINDOW - 1 == 17
    one, other = (as_tokens([*a, *shared, *b]) for a, b in ((before, after), (first, last)))
    found = [{kept.value for kept in winnowed(grams(run))} for run in (one, other)]
    assert found[0] & found[1]


@given(st.integers(0, GRAM - 1), st.randoms(use_true_random=False))
def test_a_shared_run_below_the_noise_threshold_is_not_found(length, rng):
    shared = [f"s{i}" for i in range(length)]
    one, other = (
        as_tokens([f"{side}{i}" for i in range(30)] + shared + [f"{side}-{i}" for i in range(30)])
        for side in "xy"
    )
    found = [{kept.value for kept in winnowed(grams(run))} for run in (one, other)]
    assert not found[0] & found[1]


def as_tokens(texts: list[str]) -> list[Token]:
    return [Token(text, i, i + 1) for i, text in enumerate(texts)]


def test_given_code_alone_is_not_alike():
    given_code = Given({"smallest": STUB}, [MEAN])
    assert alike(STUB, STUB, given_code) == 0
    assert alike(STUB + MEAN, MEAN, given_code) == 0
    assert given_code.fingerprints(PRUNE + MEAN)
    assert alike(PRUNE + MEAN, PRUNE, given_code) == 1


@given(st.text(max_size=300) | st.text("\"'#()[]{}\\\n \tfdef:@%!;,.=0x1eé", max_size=120))
def test_any_text_has_tokens_in_its_own_order(text):
    for unit in units(text):
        assert all(0 <= token.start < token.end <= len(text) for token in unit)
        assert all(a.end <= b.start for a, b in itertools.pairwise(unit))


def test_what_many_students_share_counts_for_none():
    own = [f"def f{i}(a, b):\n    return " + arithmetic(i) for i in range(30)]
    comparison = Comparison(Given({}))
    for i, text in enumerate(own):
        comparison.add(f"s{i:02}", {"answer": text + PRUNE})
    assert all(pair.score < 0.5 for pair in comparison.pairs())
    comparison.add("copy-a", {"answer": own[0] + PRUNE + MEAN + arithmetic(99)})
    comparison.add("copy-b", {"answer": MEAN + arithmetic(99)})
    assert {comparison.pairs()[0].first, comparison.pairs()[0].second} == {"copy-a", "copy-b"}


def arithmetic(seed: int) -> str:
    rng = random.Random(seed)
    return (
        "a" + "".join(f" {rng.choice(['+', '-', '*', '/', '**', '%'])} b" for _ in range(60)) + "\n"
    )


def test_a_short_answer_is_never_called_alike():
    comparison = Comparison(Given({}))
    for name in ("one", "two"):
        comparison.add(name, {"answer": "def double(x):\n    return 2 * x"})
    assert comparison.pairs() == []
    assert comparison.too_short() == ["one", "two"]


def test_one_copied_answer_is_found_among_others_of_their_own():
    comparison = Comparison(Given({}))
    comparison.add("one", {"copied": PRUNE, "own": MEAN})
    comparison.add("two", {"copied": PRUNE, "own": "x = " + arithmetic(2)})
    comparison.add("three", {"copied": "x = " + arithmetic(3), "own": "x = " + arithmetic(4)})
    (pair,) = comparison.pairs()
    assert (pair.first, pair.second) == ("one", "two")
    assert pair.answers == {"copied": 1.0}
    assert pair.score < 1


def test_code_moved_to_another_cell_is_still_alike():
    comparison = Comparison(Given({}))
    comparison.add("one", {"first": PRUNE, "second": MEAN})
    comparison.add("two", {"first": MEAN, "second": PRUNE})
    assert comparison.pairs()[0].score == 1


@pytest.fixture(scope="module")
def solutions() -> dict[str, list[str]]:
    """The answers to each question of an assignment that were written apart from each other."""
    checks = registry(ASSIGNMENT)
    master = source.read(source.path_of(ASSIGNMENT), checks)
    found: dict[str, set[str]] = {}
    for variant in audit.variants(audit.MUTANTS / ASSIGNMENT, master, checks):
        if variant.kind == "right":
            found.setdefault(variant.cell, set()).add(variant.code.split("\n", 1)[1])
    return {cell: sorted(codes) for cell, codes in found.items()}


def test_solutions_that_were_written_apart_are_little_alike(solutions):
    from autograder.rebuild import stubs

    given_code = Given(stubs(source.master(ASSIGNMENT)))
    scores = [
        alike(one, other, given_code)
        for codes in solutions.values()
        for one, other in itertools.combinations(codes, 2)
        if min(len(given_code.fingerprints(code)) for code in (one, other)) >= ENOUGH
    ]
    assert len(scores) > 10
    assert max(scores) < 0.5
    assert sum(scores) / len(scores) < 0.15


def test_a_disguised_copy_of_every_solution_stays_alike(solutions):
    for codes in solutions.values():
        for code in codes:
            copy = re.sub(r"(?<![\w.'\"])(\w+) = ", r"\1_new = ", code).replace("  #", " # copied")
            if Given({}).fingerprints(code):
                assert alike(code, copy) > 0.95


def test_students_with_the_same_code_are_one_group_and_its_links_are_listed_once():
    comparison = Comparison(Given({}))
    for name in ("a", "b", "c", "d"):
        comparison.add(name, {"answer": PRUNE + MEAN})
    comparison.add("other", {"answer": "x = " + arithmetic(5)})
    pairs = comparison.pairs()
    groups, kept = linked(pairs, 0.8)
    assert len(pairs) == 6
    assert groups == [["a", "b", "c", "d"]]
    assert len(kept) == 3
