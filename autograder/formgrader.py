"""Open nbgrader's formgrader on a folder of graded work, to grade by hand what people grade."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import NbGraderException

from autograder import source
from autograder.files import write_atomically

SETTINGS = "nbgrader_config.py"
HEADER = '"""Where nbgrader finds this graded class: written by `autograder formgrader`."""\n'
BODY = """
from pathlib import Path

ROOT = Path(__file__).resolve().parent

c = get_config()

c.CourseDirectory.course_id = {course_id!r}
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.release_directory = "release"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"
c.CourseDirectory.db_url = f"sqlite:///{{ROOT / 'gradebook.db'}}"

# `nbgrader export` leaves the grader's grades.csv alone.
c.CsvExportPlugin.to = "nbgrader-grades.csv"

# nbgrader's own autograde would run students' code with your rights.
c.Autograde.exporter_class = "autograder.formgrader.GradedElsewhere"
"""


class FormgraderError(Exception):
    """A folder that the formgrader cannot be opened on; the message says what to do."""


class GradedElsewhere(NotebookExporter):
    """Stands where nbgrader's autograde would begin, and refuses before it touches anything."""

    def __init__(self, *args: Any, **kwargs: Any):
        reason = (
            "Not here: nbgrader would run this student's code with your rights. "
            "Run 'autograder grade' again; it grades in the sandbox and keeps what you entered."
        )
        kwargs["parent"].log.error(reason)
        raise NbGraderException(reason)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `autograder formgrader`."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the --out of 'autograder grade'"
    )
    parser.add_argument(
        "--settings-only",
        action="store_true",
        help=f"write DIR/{SETTINGS} and stop: for a Jupyter server that runs already",
    )
    parser.add_argument(
        "options", nargs="*", metavar="-- OPTION", help="options of 'jupyter lab', after '--'"
    )


def run(args: argparse.Namespace) -> int:
    """Become a Jupyter server that shows the formgrader first; Ctrl-C ends it."""
    try:
        settings = write_settings(args.out)
    except FormgraderError as error:
        print(f"autograder formgrader: {error}", file=sys.stderr)
        return 2
    if args.settings_only:
        print(f"{settings}: nbgrader, started in that folder, works on the graded class.")
        return 0
    return serve(settings.parent, args.options)


def write_settings(out: Path) -> Path:
    """Write the graded folder's settings for nbgrader, unless somebody else's lie there."""
    out = out.resolve()
    if not (out / "gradebook.db").is_file():
        raise FormgraderError(f"{out} has no gradebook: name the --out of 'autograder grade'.")
    settings = out / SETTINGS
    if settings.exists() and not settings.read_text(encoding="utf-8").startswith(HEADER):
        raise FormgraderError(f"{settings} is your own: move it away, or grade into another --out.")
    course_id = source.nbgrader_config().CourseDirectory.course_id
    write_atomically(settings, (HEADER + BODY.format(course_id=course_id)).encode())
    return settings


def serve(out: Path, options: list[str]) -> int:
    """JupyterLab on the graded folder, on this machine only, with the formgrader as first page."""
    print(f"Starting JupyterLab for {out}; Ctrl-C ends it.", flush=True)
    given = [f"--ServerApp.root_dir={out}", "--LabApp.default_url=/formgrader"]
    os.chdir(out)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *given, *options])
