"""The command `featherweight-project`: what a team looks at before it hands its project in."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograder.archives import ArchiveError
from autograder.collect import CollectError
from autograder.project.collecting import (
    Project,
    hand_ins_of,
    main_file,
    opened_safely,
    unpacked,
    whole,
)
from autograder.project.document import Problem
from autograder.project.judging import judge
from autograder.project.rubric import Rubric, RubricError, read_rubric
from autograder.project.typesetting import Press, TexLimits, Typeset

ON_OVERLEAF = "not assessed here ({reason}): Overleaf's log says whether it compiles"
MARKS = {"full": "ok", "part": "--", "none": "no", "": "??"}


def main(argv: list[str] | None = None) -> int:
    """Run `featherweight-project`; the exit status is 1 if a line lost points."""
    parser = argparse.ArgumentParser(
        prog="featherweight-project", description="Look at a final project before handing it in."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="judge it by the public lines of the rubric")
    check.add_argument(
        "project",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="PROJECT",
        help="the zip from Overleaf, or a folder with the sources (default: this folder)",
    )
    check.add_argument("--no-compile", action="store_true", help="do not run LaTeX")
    args = parser.parse_args(argv)
    try:
        project, rubric = read_project(args.project), read_rubric()
    except (ArchiveError, CollectError, RubricError, OSError) as error:
        print(f"featherweight-project: {error}", file=sys.stderr)
        return 2
    return say(judged(project, rubric, not args.no_compile), project)


def read_project(path: Path) -> Project:
    """The project in a folder or a zip."""
    with opened_safely(path) as tree:
        label = path.resolve().stem
        hand_in = whole(label, tree)
        if path.is_file():
            hand_in = next(iter(hand_ins_of(tree, path, "UTC").values()), hand_in)
        files, problems = unpacked(hand_in)
    name, others = main_file(files)
    stopped = any(one.kind in ("not-a-zip", "pdf-only") for one in problems)
    return Project(label, files, name, [*problems, *([] if stopped else others)])


def judged(project: Project, rubric: Rubric, compiling: bool) -> list[dict]:
    """The rows of the public lines."""
    problems: list[Problem] = project.problems
    typeset = compiled(project) if compiling else unassessed("--no-compile")
    public = {one.name for one in rubric.automatic() if one.public}
    rows = judge(project.files, project.main, problems, typeset, rubric)
    return [row for row in rows if row["check"] in public]


def unassessed(reason: str) -> Typeset:
    return Typeset("not-assessed", ON_OVERLEAF.format(reason=reason))


def compiled(project: Project) -> Typeset:
    """How LaTeX takes it in the sandbox; on a machine without one, Overleaf has to say."""
    from autograder.sandbox import NoSandbox

    if not project.main:
        return Typeset("errors")
    try:
        with Press(TexLimits()) as press:
            made = press.typeset(project.files, project.main)
    except NoSandbox:
        return unassessed("there is no sandbox")
    if made.status == "not-assessed" and not made.errors:
        return unassessed("there is no TeX for it on this machine")
    return made


def say(rows: list[dict], project: Project) -> int:
    """Print the lines; whether all of them are full."""
    from autograder.feedback import band
    from autograder.pages import points
    from autograder.verify import total

    print(f"Main file: {project.main or 'none'}\n")
    for row in rows:
        kind = band(row)
        said = f"{points(row['score'])}/{points(row['max_score'])}" if kind else "open"
        print(f"[{MARKS[kind]}] {row['check']:<18} {said}")
        for line in filter(None, row["message"].split("\n")):
            print(f"       {line}")
    score, most = total(rows)
    print(f"\n{points(score)} of {points(most)} points that a program can give.")
    return 0 if score >= most else 1


if __name__ == "__main__":
    sys.exit(main())
