"""Errata of the sources: written where the computation is, listed once for the whole book.

How an author writes one, on any page, best under a heading of its own and before the code cell
that shows it::

    ```{erratum} E03
    :source: C, section 3
    :kind: units

    "ResNet-50 (25M parameters, 4GB memory)"
    ```

The body is the claim as written, one paragraph. All four parts are required. `kind` says what went
wrong in a word or two (arithmetic, units, definition, overclaim, inconsistency ...); `source` is
one of those that the errata page lists. Any page links to the entry by ``{ref}`erratum-e03` ``.

The errata page holds ``{errata}``, which becomes the table of all entries of all pages, in the
order of their identifiers. So a new chapter adds its errata on a page of its own and edits nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

REQUIRED = ("source", "kind")
TITLES = ("Entry", "Source", "Claim as written", "Kind of error")
WIDTHS = (10, 15, 55, 20)


class errata(nodes.General, nodes.Element):
    """The place where the table of all errata goes."""


class ErratumDirective(SphinxDirective):
    """The `erratum` directive: one claim of a source that does not hold."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = dict.fromkeys(REQUIRED, directives.unchanged_required)

    def run(self) -> list[nodes.Node]:
        missing = [name for name in REQUIRED if name not in self.options]
        if missing:
            raise self.error(f"an erratum needs `:{missing[0]}:`.")
        self.assert_has_content()
        entry = self.arguments[0]
        box = nodes.admonition("", classes=["erratum"], ids=[f"erratum-{entry.lower()}"])
        box += nodes.title("", f"{entry}: a claim that does not hold")
        claim = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, claim)
        self._register(entry, claim[0].deepcopy())
        box += claim.children
        about = f"Source: {self.options['source']}. Kind of error: {self.options['kind']}."
        box += nodes.paragraph("", about, classes=["erratum-about"])
        return [box]

    def _register(self, entry: str, claim: nodes.Node) -> None:
        name = f"erratum-{entry.lower()}"
        known = all_errata(self.env)
        if entry in known and known[entry]["docname"] != self.env.docname:
            raise self.error(f"{entry} is already used in {known[entry]['docname']}.")
        record = {"docname": self.env.docname, "name": name, "claim": claim, **self.options}
        self.env.featherweight_errata[entry] = record
        standard = self.env.get_domain("std")
        standard.labels[name] = (self.env.docname, name, entry)
        standard.anonlabels[name] = (self.env.docname, name)


class ErrataDirective(SphinxDirective):
    """The `errata` directive: the table of all entries."""

    def run(self) -> list[nodes.Node]:
        self.env.featherweight_errata_pages = {self.env.docname}
        return [errata("")]


def all_errata(env: BuildEnvironment) -> dict[str, dict[str, Any]]:
    """Entries by identifier."""
    if not hasattr(env, "featherweight_errata"):
        env.featherweight_errata = {}
    return env.featherweight_errata


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop the entries of a page that is about to be read again."""
    known = all_errata(env)
    env.featherweight_errata = {k: v for k, v in known.items() if v["docname"] != docname}


def merge(app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment) -> None:
    """Take over the entries that a parallel reader found."""
    all_errata(env).update(all_errata(other))


def rewrite_table(app: Sphinx, env: BuildEnvironment) -> set[str]:
    """The page with the table is written again whenever any page was read."""
    return getattr(env, "featherweight_errata_pages", set()) & env.found_docs


def fill_table(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the table where the `errata` directive stood."""
    for place in list(doctree.findall(errata)):
        entries = sorted(all_errata(app.env).items())
        place.replace_self(build_table(app, docname, entries))


def build_table(
    app: Sphinx, docname: str, entries: list[tuple[str, dict[str, Any]]]
) -> nodes.table:
    """One row for each entry, its identifier linked to where it is shown."""
    group = nodes.tgroup(cols=len(TITLES))
    group += [nodes.colspec(colwidth=width) for width in WIDTHS]
    head = nodes.thead()
    head += build_row([nodes.Text(title) for title in TITLES])
    body = nodes.tbody()
    for entry, record in entries:
        uri = app.builder.get_relative_uri(docname, record["docname"]) + "#" + record["name"]
        link = nodes.reference("", entry, internal=True, refuri=uri)
        cells = [
            nodes.Text(record["source"]),
            record["claim"].deepcopy(),
            nodes.Text(record["kind"]),
        ]
        body += build_row([link, *cells])
    group += [head, body]
    return nodes.table("", group, classes=["errata"])


def build_row(cells: list[nodes.Node]) -> nodes.row:
    """A row of one-paragraph cells."""
    row = nodes.row()
    for cell in cells:
        inline = not isinstance(cell, nodes.paragraph)
        row += nodes.entry("", nodes.paragraph("", "", cell) if inline else cell)
    return row


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(errata)
    app.add_directive("erratum", ErratumDirective)
    app.add_directive("errata", ErrataDirective)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", rewrite_table)
    app.connect("doctree-resolved", fill_table)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
