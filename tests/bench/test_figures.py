"""Figures and widgets: legible on light and dark pages, described, and free of other hosts."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from featherweight import plot, widgets

ALT = "A line that rises from one to four, drawn for this test."


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def simple_figure(alt=ALT):
    fig, ax = plot.figure()
    plot.band(ax, [1, 2, 3], np.array([[1.0, 2, 4], [1, 3, 4]]), label="runs")
    ax.legend()
    return plot.show(fig, alt=alt)


@pytest.mark.parametrize("background", ["#ffffff", "#121212"])
@pytest.mark.parametrize("color", plot.COLORS)
def test_every_color_stands_out_on_light_and_dark_pages(color, background):
    assert contrast(color, background) >= 3


def test_text_takes_the_color_of_the_page():
    svg = simple_figure().svg
    assert "currentColor" in svg
    assert plot._INK not in svg
    assert "#000000" not in svg and "#ffffff" not in svg


def test_a_figure_is_valid_xml_with_its_description_as_label():
    root = ET.fromstring(simple_figure('Bars "a" & <b> side by side here.').svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Bars "a" & <b> side by side here.'


def test_a_figure_without_a_description_is_refused():
    fig, _ = plot.figure()
    with pytest.raises(ValueError, match="Describe the figure in a sentence"):
        plot.show(fig, alt="plot")


def test_two_figures_on_a_page_share_no_id_and_no_style():
    first, second = simple_figure().svg, simple_figure(ALT + " Again.").svg
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    assert "<style" not in first
    for svg, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= own


def test_the_same_figure_is_written_the_same_twice():
    assert simple_figure().svg == simple_figure().svg


def test_a_band_shows_mean_and_standard_deviation():
    _, ax = plot.figure()
    runs = np.array([[1.0, 4.0], [3.0, 8.0]])
    plot.band(ax, [0, 1], runs)
    assert ax.lines[0].get_ydata().tolist() == [2.0, 6.0]
    edges = ax.collections[0].get_paths()[0].vertices
    assert edges[:, 1].max() == pytest.approx(6 + np.sqrt(8))


def test_runs_of_the_wrong_shape_are_refused():
    _, ax = plot.figure()
    with pytest.raises(ValueError, match=r"\[seeds, 3\]; got \[2, 2\]"):
        plot.band(ax, [1, 2, 3], np.ones((2, 2)))


@pytest.fixture
def threshold_page():
    weights = torch.linspace(-1, 1, 1001)
    widget = widgets.threshold(weights, [0.5, 0.1], [80.0, 60.0], density=0.5)
    formats, _ = widget._repr_mimebundle_()
    return formats


def test_a_widget_has_a_live_form_and_a_static_one(threshold_page):
    assert "application/vnd.jupyter.widget-view+json" in threshold_page
    assert "text/html" in threshold_page


def test_a_static_widget_asks_no_other_host_and_says_so_without_javascript(threshold_page):
    html = threshold_page["text/html"]
    urls = set(re.findall(r"https?://[^\"'\\ ]+", html))
    assert urls <= {"http://www.w3.org/2000/svg"}
    assert "<noscript>" in html


def test_a_widgets_data_cannot_end_its_script():
    state = {"data": {"fallback": "x", "text": "</script><b>"}, "position": 0.0}
    html = widgets.static_page("threshold.js", state)
    assert html.count("</script>") == 1


def test_the_threshold_widget_holds_the_quantiles_of_the_magnitudes(threshold_page):
    state = json.loads(re.search(r"const state = (.*);", threshold_page["text/html"])[1])
    data = state["data"]
    assert data["total"] == 1001
    assert data["quantiles"][100] == pytest.approx(0.5, abs=0.01)
    assert sum(data["counts"]) == pytest.approx(1001, abs=3)
    assert data["measured"] == [[0.1, 60.0], [0.5, 80.0]]


def tickets_widget(**changes):
    options = {
        "counts": [100, 50, 25],
        "accuracies": {"ticket": [[80.0, 81, 82], [84, 83, 82]], "late": [[1, 2, 3], [3, 2, 1]]},
        "learning": {"ticket": [[50.0, 60], [51, 61], [52, 62]], "late": [[70.0], [71], [72]]},
        "pixels": [[9, 9, 9, 9], [1, 2, 3, 4], [0, 1, 0, 2]],
        "fan_out": 9,
        "shown": 1,
    }
    return widgets.tickets(**(options | changes))


def test_the_tickets_widget_holds_mean_and_spread_of_every_round():
    html = tickets_widget()._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"const state = (.*);", html)[1])
    ticket, late = state["data"]["arms"]
    assert ticket["mean"] == [82, 82, 82]
    assert ticket["sd"] == pytest.approx([8**0.5, 2**0.5, 0], abs=0.01)
    assert late["learning"] == [[70], [71], [72]]
    assert [one["density"] for one in state["data"]["rounds"]] == [1, 0.5, 0.25]
    assert state["position"] == 1
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", ["accuracies", "learning"])
def test_the_tickets_widget_refuses_a_table_that_lacks_a_round(name):
    short = {"accuracies": {"ticket": [[80.0, 81]]}, "learning": {"ticket": [[50.0]], "late": []}}
    with pytest.raises(ValueError, match="one value for each of the 3 rounds"):
        tickets_widget(**{name: short[name]})


def filter_steps():
    one = {"kept": [[1], [0, 2]], "accuracy": 50.0, "tuned": 80.0, "parameters": 10, "macs": 20}
    return [one, one | {"kept": [[0, 1], [0, 1, 2]], "accuracy": 90.0, "parameters": 30}]


def test_the_filter_widget_holds_kernels_norms_and_steps():
    first = torch.tensor([[1.0, -1], [0, 2]]).view(2, 1, 1, 2)
    second = torch.arange(-3.0, 3).view(3, 2, 1, 1)
    html = widgets.filters(first, second, filter_steps(), "one epoch")._repr_mimebundle_()[0]
    data = json.loads(re.search(r"const state = (.*);", html["text/html"])[1])["data"]
    assert data["first"] == [[1, -1], [0, 2]]
    assert data["second"] == [[[-3], [-2]], [[-1], [0]], [[1], [2]]]
    assert data["norms"] == [[2, 2], [5, 1, 3]]
    assert data["largest"] == [2, 3]
    assert [step["accuracy"] for step in data["steps"]] == [50, 90]
    assert set(re.findall(r"https?://[^\"'\\ ]+", html["text/html"])) <= {
        "http://www.w3.org/2000/svg"
    }


def test_convolutions_that_do_not_follow_each_other_are_refused():
    with pytest.raises(ValueError, match="reads 5 channels, the first has 4 filters"):
        widgets.filters(torch.ones(4, 1, 3, 3), torch.ones(6, 5, 3, 3), [], "one epoch")


def distributions_widget(**changes):
    options = {
        "images": torch.tensor([[[[0.0, 1], [0.5, 0]]]]),
        "labels": torch.tensor([1]),
        "classes": ["bag", "coat"],
        "pairs": {
            "small": (torch.tensor([[0.0, 4]]), torch.zeros(3, 1, 2)),
            "large": (torch.tensor([[-9.0, 9]]), torch.ones(3, 1, 2)),
        },
        "temperature": 4.0,
        "shown": 2,
    }
    return widgets.distributions(**(options | changes))


def test_the_distributions_widget_holds_softened_probabilities_of_every_epoch():
    html = distributions_widget()._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"const state = (.*);", html)[1])
    data = state["data"]
    small, large = data["pairs"]
    assert small["teacher"] == [pytest.approx([0.26894, 0.73106])]
    assert large["student"] == [[[0.5, 0.5]]] * 3
    assert data["images"] == [[0, 1, 0.5, 0]] and data["side"] == 2 and data["labels"] == [1]
    assert state["position"] == 2
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("logits_s", [torch.zeros(3, 1, 3), torch.zeros(4, 1, 2)])
def test_the_distributions_widget_refuses_logits_that_do_not_fit(logits_s):
    pairs = {"one": (torch.zeros(1, 2), torch.zeros(3, 1, 2)), "two": (torch.zeros(1, 2), logits_s)}
    with pytest.raises(ValueError, match="as many epochs as the others"):
        distributions_widget(pairs=pairs)


def temperature_state(**options):
    examples = {"a shirt": [4.04, 2, -1], "a boot": [-3, 0.5, 9]}
    widget = widgets.temperature(["shirt", "coat", "boot"], examples, **options)
    html = widget._repr_mimebundle_()[0]["text/html"]
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}
    return json.loads(re.search(r"const state = (.*);", html)[1])


def test_the_temperature_widget_holds_logits_and_a_range_around_them():
    state = temperature_state(temperature=4)
    data = state["data"]
    assert data["classes"] == ["shirt", "coat", "boot"]
    assert data["examples"][0] == {"name": "a shirt", "logits": [4, 2, -1]}
    assert (data["lowest"], data["highest"]) == (-8, 14)
    assert state["position"] == 4


@pytest.mark.parametrize("logits", [[1.0, 2], [1.0, 2, float("nan")], [1.0, 2, float("inf")]])
def test_the_temperature_widget_refuses_logits_that_do_not_fit_the_classes(logits):
    with pytest.raises(ValueError, match="'a hat' needs a finite logit for each of 3 classes"):
        widgets.temperature(["shirt", "coat", "boot"], {"a hat": logits})


@pytest.mark.parametrize("temperature", [0, -1, 100, float("nan")])
def test_the_temperature_widget_refuses_a_temperature_off_its_slider(temperature):
    with pytest.raises(ValueError, match=r"from temperature 0\.25 to 32"):
        widgets.temperature(["a", "b"], {"x": [0.0, 1]}, temperature)


def grid_state(values, **options):
    html = widgets.quantization_grid({"some": values}, **options)._repr_mimebundle_()[0][
        "text/html"
    ]
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}
    return json.loads(re.search(r"const state = (.*);", html)[1])


def test_the_grid_widget_holds_quantiles_from_the_smallest_to_the_largest_value():
    state = grid_state(torch.linspace(-1, 3, 4001).flip(0).view(1, -1), num_bits=5)
    (example,) = state["data"]["examples"]
    assert len(example["values"]) == 801
    assert example["values"][:2] == pytest.approx([-1, -0.995])
    assert example["values"][-1] == 3 and example["size"] == pytest.approx(1.25, abs=1e-3)
    assert state["position"] == 5
    assert len(grid_state(torch.zeros(7))["data"]["examples"][0]["values"]) == 7


@pytest.mark.parametrize("num_bits", [0, 9])
def test_the_grid_widget_refuses_bits_off_its_slider(num_bits):
    with pytest.raises(ValueError, match="from 1 to 8 bits"):
        grid_state(torch.ones(3), num_bits=num_bits)


@pytest.mark.parametrize("values", [torch.ones(0), torch.tensor([1.0, float("nan")])])
def test_the_grid_widget_refuses_values_it_cannot_draw(values):
    with pytest.raises(ValueError, match="'some' needs values, all of them finite"):
        grid_state(values)


def distilled_widget(**changes):
    options = {
        "steps": [0, 10],
        "images": torch.tensor([[[0.0, 0.5], [1, -1]], [[-4, 4], [2, 0]]]).view(2, 2, 1, 1, 2),
        "accuracies": [12.0, 80.0],
        "names": ["shirt", "bag"],
        "training": "one step",
    }
    return widgets.distilled(**(options | changes))


def test_the_distilled_widget_holds_the_levels_of_every_pixel():
    html = distilled_widget(shown=1)._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"const state = (.*);", html)[1])
    first, last = state["data"]["steps"]
    assert first["images"] == ["hl", "oa"]
    assert last["images"] == ["ao", "lh"]
    assert [first["step"], last["step"], state["position"]] == [0, 10, 1]
    assert [first["limit"], last["limit"]] == [1, 4]
    assert [first["accuracy"], last["accuracy"]] == [12, 80]
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("wrong", [{"steps": [0]}, {"names": ["shirt"]}, {"accuracies": [12.0]}])
def test_the_distilled_widget_refuses_pictures_that_lack_a_step_or_a_name(wrong):
    with pytest.raises(ValueError, match="images need pictures of the shape"):
        distilled_widget(**wrong)


def test_a_table_escapes_texts_and_separates_thousands():
    html = plot.table(["name", "bytes"], [("<b>", 1234567)])._repr_html_()
    assert "&lt;b&gt;" in html and "1,234,567" in html


def cascade_widget(**changes):
    options = {
        "confidences": torch.tensor([[0.25, 0.5, 0.75, 1.0], [0.25, 0.5, 0.75, 1.0]]),
        "hits": [
            torch.tensor([[False, False, True, True], [False, True, True, True]]),
            torch.tensor([[True, True, True, False], [True, True, True, False]]),
        ],
        "costs": [1, 4],
        "names": ["MLP", "teacher"],
        "threshold": 0.6,
    }
    return widgets.cascade(**(options | changes))


def test_the_cascade_widget_holds_what_every_threshold_is_worth_and_costs():
    html = cascade_widget()._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"const state = (.*);", html)[1])
    data, step = state["data"], state["data"]["steps"][int(state["position"])]
    assert step["threshold"] == pytest.approx(0.6, abs=0.02)
    assert step["exits"] == 50 and step["accuracy"] == 100 and step["cost"] == 75
    assert step["mended"] == 75 and step["spoiled"] == 0
    first, last = data["steps"][0], data["steps"][-1]
    assert [first["exits"], first["cost"], first["accuracy"]] == [100, 25, 62.5]
    assert [last["exits"], last["cost"], last["accuracy"]] == [0, 125, 75]
    assert sum(data["right"]) == 5 and sum(data["wrong"]) == 3
    assert data["accuracies"] == [62.5, 75]
    assert set(re.findall(r"https?://[^\"'\\ ]+", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    ("confidences", "message"),
    [(torch.ones(2, 3), "the same shape"), (torch.full((2, 4), 1.5), "between 0 and 1")],
)
def test_the_cascade_widget_refuses_confidences_that_are_none(confidences, message):
    with pytest.raises(ValueError, match=message):
        cascade_widget(confidences=confidences)
