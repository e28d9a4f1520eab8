"""Entering verdicts in the gradebook: whole or not at all, whoever else writes into it."""

import contextlib
import errno
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from autograder import files, record
from autograder.course import Course, Terms, task_of
from autograder.files import DiskFull, write_atomically
from autograder.record import Recorder
from autograder.verify import graded_cells, verdict
from tests.grader.gradebooks import contents
from tests.house.sources import ROOT

LATE = """
c = get_config()

from nbgrader.plugins import LateSubmissionPlugin


class OnePointAnHour(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late // 3600


c.AssignLatePenalties.plugin_class = OnePointAnHour
"""
HALF = "score / 2"
HOLDS_TRANSACTIONS = """
import sqlite3, sys, time
gradebook = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
print("writing", flush=True)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    gradebook.execute("BEGIN EXCLUSIVE")
    gradebook.execute("UPDATE course SET id = id")
    time.sleep(1.5)
    gradebook.execute("COMMIT")
    time.sleep(0.05)
"""
FILLS_UP = """
import sys
from pathlib import Path
from autograder.files import DiskFull
from tests.grader.test_record import entered, course, opened

out = Path(sys.argv[1])
with opened(out) as recorder:
    done = []
    try:
        for number in range(1000):
            recorder.record(entered(f"student-{number:03}"))
            done.append(f"small student-{number:03}")
    except DiskFull as error:
        print(error)
(Path(sys.argv[2])).write_text("\\n".join(done))
"""


def course() -> Course:
    from tests.grader import small_class

    return small_class.course()


@contextlib.contextmanager
def opened(out: Path, config: Path | None = None) -> Iterator[Recorder]:
    """A recorder that knows the small assignment."""
    with Recorder(out, "small", config) as recorder:
        recorder.prepare(course().master, {})
        yield recorder


def entered(student: str, share: float = 1.0, timestamp: str = "2026-01-02 10:00:00") -> dict:
    """A verdict in which each check has a share of its points."""
    from autograder.collect import Submission
    from tests.grader.conftest import make_master

    submission = Submission(student, None, timestamp=timestamp)
    rows = [
        {"check": name, "cell": name, "score": share * points, "max_score": points}
        | {"status": "graded", "message": "", "detail": ""}
        for name, points in graded_cells(make_master())
    ]
    task = task_of(course(), submission, Terms(sandbox=False))
    return verdict(task, "graded", rows, make_master(), [], []).as_dict()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("fresh") / "out"
    out.mkdir()
    with opened(out):
        return out


@pytest.fixture
def out(fresh, tmp_path) -> Path:
    shutil.copytree(fresh, tmp_path / "out")
    return tmp_path / "out"


def test_recording_twice_changes_nothing(out):
    with opened(out) as recorder:
        recorder.record(entered("a"))
        once = contents(out)
        recorder.record(entered("a"))
    assert contents(out) == once
    assert once["small a"]["score"] == 6
    assert once["small a"]["timestamp"] == "2026-01-02 10:00:00"


def test_gradebook_that_others_write_into_for_seconds_is_waited_for(out):
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLDS_TRANSACTIONS, out / "gradebook.db", "9"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "writing\n"
    with opened(out) as recorder:
        while writer.poll() is None:
            recorder.record(entered("a"))
            recorder.record(entered("b", 0.5))
    assert writer.wait() == 0
    assert {name: entry["score"] for name, entry in contents(out).items()} == {
        "small a": 6,
        "small b": 3,
    }


def test_formgrader_is_never_locked_out_while_verdicts_are_recorded(out):
    """What the formgrader does for a manual grade, by nbgrader's own API with its own patience."""
    with opened(out) as recorder:
        recorder.record(entered("a"))
        stop, failures, writes = threading.Event(), [], []

        def grade_by_hand() -> None:
            while not stop.is_set():
                try:
                    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
                        grade = gradebook.find_grade("essay", "small", "small", "a")
                        grade.manual_score = len(writes) % 4
                        gradebook.db.commit()
                    writes.append(grade_by_hand)
                except Exception as error:
                    failures.append(error)

        people = [threading.Thread(target=grade_by_hand) for _ in range(2)]
        for person in people:
            person.start()
        for number in range(60):
            recorder.record(entered(f"student-{number}"))
            recorder.record(entered("a"))
        stop.set()
        for person in people:
            person.join()
    assert failures == []
    assert writes
    assert len(contents(out)) == 61
    grades = {name: manual for name, _, manual, _ in contents(out)["small a"]["grades"]}
    assert grades["essay"] is not None


def test_endless_writer_ends_the_run_with_one_sentence(out, monkeypatch):
    monkeypatch.setattr(record, "WAIT_SECONDS", 0.1)
    with opened(out) as recorder:
        other = sqlite3.connect(out / "gradebook.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(record.RecordError, match="another program has been writing"):
            recorder.record(entered("a"))
        other.execute("ROLLBACK")
        other.close()
        recorder.record(entered("a"))
    assert list(contents(out)) == ["small a"]


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        (Gradebook, "update_or_create_submission"),
        (record.Sheet, "find_comment"),
        (Gradebook, "find_submission_notebook"),
    ],
)
def test_verdict_is_entered_whole_or_not_at_all(out, monkeypatch, part, broken):
    def fail(*args, **kwargs):
        raise RuntimeError("in the middle")

    with opened(out) as recorder:
        recorder.record(entered("a", 0.5))
        before = contents(out)
        with monkeypatch.context() as patch:
            patch.setattr(part, broken, fail)
            for student in ("a", "b"):
                with pytest.raises(RuntimeError, match="in the middle"):
                    recorder.record(entered(student))
        assert contents(out) == before
        assert [path.name for path in (out / "autograded").iterdir()] == ["a"]
        with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
            assert [student.id for student in gradebook.students] == ["a"]
        recorder.record(entered("b"))
    assert contents(out)["small b"]["score"] == 6


def test_late_penalty_is_that_of_the_courses_plugin(out, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(LATE)
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment("small").duedate = parse_utc("2026-01-02 08:30:00 UTC")
        gradebook.db.commit()
    with opened(out, tmp_path / "nbgrader_config.py") as recorder:
        recorder.record(entered("late", timestamp="2026-01-02 11:00:00"))
        recorder.record(entered("much-later", timestamp="2026-01-09 10:00:00"))
        recorder.record(entered("in-time", timestamp="2026-01-02 08:30:00"))
        recorder.record(entered("unknown", timestamp=""))
        recorder.assign_penalties()
    found = {name: entry["penalty"] for name, entry in contents(out).items()}
    assert found == {
        "small late": 2,
        "small much-later": 6,
        "small in-time": None,
        "small unknown": None,
    }
    with opened(out) as recorder:
        recorder.assign_penalties()
    assert contents(out)["small late"]["penalty"] is None, "by default there is no penalty"


def test_late_penalty_follows_scores_given_by_hand_and_extensions(out, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(LATE.replace("total_seconds_late // 3600", HALF))
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        gradebook.find_assignment("small").duedate = parse_utc("2026-01-02 08:30:00 UTC")
        gradebook.db.commit()

    def penalties() -> tuple[float | None, float | None]:
        with opened(out, tmp_path / "nbgrader_config.py") as recorder:
            recorder.assign_penalties()
        found = contents(out)
        return found["small late"]["penalty"], found["small excused"]["penalty"]

    with opened(out) as recorder:
        for student in ("late", "excused"):
            recorder.record(entered(student, timestamp="2026-01-02 11:00:00"))
    assert penalties() == (3, 3)
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("check-double", "small", "small", "late").manual_score = 0
        gradebook.grant_extension("small", "excused", days=1)
        gradebook.db.commit()
    assert penalties() == (2, None)


def test_score_given_by_hand_needs_a_second_look_only_if_an_answer_changed(out):
    def waits() -> bool:
        with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade("check-double", "small", "small", "a")
            assert grade.manual_score == 1
            return grade.needs_manual_grade

    graded = entered("a")
    with opened(out) as recorder:
        recorder.record(graded)
        with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade("check-double", "small", "small", "a")
            grade.manual_score, grade.needs_manual_grade = 1, False
            gradebook.db.commit()
        recorder.record(entered("a"))
        assert not waits()
        cells = graded["notebook"]["cells"]
        answer = next(cell for cell in cells if cell["id"] == "double")
        answer["source"] += "\n# another answer"
        recorder.record(graded)
        assert waits()


def test_killed_making_of_a_gradebook_leaves_none(tmp_path, monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(record.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        record.make_gradebook(tmp_path / "gradebook.db", "course")
    assert not (tmp_path / "gradebook.db").exists()
    monkeypatch.undo()
    record.make_gradebook(tmp_path / "gradebook.db", "course")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "course") as gradebook:
        assert gradebook.assignments == []


def limited_files() -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (450_000, 450_000))


def test_disk_that_fills_up_leaves_whole_verdicts_only(out, tmp_path):
    assert (out / "gradebook.db").stat().st_size < 450_000
    done = subprocess.run(
        [sys.executable, "-c", FILLS_UP, out, tmp_path / "done.txt"],
        cwd=ROOT,
        preexec_fn=limited_files,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("there is no room for ")
    assert done.stdout.count("\n") == 1
    recorded = (tmp_path / "done.txt").read_text().split("\n")
    assert recorded
    assert sorted(contents(out)) == recorded
    assert all(entry["score"] == 6 for entry in contents(out).values())
    assert list(out.rglob("*.part")) == []
    with opened(out) as recorder:
        recorder.record(entered("after"))
    assert "small after" in contents(out)


def test_file_on_a_full_disk_keeps_its_old_content(tmp_path, monkeypatch):
    write_atomically(tmp_path / "grades.csv", b"old")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(DiskFull, match="free some on that disk"):
        write_atomically(tmp_path / "grades.csv", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("grades.csv", b"old")]
