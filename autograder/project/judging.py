"""Judge one project by the automatic lines of the rubric. Plain data in, plain data out.

Runs as a process of its own, `python -m autograder.project.judging`, with limits on its memory
and time: a report that breaks a parser breaks nothing else.
"""

from __future__ import annotations

import base64
import functools
import json
import resource
import sys
import traceback
from pathlib import Path

from autograder.project.bibliography import Bibliography, plain, read_bibliography
from autograder.project.criteria.form import key_of
from autograder.project.document import Document, Problem
from autograder.project.printed import results_tables
from autograder.project.reading import read_report
from autograder.project.results import read_results
from autograder.project.rubric import FILE, Marks, Report, Rubric, Template, judges, read_rubric
from autograder.project.sources import Place
from autograder.project.typesetting import Typeset

TEMPLATE = Path(__file__).resolve().parents[2] / "book" / "project" / "template"
MEMORY_BYTES = 2 * 10**9
CPU_SECONDS = 120
CRASHED = "This line of the rubric could not be judged; your instructor has been told."
OVERVIEW_CHARACTERS = 20_000


def judge(
    files: dict[str, bytes],
    main: str,
    problems: list[Problem],
    typeset: Typeset,
    rubric: Rubric | None = None,
) -> list[dict]:
    """The rows of all automatic lines; one that crashes is a row of its own."""
    return rows_of(report_of(files, main, problems, typeset), rubric or read_rubric())


def rows_of(report: Report, rubric: Rubric) -> list[dict]:
    return [row_of(report, Marks(one)) for one in rubric.automatic()]


def report_of(
    files: dict[str, bytes], main: str, problems: list[Problem], typeset: Typeset
) -> Report:
    """What the criteria look at."""
    document = Document(main=main)
    if main:
        document = read_report(files, main)
    bibliography = read_bibliography(files, document) if main else Bibliography()
    results = read_results(files)
    tables = results_tables(document, results)
    made = Report(files, document, bibliography, results, tables, typeset, template())
    made.problems = problems
    return made


def row_of(report: Report, marks: Marks) -> dict:
    try:
        judges()[marks.criterion.name](report, marks)
        return marks.row()
    except Exception:
        name, points = marks.criterion.name, marks.criterion.points
        row = {"check": name, "cell": name, "score": 0.0, "max_score": points}
        detail = traceback.format_exc(limit=-8)
        return row | {"status": "check-crashed", "message": CRASHED, "detail": detail}


@functools.cache
def template(folder: Path = TEMPLATE) -> Template:
    """What the template's files say; nothing if there is no template."""
    files = files_in(folder)
    if "main.tex" not in files:
        return Template()
    document = read_report(files, "main.tex")
    proses = [document.front, *(section.prose for section in document.sections)]
    proses += [document.abstract] if document.abstract else []
    said = {key_of(sentence) for prose in proses for sentence, _ in prose.sentences()}
    captions = {key_of(text) for one in document.floats for text, _ in one.captions}
    entries = read_bibliography(files, document).entries
    titles = {key_of(plain(entry.fields.get("title", ""))) for entry in entries}
    results = read_results(files)
    text = files[results.file].decode("utf-8", "replace") if results.file else ""
    left = frozenset(titles - {""})
    return Template(frozenset(said), frozenset(captions - {""}), left, key_of(text))


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their paths in it."""
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and not any(part.startswith(".") for part in path.parts):
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def overview(document: Document) -> dict[str, str]:
    """What a person reads beside the manual lines: title, abstract, sections with their words."""
    if not document.main:
        return {}
    sections = [f"{s.title}: {s.prose.words()} words ({s.place})" for s in document.sections]
    abstract = " ".join(document.abstract.text.split()) if document.abstract else ""
    found = {"title": document.title, "authors": document.authors, "abstract": abstract}
    found["sections"] = "\n".join(sections)
    return {name: text.strip()[:OVERVIEW_CHARACTERS] for name, text in found.items()}


# ------------------------------------------------------------------ as a process


def main() -> None:
    """Read one task as JSON, write the rows as JSON."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    task = json.load(sys.stdin)
    files = {name: base64.b64decode(text) for name, text in task["files"].items()}
    problems = [Problem(one["kind"], one["text"], place(one)) for one in task["problems"]]
    typeset = Typeset(**task["typeset"])
    typeset.errors = [(name, line, text) for name, line, text in typeset.errors]
    rubric = read_rubric(Path(task.get("rubric") or FILE))
    report = report_of(files, task["main"], problems, typeset)
    answer = {"rows": rows_of(report, rubric), "overview": overview(report.document)}
    sys.stdout.write(json.dumps(answer))


def place(one: dict) -> Place | None:
    return Place(one["file"], one["line"]) if one.get("file") else None


if __name__ == "__main__":
    main()
