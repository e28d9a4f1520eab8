"""Grade one submission: rebuild, run, and check from outside. Plain data in, plain data out.

`grade_one` needs no gradebook, no course folder and no network, so that it can run anywhere.
"""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder import forbidden, rebuild
from autograder.execute import KernelSession, Limits, NotebookRun, Outcome, Session

CELL_CAUSES = {
    "error": "cell-error",
    "timeout": "timeout",
    "died": "kernel-died",
    "memory": "memory",
    "processes": "processes",
    "disk": "disk",
}
CAUSES = {
    "unanswered": "The answer's cell is as it was handed out.",
    "missing-cell": "The answer's cell was missing.",
    "cell-error": "The answer's cell ended with an error when the notebook was run.",
    "timeout": "The answer's cell took too long.",
    "kernel-died": "The answer's cell ended the process that runs the notebook.",
    "memory": "The answer's cell used more memory than a submission may.",
    "processes": "The answer's cell started more processes or threads than a submission may.",
    "disk": "The answer's cell wrote more to disk than a submission may.",
    "unreadable-notebook": "The notebook could not be read",
    "no-notebook": "There is no notebook of this assignment",
    "wrong-assignment": "The notebook is not of this assignment",
}


LOOK = "look"
NOT_ASSESSED = "not-assessed"
UNCOUNTED = ("check-crashed", NOT_ASSESSED)
"""What became of a check whose points count for nobody until a person enters a score."""
GIVEN_FAILED = "given-failed"
GIVEN_UP = "given-up"
FAILED = "the grader itself failed on this submission"
NOT_COUNTED = "This notebook could not be graded; your instructor has been told. It does not count."
CELL_NOTES = {
    "timeout": "took too long",
    "died": "ended the process that runs the notebook",
    "memory": "used more memory than a submission may",
    "processes": "started more processes or threads than a submission may",
    "disk": "wrote more to disk than a submission may",
}
OVERFULL = "the notebook printed more than is kept; the rest is left out"


@dataclass(frozen=True)
class Task:
    """Everything that the grading of one submission depends on."""

    student: str
    assignment: str
    master: str
    checks: str
    checks_file: str
    data: bytes | None
    status: str = ""
    timestamp: str = ""
    notes: tuple[str, ...] = ()
    secret: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    sandbox: bool = False
    gpu: bool = False
    unavailable: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    stubs: dict[str, str] = field(default_factory=dict)

    def key(self) -> str:
        """A hash of all that can change the verdict or what is said about it."""
        digest = hashlib.sha256()
        for entry in fields(self):
            if entry.name == "stubs":  # follow from the master
                continue
            digest.update(f"\0{entry.name}={getattr(self, entry.name)!r}".encode())
        return digest.hexdigest()


@dataclass
class Graded:
    """The verdict on one submission: each check's, the executed notebook, what was odd."""

    student: str
    assignment: str
    status: str
    timestamp: str
    checks: list[dict]
    notebook: dict
    notes: list[str]
    seconds: float
    sandbox: bool
    flags: list[dict] = field(default_factory=list)

    def as_dict(self) -> dict:
        return asdict(self)


def grade_one(task: Task, session: Callable[..., Session] | None = None) -> dict:
    """The verdict on one submission, as plain data; a broken one gets a status, no exception.

    `session` makes the place where the student's code runs; by default the task says which.
    """
    started = time.monotonic()
    master = nbformat.reads(task.master, as_version=4)
    if task.data is None:
        return refused(task, master, task.status, "").as_dict()
    try:
        rebuilt = rebuild.rebuild(master, task.data, task.stubs)
    except rebuild.Unreadable as error:
        return refused(task, master, "unreadable-notebook", str(error)).as_dict()
    except rebuild.WrongAssignment as error:
        return refused(task, master, "wrong-assignment", str(error)).as_dict()
    try:
        graded = run_and_check(task, rebuilt, session or place_of(task))
    except Exception:
        graded = given_up(task, master, FAILED, traceback.format_exc(limit=-8))
    graded.seconds = round(time.monotonic() - started, 2)
    return graded.as_dict()


def place_of(task: Task) -> Callable[..., Session]:
    """Where a student's code runs: in the sandbox, unless the instructor asked for none."""
    if not task.sandbox:
        return KernelSession
    from autograder.sandbox import session_for

    return session_for(task.master, task.unavailable, task.gpu)


def refused(task: Task, master: NotebookNode, status: str, reason: str) -> Graded:
    """The verdict on a submission that cannot be run: every check 0, with the cause."""
    notes = [*task.notes, *([reason] if reason else [])]
    message = f"{CAUSES[status]}: {reason}." if reason else f"{CAUSES[status]}."
    rows = [
        {"check": name, "cell": name, "score": 0.0, "max_score": points, "status": status}
        | {"message": message, "detail": ""}
        for name, points in graded_cells(master)
    ]
    notebook = rebuild.unanswered(master).notebook
    return verdict(task, status, rows, notebook, notes, [])


def given_up(task: Task, master: NotebookNode, note: str, detail: str) -> Graded:
    """The verdict when the grader itself fails on a submission: it counts for nobody.

    The next run of the grader tries again.
    """
    rows = [
        crashed(name, points, detail) | {"message": NOT_COUNTED}
        for name, points in graded_cells(master)
    ]
    notebook = rebuild.unanswered(master).notebook
    graded = verdict(task, "graded", rows, notebook, [*task.notes, note], [])
    graded.flags.append({"kind": GIVEN_UP, "cell": "", "what": note})
    return graded


def was_given_up(graded: dict) -> bool:
    """Whether a submission could not be graded, through no fault of its author's."""
    return any(flag["kind"] == GIVEN_UP for flag in graded.get("flags", []))


def verdict(
    task: Task,
    status: str,
    rows: list[dict],
    notebook: NotebookNode,
    notes: list[str],
    outcomes: list[Outcome],
) -> Graded:
    """Put the outputs and the verified scores into the notebook, whose process is gone by now."""
    for cell, outcome in zip(notebook.cells, outcomes, strict=False):
        if cell.cell_type == "code":
            cell.outputs = nbformat.from_dict(outcome.outputs)
    by_check = {row["check"]: row for row in rows}
    for cell in notebook.cells:
        if rebuild.is_hidden_check(cell) and cell.cell_type == "code":
            cell.outputs = nbformat.from_dict(score_outputs(by_check[rebuild.check_id(cell)]))
    head = (task.student, task.assignment, status, task.timestamp)
    return Graded(*head, rows, notebook, notes, 0.0, task.sandbox)


def score_outputs(row: dict) -> list[dict]:
    """A verified score in the form in which nbgrader reads one."""
    outputs: list[dict] = []
    if row["message"]:
        outputs.append({"output_type": "stream", "name": "stdout", "text": row["message"] + "\n"})
    data = {"text/plain": repr(float(row["score"]))}
    result = {"output_type": "execute_result", "data": data, "metadata": {}}
    return [*outputs, result | {"execution_count": None}]


def graded_cells(master: NotebookNode) -> list[tuple[str, float]]:
    """Id and points of each check, in the notebook's order."""
    cells = [cell for cell in master.cells if rebuild.is_hidden_check(cell)]
    return [(rebuild.check_id(cell), float(cell.metadata.nbgrader.points)) for cell in cells]


def run_and_check(task: Task, rebuilt: rebuild.Rebuilt, session: Callable[..., Session]) -> Graded:
    """Run the rebuilt notebook, ask every check, and end the process before writing anything."""
    run = run_of(task, rebuilt.notebook, session)
    try:
        run.execute()
        rows = check_all(task, rebuilt, run)
    finally:
        run.kill()
    blamed = [blamed_on_answer(task, row, session) for row in rows]
    rows = [with_cause(row, rebuilt, run.outcomes) for row in blamed]
    notes = [*task.notes, *rebuilt.notes, *breaches(rebuilt.notebook, run)]
    graded = verdict(task, "graded", rows, rebuilt.notebook, notes, run.outcomes)
    found = forbidden.flags(rebuilt.notebook, task.forbidden, task.unavailable)
    graded.flags = [*found, *stumbles(rows), *given_failures(rebuilt.notebook, run.outcomes)]
    return graded


def stumbles(rows: list[dict]) -> list[dict]:
    """Flags for answers on which a sound check stumbled: it should say what is wrong with them."""
    return [
        {"kind": "stumbled", "cell": row["cell"]}
        | {"what": f"made the check '{row['check']}' stumble ({row['detail'].splitlines()[-1]})"}
        for row in rows
        if row["detail"] and row["status"] != "check-crashed"
    ]


def given_failures(notebook: NotebookNode, outcomes: list[Outcome]) -> list[dict]:
    """Flags for given cells that raised: no answer should make one fail, so look at the course."""
    return [
        {"kind": GIVEN_FAILED, "cell": rebuild.mark_id(cell), "what": raised(outcome)}
        for cell, outcome in zip(notebook.cells, outcomes, strict=True)
        if outcome.status == "error" and is_given(cell)
    ]


def is_given(cell: NotebookNode) -> bool:
    """Whether a cell is the course's own code, neither answer nor test nor added by the student."""
    name = rebuild.mark_id(cell)
    return bool(name) and not (rebuild.is_answer(cell) or name.startswith("test-"))


def raised(outcome: Outcome) -> str:
    """What a cell raised, in one line."""
    errors = [output for output in outcome.outputs if output.get("output_type") == "error"]
    said = f"{errors[-1]['ename']}: {errors[-1]['evalue']}" if errors else "an error"
    return rebuild.printable(" ".join(said.split()))[:300]


def run_of(task: Task, notebook: NotebookNode, session: Callable[..., Session]) -> NotebookRun:
    limits = Limits(**task.limits)
    sources = [to_run(cell) for cell in notebook.cells]
    return NotebookRun(lambda: session(task.files, limits), sources, limits)


def breaches(notebook: NotebookNode, run: NotebookRun) -> list[str]:
    """What the instructor should know of cells that met a limit, answers or not."""
    told = [
        f"{name_of(cell)} {CELL_NOTES[outcome.status]}"
        for cell, outcome in zip(notebook.cells, run.outcomes, strict=True)
        if outcome.status in CELL_NOTES
    ]
    return [*told, *([OVERFULL] if run.overfull else [])]


def name_of(cell: NotebookNode) -> str:
    """What an instructor calls a cell; a visible test mostly fails by the answer that it calls."""
    name = rebuild.mark_id(cell) or cell.get("id", "")
    if name.startswith("test-"):
        return f"the visible test of '{name.removeprefix('test-')}'"
    return f"the cell '{name}'"


def to_run(cell: NotebookNode) -> str | None:
    """The source of a cell that is run: not the hidden checks, not what only shows something."""
    shown_only = "experiment" in cell.metadata.get("tags", []) and not rebuild.is_answer(cell)
    if cell.cell_type != "code" or rebuild.is_hidden_check(cell) or shown_only:
        return None
    return cell.source


def check_all(task: Task, rebuilt: rebuild.Rebuilt, run: NotebookRun) -> list[dict]:
    """Every check's result, in the order of the notebook."""
    from autograder.check import checks_of, run_check
    from autograder.student import KernelStudent

    checks = checks_of(task.checks, task.checks_file)
    student = KernelStudent(run, run.limits.call_seconds)
    rows = []
    for name, points in graded_cells(rebuilt.notebook):
        if name not in checks:
            rows.append(crashed(name, points, f"{task.checks_file} has no check {name!r}."))
            continue
        run.renew()
        result = run_check(checks[name], student, task.secret, task.assignment)
        rows.append(result.as_dict())
    return rows


def blamed_on_answer(task: Task, row: dict, session: Callable[..., Session]) -> dict:
    """A check's result; one that crashes on this answer but not on the reference is the answer's.

    So nobody gets out of a question by an answer on which its check stumbles.
    """
    if_sound = row.pop("if_sound", {})
    if not if_sound or row["check"] in crashing(task, session):
        return row
    return row | if_sound


_crashing: dict[str, set[str]] = {}


def crashing(task: Task, session: Callable[..., Session]) -> set[str]:
    """The checks that crash on the instructor's own solution, with these very inputs."""
    key = replace(task, student="", data=None, notes=(), timestamp="").key()
    if key not in _crashing:
        master = nbformat.reads(task.master, as_version=4)
        run = run_of(task, master, session)
        try:
            run.execute()
            rows = check_all(task, rebuild.Rebuilt(master), run)
        finally:
            run.kill()
        _crashing.clear()
        _crashing[key] = {row["check"] for row in rows if row["status"] == "check-crashed"}
    return _crashing[key]


def crashed(name: str, points: float, detail: str) -> dict:
    """The row of a check that cannot be run at all."""
    from autograder.check import CRASHED

    row = {"check": name, "cell": name, "score": 0.0, "max_score": points}
    return row | {"status": "check-crashed", "message": CRASHED, "detail": detail}


def with_cause(result: dict, rebuilt: rebuild.Rebuilt, outcomes: list[Outcome]) -> dict:
    """A check's result; if points are lost because of the answer's cell, its status says so."""
    lost = result["score"] < result["max_score"]
    if not lost or result["status"] == "check-crashed":
        return result
    status = cell_status(result["cell"], rebuilt, outcomes)
    if status == "unanswered":
        return result | {"status": status, "message": CAUSES[status]}
    if status:
        message = f"{CAUSES[status]} {result['message']}".strip()
        return result | {"status": status, "message": message}
    return result


def cell_status(name: str, rebuilt: rebuild.Rebuilt, outcomes: list[Outcome]) -> str:
    """What was wrong with an answer's cell, empty if nothing was."""
    if name in rebuilt.missing:
        return "missing-cell"
    if name in rebuilt.untouched:
        return "unanswered"
    for cell, outcome in zip(rebuilt.notebook.cells, outcomes, strict=True):
        if rebuild.mark_id(cell) == name:
            return CELL_CAUSES.get(outcome.status, "")
    return ""


def total(rows: list[dict]) -> tuple[float, float]:
    """Score and maximum of one student; a check that crashed counts for neither."""
    counted = [row for row in rows if row["status"] not in UNCOUNTED]
    return sum(r["score"] for r in counted), sum(r["max_score"] for r in counted)


def dumps(graded: dict) -> str:
    return json.dumps(graded, ensure_ascii=True, indent=1)
