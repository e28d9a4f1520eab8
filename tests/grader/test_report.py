"""What people read: the right figures, nothing hidden, nothing active, any size of class."""

import re
from html.parser import HTMLParser

import nbformat
import pytest

from autograder import feedback, report, verify
from autograder.class_report import CAUSE_NAMES, Background, class_report
from autograder.feedback import ADVICE, is_current, write_feedback
from autograder.hand_grades import HandGrades
from autograder.item_analysis import FEWEST, analyze
from autograder.sanitize import safe_markdown
from autograder.verify import CAUSES
from autograder.wrong_answers import WrongAnswers, normalized
from tests.grader.hostile_pages import HOSTILE, verdict


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    found = HTMLParser()
    said: list[str] = []
    found.handle_data = said.append  # type: ignore[method-assign]
    found.feed(page.partition("</style>")[2])
    return re.sub(r"\s+", " ", " ".join(said))


# Feedback.


def test_every_cause_has_a_name_in_the_report_and_advice_in_the_feedback():
    assert set(verify.CAUSES) <= set(CAUSE_NAMES)
    assert set(verify.CAUSES) <= set(ADVICE)


@pytest.mark.parametrize("cause", sorted(verify.CAUSES))
def test_feedback_says_the_cause_and_what_to_do(cause):
    refused = cause in feedback.REFUSED
    said = verify.CAUSES[cause]
    page = feedback.feedback(
        verdict(status=cause) if refused else verdict(cause=cause, message=said)
    )
    assert said.rstrip(".") in text_of(page)
    assert text_of(page).count(re.split(r"[`.]", ADVICE[cause])[0]) == 1


def test_feedback_keeps_an_answer_that_was_not_given_folded():
    given, blank = (
        feedback.feedback(verdict(score=0)),
        feedback.feedback(verdict(cause="unanswered")),
    )
    assert "<details open><summary>Your answer" in given
    assert "<details open" not in blank
    assert "double: not answered" in text_of(blank)


def test_feedback_never_shows_a_hidden_test_flags_or_an_instructors_detail():
    graded = verdict(
        message="the hint", detail="TRACEBACK-OF-CHECK", status_of_check="check-crashed"
    )
    graded["flags"] = [{"kind": "forbidden-import", "cell": "double", "what": "FLAGGED"}]
    page = feedback.feedback(graded)
    assert "the hint" in page
    for secret in ("TRACEBACK-OF-CHECK", "FLAGGED", "HIDDEN", "grade("):
        assert secret not in page


def test_feedback_shows_what_people_entered():
    entered = HandGrades(
        manual={"essay": 3.5}, comments={"essay": "Well argued & short."}, penalty=1
    )
    said = text_of(feedback.feedback(verdict(), entered))
    assert "Well argued & short." in said
    assert "3.5 / 4" in said
    assert "Handed in late −1" in said
    assert "Total 3.5 of 6 points" in said


def test_feedback_says_that_an_answer_waits_for_its_grade():
    said = text_of(feedback.feedback(verdict()))
    assert "Still to be graded by hand 1 answer" in said
    assert "Total so far 1 of 6 points" in said


def test_a_score_that_a_person_gave_replaces_the_checks():
    entered = HandGrades(manual={"check-double": 2.0})
    said = text_of(feedback.feedback(verdict(cause="timeout"), entered))
    assert "double: right 2 / 2" in said
    assert "given by a person" in said
    assert CAUSES["timeout"] not in said


def test_the_report_counts_a_score_that_a_person_gave():
    results = {"ada": verdict(cause="timeout")}
    before = text_of(class_report("small", results))
    known = Background(hand={"ada": HandGrades(manual={"check-double": 2.0})})
    after = text_of(class_report("small", results, known))
    assert CAUSE_NAMES["timeout"] in before
    assert CAUSE_NAMES["timeout"] not in after


def test_feedback_is_written_again_when_people_entered_something(tmp_path):
    graded, entered = verdict(), HandGrades(comments={"essay": "Good."})
    write_feedback(tmp_path, graded)
    assert is_current(tmp_path, graded, HandGrades())
    assert not is_current(tmp_path, graded, entered)
    write_feedback(tmp_path, graded, entered)
    assert is_current(tmp_path, graded, entered)
    assert (tmp_path / "feedback/ada/small/small.html").is_file()


def test_an_answer_in_prose_is_shown_as_it_was_written():
    page = feedback.feedback(verdict(essay="a < b & c <d> \\def"))
    assert "a &lt; b &amp; c &lt;d&gt; \\def" in page


def test_pictures_of_an_answer_in_prose_are_shown():
    graded = verdict(essay="See ![plot](attachment:plot.png)")
    pictures = {
        "plot.png": {"image/png": "aGk="},
        "bad": {"text/html": "<script>alert(1)</script>"},
    }
    graded["notebook"]["cells"][-1]["attachments"] = pictures
    page = feedback.feedback(graded)
    assert '<img alt="plot.png" src="data:image/png;base64,aGk=">' in page
    assert "alert(1)" not in page


# What nbgrader's formgrader renders.

ORDINARY = [
    "a < b",
    "x <- 3",
    "$a_1 < b$ & $\\frac{1}{2}$",
    "R&D; see `a && b`",
    "![plot](attachment:p.png)",
    "![figure](images/figure.png)",
    "a [link](https://example.org)",
    "# A javascript tutorial",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_prose_stays_as_it_is(text):
    assert safe_markdown(text) == text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("<img src=x>", "<"),
        ("![x](https://example.org/i.png)", "!["),
        ("![x](//example.org/i.png)", "!["),
        ("![x][there]\n\n[there]: https://example.org", "!["),
        ("[x](JavaScript:alert(1))", "cript:"),
        ("[x](java&#115;cript:alert(1))", "&#"),
        ("[x](data:text/html,1)", "html,"),
        ("$\\href{x}{y}$", "\\href"),
        ("$\\def\\a{\\a\\a}$", "\\def"),
    ],
)
def test_prose_that_acts_is_disarmed(text, gone):
    assert gone in text
    assert gone not in safe_markdown(text)


# The class report.


def class_of(count: int, **changes) -> dict[str, dict]:
    students = (f"student-{i:04}" for i in range(count))
    return {name: verdict(name, score=i % 3, **changes) for i, name in enumerate(students)}


def test_an_empty_class_and_a_class_of_one_have_a_report():
    assert "There are no submissions" in class_report("small", {})
    said = text_of(class_report("small", class_of(1)))
    assert "1 submission" in said
    assert "n/a" in said


def test_the_report_of_nobody_but_refused_submissions_is_written():
    said = text_of(class_report("small", {"ada": verdict(status="no-notebook")}))
    assert "There is no notebook of this assignment" in said


def test_a_crashed_check_stands_first_with_its_traceback():
    crashed = verdict(status_of_check="check-crashed", detail="KeyError: 'the one'")
    page = class_report("small", {"ada": crashed, "bob": verdict("bob", status="no-notebook")})
    said = text_of(page)
    assert "KeyError: 'the one'" in said
    assert said.index("1 check crashed") < said.index("1 submission could not be graded")


def test_a_given_cell_that_failed_is_listed_with_what_it_raised():
    results = {student: verdict(student) for student in ("ada", "bob")}
    for one in results.values():
        one["flags"] = [{"kind": "given-failed", "cell": "given-3", "what": "OSError: no file"}]
    said = text_of(class_report("small", results))
    assert "1 given cell failed" in said
    assert "OSError: no file (for ada, bob)" in said
    assert "forbidden" not in said


def test_flags_late_ones_and_waiting_answers_are_listed_for_the_instructor():
    graded = verdict()
    graded["flags"] = [{"kind": "forbidden-import", "cell": "double", "what": "uses prune"}]
    known = Background(hand={"ada": HandGrades(penalty=2)}, late={"ada"})
    said = text_of(class_report("small", {"ada": graded}, known))
    assert "Uses prune (in double)." in said
    assert "late penalty: 2 points" in said.casefold()
    assert "1 submission with an answer to grade by hand" in said


def test_a_class_of_a_thousand_has_a_report_of_a_few_megabytes():
    wrong = WrongAnswers()
    checks = [f"check-{i}" for i in range(20)]
    results = {}
    for student, graded in class_of(1000).items():
        row = graded["checks"][0]
        graded["checks"] = [
            row | {"check": name, "cell": name, "message": f"{name}: {student} of 7" * 20}
            for name in checks
        ]
        graded["notes"] = ["odd in its own way"] * 3
        results[student] = graded
        wrong.add(graded, dict.fromkeys(checks, f"x = {student!r}\n" * 10))
    page = class_report("small", results, Background(wrong=wrong))
    assert len(page.encode()) < 5_000_000
    assert "1000" in page


def test_discrimination_is_the_correlation_with_all_other_checks():
    def graded(item: float, rest: float) -> dict:
        rows = [{"check": "item", "score": item, "max_score": 1, "status": "graded"}]
        rows += [{"check": "rest", "score": rest, "max_score": 4, "status": "graded"}]
        return {"checks": rows}

    rising = [graded(i / 12, i / 3) for i in range(12)]
    assert analyze("item", rising).discrimination == pytest.approx(1)
    assert analyze("item", [graded(1 - i / 12, i / 3) for i in range(12)]).discrimination < 0
    assert analyze("item", rising[: FEWEST - 1]).discrimination is None
    assert analyze("item", [graded(1, i) for i in range(12)]).discrimination is None
    assert analyze("item", [graded(i / 12, 1) for i in range(12)]).discrimination is None
    assert analyze("item", [graded(i / 12, i) for i in range(12)]).mean == pytest.approx(11 / 24)


def test_a_check_that_crashed_on_a_student_leaves_the_student_out_of_its_figures():
    crashed = {"check": "item", "score": 0, "max_score": 1, "status": "check-crashed"}
    whole = {"check": "item", "score": 1, "max_score": 1, "status": "graded"}
    assert analyze("item", [{"checks": [crashed]}, {"checks": [whole]}]).mean == 1


# Wrong answers.


def test_messages_that_differ_in_numbers_only_are_one():
    one = "The result is wrong in 3 of 40 entries; [1, 0] is -1.2e-05, expected 0."
    other = "The result is wrong in 12 of 40 entries; [2] is 7, expected nan."
    assert normalized(one) == normalized(other)
    assert normalized(one) != normalized("The result has the wrong shape.")


def test_wrong_answers_cluster_by_message_and_then_by_code():
    wrong = WrongAnswers()
    for i, source in enumerate(["a = x + 1", "b = y + 2  # mine", "c = f(x, y, z)"]):
        wrong.add(verdict(f"s{i}", message=f"{i} is wrong"), {"double": source})
    wrong.add(verdict("s9", message="another thing"), {"double": "a = 1"})
    (cluster,) = wrong.commonest("double")
    assert cluster.students == ["s0", "s1", "s2"]
    assert [answer.students for answer in cluster.commonest()] == [["s0", "s1"], ["s2"]]
    assert wrong.left_out("double") == 1


def test_answers_not_given_are_counted_and_are_no_wrong_answers():
    wrong = WrongAnswers()
    wrong.add(verdict("ada", message="`x` is wrong"), {"double": "a = 1"})
    wrong.add(verdict("bob", cause="unanswered"), {"double": "a = 2"})
    (cluster,) = wrong.commonest("double")
    assert cluster.students == ["ada"]
    page = class_report("small", {"ada": verdict("ada", score=0)}, Background(wrong=wrong))
    assert "1 student lost points, 1 more gave no answer" in text_of(page)
    assert '<span class="commonest">1: <code>x</code> is wrong' in page


def test_names_of_files_keep_their_small_letters():
    odd = verdict("ada") | {"notes": ["a1.ipynb was taken", "the file is old"]}
    said = text_of(class_report("small", {"ada": odd}))
    assert "a1.ipynb was taken." in said
    assert "The file is old." in said


# All of them together.


def test_reports_hold_one_notebook_at_a_time_and_are_the_same_again(tmp_path, master):
    verdicts = {name: verdict(name) for name in ("ada", "bob")}
    light = {s: {k: v for k, v in g.items() if k != "notebook"} for s, g in verdicts.items()}
    for _ in range(2):
        report.write_reports(
            tmp_path, "small", nbformat.writes(master), light, lambda s: verdicts[s]
        )
        names = ("report.html", "similarity.html", "similarity.csv", "canvas.csv", "moodle.csv")
        found = {name: (tmp_path / name).read_bytes() for name in names}
        if _ == 0:
            first = found
    assert found == first
    assert (tmp_path / "feedback/bob/small/small.html").is_file()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_escaped_wherever_it_stands(text, tmp_path, master):

    graded = verdict(text, message=text, detail=text, essay=text, source=text)
    graded["notes"], graded["timestamp"] = [text], text
    graded["flags"] = [{"kind": "forbidden-import", "cell": text, "what": text}]
    light = {name: part for name, part in graded.items() if name != "notebook"}
    wrong = WrongAnswers()
    wrong.add(graded, {"double": text})
    entered = HandGrades(comments={"essay": text, "check-double": text}, penalty=1)
    pages = [
        feedback.feedback(graded, entered),
        class_report("small", {text: light}, Background({text: entered}, {text}, wrong)),
    ]
    for page in pages:
        body = page.partition("</style>")[2].rpartition("<script>")[0] or page
        tags = re.findall(r"<(/?[a-z][a-z0-9]*)", body.partition("</head>")[2])
        assert not {"script", "iframe", "form", "base", "meta", "object", "style"} & set(tags)
        assert not re.search(r"<[^>]*\son\w+=", body)
        assert not re.search(r"<[^>]*(?:href|src)=\"(?:javascript|http|//|data:text)", body, re.I)
        assert "\x1b" not in page
        assert "\u202e" not in page


def test_reports_on_an_empty_class_are_written(tmp_path, master):
    report.write_reports(tmp_path, "small", nbformat.writes(master), {}, dict)
    assert "No two students" in (tmp_path / "similarity.html").read_text()
    assert "no submissions" in (tmp_path / "report.html").read_text()
