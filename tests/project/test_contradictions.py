"""The consistency line on the sources' own report: what of its claims it can see."""

import pytest

from tests.project.reports import appended, changed, row, seed_report, sound

RESULT = "sections/results.tex"
SEEN = {
    "the temperature inside the logarithm": ("consistency", "temperature divides a probability"),
    "seconds for milliseconds": ("consistency", "says 3.09 seconds, the tables give 3.09 ms"),
    "two milliseconds that are almost three": ("consistency", "'2ms less than the original'"),
    "16 bits in a third of the bytes": ("consistency", "16 bits for each weight of a model"),
    "8 bits in a sixth of the bytes": ("consistency", ", but 8 bits for each weight of a model"),
    "a size without a count of parameters": ("consistency", "how many parameters the baseline has"),
    "less than what is kept": ("consistency", "the 30 % that pruning keeps of 152.9 MB"),
    "weights that grew back": ("consistency", "so the mask was not enforced"),
    "a drop from a number that no run has": ("consistency", "no run of the tables or the results"),
    "layers that unstructured pruning keeps": ("consistency", "here to keep or remove layers"),
    "points that 16 bits cost": ("consistency", "loses 3.3 points: at 16 bits"),
    "points that 8 bits cost": ("consistency", "loses 8.5 points: at 8 bits"),
    "best and smallest in different rows": ("consistency", "no row has both"),
    "no student from scratch": ("controls", "the same student trained from scratch is missing"),
}


@pytest.fixture(scope="module")
def messages():
    files = seed_report()
    return {line: row(line, files)["message"] for line in ("consistency", "controls", "numbers")}


@pytest.mark.parametrize(("line", "said"), SEEN.values(), ids=SEEN)
def test_a_contradiction_of_the_report_among_the_sources_is_flagged(messages, line, said):
    assert said in messages[line]


def test_its_numbers_are_those_of_its_results_file(messages):
    assert messages["numbers"] == ""


def test_surprises_cost_nothing():
    verdict = row("consistency", seed_report())
    surprises = [x for x in verdict["message"].split("\n") if x.startswith("To look at")]
    assert len(surprises) == 2
    files = changed(RESULT, ("8-bit & $90.2 \\pm 0.2$", "8-bit & $86.2 \\pm 0.2$"))(sound())
    verdict = row("consistency", files)
    assert verdict["score"] == verdict["max_score"]
    assert "loses 4 points" in verdict["message"]


@pytest.mark.parametrize(
    "sentence",
    [
        "The 8-bit copy is 75\\% smaller than the baseline.",
        "As the sparsity grows from 50\\% to 90\\%, accuracy falls.",
        "The student is four times smaller and takes 1.6 ms.",
        "Accuracy drops from 90.2\\% to 87.1\\% before tuning.",
        "Pruning reaches the smallest size of all sparse models.",
        "The 8-bit copy is 3.00 MB smaller than the baseline.",
        "Han et al. report that 9 seconds are enough.",
        "Magnitude pruning removes the smallest weights of important layers first.",
    ],
)
def test_a_true_sentence_is_no_contradiction(sentence):
    verdict = row("consistency", appended(RESULT, f"{sentence}\n")(sound()))
    assert (verdict["score"], verdict["message"]) == (verdict["max_score"], "")


@pytest.mark.parametrize(
    "name", ["half of the filters pruned", "pruned, Huffman coded", "structured pruning at 0.7"]
)
def test_what_may_well_be_smaller_is_no_contradiction(name):
    before = "pruned at 0.7 & $87.1 \\pm 0.3$ & 1.32 & 3.02"
    after = f"{name} & $87.1 \\pm 0.3$ & 0.80 & 5.00"
    assert row("consistency", changed(RESULT, (before, after))(sound()))["message"] == ""


def test_a_quantized_model_that_is_tuned_need_not_be_as_small_as_a_pruned_one():
    files = changed(
        RESULT, ("  8-bit &", "  8-bit, fine-tuned &"), ("& 1.00 & 3.99", "& 1.20 & 3.33")
    )
    assert row("consistency", files(sound()))["message"] == ""


def test_a_temperature_on_the_logits_is_no_contradiction():
    formula = (
        "\\begin{equation}-\\sum_i q_t(i) \\log \\frac{e^{z_i/T}}{\\sum_j e^{z_j/T}}\\end{equation}"
    )
    assert row("consistency", appended("sections/method.tex", formula)(sound()))["message"] == ""
