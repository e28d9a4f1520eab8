"""Grading by hand in nbgrader's formgrader: a real JupyterLab and browser, a regrade between."""

import csv
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
from nbgrader.api import Gradebook

from autograder import cli, formgrader
from tests.chromium import chromium, in_a_browser
from tests.grader import small_class

WAIT = 60
FORMGRADER = (sys.executable, "-m", "autograder.cli", "formgrader")
HOSTILE = (
    '<img src="x" onerror="window.attacked = 1"><script>window.attacked = 1</script> '
    "[here](javascript:window.attacked=1) Because."
)
SHOUTING = """
from IPython.display import HTML, display
display(HTML('<img src="x" onerror="window.attacked = 1"><script>window.attacked = 1</script>'))
course = "featherweight"
"""
NAMED_FOR_TROUBLE = "<img src=x onerror=window.attacked=1>"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, submit):
    """A folder with three students' work: a right one, one who errs in `double`, a hostile one."""
    root = tmp_path_factory.mktemp("classroom")
    notebooks = {
        "ada": submit(essay="Because it is so."),
        "bob": submit(essay="Who knows?", double="def double(x): return x"),
        NAMED_FOR_TROUBLE: submit(essay=HOSTILE, name=SHOUTING),
    }
    for student, notebook in notebooks.items():
        folder = root / "handed-in" / student / "small"
        folder.mkdir(parents=True)
        (folder / "small.ipynb").write_bytes(notebook)
    return root


@pytest.fixture(scope="module")
def grade_class(classroom):
    """Run `autograder grade` on the class, with more options if need be."""

    def run(*options: str) -> Path:
        folders = ["--submissions", str(classroom / "handed-in"), "--out", str(classroom / "out")]
        command = ["grade", "small", *folders, "--workers", "1", "--unsafe-no-sandbox", *options]
        assert small_class.main(command) == 0
        return classroom / "out"

    return run


@pytest.fixture(scope="module")
def out(grade_class):
    """The graded class."""
    return grade_class()


class Server:
    """JupyterLab as `autograder formgrader` starts it, on a free port of this machine."""

    def __init__(self, out: Path, home: Path):
        self.token = secrets.token_hex(16)
        self.address = f"http://127.0.0.1:{free_port()}"
        self.log = (home / "server.log").open("w+")
        options = ("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1")
        port = ("--ServerApp.port_retries=0", f"--port={self.address.rpartition(':')[2]}")
        token = f"--IdentityProvider.token={self.token}"
        self.process = subprocess.Popen(
            [*FORMGRADER, "--out", out, "--", *options, *port, token],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "settings")},
        )

    def wait(self) -> None:
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/api?token={self.token}").close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        pytest.fail(f"JupyterLab did not start:\n{self.said()}")

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT)
        self.log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(out, tmp_path_factory):
    """JupyterLab on the graded class."""
    server = Server(out, tmp_path_factory.mktemp("home"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture
def page(server):
    """A page of Chromium that is logged in."""
    with chromium() as browser:
        page = browser.new_page(base_url=server.address)
        page.set_default_timeout(1000 * WAIT)
        page.route(lambda url: not url.startswith(server.address), lambda it: it.abort())
        page.goto(f"/formgrader?token={server.token}", wait_until="networkidle")
        yield page


def nbgrader(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run one of nbgrader's own commands in a folder."""
    program = Path(sys.executable).with_name("nbgrader")
    return subprocess.run([program, *command.split()], cwd=folder, capture_output=True, text=True)


def notebooks_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.ipynb")}


def open_submission(page, out: Path, student: str) -> None:
    """Open the page on which one student's notebook is graded."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission_notebook("small", "small", student)
        address = f"/formgrader/submissions/{submission.id}/"
    page.goto(address, wait_until="networkidle")


def enter(page, field: str, text: str, api: str) -> None:
    """Type into a field as a person does, and wait until the server has saved it."""
    with page.expect_response(lambda it: it.request.method == "PUT" and api in it.url) as saved:
        page.locator(field).fill(text)
        page.locator(field).press("Tab")
    assert saved.value.status == 200


def placeholder(page, check: str) -> str:
    return page.locator(f"#check-{check}").get_attribute("placeholder")


def in_gradebook(out: Path, student: str) -> tuple[float, float, float | None, str | None]:
    """A submission's total and its essay's total, manual score and comment."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as gradebook:
        total = gradebook.find_submission("small", student).score
        essay = gradebook.find_grade("essay", "small", "small", student)
        comment = gradebook.find_comment("essay", "small", "small", student)
        return total, essay.score, essay.manual_score, comment.manual_comment


def score_in_csv(out: Path, student: str, check: str) -> str:
    with (out / "grades.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        return next(r["score"] for r in rows if (r["student"], r["check"]) == (student, check))


@in_a_browser
def test_what_is_entered_in_the_formgrader_survives_a_regrade_while_it_is_open(
    out, server, page, grade_class
):
    page.goto("/formgrader/gradebook/small/small", wait_until="networkidle")
    assert page.locator("#main-table tr").count() == 3

    open_submission(page, out, "bob")
    assert (placeholder(page, "double"), placeholder(page, "mean")) == ("0", "3")
    enter(page, "#essay", "2.5", "/api/grade/")
    enter(page, "#essay-comment", "Say how you measured it.", "/api/comment/")
    entered = (6.5, 2.5, 2.5, "Say how you measured it.")
    assert in_gradebook(out, "bob") == entered

    assert grade_class("--regrade") == out
    assert in_gradebook(out, "bob") == entered
    assert score_in_csv(out, "bob", "essay") == "2.5"
    assert score_in_csv(out, "ada", "essay") == "", "nobody has graded it yet"

    page.reload(wait_until="networkidle")
    assert page.locator("#essay").input_value() == "2.5"
    assert page.locator("#essay-comment").input_value() == "Say how you measured it."
    enter(page, "#essay", "4", "/api/grade/")
    assert in_gradebook(out, "bob")[:3] == (8, 4, 4)
    assert "database is locked" not in server.said()


@in_a_browser
def test_a_score_entered_for_a_check_takes_its_place_in_the_sheets(out, server, page, grade_class):
    open_submission(page, out, "ada")
    enter(page, "#check-mean", "1", "/api/grade/")
    enter(page, "#essay", "3", "/api/grade/")
    grade_class()
    with (out / "canvas.csv").open(newline="") as file:
        grades = {row["SIS Login ID"]: row["small"] for row in csv.DictReader(file)}
    assert grades["ada"] == "7"
    assert score_in_csv(out, "ada", "mean") == "1"


@in_a_browser
def test_the_formgrader_runs_nothing_of_a_student(out, server, page):
    (hostile,) = {path.name for path in (out / "autograded").iterdir()} - {"ada", "bob"}
    pages = ["gradebook", "gradebook/small/small", "manage_submissions/small", "manage_students"]
    pages += [f"manage_students/{quote(hostile)}", f"manage_students/{quote(hostile)}/small"]
    for address in pages:
        page.goto(f"/formgrader/{address}", wait_until="networkidle")
        assert page.get_by_role("heading", name="nbgrader").count() == 1, address
        assert page.evaluate("window.attacked") is None, address
    open_submission(page, out, hostile)
    assert page.locator("text=Because.").count() == 1
    assert page.evaluate("window.attacked") is None
    assert page.locator("a[href^='javascript:']").count() == 0

    before = notebooks_in(out / "autograded")
    page.goto("/formgrader/manage_submissions/small", wait_until="networkidle")
    page.locator(".autograde a").first.click()
    page.locator(".modal").get_by_text("[ERROR] Not here: nbgrader").wait_for()
    assert notebooks_in(out / "autograded") == before


@in_a_browser
def test_the_formgrader_opens_from_the_menu_of_jupyterlab(out, server, page):
    page.goto("/lab", wait_until="load")
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Manage Assignments").wait_for()
    frame.get_by_role("link", name="small").wait_for()


def test_a_folder_without_a_gradebook_is_refused_and_left_alone(tmp_path, capsys):
    assert cli.main(["formgrader", "--out", str(tmp_path)]) == 2
    assert "has no gradebook" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_settings_of_another_hand_are_not_overwritten(tmp_path, capsys):
    (tmp_path / "gradebook.db").touch()
    (tmp_path / formgrader.SETTINGS).write_text("c = get_config()\n")
    assert cli.main(["formgrader", "--out", str(tmp_path), "--settings-only"]) == 2
    assert "is your own" in capsys.readouterr().err
    assert (tmp_path / formgrader.SETTINGS).read_text() == "c = get_config()\n"


def test_stock_nbgrader_exports_the_graded_class_and_does_not_grade_it_again(out, tmp_path):
    shutil.copytree(out, tmp_path / "out")
    assert cli.main(["formgrader", "--out", str(tmp_path / "out"), "--settings-only"]) == 0
    assert nbgrader("export", tmp_path / "out").returncode == 0
    with (tmp_path / "out" / "nbgrader-grades.csv").open(newline="") as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert len(exported) == 3
    assert exported == {student: in_gradebook(out, student)[0] for student in exported}
    assert (tmp_path / "out" / "grades.csv").read_bytes() == (out / "grades.csv").read_bytes()

    refused = nbgrader("autograde small --force", tmp_path / "out")
    assert refused.returncode == 1
    assert "nbgrader would run this student's code with your rights" in refused.stderr
    assert notebooks_in(tmp_path / "out" / "autograded") == notebooks_in(out / "autograded")
