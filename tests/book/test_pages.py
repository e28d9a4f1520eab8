"""What holds for the built pages, read as files."""

import os
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.book.pages import Page, listed_in_toc

REMOTE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
LOADED_BY_SCRIPT = re.compile(
    r"""(?:import\s*\(?|importScripts\(|\.src\s*=|fetch\()\s*["'`]https?:"""
)
LOADED_BY_STYLE = re.compile(r"""(?:@import\s+|url\()\s*["']?(?:https?:)?//""")
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


@pytest.fixture(scope="module")
def pages(built_book: Path) -> dict[str, Page]:
    files = (path for path in built_book.rglob("*.html") if "_static" not in path.parts)
    return {path.relative_to(built_book).as_posix(): Page(path.read_text()) for path in files}


def test_every_listed_page_was_built(built_book):
    for name in listed_in_toc():
        assert (built_book / f"{name}.html").is_file()


def test_no_page_loads_anything_from_another_host(pages):
    for name, page in pages.items():
        for tag in page.named(*LOADING):
            assert not REMOTE.match(tag.attributes.get(LOADING[tag.name], "")), (name, tag)


def test_no_script_or_style_of_a_page_loads_anything_from_another_host(built_book):
    for path in built_book.rglob("*"):
        if path.suffix in (".js", ".html") and "mathjax" not in path.parts:
            assert not LOADED_BY_SCRIPT.search(path.read_text()), path
        if path.suffix in (".css", ".html"):
            assert not LOADED_BY_STYLE.search(path.read_text()), path


def test_nothing_offers_to_run_code_on_another_host(built_book):
    for path in built_book.rglob("*.html"):
        assert not re.search("thebe|binder|colab|jsdelivr|unpkg|cdnjs", path.read_text()), path


def test_every_graphic_has_a_text(pages):
    for name, page in pages.items():
        for tag in page.named("img"):
            assert "alt" in tag.attributes, (name, tag)
        for tag in page.named("svg"):
            named = {"aria-label", "aria-labelledby", "aria-hidden"} & tag.attributes.keys()
            assert named, (name, tag)


def test_figures_are_described_in_a_sentence(pages):
    figures = [
        tag.attributes["aria-label"]
        for page in pages.values()
        for tag in page.named("svg")
        if tag.attributes.get("role") == "img"
    ]
    assert figures
    assert all(len(text.split()) >= 8 for text in figures)


def test_ids_are_unique(pages):
    for name, page in pages.items():
        repeated = {i for i in page.ids() if page.ids().count(i) > 1}
        assert not repeated, (name, repeated)


def test_links_within_the_book_lead_somewhere(pages, built_book):
    for name, page in pages.items():
        for tag in page.named("a"):
            link = urlsplit(tag.attributes.get("href", ""))
            if link.scheme or link.netloc or not (link.path or link.fragment):
                continue
            here = built_book / name
            target = Path(os.path.normpath(here.parent / unquote(link.path) if link.path else here))
            assert target.is_file(), (name, tag)
            if link.fragment and target.suffix == ".html":
                other = (
                    pages[target.relative_to(built_book.resolve()).as_posix()]
                    if link.path
                    else page
                )
                assert unquote(link.fragment) in other.ids(), (name, tag)


def test_headings_descend_one_level_at_a_time(pages):
    for name, page in pages.items():
        levels = [int(tag.name[1]) for tag in page.named("h1", "h2", "h3", "h4", "h5", "h6")]
        steps = [after - before for before, after in pairwise(levels)]
        assert all(step <= 1 for step in steps), (name, levels)


def test_no_number_was_left_out(built_book):
    for path in (built_book / "book").rglob("*.html"):
        assert "pending_glue" not in path.read_text()
        assert "{glue" not in path.read_text()


def test_the_errata_page_lists_every_entry(pages, built_book):
    entries = {i for page in pages.values() for i in page.ids() if i.startswith("erratum-")}
    table = [
        urlsplit(tag.attributes["href"]).fragment
        for tag in pages["book/errata.html"].named("a")
        if "#erratum-" in tag.attributes.get("href", "")
    ]
    assert entries
    assert set(table) == entries


def test_each_quiz_explains_every_choice(pages):
    quizzes = 0
    for name, page in pages.items():
        if not name.startswith("book/"):
            continue
        classes = [tag.attributes.get("class", "") for tag in page.tags]
        choices = classes.count("quiz-choice")
        assert classes.count("quiz-why") == choices, name
        assert sum(tag.attributes.get("type") == "radio" for tag in page.named("input")) == choices
        quizzes += classes.count("quiz")
    assert quizzes >= 2
