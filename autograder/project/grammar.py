"""What LaTeX's commands take, for the parser, and which of them matter to a reader of a report."""

from __future__ import annotations

import functools

from pylatexenc.latexwalker import get_default_latex_context_db
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec

LEVELS = {
    "part": 0,
    "chapter": 1,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
}
"""The sectioning commands; chapters take the place of sections where a report has them."""

REFERENCES = {
    **dict.fromkeys(("ref", "pageref", "autoref", "cref", "Cref", "vref", "Vref", "fref"), "*{"),
    **dict.fromkeys(("eqref", "subref", "nameref", "labelcref", "cpageref", "autopageref"), "*{"),
    **dict.fromkeys(("crefrange", "Crefrange"), "*{{"),
    "hyperref": "[{",
}
CITATIONS = dict.fromkeys(
    (
        *("cite", "Cite", "citep", "citet", "Citep", "Citet", "citealp", "citealt", "Citealp"),
        *("Citealt", "citeauthor", "Citeauthor", "citeyear", "citeyearpar", "citetitle", "citenum"),
        *("parencite", "Parencite", "textcite", "Textcite", "autocite", "Autocite", "footcite"),
        *("footcitetext", "fullcite", "footfullcite", "supercite", "smartcite", "Smartcite"),
        *("citeurl", "citedate", "shortcite", "citeA", "citeNP", "onlinecite"),
    ),
    "*[[{",
)
MULTIPLE_CITATIONS = ("cites", "parencites", "textcites", "autocites", "footcites", "supercites")
CAPTIONS = {"caption": "*[{", "captionof": "*{[{", "caption*": "{", "topcaption": "[{"}
SUBCAPTIONS = {"subcaption": "*[{", "subfloat": "[[{", "subcaptionbox": "*[{[[{"}
GRAPHICS = {"includegraphics": "*[[{", "includesvg": "[{", "includepdf": "[{", "epsfig": "{"}
INPUTS = {"input": "{", "include": "{", "subfile": "{", "subfileinclude": "{", "@input": "{"}
TWO_PART_INPUTS = {"import": "*{{", "subimport": "*{{", "includefrom": "*{{", "inputfrom": "*{{"}

SILENT = {
    # What prints nothing, or nothing that a reader would call a word.
    "usepackage": "[{[",
    "RequirePackage": "[{[",
    "documentclass": "[{[",
    "PassOptionsToPackage": "{{",
    "bibliographystyle": "{",
    "setcitestyle": "{",
    "label": "{",
    "pagestyle": "{",
    "thispagestyle": "{",
    "pagenumbering": "{",
    "setcounter": "{{",
    "addtocounter": "{{",
    "newcounter": "{[",
    "stepcounter": "{",
    "refstepcounter": "{",
    "setlength": "{{",
    "addtolength": "{{",
    "newlength": "{",
    "vspace": "*{",
    "hspace": "*{",
    "geometry": "{",
    "hypersetup": "{",
    "graphicspath": "{",
    "DeclareGraphicsExtensions": "{",
    "definecolor": "{{{",
    "colorlet": "{{",
    "color": "[{",
    "rowcolor": "[{[[",
    "rowcolors": "*[{{{",
    "cellcolor": "[{[[",
    "columncolor": "[{",
    "captionsetup": "[{",
    "lstset": "{",
    "lstdefinestyle": "{{",
    "sisetup": "{",
    "newcolumntype": "{[{",
    "tikzset": "{",
    "pgfplotsset": "{",
    "usetikzlibrary": "{",
    "usepgfplotslibrary": "{",
    "newtheorem": "*{[{[",
    "theoremstyle": "{",
    "DeclareMathOperator": "*{{",
    "DeclareSIUnit": "[{{",
    "crefname": "{{{",
    "Crefname": "{{{",
    "AtBeginDocument": "{",
    "AtEndDocument": "{",
    "addcontentsline": "{{{",
    "phantomsection": "",
    "tableofcontents": "",
    "listoffigures": "",
    "listoftables": "",
    "lstinputlisting": "[{",
    "verbatiminput": "{",
    "inputminted": "[{{",
    "index": "{",
    "glsaddall": "[",
    "cline": "{",
    "cmidrule": "",
    "hline": "",
    "toprule": "[",
    "midrule": "[",
    "bottomrule": "[",
    "addlinespace": "[",
    "specialrule": "{{{",
    "noalign": "{",
    "arraystretch": "",
    "tabcolsep": "",
    "linewidth": "",
    "textwidth": "",
    "columnwidth": "",
    "newpage": "",
    "clearpage": "",
    "centering": "",
    "maketitle": "",
    "setmainfont": "[{[",
    "setsansfont": "[{[",
    "setmonofont": "[{[",
    "selectlanguage": "{",
    "hyphenation": "{",
    "rule": "[{{",
    "phantom": "{",
    "hphantom": "{",
    "vphantom": "{",
    "raisebox_": "",
    "addbibresource": "[{",
    "bibliography": "{",
    "printbibliography": "[",
    "nocite": "{",
    "title": "[{",
    "author": "[{",
    "date": "{",
    "affil": "[{",
    "affiliation": "{",
    "institute": "{",
    "email": "{",
    "IEEEauthorblockA": "{",
    "write": "",
    "openout": "",
    "openin": "",
    "newwrite": "",
    "ShellEscape": "{",
    "directlua": "{",
    "include_": "",
    "includeonly": "{",
    "bibliographyunit": "[",
    "titleformat": "*{[{{{{[",
    "titlespacing": "*{{{{",
    "fontsize": "{{",
    "linespread": "{",
    "setstretch": "{",
    "renewcommand": "*{[[{",
    "newcommand": "*{[[{",
    "providecommand": "*{[[{",
    "newif": "",
    "let": "",
}
FORMATTING = {
    # What typesets its last argument, and what stands before it says how.
    "textcolor": "[{{",
    "colorbox": "[{{",
    "fcolorbox": "[{{{",
    "rotatebox": "[{{",
    "resizebox": "*{{{",
    "scalebox": "{[{",
    "raisebox": "{[[{",
    "parbox": "[[[{{",
    "makebox": "[[{",
    "framebox": "[[{",
    "multicolumn": "{{{",
    "multirow": "[{[{[{",
    "href": "[{{",
    "foreignlanguage": "[{{",
    "footnote": "[{",
    "thanks": "{",
    "IEEEauthorblockN": "{",
    "fontsize_": "",
    "makecell": "*[{",
    "thead": "*[{",
    "shortstack": "[{",
    "adjustbox": "{{",
    "ensuremath": "{",
    "mbox": "{",
    "fbox": "{",
    "underline": "{",
    "uline": "{",
    "hl": "{",
    "enquote": "*{",
    "acrshort": "[{",
    "gls": "*[{",
    "todo": "[{",
    "missingfigure": "[{",
    "url": "{",
    "path": "{",
    "nolinkurl": "{",
    "footnotetext": "[{",
    "num": "[{",
    "ang": "[{",
    "SI": "[{[{",
    "qty": "[{{",
    "si": "[{",
    "unit": "[{",
    "numrange": "[{{",
    "SIrange": "[{{{",
    "qtyrange": "[{{{",
    "tablenum": "[{",
    "bibitem": "[{",
    "xlabel": "{",
    "ylabel": "{",
}
ENVIRONMENTS = {
    **dict.fromkeys(("figure", "figure*", "table", "table*", "algorithm", "listing"), "["),
    **dict.fromkeys(("sidewaysfigure", "sidewaysfigure*", "sidewaystable", "sidewaystable*"), "["),
    **dict.fromkeys(("SCfigure", "SCtable", "marginfigure", "margintable"), "[["),
    **dict.fromkeys(("wrapfigure", "wraptable"), "[{[{"),
    **dict.fromkeys(("subfigure", "subtable", "minipage"), "[[[{"),
    **dict.fromkeys(("tabular", "array", "longtable", "supertabular", "xtabular"), "[{"),
    **dict.fromkeys(("tabular*", "tabularx", "tabulary"), "{[{"),
    **dict.fromkeys(("tabu", "tblr", "longtblr", "talltblr"), "[{"),
    **dict.fromkeys(("adjustbox", "multicols", "spacing", "otherlanguage"), "{"),
    **dict.fromkeys(("tikzpicture", "axis", "semilogxaxis", "semilogyaxis", "loglogaxis"), "["),
    **dict.fromkeys(("groupplot", "scope", "enumerate", "itemize", "description"), "["),
    "threeparttable": "[",
    "thebibliography": "{",
}
FLOATS = {
    **dict.fromkeys(("figure", "figure*", "wrapfigure", "SCfigure", "marginfigure"), "figure"),
    **dict.fromkeys(("sidewaysfigure", "sidewaysfigure*"), "figure"),
    **dict.fromkeys(("table", "table*", "wraptable", "SCtable", "margintable"), "table"),
    **dict.fromkeys(("sidewaystable", "sidewaystable*", "longtable", "longtblr"), "table"),
}
SUBFLOATS = ("subfigure", "subtable")
TABULARS = (
    *("tabular", "tabular*", "tabularx", "tabulary", "longtable", "supertabular", "xtabular"),
    *("tabu", "tblr", "longtblr", "talltblr"),
)
PLOTS = ("axis", "semilogxaxis", "semilogyaxis", "loglogaxis", "groupplot")
MATH = (
    *("equation", "equation*", "align", "align*", "gather", "gather*", "multline", "multline*"),
    *("eqnarray", "eqnarray*", "displaymath", "math", "flalign", "flalign*", "alignat", "alignat*"),
)
UNITS = {
    "second": "s",
    "byte": "B",
    "bit": "bit",
    "percent": "%",
    "milli": "m",
    "micro": "µ",
    "nano": "n",
    "kilo": "k",
    "mega": "M",
    "giga": "G",
    "tera": "T",
    "kibi": "Ki",
    "mebi": "Mi",
    "gibi": "Gi",
    "per": "/",
    "watt": "W",
    "joule": "J",
    "hertz": "Hz",
    "minute": "min",
    "hour": "h",
}
SYMBOLS = {
    "pm": "±",
    "times": "×",
    "cdot": "·",
    "approx": "≈",
    "sim": "~",
    "leq": "≤",
    "le": "≤",
    "geq": "≥",
    "ge": "≥",
    "to": "→",
    "rightarrow": "→",
    "downarrow": "↓",
    "uparrow": "↑",
    "%": "%",
    "&": "&",
    "#": "#",
    "$": "$",
    "_": "_",
    "{": "{",
    "}": "}",
    "textpm": "±",
    "texttimes": "×",
    "textpercent": "%",
    "textasciitilde": "~",
    "ldots": "…",
    "dots": "…",
    "textendash": "–",
    "textemdash": "—",
    "minus": "−",
    "ss": "ß",
    "ae": "æ",
    "o": "ø",
    "aa": "å",
    "l": "ł",
    "i": "ı",
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "log": "log",
    "ln": "ln",
    "lambda": "λ",
    "alpha": "α",
    "mu": "µ",
}
SPACES = {",", ";", ":", "!", " ", "quad", "qquad", "thinspace", "~", "\n", "\\", "newline", "par"}


@functools.cache
def known_commands() -> dict[str, str]:
    """The arguments of every command that this grader knows by name."""
    sections = dict.fromkeys(LEVELS, "*[{")
    several = dict.fromkeys(MULTIPLE_CITATIONS, "")
    tables = (sections, REFERENCES, CITATIONS, several, CAPTIONS, SUBCAPTIONS, GRAPHICS, INPUTS)
    known: dict[str, str] = {}
    for table in (*tables, TWO_PART_INPUTS, SILENT, FORMATTING):
        known |= table
    return known


def context(own: dict[str, str], environments: dict[str, str]) -> LatexContextDb:
    """The parser's knowledge: its own, ours, and the report's commands and environments."""
    known = known_commands()
    macros = [MacroSpec(name, args_parser=arguments) for name, arguments in known.items()]
    macros += [MacroSpec(n, args_parser=arguments) for n, arguments in own.items()]
    named = ENVIRONMENTS | {
        name: ENVIRONMENTS.get(inner, "") if inner in FLOATS else ""
        for name, inner in environments.items()
    }
    kinds = [EnvironmentSpec(name, args_parser=arguments) for name, arguments in named.items()]
    kinds += [EnvironmentSpec(name, is_math_mode=True) for name in MATH]
    database = get_default_latex_context_db()
    database.add_context_category("report", macros=macros, environments=kinds, prepend=True)
    return database
