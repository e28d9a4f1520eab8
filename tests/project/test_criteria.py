"""Each automatic line of the rubric: reports that must lose it, and others that must keep it."""

import csv
import io
import json
import re

import pytest

from autograder.project.rubric import read_rubric
from autograder.project.typesetting import Typeset
from tests.project.reports import (
    RESULTS,
    WORKS,
    added,
    appended,
    both,
    changed,
    entry,
    plot,
    prose,
    results_rows,
    row,
    section,
    seed_report,
    sound,
    template,
    without,
)

NOTE = "TO" + "DO"
FIGURE = RESULTS[RESULTS.index("\\begin{figure}") : RESULTS.index("\\begin{table}")]
CAPTION = "Accuracy over size for each method, mean and spread of three seeds."
INTRODUCTION, RESULT = "sections/introduction.tex", "sections/results.tex"
METHOD, STATEMENTS = "sections/method.tex", "sections/statements.tex"
LINES = [one.name for one in read_rubric().automatic()]

LOSES = {
    "files": {
        "a missing picture": without("figures/tradeoff.pdf"),
        "a missing section": without(METHOD),
        "another encoding": lambda f: f | {METHOD: f[METHOD] + "\nZoë".encode("latin-1")},
        "an absolute path": appended(METHOD, "\\input{/etc/passwd}\n"),
        "a path that leads out": appended(METHOD, "\\input{../../secret}\n"),
        "a shell": appended(METHOD, "\\immediate\\write18{ls}\n"),
        "an endless macro": appended(METHOD, "\\newcommand{\\again}{\\again}\\again\n"),
        "a file that reads itself": appended(METHOD, "\\input{sections/method}\n"),
    },
    "sections": {
        "one is missing": without("sections/limitations.tex"),
        "one is empty": added(INTRODUCTION, "\\section{Introduction}\n"),
        "only comments": added(METHOD, "\\section{Method}\n" + "% a word\n" * 60),
        "another order": both(
            changed("main.tex", ("\\input{sections/conclusion}\n", "")),
            changed(
                "main.tex",
                (
                    "\\input{sections/method}",
                    "\\input{sections/conclusion}\n\\input{sections/method}",
                ),
            ),
        ),
        "only the template's text": lambda f: f | {METHOD: template()[METHOD]},
    },
    "length": {
        "no abstract": changed("main.tex", ("\\begin{abstract}", ""), ("\\end{abstract}", "")),
        "a short abstract": lambda f: (
            f | {"main.tex": f["main.tex"].replace(prose(12, 590).encode(), b"Short.")}
        ),
        "a long abstract": changed(
            "main.tex", ("\\end{abstract}", prose(40, 300) + "\\end{abstract}")
        ),
        "a long body": both(*(appended(METHOD, prose(300)) for _ in range(2))),
        "words in comments": both(
            added(METHOD, "\\section{Method}\n\\iffalse " + prose(100) + "\\fi\n"),
            added(
                "sections/experiments.tex",
                "\\section{Experiments}\n\\begin{comment}\n" + prose(90) + "\n\\end{comment}\n",
            ),
        ),
    },
    "citations": {
        "too few": added(
            "sections/related-work.tex", "\\section{Related work}\n\\citet{han2016deep}\n"
        ),
        "an unknown key": appended(METHOD, "As in \\citep{nobody2020nothing}.\n"),
        "commented out": changed(
            "sections/related-work.tex", ("One of them is", "% One of them is"), ("}. ", "}.\n")
        ),
        "not printed": changed(
            "main.tex", ("\\bibliography{references}", "\\addbibresource{references.bib}")
        ),
    },
    "bibliography": {
        "a key twice": appended("references.bib", entry("han2016deep")),
        "a work twice": appended(
            "references.bib", entry("han2016deep").replace("{han2016deep", "{deep")
        ),
        "no year": changed("references.bib", (", year={2018}", "")),
        "an empty field": changed("references.bib", ("author={Benoit Jacob}", "author={}")),
        "an entry that is not closed": changed("references.bib", ("year={2018}}", "year={2018")),
        "a field twice": changed("references.bib", ("year={2018}", "year={2018}, year={2019}")),
    },
    "captions": {
        "no caption": changed(
            RESULT,
            (
                f"  \\caption{{{CAPTION}}}\n",
                "",
            ),
        ),
        "no number": changed(RESULT, ("\\caption{Accuracy over", "\\caption*{Accuracy over")),
        "no figure": changed(RESULT, (FIGURE, "")),
        "a table in the text": appended(
            METHOD, "\\begin{tabular}{ll}a & b\\\\c & d\\end{tabular}\n"
        ),
        "a caption of one word": changed(
            RESULT,
            ("Accuracy over size for each method, mean and spread of three seeds.", "Results"),
        ),
    },
    "cross-references": {
        "not referred to": changed(RESULT, ("Figure~\\ref{fig:tradeoff}", "The figure")),
        "no label": changed(RESULT, ("  \\label{fig:tradeoff}\n", "")),
        "leads nowhere": appended(METHOD, "See Section~\\ref{sec:nothing}.\n"),
        "referred to in a comment": changed(
            RESULT, ("Figure~\\ref{fig:tradeoff}", "%\\ref{fig:tradeoff}\n")
        ),
        "a label twice": appended(METHOD, "\\label{sec:method}\n"),
    },
    "axes": {
        "no label on x": lambda f: f | {"figures/tradeoff.pdf": plot("", "accuracy")},
        "no label on y": lambda f: f | {"figures/tradeoff.pdf": plot("size", "")},
        "neither": lambda f: f | {"figures/tradeoff.pdf": plot("", "")},
        "a plot in LaTeX without them": changed(
            RESULT,
            (
                "\\includegraphics[width=0.6\\linewidth]{tradeoff.pdf}",
                "\\begin{tikzpicture}\\begin{axis}[title={T}]\\addplot{x};\\end{axis}\\end{tikzpicture}",
            ),
        ),
    },
    "leftovers": {
        "a note": appended(METHOD, f"\n{NOTE}: write this.\n"),
        "a note of todonotes": appended(METHOD, "\\todo{say why}\n"),
        "the template's words": lambda f: f | {METHOD: f[METHOD] + template()[METHOD]},
        "filler": appended(METHOD, "\\lipsum[1-2]\n"),
        "question marks": appended(METHOD, "as in Section ??.\n"),
    },
    "statements": {
        "none": changed("main.tex", ("\\input{sections/statements}\n", "")),
        "no tools": changed(STATEMENTS, ("\\section*{Tools used}", "")),
        "next to nothing": added(
            STATEMENTS, "\\section*{Contributions}\nEqual.\n\\section*{Tools used}\nNone.\n"
        ),
        "the template's": lambda f: f | {STATEMENTS: template()[STATEMENTS]},
    },
    "numbers": {
        "no results file": without("results.csv"),
        "another number": changed(RESULT, ("$90.2 \\pm 0.2$", "$91.7 \\pm 0.2$")),
        "another spread": changed(RESULT, ("$90.2 \\pm 0.2$", "$90.2 \\pm 1.4$")),
        "rounded wrongly": changed(RESULT, ("1.32 &", "1.3 &"), ("& 3.02 &", "& 3.1 &")),
        "the template's file": lambda f: f | {"results.csv": template()["results.csv"]},
        "another method's number": changed(
            RESULT, ("pruned at 0.7 & $87.1", "pruned at 0.7 & $90.2")
        ),
    },
    "controls": {
        "one seed": lambda f: (
            f
            | {
                "results.csv": "\n".join(
                    line
                    for line in f["results.csv"].decode().split("\n")
                    if ",1,0." not in line and ",2,0." not in line
                ).encode()
            }
        ),
        "no spread": lambda f: (
            f
            | {
                RESULT: f[RESULT].replace(
                    results_rows().encode(), results_rows("{mean:.1f}").encode()
                )
            }
        ),
        "no baseline": both(
            changed(RESULT, ("  baseline & $90.2 \\pm 0.2$ & 4.00 & 1.00 & 5.8 \\\\\n", "")),
        ),
        "no student from scratch": both(
            lambda f: (
                f | {RESULT: b"\n".join(x for x in f[RESULT].split(b"\n") if b"scratch" not in x)}
            ),
            lambda f: (
                f
                | {
                    "results.csv": b"\n".join(
                        x for x in f["results.csv"].split(b"\n") if b"scratch" not in x
                    )
                }
            ),
        ),
        "no table": changed(RESULT, ("tabular", "center")),
    },
    "consistency": {
        "too small for its bits": changed(RESULT, ("& 1.00 & 3.99 &", "& 0.55 & 7.27 &")),
        "too small for what is kept": changed(
            RESULT, ("& 1.32 & 3.02 & 5.8", "& 0.23 & 17.40 & 5.8")
        ),
        "a wrong ratio": changed(RESULT, ("& 1.32 & 3.02 &", "& 1.32 & 4.02 &")),
        "a wrong difference": appended(RESULT, "It takes 1.4 ms less than the baseline.\n"),
        "a wrong unit": appended(RESULT, "One image takes 2.9 seconds then.\n"),
        "the sources' own report": lambda f: seed_report(),
    },
    "compiles": {},
}

LONGTABLE = (
    "\\begin{longtable}{lrrrr}\\caption{Accuracy, size, compression and time of each.}"
    "\\label{tab:results}\\\\\\hline\n"
    "Method & Accuracy (\\%) & Size (MB) & Compression & Time (ms) \\\\\n"
    + results_rows()
    + "\n\\end{longtable}\n"
)
TABLE = RESULTS[RESULTS.index("\\begin{table}") :].replace("@ROWS@", results_rows())
SUBFIGURES = r"""\begin{figure}[ht]
  \begin{subfigure}{0.5\linewidth}\includegraphics{tradeoff}\caption{Accuracy.}\label{fig:a}\end{subfigure}%
  \subfloat[Again\label{fig:b}]{\includegraphics[width=3cm]{figures/tradeoff.pdf}}
  \caption{Accuracy over size for each method, in two ways.}
\end{figure}
"""
IN_TREE = both(
    lambda f: {k: v for k, v in f.items() if k != METHOD},
    added("sections/deeper/method-a.tex", section("Method", 10, 40)),
    added("sections/deeper/method-b.tex", prose(10, 50)),
    added(METHOD, "\\input{sections/deeper/method-a}\n\\input sections/deeper/method-b\n"),
)
BIBLATEX = both(
    changed(
        "main.tex",
        (
            "\\title{",
            "\\usepackage[backend=biber]{biblatex}\n\\addbibresource{references.bib}\n\\title{",
        ),
        ("\\bibliographystyle{plainnat}\n\\bibliography{references}", "\\printbibliography"),
    ),
    changed("sections/related-work.tex", ("\\citet", "\\textcite")),
    changed(
        "references.bib",
        ("year={2018}", "date={2018-06}"),
        ("@inproceedings{romero", "@online{romero"),
        ("booktitle={ICLR}, year={2015}", "url={https://example.org}, year={2015}"),
    ),
)
BY_HAND = both(
    changed(
        "main.tex",
        (
            "\\bibliographystyle{plainnat}\n\\bibliography{references}",
            "\\begin{thebibliography}{9}\n"
            + "\n".join(
                f"\\bibitem{{{key}}} {author}. {title}. {venue}, {year}."
                for key, (author, title, venue, year) in WORKS.items()
            )
            + "\n\\end{thebibliography}",
        ),
    ),
    without("references.bib"),
)
OTHER_WORDS = both(
    changed(INTRODUCTION, ("\\section{Introduction}", "\\section{Introduction and motivation}")),
    changed(METHOD, ("\\section{Method}", "\\section{Our \\emph{Approach}}")),
    changed(
        "sections/limitations.tex",
        ("\\section{Limitations}", "\\section{Discussion and threats to validity}"),
    ),
)
OWN_MACROS = both(
    changed(
        "main.tex",
        (
            "\\title{",
            "\\newcommand{\\figref}[1]{Figure~\\ref{#1}}\\def\\tabref#1{Table~\\ref{#1}}\n\\title{",
        ),
    ),
    changed(
        RESULT,
        ("Figure~\\ref{fig:tradeoff}", "\\figref{fig:tradeoff}"),
        ("Table~\\ref{tab:results}", "\\tabref{tab:results}"),
    ),
)
CLEVEREF = changed(
    RESULT,
    (
        "Figure~\\ref{fig:tradeoff} shows accuracy over size, and Table~\\ref{tab:results}",
        "\\Cref{fig:tradeoff,tab:results} show",
    ),
)
COMMENTS = both(
    appended(
        METHOD,
        f"% {NOTE}: not printed, \\input{{/etc/passwd}} \\cite{{nobody}} \\ref{{nothing}}\n",
    ),
    appended(METHOD, "\\begin{verbatim}\n\\section{No} \\ref{no} \\cite{no}\n\\end{verbatim}\n"),
)
REPORT_CLASS = both(
    changed("main.tex", ("\\documentclass[11pt]{article}", "\\documentclass{report}")),
    lambda f: {
        k: (v.replace(b"\\section{", b"\\chapter{") if k.startswith("sections/") else v)
        for k, v in f.items()
    },
)
SIUNITX = both(
    changed("main.tex", ("\\title{", "\\usepackage{siunitx}\n\\title{")),
    changed(
        RESULT, ("$90.2 \\pm 0.2$", "\\num{90.2(2)}"), ("& 4.00 &", "& \\SI{4.00}{\\mega\\byte} &")
    ),
)
RESULTS_JSON = both(
    without("results.csv"),
    lambda f: f | {"data/results.json": as_json(sound()["results.csv"].decode())},
)
TURNED = changed(
    RESULT,
    (
        RESULTS[RESULTS.index("  \\begin{tabular}") : RESULTS.index("\\end{table}")].replace(
            "@ROWS@", results_rows()
        ),
        "\\begin{tabular}{lrr}\nMethod & baseline & 8-bit \\\\\n"
        "Accuracy (\\%) & $90.2\\pm0.2$ & $90.2\\pm0.2$ \\\\\n"
        "Size (MB) & 4.00 & 1.00\\\\\n\\end{tabular}\n",
    ),
)


def as_json(text: str) -> bytes:
    return json.dumps(
        {"baseline": "baseline", "runs": list(csv.DictReader(io.StringIO(text)))}
    ).encode()


def accuracy_in_percent(files):
    text = files["results.csv"].decode()
    text = re.sub(r"(,\d,)(0\.\d+),", lambda m: f"{m[1]}{100 * float(m[2]):.1f},", text)
    return files | {"results.csv": text.encode()}


def in_mebibytes(files):
    rows = results_rows(unit=2**20)
    text = files[RESULT].decode().replace(results_rows(), rows)
    return files | {RESULT: text.replace("Size (MB)", "Size (MiB)").encode()}


KEEPS = {
    "files": {
        "an address with a percent sign": appended(METHOD, "\\url{https://example.org/a%20b}\n"),
        "a tree of files": IN_TREE,
        "comments": COMMENTS,
        "other folders": both(
            without("figures/tradeoff.pdf"),
            added("pictures/tradeoff.pdf", plot()),
            changed("main.tex", ("\\title{", "\\graphicspath{{pictures/}{figures/}}\n\\title{")),
        ),
    },
    "sections": {
        "other words": OTHER_WORDS,
        "a tree of files": IN_TREE,
        "chapters": REPORT_CLASS,
        "comments": COMMENTS,
    },
    "length": {
        "a tree of files": IN_TREE,
        "chapters": REPORT_CLASS,
        "an appendix": appended(
            "sections/conclusion.tex", "\\appendix\n\\section{More}\n" + prose(400)
        ),
    },
    "citations": {
        "biblatex": BIBLATEX,
        "by hand": BY_HAND,
        "one command": changed(
            "sections/related-work.tex",
            (
                " ".join(f"One of them is \\citet{{{key}}}." for key in WORKS),
                f"See \\citep[e.g.][p.~3]{{{', '.join(WORKS)}}}.",
            ),
        ),
        "comments": COMMENTS,
    },
    "bibliography": {
        "biblatex": BIBLATEX,
        "by hand": BY_HAND,
        "strings and comments": changed(
            "references.bib",
            (
                "@inproceedings{han2016deep",
                '% of 2016\n@string{iclr = "ICLR"}\n@comment{none}\n@inproceedings{han2016deep',
            ),
        ),
        "an article of arXiv": changed(
            "references.bib",
            ("@inproceedings{gale2019sparsity", "@misc{gale2019sparsity"),
            ("booktitle={ICML}", "eprint={1902.09574}"),
        ),
    },
    "captions": {
        "subfigures": both(
            changed(RESULT, (FIGURE, SUBFIGURES), ("\\ref{fig:tradeoff}", "\\ref{fig:a}")),
            changed("main.tex", ("\\title{", "\\usepackage{subcaption,subfig}\n\\title{")),
        ),
        "a long table": changed(RESULT, (TABLE, LONGTABLE)),
        "a wrapped figure": changed(
            RESULT,
            ("\\begin{figure}[ht]", "\\begin{wrapfigure}{r}{5cm}"),
            ("\\end{figure}", "\\end{wrapfigure}"),
        ),
    },
    "cross-references": {
        "cleveref": CLEVEREF,
        "own commands": OWN_MACROS,
        "comments": COMMENTS,
        "subfigures": changed(
            RESULT, (FIGURE, SUBFIGURES), ("\\ref{fig:tradeoff}", "\\subref{fig:b}")
        ),
        "a label in a heading": both(
            changed(METHOD, ("\\section{Method}", "\\section{Method\\label{sec:inside}}")),
            appended(METHOD, "See Section~\\ref{sec:inside}.\n"),
        ),
        "autoref": changed(
            RESULT,
            ("Figure~\\ref{", "\\autoref{"),
            ("Table~\\ref{", "\\hyperref[tab:results]{the table} and \\autoref{"),
        ),
    },
    "axes": {
        "a plot in LaTeX": changed(
            RESULT,
            (
                "\\includegraphics[width=0.6\\linewidth]{tradeoff.pdf}",
                "\\begin{tikzpicture}\\begin{axis}[xlabel={size}, ylabel = $a$]"
                "\\addplot{x};\\end{axis}\\end{tikzpicture}",
            ),
        ),
        "short labels": lambda f: f | {"figures/tradeoff.pdf": plot("MB", "Genauigkeit")},
    },
    "leftovers": {
        "comments": COMMENTS,
        "a word that begins alike": appended(METHOD, "The method of Todorov is one, too.\n"),
    },
    "statements": {
        "other words": changed(
            STATEMENTS,
            ("\\section*{Contributions}", "\\section{Author contributions}"),
            ("\\section*{Tools used}", "\\section{Use of AI and other tools}"),
        ),
        "subsections": changed(
            STATEMENTS,
            ("\\section*{Contributions}", "\\section*{Statements}\n\\subsection*{Contributions}"),
            ("\\section*{Tools used}", "\\subsection*{Tools}"),
        ),
    },
    "numbers": {
        "JSON": RESULTS_JSON,
        "siunitx": SIUNITX,
        "percent in the file": accuracy_in_percent,
        "a long table": changed(RESULT, (TABLE, LONGTABLE)),
        "turned over": TURNED,
        "MiB": in_mebibytes,
        "a file of its own": both(
            changed(RESULT, (results_rows(), "\\input{tables/rows}")),
            added("tables/rows.tex", results_rows()),
        ),
    },
    "controls": {
        "JSON": RESULTS_JSON,
        "siunitx": SIUNITX,
        "brackets": lambda f: (
            f
            | {
                RESULT: f[RESULT].replace(
                    results_rows().encode(), results_rows("{mean:.1f} ({sd:.1f})").encode()
                )
            }
        ),
        "a column": lambda f: (
            f
            | {
                RESULT: f[RESULT]
                .replace(results_rows().encode(), results_rows("{mean:.1f} & {sd:.1f}").encode())
                .replace(b"Accuracy (\\%) &", b"Accuracy (\\%) & SD &")
            }
        ),
    },
    "consistency": {
        "siunitx": SIUNITX,
        "MiB": in_mebibytes,
        "JSON": RESULTS_JSON,
        "a right difference": appended(
            RESULT, "It takes 2.9 ms less than the baseline, in 2.9 ms.\n"
        ),
    },
    "compiles": {},
}


def cases(table):
    return [
        pytest.param(line, edit, id=f"{line}: {name}")
        for line, edits in table.items()
        for name, edit in edits.items()
    ]


@pytest.mark.parametrize("line", LINES)
def test_a_sound_report_has_full_marks(line):
    verdict = row(line, sound())
    assert (verdict["score"], verdict["message"]) == (verdict["max_score"], "")


@pytest.mark.parametrize(("line", "edit"), cases(LOSES))
def test_a_report_loses_what_it_lacks(line, edit):
    verdict = row(line, edit(sound()))
    assert verdict["status"] == "graded"
    assert verdict["score"] < verdict["max_score"]
    assert verdict["message"]


@pytest.mark.parametrize(("line", "edit"), cases(KEEPS))
def test_a_report_written_differently_keeps_its_points(line, edit):
    verdict = row(line, edit(sound()))
    assert (verdict["score"], verdict["message"]) == (verdict["max_score"], "")


def test_each_line_is_tried_often_enough():
    for line in set(LINES) - {"compiles"}:
        assert len(LOSES[line]) >= 3, line
        assert len(KEEPS[line]) >= 2, line


@pytest.mark.parametrize("line", [one.name for one in read_rubric().automatic() if one.content])
def test_the_empty_template_gets_nothing_for_content(line):
    assert row(line, template())["score"] == 0


def test_a_report_without_a_main_file_gets_no_point():
    assert all(
        row(line, {"results.csv": b""}, main="")["score"] == 0 for line in LINES if line != "files"
    )


LOG = {
    "no error": (Typeset("ok", pages=8), 5),
    "one error": (
        Typeset("errors", errors=[("main.tex", 7, "Undefined control sequence.")], pdf="JVBERi0="),
        3,
    ),
    "no PDF": (Typeset("errors", errors=[("main.tex", 7, "Emergency stop.")]), 0),
    "too slow": (Typeset("timeout", errors=[("main.tex", 7, "did not end")]), 0),
    "300 pages": (Typeset("ok", pages=300, pdf="JVBERi0="), 3),
}


@pytest.mark.parametrize(("typeset", "score"), LOG.values(), ids=LOG)
def test_the_points_for_compiling(typeset, score):
    assert row("compiles", sound(), typeset=typeset)["score"] == score


def test_without_tex_compiling_is_not_assessed_and_never_passed():
    verdict = row("compiles", sound(), typeset=Typeset("not-assessed", "not assessed: no TeX"))
    assert (verdict["status"], verdict["score"]) == ("not-assessed", 0)
    assert "no TeX" in verdict["message"]


def test_pictures_of_pixels_are_left_to_a_person():
    edit = both(
        without("figures/tradeoff.pdf"),
        added("figures/tradeoff.png", b"\x89PNG"),
        changed(RESULT, ("tradeoff.pdf", "tradeoff.png")),
    )
    verdict = row("axes", edit(sound()))
    assert verdict["status"] == "not-assessed"
    assert "tradeoff.png" in verdict["message"]
