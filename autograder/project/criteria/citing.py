"""Citations and the bibliography."""

from __future__ import annotations

from autograder.project.bibliography import plain, same_works
from autograder.project.criteria.form import key_of
from autograder.project.rubric import Marks, Report, judges_criterion
from autograder.project.sources import Place


def is_own(report: Report, key: str) -> bool:
    """Whether an entry is not the template's example."""
    entry = report.bibliography.by_key().get(key)
    return entry is None or key_of(plain(entry.fields.get("title", ""))) not in (
        report.template.entries
    )


@judges_criterion("citations")
def citations(report: Report, marks: Marks) -> None:
    """Enough different works are cited, and every citation is resolved."""
    known = report.bibliography.by_key()
    cited: dict[str, Place] = {}
    for mention in report.document.citations:
        cited.setdefault(mention.key, mention.place)
    good = [key for key in cited if key in known and is_own(report, key)]
    if not good:
        marks.nothing("no work is cited that is in the bibliography")
        return
    least = marks["least"]
    if len(good) < least:
        said = f"{len(good)} different works are cited, fewer than {least}"
        marks.fault(said, points=marks.criterion.points * (least - len(good)) / least)
    for key, place in cited.items():
        if key not in known:
            marks.fault(f"the citation '{key}' is not in the bibliography", place)
    document = report.document
    if document.bibliographies and not document.prints_bibliography and not document.items:
        marks.fault("the bibliography is not printed", document.bibliographies[0].place)


@judges_criterion("bibliography")
def bibliography(report: Report, marks: Marks) -> None:
    """No entry twice, none empty, the fields complete; entries that are cited count."""
    found = report.bibliography
    cited = {mention.key for mention in report.document.citations}
    entries = [e for e in found.entries if is_own(report, e.key)]
    for problem in found.problems:
        if problem.kind in ("bibliography", "missing"):
            marks.fault(problem.text, problem.place)
    if not [entry for entry in entries if entry.key in cited]:
        marks.nothing("there is no entry of your own that is cited")
        return
    for key, place in found.duplicates:
        marks.fault(f"the key '{key}' is there twice", place)
    for first, second in same_works(entries):
        marks.fault(f"'{second.key}' is the same work as '{first.key}'", second.place)
    for entry in entries:
        if lacks := entry.missing():
            said = f"the entry '{entry.key}' has no {', no '.join(lacks)}"
            marks.fault(said, entry.place)
        if entry.key not in cited and report.document.cites_everything is None:
            marks.note(f"the entry '{entry.key}' is not cited", entry.place)
