"""Projects from a zip to the gradebook: what is handed in, compiled, recorded and reported."""

import csv
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import cli
from autograder.project import student
from autograder.project.collecting import collect_projects, main_file
from autograder.project.command import grade_projects
from autograder.project.judging import judge
from autograder.project.rubric import RubricError, read_rubric
from autograder.project.typesetting import Press, TexLimits, Typeset, engine_of, errors_in
from autograder.sandbox import problem
from tests.project.reports import (
    added,
    appended,
    both,
    changed,
    sound,
    template,
    without,
    zipped,
)

HAS_TEX = bool(shutil.which("latexmk") and shutil.which("pdflatex"))
needs_tex = pytest.mark.skipif(not HAS_TEX, reason="there is no TeX Live on this machine")
needs_sandbox = pytest.mark.skipif(bool(problem()), reason=problem() or "there is a sandbox")
METHOD = "sections/method.tex"


def only(folder: Path, files: dict, name: str = "team.zip") -> Path:
    """A folder with one submission in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(zipped(files))
    return folder


def collected(tmp_path: Path, source: Path):
    (one,) = collect_projects(source, tmp_path / "out" / "submitted", "project")
    return one.project()


def no_tex(monkeypatch) -> None:
    """A machine without TeX."""
    monkeypatch.setattr("autograder.project.typesetting.programs", lambda: "")
    monkeypatch.setattr("autograder.project.command.tex", lambda: "")


# ------------------------------------------------------------------ what is handed in


def test_a_zip_with_a_folder_around_everything_is_taken(tmp_path):
    files = {f"Our project/{name}": data for name, data in sound().items()}
    project = collected(tmp_path, only(tmp_path / "in", files))
    assert (project.main, project.problems) == ("main.tex", [])
    assert set(project.files) == set(sound())


def test_one_zip_is_one_project(tmp_path):
    path = only(tmp_path / "in", sound()) / "team.zip"
    assert collected(tmp_path, path).student == "team"


def test_folders_and_zips_and_a_platforms_names_are_all_taken(tmp_path):
    folder = tmp_path / "in"
    for name, data in template().items():
        path = folder / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    only(folder, template(), "Ngũgĩ wa Thiong'o.zip")
    only(folder / "inside", template(), "x.zip")
    found = collect_projects(folder, tmp_path / "out" / "submitted", "project")
    assert [one.student for one in found] == ["Ngũgĩ wa Thiong'o", "inside", "unpacked"]
    assert all(one.project().main == "main.tex" for one in found)
    canvas = only(tmp_path / "canvas", template(), "doejane_LATE_123_456_report.zip")
    (one,) = collect_projects(canvas, tmp_path / "out2" / "submitted", "project")
    assert (one.student, one.project().main) == ("doejane-123", "main.tex")


def test_the_template_has_one_main_file():
    assert main_file(template()) == ("main.tex", [])


BAD = {
    "not a zip": (b"plainly no zip", "no zip that can be read"),
    "only a PDF": ({"report.pdf": b"%PDF-1.5"}, "there is only a PDF"),
    "no main file": (without("main.tex")(sound()), "there is no main file"),
    "two main files": (
        added("other.tex", "\n\\documentclass{article}\\begin{document}x\\end{document}")(sound()),
        "main.tex:1: there are 2 main files, and this one is graded (also: other.tex:2)",
    ),
    "wrong encoding": (
        lambda: sound() | {METHOD: sound()[METHOD] + "Zoë".encode("latin-1")},
        f"{METHOD}:5: is not UTF-8",
    ),
    "an absolute input": (
        lambda: appended(METHOD, "\\input{/etc/passwd}")(sound()),
        f"{METHOD}:5: \\input leads out",
    ),
    "an input from outside": (
        lambda: appended(METHOD, "\\input{../../x}")(sound()),
        f"{METHOD}:5: \\input leads out",
    ),
    "a shell": (
        lambda: appended(METHOD, "\\immediate\\write18{ls}")(sound()),
        f"{METHOD}:5: \\write18",
    ),
    "an endless macro": (
        lambda: appended(METHOD, "\\def\\x{\\x}\\x")(sound()),
        f"{METHOD}:5: \\x stands for itself without end",
    ),
    "a missing image": (
        lambda: without("figures/tradeoff.pdf")(sound()),
        "sections/results.tex:8: the picture 'tradeoff.pdf' is not there",
    ),
    "a broken bibliography": (
        lambda: changed("references.bib", ("title={Hints", "title={{Hints"))(sound()),
        "references.bib:6: this entry cannot be read",
    ),
}


@pytest.mark.parametrize(("handed_in", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_one_line_and_the_rest_is_judged(tmp_path, handed_in, said):
    content = handed_in() if callable(handed_in) else handed_in
    folder = tmp_path / "in"
    folder.mkdir()
    data = content if isinstance(content, bytes) else zipped(content)
    (folder / "team.zip").write_bytes(data)
    project = collected(tmp_path, folder)
    rows = judge(project.files, project.main, project.problems, Typeset("ok", pages=5))
    lines = [line for row in rows for line in row["message"].split("\n") if said in line]
    assert len(lines) == 1
    assert {row["status"] for row in rows} <= {"graded", "not-assessed"}
    if project.main:
        assert sum(row["score"] for row in rows) >= 45


def test_a_bomb_is_not_unpacked(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "team.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sound().items():
            archive.writestr(name, data)
        archive.writestr("bomb.csv", bytes(40 * 10**6))
    project = collected(tmp_path, folder)
    assert [str(one) for one in project.problems] == [
        "bomb.csv:1: bomb.csv has more than 30 MB: it was not taken"
    ]
    assert project.main == "main.tex"


@pytest.mark.parametrize("name", ["../escaped.tex", "/tmp/escaped.tex"])
def test_a_zip_that_leads_out_of_its_folder_is_not_taken(tmp_path, name):
    project = collected(tmp_path, only(tmp_path / "in", sound() | {name: b"x"}))
    assert project.files == {}
    assert "leads out of it" in str(project.problems[0])


def test_a_link_in_a_submission_is_not_followed(tmp_path):
    folder = tmp_path / "in" / "team"
    folder.mkdir(parents=True)
    (folder / "main.tex").write_text("\\documentclass{article}\\begin{document}x\\end{document}")
    (tmp_path / "secret.bib").write_text("secret")
    (folder / "references.bib").symlink_to(tmp_path / "secret.bib")
    project = collected(tmp_path, tmp_path / "in")
    assert "references.bib" not in project.files
    assert "is a link" in str(project.problems[0])


def test_a_text_that_nests_too_deep_is_a_line_of_the_report():
    files = appended(METHOD, "{" * 3000)(sound())
    rows = judge(files, "main.tex", [], Typeset("ok", pages=5))
    (line,) = [r["message"] for r in rows if r["check"] == "files"]
    assert line.startswith(f"{METHOD}:")


# ------------------------------------------------------------------ the rubric


def test_a_rubric_that_cannot_be_used_says_why(tmp_path):
    path = tmp_path / "rubric.yml"
    path.write_text(read_rubric().text.replace("how: manual", "how: magic", 1))
    with pytest.raises(RubricError, match="neither automatic nor manual"):
        read_rubric(path)
    path.write_text(read_rubric().text.replace("name: files", "name: nobody", 1))
    with pytest.raises(RubricError, match="nothing judges 'nobody'"):
        read_rubric(path)


def test_every_line_of_the_rubric_says_what_it_looks_at_and_has_levels():
    for line in read_rubric().criteria:
        assert line.evidence
        assert len(line.levels) >= 2
        assert line.levels[-1].points == 0


# ------------------------------------------------------------------ a class


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Three projects graded on a machine without TeX."""
    folder = tmp_path_factory.mktemp("class")
    only(folder / "in", sound(), "zoë.zip")
    only(folder / "in", template(), "empty.zip")
    (folder / "in" / "broken.zip").write_bytes(b"no zip")
    with pytest.MonkeyPatch.context() as patch:
        no_tex(patch)
        done = grade_projects(folder / "in", folder / "out", workers=2)
        again = grade_projects(folder / "in", folder / "out", workers=2)
    return folder / "out", done, again


def grades(out: Path) -> dict[tuple[str, str], dict]:
    rows = csv.DictReader(io.StringIO((out / "grades.csv").read_text()))
    return {(row["student"], row["check"]): row for row in rows}


def test_a_class_lands_in_the_sheet_of_grades(graded):
    out, done, _ = graded
    rows = grades(out)
    assert done.failures == {}
    assert rows["zoë", "consistency"]["score"] == "6"
    assert rows["zoë", "question"]["status"] == "by-hand"
    assert rows["zoë", "question"]["score"] == ""
    assert rows["broken", "question"]["score"] == "0"


def test_without_tex_everything_else_is_graded_and_compiling_is_open(graded):
    out, done, _ = graded
    row = grades(out)["zoë", "compiles"]
    assert (row["status"], row["score"]) == ("not-assessed", "0")
    assert any("TeX Live" in problem for problem in done.to_attend())
    assert "not counted" in (out / "feedback/zoë/project/project.html").read_text()
    assert "TeX Live" in (out / "report.html").read_text()


def test_an_unchanged_class_is_not_graded_again(graded):
    _, done, again = graded
    assert (done.fresh, again.fresh) == (3, 0)
    assert again.results == done.results


def test_each_page_has_every_line_its_evidence_and_the_levels(graded):
    out, _, _ = graded
    page = (out / "feedback/empty/project/project.html").read_text()
    for line in read_rubric().criteria:
        assert f'id="{line.name}"' in page
    assert "A question that can fail" in page
    assert "&#39;Method&#39; is empty" in page


def test_scores_given_by_hand_reach_the_page_and_survive(graded):
    from nbgrader.api import Gradebook

    out, _, _ = graded
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        for name, score in (("question", 5.0), ("check-compiles", 5.0)):
            grade = gradebook.find_grade(name, "project", "project", "zoë")
            grade.manual_score, grade.needs_manual_grade = score, False
        comment = gradebook.find_comment("question", "project", "project", "zoë")
        comment.manual_comment = "Say what would have proved you wrong."
        gradebook.db.commit()
    with pytest.MonkeyPatch.context() as patch:
        no_tex(patch)
        grade_projects(out.parent / "in", out)
    rows = grades(out)
    assert rows["zoë", "question"]["score"] == "5"
    assert rows["zoë", "compiles"]["score"] == "5"
    page = (out / "feedback/zoë/project/project.html").read_text()
    assert "Say what would have proved you wrong." in page
    assert 'class="reached"' in page


def test_a_mistake_of_the_instructors_is_one_sentence(tmp_path, capsys):
    assert cli.main(["project", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "There is no folder or zip of projects" in capsys.readouterr().err


# ------------------------------------------------------------------ before handing in


def test_a_team_sees_the_lines_before_it_hands_in(tmp_path, capsys):
    path = only(tmp_path, sound()) / "team.zip"
    assert student.main(["check", str(path), "--no-compile"]) == 0
    said = capsys.readouterr().out
    assert "[ok] consistency" in said
    assert "[??] compiles" in said
    files = without(METHOD)(sound())
    path.write_bytes(zipped(files))
    assert student.main(["check", str(path), "--no-compile"]) == 1
    assert "the file 'sections/method' is not there" in capsys.readouterr().out


def test_a_team_may_name_its_folder(tmp_path, capsys):
    for name, data in template().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert student.main(["check", str(tmp_path), "--no-compile"]) == 1
    assert "'Method' is empty" in capsys.readouterr().out
    assert student.main(["check", str(tmp_path / "none"), "--no-compile"]) == 2


# ------------------------------------------------------------------ logs


def test_errors_are_read_from_a_log_with_file_and_line():
    log = (
        "! LaTeX Error: File `x.png' not found.\n\nsee the manual\n./sections/a.tex:7: Emergency "
        "stop.\n./main.tex:9: Undefined control sequence.\nl.9 \\nope\n"
    )
    assert list(errors_in(log, {"main.tex": b"", "sections/a.tex": b""}, "main.tex")) == [
        ("sections/a.tex", 7, "LaTeX Error: File `x.png' not found."),
        ("main.tex", 9, "Undefined control sequence."),
    ]


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("\\documentclass{article}", "pdf"),
        ("% !TEX program = xelatex\n", "pdfxe"),
        ("\\usepackage{fontspec}", "pdfxe"),
        ("\\usepackage{luacode}", "pdflua"),
    ],
)
def test_the_engine_that_a_report_asks_for(text, engine):
    assert engine_of(text) == engine


# ------------------------------------------------------------------ with TeX


@pytest.fixture(scope="module")
def press():
    with Press(TexLimits(seconds=30)) as made:
        yield made


@pytest.fixture(scope="module")
def small_press():
    with Press(TexLimits(seconds=4)) as made:
        yield made


def small(body: str, preamble: str = "") -> dict[str, bytes]:
    text = (
        f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    return {"main.tex": text.encode()}


@needs_tex
@needs_sandbox
def test_the_template_and_a_sound_report_compile(press):
    made = press.typeset(template(), "main.tex")
    assert (made.status, made.errors) == ("ok", [])
    assert made.pages >= 1
    assert made.pdf_data().startswith(b"%PDF-")
    assert press.typeset(sound(), "main.tex").status == "ok"


@needs_tex
@needs_sandbox
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("\\nope", "Undefined control sequence"),
        ("\\begin{center}", "ended by \\end{document}"),
        ("\\def\\x{\\x\\x}\\x", "TeX capacity exceeded"),
        ("\\input{/box/none.tex}", "not found"),
    ],
)
def test_an_error_has_its_file_and_line(press, body, said):
    made = press.typeset(small(body), "main.tex")
    assert made.status == "errors"
    assert any(
        said in text and name == "main.tex" and line in (4, 5) for name, line, text in made.errors
    )


@needs_tex
@needs_sandbox
def test_an_endless_macro_is_stopped_and_named(small_press):
    made = small_press.typeset(small("\\def\\x{\\x}\\x"), "main.tex")
    assert made.status == "timeout"
    assert made.errors[0][:2] == ("main.tex", 4)
    assert "did not end within 4 seconds" in made.errors[0][2]


@needs_tex
@needs_sandbox
def test_no_shell_no_files_of_the_graders(press, tmp_path):
    (tmp_path / "secret.tex").write_text("SECRET")
    body = (
        f"\\immediate\\write18{{touch hacked}}\\IfFileExists{{{tmp_path}/secret.tex}}{{\\bad}}{{}}"
    )
    body += "\\IfFileExists{hacked}{\\bad}{}\\immediate\\write18{}x"
    made = press.typeset(small(body) | {".latexmkrc": b"system('touch hacked');"}, "main.tex")
    assert (made.status, made.errors) == ("ok", [])


@needs_tex
@needs_sandbox
def test_a_package_that_only_this_machine_lacks_is_not_held_against_a_report(press):
    made = press.typeset(small("x", "\\usepackage{no-such-package-anywhere}"), "main.tex")
    assert made.status == "not-assessed"
    assert "no-such-package-anywhere.sty" in made.reason


def test_judging_runs_as_a_process_with_limits(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "autograder.project.judging"],
        input=b"no task",
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0


def test_an_edit_that_finds_nothing_fails():
    with pytest.raises(AssertionError, match="has no"):
        both(changed(METHOD, ("not in it", "")))(sound())
