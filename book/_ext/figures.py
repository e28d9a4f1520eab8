"""A figure without alternative text is a warning, and the book is built with warnings as errors."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
GRAPHIC = re.compile(r"<(?:svg|img)\b[^>]*>")
NAMED = re.compile(r"""\b(?:alt|aria-label|aria-labelledby|aria-hidden)=["'][^"']+["']""")
ADVICE = 'end the cell with plot.show(fig, alt="..."), or give the image an `:alt:`.'


def unnamed_graphics(html: str) -> list[str]:
    """The opening tags of graphics that a screen reader could not name."""
    return [tag for tag in GRAPHIC.findall(html) if not NAMED.search(tag)]


def check_alternative_text(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Warn about each image or inline graphic of a page that has no text."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            LOGGER.warning(f"an image has no alternative text: {ADVICE}", location=image)
    for raw in doctree.findall(nodes.raw):
        if "html" in raw.get("format", "") and unnamed_graphics(raw.astext()):
            LOGGER.warning(f"a figure has no alternative text: {ADVICE}", location=docname)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-resolved", check_alternative_text)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
