"""The book's sources and built pages, as its tests see them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Tag(NamedTuple):
    """An opening tag: its name, attributes and line."""

    name: str
    attributes: dict[str, str]
    line: int


class Page(HTMLParser):
    """All opening tags of a page, in order."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[Tag] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, {k: v or "" for k, v in attrs}, self.getpos()[0]))

    def named(self, *names: str) -> list[Tag]:
        """The tags with one of these names."""
        return [tag for tag in self.tags if tag.name in names]

    def ids(self) -> list[str]:
        """All ids of the page."""
        return [tag.attributes["id"] for tag in self.tags if "id" in tag.attributes]


def sources() -> list[Path]:
    """The Markdown files under book/."""
    return sorted(path for path in BOOK.rglob("*.md") if not path.parent.name.startswith("_"))


def listed_in_toc() -> list[str]:
    """The files that _toc.yml names, in order."""

    def walk(node: object) -> list[str]:
        if isinstance(node, list):
            return [name for item in node for name in walk(item)]
        if isinstance(node, dict):
            own = [str(node[key]) for key in ("root", "file") if key in node]
            return own + [n for v in node.values() if isinstance(v, (list, dict)) for n in walk(v)]
        return []

    return walk(yaml.safe_load((ROOT / "_toc.yml").read_text()))


def prose(source: Path) -> str:
    """The text of a page without its code."""
    return re.sub(r"^```\{code-cell\}.*?^```$", "", source.read_text(), flags=re.M | re.S)


def cited_keys(text: str) -> set[str]:
    """The keys of all citations in a text."""
    roles = re.findall(r"\{cite[^}]*\}`([^`]+)`", text)
    return {key.strip() for keys in roles for key in keys.split(",")}
