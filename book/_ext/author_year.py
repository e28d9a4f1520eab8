"""Bibliography labels of the form "Han et al., 2015", as the text cites them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style as UnsortedStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.template import field, sentence
from sphinx.application import Sphinx


def surname(person: Any) -> str:
    """The surname with its particles, without the braces of BibTeX."""
    return " ".join([*person.prelast_names, *person.last_names]).replace("{", "").replace("}", "")


def authors(entry: Entry) -> str:
    """One name, two names, or the first and "et al."."""
    names = [surname(person) for person in entry.persons["author"]]
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)


class AuthorYearLabels(BaseLabelStyle):
    """A letter follows the year where two entries would carry the same label."""

    def format_labels(self, sorted_entries: list[Entry]) -> Iterator[str]:
        labels = [f"{authors(entry)}, {entry.fields['year']}" for entry in sorted_entries]
        total, seen = Counter(labels), Counter[str]()
        for label in labels:
            letter = chr(ord("a") + seen[label]) if total[label] > 1 else ""
            seen[label] += 1
            yield label + letter


class AuthorYearStyle(UnsortedStyle):
    """Sorted by author and year, titles capitalized as in the file."""

    default_sorting_style = "author_year_title"
    default_label_style = "featherweight_author_year"

    def format_title(self, e: Entry, which_field: str, as_sentence: bool = True) -> Any:
        title = field(which_field)
        return sentence[title] if as_sentence else title


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("pybtex.style.labels", "featherweight_author_year", AuthorYearLabels)
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
