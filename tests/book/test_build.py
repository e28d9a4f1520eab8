"""What the configuration of the book does: tiny books built with it, good ones and bad ones."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from featherweight import cores
from tests.book.pages import ROOT

NOTEBOOK = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
PREFACE = (
    "# A book\n\n{cite:t}`han2015`, {doc}`chapter`.\n\n```{bibliography}\n```\n\n```{errata}\n```\n"
)
CHAPTER = """# A chapter

Five is {glue:text}`five`, in {ref}`erratum-e99`.

```{code-cell} ipython3
from pathlib import Path
from myst_nb import glue

Path("runs.txt").open("a").write("run\\n")
glue("five", int(Path("data.csv").read_text()), display=False)
```

```{erratum} E99
:source: a page
:kind: arithmetic

Two and two are *five*.
```

::::{quiz} What is $2 + 2$?
:name: quiz-sum

:::{choice} 4
:correct:

Count them.
:::

:::{choice} 5
One too many.
:::
::::
"""


def make_book(folder: Path, chapter: str) -> Path:
    """A book of two pages with this repository's configuration."""
    shutil.copy(ROOT / "_config.yml", folder)
    for name in ("_ext", "_static", "references.bib"):
        source, target = ROOT / "book" / name, folder / "book" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    toc = "format: jb-book\nroot: book/index\nchapters:\n- file: book/chapter\n"
    (folder / "_toc.yml").write_text(toc)
    (folder / "book" / "index.md").write_text(PREFACE)
    (folder / "book" / "chapter.md").write_text(NOTEBOOK + chapter)
    (folder / "book" / "data.csv").write_text("5")
    return folder


def quiz(options: str, *choices: str) -> str:
    """A quiz whose choices are "yes" or "no"."""
    marks = {"yes": ":correct:\n\n", "no": ""}
    body = [f":::{{choice}} {word}\n{marks[word]}Because.\n:::" for word in choices]
    return "\n\n".join(["::::{quiz} Why?\n" + options, *body, "::::"])


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build as the Makefile does."""
    return subprocess.run(
        [Path(sys.executable).parent / "jupyter-book", "build", ".", "-n", "-W", "--keep-going"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )


def text(folder: Path) -> str:
    """What a reader sees of the chapter, without tags."""
    html = (folder / "_build" / "html" / "book" / "chapter.html").read_text()
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def runs(folder: Path) -> int:
    """How often the chapter was executed."""
    return len((folder / "book" / "runs.txt").read_text().splitlines())


@pytest.fixture(scope="module")
def good_book(tmp_path_factory):
    folder = make_book(tmp_path_factory.mktemp("good"), CHAPTER)
    done = build(folder)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.slow
def test_a_chapter_has_its_numbers_and_errata_and_quizzes(good_book):
    chapter = (good_book / "_build" / "html" / "book" / "chapter.html").read_text()
    assert "Five is 5, in E99." in text(good_book)
    assert 'href="#erratum-e99"' in chapter
    assert chapter.count('type="radio" name="quiz-sum"') == 2
    assert chapter.count('data-verdict="right"') == 1
    preface = (good_book / "_build" / "html" / "book" / "index.html").read_text()
    assert 'href="chapter.html#erratum-e99"' in preface
    assert "Two and two are <em>five</em>." in preface


@pytest.mark.slow
def test_a_page_runs_again_when_its_data_changed_and_not_otherwise(good_book):
    before = runs(good_book)
    preface = good_book / "book" / "index.md"
    preface.write_text(preface.read_text() + "\nMore text.\n")
    assert build(good_book).returncode == 0
    assert runs(good_book) == before
    (good_book / "book" / "data.csv").write_text("6")
    assert build(good_book).returncode == 0
    assert runs(good_book) == before + 1
    assert "Five is 6, in" in text(good_book)


MEETING = """# A meeting

```{code-cell} ipython3
import time
from pathlib import Path

Path(MINE).touch()
stop = time.monotonic() + 60
while not Path(OTHER).exists():
    assert time.monotonic() < stop, "the other page does not run"
    time.sleep(0.1)
```
"""


@pytest.mark.slow
@pytest.mark.skipif(cores() < 2, reason="one core: one page at a time")
def test_pages_are_executed_side_by_side_and_once(tmp_path):
    folder = make_book(tmp_path, CHAPTER)
    with (folder / "_toc.yml").open("a") as toc:
        toc.write("- file: book/one\n- file: book/two\n")
    for mine, other in (("one", "two"), ("two", "one")):
        meeting = MEETING.replace("MINE", repr(mine)).replace("OTHER", repr(other))
        (folder / "book" / f"{mine}.md").write_text(NOTEBOOK + meeting)
    done = build(folder)
    assert done.returncode == 0, done.stdout
    assert runs(folder) == 1


@pytest.mark.slow
def test_a_failing_cell_fails_the_build(tmp_path):
    done = build(make_book(tmp_path, CHAPTER + "\n```{code-cell} ipython3\n1 / 0\n```\n"))
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.slow
def test_mistakes_of_an_author_fail_the_build_and_are_named(tmp_path):
    mistakes = {
        "An image without text ![](../book/_static/logo.svg)": "no alternative text",
        "A work that is not in the list {cite:t}`nobody1999`": "nobody1999",
        "A number that no cell computes {glue:text}`six`": "six",
        "A missing page {doc}`nowhere`": "nowhere",
        "A missing term {term}`frobnication`": "frobnication",
        "```{erratum} E98\n:source: a page\n:kind: none\n```": "Content block expected",
        quiz(":name: q1", "no", "no"): ":correct:",
        quiz("", "yes", "no"): ":name:",
        quiz(":name: q2", "yes"): "at least two",
    }
    figure = (
        "```{code-cell} ipython3\nfrom IPython.display import HTML\n\n"
        "HTML('<figure><svg role=\"img\"></svg></figure>')\n```"
    )
    done = build(make_book(tmp_path, CHAPTER + "\n\n".join(["", *mistakes, figure])))
    assert done.returncode != 0
    for message in [*mistakes.values(), "a figure has no alternative text"]:
        assert message in done.stdout, f"nothing said about: {message}\n{done.stdout}"
