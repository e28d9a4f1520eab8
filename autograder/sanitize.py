"""Make what a student's notebook shows inert, before anyone's browser opens it."""

from __future__ import annotations

import base64
import re

import nh3
from nbformat import NotebookNode, from_dict

ACTIVE = re.compile(r"<\s*/?\s*[a-z!?]|javascript\s*:|vbscript\s*:|data\s*:\s*text/html", re.I)
SCHEME = re.compile(r"(script|text/html)\s*(:|[,;])", re.I)
IMAGE = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
ALLOWED_TAGS = nh3.ALLOWED_TAGS - {"a", "area", "map"}


def safe_notebook(notebook: NotebookNode) -> NotebookNode:
    """Clean, in place, the outputs of every code cell and the text of every other cell."""
    for cell in notebook.cells:
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs = from_dict([safe_output(output) for output in cell.outputs])
        else:
            cell.source = safe_markdown(cell.source)
    return notebook


def safe_markdown(text: str) -> str:
    """Markdown with nothing active in it; prose such as 'a < b' stays as it is."""
    if not ACTIVE.search(text):
        return text
    return SCHEME.sub(r"\1 \2", text.replace("<", "&lt;"))


def safe_output(output: dict) -> dict:
    """One output with text, cleaned HTML and images only."""
    if "data" not in output:
        return output
    data = output["data"]
    kept = {kind: data[kind] for kind in ("text/plain", "image/png", "image/jpeg") if kind in data}
    kept = {kind: text for kind, text in kept.items() if kind == "text/plain" or is_base64(text)}
    if "text/markdown" in data or "text/latex" in data:
        kept["text/plain"] = data.get("text/markdown") or data.get("text/latex")
    if "image/svg+xml" in data:
        kept = {"text/html": svg_image(data["image/svg+xml"])}
    elif "text/html" in data:
        kept["text/html"] = safe_html(data["text/html"])
    return {**output, "data": kept}


def safe_html(text: str) -> str:
    """HTML without scripts, styles, links and requests; an inline SVG becomes an image."""
    found = re.fullmatch(r"(?s)\s*(?:<(?:div|figure)[^>]*>)?\s*(<svg\b.*</svg>).*", text)
    if found:
        return svg_image(found.group(1))
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    return nh3.clean(
        text,
        tags=ALLOWED_TAGS,
        attributes=attributes,
        url_schemes={"data"},
        attribute_filter=only_embedded,
    )


def only_embedded(tag: str, attribute: str, value: str) -> str | None:
    """Keep an attribute unless it names anything outside the page."""
    if attribute in ("src", "srcset", "cite", "href", "background"):
        return value if attribute == "src" and IMAGE.fullmatch(value) else None
    return value


def svg_image(svg: str) -> str:
    """An SVG as an image, in which no script runs and nothing is requested."""
    label = re.search(r"<title[^>]*>([^<]*)</title>|aria-label=\"([^\"]*)\"", svg)
    name = (label.group(1) or label.group(2)) if label else "figure"
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    alt = nh3.clean_text(name.strip())
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'


def is_base64(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9+/=\s]*", text) is not None
