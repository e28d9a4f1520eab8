"""A class from its folders to the gradebook: nothing lost, nothing twice, nobody stopped."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from autograder import cli, grade, sandbox, source, verify
from autograder.collect import Submission
from autograder.course import CourseError, Terms, course_secret
from autograder.execute import Limits
from autograder.grade import grade_class
from autograder.gradesheets import grades_csv
from autograder.store import Store, verdicts_in
from tests.grader.gradebooks import contents
from tests.grader.test_record import LATE

UNSAFE_OUTPUT = """
from IPython.display import HTML, Javascript, display
display(HTML('<b>bold</b><script>alert(1)</script><img src="https://example.org/" onerror="x()">'))
display(Javascript("alert(2)"))
course = "featherweight"
"""
LIMITS = Limits(cell_seconds=5, call_seconds=2)
UNWALLED = Terms(LIMITS, sandbox=False)


def write(folder: Path, student: str, data: bytes, timestamp: str = "") -> None:
    home = folder / student / "small"
    home.mkdir(parents=True, exist_ok=True)
    (home / "small.ipynb").write_bytes(data)
    if timestamp:
        (home / "timestamp.txt").write_text(timestamp)


def rows_of(out: Path) -> list[dict]:
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, submit, course):
    """A class of seven, graded once with two workers."""
    root = tmp_path_factory.mktemp("classroom")
    handed_in = root / "handed-in"
    write(handed_in, "student-01", submit(essay="Because."), "2026-01-02 10:00:00 UTC")
    write(
        handed_in, "student-02", submit(double="def double(x): return x", essay="YOUR ANSWER HERE")
    )
    write(handed_in, "student-03", submit(mean="def mean(v): return v[0]", name=UNSAFE_OUTPUT))
    write(handed_in, "student-04", b"{")
    write(handed_in, "<b>Å & b", submit(double="import os; os._exit(3)"))
    (handed_in / "student-06").mkdir()
    (handed_in / "student-07").symlink_to(handed_in / "student-01")
    (root / "nobody").mkdir()
    grade_class(course, root / "nobody", root / "fresh", UNWALLED)
    shutil.copytree(root / "fresh", root / "out")
    done = grade_class(course, handed_in, root / "out", UNWALLED, workers=2)
    return root, done


@pytest.fixture
def fresh(classroom, tmp_path):
    """A folder whose gradebook knows the assignment and no student (making one takes seconds)."""
    shutil.copytree(classroom[0] / "fresh", tmp_path / "fresh")
    return tmp_path / "fresh"


@pytest.fixture
def answered_by(monkeypatch):
    """Let verdicts come from a function of the students, without any worker."""

    def replace_engine(answers):
        class Answers:
            def __init__(self, scheduler, workers):
                pass

            def __enter__(self):
                return self

            def __exit__(self, *error):
                pass

            def graded(self, jobs):
                for student in [job.student for job in jobs]:
                    yield student, answers(student)

        monkeypatch.setattr(grade, "Engine", Answers)

    return replace_engine


@pytest.fixture
def never_run(answered_by):
    def refuse(student):
        raise AssertionError("nothing should be graded again")

    answered_by(refuse)


def test_grades_hold_one_row_for_each_student_and_check(classroom):
    rows = rows_of(classroom[0] / "out")
    assert list(rows[0]) == ["student", "assignment", "check", "score", "max_score", "status"]
    assert len({(row["student"], row["check"]) for row in rows}) == len(rows) == 7 * 4
    found = {(row["student"], row["check"]): (row["score"], row["status"]) for row in rows}
    assert found["student-01", "mean"] == ("3", "graded")
    assert found["student-02", "double"] == ("0", "graded")
    assert found["student-03", "mean"] == ("1", "graded")
    assert found["student-04", "name"] == ("0", "unreadable-notebook")
    odd = next(student for student, _ in found if student.startswith("_b_"))
    assert found[odd, "double"] == ("0", "kernel-died")
    assert found[odd, "mean"] == ("3", "graded")
    assert found["student-06", "double"] == ("0", "no-notebook")
    assert found["student-07", "double"] == ("0", "no-notebook")


def test_answer_graded_by_hand_has_no_score_until_somebody_gave_one(
    classroom, course, tmp_path, never_run
):
    root, _ = classroom
    shutil.copytree(root / "out", tmp_path / "out")
    database = f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}"
    essays = {row["student"]: row for row in rows_of(tmp_path / "out") if row["check"] == "essay"}
    found = {name: (row["score"], row["status"]) for name, row in essays.items()}
    assert {row["max_score"] for row in essays.values()} == {"4"}
    assert found["student-01"] == ("", "by-hand")
    assert found["student-02"] == ("0", "by-hand"), "it was left as it was released"
    assert found["student-04"] == ("0", "unreadable-notebook")
    with Gradebook(database) as gradebook:
        gradebook.find_grade("essay", "small", "small", "student-01").manual_score = 3.5
        gradebook.db.commit()
    done = grade_class(course, root / "handed-in", tmp_path / "out", UNWALLED)
    assert done.fresh == 0
    assert done.by_hand == len([row for row in essays.values() if row["score"] == ""]) - 1
    again = {(row["student"], row["check"]): row for row in rows_of(tmp_path / "out")}
    assert again["student-01", "essay"] == essays["student-01"] | {"score": "3.5"}
    assert len(again) == 7 * 4
    points = sum(row["max_score"] for row in done.results["student-01"]["checks"])
    assert points == 6, "the report's totals are those of the checks"


def test_every_run_enters_late_penalties_from_the_present_scores(
    classroom, course, tmp_path, never_run
):
    root, _ = classroom
    shutil.copytree(root / "out", tmp_path / "out")
    (tmp_path / "policy.py").write_text(LATE.replace("total_seconds_late // 3600", "score / 2"))
    late = replace(course, config_file=tmp_path / "policy.py")
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment("small").duedate = parse_utc("2026-01-02 08:30:00 UTC")
        gradebook.db.commit()

    def penalty() -> float:
        assert grade_class(late, root / "handed-in", tmp_path / "out", UNWALLED).fresh == 0
        return contents(tmp_path / "out")["small student-01"]["penalty"]

    assert penalty() == 3
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("essay", "small", "small", "student-01").manual_score = 4
        gradebook.db.commit()
    assert penalty() == 5


def test_second_run_grades_nobody_and_changes_nothing(classroom, course, never_run):
    root, _ = classroom
    before = {p: p.read_bytes() for p in (root / "out").rglob("*") if p.suffix in (".csv", ".html")}
    done = grade_class(course, root / "handed-in", root / "out", UNWALLED, workers=2)
    assert done.fresh == 0
    assert {path: path.read_bytes() for path in before} == before


def test_one_worker_gives_the_same_grades_as_two(classroom, course, fresh):
    root, _ = classroom
    grade_class(course, root / "handed-in", fresh, UNWALLED, workers=1)
    assert (fresh / "grades.csv").read_bytes() == (root / "out" / "grades.csv").read_bytes()


def test_gradebook_agrees_with_the_grades(classroom):
    root, done = classroom
    with Gradebook(f"sqlite:///{root / 'out' / 'gradebook.db'}") as gradebook:
        for student, graded in done.results.items():
            submission = gradebook.find_submission("small", student)
            cells = {g.name: g for notebook in submission.notebooks for g in notebook.grades}
            for row in graded["checks"]:
                assert cells[f"check-{row['check']}"].auto_score == row["score"]
                assert cells[f"check-{row['check']}"].max_score == row["max_score"]
        for student, by_hand in (("student-01", True), ("student-02", False)):
            essay = gradebook.find_grade("essay", "small", "small", student)
            assert essay.needs_manual_grade == by_hand
        assert str(gradebook.find_submission("small", "student-01").timestamp).startswith(
            "2026-01-02 10"
        )


def test_nbgraders_own_commands_work_on_the_result(classroom, tmp_path):
    root, done = classroom
    shutil.copytree(root / "out", tmp_path / "course")
    shutil.rmtree(tmp_path / "course" / "feedback")
    for command in (["generate_feedback", "small"], ["export", "--to", "exported.csv"]):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=tmp_path / "course",
            check=True,
            capture_output=True,
        )
    exported = {
        row["student_id"]: float(row["raw_score"])
        for row in csv.DictReader((tmp_path / "course" / "exported.csv").open(newline=""))
    }
    totals = {s: sum(r["score"] for r in g["checks"]) for s, g in done.results.items()}
    assert exported == totals
    for student in done.results:
        assert (tmp_path / "course" / "feedback" / student / "small" / "small.html").is_file()


def test_manual_score_survives_a_regrade(classroom, course, tmp_path, answered_by):
    root, _ = classroom
    shutil.copytree(root / "out", tmp_path / "out")
    url = f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        for name in ("essay", "check-double"):
            grade_entry = gradebook.find_grade(name, "small", "small", "student-01")
            grade_entry.manual_score = 1.5
        gradebook.db.commit()
    verdict = Store(tmp_path / "out" / "results" / "small").load("student-01")
    answered_by(lambda student: verdict)
    (tmp_path / "one").mkdir()
    shutil.copytree(root / "handed-in" / "student-01", tmp_path / "one" / "student-01")
    done = grade_class(course, tmp_path / "one", tmp_path / "out", UNWALLED, regrade=True)
    assert done.fresh == 1
    with Gradebook(url) as gradebook:
        for name in ("essay", "check-double"):
            assert gradebook.find_grade(name, "small", "small", "student-01").score == 1.5
    assert {row["student"] for row in rows_of(tmp_path / "out")} == {"student-01"}


def test_interrupted_run_is_completed_by_the_next(classroom, course, fresh, answered_by):
    root, _ = classroom
    store = Store(root / "out" / "results" / "small")
    verdicts = {student: store.load(student) for student in store.entries}
    asked = []

    def interrupted(student):
        if len(asked) == 3:
            raise KeyboardInterrupt
        asked.append(student)
        return verdicts[student]

    answered_by(interrupted)
    with pytest.raises(KeyboardInterrupt):
        grade_class(course, root / "handed-in", fresh, UNWALLED)
    (next((fresh / "results" / "small").glob("*.done"))).unlink()
    rest = []
    answered_by(lambda student: rest.append(student) or verdicts[student])
    grade_class(course, root / "handed-in", fresh, UNWALLED)
    assert sorted(asked + rest) == sorted(verdicts)
    assert (fresh / "grades.csv").read_bytes() == (root / "out" / "grades.csv").read_bytes()
    with Gradebook(f"sqlite:///{fresh / 'gradebook.db'}") as gradebook:
        assert len(gradebook.assignment_submissions("small")) == 7


@pytest.mark.parametrize("change", ["checks", "secret", "data", "limits", "code", "sandbox"])
def test_whatever_a_verdict_depends_on_changes_its_key(course, change, submit, handed_in):
    submission = handed_in("a", submit())
    base = grade.task_of(course, submission, UNWALLED)
    other = {
        "checks": replace(base, checks=base.checks + "#"),
        "secret": replace(base, secret=b"another"),
        "data": replace(base, data=base.data + b" "),
        "limits": replace(base, limits=Limits().as_dict()),
        "code": replace(base, code="newer"),
        "sandbox": grade.task_of(course, submission, Terms(LIMITS)),
    }[change]
    assert other.key() != base.key()
    assert base.key() == grade.task_of(course, submission, UNWALLED).key()


def test_check_that_crashes_is_reported_and_counts_for_nobody(
    classroom, course, tmp_path, fresh, answered_by, monkeypatch, capsys
):
    root, _ = classroom
    store = Store(root / "out" / "results" / "small")
    verdict = json.loads(json.dumps(store.load("student-01")))
    verdict["checks"][0].update(status="check-crashed", score=0.0, detail="KeyError: 'the one'")
    answered_by(lambda student: verdict)
    known(monkeypatch, course)
    shutil.copytree(root / "handed-in" / "student-01", tmp_path / "in" / "student-01")
    out = fresh
    arguments = ["--submissions", str(tmp_path / "in"), "--out", str(out)]
    status = cli.main(["grade", "small", *arguments, "--unsafe-no-sandbox"])
    assert status == 1
    assert capsys.readouterr().err.count("\n") == 1
    report = (out / "report.html").read_text()
    assert "KeyError" in report
    assert "100 %" in report
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        entry = gradebook.find_grade("check-double", "small", "small", "student-01")
        assert (entry.auto_score, entry.needs_manual_grade) == (None, True)
    feedback = (out / "feedback" / "student-01" / "small" / "small.html").read_text()
    assert "KeyError" not in feedback
    assert "4 of 4 points" in feedback


def test_verdict_that_cannot_be_recorded_stops_no_other(classroom, course, fresh, answered_by):
    root, _ = classroom
    store = Store(root / "out" / "results" / "small")
    verdicts = {student: store.load(student) for student in store.entries}
    verdicts["student-01"]["timestamp"] = "never"
    answered_by(verdicts.get)
    done = grade_class(course, root / "handed-in", fresh, UNWALLED)
    assert list(done.unrecorded) == ["student-01"]
    with Gradebook(f"sqlite:///{fresh / 'gradebook.db'}") as gradebook:
        assert len(gradebook.assignment_submissions("small")) == 6


def test_submission_that_was_given_up_is_named_and_tried_again(
    classroom, course, fresh, answered_by, monkeypatch, capsys
):
    root, _ = classroom
    store = Store(root / "out" / "results" / "small")
    verdicts = {student: store.load(student) for student in store.entries}
    submission = Submission("student-01", root / "out/submitted/student-01/small/small.ipynb")
    task = grade.task_of(course, submission, UNWALLED)
    lost = verify.given_up(task, nbformat.reads(course.master, as_version=4), "stopped", "killed")
    answered_by((verdicts | {"student-01": lost.as_dict()}).get)
    known(monkeypatch, course)
    monkeypatch.setattr(sandbox, "problem", lambda: "")
    arguments = ["--submissions", str(root / "handed-in"), "--out", str(fresh)]
    assert cli.main(["grade", "small", *arguments]) == 1
    said = capsys.readouterr().err
    assert "student-01" in said
    assert "check-double" not in said
    assert said.count("\n") == 1
    with Gradebook(f"sqlite:///{fresh / 'gradebook.db'}") as gradebook:
        entry = gradebook.find_grade("check-double", "small", "small", "student-01")
        assert (entry.auto_score, entry.needs_manual_grade) == (None, True)
    again = []
    answered_by(lambda student: again.append(student) or verdicts[student])
    assert cli.main(["grade", "small", *arguments]) == 0
    assert again == ["student-01"]


def test_without_a_sandbox_nothing_is_graded_unless_asked_for_by_name(
    tmp_path, capsys, monkeypatch, course
):
    known(monkeypatch, course)
    monkeypatch.setattr(sandbox, "problem", lambda: "Enable this and that.")
    arguments = ["grade", "small", "--submissions", str(tmp_path), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err == "autograder grade: Enable this and that.\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "number"),
    [("3GB", 3 * 10**9), ("256 MB", 256 * 10**6), ("1.5GiB", 3 * 2**29), ("1000", 1000)],
)
def test_sizes_are_read_as_people_write_them(text, number):
    assert grade.size(text) == number


def test_every_limit_is_an_option_with_its_own_words(capsys):
    with pytest.raises(SystemExit):
        cli.main(["grade", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for entry in fields(Limits):
        assert f"--{entry.name.replace('_', '-')} " in text
        assert entry.metadata["help"] in text


@pytest.mark.parametrize("wrong", [["--memory-bytes", "lots"], ["--workers", "0"]])
def test_option_that_makes_no_sense_is_refused(wrong, capsys):
    with pytest.raises(SystemExit) as refused:
        cli.main(["grade", "small", "--submissions", "a", "--out", "b", *wrong])
    assert refused.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def known(monkeypatch, course):
    """Let the command know the small assignment."""
    monkeypatch.setattr(source, "assignments", lambda: ["small"])
    monkeypatch.setattr(grade, "load_course", lambda *args: course)


def test_unknown_assignment_and_missing_folder_are_one_sentence_each(
    tmp_path, capsys, monkeypatch, course
):
    tail = ["--submissions", str(tmp_path / "none"), "--out", str(tmp_path / "o")]
    tail += ["--unsafe-no-sandbox"]
    assert cli.main(["grade", "nothing", *tail]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    known(monkeypatch, course)
    assert cli.main(["grade", "small", *tail]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_empty_class_is_said_and_reported(tmp_path, fresh, capsys, monkeypatch, course):
    known(monkeypatch, course)
    (tmp_path / "in").mkdir()
    (fresh / "grades.csv").unlink()
    arguments = ["--submissions", str(tmp_path / "in"), "--out", str(fresh)]
    assert cli.main(["grade", "small", *arguments, "--unsafe-no-sandbox"]) == 1
    assert "has no student's folder" in capsys.readouterr().err
    assert rows_of(fresh) == []
    assert "There are no submissions" in (fresh / "report.html").read_text()


def test_an_empty_folder_takes_no_results_away(classroom, tmp_path, course):
    out = tmp_path / "out"
    shutil.copytree(classroom[0] / "out", out, symlinks=True)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with pytest.raises(grade.GradeError, match=r"nothing is changed, .* 7 submissions in"):
        grade_class(course, classroom[0] / "nobody", out, UNWALLED)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_secret_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "course" / "secret"
    secret = course_secret(path)
    assert len(secret) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert course_secret(path) == secret
    path.write_text("short")
    with pytest.raises(CourseError, match="too short"):
        course_secret(path)


def test_grades_of_several_assignments_share_one_file(classroom, tmp_path):
    source = classroom[0] / "out" / "results" / "small"
    for name in ("small", "smaller"):
        shutil.copytree(source, tmp_path / name)
    assert len(grades_csv(verdicts_in(tmp_path), tmp_path / "none.db").splitlines()) == 1 + 2 * 28


# Feedback and the class report.


def pages(classroom) -> dict[str, str]:
    out = classroom[0] / "out"
    found = [out / "report.html", *sorted((out / "feedback").rglob("*.html"))]
    return {str(path.relative_to(out)): path.read_text(encoding="utf-8") for path in found}


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_every_page_is_self_contained_and_marked_as_unsandboxed(classroom):
    for name, text in pages(classroom).items():
        for tag, attributes in Tags(text).found:
            addresses = [v for k, v in attributes.items() if k in ("src", "href", "srcset")]
            assert not any(re.match(r"(?!data:)[a-z+]+:|//", a) for a in addresses), (name, tag)
            assert tag not in ("link", "iframe", "object", "embed", "base"), (name, tag)
            assert not any(attribute.startswith("on") for attribute in attributes), (name, tag)
        assert "url(" not in text
        assert "default-src 'none'" in text
        assert "prefers-color-scheme: dark" in text
        assert "without a sandbox" in text


def test_feedback_shows_hints_and_no_hidden_test(classroom):
    feedback = pages(classroom)["feedback/student-02/small/small.html"]
    assert "is it SECRET-HINT twice the number?" in feedback
    everything = "".join(pages(classroom).values())
    assert "HIDDEN" not in everything
    assert "student.call" not in everything
    assert "grade(" not in everything


def test_feedback_of_a_student_holds_nothing_of_another(classroom):
    assert "student-02" not in pages(classroom)["feedback/student-03/small/small.html"]


def test_active_content_of_students_is_inert_everywhere(classroom):
    root, _ = classroom
    feedback = pages(classroom)["feedback/student-03/small/small.html"]
    assert "<b>bold</b>" in feedback
    assert not [tag for tag, _ in Tags(feedback).found if tag == "script"]
    notebook = (root / "out" / "autograded" / "student-03" / "small" / "small.ipynb").read_text()
    outputs = [o for cell in json.loads(notebook)["cells"] for o in cell.get("outputs", [])]
    shown = json.dumps([o.get("data", {}).get("text/html", "") for o in outputs])
    assert "<b>bold</b>" in shown
    assert "script" not in shown
    assert "onerror" not in shown
    report = pages(classroom)["report.html"]
    assert "<b>Å" not in report
    assert "_b_Å &amp; b" in report


def test_report_names_causes_and_describes_its_plots(classroom):
    report = pages(classroom)["report.html"]
    for cause in ("an unreadable notebook", "no notebook", "ended its own process"):
        assert cause in report
    assert "link, which is not followed" in report
    plots = re.findall(r"<svg[^>]*>", report)
    assert plots
    assert all('role="img"' in plot and 'aria-label="' in plot for plot in plots)


def test_results_folder_holds_no_secret(classroom, course):
    root, _ = classroom
    for path in (root / "out").rglob("*"):
        if path.is_file():
            assert course.secret not in path.read_bytes(), path


def test_submitted_copies_are_the_students_bytes(classroom):
    root, _ = classroom
    copied = root / "out" / "submitted" / "student-04" / "small" / "small.ipynb"
    assert copied.read_bytes() == b"{"
    assert not os.path.lexists(root / "out" / "submitted" / "student-07")


def test_second_run_into_the_same_folder_is_refused(tmp_path):
    refused = pytest.raises(grade.GradeError, match="another run is writing")
    with grade.only_run(tmp_path), refused, grade.only_run(tmp_path):
        pytest.fail("the second run got in")
    with grade.only_run(tmp_path):
        assert (tmp_path / ".lock").exists()


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    refused = pytest.raises(grade.GradeError, match="name another --out")
    with refused, grade.only_run(tmp_path / "file" / "out"):
        pytest.fail("a folder was made inside a file")


def test_secret_that_is_no_file_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="name a file with --secret"):
        course_secret(tmp_path)
