"""Checks, run in this process: scoring, fresh inputs, and that only plain data crosses."""

import math
import pickle

import numpy as np
import pytest
import torch

from autograder import inputs
from autograder.agent import decode, encode
from autograder.check import CheckError, check, checks_of, close, key_of, part, registry, run_check
from autograder.student import Handle, LocalStudent, StudentError, StudentTimeout

SECRET = b"0123456789abcdef"


def outcome(function, source="", points=2):
    namespace: dict = {}
    exec(source, namespace)
    made = check("question", points=points)(function)
    return run_check(made, LocalStudent(namespace, timeout=5), SECRET, "small")


def student_of(source: str, timeout: float = 5) -> LocalStudent:
    namespace: dict = {}
    exec(source, namespace)
    return LocalStudent(namespace, timeout)


def test_check_that_returns_gives_full_marks():
    assert outcome(lambda student, rng: None).score == 2


def test_failed_assertion_gives_zero_and_its_message():
    def function(student, rng):
        close(student.call("f"), 3.0, hint="think again")

    result = outcome(function, "def f(): return 2.0")
    assert (result.score, result.status) == (0, "graded")
    assert "think again" in result.message


def test_failing_part_loses_only_its_points():
    def function(student, rng):
        with part(1.5, "first"):
            close(student.call("f"), 1)
        with part(0.5, "second"):
            close(student.call("f"), 2)

    result = outcome(function, "def f(): return 1")
    assert result.score == 1.5
    assert result.message.startswith("second: ")


def test_parts_that_do_not_add_up_are_the_instructors_error():
    def function(student, rng):
        with part(1, "only half"):
            close(1, 1)

    assert outcome(function).status == "check-crashed"


def test_exception_in_the_check_itself_is_no_verdict_on_the_student():
    result = outcome(lambda student, rng: 1 / 0)
    assert result.status == "check-crashed"
    assert "ZeroDivisionError" in result.detail
    assert "ZeroDivisionError" not in result.message


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "`f` is not defined."),
        ("def f(): raise NotImplementedError()", "`f` is not implemented yet."),
        ("def f(): raise ValueError('no')", "`f` raised ValueError: no"),
        ("def f(): raise SystemExit(0)", "`f` raised SystemExit: 0"),
    ],
)
def test_student_code_that_does_not_answer_fails_with_a_clear_sentence(source, sentence):
    result = outcome(lambda student, rng: student.call("f"), source)
    assert (result.score, result.status, result.message) == (0, "graded", sentence)


def test_student_function_that_never_returns_is_a_timeout():
    student = student_of("def f():\n    while True: pass", timeout=0.2)
    with pytest.raises(StudentTimeout):
        student.call("f")


def test_same_secret_gives_the_same_inputs_and_another_secret_others():
    assert key_of(SECRET, "a", "b") == key_of(SECRET, "a", "b")
    assert len({key_of(s, a, c) for s in (SECRET, b"x") for a in "ab" for c in "cd"}) == 8


def test_rng_and_the_students_generators_are_seeded_for_each_check():
    drawn = []

    def function(student, rng):
        here = torch.rand(3, generator=rng)
        drawn.append((here, student.call("f")))

    source = "import torch, random\ndef f(): return [torch.rand(3), random.random()]"
    outcome(function, source)
    torch.rand(5)
    outcome(function, source)
    (first, theirs), (second, theirs_again) = drawn
    assert torch.equal(first, second)
    assert torch.equal(theirs[0], theirs_again[0])
    assert theirs[1] == theirs_again[1]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -3,
        10**30,
        1.5,
        math.inf,
        "text \ud800",
        [1, [2.0, "x"]],
        (1, (2,)),
        {"a": [1], 3: (None,)},
        torch.float16,
    ],
)
def test_plain_data_crosses_unchanged(value):
    assert decode(encode(value, None), Handle) == value


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8, torch.bool])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_tensors_cross_with_type_and_shape(dtype, shape):
    value = torch.ones(shape).to(dtype)
    got = decode(encode(value, None), Handle)
    assert got.dtype == dtype
    assert got.shape == shape
    assert torch.equal(got, value)


def test_arrays_and_views_cross_with_their_values():
    array = np.arange(6, dtype=">f4").reshape(2, 3).T
    assert np.array_equal(decode(encode(array, None), Handle), array)
    view = torch.arange(6.0).reshape(2, 3).T[1:]
    assert torch.equal(decode(encode(view, None), Handle), view)


def test_nan_crosses():
    assert math.isnan(decode(encode(math.nan, None), Handle))


def test_generators_cross_with_their_state():
    theirs = decode(encode(torch.Generator().manual_seed(3), None), Handle)
    assert torch.equal(
        torch.rand(2, generator=theirs), torch.rand(2, generator=torch.Generator().manual_seed(3))
    )


def test_gradients_are_required_in_the_students_process_only():
    student = student_of("def f(x): return x, x.requires_grad")
    value, required = student.call("f", torch.ones(2, requires_grad=True))
    assert required
    assert not value.requires_grad


def test_object_with_its_own_equality_stays_behind_and_is_refused_by_type():
    source = """
class Yes(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
class Always:
    def __eq__(self, other): return True
    def __bool__(self): return True
def number(): return Yes(1.0)
def thing(): return Always()
"""
    student = student_of(source)
    assert type(student.call("number")) is float
    assert student.call("number") != 2.0
    assert isinstance(student.call("thing"), Handle)
    with pytest.raises(AssertionError, match="must be a number, not Handle"):
        close(student.call("thing"), 2.0)


def test_pickled_payload_is_never_unpickled(tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    data = pickle.dumps(Payload())
    student = LocalStudent({"f": lambda: data, "g": Payload})
    assert isinstance(student.call("f"), Handle)
    assert isinstance(student.call("g"), Handle)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "[]",
        "{}",
        '{"value": {"pickle": "x"}}',
        '{"value": [1]}',
        '{"value": NaN}',
        "1" * 5000,
        '{"value": {"tensor": "AAAA"}}',
        '{"value": ' + '{"list": [' * 500 + "1" + "]}" * 500 + "}",
    ],
)
def test_forged_reply_is_an_error_of_the_students(reply):
    class Forged(LocalStudent):
        def _answer(self, payload):
            return reply

    with pytest.raises(StudentError):
        Forged({}).call("f")


def test_result_that_is_too_large_is_refused():
    student = student_of("import torch\ndef f(): return torch.zeros(20_000_000)")
    with pytest.raises(StudentError, match="64 MB"):
        student.call("f")


def test_arguments_after_the_call_show_what_was_modified():
    student = student_of("def f(x, k): x.zero_(); k.append(1)")
    student.call("f", torch.ones(2), k=[0])
    x, k = student.arguments()
    assert torch.equal(x, torch.zeros(2))
    assert k == [0, 1]


def test_check_passes_copies_of_its_inputs():
    student, mine = student_of("def f(x): x.zero_()"), torch.ones(2)
    student.call("f", mine)
    assert torch.equal(mine, torch.ones(2))


def test_objects_are_built_inspected_and_passed_on_by_handle():
    student = student_of("def f(layer): layer.weight.data.zero_(); return layer")
    layer = student.build("torch.nn:Linear", 3, 2)
    weight = torch.arange(6.0).reshape(2, 3)
    copied = student.build("torch.nn:Linear", 3, 2, state={"weight": weight, "bias": torch.ones(2)})
    assert layer.type_name.endswith("Linear")
    assert torch.equal(student.state(copied)["weight"], weight)
    assert student.attribute(copied, "in_features") == 3
    got = student.method(copied, "forward", torch.ones(1, 3))
    assert torch.equal(got, torch.tensor([[4.0, 13.0]]))
    changed = student.call("f", copied)
    assert student.state(changed)["weight"].count_nonzero() == 0


def test_helpers_live_apart_from_the_students_names():
    student = student_of("calls = 'mine'\ndef f(loss): return loss(1) + loss(2)")
    student.define("calls = []\ndef loss(x):\n    calls.append(x)\n    return x")
    assert student.call("f", student.helper("loss")) == 3
    assert student.get("calls") == "mine"
    with pytest.raises(StudentError):
        student.helper("nothing")


def test_handles_of_an_earlier_check_are_gone():
    student = student_of("def f(): return object()")
    handle = student.call("f")
    student.begin(1)
    with pytest.raises(StudentError):
        student.method(handle, "__hash__")


def test_what_a_student_prints_reaches_nobody(capsys):
    student_of("def f(): print('100 points')").call("f")
    assert capsys.readouterr().out == ""


def test_registry_reads_the_checks_in_their_order(tmp_path):
    source = "from autograder.check import check\n"
    source += "".join(f"@check('{n}', points=1)\ndef {n}(student, rng): pass\n" for n in "zab")
    (tmp_path / "a9_small.py").write_text(source)
    assert list(registry("a9-small", tmp_path)) == ["z", "a", "b"]
    with pytest.raises(FileNotFoundError, match="has no checks"):
        registry("nothing", tmp_path)


def test_two_checks_with_one_id_are_refused():
    source = "from autograder.check import check\n"
    source += "@check('a', points=1)\ndef f(s, r): pass\n@check('a', points=1)\ndef g(s, r): pass"
    with pytest.raises(CheckError, match="two checks"):
        checks_of(source, "twice.py")


def test_check_needs_points():
    with pytest.raises(CheckError, match="points greater than 0"):
        check("a", points=0)


def test_inputs_have_the_properties_they_promise():
    rng = torch.Generator().manual_seed(0)
    assert inputs.mask(rng, 5, 7, density=0.4).sum() == 14
    assert inputs.sparse_weights(rng, 10, 10, density=0.3).count_nonzero() == 30
    assert inputs.weights(rng, 100).unique().numel() == 100
    assert inputs.tied_weights(rng, 100, levels=3).abs().unique().tolist() == [1, 2, 3]
    assert all(2 <= inputs.integer(rng, 2, 4) <= 4 for _ in range(50))
    assert 0 <= inputs.images(rng).min() <= inputs.images(rng).max() <= 1
