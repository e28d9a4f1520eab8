"""Running a notebook: its own folder and environment, limits, and faults that cost one question."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from autograder.execute import KernelSession, Limits, NotebookRun, Outputs
from autograder.student import StudentGone, StudentTimeout


def printed(outcome):
    return "".join(o["text"] for o in outcome.outputs if o["output_type"] == "stream")


@pytest.fixture(scope="module")
def session():
    os.environ["COURSE_PASSWORD"] = "private"
    made = KernelSession({"data/table.csv": b"1,2\n"}, Limits(cell_output=20_000))
    made.start()
    yield made
    made.kill()
    del os.environ["COURSE_PASSWORD"]


def test_kernel_works_in_its_own_folder_with_the_assignments_files(session):
    got = printed(
        session.run("import os\nprint(os.getcwd())\nprint(open('data/table.csv').read())", 20)
    )
    folder, content, *_ = got.splitlines()
    assert Path(folder).parent == session.folder
    assert content == "1,2"


def test_environment_holds_nothing_of_the_instructors(session):
    got = printed(session.run("import os; print(sorted(os.environ), os.environ['HOME'])", 20))
    assert "COURSE_PASSWORD" not in got
    assert str(session.folder) in got


def test_warnings_are_kept_apart_from_errors(session):
    assert session.run("import warnings; warnings.warn('careful')", 20).status == "ok"
    assert session.run("1 / 0", 20).status == "error"


@pytest.mark.parametrize("source", ["input()", "import sys; sys.exit(1)", "def f(:"])
def test_cell_that_cannot_go_on_is_an_error_at_once(session, source):
    assert session.run(source, 20).status == "error"


def test_output_beyond_the_budget_is_left_out(session):
    for source in ("print('x' * 3_000_000)", "for i in range(20_000): print(i)"):
        outcome = session.run(source, 30)
        assert outcome.status == "ok"
        assert "the rest is left out" in printed(outcome)
        assert len(printed(outcome)) < 40_000
    assert printed(session.run("print('again')", 20)) == "again\n"


def test_endless_loop_is_interrupted_and_the_kernel_goes_on(session):
    outcome = session.run("while True: pass", 0.5)
    assert outcome.status == "timeout"
    assert "longer than 0.5 seconds" in outcome.outputs[-1]["evalue"]
    assert printed(session.run("print(1)", 20)) == "1\n"


def test_request_that_never_returns_is_a_timeout(session):
    session.run("def loop():\n    while True: pass", 20)
    payload = '{"do": "call", "args": {"tuple": ["loop", {"tuple": []}, {"dict": []}]}}'
    with pytest.raises(StudentTimeout):
        session.request(payload, 0.5)
    assert "value" in session.request('{"do": "begin", "args": {"tuple": [1]}}', 20)


def test_replaced_machinery_of_the_notebook_does_not_disturb_requests(session):
    shell = "get_ipython()"
    session.run(
        f"{shell}.display_formatter.format = lambda *a, **k: ({{'text/plain': '1.0'}}, {{}})", 20
    )
    session.run("import builtins; real = builtins.print; builtins.print = lambda *a: real(99)", 20)
    answer = session.request('{"do": "get", "args": {"tuple": ["__name__"]}}', 20)
    assert answer == '{"value": "__main__"}'


def test_processes_left_behind_are_killed():
    session = KernelSession({}, Limits())
    session.start()
    session.run(
        "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nprint(child.pid)", 20
    )
    child = int(printed(session.run("print(child.pid)", 20)))
    session.kill()
    assert not session.folder.exists()
    for _ in range(50):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True)
        if state.stdout.strip()[:1] in (b"", b"Z"):
            return
        time.sleep(0.1)
    pytest.fail("the process lives")


def test_cell_that_ends_the_process_costs_only_itself():
    sources = ["a = 1", "import os; os._exit(0)", "b = a + 1", None, "print(b)"]
    run = NotebookRun(lambda: KernelSession({}, Limits()), sources, Limits())
    run.execute()
    assert [o.status for o in run.outcomes] == ["ok", "died", "ok", "skipped", "ok"]
    assert printed(run.outcomes[-1]) == "2\n"
    run.session.run("def f(): os.kill(os.getpid(), 9)\nimport os", 20)
    call = '{"do": "call", "args": {"tuple": ["f", {"tuple": []}, {"dict": []}]}}'
    with pytest.raises(StudentGone):
        run.request(call, 20)
    with pytest.raises(StudentGone):
        run.request(call, 20)
    assert run.renew()
    assert run.request('{"do": "get", "args": {"tuple": ["b"]}}', 20) == '{"value": 2}'
    run.kill()


class Scripted:
    """A session that ends or hangs as it is told, without a process."""

    started = 0

    def __init__(self):
        self.alive = False

    def start(self):
        self.alive = True
        Scripted.started += 1

    def run(self, source, timeout):
        from autograder.execute import Outcome

        if source == "die":
            self.alive = False
            return Outcome("died")
        if source == "hang":
            time.sleep(min(timeout, 0.3))
            return Outcome("timeout")
        return Outcome("ok")

    def request(self, payload, timeout):
        return payload

    def kill(self):
        self.alive = False


def test_notebook_that_dies_again_and_again_is_given_up():
    Scripted.started = 0
    run = NotebookRun(Scripted, ["die"] * 10, Limits())
    run.execute()
    assert {o.status for o in run.outcomes} == {"died"}
    assert Scripted.started == 4


def test_notebook_has_one_deadline_besides_its_cells():
    limits = Limits(cell_seconds=10, notebook_seconds=0.5)
    run = NotebookRun(Scripted, ["hang"] * 6, limits)
    run.execute()
    assert {o.status for o in run.outcomes} == {"timeout"}
    assert "longer than 0.5 seconds" in run.outcomes[-1].outputs[0]["evalue"]
    with pytest.raises(StudentTimeout):
        run.request("x", 1)


@pytest.mark.parametrize(
    "content",
    [{}, {"data": 3}, {"data": {"text/plain": 3}}, {"data": {"application/x": "y"}}, {"name": 1}],
)
@pytest.mark.parametrize("kind", ["display_data", "stream", "error", "update_display_data", "odd"])
def test_output_in_no_known_form_is_dropped(kind, content):
    gathered = Outputs(1000)
    gathered.add(kind, content)
    assert all(o["output_type"] == "error" for o in gathered.outputs)


def test_display_can_be_updated_and_cleared():
    gathered = Outputs(1000)
    shown = {"data": {"text/plain": "1"}, "transient": {"display_id": "d"}}
    gathered.add("display_data", shown)
    gathered.add("update_display_data", shown | {"data": {"text/plain": "2"}})
    assert gathered.outputs[0]["data"] == {"text/plain": "2"}
    gathered.add("clear_output", {})
    assert gathered.outputs == []
