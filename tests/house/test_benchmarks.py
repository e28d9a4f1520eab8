"""The committed figures of `make bench`: complete, consistent, and each with its context."""

import json

import pytest

from tests.house.sources import ROOT

RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text())
CONTEXTS = json.loads((ROOT / "benchmarks" / "context.json").read_text())


@pytest.mark.parametrize("entry", RESULTS, ids=lambda entry: entry["name"])
def test_a_result_is_complete_and_says_where_it_was_measured(entry):
    assert set(entry) == {"name", "ours_s", "theirs_s", "ratio", "against"}
    assert entry["ratio"] == pytest.approx(entry["ours_s"] / entry["theirs_s"], abs=0.01)
    assert {"commit", "date", "hardware", "versions"} <= set(CONTEXTS[entry["name"]])


def test_pruning_is_compared_with_torch():
    assert "torch.nn.utils.prune.global_unstructured" in {entry["against"] for entry in RESULTS}


def test_curvature_is_compared_with_the_library_that_has_it():
    (entry,) = (entry for entry in RESULTS if entry["name"].startswith("diagonal-hessian"))
    assert "BackPACK" in entry["against"]


def test_a_step_of_dataset_distillation_is_compared_with_torch_func():
    (entry,) = (entry for entry in RESULTS if entry["name"].startswith("dataset-distillation"))
    assert "torch.func" in entry["against"]


def test_the_distillation_loss_is_compared_with_compositions_of_torch():
    (entry,) = (entry for entry in RESULTS if entry["name"].startswith("distillation-loss"))
    assert "torch" in entry["against"]
