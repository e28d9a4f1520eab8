"""The command `autograder`, in which the assignment `small` of these tests exists.

python -m tests.grader.small_class grade small --submissions ... --out ...
"""

import sys
from pathlib import Path
from unittest.mock import patch

import nbformat

from autograder import cli, grade, source
from autograder.course import Course
from tests.grader.conftest import CHECKS, make_master

SECRET = b"0123456789abcdef"


def course(assignment: str = "small", secret_file: Path | None = None) -> Course:
    return Course("small", nbformat.writes(make_master()), CHECKS, "small.py", SECRET)


def main(arguments: list[str]) -> int:
    with (
        patch.object(grade, "load_course", course),
        patch.object(source, "assignments", lambda: ["small"]),
    ):
        return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
