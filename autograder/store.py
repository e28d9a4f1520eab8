"""The verdicts so far, one JSON file for each student, so that a killed run loses none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from autograder.files import safe_name, write_atomically
from autograder.gradesheets import written_cells
from autograder.verify import dumps, was_given_up


class RecordError(Exception):
    """The gradebook does not take a verdict; the message says what to do."""


class Store:
    """The verdicts on one assignment; in memory they are without notebooks.

    Beside each file of a verdict, `<name>.done` says that it is in the gradebook.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.entries: dict[str, dict] = {}
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._remember(json.loads(path.read_text(encoding="utf-8")))

    def _remember(self, entry: dict) -> None:
        light = {name: part for name, part in entry["graded"].items() if name != "notebook"}
        light["written"] = written_cells(entry["graded"]["notebook"])
        self.entries[light["student"]] = {"key": entry["key"], "graded": light}

    def path(self, student: str) -> Path:
        return self.folder / f"{safe_name(student)}.json"

    def done(self, student: str) -> Path:
        return self.folder / f"{safe_name(student)}.done"

    def holds(self, student: str, key: str) -> bool:
        """Whether the verdict on exactly this submission is there; one given up is none."""
        entry = self.entries.get(student)
        return entry is not None and entry["key"] == key and not was_given_up(entry["graded"])

    def save(self, key: str, graded: dict) -> None:
        self.done(graded["student"]).unlink(missing_ok=True)
        entry = {"key": key, "graded": graded}
        write_atomically(self.path(graded["student"]), dumps(entry).encode())
        self._remember(entry)

    def load(self, student: str) -> dict:
        """A verdict with its notebook."""
        return json.loads(self.path(student).read_text(encoding="utf-8"))["graded"]

    def settled(self, student: str) -> bool:
        return self.done(student).exists()

    def settle(self, student: str) -> None:
        self.done(student).touch()

    def forget_all_but(self, students: Iterable[str]) -> None:
        """Drop the verdicts on students whose folder is gone."""
        for student in set(self.entries) - set(students):
            self.path(student).unlink(missing_ok=True)
            self.done(student).unlink(missing_ok=True)
            del self.entries[student]


def verdicts_in(results: Path) -> list[dict]:
    """Every verdict in the folder, without notebooks: by assignment, then by student."""
    folders = sorted(path for path in results.glob("*") if path.is_dir())
    stores = [sorted(Store(folder).entries.items()) for folder in folders]
    return [entry["graded"] for entries in stores for _, entry in entries]
