"""Run a rebuilt notebook in a kernel of its own, with limits, and keep what it printed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import zmq
from jupyter_client.session import Session as Messages

from autograder import agent
from autograder.rebuild import printable
from autograder.student import StudentError, StudentGone, StudentTimeout, limit_met

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "FEATHERWEIGHT_DATA")
SHOWN_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex")
SHOWN_IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
START_TIMEOUT = 60.0
SEND_TIMEOUT = 5.0
SEED = 0  # of every generator when a notebook starts, so that a regrade gives the same
INTERRUPT_GRACE = 2.0
ENDING_GRACE = 1.0
MAX_RESTARTS = 3


def limit(default: float, text: str) -> Any:
    """A limit with the words that the command line and the guide say of it."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Limits:
    """What one submission may use; times in seconds, sizes in bytes."""

    cell_seconds: float = limit(60.0, "seconds that one cell may take")
    notebook_seconds: float = limit(300.0, "seconds that a notebook and its checks may take")
    call_seconds: float = limit(20.0, "seconds that one call of a check may take")
    memory_bytes: int = limit(3 * 10**9, "bytes of memory of all its processes together")
    processes: int = limit(256, "processes and threads at a time")
    file_bytes: int = limit(256 * 10**6, "bytes of all files that it writes")
    output_bytes: int = limit(20 * 10**6, "bytes of output that are kept of a notebook")
    cell_output: int = limit(2 * 10**6, "bytes of output that are kept of one cell")
    message: int = limit(128 * 10**6, "bytes of one answer to a check")

    def as_dict(self) -> dict:
        return asdict(self)


@dataclass
class Outcome:
    """How a cell ended (ok, error, timeout, died, skipped) and its outputs as notebooks hold."""

    status: str
    outputs: list[dict] = field(default_factory=list)
    truncated: bool = False


class Session(Protocol):
    """A place where a student's code runs. Another implementation can put walls around it."""

    alive: bool

    def start(self) -> None: ...
    def run(self, source: str, timeout: float) -> Outcome: ...
    def request(self, payload: str, timeout: float) -> str: ...
    def kill(self) -> None: ...


class MessageSession:
    """A kernel somewhere, spoken to over Jupyter's messages on two sockets in a private folder.

    Where it runs is a subclass's affair: `launch`, `ended`, `interrupt` and `end` say how.
    """

    def __init__(self, files: dict[str, bytes], limits: Limits):
        self.files, self.limits = files, limits
        self.alive = False
        self.breach = self.last_words = ""

    def launch(self, connection: dict) -> None:
        """Start the kernel, or raise `StudentGone`."""
        raise NotImplementedError

    def prepare(self) -> None:
        """What is to be done before the first cell; the agent must answer after it."""

    def ended(self) -> bool:
        """Whether the kernel's process is gone."""
        raise NotImplementedError

    def fate(self) -> str:
        """How a process that has ended did so, if that is known."""
        return ""

    def pressure(self) -> str:
        """The limit that a notebook which takes too long has met, if it has."""
        return ""

    def interrupt(self) -> None:
        """Ask the kernel to stop what it runs."""
        raise NotImplementedError

    def end(self) -> None:
        """Kill every process of the notebook at once and wait for their end."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the kernel in a fresh folder and wait until it answers."""
        self.folder = Path(tempfile.mkdtemp(prefix="fw-"))
        self.messages = Messages(key=os.urandom(32).hex().encode(), username="grader")
        self.context = zmq.Context()
        self.alive = True
        try:
            self.launch(self._connection())
            self._connect()
            self.prepare()
            self.request(json.dumps({"do": "begin", "args": {"list": [SEED]}}), START_TIMEOUT)
        except BaseException:
            self.kill()
            raise

    def _connection(self) -> dict:
        return {
            "transport": "ipc",
            "ip": str(self.folder / "k"),
            "key": self.messages.key.decode(),
            "signature_scheme": "hmac-sha256",
            **{f"{name}_port": number for number, name in enumerate(PORTS, start=1)},
        }

    def address(self, name: str) -> Path:
        """The file of a channel's socket."""
        return self.folder / f"k-{PORTS.index(name) + 1}"

    def _connect(self) -> None:
        self.shell = self._socket(zmq.DEALER, "shell", self.limits.message, queued=2)
        self.iopub = self._socket(zmq.SUB, "iopub", MAX_OUTPUT_MESSAGE, queued=50)
        self.iopub.subscribe(b"")
        self.cut = self.iopub.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        deadline = time.monotonic() + START_TIMEOUT
        heard: set[str] = set()
        while heard != {"shell", "iopub"}:
            if self.ended() or time.monotonic() > deadline:
                raise StudentGone("The kernel did not start.")
            self.messages.send(self.shell, "kernel_info_request")
            heard |= {name for name, _ in self._receive(0.05)}

    def _socket(self, kind: int, name: str, largest: int, queued: int) -> zmq.Socket:
        """A socket that holds a bounded amount of what nobody has read yet."""
        made = self.context.socket(kind)
        made.linger = 0
        made.maxmsgsize = largest
        made.rcvhwm = queued
        made.sndtimeo = int(SEND_TIMEOUT * 1000)
        made.connect(f"ipc://{self.address(name)}")
        return made

    def _receive(self, seconds: float) -> list[tuple[str, list[bytes]]]:
        """Messages as they came, with the name of their channel; empty if none came in time."""
        poller = zmq.Poller()
        poller.register(self.shell, zmq.POLLIN)
        poller.register(self.iopub, zmq.POLLIN)
        ready = poller.poll(int(seconds * 1000))
        names = {self.shell: "shell", self.iopub: "iopub"}
        return [(names[found], found.recv_multipart()) for found, _ in ready]

    def _read(self, parts: list[bytes]) -> dict:
        """The content of a message, empty for one that is not in the kernel's form."""
        try:
            return self.messages.deserialize(self.messages.feed_identities(parts)[1])
        except Exception:
            return {}

    def run(self, source: str, timeout: float) -> Outcome:
        """Run one cell; a cell that takes too long is interrupted, or killed if that fails."""
        content = {
            "code": source,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        gathered = Outputs(self.limits.cell_output)
        reply, timed_out = self._exchange("execute_request", content, timeout, gathered)
        status = self._verdict(reply, timed_out, timeout, gathered)
        return Outcome(status, gathered.outputs, gathered.full)

    def _verdict(
        self, reply: dict | None, timed_out: bool, timeout: float, gathered: Outputs
    ) -> str:
        """How a cell ended; what the kernel cannot tell is added to its outputs."""
        if reply is None and self.alive:
            self.breach = self.breach or self.pressure()
        if self.breach and reply is None:
            self.kill()
            gathered.add_error(*BREACHES[self.breach](self.limits))
            return self.breach
        if timed_out:
            gathered.add_error("TimeoutError", f"The cell ran longer than {timeout:.3g} seconds.")
            return "timeout"
        if reply is None and self.alive:
            gathered.add_error("NoReply", "The kernel gave no answer: its machinery was changed.")
            return "error"
        if reply is None:
            how = f" ({self.last_words})" if self.last_words else ""
            gathered.add_error("KernelDied", f"The cell ended the notebook's process{how}.")
            return "died"
        return "ok" if reply.get("status") == "ok" else cause_of(reply) or "error"

    def request(self, payload: str, timeout: float) -> str:
        """Ask the agent; raises `StudentTimeout` or `StudentGone` if there is no answer."""
        if not self.alive:
            raise StudentGone("The process that runs the notebook had ended.")
        content = {"request": payload}
        reply, timed_out = self._exchange("featherweight_request", content, timeout, None)
        if timed_out and not self.breach:
            raise StudentTimeout(f"The call took longer than {timeout:g} seconds.")
        if reply is None:
            raise self._silence()
        text = reply.get("reply")
        return text if isinstance(text, str) else ""

    def _silence(self) -> StudentError:
        """Why there was no answer."""
        if self.alive:
            self.kill()  # the next check gets a process that answers
            return StudentError("The kernel gave no answer: its machinery was changed.")
        if self.breach:
            gone = StudentGone(BREACHES[self.breach](self.limits)[1])
            gone.status = self.breach
            return gone
        return StudentGone("The call ended the process that runs the notebook.")

    def _exchange(
        self, kind: str, content: dict, timeout: float, gathered: Outputs | None
    ) -> tuple[dict | None, bool]:
        """Send a message and wait for its reply: the reply's content, and if the time ran out."""
        header = self.messages.msg_header(kind)
        replied = kind.replace("_request", "_reply")
        waiting = Waiting(header["msg_id"], replied, time.monotonic() + timeout)
        try:
            self.messages.send(self.shell, kind, content, header=header)
        except zmq.Again:  # the kernel closed the connection
            self.kill()
        while self.alive and not waiting.complete():
            if time.monotonic() > waiting.deadline and not self._prolonged(waiting):
                break
            arrived = self._receive(0.1)
            if not arrived and self.ended():
                self.last_words = self.fate()
                self.kill()
                break
            for channel, parts in arrived:
                waiting.take(channel, self._relevant(channel, parts, gathered), gathered)
        if self.alive and self.cut.poll(0):
            self._hear_again(gathered)
        return waiting.reply, waiting.timed_out

    def _hear_again(self, gathered: Outputs | None) -> None:
        """Connect to the outputs again: a message that is too large ends the connection."""
        self.cut.recv_multipart()
        address = f"ipc://{self.address('iopub')}"
        self.iopub.disconnect(address)  # or zmq would think that it is connected
        self.iopub.connect(address)
        if gathered is not None:
            gathered.overflow(MAX_OUTPUT_MESSAGE)

    def _prolonged(self, waiting: Waiting) -> bool:
        """Whether to wait on after the deadline: an interrupt once, then the end of the kernel."""
        if waiting.ending:
            return False
        if waiting.timed_out:
            self.kill()
            return False
        waiting.timed_out, waiting.deadline = True, time.monotonic() + INTERRUPT_GRACE
        self.breach = self.breach or self.pressure()
        if self.breach:
            self.kill()
            return False
        self.interrupt()
        return True

    def _relevant(self, channel: str, parts: list[bytes], gathered: Outputs | None) -> dict:
        """A message, unless it is output that nobody keeps (so that it costs nothing)."""
        unkept = channel == "iopub" and (gathered is None or gathered.full)
        if unkept and not any(b'"status"' in part[:400] for part in parts[:4]):
            return {}
        if gathered is not None and channel == "iopub":
            gathered.count(sum(map(len, parts)))
        message = self._read(parts)
        known = all(isinstance(message.get(part), dict) for part in ("content", "parent_header"))
        return message if known else {}

    def kill(self) -> None:
        """End the kernel and every process it started, and remove its folder."""
        if not self.alive:
            return
        self.alive = False
        try:
            self.end()
        finally:
            self.context.destroy(linger=0)
            shutil.rmtree(self.folder, ignore_errors=True)


class KernelSession(MessageSession):
    """An ipykernel in a process group of its own. It is no sandbox."""

    process: subprocess.Popen | None = None

    def launch(self, connection: dict) -> None:
        for name in ("work", "home", "tmp"):
            (self.folder / name).mkdir()
        for name, data in self.files.items():
            path = self.folder / "work" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        path = self.folder / "connection.json"
        path.write_text(self.messages.pack(connection).decode())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", str(path), *KERNEL_OPTIONS],
            cwd=self.folder / "work",
            env=environment(self.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def prepare(self) -> None:
        """Install the agent that answers requests."""
        source = f"{Path(agent.__file__).read_text(encoding='utf-8')}\ninstall(get_ipython())\n"
        outcome = self.run(f"exec(compile({source!r}, '<agent>', 'exec'), {{}})", START_TIMEOUT)
        if outcome.status != "ok":
            raise StudentGone("The kernel did not start.")

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def interrupt(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGINT)

    def end(self) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


PORTS = ("shell", "iopub", "stdin", "control", "hb")
KERNEL_OPTIONS = ("--HistoryManager.enabled=False", "--IPKernelApp.log_level=50")
MAX_OUTPUT_MESSAGE = 8 * 10**6

BREACHES: dict[str, Callable[[Limits], tuple[str, str]]] = {
    "memory": lambda limits: (
        "MemoryLimit",
        f"More than {limits.memory_bytes / 1e9:.3g} GB of memory were used.",
    ),
    "processes": lambda limits: (
        "ProcessLimit",
        f"About {limits.processes} processes and threads were started, as many as there may be.",
    ),
}


def cause_of(reply: dict) -> str:
    """The limit that an error of a cell speaks of, empty if it speaks of none."""
    return limit_met(f"{text_of(reply.get('ename'))}: {text_of(reply.get('evalue'))}")


def environment(folder: Path) -> dict[str, str]:
    """What the student's process finds in its environment: nothing of the instructor's."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    outside = {"JPY_PARENT_PID": str(os.getpid()), "CUDA_VISIBLE_DEVICES": ""}
    return settings_in(folder) | kept | outside


def settings_in(folder: Path) -> dict[str, str]:
    """The environment of every notebook that runs in this folder, in a sandbox or not."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    home = dict.fromkeys(("HOME", "IPYTHONDIR", "MPLCONFIGDIR"), str(folder / "home"))
    return {
        "LANG": "C.UTF-8",
        **threads,
        **home,
        "TMPDIR": str(folder / "tmp"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TQDM_DISABLE": "1",
    }


@dataclass
class Waiting:
    """What has come of one message: its first reply, and the kernel's word that it is idle again.

    When one of them is there, the other is due soon; a changed kernel may never send it.
    """

    sent: str
    replied: str
    deadline: float
    reply: dict | None = None
    idle: bool = False
    ending: bool = False
    timed_out: bool = False

    def complete(self) -> bool:
        return self.reply is not None and self.idle

    def take(self, channel: str, message: dict, gathered: Outputs | None) -> None:
        """Note a message if it belongs to the one that was sent."""
        if not message or message["parent_header"].get("msg_id") != self.sent:
            return
        if channel == "shell":
            first = self.reply is None and message["msg_type"] == self.replied
            self.reply = message["content"] if first else self.reply
        elif message["msg_type"] == "status":
            self.idle = message["content"].get("execution_state") == "idle"
        elif gathered is not None:
            gathered.add(message["msg_type"], message["content"])
        if (self.reply is not None or self.idle) and not self.ending:
            self.ending = True
            self.deadline = min(self.deadline, time.monotonic() + ENDING_GRACE)


class Outputs:
    """The outputs of one cell, cleaned of what a page must not hold, within a budget of bytes."""

    def __init__(self, budget: int):
        self.outputs: list[dict] = []
        self.budget, self.spent, self.full = budget, 0, False
        self.by_display: dict[str, dict] = {}

    def count(self, size: int) -> None:
        self.spent += size
        if self.spent > self.budget and not self.full:
            self.overflow(self.budget)

    def overflow(self, budget: int) -> None:
        """Keep nothing more, and say so."""
        self.full = True
        limit = f"{budget / 1e6:.3g} MB"
        self.add_text("stdout", f"\n[more output than {limit}; the rest is left out]\n")

    def add(self, kind: str, content: dict) -> None:
        """Keep one message of the kernel's, if it is output in a form that we know."""
        if self.full:
            return
        if kind == "stream" and content.get("name") in ("stdout", "stderr"):
            self.add_text(content["name"], text_of(content.get("text")))
        elif kind in ("display_data", "execute_result"):
            self.add_display(content)
        elif kind == "update_display_data":
            self.update(content)
        elif kind == "clear_output":
            self.outputs.clear()
        elif kind == "error":
            lines = content.get("traceback")
            lines = lines if isinstance(lines, list) else []
            self.add_error(
                text_of(content.get("ename")),
                text_of(content.get("evalue")),
                [text_of(line) for line in lines[:200]],
            )

    def add_text(self, name: str, text: str) -> None:
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def add_display(self, content: dict) -> None:
        data = shown_data(content)
        if not data:
            return
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        self.outputs.append(output)
        display = display_id(content)
        if display:
            self.by_display[display] = output

    def update(self, content: dict) -> None:
        display = display_id(content)
        if display in self.by_display:
            self.by_display[display]["data"] = shown_data(content)

    def add_error(self, name: str, message: str, lines: list[str] | None = None) -> None:
        lines = lines or [f"{name}: {message}"]
        error = {"output_type": "error", "ename": name, "evalue": message, "traceback": lines}
        self.outputs.append(error)


def display_id(content: dict) -> str:
    transient = content.get("transient")
    return text_of(transient.get("display_id")) if isinstance(transient, dict) else ""


def shown_data(content: dict) -> dict[str, str]:
    """The forms of an output that feedback can show."""
    data = content.get("data")
    data = data if isinstance(data, dict) else {}
    kept = {kind: text_of(data.get(kind)) for kind in (*SHOWN_TYPES, *SHOWN_IMAGES)}
    return {kind: text for kind, text in kept.items() if text}


def text_of(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""


REPEATED = ("ok", "error", "disk")


class NotebookRun:
    """Runs cells one after another; when the process dies, starts again without its killer.

    So one cell that ends the process costs only its own question.
    """

    def __init__(self, start: Callable[[], Session], sources: list[str | None], limits: Limits):
        self.start, self.sources, self.limits = start, sources, limits
        self.outcomes = [Outcome("skipped") for _ in sources]
        self.deadline = time.monotonic() + limits.notebook_seconds
        self.output_left, self.overfull = limits.output_bytes, False
        self.restarts = -1
        self.session: Session | None = None

    def execute(self) -> None:
        """Run every cell that has a source (None: not to be run)."""
        for number, source in enumerate(self.sources):
            if source is None:
                continue
            if not self.renew(number) or self.session is None:
                status = "timeout" if self.left() <= 0 else "died"
                self.outcomes[number] = Outcome(status, self._reason(status))
                continue
            self.outcomes[number] = self._kept(self._run(self.session, source))

    def _kept(self, outcome: Outcome) -> Outcome:
        """An outcome with the outputs that the notebook may still keep."""
        self.output_left -= len(json.dumps(outcome.outputs))
        if self.output_left < 0:
            gathered = Outputs(self.limits.cell_output)
            gathered.overflow(self.limits.output_bytes)
            outcome = Outcome(outcome.status, gathered.outputs, truncated=True)
        self.overfull = self.overfull or outcome.truncated
        return outcome

    def renew(self, upto: int | None = None) -> bool:
        """See to it that a process is there in which the cells so far have run."""
        if self.session is not None and self.session.alive:
            return self.left() > 0
        if self.restarts >= MAX_RESTARTS or self.left() <= 0:
            return False
        self.restarts += 1
        self.session = self.start()
        try:
            self.session.start()
        except StudentGone:
            return False
        if self.restarts == 0:  # what it takes to get ready is not the student's time
            self.deadline = time.monotonic() + self.limits.notebook_seconds
        for source, outcome in zip(self.sources[:upto], self.outcomes[:upto], strict=True):
            if source is not None and outcome.status in REPEATED and self.session.alive:
                self._run(self.session, source)
        return self.session.alive and self.left() > 0

    def _run(self, session: Session, source: str) -> Outcome:
        return session.run(source, min(self.limits.cell_seconds, max(self.left(), 0.1)))

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def _reason(self, status: str) -> list[dict]:
        gathered = Outputs(self.limits.cell_output)
        if status == "timeout":
            seconds = f"{self.limits.notebook_seconds:g}"
            gathered.add_error("TimeoutError", f"The notebook ran longer than {seconds} seconds.")
        else:
            gathered.add_error("KernelDied", "The process that runs the notebook ended too often.")
        return gathered.outputs

    def request(self, payload: str, timeout: float) -> str:
        """Pass a check's request to the process, within the notebook's time."""
        if self.left() <= 0:
            seconds = f"{self.limits.notebook_seconds:g}"
            raise StudentTimeout(f"The notebook took longer than {seconds} seconds in all.")
        if self.session is None or not self.session.alive:
            raise StudentGone("The process that runs the notebook had ended.")
        return self.session.request(payload, min(timeout, self.left()))

    def kill(self) -> None:
        if self.session is not None:
            self.session.kill()
