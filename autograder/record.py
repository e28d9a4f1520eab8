"""Write verdicts into nbgrader's gradebook, through nbgrader's own preprocessors."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)
from nbgrader.preprocessors.base import NbGraderPreprocessor
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SAWarning
from traitlets import Any, List
from traitlets.config import Config, PyFileConfigLoader

from autograder import rebuild
from autograder.files import write_atomically
from autograder.sanitize import safe_notebook

QUIET = 50


class RecordError(Exception):
    """The gradebook does not take a verdict; the message says what to do."""


class VerifiedGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades on a gradebook that is already open.

    A check that crashed leaves no score: the cell waits for the instructor.
    """

    gradebook = Any()
    crashed = Any()

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        marks = resources["nbgrader"]
        self.notebook_id, self.assignment_id = marks["notebook"], marks["assignment"]
        self.student_id = marks["student"]
        return NbGraderPreprocessor.preprocess(self, nb, resources)

    def _add_score(self, cell: NotebookNode, resources: ResourcesDict) -> None:
        super()._add_score(cell, resources)
        if rebuild.mark_id(cell) in self.crashed:
            grade = self.gradebook.find_grade(
                rebuild.mark_id(cell), self.notebook_id, self.assignment_id, self.student_id
            )
            grade.auto_score, grade.needs_manual_grade = None, True
            self.gradebook.db.commit()


class ReplayedAutograde(Autograde):
    """nbgrader's Autograde, with a notebook that was already executed and verified elsewhere."""

    autograde_preprocessors = List([IgnorePattern, LimitOutput])

    def replay(
        self,
        notebook: NotebookNode,
        student: str,
        assignment: str,
        gradebook: Gradebook,
        crashed: set[str],
    ) -> str:
        """Run nbgrader's second pass on the notebook; the text of the autograded notebook."""
        self._sanitizing = False
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._init_preprocessors()
        grades = VerifiedGrades(parent=self, gradebook=gradebook, crashed=crashed)
        for step in (grades, AssignLatePenalties(parent=self), CheckCellMetadata(parent=self)):
            self.exporter.register_preprocessor(step)
        marks = {"student": student, "assignment": assignment, "notebook": assignment}
        marks["db_url"] = self.coursedir.db_url
        return self.exporter.from_notebook_node(notebook, {"nbgrader": marks})[0]


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
        folder = self.out / "source" / self.assignment
        notebook = folder / f"{self.assignment}.ipynb"
        if notebook.exists() and notebook.read_text("utf-8") == master and self._knows_assignment():
            self.released = self._released()
            return False
        for name, data in files.items():
            write_atomically(folder / name, data)
        self._generate(master, notebook)
        self.released = self._released()
        return True

    def _knows_assignment(self) -> bool:
        try:
            self.gradebook.find_notebook(self.assignment, self.assignment)
        except MissingEntry:
            return False
        finally:
            self.gradebook.db.remove()
        return True

    def _generate(self, master: str, notebook: Path) -> None:
        write_atomically(notebook, master.encode())
        try:
            converter = GenerateAssignment(coursedir=self.coursedir, config=self.config)
            converter.log.setLevel(QUIET)
            converter.coursedir.assignment_id = self.assignment
            converter.force = True
            converter.start()
        except BaseException as error:
            notebook.unlink()
            if isinstance(error, Exception):
                raise RecordError(
                    f"nbgrader's gradebook {self.database} does not take '{self.assignment}': if "
                    f"its cells changed, choose another --out or remove that file ({error})."
                ) from error
            raise

    def _released(self) -> dict[str, str]:
        """The checksum of each cell as it was released: so nbgrader knows an unchanged answer."""
        path = self.out / "release" / self.assignment / f"{self.assignment}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        marks = [cell.metadata.get("nbgrader", {}) for cell in cells]
        return {m["grade_id"]: m["checksum"] for m in marks if "checksum" in m}

    def __enter__(self) -> Recorder:
        self.converter = ReplayedAutograde(coursedir=self.coursedir, config=self.config)
        self.converter.log.setLevel(QUIET)
        self.gradebook = Gradebook(self.coursedir.db_url, self.coursedir.course_id)
        return self

    def __exit__(self, *error: object) -> None:
        self.gradebook.close()

    def recorded(self) -> set[str]:
        """The students whose submissions of the assignment are in the gradebook."""
        submissions = self.gradebook.assignment_submissions(self.assignment)
        students = {submission.student_id for submission in submissions}
        self.gradebook.db.remove()
        return students

    def record(self, graded: dict) -> None:
        """Enter one verdict; doing it twice changes nothing, and manual scores stay."""
        student, assignment = graded["student"], self.assignment
        notebook = safe_notebook(nbformat.from_dict(graded["notebook"]))
        for cell in notebook.cells:
            name = rebuild.mark_id(cell)
            if name in self.released:
                cell.metadata.nbgrader.checksum = self.released[name]
        crashed = {
            f"check-{r['check']}" for r in graded["checks"] if r["status"] == "check-crashed"
        }
        stamp = {"timestamp": parse_utc(graded["timestamp"]) if graded["timestamp"] else None}
        self.gradebook.update_or_create_student(student)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            self.gradebook.update_or_create_submission(assignment, student, **stamp)
        text = self.converter.replay(notebook, student, assignment, self.gradebook, crashed)
        self.gradebook.db.remove()
        folder = Path(self.coursedir.format_path("autograded", student, assignment))
        write_atomically(folder / f"{assignment}.ipynb", text.encode())
        if graded["timestamp"]:
            write_atomically(folder / "timestamp.txt", graded["timestamp"].encode())


def course_config(out: Path, config_file: Path | None) -> Config:
    """The course's nbgrader settings, with every folder and the gradebook inside `out`."""
    config = Config()
    if config_file is not None and config_file.exists():
        loader = PyFileConfigLoader(config_file.name, path=str(config_file.parent))
        config = loader.load_config()
    config.CourseDirectory.root = str(out)
    for step in ("source", "release", "submitted", "autograded", "feedback"):
        config.CourseDirectory[f"{step}_directory"] = step
    config.CourseDirectory.db_url = f"sqlite:///{out / 'gradebook.db'}"
    return config


def let_nbgrader_find_alembic() -> None:
    """nbgrader calls `alembic` by name when it makes a database: it lies beside this Python."""
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ.get("PATH", "")
