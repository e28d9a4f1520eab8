"""Write verdicts into nbgrader's gradebook, through nbgrader's own preprocessors.

A verdict is one transaction, so that it is there whole or not at all, and the formgrader, which
writes into the same file, waits for milliseconds. While the formgrader writes, we wait for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, IgnorePattern, LimitOutput, SaveAutoGrades
from nbgrader.preprocessors.base import NbGraderPreprocessor
from nbgrader.utils import parse_utc
from sqlalchemy.exc import OperationalError, SAWarning
from sqlalchemy.orm import joinedload
from traitlets import Any
from traitlets.config import Config, PyFileConfigLoader

from autograder import rebuild
from autograder.files import DiskFull, is_full, write_atomically
from autograder.sanitize import safe_notebook
from autograder.store import RecordError
from autograder.verify import UNCOUNTED

QUIET = 50
WAIT_SECONDS = 600


class Sheet:
    """One submission's grades and comments, looked up all at once and committed all at once."""

    def __init__(self, gradebook: Gradebook, notebook: SubmittedNotebook):
        self.gradebook, self.db = gradebook, self
        self.grades = self._by_name(Grade, notebook)
        self.comments = self._by_name(Comment, notebook)

    def _by_name(self, kind: type[Grade] | type[Comment], notebook: SubmittedNotebook) -> dict:
        entries = self.gradebook.db.query(kind).options(joinedload(kind.cell))
        return {entry.name: entry for entry in entries.filter(kind.notebook_id == notebook.id)}

    def find_grade(self, name: str, *place: str) -> Grade:
        return self.grades[name]

    def find_comment(self, name: str, *place: str) -> Comment:
        return self.comments[name]

    def commit(self) -> None:
        """Called for each cell: what is entered here is committed by `commit_all`."""

    def commit_all(self) -> None:
        self.gradebook.db.commit()


class VerifiedGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades on a gradebook that is already open.

    A check that crashed leaves no score: the cell waits for the instructor. A score given by hand
    to answers that are the same as before needs no second look.
    """

    opened = Any()
    crashed = Any()
    unchanged = Any()

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        marks = resources["nbgrader"]
        self.notebook_id, self.assignment_id = marks["notebook"], marks["assignment"]
        self.student_id = marks["student"]
        place = (self.notebook_id, self.assignment_id, self.student_id)
        self.gradebook = Sheet(self.opened, self.opened.find_submission_notebook(*place))
        done = NbGraderPreprocessor.preprocess(self, nb, resources)
        self.gradebook.commit_all()
        return done

    def _add_score(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        name = rebuild.mark_id(cell)
        grade = self.gradebook.find_grade(name)
        seen = grade.manual_score is not None and not grade.needs_manual_grade
        super()._add_score(cell, resources)
        if seen and self.unchanged:
            grade.needs_manual_grade = False
        elif name in self.crashed:
            grade.auto_score, grade.needs_manual_grade = None, True


class LatePenalties(AssignLatePenalties):
    """nbgrader's AssignLatePenalties for a whole class, on a gradebook that is already open."""

    def assign(self, submission: SubmittedAssignment) -> None:
        """Enter the penalty by the present score, hand-given points included, and due date."""
        late = submission.total_seconds_late
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = None
            penalty = late > 0 and self.plugin_inst.late_submission_penalty(
                submission.student_id, notebook.score, late
            )
            if penalty:
                notebook.late_submission_penalty = self._check_late_penalty(notebook, penalty)


class Recorder:
    """The gradebook of one folder, which is a course folder for every nbgrader command."""

    def __init__(self, out: Path, assignment: str, config_file: Path | None = None):
        self.out, self.assignment = out, assignment
        self.config = course_config(out, config_file)
        self.coursedir = CourseDirectory(config=self.config)
        self.database = out / "gradebook.db"
        let_nbgrader_find_alembic()

    def prepare(self, master: str, files: dict[str, bytes]) -> bool:
        """Enter the assignment in the gradebook, by nbgrader's generate_assignment.

        Does nothing, and says so by False, if the very same one is there already.
        """
        folder, entered = self.out / "source" / self.assignment, self._entered(master, files)
        mark = self.out / "source" / f".{self.assignment}.entered"
        if mark.exists() and mark.read_text("utf-8") == entered and self._knows_assignment():
            self.released = self._released()
            return False
        mark.unlink(missing_ok=True)
        for name, data in files.items():
            write_atomically(folder / name, data)
        self._generate(master, folder / f"{self.assignment}.ipynb")
        self.released = self._released()
        write_atomically(mark, entered.encode())
        return True

    def _entered(self, master: str, files: dict[str, bytes]) -> str:
        """What tells one version of an assignment from another."""
        return hashlib.sha256(repr((master, sorted(files.items()))).encode()).hexdigest()

    def _knows_assignment(self) -> bool:
        released = self.out / "release" / self.assignment / f"{self.assignment}.ipynb"
        try:
            self.gradebook.find_notebook(self.assignment, self.assignment)
        except MissingEntry:
            return False
        finally:
            self.gradebook.db.remove()
        return released.exists()

    def _generate(self, master: str, notebook: Path) -> None:
        write_atomically(notebook, master.encode())
        try:
            converter = GenerateAssignment(coursedir=self.coursedir, config=self.config)
            converter.log.setLevel(QUIET)
            converter.coursedir.assignment_id = self.assignment
            converter.force = True
            converter.start()
        except Exception as error:
            if is_full(error):
                raise DiskFull(self.database) from error
            raise RecordError(
                f"nbgrader's gradebook {self.database} does not take '{self.assignment}': if "
                f"its cells changed, choose another --out or remove that file ({error})."
            ) from error

    def _released(self) -> dict[str, str]:
        """The checksum of each cell as it was released: so nbgrader knows an unchanged answer."""
        path = self.out / "release" / self.assignment / f"{self.assignment}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        marks = [cell.metadata.get("nbgrader", {}) for cell in cells]
        return {m["grade_id"]: m["checksum"] for m in marks if "checksum" in m}

    def __enter__(self) -> Recorder:
        make_gradebook(self.database, self.coursedir.course_id)
        self.gradebook = Gradebook(self.coursedir.db_url, self.coursedir.course_id)
        self.grades = VerifiedGrades(config=self.config, opened=self.gradebook)
        self.late = LatePenalties(config=self.config)
        self.late.init_plugin()
        limits = (IgnorePattern(config=self.config), LimitOutput(config=self.config))
        self.steps = (*limits, self.grades)
        for step in (*self.steps, self.late):
            step.log.setLevel(QUIET)
        return self

    def __exit__(self, *error: object) -> None:
        self.gradebook.close()

    def recorded(self) -> set[str]:
        """The students whose submissions of the assignment are in the gradebook."""
        submissions = self.gradebook.assignment_submissions(self.assignment)
        students = {submission.student_id for submission in submissions}
        self.gradebook.db.remove()
        return students

    def assign_penalties(self) -> None:
        """Enter every submission's late penalty anew: scores, due dates and the policy change."""
        with self._transaction():
            for submission in self.gradebook.assignment_submissions(self.assignment):
                self.late.assign(submission)
            self.gradebook.db.commit()

    def record(self, graded: dict) -> None:
        """Enter one verdict; doing it twice changes nothing, and manual scores stay."""
        student, assignment = graded["student"], self.assignment
        notebook = safe_notebook(nbformat.from_dict(graded["notebook"]))
        for cell in notebook.cells:
            name = rebuild.mark_id(cell)
            if name in self.released:
                cell.metadata.nbgrader.checksum = self.released[name]
        folder = Path(self.coursedir.format_path("autograded", student, assignment))
        self.grades.unchanged = answers(notebook) == answers_in(folder / f"{assignment}.ipynb")
        with self._transaction():
            text = self._enter(graded, notebook)
        write_atomically(folder / f"{assignment}.ipynb", text.encode())
        if graded["timestamp"]:
            write_atomically(folder / "timestamp.txt", graded["timestamp"].encode())

    def _enter(self, graded: dict, notebook: NotebookNode) -> str:
        """Student, submission and scores, by the steps of nbgrader's autograde after the execution.

        CheckCellMetadata is none of them: nbgrader's marks on the cells are those of the master,
        which passed it in generate_assignment. Returns the text of the autograded notebook.
        """
        self.grades.crashed = {
            f"check-{r['check']}" for r in graded["checks"] if r["status"] in UNCOUNTED
        }
        stamp = {"timestamp": parse_utc(graded["timestamp"]) if graded["timestamp"] else None}
        self.gradebook.update_or_create_student(graded["student"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            self.gradebook.update_or_create_submission(self.assignment, graded["student"], **stamp)
        marks = {"student": graded["student"], "assignment": self.assignment}
        resources = ResourcesDict(nbgrader=marks | {"notebook": self.assignment})
        for step in self.steps:
            notebook, resources = step(notebook, resources)
        return nbformat.writes(notebook)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that nbgrader commits in the block is one transaction, or nothing of it is done.

        It waits for other writers at its beginning: afterwards there is nothing to wait for.
        """
        db = self.gradebook.db
        try:
            with self.gradebook.engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                db.remove()
                db.configure(bind=connection, join_transaction_mode="rollback_only")
                try:
                    yield
                finally:
                    db.remove()
                    db.configure(bind=self.gradebook.engine)
        except OperationalError as error:
            if is_full(error):
                raise DiskFull(self.database) from error
            if is_busy(error):
                raise RecordError(
                    f"another program has been writing to {self.database} for "
                    f"{WAIT_SECONDS // 60} minutes: close it and run the command again."
                ) from error
            raise


def answers_in(path: Path) -> dict[str, str] | None:
    """The answers of the notebook that was recorded last, None if there is none to read."""
    try:
        return answers(nbformat.read(path, as_version=4))
    except (OSError, ValueError):
        return None


def answers(notebook: NotebookNode) -> dict[str, str]:
    return {rebuild.mark_id(c): c.source for c in notebook.cells if rebuild.is_answer(c)}


def is_busy(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def make_gradebook(path: Path, course_id: str) -> None:
    """Make an empty gradebook if there is none: the whole file or nothing."""
    if path.exists():
        return
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    try:
        Gradebook(f"sqlite:///{partial}", course_id).close()
        os.replace(partial, path)
    except Exception as error:
        partial.unlink(missing_ok=True)
        if is_full(error):
            raise DiskFull(path) from error
        raise


def course_config(out: Path, config_file: Path | None) -> Config:
    """The course's nbgrader settings, with every folder and the gradebook inside `out`."""
    config = Config()
    if config_file is not None and config_file.exists():
        loader = PyFileConfigLoader(config_file.name, path=str(config_file.parent))
        config = loader.load_config()
    config.CourseDirectory.root = str(out)
    for step in ("source", "release", "submitted", "autograded", "feedback"):
        config.CourseDirectory[f"{step}_directory"] = step
    config.CourseDirectory.db_url = f"sqlite:///{out / 'gradebook.db'}?timeout={WAIT_SECONDS}"
    return config


def let_nbgrader_find_alembic() -> None:
    """nbgrader calls `alembic` by name when it makes a database: it lies beside this Python."""
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
