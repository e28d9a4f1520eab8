"""The proxy through which a check meets a student's code, in a kernel or in this process."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.agent import Agent, NotPlain, TooLarge, decode, encode

CALL_TIMEOUT = 20.0
MAX_REPLY = 100 * 10**6


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
    """What a check may ask of a student's code; only plain data and handles come back."""

    def __init__(self, timeout: float = CALL_TIMEOUT):
        self.timeout = timeout

    def _answer(self, payload: str) -> str:
        raise NotImplementedError("use KernelStudent or LocalStudent")

    def _ask(self, what: str, do: str, *args: Any, **kwargs: Any) -> Any:
        payload = json.dumps(
            {"do": do, "args": encode(args, number_of), "kwargs": encode(kwargs, number_of)}
        )
        reply = parsed(self._answer(payload), what)
        if "error" in reply:
            raise explained(reply["error"], what, self.timeout)
        try:
            return decode(reply["value"], Handle, grads=False)
        except Exception as error:
            raise StudentError(f"{what} gave an answer that cannot be read.") from error

    def begin(self, seed: int) -> None:
        """Start a check: the last one's objects are dropped, every generator is seeded."""
        self._ask("The start of the check", "begin", seed)

    def call(self, name: str | Handle, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the student's, or one that a handle stands for."""
        return self._ask(shown(name), "call", name, args, kwargs)

    def call_kept(self, name: str | Handle, *args: Any, **kwargs: Any) -> Handle:
        """Like `call`, but the result stays behind as a handle even if it is plain data."""
        return self._ask(shown(name), "call", name, args, kwargs, kept=True)

    def get(self, name: str) -> Any:
        """A variable of the student's."""
        return self._ask(f"`{name}`", "get", name)

    def build(self, path: str, *args: Any, state: dict | None = None, **kwargs: Any) -> Handle:
        """Construct `module:name` in the student's process, with the given state if any."""
        return self._ask(f"`{path}`", "build", path, args, kwargs, state)

    def state(self, handle: Handle) -> dict:
        """The `state_dict()` of an object behind a handle."""
        return self._ask("`state_dict()`", "state", handle)

    def method(self, handle: Handle, name: str, *args: Any, **kwargs: Any) -> Any:
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
        return self._ask(f"The check's own `{name}`", "helper", name)

    def arguments(self) -> tuple:
        """The arguments of the last call as they are after it: positional ones, then the others."""
        args, kwargs = self._ask("The last call", "arguments")
        return (*args, *kwargs.values())


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
    It protects from nothing: the code shares this process.
    """

    def __init__(self, namespace: dict, timeout: float = CALL_TIMEOUT):
        super().__init__(timeout)
        self.agent = Agent(namespace)

    def _answer(self, payload: str) -> str:
        silence = io.StringIO()
        quiet = contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence)
        with quiet[0], quiet[1], interrupted_after(self.timeout):
            return self.agent.answer(payload)


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


def parsed(text: str, what: str) -> dict:
    """The JSON object of a reply; anything else is an unreadable answer."""
    try:
        if len(text) > MAX_REPLY:
            raise TooLarge("too long")
        reply = json.loads(text, parse_constant=refused)
        if not isinstance(reply, dict) or not ("value" in reply or "error" in reply):
            raise NotPlain("not an answer")
    except (ValueError, RecursionError, TypeError) as error:
        raise StudentError(f"{what} gave an answer that cannot be read.") from error
    return reply


def refused(constant: str) -> float:
    raise NotPlain(f"{constant} outside a tagged number")


def shown(name: str | Handle) -> str:
    return f"`{name}`" if isinstance(name, str) else f"the {name.type_name} object"


def explained(error: Any, what: str, timeout: float) -> StudentError:
    """The exception that a check sees for an error reply, in one sentence."""
    error = error if isinstance(error, dict) else {}
    kind, name = str(error.get("kind")), str(error.get("type"))[:100]
    message, line = str(error.get("message"))[:500], str(error.get("line") or "")[:200]
    if kind == "interrupted":
        return StudentTimeout(f"{what} took longer than {timeout:g} seconds.")
    if kind == "missing":
        return StudentError(f"{what} is not defined.")
    if kind == "unusable":
        return StudentError(f"{what} gave a result that cannot be checked: {message}.")
    if name == "NotImplementedError":
        return StudentError(f"{what} is not implemented yet.")
    place = f" (at `{line}`)" if line else ""
    text = f": {message}" if message else ""
    return StudentError(f"{what} raised {name}{text}{place}")
