"""Test the tests: the reference wins, the empty notebook and every mutant lose.

For each check of an assignment, `autograder/mutants/<assignment>/<check>/` holds replacements of
the check's solution cell. `wrong_<name>.py` is a plausible wrong solution, a mutant: it must lose
marks of its check. `right_<name>.py` is a correct solution written differently: it must get full
marks and pass the visible test. The first line of each is a comment that says what is wrong, or
what is different. Where several checks grade one cell, an alternative for all of them lies in a
folder named after the cell, `autograder/mutants/<assignment>/<cell>/`.

What counts as losing. A mutant must at least define what the cell defines: if its cell does not
compile or fails when it is run, it proves nothing about the check and is reported as a bad mutant.
The same holds for one that loses only by a NameError or an ImportError: that is a slip of
whoever wrote the mutant. Other exceptions are how students' mistakes often show, and count.
A mutant that runs into the time limit or ends its process counts only if its first line says that
it `hangs` or `dies`; otherwise an accident of the audit would pass for a success of the check.
Every verdict must hold for three different keys, that is for three draws of the fresh inputs.

A missing answer may cost its own question only: with one solution cell blank at a time, the checks
of all other cells must give full marks.
Modules that the assignment makes unavailable are absent while cells and answers run, so that no
reference leans on them.
"""

import argparse
import ast
import contextlib
import gc
import io
import json
import linecache
import math
import multiprocessing
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from tqdm import tqdm

from autograder import source
from featherweight import cores

MUTANTS = Path(__file__).parent / "mutants"
KEYS = (b"audit 0", b"audit 1", b"audit 2")
ENOUGH_MUTANTS, ENOUGH_ALTERNATIVES = 4, 2
CALL_TIMEOUT = 10.0
_FORK = multiprocessing.get_context("fork")
SLIPS = re.compile(r"raised (NameError|UnboundLocalError|ImportError|ModuleNotFoundError)\b")


@dataclass(frozen=True)
class Variant:
    """One notebook to be tried: the reference, the empty one, a mutant, an alternative, or a blank.

    A blank is the reference without the answer of one cell.
    """

    kind: str
    name: str
    check: str = ""
    cell: str = ""
    code: str = ""

    @property
    def headline(self) -> str:
        return self.code.split("\n", 1)[0]


@dataclass
class Outcome:
    """What came of a variant: an error by cell, the verdicts by check (one for each key)."""

    errors: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ended: str = ""

    def full(self, check: str) -> bool:
        """Whether a check gave full marks for every key."""
        found = self.verdicts.get(check, [])
        return bool(found) and all(v["score"] == v["max_score"] for v in found)

    def partial(self, check: str) -> bool:
        """Whether a check took marks for every key."""
        return all(v["score"] < v["max_score"] for v in self.verdicts.get(check, []))

    def score(self, check: str) -> float:
        """The lowest score of a check."""
        return min((v["score"] for v in self.verdicts.get(check, [])), default=0.0)

    def said(self, check: str) -> str:
        """What the check said, in one line."""
        texts = (v["message"] or v["detail"] for v in self.verdicts.get(check, []))
        return " / ".join(next((t for t in texts if t), "").split("\n"))[:300]


@dataclass
class Row:
    """One check's line of the table."""

    check: str
    points: float
    reference: float = 0.0
    empty: float = 0.0
    mutants: int = 0
    killed: int = 0
    seen: int = 0
    alternatives: int = 0
    accepted: int = 0


@dataclass
class Audit:
    """The rows of an assignment, what is wrong with its tests, and what is worth knowing."""

    assignment: str
    rows: list[Row]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the assignment's entry in the JSON report."""

        def total(name: str) -> float:
            return _plain(sum(getattr(row, name) for row in self.rows))

        return {
            "checks": len(self.rows),
            "points": total("points"),
            "reference": total("reference"),
            "empty": total("empty"),
            "mutants": {"total": total("mutants"), "killed": total("killed")},
            "alternatives": {"total": total("alternatives"), "accepted": total("accepted")},
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder audit`."""
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary as JSON")
    parser.add_argument("--processes", type=int, default=cores(), metavar="N")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for one variant"
    )


def run(args: argparse.Namespace) -> int:
    """Audit the assignments asked for; status 0 only if every cell of the table is right."""
    audits = []
    for name in source.chosen(args.assignments):
        audits.append(audit(name, processes=args.processes, timeout=args.timeout))
        print(table(audits[-1]), flush=True)
    if args.json:
        _write_json(args.json, {a.assignment: a.summary() for a in audits})
    return 1 if any(a.problems for a in audits) else 0


def audit(
    assignment: str,
    mutants: Path | None = None,
    notebook: NotebookNode | None = None,
    checks: Mapping[str, Any] | None = None,
    processes: int | None = None,
    timeout: float = 60.0,
    unavailable: tuple[str, ...] | None = None,
) -> Audit:
    """Try every variant of an assignment and compare what came of it with what must come."""
    if checks is None:
        from autograder.check import registry

        checks = registry(assignment)
    notebook = notebook or source.read(source.path_of(assignment), checks)
    folder = mutants or MUTANTS / assignment
    result = Audit(assignment, [Row(name, check.points) for name, check in checks.items()])
    tried = [Variant("reference", "reference"), Variant("empty", "empty")]
    tried += blanks(source.emptied(notebook))
    tried += variants(folder, notebook, checks, result.problems)
    if unavailable is None:
        unavailable = source.settings(assignment)["unavailable"]
    stage = _Stage(assignment, notebook, source.emptied(notebook), dict(checks), unavailable)
    for variant, outcome in stage.perform(tried, processes or cores(), timeout):
        _JUDGES[variant.kind](result, stage, variant, outcome)
    _flag_few(result)
    return result


def table(audit: Audit) -> str:
    """Return an assignment's table, its problems and its notes as text."""
    width = max(len(row.check) for row in audit.rows) + 2 if audit.rows else 12
    width = max(width, len(audit.assignment) + 2)
    head = f"{audit.assignment:<{width}}{'points':>8}{'reference':>11}{'empty':>7}"
    lines = [head + f"{'mutants':>10}{'(visible)':>11}{'alternatives':>14}"]
    for row in audit.rows:
        lines.append(
            f"{row.check:<{width}}{row.points:>8g}{row.reference:>11g}{row.empty:>7g}"
            f"{f'{row.killed}/{row.mutants}':>10}{f'({row.seen})':>11}"
            f"{f'{row.accepted}/{row.alternatives}':>14}"
        )
    lines += [f"  note: {note}" for note in audit.notes]
    lines += [f"  PROBLEM: {problem}" for problem in audit.problems]
    verdict = f"{len(audit.problems)} problems" if audit.problems else "every cell is right"
    return "\n".join([*lines, f"  {audit.assignment}: {verdict}.", ""])


# ---------------------------------------------------------------- the variants


def blanks(empty: NotebookNode) -> list[Variant]:
    """One variant for each solution cell: it stays as students receive it."""
    cells = {source.grade_id(c): c.source for c in empty.cells if source.role(c) == "solution"}
    return [Variant("blank", cell, cell=cell, code=code) for cell, code in cells.items()]


def variants(
    folder: Path,
    notebook: NotebookNode,
    checks: Mapping[str, Any],
    problems: list[str] | None = None,
) -> list[Variant]:
    """Read the mutants and alternatives of every check; report files that can prove nothing."""
    problems = [] if problems is None else problems
    found = []
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else []:
        kind, _, name = path.stem.partition("_")
        code = path.read_text(encoding="utf-8")
        judges = _checks_of(path.parent.name, kind, checks)
        if not judges or path.parent.parent != folder:
            problems.append(f"{_shown(path)} lies in no folder of a check.")
        elif kind not in ("wrong", "right") or not name:
            problems.append(f"{_shown(path)} is neither wrong_<name>.py nor right_<name>.py.")
        elif not code.startswith("# "):
            problems.append(f"{_shown(path)} must begin with a comment that says what it is.")
        else:
            cell = checks[judges[0]].cell
            found += [Variant(kind, path.stem, check, cell, code) for check in judges]
    problems += _repeated(found, notebook)
    return found


def _checks_of(folder: str, kind: str, checks: Mapping[str, Any]) -> list[str]:
    """The checks that a folder's files are for: one, or all of a cell for its alternatives."""
    if folder in checks:
        return [folder]
    return [name for name in checks if kind == "right" and checks[name].cell == folder]


def _repeated(found: list[Variant], notebook: NotebookNode) -> list[str]:
    """A variant that is the reference, or another one, in other clothes proves nothing."""
    code_cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    references = {source.grade_id(cell): _tree(cell.source) for cell in code_cells}
    seen: dict[tuple[str, str | None], str] = {}
    repeated = []
    for variant in found:
        tree = _tree(variant.code)
        same = seen.get((variant.check, tree))
        if tree == references.get(variant.cell):
            same = "the reference"
        if tree and same:
            repeated.append(f"{variant.check}/{variant.name} is the same code as {same}.")
        seen[variant.check, tree] = variant.name
    return repeated


def _tree(code: str) -> str | None:
    """The code without comments, formatting and docstrings; None if it is no Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def _shown(path: Path) -> str:
    return str(path.relative_to(source.ROOT) if path.is_relative_to(source.ROOT) else path)


# ---------------------------------------------------------------- running them


@dataclass
class _Stage:
    """Runs variants of one assignment, each in a forked process of its own."""

    assignment: str
    notebook: NotebookNode
    empty: NotebookNode
    checks: dict[str, Any]
    unavailable: tuple[str, ...] = ()

    def perform(
        self, variants: list[Variant], processes: int, timeout: float
    ) -> list[tuple[Variant, Outcome]]:
        """Run every variant; return each with what came of it, in the same order."""
        with tempfile.TemporaryDirectory(prefix="audit-") as work:
            jobs = [_Job(self, variant, Path(work) / str(i)) for i, variant in enumerate(variants)]
            warm = _Job(self, Variant("reference", "reference"), Path(work) / "warm")
            receiver, sender = _FORK.Pipe(duplex=False)
            process = _FORK.Process(target=_run_warm, args=(warm, jobs, sender, processes, timeout))
            process.start()
            sender.close()
            try:
                outcomes = receiver.recv()
            except EOFError:
                outcomes = [Outcome(ended="was not run: the reference ends the audit's process")]
                outcomes *= len(jobs)
            process.join()
        return list(zip(variants, outcomes, strict=True))

    def solution_ids(self) -> list[str]:
        """The ids of the solution cells."""
        return [source.grade_id(c) for c in self.notebook.cells if source.role(c) == "solution"]

    def play(self, variant: Variant) -> Outcome:
        """Run a variant's cells in this process, then the checks on what they defined."""
        from autograder.student import absent

        outcome, namespace = Outcome(), {"__name__": "__main__"}
        whole = variant.kind in ("reference", "empty")
        for cell in (self.empty if variant.kind == "empty" else self.notebook).cells:
            kind, ident = source.role(cell), source.grade_id(cell)
            mine = whole or ident == f"test-{variant.cell}"
            if kind in ("given", "solution") or (kind == "visible" and mine):
                code = variant.code if ident == variant.cell else cell.source
                limit = CALL_TIMEOUT if kind == "visible" and not whole else math.inf
                with absent(self.unavailable):
                    error = _execute(code, ident, namespace, limit)
                if error:
                    outcome.errors[ident] = error
        keys = KEYS[:1] if variant.kind == "blank" else KEYS
        for name in self.judges(variant):
            outcome.verdicts[name] = [self._verdict(name, key, namespace) for key in keys]
        return outcome

    def judges(self, variant: Variant) -> list[str]:
        """The checks that have a say in what becomes of a variant."""
        if variant.kind in ("reference", "empty"):
            return list(self.checks)
        if variant.kind == "blank":
            return [name for name, check in self.checks.items() if check.cell != variant.cell]
        return [variant.check]

    def _verdict(self, check: str, key: bytes, namespace: dict[str, Any]) -> dict[str, Any]:
        from autograder.check import run_check
        from autograder.student import LocalStudent

        student = LocalStudent(namespace, CALL_TIMEOUT, self.unavailable)
        return run_check(self.checks[check], student, key, self.assignment).as_dict()


def _execute(code: str, name: str, namespace: dict[str, Any], seconds: float = math.inf) -> str:
    """Run one cell as plain Python; return what it raised, or nothing."""
    from autograder.student import interrupted_after

    filename = f"<cell {name}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
    limit = contextlib.nullcontext() if seconds == math.inf else interrupted_after(seconds)
    try:
        with limit:
            exec(compile(code, filename, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


class _Job:
    """One variant on its way through a process."""

    def __init__(self, stage: _Stage, variant: Variant, folder: Path):
        self.stage, self.variant, self.folder = stage, variant, folder
        self.outcome = Outcome(ended="was not run")
        self.deadline = 0.0

    def start(self, timeout: float) -> None:
        """Fork a process that runs the variant."""
        self.receiver, sender = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=self._child, args=(sender,))
        self.deadline = time.monotonic() + timeout
        self.process.start()
        sender.close()

    def finish(self) -> None:
        """Take what the process has said, and make sure that it is gone."""
        try:
            self.outcome = self.receiver.recv() if self.receiver.poll() else self._late()
        except EOFError:
            self.outcome = Outcome(ended="dies")
        self.process.kill()
        self.process.join()
        self.receiver.close()

    def _late(self) -> Outcome:
        return Outcome(ended="hangs" if time.monotonic() >= self.deadline else "dies")

    def _child(self, sender: Connection) -> None:
        sender.send(self.play())
        sender.close()

    def play(self) -> Outcome:
        """Run the variant in this process, in a folder of its own that holds the fixtures."""
        self.folder.mkdir()
        for fixture in _fixtures(self.stage.assignment):
            target = self.folder / fixture[0]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fixture[1], target)
        os.chdir(self.folder)
        silence = io.StringIO()
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            return self.stage.play(self.variant)


def _fixtures(assignment: str) -> list[tuple[Path, Path]]:
    if assignment not in source.assignments():
        return []
    folder = source.SOLUTIONS / assignment
    return [(path.relative_to(folder), path) for path in source.fixtures(assignment)]


def _run_warm(
    warm: _Job, jobs: list[_Job], sender: Connection, processes: int, timeout: float
) -> None:
    """Run all jobs from a process that has played the reference once.

    Whatever is imported late (parts of torch, plotting) is then imported once, not in each fork.
    """
    import torch

    os.environ |= {"MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": ""}
    torch.set_num_threads(1)
    warm.play()
    gc.freeze()
    _run_all(jobs, processes, timeout, warm.stage.assignment)
    sender.send([job.outcome for job in jobs])


def _run_all(jobs: list[_Job], processes: int, timeout: float, label: str) -> None:
    waiting = list(reversed(jobs))
    running: list[_Job] = []
    with tqdm(total=len(jobs), desc=label, disable=None, leave=False) as bar:
        while waiting or running:
            while waiting and len(running) < processes:
                running.append(waiting.pop())
                running[-1].start(timeout)
            pause = max(0.0, min(job.deadline for job in running) - time.monotonic())
            ready = wait([job.receiver for job in running], timeout=pause)
            now = time.monotonic()
            for job in [j for j in running if j.receiver in ready or now >= j.deadline]:
                job.finish()
                running.remove(job)
                bar.update()


# ---------------------------------------------------------------- judging them


def _row(result: Audit, check: str) -> Row:
    return next(row for row in result.rows if row.check == check)


def _judge_reference(result: Audit, stage: _Stage, variant: Variant, outcome: Outcome) -> None:
    if outcome.ended:
        result.problems.append(f"the reference {outcome.ended}.")
    for cell, error in outcome.errors.items():
        result.problems.append(f"the reference fails in the cell '{cell}': {error}")
    for row in result.rows:
        row.reference = outcome.score(row.check)
        if not outcome.full(row.check):
            result.problems.append(f"{row.check}: the reference loses: {outcome.said(row.check)}")


def _judge_empty(result: Audit, stage: _Stage, variant: Variant, outcome: Outcome) -> None:
    if outcome.ended:
        result.problems.append(f"the empty notebook {outcome.ended}.")
    for cell, error in outcome.errors.items():
        if cell.startswith("given-"):
            sentence = "needs a student's answer: give it a fixture, or tag it experiment"
            result.problems.append(f"the given cell '{cell}' {sentence} ({error}).")
    for solution in stage.solution_ids():
        if f"test-{solution}" not in outcome.errors and not outcome.ended:
            result.problems.append(f"the visible test of '{solution}' accepts the empty notebook.")
    for row in result.rows:
        verdicts = outcome.verdicts.get(row.check, [])
        row.empty = max((v["score"] for v in verdicts), default=0.0)
        if row.empty > 0:
            result.problems.append(f"{row.check}: the empty notebook scores {row.empty:g}.")
        _report_crash(result, row.check, "the empty notebook", verdicts)


def _judge_blank(result: Audit, stage: _Stage, variant: Variant, outcome: Outcome) -> None:
    if outcome.ended:
        result.problems.append(f"with '{variant.cell}' blank the notebook {outcome.ended}.")
        return
    for check in stage.judges(variant):
        if not outcome.full(check):
            reason = outcome.said(check)
            result.problems.append(f"{check} loses when only '{variant.cell}' is blank: {reason}")


def _judge_wrong(result: Audit, stage: _Stage, variant: Variant, outcome: Outcome) -> None:
    row = _row(result, variant.check)
    row.mutants += 1
    name = f"{variant.check}/{variant.name}"
    if bad := _bad_mutant(variant, outcome):
        result.problems.append(f"{name} is a bad mutant: {bad}")
        return
    if not outcome.ended and not outcome.partial(variant.check):
        result.problems.append(f"{name} survives.")
        return
    row.killed += 1
    row.seen += bool(outcome.ended or f"test-{variant.cell}" in outcome.errors)


def _bad_mutant(variant: Variant, outcome: Outcome) -> str:
    """Why a mutant's losing would prove nothing; empty if it may count."""
    if error := outcome.errors.get(variant.cell):
        return f"its cell fails: {error}"
    verdicts = outcome.verdicts.get(variant.check, [])
    if crash := next((v for v in verdicts if v["status"] == "check-crashed"), None):
        return f"the check crashed: {_last_line(crash['detail'])}"
    ending = outcome.ended or ("hangs" if any(v["status"] == "timeout" for v in verdicts) else "")
    if ending and ending not in variant.headline:
        return f"it {ending}, and its first line does not say so."
    slip = SLIPS.search(outcome.said(variant.check))
    if slip and "raises" not in variant.headline:
        return f"it {slip.group(0)}, which is a slip in the mutant."
    return ""


def _judge_right(result: Audit, stage: _Stage, variant: Variant, outcome: Outcome) -> None:
    row = _row(result, variant.check)
    row.alternatives += 1
    name = f"{variant.check}/{variant.name}"
    visible = outcome.errors.get(f"test-{variant.cell}")
    if outcome.ended or (error := outcome.errors.get(variant.cell)):
        result.problems.append(f"{name} does not run: {outcome.ended or error}")
    elif not outcome.full(variant.check):
        result.problems.append(f"{name} is rejected: {outcome.said(variant.check)}")
    elif visible:
        result.problems.append(f"{name} is rejected by the visible test: {visible}")
    else:
        row.accepted += 1


def _report_crash(result: Audit, check: str, who: str, verdicts: list[dict[str, Any]]) -> None:
    for verdict in verdicts:
        if verdict["status"] == "check-crashed":
            reason = _last_line(verdict["detail"])
            result.problems.append(f"{check}: the check crashed on {who}: {reason}")
            return


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no reason given"


_JUDGES = {
    "reference": _judge_reference,
    "empty": _judge_empty,
    "blank": _judge_blank,
    "wrong": _judge_wrong,
    "right": _judge_right,
}


def _flag_few(result: Audit) -> None:
    for row in result.rows:
        if row.mutants < ENOUGH_MUTANTS:
            result.notes.append(f"{row.check} has {row.mutants} mutants, fewer than 4.")
        if row.alternatives < ENOUGH_ALTERNATIVES:
            result.notes.append(f"{row.check} has {row.alternatives} alternatives, fewer than 2.")


def _plain(number: float) -> float:
    return int(number) if number == int(number) else round(number, 6)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(partial, path)
