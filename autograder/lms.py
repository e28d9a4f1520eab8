"""Names in the downloads of learning platforms: who handed in which file, and when.

What they write (Canvas: `lib/content_zipper.rb`; Moodle: `mod/assign/classes/downloader.php`;
Brightspace publishes no source, its names are known from downloads):

Canvas       doejane_LATE_12345_67890_a1.ipynb: the name's letters, LATE if it was, the user's id,
             the upload's id, the file. Graded anonymously: anon_abcde_67890_a1.ipynb. Text and
             links: doejane_12345_text.html. Only the latest attempt is in the download; a file
             whose name was there before is called a1-1.ipynb.
Moodle       Jane Doe_123_assignsubmission_file/a1.ipynb, once with `file_/`, or, if not downloaded
             in folders, Jane Doe_123_assignsubmission_file_a1.ipynb; `onlinetext` for text. 123 is
             the participant's number in this assignment and another one in the next.
Brightspace  123456-789012 - Jane Doe - Nov 20, 2026 1156 PM/a1.ipynb, or with ` - ` for `/`; each
             submission of a student stands apart. An index.html lies beside them. One number is
             the student's, the other is the same in the whole download.

On Canvas a student's id is made of the name and the number, which is theirs for good. On the others
it is the name alone, which is the same in every assignment, unless two in one download share it. So
two of a name who never hand in the same assignment cannot be told apart there.

The times that a zip gives its entries are never used: Canvas and Moodle set them to that of the
download. So Brightspace alone tells when, without a zone, and Canvas only that it was late.

`students.json`, which keeps who is who for the way back, is described in `autograder.roster`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC

from dateutil.parser import parse
from dateutil.tz import gettz
from nbgrader.plugins import FileNameCollectorPlugin
from traitlets import Unicode

from autograder.roster import visible

ANY_FOLDER = "(?:.*/)?"
CANVAS = (
    r"(?:(?!LATE_|anon_)(?P<name>\w*?)_)?(?:(?P<late>LATE)_)?(?P<number>\d+|anon_\w{5})_"
    r"(?:(?P<upload>\d+)_(?P<file_id>[^/]+)|(?:text|link)\.html)"
)
MOODLE = (
    r"(?P<name>[^/]+?)(?:_(?P<number>\d+))?_assignsubmission_"
    r"(?:file|onlinetext)(?:_?/|_)(?P<file_id>.+)"
)
BRIGHTSPACE = (
    r"(?P<number>\d+)-(?P<second>\d+) - (?P<name>[^/]+?) - "
    r"(?P<time>(?:(?! - )[^/])*?\b\d{4}\b(?:(?! - )[^/])*?)(?:(?: -)?/| - )(?P<file_id>.+)"
)


class UnknownNames(Exception):
    """Names that do not fit together; the message is one sentence for the instructor."""


@dataclass(frozen=True)
class Named:
    """What the name of one file in a download tells."""

    platform: str
    platform_id: str
    name: str
    label: str
    file: str
    late: bool = False
    time: str = ""
    upload: int = 0
    second: str = ""


class PlatformNames(FileNameCollectorPlugin):
    """One platform's names, by nbgrader's plugin for the names of files.

    So `nbgrader zip_collect --collector=autograder.lms.CanvasNames` reads them too. Nothing else
    of nbgrader's zip collector is used: it unpacks whatever a zip holds without limits, gives up on
    the whole class at a second file or an unreadable time, and keeps no late flags.
    """

    platform = ""

    def read(self, path: str) -> Named | None:
        """What a path in the download tells, None if it is not one of this platform."""
        match = re.fullmatch(self.named_regexp.removeprefix(ANY_FOLDER), path, re.DOTALL)
        return self.named(match.groupdict()) if match else None

    def named(self, groups: dict[str, str | None]) -> Named:
        name, number = visible(groups.get("name") or ""), groups.get("number") or ""
        return Named(
            self.platform,
            number,
            name,
            self.label(name, number),
            groups.get("file_id") or "",
            bool(groups.get("late")),
            groups.get("time") or "",
            int(groups.get("upload") or 0),
            groups.get("second") or "",
        )

    def label(self, name: str, number: str) -> str:
        """What the student's id is made of."""
        return name or number

    def collect(self, submitted_file: str) -> dict | None:
        """What nbgrader's zip collector asks for."""
        groups = super().collect(submitted_file)
        if not groups or not groups.get("file_id"):
            return None
        named = self.named(groups)
        found = {"student_id": named.label, "file_id": named.file}
        return found | ({"timestamp": platform_time(named.time)} if named.time else {})


class CanvasNames(PlatformNames):
    platform = "canvas"
    named_regexp = Unicode(ANY_FOLDER + CANVAS).tag(config=True)

    def label(self, name: str, number: str) -> str:
        return f"{name}-{number}" if name else number


class MoodleNames(PlatformNames):
    platform = "moodle"
    named_regexp = Unicode(ANY_FOLDER + MOODLE).tag(config=True)


class BrightspaceNames(PlatformNames):
    platform = "brightspace"
    named_regexp = Unicode(ANY_FOLDER + BRIGHTSPACE).tag(config=True)


PLATFORMS = {"canvas": "Canvas", "moodle": "Moodle", "brightspace": "Brightspace"}


def read_names(paths: Iterable[str]) -> dict[str, Named]:
    """What each path tells, by the one platform that they come from; empty if from none.

    Raises `UnknownNames` if only some of the notebooks are named by a platform, or by several.
    """
    wanted = list(paths)
    readers = (CanvasNames(), MoodleNames(), BrightspaceNames())
    every = [{path: named for path in wanted if (named := one.read(path))} for one in readers]
    found = [names for names in every if names]
    if not found:
        return {}
    rest = [p for p in wanted if p.lower().endswith(".ipynb") and p not in found[0]]
    if rest or len(found) > 1:
        path, named = next(iter(found[0].items()))
        other = rest[0] if rest else next(iter(found[1]))
        raise UnknownNames(
            f"'{path}' is named as {PLATFORMS[named.platform]} does it and '{other}' is not: "
            "give one download at a time, as it came, or a folder for each student."
        )
    return distinguished(numbered(found[0]))


def numbered(names: dict[str, Named]) -> dict[str, Named]:
    """The same, with the second number of a name where the first is the whole download's."""
    numbers = {named.platform_id for named in names.values()}
    people = {(named.name, named.second) for named in names.values()}
    if len(numbers) > 1 or len(people) == 1 or not all(named.second for named in names.values()):
        return names
    return {path: replace(named, platform_id=named.second) for path, named in names.items()}


def distinguished(names: dict[str, Named]) -> dict[str, Named]:
    """The same, with the number in the label of those who share their name with another."""
    people = {(named.label, named.platform_id) for named in names.values()}
    shared = {label for label, count in Counter(label for label, _ in people).items() if count > 1}
    return {
        path: replace(named, label=f"{named.label}-{named.platform_id or 'without-number'}")
        if named.label in shared
        else named
        for path, named in names.items()
    }


def platform_time(text: str, timezone: str = "UTC") -> str:
    """A time such as Brightspace's `Nov 20, 2026 1156 PM` in UTC; `ValueError` if it is none."""
    text = re.sub(r"\b(\d{1,2})(\d\d)(?=\s*[AP]M\b)", r"\1:\2", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\b\d{4} )(\d{1,2})(\d\d)$", r"\1:\2", text.strip())
    local = parse(text, ignoretz=True).replace(tzinfo=gettz(timezone))
    return local.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
