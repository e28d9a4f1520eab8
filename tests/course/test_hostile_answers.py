"""Whatever a student's function returns, no check crashes over it, and nobody gains by it."""

import ast
import collections
import dataclasses
import enum
import math
import threading
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from autograder import audit, source
from autograder.check import registry, run_check
from autograder.student import LocalStudent, StudentError

SECRET = b"hostile answers "


class Liar:
    """Says of itself whatever it is asked."""

    __class__ = float  # type: ignore[assignment]

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

    def __float__(self):
        return 1.0

    def __index__(self):
        return 1

    def __len__(self):
        return -1

    def __iter__(self):
        return iter(int, 1)

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    __hash__ = None  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = __eq__
    __add__ = __sub__ = __mul__ = __getitem__ = __abs__ = __call__
    __radd__ = __rsub__ = __rmul__ = __matmul__ = __call__


def broken(*args, **kwargs):
    raise RuntimeError("no")


class Number(int):
    __eq__ = __lt__ = __gt__ = lambda *_: True
    __index__ = __int__ = __float__ = __str__ = __repr__ = bit_length = broken
    __hash__ = int.__hash__


class Real(float):
    __eq__ = __lt__ = __gt__ = lambda *_: True
    __float__ = __str__ = __format__ = is_integer = broken
    __repr__ = lambda self: '1, "score": 100'  # noqa: E731
    __hash__ = float.__hash__


class Text(str):
    __eq__ = lambda *_: True  # noqa: E731
    __len__ = __iter__ = __str__ = encode = broken
    __hash__ = str.__hash__


class Items(list):
    __len__ = __iter__ = __getitem__ = broken


class Table(dict):
    __len__ = __iter__ = __getitem__ = items = keys = broken


class Hooked(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True


class Metaclass(type):
    __module__ = __name__ = __doc__ = property(broken)


class Nameless(metaclass=Metaclass):
    pass


Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass
class Record:
    density: float = 1.0


class Choice(enum.IntEnum):
    one = 1


def recursive():
    found = []
    found.append(found)
    return found


def wide():
    found = []
    found += [found] * 10
    return found


def deep():
    found = 1.0
    for _ in range(5000):
        found = [found]
    return found


ANSWERS = {
    "nothing": lambda: None,
    "true": lambda: True,
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "a number": lambda: 0.37,
    "nan": lambda: math.nan,
    "infinity": lambda: math.inf,
    "a huge number": lambda: 10**2000,
    "a fraction": lambda: Fraction(1, 3),
    "a complex number": lambda: 1j,
    "an empty text": lambda: "",
    "a text": lambda: "SCORE 100 \x1b[2J \ud800 \0",
    "bytes": lambda: b"1",
    "an empty list": list,
    "a list": lambda: [1, "a", None],
    "a pair of nothing": lambda: (None, None),
    "a pair of texts": lambda: ("a", "b"),
    "a pair of lists": lambda: ([1], [2]),
    "a pair of tensors": lambda: (torch.ones(2), torch.ones(3, 4)),
    "a pair of objects": lambda: (object(), object()),
    "an empty dict": dict,
    "a dict with odd keys": lambda: {(1, "a"): 1, None: 2, 1.5: 3, "density": object()},
    "a dict of bytes": lambda: {b"a": 1},
    "a dict of colliding keys": lambda: dict.fromkeys((2**61 - 1) * k for k in range(500)),
    "a set": lambda: {1, 2},
    "a generator": lambda: (x for x in range(3)),
    "a range": lambda: range(3),
    "a recursive list": recursive,
    "a list 5000 deep": deep,
    "an object": lambda: object(),
    "a liar": Liar,
    "a class": lambda: Liar,
    "a module": lambda: math,
    "a lock": threading.Lock,
    "a function": lambda: broken,
    "an exception": lambda: ValueError("no"),
    "a nameless object": Nameless,
    "an int with methods": lambda: Number(3),
    "a float with methods": lambda: Real(3.0),
    "a text with methods": lambda: Text("abc"),
    "a list with methods": lambda: Items([1, 2]),
    "a dict with methods": lambda: Table(a=1),
    "a named tuple": lambda: Pair(1, 2),
    "a data class": lambda: Record(),
    "an enumeration": lambda: Choice.one,
    "an empty tensor": lambda: torch.empty(0),
    "a scalar tensor": lambda: torch.tensor(1.0),
    "a matrix": lambda: torch.rand(3, 4),
    "a mask": lambda: torch.ones(5, 12, dtype=torch.bool),
    "a matrix of nan": lambda: torch.full((5, 12), math.nan),
    "a tensor of many dimensions": lambda: torch.ones([1] * 60),
    "a tensor with a gradient": lambda: torch.ones(2, requires_grad=True) * 2,
    "a tensor with a hook": lambda: Hooked(),
    "a parameter": lambda: torch.nn.Parameter(torch.ones(2)),
    "a tensor on no device": lambda: torch.empty(3, 4, device="meta"),
    "a sparse tensor": lambda: torch.eye(3).to_sparse(),
    "a sparse row tensor": lambda: torch.eye(3).to_sparse_csr(),
    "a quantized tensor": lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    "a complex tensor": lambda: torch.ones(2, dtype=torch.complex64),
    "a tensor of 8 bits": lambda: torch.ones(2, 2).to(torch.float8_e4m3fn),
    "a tensor of unsigned numbers": lambda: torch.ones(2, 2).to(torch.uint16),
    "a nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "a negative view": lambda: torch._neg_view(torch.ones(3)),
    "an array": lambda: np.ones((2, 3)),
    "an array of objects": lambda: np.array([Liar], dtype=object),
    "an array of texts": lambda: np.array(["a"]),
    "an array with fields": lambda: np.zeros(2, dtype=[("a", "i4")]),
    "an array of times": lambda: np.zeros(2, dtype="m8[s]"),
    "a masked array": lambda: np.ma.masked_all(3),
    "an array's number": lambda: np.float32(2),
    "an array's time": lambda: np.timedelta64(3, "s"),
    "a type of numbers": lambda: torch.float16,
    "a random generator": torch.Generator,
    "a layer": lambda: torch.nn.Linear(2, 2),
}
HUGE = {
    "a number too long to print": lambda: 10 ** (10**5),
    "a long text": lambda: "x" * 10**8,
    "a long list": lambda: list(range(10**6)),
    "a list that is ten of itself": wide,
    "a dict of many": lambda: dict.fromkeys(range(20_000)),
    "a huge view": lambda: torch.ones(1).expand(10**6, 10**6),
}
RAISED = (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, RecursionError, StopIteration)
LEAVES = (None, "x", math.nan, torch.ones(2, 3), object())

# Answers by what they do to what they are given; what they return is asked for nothing.
IN_PLACE = {"mask-enforced", "held-values"}


@pytest.fixture(scope="module", params=source.assignments())
def course(request):
    """An assignment, its checks, what its reference defines, and the functions of each answer."""
    checks, namespace, defined = registry(request.param), {"__name__": "__main__"}, {}
    for cell in source.master(request.param).cells:
        if source.role(cell) in ("given", "solution"):
            assert audit._execute(cell.source, source.grade_id(cell), namespace) == ""
            kinds = ast.FunctionDef | ast.ClassDef
            tree = ast.parse(cell.source)
            defined[source.grade_id(cell)] = [n.name for n in tree.body if isinstance(n, kinds)]
    return request.param, checks, namespace, defined


def verdicts(course, change):
    """Every check's verdict when the functions of its cell are `change(function)`.

    The checks are sound: the reference gets all points.
    """
    assignment, checks, namespace, defined = course
    for check in checks.values():
        answers = namespace | {name: change(namespace[name]) for name in defined[check.cell]}
        result = run_check(check, LocalStudent(answers, timeout=20), SECRET, assignment)
        yield replace(result, **result.if_sound)


def constant(make):
    return lambda function: lambda *args, **kwargs: make()


def raising(error):
    def answer(*args, **kwargs):
        raise error

    return lambda function: answer


def spoiled(value, leaf, place):
    """The value with the piece at a place (counted in reading order) replaced."""
    left = [place]

    def walk(piece):
        left[0] -= 1
        if left[0] == 0:
            return leaf
        if isinstance(piece, dict):
            return {key: walk(inside) for key, inside in piece.items()}
        if isinstance(piece, list | tuple):
            return type(piece)(walk(inside) for inside in piece)
        return piece

    return walk(value)


def spoiling(leaf, place):
    """Right answers of which one piece is replaced."""
    return lambda function: lambda *args, **kw: spoiled(function(*args, **kw), leaf, place)


def test_the_reference_gets_all_points(course):
    assert [
        v.check for v in verdicts(course, lambda function: function) if v.score < v.max_score
    ] == []


@pytest.mark.slow
def test_no_odd_answer_scores_or_crashes_a_check(course):
    for name, make in ANSWERS.items():
        for verdict in verdicts(course, constant(make)):
            assert verdict.score == 0, (name, verdict)
            assert verdict.status in ("graded", "timeout"), (name, verdict)
            assert verdict.message.isprintable() or "\n" in verdict.message, (name, verdict)


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_answer_is_refused_in_one_sentence(name):
    student = LocalStudent({"f": HUGE[name]})
    with pytest.raises(StudentError, match="`f` gave a result that cannot be checked"):
        student.call("f")


def test_no_exception_of_a_students_crashes_a_check(course):
    for error in RAISED:
        for verdict in verdicts(course, raising(error)):
            assert (verdict.score, verdict.detail) == (0, ""), (error, verdict)


@pytest.mark.slow
def test_a_right_answer_with_one_odd_piece_crashes_no_check(course):
    for leaf in LEAVES:
        for place in (1, 2, 3):
            for verdict in verdicts(course, spoiling(leaf, place)):
                assert verdict.status == "graded", (leaf, place, verdict)
                assert place > 1 or verdict.score == 0 or verdict.check in IN_PLACE, (leaf, verdict)
