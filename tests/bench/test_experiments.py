"""Experiments in notebooks: they run at once, and a missing answer costs one sentence."""

from featherweight.experiments import experiment


def density():
    raise NotImplementedError("There is no answer yet.")


def test_what_an_experiment_returns_is_shown(capsys):
    experiment(lambda: "a result")
    assert "a result" in capsys.readouterr().out


def test_an_experiment_that_prints_shows_nothing_else(capsys):
    experiment(lambda: print("printed"))
    assert capsys.readouterr().out == "printed\n"


def test_a_missing_answer_is_named(capsys):
    experiment(lambda: [density() for _ in range(3)])
    said = capsys.readouterr()
    assert said.out == "This experiment waits for density: write it, then run this cell again.\n"
    assert said.err == ""


def test_a_wrong_answer_stops_its_experiment_only(capsys):
    experiment(lambda: [][1])
    assert capsys.readouterr().out == (
        "This experiment stopped (IndexError: list index out of range). Does the test pass?\n"
    )
