"""Checks, run in this process: scoring, fresh inputs, and that only plain data crosses."""

import math
import os
import pickle
import random
import sys
import threading
import warnings
from contextlib import suppress

import numpy as np
import pytest
import torch

import autograder.check
from autograder import inputs
from autograder.agent import decode, encode
from autograder.check import (
    CheckError,
    check,
    checks_of,
    close,
    key_of,
    part,
    registry,
    run_check,
    unmodified,
)
from autograder.student import Handle, LocalStudent, StudentError, StudentTimeout
from autograder.verify import total

SECRET = b"0123456789abcdef"


def outcome(function, source="", points=2, **limits):
    namespace: dict = {}
    exec(source, namespace)
    made = check("question", points=points)(function)
    return run_check(made, LocalStudent(namespace, timeout=5), SECRET, "small", **limits)


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
    "error",
    [SystemExit(0), KeyboardInterrupt(), RecursionError(), MemoryError(), GeneratorExit()],
    ids=lambda error: type(error).__name__,
)
def test_no_exception_of_a_check_leaves_its_run(error):
    def function(student, rng):
        raise error

    result = outcome(function)
    assert (result.score, result.status) == (0, "check-crashed")
    assert type(error).__name__ in result.detail


def test_endless_loop_of_a_check_is_ended():
    def function(student, rng):
        while True:
            with suppress(Exception):
                student.call("f")

    result = outcome(function, "def f(): pass", seconds=0.3)
    assert result.status == "check-crashed"
    assert "the check itself took longer than 0.3 seconds" in result.detail


def test_endless_loop_of_a_check_that_swallows_its_end_once_is_ended():
    def function(student, rng):
        with suppress(BaseException):
            while True:
                pass
        while True:
            pass

    result = outcome(function, seconds=0.3)
    assert result.status == "check-crashed"
    assert "the check itself took longer than 0.3 seconds" in result.detail


def test_endless_loop_of_a_check_is_ended_in_another_thread():
    def function(student, rng):
        while True:
            pass

    results = []
    thread = threading.Thread(target=lambda: results.append(outcome(function, seconds=0.3)))
    thread.start()
    thread.join(timeout=60)
    assert [result.status for result in results] == ["check-crashed"]


def test_time_of_the_students_calls_is_not_the_checks():
    def function(student, rng):
        for _ in range(5):
            student.call("f")

    source = "import time\ndef f(): time.sleep(0.2)"
    assert outcome(function, source, seconds=0.8).status == "graded"


def test_check_that_changes_the_process_does_not_affect_the_next():
    def seen():
        settings = (torch.get_default_dtype(), torch.get_num_threads(), os.getcwd(), sys.path[:])
        draws = (random.random(), np.random.rand(), torch.rand(1).item())
        more = (torch.is_grad_enabled(), dict(os.environ), warnings.filters[:], np.geterr())
        return settings, draws, more, torch.get_default_device(), sys.stdout

    def careless(student, rng):
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        torch.manual_seed(5)
        random.seed(5)
        np.random.seed(5)
        np.seterr(all="raise")
        warnings.simplefilter("error")
        os.environ["CARELESS"] = "1"
        os.chdir("/")
        sys.path.clear()
        sys.stdout = None
        raise ValueError

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    before = seen()
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    assert outcome(careless).status == "check-crashed"
    assert seen() == before


def test_crash_of_a_check_says_what_holds_if_the_answer_is_at_fault():
    def function(student, rng):
        with part(1.5, "first"):
            close(student.call("f", 1), 1)
        with part(0.5, "second"):
            student.call("f", 2)["key"]

    result = outcome(function, "def f(x): return x")
    assert (result.score, result.status) == (0, "check-crashed")
    assert (result.if_sound["score"], result.if_sound["status"]) == (1.5, "graded")
    assert "second: The answer is not of the kind" in result.if_sound["message"]
    assert "`f` gave int" in result.if_sound["message"]
    assert "TypeError" in result.detail


def test_messages_are_short_and_can_be_written_to_any_file():
    def function(student, rng):
        raise AssertionError("\ud800\x1b[31m\0" + "x" * 10**7)

    message = outcome(function).message
    assert len(message) < 3000
    message.encode("utf-8")
    assert not set(message) & {"\x1b", "\0"}


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


def test_inputs_are_the_same_at_a_regrade_and_others_in_another_course():
    drawn = []

    def function(student, rng):
        drawn.append((inputs.weights(rng, 4), student.call("f")))

    made = check("question", points=1)(function)
    namespace: dict = {}
    exec("import torch\ndef f(): return torch.rand(4)", namespace)
    for secret in (SECRET, SECRET, b"another course's"):
        torch.manual_seed(len(drawn))
        run_check(made, LocalStudent(namespace), secret, "small")
    (ours, theirs), (again, theirs_again), (other, theirs_other) = drawn
    assert torch.equal(ours, again) and torch.equal(theirs, theirs_again)
    assert not torch.equal(ours, other) and not torch.equal(theirs, theirs_other)


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
        {(0, "x"): 1, None: 2, 1.5: 3, True: 4},
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
    with pytest.raises(AssertionError, match="must be a number, not Always"):
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
        '{"value": ' * 10**5,
        "[" * 10**6,
        '{"value": {"list": [' + "[]," * 10**7 + "1]}}",
        '{"value": ' + "9" * 10**5 + "}",
        '{"value": {"dict": [["a", 1], ["a", 2]]}}',
        '{"value": {"dict": [[{"list": []}, 1]]}}',
        '{"value": {"dict": [[{"handle": [0, "x"]}, 1]]}}',
        '{"value": {"dict": [[2305843009213693951, 1]]}}',
        '{"value": {"dict": [' + ",".join(f"[{n}, 1]" for n in range(20_000)) + "]}}",
        '{"value": {"dict": 7}}',
        '{"value": {"handle": []}}',
        '{"value": {"dtype": "load"}}',
        '{"value": {"generator": "AAAA"}}',
        '{"value": {"float": 1}}',
        '{"value": {}}',
        '{"error": 7}',
        '{"error": {"kind": ["missing"], "type": {}, "message": 3}, "value": 1}',
        None,
        7,
    ],
    ids=range(28),
)
def test_forged_reply_is_an_error_of_the_students(reply):
    class Forged(LocalStudent):
        def _answer(self, payload):
            return reply

    forged = Forged({})
    handle = Handle(0, "Linear")
    for ask in (
        lambda: forged.call("f"),
        lambda: forged.call_kept("f"),
        lambda: forged.get("f"),
        lambda: forged.gradient("f", torch.ones(1)),
        lambda: forged.state(handle),
        lambda: forged.build("torch.nn:Linear", 2, 2),
        lambda: forged.count_calls("f", "f"),
        lambda: forged.arguments(),
        lambda: forged.repeated("f"),
        lambda: forged.timed("f"),
        lambda: forged.begin(1),
    ):
        with pytest.raises(StudentError):
            ask()


@pytest.mark.parametrize("value", ["1", '"x"', '{"list": []}', '{"tuple": [1]}', "null"])
def test_answer_of_the_wrong_kind_to_a_question_about_a_call_is_the_students_error(value):
    class Forged(LocalStudent):
        def _answer(self, payload):
            return f'{{"value": {value}}}'

    forged = Forged({})
    forged.call("f", 1, x=2)
    for ask in (
        lambda: forged.call_kept("f"),
        lambda: forged.gradient("f", torch.ones(1), wrt=[0, 0]),
        lambda: forged.state(Handle(0, "Linear")),
        lambda: forged.build("torch.nn:Linear", 2, 2),
        lambda: forged.helper("f"),
        lambda: forged.count_calls("f", "f"),
        forged.arguments,
        forged.modified,
    ):
        with pytest.raises(StudentError):
            ask()


def test_duplicate_keys_of_a_reply_are_one_answer():
    class Forged(LocalStudent):
        def _answer(self, payload):
            return '{"value": 1, "value": 2}'

    assert Forged({}).call("f") == 2


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


def test_what_a_call_modified_is_named():
    source = """
import torch
def f(x, *others, k, same, layer):
    x[0] = 5
    k.append(1)
    layer.weight.data.zero_()
    same.requires_grad_()
    others[0].mul_(1)
"""
    student = student_of(source)
    layer = student.build("torch.nn:Linear", 2, 2)
    kept = torch.tensor([math.nan, -0.0])
    student.call("f", torch.ones(2), kept, {"a": (1, [2])}, k=[], same=torch.ones(2), layer=layer)
    assert student.modified() == ["argument 1", "k"]
    with pytest.raises(AssertionError, match=r"changed argument 1 and k\. Hint: leave what"):
        unmodified(student)
    fresh = student_of("def g(): pass")
    with pytest.raises(ValueError, match="after a call"):
        fresh.modified()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("x += 1", ["argument 1"]),
        ("x.resize_(1, 2)", ["argument 1"]),
        ("x.data = x.data.double()", ["argument 1"]),
        ("x.data = x.data.clone()", []),
        ("d['new'] = 1", ["argument 2"]),
        ("d['list'][0] = 2", ["argument 2"]),
        ("d.update(a=float('nan'))", ["argument 2"]),
        ("x, d = 1, 2", []),
    ],
)
def test_every_way_to_modify_an_argument_is_seen(change, names):
    student = student_of(f"def f(x, d):\n    {change}")
    student.call("f", torch.ones(2), {"list": [1], "a": 1.0})
    assert student.modified() == names


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


def test_gradients_of_arguments_by_place_and_name():
    student = student_of("def f(x, y, *, z): return (x * y).sum() + z.detach().sum()")
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    got = student.gradient("f", x, y, z=torch.ones(3), wrt=[0, 1, "z"])
    assert [g.tolist() for g in got] == [[3, 4], [1, 2], [0, 0, 0]]
    assert not any(g.requires_grad for g in got)


def test_gradients_of_an_objects_parameters():
    student = student_of("def loss(model, x): return model(x).sum()")
    state = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}
    model = student.build("torch.nn:Linear", 3, 2, state=state)
    (got,) = student.gradient("loss", model, torch.tensor([[1.0, 2.0, 3.0]]), wrt=[model])
    assert got["weight"].tolist() == [[1, 2, 3]] * 2
    assert got["bias"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return x",
        "def f(x): return x.sum().item()",
        "def f(x): return x.sum().detach()",
        "def f(x): return [x.sum()]",
        "def f(x): return None",
    ],
)
def test_result_that_has_no_gradient_is_refused_in_one_sentence(source):
    with pytest.raises(StudentError, match="no single number that torch can differentiate"):
        student_of(source).gradient("f", torch.ones(2))


CALLS = """
import torch
from torch.nn.functional import cross_entropy

calls = []

def step(x):
    return 2 * x

class Trainer:
    def step(self, x):
        return x + 1
    @staticmethod
    def half(x):
        return x / 2
    def run(self, times):
        return [self.step(self.half(n)) for n in range(times)]

def run(times):
    return [step(n) for n in range(times)]

def train(times):
    w = torch.ones(2, requires_grad=True)
    for _ in range(times):
        cross_entropy(w, torch.tensor(0)).backward()
    torch.nn.CrossEntropyLoss()(w, torch.tensor(0)).backward()
    return w.grad.tolist()

def apply(function, *, times):
    return [function(n) for n in range(times)]

def fails(times):
    run(times)
    raise ValueError("no")
"""


@pytest.mark.parametrize(
    ("target", "name", "count"),
    [
        ("step", "run", 3),
        ("run", "run", 1),
        ("Trainer.step", "trained", 3),
        ("Trainer.half", "trained", 3),
        ("torch.nn.functional:cross_entropy", "train", 4),
        ("torch:Tensor.backward", "train", 4),
        ("torch:Tensor.relu", "train", 0),
        ("builtins:range", "run", 1),
    ],
)
def test_calls_of_named_functions_are_counted_and_nothing_stays_changed(target, name, count):
    student = student_of(CALLS + "trained = Trainer().run\n")
    expected = student.call(name, 3)
    before = (torch.nn.functional.cross_entropy, torch.Tensor.backward, vars(torch.Tensor).copy())
    assert student.count_calls(target, name, 3) == (expected, count)
    after = (torch.nn.functional.cross_entropy, torch.Tensor.backward, vars(torch.Tensor).copy())
    assert before == after
    assert student.call(name, 3) == expected


def test_calls_of_a_function_that_is_passed_are_counted():
    student = student_of(CALLS)
    student.define("def square(x):\n    return x * x")
    square = student.helper("square")
    assert student.count_calls(square, "apply", square, times=4) == ([0, 1, 4, 9], 4)


def test_counting_ends_with_the_call_even_when_it_fails_or_the_target_is_missing():
    student = student_of(CALLS)
    with pytest.raises(StudentError, match="raised ValueError"):
        student.count_calls("step", "fails", 2)
    with pytest.raises(StudentError, match="`stride` is not defined"):
        student.count_calls("stride", "run", 2)
    assert student.count_calls("step", "run", 2)[1] == 2


def test_repeated_calls_start_from_the_same_seed():
    source = "import random, numpy, torch\n"
    source += "def draws(): return random.random(), numpy.random.rand(), torch.rand(1).item()\n"
    source += "state = []\ndef counts():\n    state.append(1)\n    return len(state)\n"
    student = student_of(source)
    first, second = student.repeated("draws", seed=7)
    assert first == second
    assert student.repeated("draws", seed=8, times=1) != [first]
    assert student.repeated("counts", times=3) == [1, 2, 3]


def test_time_is_measured_outside_and_comes_with_the_value():
    student = student_of("import time\ndef f(x):\n    time.sleep(0.05)\n    return x")
    value, seconds = student.timed("f", 3, repeats=3)
    assert value == 3
    assert seconds >= 0.05


def test_modules_that_are_unavailable_are_absent_while_the_students_code_runs():
    import featherweight.techniques.measuring as real
    from featherweight import techniques

    source = """
import importlib, sys
def how(statement):
    exec(statement, {})
    return True
"""
    namespace: dict = {}
    exec(source, namespace)
    student = LocalStudent(namespace, unavailable=["featherweight.techniques.measuring"])
    for statement in (
        "import featherweight.techniques.measuring",
        "from featherweight.techniques import measuring",
        "from featherweight import techniques; techniques.measuring",
        "import importlib; importlib.import_module('featherweight.techniques.measuring')",
        "import sys; sys.modules['featherweight.techniques.measuring'].layer_macs",
    ):
        with pytest.raises(StudentError):
            student.call("how", statement)
    assert student.call("how", "import featherweight.techniques.magnitude_pruning")
    assert techniques.measuring is real


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


MISBEHAVING = """
import os, torch
import autograder.check
from autograder import inputs
from autograder.check import check, close

@check("double", points=2)
def double(student, rng):
    torch.set_default_dtype(torch.float64)
    os.chdir("/")
    close(student.call("double", 2.0), 4.0)
    %s

@check("mean", points=3)
def mean(student, rng):
    assert torch.get_default_dtype() == torch.float32 and os.getcwd() != "/"
    close(student.call("mean", [1.0, 2.0]), 1.5)

@check("name", points=1)
def name(student, rng):
    close(student.get("course"), "featherweight")
"""


@pytest.mark.parametrize(
    "last",
    ["raise SystemExit", "raise KeyboardInterrupt", "[0] * 10**15", "double(1, 2)", "while 1: 0"],
)
def test_crashing_check_counts_for_nobody_and_the_others_are_graded(
    last, graded, submit, monkeypatch
):
    monkeypatch.setattr(autograder.check, "CHECK_SECONDS", 1.0)
    for source in ("def double(x): return 2 * x", "def double(x): return x + x"):
        verdict = graded(submit(double=source), MISBEHAVING % last)
        assert verdict["scores"] == {"double": 0, "mean": 3, "name": 1}
        assert verdict["statuses"] == {
            "double": "check-crashed",
            "mean": "graded",
            "name": "graded",
        }
        assert total(verdict["checks"]) == (4, 4)


def test_answer_that_makes_a_sound_check_stumble_loses_and_is_flagged(graded, submit):
    checks = MISBEHAVING % "student.call('double', 3.0)['key'] if x else None"
    checks = checks.replace(
        "close(student.call", "x = student.call('double', 0.0)\n    close(student.call", 1
    )
    honest = graded(submit(), checks)
    odd = graded(submit(double="def double(x): return 2 * x + (x == 0)"), checks)
    assert (honest["scores"]["double"], honest["flags"]) == (2, [])
    assert (odd["scores"]["double"], odd["statuses"]["double"]) == (0, "graded")
    assert [(flag["kind"], flag["cell"]) for flag in odd["flags"]] == [("stumbled", "double")]
    assert "TypeError" in odd["flags"][0]["what"]


def test_an_answer_of_none_of_several_types_is_told_which_would_do():
    assert autograder.check.of_type([1], tuple | list, "The result") == [1]
    with pytest.raises(AssertionError, match="The result must be a tuple or list, not dict"):
        autograder.check.of_type({}, tuple | list, "The result")
    with pytest.raises(AssertionError, match="The result must be a dict, not int"):
        autograder.check.of_type(3, dict, "The result")
