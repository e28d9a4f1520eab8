"""Reports of hostile submissions in a real browser: no dialog, no request, no complaint."""

from pathlib import Path

import nbformat
import pytest

from autograder import report
from autograder.sanitize import safe_notebook
from tests.chromium import MARKS
from tests.grader.conftest import make_master
from tests.grader.hostile_pages import HOSTILE, outputs, verdict

BOOK = Path(__file__).parents[1] / "book"
ACCESSIBILITY = (BOOK / "accessibility.js").read_text().replace('"article"', '"main"')
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
LONG = "def double(x):\n" + "".join(f"    x = x + {i} * f(x, {i}) ** g(x)\n" for i in range(40))

pytestmark = MARKS


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """The reports on a class in which everything that a student can write is hostile."""
    out = tmp_path_factory.mktemp("hostile")
    verdicts = {}
    for i, text in enumerate(HOSTILE):
        name = f"{i} {text}".replace("/", "\u2215").replace("\0", "")
        graded = verdict(name, message=text, detail=text, source=f"{LONG}\n{text}", essay=text)
        graded["notebook"]["cells"][1]["outputs"] = outputs()
        graded["notes"] = [text]
        graded["flags"] = [{"kind": "forbidden-import", "cell": text, "what": text}]
        graded["checks"][0]["status"] = ("graded", "timeout", "check-crashed")[i % 3]
        verdicts[name] = graded
    light = {s: {k: v for k, v in g.items() if k != "notebook"} for s, g in verdicts.items()}
    master = nbformat.writes(make_master())
    report.write_reports(out, "small", master, light, verdicts.__getitem__)
    found = {name: out / f"{name}.html" for name in ("report", "similarity")}
    every = sorted((out / "feedback").rglob("*.html"))
    assert len(every) == len(HOSTILE)
    return found | {f"feedback-{i}": path for i, path in enumerate(every)}


@pytest.fixture
def visit(browser, request):
    """Open a page, with every fold open, and remember whatever it does besides being there."""

    def open_page(path: Path, size: str = "desktop", theme: str = "light"):
        context = browser.new_context(viewport=SIZES[size], color_scheme=theme)
        request.addfinalizer(context.close)
        page = context.new_page()
        page.events = []
        page.on("dialog", lambda it: (page.events.append(f"dialog {it.message}"), it.dismiss()))
        page.on("pageerror", lambda it: page.events.append(f"error {it}"))
        page.on("console", lambda it: page.events.append(f"console {it.text}"))
        page.on("framenavigated", lambda it: page.events.append(f"navigated {it.url}"))
        page.on("request", lambda it: page.events.append(f"request {it.url}"))
        page.goto(path.as_uri(), wait_until="networkidle")
        page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        page.wait_for_timeout(200)
        own = (f"request {path.as_uri()}", f"navigated {path.as_uri()}")
        page.events = [e for e in page.events if e not in own and "request data:image" not in e]
        return page

    return open_page


def test_no_page_runs_or_requests_anything(visit, pages):
    for path in pages.values():
        page = visit(path)
        assert page.events == []
        page.locator("body").click(position={"x": 5, "y": 5})
        assert page.events == [], path


def test_nothing_of_a_student_covers_the_page(visit, pages):
    page = visit(pages["feedback-0"])
    covering = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(it => "
        "['fixed', 'absolute'].includes(getComputedStyle(it).position) "
        "&& it.getBoundingClientRect().width > 400).length"
    )
    assert covering == 0
    assert page.locator("h1").is_visible()


def test_a_policy_stands_behind_the_cleaning(visit, pages):
    page = visit(pages["report"])
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', "
        "'<img src=x onerror=document.title=1><img src=http://127.0.0.1:9/i.png>')"
    )
    page.wait_for_timeout(200)
    assert page.title() == "small: class report"
    assert any("Content Security Policy" in event for event in page.events)


@pytest.mark.parametrize("name", ["report", "similarity", "feedback-1"])
def test_pages_fit_a_phone(visit, pages, name):
    page = visit(pages[name], size="phone")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= SIZES["phone"]["width"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report", "similarity", "feedback-1"])
def test_pages_are_accessible(visit, pages, name, theme):
    assert visit(pages[name], theme=theme).evaluate(f"({ACCESSIBILITY})()") == []


def test_the_students_table_is_sorted_with_the_keyboard(visit, pages):
    page = visit(pages["report"])
    button = page.locator("table.students thead button").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort]").inner_text() == button.inner_text()
    scores = page.locator("table.students tbody td:nth-child(2)")
    values = [float(cell.get_attribute("data-value")) for cell in scores.all()]
    assert values == sorted(values, reverse=True)


def test_a_students_name_leads_to_their_feedback(visit, pages):
    page = visit(pages["report"])
    links = page.locator("table.students tbody a").all()
    assert len(links) == len(HOSTILE)
    for link in links:
        address = link.evaluate("it => decodeURIComponent(new URL(it.href).pathname)")
        assert Path(address).is_file()


def test_figures_describe_themselves(visit, pages):
    page = visit(pages["report"])
    for figure in page.locator("svg[role=img]").all():
        assert figure.get_attribute("aria-label")


def test_what_the_formgrader_renders_holds_no_active_text():
    cells = nbformat.from_dict(verdict(essay="\n".join(HOSTILE))["notebook"])
    cells.cells[1].outputs = nbformat.from_dict(outputs())
    cleaned = safe_notebook(cells)
    essay = cleaned.cells[-1].source
    assert "<script" not in essay
    assert "javascript:" not in essay
    assert "![" not in essay
    assert "\\def" not in essay and "\\href" not in essay and "\\style" not in essay
    kinds = {kind for output in cleaned.cells[1].outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/html", "image/png", "image/jpeg"}
    assert all(not output.get("metadata") for output in cleaned.cells[1].outputs)
    nbformat.validate(cleaned.cells[1].outputs and nbformat.from_dict(cleaned), version=4)
