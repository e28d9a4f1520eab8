"""What a browser does with the built pages: no other host, math, quizzes, narrow screens."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.book.pages import ROOT, listed_in_toc
from tests.chromium import MARKS

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHECKS = Path(__file__).with_name("accessibility.js").read_text()
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1400, "height": 900}

pytestmark = MARKS


class QuietHandler(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself."""

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(built_book):
    """The address of a server on this machine that serves the book."""
    handler = partial(QuietHandler, directory=str(built_book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(browser, request):
    """Open a page in a fresh profile; remember its requests and what its console complains of."""

    def open_page(url, viewport=DESKTOP, theme="light", **options):
        context = browser.new_context(viewport=viewport, color_scheme=theme, **options)
        request.addfinalizer(context.close)
        page = context.new_page()
        page.requested, page.complaints = [], []
        page.on("request", lambda it: page.requested.append(it.url))
        page.on("requestfailed", lambda it: page.complaints.append(f"failed: {it.url}"))
        page.on("pageerror", lambda it: page.complaints.append(str(it)))
        page.on("console", lambda it: it.type == "error" and page.complaints.append(it.text))
        page.goto(url, wait_until="networkidle")
        return page

    return open_page


@pytest.mark.parametrize("name", [*listed_in_toc(), "search", "genindex"])
def test_a_page_asks_no_other_host_and_renders_without_errors(visit, address, name):
    page = visit(f"{address}/{name}.html")
    elsewhere = [url for url in page.requested if not url.startswith((address, "data:", "blob:"))]
    assert elsewhere == []
    assert page.complaints == []
    formulas = page.locator(".math").count()
    assert page.locator(".math mjx-container").count() == formulas
    assert page.locator("mjx-merror").count() == 0


def test_a_page_works_from_a_folder_without_a_server(visit, built_book):
    page = visit((built_book / "book" / "foundations" / "why-compress.html").as_uri())
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.requested)
    assert page.locator(".math mjx-container").count() > 0


@pytest.mark.parametrize("name", listed_in_toc())
def test_a_page_fits_a_phone(visit, address, name):
    page = visit(f"{address}/{name}.html", viewport=PHONE)
    width = page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= PHONE["width"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", listed_in_toc())
def test_a_page_is_accessible(visit, address, name, theme):
    page = visit(f"{address}/{name}.html", theme=theme)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.wait_for_timeout(300)
    assert page.evaluate(f"({CHECKS})()") == []


@pytest.mark.skipif(
    not AXE.exists(), reason="axe is not installed: npm install --no-save axe-core@4"
)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", listed_in_toc())
def test_a_page_passes_axe(visit, address, name, theme):
    page = visit(f"{address}/{name}.html", theme=theme)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.wait_for_timeout(300)
    page.add_script_tag(path=str(AXE))
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    violations = [
        f"{it['id']}: {node['html'][:120]}" for it in found["violations"] for node in it["nodes"]
    ]
    assert violations == []


def test_a_quiz_answers_to_the_keyboard(visit, address):
    page = visit(f"{address}/book/foundations/why-compress.html")
    quiz = page.locator("form.quiz").first
    verdict = quiz.locator("[role=status]")
    radios = quiz.locator("input[type=radio]")
    radios.first.focus()
    page.keyboard.press("Space")
    assert verdict.inner_text().startswith("Not this one")
    assert quiz.locator("details[open]").count() == 1
    for _ in range(radios.count()):
        if verdict.inner_text() == "Right.":
            break
        page.keyboard.press("ArrowDown")
    assert verdict.inner_text() == "Right."
    assert quiz.locator("details[open]").count() == 1
    assert quiz.locator("details[open]").is_visible()


def test_a_quiz_can_be_read_without_javascript(visit, address):
    page = visit(f"{address}/book/foundations/why-compress.html", java_script_enabled=False)
    quiz = page.locator("form.quiz").first
    assert quiz.locator("summary").first.is_visible()
    assert not quiz.locator("input").first.is_visible()
    quiz.locator("summary").first.click()
    assert quiz.locator(".quiz-why").first.is_visible()


def test_a_figure_takes_the_color_of_the_text_around_it(visit, address):
    colors = {}
    for theme in ("light", "dark"):
        page = visit(f"{address}/book/foundations/why-compress.html", theme=theme)
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        figure = page.locator("figure svg[role=img]").first
        colors[theme] = figure.evaluate("node => getComputedStyle(node).color")
    assert colors["light"] != colors["dark"]


@pytest.mark.parametrize("from_folder", [False, True])
def test_a_widget_answers_to_its_slider_without_a_kernel(visit, address, built_book, from_folder):
    base = built_book.as_uri() if from_folder else address
    page = visit(f"{base}/book/pruning/magnitude-pruning.html")
    widget = page.locator(".fw-widget")
    report = widget.locator("output")
    lines = widget.locator("svg line")
    before = lines.nth(1).get_attribute("x1")
    assert report.inner_text().startswith("30 %: 79,860 of 266,200 weights")
    slider = widget.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    assert report.inner_text().startswith("1 %: 2,662 of 266,200 weights")
    assert lines.nth(1).get_attribute("x1") != before
    assert "keeps 1 percent" in widget.locator("svg").get_attribute("aria-label")
    assert page.complaints == []


def test_the_rounds_of_lottery_tickets_answer_to_the_keyboard(visit, address):
    page = visit(f"{address}/book/pruning/lottery-tickets.html")
    widget = page.locator(".fw-widget").filter(has_text="Round of pruning")
    report = widget.locator("output")
    assert report.inner_text().startswith("Round 9: 4 % of the weights")
    accuracy = widget.locator("tbody td:nth-child(2)")
    before = accuracy.all_inner_texts()
    widget.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    assert report.inner_text().startswith("Round 0: 100 % of the weights, 266,200 of 266,200.")
    assert accuracy.all_inner_texts() != before
    labels = [svg.get_attribute("aria-label") for svg in widget.locator("svg[role=img]").all()]
    assert all("at round 0" in label for label in labels)
    assert page.complaints == []


def test_filters_go_with_the_slider_without_a_kernel(visit, address):
    page = visit(f"{address}/book/pruning/structured-pruning.html")
    widget = page.locator(".fw-widget")
    report, slider = widget.locator("output"), widget.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    assert report.inner_text().startswith(
        "24 of 24 filters: 8 of 8 and 16 of 16. 52,138 parameters"
    )
    page.keyboard.press("Home")
    assert report.inner_text().startswith("2 of 24 filters: 1 of 8 and 1 of 16.")
    assert "keeps 1 of 8 filters" in widget.locator("svg").get_attribute("aria-label")
    assert widget.locator("rect[stroke-dasharray='2 3']").count() == 7 + (8 * 16 - 1)
    assert page.complaints == []


def test_a_student_approaches_its_teachers_with_the_slider(visit, address):
    page = visit(f"{address}/book/distillation/bigger-teachers.html")
    widget = page.locator(".fw-widget").filter(has_text="same first choice")
    report, slider = widget.locator("output"), widget.locator("input[type=range]")
    charts = widget.locator("svg[role=img][aria-label*='Teacher:']")
    last = slider.get_attribute("max")
    slider.focus()
    page.keyboard.press("Home")
    start = report.inner_text()
    assert start.startswith(f"Epoch 0 of {last}, temperature 4. MLP-16: KL ")
    before = [chart.get_attribute("aria-label") for chart in charts.all()]
    page.keyboard.press("End")
    assert report.inner_text().startswith(f"Epoch {last} of {last}")
    after = [chart.get_attribute("aria-label") for chart in charts.all()]
    assert len(after) == 6
    assert all(f"after epoch {last}" in text for text in after)
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert page.complaints == []


def test_probabilities_soften_with_the_slider_and_follow_a_logit(visit, address):
    page = visit(f"{address}/book/distillation/knowledge-distillation.html")
    widget = page.locator(".fw-temperature")
    report, bars = widget.locator("output"), widget.locator("svg rect.bar")
    sliders = widget.locator("input[type=range]")
    assert bars.count() == 10 and sliders.count() == 11

    def widths():
        return [float(bar.get_attribute("width")) for bar in bars.all()]

    assert report.inner_text().startswith("T = 1: ")
    plain = widths()
    sliders.first.focus()
    page.keyboard.press("End")
    assert report.inner_text().startswith("T = 32: ")
    assert max(widths()) < max(plain) and min(widths()) > min(plain)
    assert sum(widths()) == pytest.approx(sum(plain), rel=1e-3)
    page.keyboard.press("Home")
    assert report.inner_text().startswith("T = 0.25: ")
    last = sliders.nth(10)
    last.focus()
    page.keyboard.press("End")
    assert report.inner_text().startswith("T = 0.25: ankle boot 100.0 %")
    assert "ankle boot 100.0 %" in widget.locator("svg").get_attribute("aria-label")
    widget.locator("select").select_option("2")
    assert report.inner_text().startswith("T = 0.25: ankle boot")
    assert page.complaints == []


def test_images_are_distilled_with_the_slider_without_a_kernel(visit, address):
    page = visit(f"{address}/book/distillation/dataset-distillation.html")
    widget = page.locator(".fw-widget")
    report, slider = widget.locator("output"), widget.locator("input[type=range]")
    first = widget.locator("canvas").first
    assert report.inner_text().startswith("Before the first step: one step, with the step size")
    drawn = "canvas => canvas.toDataURL()"
    before = first.evaluate(drawn)
    slider.focus()
    page.keyboard.press("End")
    assert report.inner_text().startswith("After 200 steps: one step, with the step size learned")
    assert first.evaluate(drawn) != before
    assert widget.locator("canvas").count() == 10
    assert first.get_attribute("aria-label").startswith(
        "After 200 steps: the image labeled t-shirt"
    )
    assert "marked at step 200" in widget.locator("svg").get_attribute("aria-label")
    assert page.complaints == []


def test_a_cascades_threshold_answers_to_its_slider_without_a_kernel(visit, address):
    page = visit(f"{address}/book/adaptive/cascades.html")
    widget = page.locator(".fw-widget")
    report, slider = widget.locator("output"), widget.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    assert "the MLP answers 100.0 % of the images" in report.inner_text()
    page.keyboard.press("End")
    assert "the MLP answers 0.0 % of the images" in report.inner_text()
    assert "Of those passed on" in report.inner_text()
    labels = [svg.get_attribute("aria-label") for svg in widget.locator("svg[role=img]").all()]
    assert "it answers 0 percent of the images" in labels[0]
    assert "Test accuracy against MACs" in labels[1]
    assert page.complaints == []


def test_a_grid_follows_bits_range_and_kind_without_a_kernel(visit, address):
    page = visit(f"{address}/book/quantization/quantization.html")
    widget = page.locator(".fw-grid")
    report, marks = widget.locator("output"), widget.locator("svg line.code")
    bits, part = widget.locator("input[type=range]").all()
    values, kind = widget.locator("select").all()
    assert report.inner_text().startswith("4 bits, symmetric, range ")
    assert marks.count() == 15 and "0.0 % clipped" in report.inner_text()
    bits.focus()
    page.keyboard.press("ArrowRight")
    assert report.inner_text().startswith("5 bits, symmetric") and marks.count() == 31
    part.focus()
    page.keyboard.press("Home")
    assert "0.0 % clipped" not in report.inner_text()
    page.keyboard.press("End")
    values.select_option("1")
    kind.select_option("1")
    assert "zero point 0." in report.inner_text() and marks.count() == 32
    bits.focus()
    page.keyboard.press("Home")
    assert report.inner_text().startswith("1 bit, affine") and marks.count() == 2
    kind.select_option("0")
    assert part.is_disabled()
    label = widget.locator("svg").get_attribute("aria-label")
    assert label.startswith("Histogram of the activations behind the second ReLU")
    assert page.complaints == []
