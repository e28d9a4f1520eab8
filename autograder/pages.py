"""The frame of every page: escaped templates, one style, no network, a locked content policy."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

TEMPLATES = Path(__file__).parent / "templates"
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@functools.cache
def environment() -> jinja2.Environment:
    """Templates that escape whatever they are given, and drop what nobody can see of it."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    made.filters.update(points=points, words=words, ticked=ticked)
    made.filters.update(percent=percent, counted=counted, feedback_link=feedback_link)
    return made


def render(template: str, style: tuple[str, ...] = (), script: str = "", **values: object) -> str:
    """A page with its styles and its one script in it; the policy admits nothing else."""
    sheets = "".join(read(name) for name in ("style.css", *style))
    code = read(script) if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = Markup("'sha256-{}'").format(digest) if code else ""
    frame = {"style": Markup(sheets), "script": Markup(code), "script_hash": policy}
    return environment().get_template(template).render(**frame, **values)


def read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


# What templates say with.


def points(value: float) -> str:
    return f"{round(value, 4):g}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def words(name: str) -> str:
    """An id as words."""
    return name.replace("-", " ").replace("_", " ")


def visible(text: str) -> str:
    """Text without terminal colors, control characters and what turns the order of letters."""
    return UNSEEN.sub("", ANSI.sub("", text))


def ticked(text: str) -> Markup:
    """Text in which names between backticks are set as code."""
    return Markup(re.sub(r"`([^`\n]{1,200})`", r"<code>\1</code>", str(escape(visible(text)))))


def feedback_link(student: str, assignment: str) -> str:
    """Where a student's page lies, seen from the report."""
    parts = ("feedback", student, assignment, f"{assignment}.html")
    return "/".join(quote(part, safe="") for part in parts)


def preformatted(text: str) -> Markup:
    """Terminal text without colors, each line as it was last overwritten, not too many of them."""
    text = ANSI.sub("", text[:2_000_000])
    lines = [UNSEEN.sub("", line.rsplit("\r", 1)[-1]) for line in text.rstrip().split("\n")]
    if len(lines) > 200:
        lines = [*lines[:150], f"[{len(lines) - 180} lines left out]", *lines[-30:]]
    shown = "\n".join(line[:2000] for line in lines)
    return Markup("<pre>{}</pre>").format(shown[:50_000])
