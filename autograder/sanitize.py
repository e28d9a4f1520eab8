"""Make what a student's notebook shows inert, before anyone's browser opens it.

Two readers open it: our own pages, which run no script at all, and nbgrader's formgrader, which
renders Markdown and TeX.
"""

from __future__ import annotations

import base64
import re

import nh3
from nbformat import NotebookNode, from_dict

TAG = re.compile(r"<(?=[a-z/!?])", re.I)
SCHEME = re.compile(r"(javascript|vbscript|text/html)\s*(?=[:,;])", re.I)
ENTITY = re.compile(r"&(?=#|colon;|tab;|newline;)", re.I)
REMOTE_IMAGE = re.compile(
    r"!(?=\[[^\]]*\](?:\(\s*<?\s*(?!attachment:)(?:[a-z][a-z0-9+.-]*:|[/\\]{2})|\s*\[|(?!\()))",
    re.I,
)
TEX_MACRO = re.compile(
    r"\\(?=(?:href|url|class|cssId|style|require|html\w*|unicode|includegraphics|input|"
    r"[egx]?def|let|newcommand|renewcommand|providecommand|newenvironment|DeclareMathOperator|"
    r"begingroup|toggle|action|texttip|mathchoice|bbox)(?![a-z]))",
    re.I,
)
IMAGE = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
ALLOWED_TAGS = nh3.ALLOWED_TAGS - {"a", "area", "map"}
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
NUMERIC = ("width", "height", "colspan", "rowspan", "start", "span", "size", "hspace", "vspace")
LARGEST = 2000


def safe_notebook(notebook: NotebookNode) -> NotebookNode:
    """Clean, in place, the outputs of every code cell and the text of every other cell."""
    for cell in safe_outputs(notebook).cells:
        if cell.cell_type != "code":
            cell.source = safe_markdown(cell.source)
    return notebook


def safe_outputs(notebook: NotebookNode) -> NotebookNode:
    """Clean, in place, the outputs only: for a page that shows each source as the text it is."""
    for cell in notebook.cells:
        pictures = safe_attachments(cell.pop("attachments", None))
        if pictures and cell.cell_type != "code":
            cell.attachments = from_dict(pictures)
        if cell.cell_type == "code":
            cell.outputs = from_dict([safe_output(output) for output in cell.outputs])
    return notebook


def safe_attachments(attached: object) -> dict[str, dict[str, str]]:
    """The pictures among what is attached to a cell."""
    bundles = attached if isinstance(attached, dict) else {}
    found = {}
    for name, bundle in bundles.items():
        kept = safe_data(bundle) if isinstance(bundle, dict) else {}
        pictures = {kind: data for kind, data in kept.items() if kind in PICTURES}
        if pictures:
            found[str(name)] = pictures
    return found


def safe_markdown(text: str) -> str:
    """Markdown with nothing active in it; prose such as 'a < b' stays as it is.

    No HTML, no address that runs, no image from elsewhere, no TeX macro that defines or links.
    """
    text = TEX_MACRO.sub(r"\\ ", REMOTE_IMAGE.sub("", text))
    return SCHEME.sub(r"\1 ", TAG.sub("&lt;", ENTITY.sub("&amp;", text)))


def safe_output(output: dict) -> dict:
    """One output with text, cleaned HTML and images only, in nbformat's form."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": as_text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else [lines]
        said = {name: as_text(output.get(name)) for name in ("ename", "evalue")}
        return {"output_type": "error", **said, "traceback": [as_text(line) for line in lines]}
    count = {"execution_count": None} if kind == "execute_result" else {}
    shown = "execute_result" if count else "display_data"
    data = output.get("data")
    cleaned = safe_data(data if isinstance(data, dict) else {})
    return {"output_type": shown, "metadata": {}, "data": cleaned, **count}


def safe_data(data: dict) -> dict[str, str]:
    """The forms of an output that can do no harm; Markdown and TeX become plain text."""
    texts = {kind: as_text(value) for kind, value in data.items()}
    kept = {kind: texts[kind] for kind in PICTURES if is_base64(texts.get(kind, "!"))}
    plain = texts.get("text/markdown") or texts.get("text/latex") or texts.get("text/plain")
    if plain is not None:
        kept["text/plain"] = plain
    if "image/svg+xml" in texts:
        return {"text/html": svg_image(texts["image/svg+xml"])}
    if "text/html" in texts:
        kept["text/html"] = safe_html(texts["text/html"])
    return kept


def as_text(value: object) -> str:
    """An output's text, which nbformat may hold as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else "" if value is None else str(value)


def safe_html(text: str) -> str:
    """HTML without scripts, styles, links and requests; an inline SVG becomes an image."""
    found = re.fullmatch(r"(?s)\s*(?:<(?:div|figure)[^>]*>)?\s*(<svg\b.*</svg>).*", text)
    if found:
        return svg_image(found.group(1))
    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    cleaned = nh3.clean(
        text,
        tags=ALLOWED_TAGS,
        attributes=attributes,
        url_schemes={"data"},
        attribute_filter=only_embedded,
    )
    return TEX_MACRO.sub(r"\\ ", cleaned)


def only_embedded(tag: str, attribute: str, value: str) -> str | None:
    """Keep an attribute unless it names anything outside the page, or is larger than a page."""
    if attribute in ("src", "srcset", "cite", "href", "background"):
        return value if attribute == "src" and IMAGE.fullmatch(value) else None
    if attribute in NUMERIC:
        return value if re.fullmatch(r"\d{1,4}", value) and int(value) <= LARGEST else None
    return value


def svg_image(svg: str) -> str:
    """An SVG as an image, in which no script runs and nothing is requested."""
    label = re.search(r"<title[^>]*>([^<]*)</title>|aria-label=\"([^\"]*)\"", svg)
    name = (label.group(1) or label.group(2) or "") if label else "figure"
    safe = "" if re.search(r"<!ENTITY", svg, re.I) else svg
    data = base64.b64encode(safe.encode("utf-8", "replace")).decode("ascii")
    alt = nh3.clean_text(name.strip()[:300])
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'


def is_base64(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9+/=\s]*", text) is not None
