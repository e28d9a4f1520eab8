"""The program inside the sandbox: import once, then fork a walled-in kernel for each notebook.

It is started by `autograder.sandbox` with a cleared environment and imports nothing of this
package but `confine` and `agent`, which lie beside it. It holds no secret and nothing of any
student. Orders come over a socket: a JSON object and file descriptors.

For each notebook: this process forks a supervisor, which leaves every namespace and forks an init
(process 1 of a PID namespace), which raises the walls, drops every right and forks the kernel.
"""

import base64
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import agent
import confine
import zmq
from ipykernel.kernelapp import IPKernelApp

KERNEL_PORTS = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4, "hb": 5}


def main() -> None:
    orders = socket.socket(fileno=int(sys.argv[1]))
    sys.path.remove(os.path.dirname(__file__))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    settings = json.loads(orders.recv(1 << 20))
    for name in settings["preload"]:
        importlib.import_module(name)
        if threads() > 1:
            answer(orders, {"thread": name})
            return
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        settings["mounts"] = file.read().splitlines()
    hide(settings["unavailable"])
    answer(orders, {"ready": True})
    while True:
        text, descriptors, _, _ = socket.recv_fds(orders, 1 << 20, 8)
        if not text:
            return
        fork_notebook(json.loads(text), descriptors, settings, orders)


def answer(orders: socket.socket, message: dict) -> None:
    orders.send(json.dumps(message).encode())


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def hide(names: list[str]) -> None:
    """Say why a module is not there: its file is not, and an import names the reason."""
    sys.meta_path.insert(0, Unavailable(frozenset(names)))


class Unavailable:
    """An importer that refuses the modules that would answer the assignment."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self.names:
            raise ModuleNotFoundError(
                f"{name} is not there when answers are graded: the assignment asks for your own.",
                name=name,
            )


def fork_notebook(
    order: dict, descriptors: list[int], settings: dict, orders: socket.socket
) -> None:
    """Start the supervisor of one notebook and give its user namespace a user."""
    files, shell, iopub, report = descriptors
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        orders.close()
        run_guarded(supervise, order | settings, theirs, (files, shell, iopub, report))
    theirs.close()
    for descriptor in descriptors:
        os.close(descriptor)
    seen_as = ours.recv(100).decode()
    if seen_as:
        write_maps(seen_as, settings["outer_user"])
        ours.send(b"mapped")
    ours.close()


def write_maps(process: str, outer: int) -> None:
    """Map the one user inside to a user without rights outside."""
    if os.geteuid() == outer:
        write(f"/proc/{process}/setgroups", "deny")
    write(f"/proc/{process}/uid_map", f"{confine.USER} {outer} 1")
    write(f"/proc/{process}/gid_map", f"{confine.USER} {outer} 1")


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def run_guarded(function: Callable[..., None], order: dict, *arguments: Any) -> None:
    """Run a process's part and end the process, telling on the report's socket what failed."""
    report = arguments[-1][-1]
    try:
        function(order, *arguments)
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"
        os.write(report, json.dumps({"failed": text[:500]}).encode())
    finally:
        os._exit(1)


def supervise(order: dict, warm: socket.socket, descriptors: tuple) -> None:
    """Outside the new PID namespace: start its init and wait for its end."""
    confine.die_with_parent()
    confine.leave_namespaces()
    warm.send(os.readlink("/proc/self").encode())
    if warm.recv(100) != b"mapped":
        raise confine.ConfineError("the user namespace got no user")
    warm.close()
    confine.take_user()
    confine.show_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        run_guarded(be_init, order, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    os.waitpid(pid, 0)
    os._exit(0)


def be_init(order: dict, descriptors: tuple) -> None:
    """Process 1: raise the walls, start the kernel, bury the dead, tell how the kernel ended."""
    files, shell, iopub, report = descriptors
    confine.die_with_parent()
    os.setsid()
    socket.sethostname("sandbox")
    confine.raise_loopback()
    confine.limit(order["limits"])
    confine.furnish(order["limits"]["file_bytes"], order["mounts"], order["below_tmp"])
    put_files(files)
    confine.renounce()
    confine.filter_calls()
    os.write(report, b'{"init": true}')
    pid = os.fork()
    if pid == 0:
        run_guarded(be_kernel, order, descriptors)
    confine.hide_memory()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # so the student's process cannot end this one
    for descriptor in (shell, iopub):
        os.close(descriptor)
    ended, status = os.wait()
    while ended != pid:
        ended, status = os.wait()
    os.write(report, json.dumps({"ended": os.waitstatus_to_exitcode(status)}).encode())
    os._exit(0)


def put_files(descriptor: int) -> None:
    """Write the assignment's files into the work folder."""
    with os.fdopen(descriptor, "rb") as file:
        files = json.load(file)
    for name, text in files.items():
        path = os.path.join(confine.BOX, "work", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(text))


def be_kernel(order: dict, descriptors: tuple) -> None:
    """The student's process: an ipykernel whose sockets were opened outside."""
    _, shell, iopub, report = descriptors
    os.write(report, b'{"kernel": true}')
    os.close(report)
    silence()
    os.setpgid(0, 0)
    os.chdir(os.path.join(confine.BOX, "work"))
    connection = os.path.join(confine.BOX, "tmp", "connection.json")
    write(connection, json.dumps(order["connection"]))
    app = ForkedKernelApp.instance(
        listening={"shell": shell, "iopub": iopub}, connection_file=connection, log_level=50
    )
    app.initialize(["--HistoryManager.enabled=False"])
    os.unlink(connection)
    agent.install(app.shell)
    app.start()


def silence() -> None:
    """Let go of the streams that all notebooks share: one could read there what another wrote."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


class ForkedKernelApp(IPKernelApp):
    """An ipykernel that answers on sockets which listen already."""

    def __init__(self, listening: dict[str, int], **settings: Any) -> None:
        super().__init__(**settings)
        self.listening = {KERNEL_PORTS[name]: number for name, number in listening.items()}

    def _try_bind_socket(self, s: zmq.Socket, port: int) -> int:
        if port in self.listening:
            s.setsockopt(zmq.USE_FD, self.listening[port])
            s.bind(f"ipc://{self.ip}-outside-{port}")
            s.setsockopt(zmq.USE_FD, -1)
        return super()._try_bind_socket(s, port)

    def init_heartbeat(self) -> None:
        """Nobody listens to a heart here: the process itself is watched."""


if __name__ == "__main__":
    main()
