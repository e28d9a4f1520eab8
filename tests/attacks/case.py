"""Read a case: a file with a header that says what must come of it, and cells by name."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

CASES = Path(__file__).parent / "cases"
WALLED = ("escaping", "exhausting")
SCRIPTS = ("notebook", "file", "folder", "zip")
HEADER = re.compile(r'\A"""(.+?)"""\n+# ---\n((?:#.*\n)+?)# ---\n', re.DOTALL)
CELL = re.compile(r"^# %%[ ]*(.*)\n", re.MULTILINE)


class BadCase(Exception):
    """A case that is written wrongly."""


@dataclass(frozen=True)
class Case:
    """One submission and its expected verdict.

    A check that `scores` omits gets what it says of `others`, or else full marks.
    """

    name: str
    threat: str
    attempt: str
    scores: dict[str, float] = field(default_factory=dict)
    causes: dict[str, str | list[str]] = field(default_factory=dict)
    verdict: str = "graded"
    refused: str = ""
    shows: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    forbidden: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    student: str = "student-01"
    times: int = 1
    sandbox: bool = False
    control: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]

    @property
    def needs_sandbox(self) -> bool:
        return self.sandbox or self.group in WALLED

    def expected_scores(self, points: dict[str, float]) -> dict[str, float]:
        """Every check's score, given what each can give."""
        others = 0 if self.verdict != "graded" else self.scores.get("others")
        named = {name: self.scores[name] for name in points if name in self.scores}
        return {name: points[name] if others is None else others for name in points} | named

    def unexpected_causes(self, found: dict[str, str]) -> dict[str, str]:
        """The checks that gave no more for another reason than the header names."""
        others = self.causes.get("others", self.verdict)
        expected = {name: aslist(self.causes.get(name, others)) for name in found}
        return {name: cause for name, cause in found.items() if cause not in expected[name]}


def all_cases() -> list[Case]:
    return [read_case(path) for path in sorted(CASES.glob("*/*.py"))]


def read_case(path: Path) -> Case:
    """The case in a file; a misspelled header or cell is an error."""
    name = path.relative_to(CASES).with_suffix("").as_posix()
    text = path.read_text(encoding="utf-8")
    head = HEADER.match(text)
    if head is None:
        raise BadCase(f"{name} does not begin with a sentence and a header between lines '# ---'")
    header = yaml.safe_load(re.sub(r"(?m)^# ?", "", head.group(2)))
    header["attempt"] = " ".join(head.group(1).split())
    if unknown := set(header) - {entry.name for entry in fields(Case)}:
        raise BadCase(f"{name} has unknown keys in its header: {sorted(unknown)}")
    listed = ("shows", "never", "notes", "flags", "forbidden", "unavailable")
    lists = {key: aslist(header[key]) for key in listed if key in header}
    return Case(name=name, **(header | lists), **cells_of(name, text[head.end() :]))


def aslist(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def cells_of(name: str, body: str) -> dict:
    """What stands under each `# %%` line, by what the line says."""
    from tests.attacks.assignment import ANSWERS

    answers, added, scripts = {}, [], {}
    _, *parts = CELL.split(body)
    for title, source in zip(parts[::2], parts[1::2], strict=True):
        source = source.strip("\n")
        if title in ANSWERS:
            answers[title] = source
        elif title.strip("[]") in SCRIPTS:
            scripts[title.strip("[]")] = source
        elif not title:
            added.append(source)
        else:
            raise BadCase(f"{name} has a cell of unknown name: {title!r}")
    if not (answers or added or scripts):
        raise BadCase(f"{name} has no cell")
    return {"answers": answers, "added": added, "scripts": scripts}
