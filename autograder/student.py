"""The proxy through which a check meets a student's code, in a kernel or in this process.

Everything that comes back was made in the student's process: plain data that may be wrong, never
an object with methods of the student's. Who has changed their own process can answer what they
like, but cannot know the reference's answer to fresh inputs. So a check asks for values, and what
it asks besides (how often was a function called? was an argument changed?) only takes points away
from an answer whose value is right.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.agent import Agent, NotPlain, TooLarge, decode, encode

CALL_TIMEOUT = 20.0
MAX_REPLY = 100 * 10**6
MAX_MARKS = 4 * 10**6


class StudentError(Exception):
    """The student's code did not answer; the message says why, in words for the student."""

    status = "graded"


class StudentTimeout(StudentError):
    """The student's code took longer than one call may take."""

    status = "timeout"


class StudentGone(StudentError):
    """The process of the student's code ended."""

    status = "kernel-died"


@dataclass(frozen=True)
class Handle:
    """An object that stayed in the student's process."""

    number: int
    type_name: str


class Session(Protocol):
    """What a proxy needs of a kernel: text in, text out, within a time."""

    def request(self, payload: str, timeout: float) -> str: ...


class Student:
    """What a check may ask of a student's code; only plain data and handles come back.

    A name is a function or a variable of the student's (`"prune"`), or a handle.
    """

    def __init__(self, timeout: float = CALL_TIMEOUT):
        self.timeout = timeout
        self.outside: Callable[[], AbstractContextManager] = contextlib.nullcontext
        self.last = ""
        self._sent: Any = None

    def _answer(self, payload: str) -> str:
        raise NotImplementedError("use KernelStudent or LocalStudent")

    def _reply(self, what: str, do: str, args: tuple, kwargs: dict) -> Any:
        """The value of the agent's answer, still as JSON data."""
        sent = {"args": encode(args, number_of), "kwargs": encode(kwargs, number_of)}
        payload = json.dumps({"do": do} | sent)
        with self.outside():
            text = self._answer(payload)
        reply = parsed(text, what)
        if "error" in reply:
            raise explained(reply["error"], what, self.timeout)
        return reply["value"]

    def _ask(self, what: str, do: str, *args: Any, **kwargs: Any) -> Any:
        return read(self._reply(what, do, args, kwargs), what)

    def _call(self, do: str, name: str | Handle, args: tuple, kwargs: dict, **more: Any) -> Any:
        """Ask for something that calls the student's code with these arguments."""
        self._sent = [encode(args, number_of), encode(kwargs, number_of)]
        value = self._ask(shown(name), do, name, args, kwargs, **more)
        kind = value.type_name if isinstance(value, Handle) else type(value).__name__
        self.last = f"{shown(name)} gave {kind}"
        return value

    def begin(self, seed: int) -> None:
        """Start a check: the last one's objects are dropped, every generator is seeded."""
        self._sent, self.last = None, ""
        self._ask("The start of the check", "begin", seed)

    # Values.

    def call(self, name: str | Handle, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the student's, or one that a handle stands for."""
        return self._call("call", name, args, kwargs)

    def call_kept(self, name: str | Handle, /, *args: Any, **kwargs: Any) -> Handle:
        """Like `call`, but the result stays behind as a handle even if it is plain data."""
        value = self._call("call", name, args, kwargs, kept=True)
        return of_kind(value, Handle, shown(name))

    def get(self, name: str) -> Any:
        """A variable of the student's."""
        return self._ask(f"`{name}`", "get", name)

    def gradient(
        self,
        name: str | Handle,
        /,
        *args: Any,
        wrt: Sequence[int | str | Handle] = (0,),
        **kwargs: Any,
    ) -> list:
        """Call a function and differentiate its result, a single number.

        `wrt` names arguments by position or keyword, or a handle for the parameters of its
        object. The answer has one entry for each: a tensor, or for an object a dict of tensors by
        parameter name. What the result does not depend on has a gradient of zeros.
        """
        found = self._call("gradient", name, args, kwargs, wrt=list(wrt))
        return of_kind(found, list, shown(name), len(wrt))

    # Objects that stay in the student's process.

    def build(self, path: str, /, *args: Any, state: dict | None = None, **kwargs: Any) -> Handle:
        """Construct `module:name` in the student's process, with the given state if any."""
        value = self._ask(f"`{path}`", "build", path, args, kwargs, state)
        return of_kind(value, Handle, f"`{path}`")

    def state(self, handle: Handle) -> dict:
        """The `state_dict()` of an object behind a handle."""
        return of_kind(self._ask("`state_dict()`", "state", handle), dict, "`state_dict()`")

    def method(self, handle: Handle, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method of an object behind a handle."""
        return self._ask(f"`{name}`", "method", handle, name, args, kwargs)

    def attribute(self, handle: Handle, name: str) -> Any:
        """An attribute of an object behind a handle."""
        return self._ask(f"`{name}`", "attribute", handle, name)

    def define(self, source: str) -> None:
        """Run the check's own helper code in the student's process, apart from their names."""
        self._ask("The check's own code", "define", source)

    def helper(self, name: str) -> Handle:
        """Something that `define` defined, to be passed as an argument or called."""
        value = self._ask(f"The check's own `{name}`", "helper", name)
        return of_kind(value, Handle, f"The check's own `{name}`")

    def ask(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that `define` defined."""
        return self.call(self.helper(name), *args, **kwargs)

    # What a call did besides giving a value. It takes points away, it never gives any: ask for the
    # value as well, for a process that its student has changed can deny everything here.

    def arguments(self) -> tuple:
        """The arguments of the last call as they are after it: positional ones, then the others.

        For a function that is meant to change what it is given; see `modified` for one that isn't.
        """
        what = "The last call"
        args, kwargs = of_kind(self._ask(what, "arguments"), tuple, what, 2)
        return (*of_kind(args, tuple, what), *of_kind(kwargs, dict, what).values())

    def modified(self) -> list[str]:
        """Names those arguments of the last call that it changed: `"argument 1"`, `"masks"`.

        Numbers, texts and tensors are compared bit by bit; what is behind a handle is not.
        """
        if self._sent is None:
            raise ValueError("modified() comes after a call")
        after = self._reply("The last call", "arguments", (), {})
        return modified_names(self._sent, after)

    def count_calls(
        self, target: str | Handle, name: str | Handle, /, *args: Any, **kwargs: Any
    ) -> tuple[Any, int]:
        """Call a function; its value, and how many times the target was called meanwhile.

        The target is a library's function (`"torch.nn.functional:cross_entropy"`,
        `"torch:Tensor.backward"`), one of the student's (`"step"`, `"Trainer.step"`), or a handle
        that is passed as an argument. A library's function that the student has taken apart
        beforehand (kept in a list, as a default) is not seen. A result that needs no trust: pass
        a helper that answers with the next of some fresh numbers, so that the value tells the
        count.
        """
        found = self._call("count_calls", name, args, kwargs, target=target)
        value, count = of_kind(found, tuple, shown(name), 2)
        return value, of_kind(count, int, shown(name))

    def repeated(
        self, name: str | Handle, /, *args: Any, seed: int = 0, times: int = 2, **kwargs: Any
    ) -> list:
        """The results of equal calls, each with every generator freshly seeded.

        A deterministic function gives equal results; to see that it draws at all, ask with two
        seeds.
        """
        results = []
        for _ in range(times):
            self._ask("The seed", "seed", seed)
            results.append(self.call(name, *args, **kwargs))
        return results

    def timed(
        self, name: str | Handle, /, *args: Any, repeats: int = 1, **kwargs: Any
    ) -> tuple[Any, float]:
        """Call a function; its last value, and the median of the seconds that a call took.

        The clock runs here, where the student cannot reach it, and includes the way there and
        back: pass large arguments as handles. Compare only ratios of times taken on one machine,
        and compare the value too, for a wrong answer may be fast.
        """
        seconds = []
        for _ in range(repeats):
            started = time.perf_counter()
            value = self.call(name, *args, **kwargs)
            seconds.append(time.perf_counter() - started)
        return value, statistics.median(seconds)


class KernelStudent(Student):
    """A student's code in a kernel of its own."""

    def __init__(self, session: Session, timeout: float = CALL_TIMEOUT):
        super().__init__(timeout)
        self.session = session

    def _answer(self, payload: str) -> str:
        return self.session.request(payload, self.timeout)


class LocalStudent(Student):
    """Code in this process: for the audit, the tests of checks, and stock nbgrader.

    Values make the same way through JSON and safetensors, so a check sees no difference.
    It protects from nothing: the code shares this process. Only `unavailable` modules are absent
    while it runs, as they are in the sandbox.
    """

    def __init__(
        self, namespace: dict, timeout: float = CALL_TIMEOUT, unavailable: Sequence[str] = ()
    ):
        super().__init__(timeout)
        self.agent = Agent(namespace)
        self.unavailable = unavailable

    def _answer(self, payload: str) -> str:
        silence = io.StringIO()
        quiet = contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence)
        without = absent(self.unavailable)
        with quiet[0], quiet[1], without, interrupted_after(self.timeout):
            return self.agent.answer(payload)


@contextlib.contextmanager
def absent(modules: Sequence[str]) -> Iterator[None]:
    """Make modules, with all that is inside them, impossible to import in the block."""
    loaded = [name for name in modules if name in sys.modules]
    within = tuple(f"{name}." for name in loaded)
    inside = [name for name in sys.modules if name.startswith(within)] if loaded else []
    taken = {name: sys.modules.pop(name) for name in (*loaded, *inside)}
    attributes = []
    for name in modules:
        owner, _, last = name.rpartition(".")
        if owner in sys.modules and last in vars(sys.modules[owner]):
            attributes.append((sys.modules[owner], last, vars(sys.modules[owner]).pop(last)))
        sys.modules[name] = None  # type: ignore[assignment]  # Python's word for "cannot be found"
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(taken)
        for module, last, value in attributes:
            setattr(module, last, value)


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raise KeyboardInterrupt in the block after a time (only the main thread can be)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def number_of(value: Any) -> list:
    """A handle as it is sent back; nothing else that is not plain may be an argument."""
    if isinstance(value, Handle):
        return [value.number, value.type_name]
    raise NotPlain(f"a check passes plain data or handles, not {type(value).__name__}")


def read(data: Any, what: str) -> Any:
    """The value of JSON data that came from the student's process."""
    try:
        return decode(data, Handle, grads=False)
    except Exception as error:
        raise StudentError(f"{what} gave an answer that cannot be read.") from error


def parsed(text: str, what: str) -> dict:
    """The JSON object of a reply; anything else, or anything huge, is an unreadable answer."""
    try:
        if len(text) > MAX_REPLY or sum(map(text.count, "[{,")) > MAX_MARKS:
            raise TooLarge("too long")
        reply = json.loads(text, parse_constant=refused)
        if not isinstance(reply, dict) or not ("value" in reply or "error" in reply):
            raise NotPlain("not an answer")
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise StudentError(f"{what} gave an answer that cannot be read.") from error
    return reply


def of_kind(value: Any, kind: Any, what: str, length: int | None = None) -> Any:
    """The value, if it is what an honest process answers to this question."""
    if not isinstance(value, kind) or (length is not None and len(value) != length):
        raise StudentError(f"{what} gave an answer that cannot be read.")
    return value


def modified_names(sent: Any, after: Any) -> list[str]:
    """The arguments that differ between what was sent and what is there after the call."""
    try:
        args, kwargs = sent[0]["tuple"], sent[1]["dict"]
        args_now, kwargs_now = after["tuple"][0]["tuple"], after["tuple"][1]["dict"]
        positions = enumerate(zip(args, args_now, strict=True), start=1)
        found = [f"argument {number}" for number, pair in positions if not same(*pair)]
        pairs = zip(kwargs, kwargs_now, strict=True)
        return found + [name for (name, value), (_, now) in pairs if not same(value, now)]
    except Exception as error:
        raise StudentError("The last call gave arguments that cannot be read.") from error


def same(before: Any, after: Any) -> bool:
    """Whether two pieces of JSON data stand for the same value; a handle is not looked into."""
    if type(before) is not type(after):
        return False
    if isinstance(before, list):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, dict):
        (tag, body), (tag_after, body_after) = next(iter(before.items())), next(iter(after.items()))
        return tag == tag_after and (tag == "handle" or same(body, body_after))
    return before == after


def refused(constant: str) -> float:
    raise NotPlain(f"{constant} outside a tagged number")


def shown(name: str | Handle) -> str:
    return f"`{name}`" if isinstance(name, str) else f"the {name.type_name} object"


def explained(error: Any, what: str, timeout: float) -> StudentError:
    """The exception that a check sees for an error reply, in one sentence."""
    error = error if isinstance(error, dict) else {}
    sizes = {"kind": 20, "type": 100, "message": 500, "line": 200}
    kind, name, message, line = (str(error.get(key) or "")[:n] for key, n in sizes.items())
    if kind == "interrupted":
        return StudentTimeout(f"{what} took longer than {timeout:g} seconds.")
    if kind == "missing":
        return StudentError(f"`{message}` is not defined.")
    if kind == "unusable":
        return StudentError(f"{what} gave a result that cannot be checked: {message}.")
    if name == "NotImplementedError":
        return StudentError(f"{what} is not implemented yet.")
    place = f" (at `{line}`)" if line else ""
    text = f": {message}" if message else ""
    raised = StudentError(f"{what} raised {name}{text}{place}")
    raised.status = limit_met(f"{name}: {message}") or raised.status
    return raised


# What an error's text says when a limit of the sandbox was met.
SIGNS = {
    "memory": ("MemoryError", "can't allocate memory", "Cannot allocate memory", "[Errno 12]"),
    "processes": ("can't start new thread", "Resource temporarily unavailable", "[Errno 11]"),
    "disk": ("No space left on device", "File too large", "[Errno 28]", "[Errno 27]"),
}


def limit_met(text: str) -> str:
    """The limit that an error's text speaks of, empty if it speaks of none."""
    return next((cause for cause, signs in SIGNS.items() if any(s in text for s in signs)), "")
