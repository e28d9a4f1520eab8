"""Read a report's LaTeX sources with a parser and gather what a reader finds in them."""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pylatexenc import latexwalker as tex
from pylatexenc.latex2text import LatexNodes2Text

from autograder.project import grammar
from autograder.project.document import (
    FORMULA,
    Cell,
    Document,
    Float,
    Formula,
    Item,
    Mention,
    Picture,
    Problem,
    Prose,
    Section,
    Table,
)
from autograder.project.sources import (
    OwnMacro,
    Place,
    Source,
    decoded,
    leads_out,
    masked,
    own_environments,
    own_macros,
    resolved,
    source_of,
    without_definitions,
)

BEGIN_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
END_DOCUMENT = re.compile(r"\\end\s*\{document\}")
DEEPEST = 12
"""How deep a macro of the report's own may stand for others, and files may call files."""
TEXT_ENDINGS = (".tex", ".ltx")
PICTURE_ENDINGS = (".pdf", ".png", ".jpg", ".jpeg", ".eps", ".svg", ".mps", ".PNG", ".JPG", ".PDF")
MAX_TEXT = 10**6
"""Characters of all files together that are read."""
LABEL_KEY = re.compile(r"label\s*=\s*\{?([^,{}\]]+)")
CAPTION_KEY = re.compile(r"caption\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
Node = Any
Flow = Iterable[tuple[Node, Source]]

logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


def read_report(files: dict[str, bytes], main: str) -> Document:
    """The document whose main file is named; what is wrong with the files is noted in it."""
    reader = Reader(files, main)
    reader.read()
    return reader.found


class Reader:
    """Walks the sources in the order in which LaTeX would read them."""

    def __init__(self, files: dict[str, bytes], main: str):
        self.files, self.folder = files, posixpath.dirname(main)
        self.names = set(files)
        self.found = Document(main=main)
        self.texts: dict[str, str] = {}
        self.macros: dict[str, OwnMacro] = {}
        self.environments: dict[str, str] = {}
        self.known: Any = None
        self.room = MAX_TEXT
        self.open: list[str] = []
        self.depth = 0
        self.floats: list[Float] = []
        self.section: Section | None = None
        self.prose = self.found.front
        self.appendix = False
        self.picture_folders = [""]

    # -------------------------------------------------------------- files

    def text(self, name: str) -> str:
        """A file's text without what LaTeX does not typeset; the report's commands are noted."""
        if name not in self.texts:
            text, bad_line = decoded(self.files[name])
            if bad_line:
                said = "is not UTF-8: save it in that encoding (it is read as Latin-1)"
                self.problem("encoding", said, Place(name, bad_line))
            if len(text) > self.room:
                self.problem("size", "is too long to be read to its end", Place(name, 1))
            visible = masked(text[: self.room])
            self.room -= len(visible)
            mine = own_macros(visible)
            known = grammar.known_commands()
            self.macros |= {one.name: one for one in mine if one.name not in known}
            self.environments |= own_environments(visible)
            self.texts[name] = without_definitions(visible, mine)
            self.known = None
        return self.texts[name]

    def database(self) -> Any:
        """What the parser knows, made anew when a file defined more."""
        if self.known is None:
            own = {name: macro.arguments for name, macro in self.macros.items()}
            self.known = grammar.context(own, self.environments)
        return self.known

    def problem(self, kind: str, text: str, place: Place | None = None) -> None:
        one = Problem(kind, text, place)
        if str(one) not in {str(other) for other in self.found.problems}:
            self.found.problems.append(one)

    def read(self) -> None:
        """Read the preamble, then the document."""
        main = self.found.main
        self.found.read.add(main)
        text = self.text(main)
        styles = sorted(name for name in self.names if name.endswith((".sty", ".cls")))
        for name in styles:  # they define commands before these are used
            style = source_of(self.text(name), name)
            for node, source in self.flow(self.parsed(style, noting=False), style):
                self.in_preamble(node, source)
        begin = BEGIN_DOCUMENT.search(text)
        preamble = source_of(text, main, 0, begin.start() if begin else 0)
        end = END_DOCUMENT.search(text)
        body = source_of(text, main, begin.end() if begin else 0, end.start() if end else None)
        self.open.append(main)
        for node, source in self.flow(self.parsed(preamble), preamble):
            self.in_preamble(node, source)
        self.visit(self.flow(self.parsed(body), body))

    def parsed(self, source: Source, noting: bool = True) -> list[Node]:
        """The nodes of a text; what the parser finds wrong with it is noted once."""
        for tolerant in (False, True):
            walker = tex.LatexWalker(
                source.text, latex_context=self.database(), tolerant_parsing=tolerant
            )
            try:
                return walker.get_latex_nodes()[0]
            except tex.LatexWalkerParseError as error:
                opened = getattr(error, "open_contexts", None)
                where = opened[-1][1] if opened else error.pos or 0
                said = " ".join(str(error.msg).split())[:120]
                if noting:
                    self.problem("syntax", f"LaTeX cannot read this: {said}", source.place(where))
            except RecursionError:
                self.problem("syntax", "is nested too deep to be read", source.place(0))
                return []
        return []

    def flow(self, nodes: Iterable[Node], source: Source) -> Iterator[tuple[Node, Source]]:
        """The nodes with files and the report's own commands replaced by what they stand for."""
        pending = [node for node in nodes if node is not None]
        skip = 0
        for number, node in enumerate(pending):
            if skip:
                skip -= 1
                continue
            if node.isNodeType(tex.LatexCommentNode):
                continue
            if not node.isNodeType(tex.LatexMacroNode):
                yield node, source
            elif node.macroname in grammar.INPUTS or node.macroname in grammar.TWO_PART_INPUTS:
                yield from self.included(node, source)
                skip = self.bare_name(node, source, pending[number + 1 : number + 2])
            elif node.macroname in self.macros:
                yield from self.expanded(node, source)
            elif node.macroname == "cmidrule":
                skip = self.rule_arguments(pending[number + 1 : number + 3])
            elif node.macroname in grammar.MULTIPLE_CITATIONS:
                for other in pending[number + 1 :]:
                    if not (other.isNodeType(tex.LatexGroupNode) or bracketed(other)):
                        break
                    if other.isNodeType(tex.LatexGroupNode):
                        self.cite(raw(other), source.place(node.pos), node.macroname)
                    skip += 1
            else:
                yield node, source

    def bare_name(self, node: Node, source: Source, following: list[Node]) -> int:
        """Shorten the text behind `\\input name`, whose name has no braces."""
        argument = node.nodeargd.argnlist[-1] if node.nodeargd else None
        if argument is None or argument.isNodeType(tex.LatexGroupNode) or not following:
            return 0
        if following[0].isNodeType(tex.LatexCharsNode):
            following[0].chars = re.sub(r"^\S*", "", following[0].chars)
        return 0

    @staticmethod
    def rule_arguments(following: list[Node]) -> int:
        """How many nodes the arguments of a rule such as \\cmidrule(lr){2-3} are."""
        count = 0
        for node in following:
            if node.isNodeType(tex.LatexCharsNode) and not count:
                node.chars = re.sub(r"^\s*(\[[^]]*\])?\s*(\([^)]*\))?", "", node.chars)
                if node.chars.strip():
                    return 0
                count += 1
            elif node.isNodeType(tex.LatexGroupNode):
                return count + 1
        return 0

    def included(self, node: Node, source: Source) -> Flow:
        """The nodes of a file that the report reads in."""
        place = source.place(node.pos)
        written = self.file_name(node, source)
        if not written or written.endswith((".pgf", ".tikz", ".bbl", ".sty", ".cls")):
            return
        if leads_out(written, self.folder):
            said = f"\\{node.macroname} leads out of the report's folder ('{written[:80]}')"
            self.problem("path", f"{said}: it is not read", place)
            return
        name = resolved(written, self.folder, self.names, TEXT_ENDINGS)
        if name is None:
            self.problem("missing", f"the file '{written[:80]}' is not there", place)
        elif name in self.open or len(self.open) > DEEPEST:
            self.problem("loop", f"'{written[:80]}' is read while it is being read", place)
        else:
            self.found.read.add(name)
            inner = self.inner_source(name)
            self.open.append(name)
            try:
                yield from self.flow(self.parsed(inner), inner)
            finally:
                self.open.pop()

    def inner_source(self, name: str) -> Source:
        """A file to read in; of one with a preamble of its own, as `subfile` allows, the body."""
        text = self.text(name)
        begin, end = BEGIN_DOCUMENT.search(text), END_DOCUMENT.search(text)
        return source_of(text, name, begin.end() if begin else 0, end.start() if end else None)

    def file_name(self, node: Node, source: Source) -> str:
        given = [
            one for one in (node.nodeargd.argnlist if node.nodeargd else []) if one is not None
        ]
        if given and not given[-1].isNodeType(tex.LatexGroupNode):
            rest = source.text[given[-1].pos :]
            found = re.match(r"\s*([^\s\\{}]+)", rest)
            return found[1] if found else ""
        names = [inside(one).strip() for one in given if one.isNodeType(tex.LatexGroupNode)]
        return posixpath.join(*names) if names else ""

    def expanded(self, node: Node, source: Source) -> Flow:
        """The nodes of what a command of the report's own stands for."""
        if self.depth >= DEEPEST:
            said = f"\\{node.macroname} stands for itself without end"
            self.problem("loop", said, source.place(node.pos))
            return
        given = node.nodeargd.argnlist if node.nodeargd else []
        body = self.macros[node.macroname].body
        for number, argument in enumerate(given, 1):
            body = body.replace(f"#{number}", inside(argument) if argument is not None else "")
        inner = Source(body[:20_000], source.file, 0, source.place(node.pos))
        self.depth += 1
        try:
            yield from self.flow(self.parsed(inner), inner)
        finally:
            self.depth -= 1

    # -------------------------------------------------------------- the preamble

    def in_preamble(self, node: Node, source: Source) -> None:
        if not node.isNodeType(tex.LatexMacroNode):
            return
        name, place = node.macroname, source.place(node.pos)
        if name == "documentclass":
            self.found.document_class = last(node)
        elif name in ("usepackage", "RequirePackage"):
            self.found.packages |= set(split(given_in(node, -2)))
        elif name == "graphicspath":
            self.picture_folders += re.findall(r"\{([^{}]+)\}", raw(node))
        else:
            self.everywhere(node, source, name, place)

    def everywhere(self, node: Node, source: Source, name: str, place: Place) -> bool:
        """What may stand in the preamble and in the text; whether it was one of these."""
        if name == "title":
            self.found.title = self.plain(argument_of(node), source)
        elif name in ("author", "affil", "IEEEauthorblockN"):
            self.found.authors += " " + self.plain(argument_of(node), source)
        elif name in ("addbibresource", "bibliography", "printbibliography"):
            if name != "printbibliography":
                names = [last(node)] if name == "addbibresource" else split(last(node))
                self.found.bibliographies += [Mention(one, place, name) for one in names]
            if name != "addbibresource":
                self.found.prints_bibliography = self.found.prints_bibliography or place
        elif name == "write" or name == "ShellEscape":
            if name == "ShellEscape" or re.match(r"\\write\s*18", source.text[node.pos :]):
                said = "\\write18 would run a program: the sandbox does not let it"
                self.problem("shell", said, place)
        else:
            return False
        return True

    # -------------------------------------------------------------- the text

    def visit(self, flow: Flow) -> None:
        """Gather what is in a piece of the text."""
        for node, source in flow:
            if node.isNodeType(tex.LatexCharsNode):
                self.prose.add(node.chars, source.place(node.pos))
            elif node.isNodeType(tex.LatexGroupNode):
                self.visit(self.flow(node.nodelist, source))
            elif node.isNodeType(tex.LatexMathNode):
                self.formula(node, source, node.displaytype == "display")
            elif node.isNodeType(tex.LatexSpecialsNode):
                self.specials(node, source)
            elif node.isNodeType(tex.LatexEnvironmentNode):
                self.environment(node, source)
            elif node.isNodeType(tex.LatexMacroNode):
                self.macro(node, source, node.macroname, source.place(node.pos))

    def specials(self, node: Node, source: Source) -> None:
        said = {"~": " ", "&": " ", "--": "–", "---": "—", "``": "“", "''": "”", "\n\n": "\n\n"}
        self.prose.add(said.get(node.specials_chars, node.specials_chars), source.place(node.pos))

    def formula(self, node: Node, source: Source, display: bool) -> None:
        place = source.place(node.pos)
        self.found.formulas.append(Formula(raw(node), place))
        self.gather_labels(node, source)
        if not display:
            text = self.plain(node, source)
            self.prose.add(f"{FORMULA}{text}{FORMULA}", place)
        else:
            self.prose.add(" ", place)

    def gather_labels(self, node: Node, source: Source) -> None:
        for inner in walk(node):
            if inner.isNodeType(tex.LatexMacroNode):
                place = source.place(inner.pos)
                if inner.macroname == "label":
                    self.found.labels.append(Mention(last(inner), place))
                elif inner.macroname in grammar.REFERENCES:
                    self.refer(inner, place)

    def macro(self, node: Node, source: Source, name: str, place: Place) -> None:
        """A command in the text."""
        if name in grammar.LEVELS:
            self.heading(node, source, name, place)
        elif name == "label":
            self.label(last(node), place)
        elif name in grammar.REFERENCES:
            self.refer(node, place)
            if name == "hyperref":
                self.prose.add(self.plain(argument_of(node), source), place)
        elif name in grammar.CITATIONS:
            self.cite(last(node), place, name)
        elif name == "nocite":
            self.found.cites_everything = place if "*" in last(node) else None
        elif name in ("caption", "caption*", "captionof", "topcaption", "captionbox"):
            self.caption(node, source, place)
        elif name in grammar.SUBCAPTIONS:
            self.subfloat(node, source, place)
        elif name in grammar.GRAPHICS:
            self.picture(last(node) if name != "epsfig" else raw(node), place)
        elif name == "bibitem":
            self.found.items.append(Item(last(node), place))
            self.prose = self.found.items[-1].prose
        elif name == "appendix" or name == "appendices":
            self.appendix = True
        elif name in ("todo", "missingfigure"):
            self.found.notes.append((self.plain(argument_of(node), source), place))
        elif name in ("footnote", "footnotetext", "thanks"):
            self.prose.add(" ", place)
            self.visit(self.flow([argument_of(node)], source))
            self.prose.add(" ", place)
        elif name in ("href",):
            self.prose.add(self.plain(argument_of(node), source), place)
        elif not self.everywhere(node, source, name, place) and name not in grammar.SILENT:
            self.other(node, source, place)

    def other(self, node: Node, source: Source, place: Place) -> None:
        """A command that typesets something: a symbol, a number, or its argument."""
        if text := spoken(node):
            self.prose.add(text, place)
        elif node.macroname in ("\\", "newline", "par"):
            self.prose.add(" ", place)
        elif node.macroname == "verb":
            self.prose.add(" code ", place)
        elif (argument := argument_of(node)) is not None:
            self.visit(self.flow([argument], source))

    def heading(self, node: Node, source: Source, name: str, place: Place) -> None:
        level = grammar.LEVELS[name]
        if name != "chapter" and self.found.document_class in ("report", "book", "scrreprt"):
            level += 1
        arguments = node.nodeargd.argnlist
        title = self.plain(arguments[-1], source)
        self.section = Section(title, level, place, arguments[0] is None, self.appendix)
        self.found.sections.append(self.section)
        self.gather_part_labels(arguments[-1], source)
        self.prose = self.section.prose
        if self.floats:
            self.problem("syntax", f"a {self.floats[-1].kind} is still open here", place)

    def label(self, key: str, place: Place) -> None:
        self.found.labels.append(Mention(key, place))
        if self.floats:
            self.floats[-1].labels.append(key)

    def refer(self, node: Node, place: Place) -> None:
        kind = grammar.REFERENCES[node.macroname]
        given = [one for one in node.nodeargd.argnlist if one is not None]
        given = given[:1] if node.macroname == "hyperref" else given[-kind.count("{") :]
        keys = [key for one in given for key in split(inside(one))]
        self.found.references += [Mention(key, place, node.macroname) for key in keys]

    def cite(self, keys: str, place: Place, command: str) -> None:
        keys = keys.strip("{}")
        self.found.citations += [Mention(key, place, command) for key in split(keys)]

    def caption(self, node: Node, source: Source, place: Place) -> None:
        starred = node.macroname.endswith("*") or node.nodeargd.argnlist[0] is not None
        with self.aside(Prose()) as prose:
            self.visit(self.flow([argument_of(node)], source))
        text = " ".join(prose.text.replace(FORMULA, "").split())
        self.found.captions.add(f"{text}\n\n", place)
        if self.floats:
            self.floats[-1].captions.append((text, place))
            self.floats[-1].numbered = self.floats[-1].numbered and not starred
        elif node.macroname == "captionof":
            kind = inside(node.nodeargd.argnlist[1])
            made = Float(kind if kind in ("figure", "table") else "figure", place)
            made.captions.append((text, place))
            made.tables, self.found.loose_tables = self.found.loose_tables[-1:], []
            made.pictures, self.found.loose_pictures = self.found.loose_pictures[-1:], []
            self.found.floats.append(made)

    def subfloat(self, node: Node, source: Source, place: Place) -> None:
        """A part of a figure that a command makes, with its caption and what is in it."""
        if node.macroname == "subcaption":
            self.caption(node, source, place)
            return
        part = Float(self.floats[-1].kind if self.floats else "figure", place)
        arguments = [one for one in node.nodeargd.argnlist if one is not None]
        captions = arguments[:-1] if node.macroname == "subfloat" else arguments[:1]
        (self.floats[-1].parts if self.floats else self.found.floats).append(part)
        self.floats.append(part)
        for argument in captions[:1]:
            part.captions.append((self.plain(argument, source), place))
            self.gather_part_labels(argument, source)
        with self.aside(Prose()):
            self.visit(self.flow(arguments[-1:], source))
        self.floats.pop()

    def gather_part_labels(self, node: Node, source: Source) -> None:
        for inner in walk(node):
            if inner.isNodeType(tex.LatexMacroNode) and inner.macroname == "label":
                self.label(last(inner), source.place(inner.pos))

    def picture(self, written: str, place: Place) -> None:
        if match := re.search(r"file\s*=\s*([^,{}]+)", written):
            written = match[1]
        name = self.picture_file(written.strip(), place)
        found = Picture(place, name)
        (self.floats[-1].pictures if self.floats else self.found.loose_pictures).append(found)

    def picture_file(self, written: str, place: Place) -> str:
        """The file of a picture, the name as it is written if there is none."""
        if leads_out(written, self.folder):
            said = f"the picture '{written[:80]}' lies outside of the report's folder"
            self.problem("path", f"{said}: it is not read", place)
            return written
        for folder in self.picture_folders:
            base = posixpath.join(self.folder, folder)
            name = resolved(written, base, self.names, PICTURE_ENDINGS)
            if name is not None:
                return name
        if not written.startswith("example-image"):
            self.problem("missing", f"the picture '{written[:80]}' is not there", place)
        return written

    # -------------------------------------------------------------- environments

    def environment(self, node: Node, source: Source) -> None:
        name, place = node.environmentname, source.place(node.pos)
        name = self.environments.get(name, name)
        inner = self.flow(node.nodelist, source)
        if name in grammar.FLOATS or name in grammar.SUBFLOATS:
            self.float(node, source, name, place)
        elif name in grammar.TABULARS:
            self.add_table(self.tabular(node, source))
        elif name in grammar.MATH:
            self.formula(node, source, True)
        elif name in ("tikzpicture", *grammar.PLOTS):
            self.drawing(node, source, place)
        elif name == "abstract":
            self.found.abstract, self.found.abstract_place = Prose(), place
            with self.aside(self.found.abstract):
                self.visit(inner)
        elif name == "thebibliography":
            self.found.prints_bibliography = self.found.prints_bibliography or place
            with self.aside(Prose()):
                self.visit(inner)
        elif name in ("appendix", "appendices", "subappendices"):
            self.appendix = True
            self.visit(inner)
        elif name not in ("lstlisting", "minted", "verbatim", "comment", "filecontents"):
            self.visit(inner)
            self.prose.add("\n", place)

    def float(self, node: Node, source: Source, name: str, place: Place) -> None:
        kind = grammar.FLOATS.get(name) or (self.floats[-1].kind if self.floats else "figure")
        made = Float(kind, place)
        nested = name in grammar.SUBFLOATS and bool(self.floats)
        (self.floats[-1].parts if nested else self.found.floats).append(made)
        self.floats.append(made)
        if name in ("longtblr",):
            self.outer_specification(node, source, made)
        with self.aside(Prose()):
            if name in grammar.TABULARS:
                made.tables.append(self.tabular(node, source))
            else:
                self.visit(self.flow(node.nodelist, source))
        self.floats.pop()

    def outer_specification(self, node: Node, source: Source, made: Float) -> None:
        """Caption and label of a tabularray's long table, which stand in its options."""
        options = next((raw(one) for one in node.nodeargd.argnlist if one is not None), "")
        if found := LABEL_KEY.search(options):
            self.label(found[1].strip(), made.place)
        if found := CAPTION_KEY.search(options):
            made.captions.append((found[1], made.place))

    def add_table(self, table: Table) -> None:
        (self.floats[-1].tables if self.floats else self.found.loose_tables).append(table)

    def tabular(self, node: Node, source: Source) -> Table:
        """The rows of a tabular; captions and labels in it belong to the float around it."""
        table = Table(source.place(node.pos))
        row: list[Cell] = []
        with self.aside(Prose()) as prose:
            for inner, where in self.flow(node.nodelist, source):
                ends = inner.isNodeType(tex.LatexMacroNode) and inner.macroname in (
                    "\\",
                    "tabularnewline",
                    "cr",
                )
                amp = inner.isNodeType(tex.LatexSpecialsNode) and inner.specials_chars == "&"
                if ends or amp:
                    row.append(self.cell(prose, table.place))
                    prose = self.prose = Prose()
                    if ends:
                        table.rows.append(row)
                        row = []
                elif inner.isNodeType(tex.LatexMacroNode) and inner.macroname == "multicolumn":
                    prose.add(f"\x02{raw(inner.nodeargd.argnlist[0])}\x02", where.place(inner.pos))
                    self.visit([(inner, where)])
                else:
                    self.visit([(inner, where)])
            row.append(self.cell(prose, table.place))
        if any(cell.text for cell in row):
            table.rows.append(row)
        table.rows = [row for row in table.rows if any(cell.text for cell in row)]
        return table

    @staticmethod
    def cell(prose: Prose, default: Place) -> Cell:
        text = prose.text.replace(FORMULA, "")
        span = re.match(r"\s*\x02\{?\s*(\d+)\s*\}?\x02", text)
        text = re.sub(r"[ \t\n]+", " ", re.sub(r"\x02[^\x02]*\x02", "", text)).strip()[:500]
        lines = [place for _, part, place in prose.parts if part.strip(" \n\x01\x02")]
        return Cell(text, lines[0] if lines else default, int(span[1]) if span else 1)

    def drawing(self, node: Node, source: Source, place: Place) -> None:
        """A picture that LaTeX draws: a plot says itself what its axes are."""
        text = source.text[node.pos : node.pos + node.len]
        plots = node.environmentname in grammar.PLOTS or re.search(
            r"\\begin\{(" + "|".join(grammar.PLOTS) + r")\}", text
        )
        axes = None
        if plots:
            axes = tuple(bool(re.search(rf"{axis}label\s*=", text)) for axis in "xy")
        picture = Picture(place, "", text, axes)  # type: ignore[arg-type]
        (self.floats[-1].pictures if self.floats else self.found.loose_pictures).append(picture)
        self.gather_part_labels_of(node, source)

    def gather_part_labels_of(self, node: Node, source: Source) -> None:
        for inner in walk(node):
            if inner.isNodeType(tex.LatexMacroNode) and inner.macroname in grammar.REFERENCES:
                self.refer(inner, source.place(inner.pos))

    # -------------------------------------------------------------- text of a node

    @contextmanager
    def aside(self, prose: Prose) -> Iterator[Prose]:
        """Let what is read in the block go into another text."""
        before, self.prose = self.prose, prose
        try:
            yield prose
        finally:
            self.prose = before

    def plain(self, node: Node, source: Source) -> str:
        """What a reader sees of a node, formulas included."""
        if node is None:
            return ""
        parts: list[str] = []
        for inner, where in self.flow(children(node) if has_children(node) else [node], source):
            parts.append(self.plain_of(inner, where))
        return "".join(parts)

    def plain_of(self, node: Node, source: Source) -> str:
        if node.isNodeType(tex.LatexCharsNode):
            return node.chars
        if node.isNodeType(tex.LatexSpecialsNode):
            return {"~": " ", "&": " ", "--": "–", "---": "—"}.get(node.specials_chars, "")
        if has_children(node):
            return self.plain(node, source)
        if node.isNodeType(tex.LatexMacroNode):
            name = node.macroname
            if name in ("footnote", "thanks"):
                return " " + self.plain(argument_of(node), source)
            unseen = name in grammar.REFERENCES or name in grammar.CITATIONS
            if unseen or name in grammar.SILENT:
                return ""
            if name in ("frac", "dfrac", "tfrac", "nicefrac", "sfrac"):
                top, bottom = (self.plain(one, source) for one in node.nodeargd.argnlist[-2:])
                return f"{top}/{bottom}"
            return spoken(node) or self.plain(argument_of(node), source)
        return ""


# ------------------------------------------------------------------ nodes


def raw(node: Node) -> str:
    return node.latex_verbatim() if node is not None else ""


def inside(node: Node) -> str:
    """A group's source without its delimiters."""
    text = raw(node)
    return text[1:-1] if text[:1] in "{[" and text[-1:] in "}]" and len(text) > 1 else text


def argument_of(node: Node) -> Node:
    """The last argument of a command, None if it has none."""
    arguments = node.nodeargd.argnlist if node.nodeargd and node.nodeargd.argnlist else []
    return next((one for one in reversed(arguments) if one is not None), None)


def last(node: Node) -> str:
    argument = argument_of(node)
    return " ".join(re.sub(r"%[^\n]*", "", inside(argument)).split()) if argument else ""


def given_in(node: Node, number: int) -> str:
    arguments = node.nodeargd.argnlist if node.nodeargd else []
    return inside(arguments[number]) if len(arguments) >= abs(number) else ""


def split(keys: str) -> list[str]:
    keys = re.sub(r"%[^\n]*", "", keys)
    return [key.strip() for key in keys.split(",") if key.strip()]


def bracketed(node: Node) -> bool:
    return node.isNodeType(tex.LatexCharsNode) and bool(
        re.fullmatch(r"\s*([\[(][^\])]*[\])]\s*)+", node.chars)
    )


def has_children(node: Node) -> bool:
    kinds = (tex.LatexGroupNode, tex.LatexMathNode, tex.LatexEnvironmentNode)
    return any(node.isNodeType(kind) for kind in kinds)


def children(node: Node) -> list[Node]:
    return [one for one in node.nodelist if one is not None]


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    pending = [node]
    while pending:
        one = pending.pop()
        if one is None:
            continue
        yield one
        pending += reversed(getattr(one, "nodelist", None) or [])
        arguments = getattr(one, "nodeargd", None)
        pending += reversed(getattr(arguments, "argnlist", None) or [])


def spoken(node: Node) -> str:
    """What a symbol, an accent, a number with its unit says; empty for other commands."""
    name = node.macroname
    if name in grammar.SYMBOLS:
        return grammar.SYMBOLS[name]
    if name in grammar.SPACES:
        return "\u202f" if name in (",", "thinspace") else " "
    if name in ("num", "ang", "tablenum"):
        return uncertain(last(node))
    if name in ("SI", "qty"):
        groups = [one for one in node.nodeargd.argnlist if one is not None]
        groups = [one for one in groups if raw(one)[:1] == "{"]
        return f"{uncertain(inside(groups[0]))} {unit(raw(groups[-1]))}" if groups else ""
    if name in ("si", "unit"):
        return unit(raw(argument_of(node)))
    if name in ("'", "`", "^", '"', "~", "=", ".", "u", "v", "H", "t", "c", "d", "b", "r", "k"):
        return LatexNodes2Text().node_to_text(node)
    return ""


def uncertain(text: str) -> str:
    """A number as siunitx writes it, with its uncertainty spelled out: 90.2(3) or 90.2 +- 0.3."""
    text = re.sub(r"\+-|\\pm", "±", text).replace(" ", "")
    if found := re.fullmatch(r"([\d.]+)\((\d+)\)", text):
        decimals = len(found[1].partition(".")[2])
        return f"{found[1]} ± {int(found[2]) / 10**decimals:.{decimals}f}"
    if found := re.fullmatch(r"([+-]?[\d.]+)e([+-]?\d+)", text):
        return f"{float(text):g}"
    return text.replace("±", " ± ")


def unit(source: str) -> str:
    names = re.findall(r"\\([A-Za-z]+|%)", source)
    if not names:
        return inside(source).replace(".", " ").strip("{}") if source else ""
    return "".join(grammar.UNITS.get(name, grammar.SYMBOLS.get(name, name)) for name in names)
