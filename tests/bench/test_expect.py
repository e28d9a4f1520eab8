"""The teaching assertions: they accept what is right and say what is wrong, type before shape."""

import pytest
import torch

from featherweight import expect


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, 1),
        (2.0, 2),
        (torch.tensor(3.0), 3.0),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.tensor([1, 0]), torch.tensor([True, False])),
        (torch.tensor([1.0, 0.0]), torch.tensor([True, False])),
        ({"a": [1, 2.0]}, {"a": [1, 2]}),
        ((1, 2), [1, 2]),
        (torch.tensor([float("inf")]), torch.tensor([float("inf")])),
        (float("inf"), float("inf")),
        (torch.ones(2).to(torch.float8_e4m3fn), torch.ones(2)),
        (torch.ones(2, dtype=torch.uint16), torch.ones(2, dtype=torch.int64)),
        (None, None),
        (True, True),
        ("csr", "csr"),
    ],
)
def test_equal_values_are_accepted(got, expected):
    expect.close(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (None, torch.ones(2), "must be a torch.Tensor, not NoneType"),
        (torch.ones(2, 3), torch.ones(3, 2), r"shape \(2, 3\); expected \(3, 2\)"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), r"1 of 2 entries; \[1\] is 2"),
        (torch.tensor([float("nan")]), torch.tensor([1.0]), "NaN"),
        (torch.tensor([0.5]), torch.tensor([True]), "mask of True/False"),
        (torch.eye(2).to_sparse(), torch.eye(2), "ordinary dense tensor"),
        (torch.ones(2, device="meta"), torch.ones(2), "ordinary dense tensor"),
        (torch.ones(2) * 1j, torch.ones(2), "ordinary dense tensor"),
        (torch.empty((), device="meta"), 1.0, "ordinary dense tensor"),
        (torch.tensor([2**60 + 1]), torch.tensor([2**60]), "1 of 1 entries"),
        ("3", 3, "must be a number, not str"),
        ("x" * 10**6, "x", "is 'x{100}"),
        (True, 1, "must be a number, not bool"),
        (float("nan"), 1.0, "is nan; expected 1"),
        (1, True, "is 1; expected True"),
        (1.1, 1.0, "is 1.1; expected 1"),
        (10**400, 1.0, "is not a number of an ordinary size"),
        ({1: 1, "a": 1}, {"a": 1}, r"keys \['a', 1\]; expected \['a'\]"),
        ({"a": 1}, {"b": 1}, r"keys \['a'\]; expected \['b'\]"),
        ([1], [1, 2], "1 entries; expected 2"),
        ({"a": [1, 2]}, {"a": [1, 3]}, r"\['a'\]\[1\] is 2; expected 3"),
    ],
)
def test_a_difference_is_described_and_followed_by_the_hint(got, expected, message):
    with pytest.raises(AssertionError, match=message) as caught:
        expect.close(got, expected, hint="think again")
    assert str(caught.value).endswith("Hint: think again")


def test_an_object_that_equals_everything_is_not_accepted():
    class Agreeable:
        def __eq__(self, other):
            return True

        __hash__ = None

    for expected in (1, True, "x", None, [1], {"a": 1}, torch.ones(1)):
        with pytest.raises(AssertionError):
            expect.close(Agreeable(), expected)


def test_an_int_is_exact_and_a_float_may_come_from_float32():
    expect.close(0.2857142985, 2 / 7)
    with pytest.raises(AssertionError):
        expect.close(1_066_889, 1_066_888)
    with pytest.raises(AssertionError):
        expect.close(0.2858, 2 / 7)


def test_the_tolerance_follows_the_precision():
    expect.close(torch.tensor([1.000001]), torch.tensor([1.0]))
    with pytest.raises(AssertionError):
        expect.close(
            torch.tensor([1.000001], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
        )
    with pytest.raises(AssertionError):
        expect.equal(torch.tensor([1.000001]), torch.tensor([1.0]))
