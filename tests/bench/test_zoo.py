"""The checkpoints: what ships is what the record says, and a bad file is never loaded."""

import functools
import json

import pytest
import torch
from safetensors.torch import save_file

from featherweight import data, models, records, zoo
from featherweight.measure import accuracy


@pytest.fixture(scope="module")
def fashion():
    return data.fashion_mnist()


@pytest.fixture(scope="module")
def dataset_of():
    """The data set that a checkpoint was trained on, by its name; each is read once."""
    read = functools.cache(lambda dataset: getattr(data, dataset)())
    return lambda name: read(zoo.RECIPES[name].dataset)


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize("seed", zoo.SEEDS)
def test_a_shipped_checkpoint_has_its_recorded_accuracy(dataset_of, name, seed):
    recorded = zoo.record(name)["results"]["seeds"][str(seed)]
    model, dataset = zoo.load(name, seed), dataset_of(name)
    assert not model.training
    assert accuracy(model, dataset.test) == pytest.approx(recorded["test_accuracy"], abs=0.0011)
    assert accuracy(model, dataset.val) == pytest.approx(recorded["val_accuracy"], abs=0.0011)


@pytest.mark.parametrize("name", zoo.names())
def test_the_record_states_the_recipe_in_the_code(name):
    recipe = zoo.RECIPES[name]
    recorded = zoo.record(name)["results"]["recipe"]
    assert recorded == {
        "model": recipe.model,
        "dataset": recipe.dataset,
        "options": recipe.options,
        "training": recipe.training,
    }


def test_training_again_lands_inside_the_recorded_spread(fashion, monkeypatch):
    monkeypatch.setenv("RETRAIN", "1")
    results = zoo.record("fashion-lenet-300-100")["results"]
    again = accuracy(zoo.load("fashion-lenet-300-100", seed=1), fashion.test)
    spread = max(4 * results["test_accuracy_sd"], 0.01)
    assert again == pytest.approx(results["test_accuracy_mean"], abs=spread)


def test_a_missing_checkpoint_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, "CHECKPOINTS", tmp_path)
    with pytest.raises(zoo.CheckpointError, match=r"missing: make it again with .python -m"):
        zoo.load("fashion-small-cnn")


def test_a_changed_checkpoint_is_refused(monkeypatch, tmp_path):
    zoo.write_checkpoint(models.build("small_cnn", seed=9), tmp_path / "x.safetensors")
    (tmp_path / "x.safetensors").rename(tmp_path / "fashion-small-cnn-seed0.safetensors")
    monkeypatch.setattr(zoo, "CHECKPOINTS", tmp_path)
    with pytest.raises(zoo.CheckpointError, match="differs from its record"):
        zoo.load("fashion-small-cnn")


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    path = tmp_path / "old.safetensors"
    save_file({"w": torch.ones(2)}, path, metadata={"featherweight_format": "0"})
    with pytest.raises(zoo.CheckpointError, match="has format 0, this course reads format 1"):
        zoo.read_checkpoint(path)


def test_a_file_that_is_no_checkpoint_is_called_damaged(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"\x00" * 20)
    with pytest.raises(zoo.CheckpointError, match="damaged"):
        zoo.read_checkpoint(path)


def test_writing_and_reading_a_checkpoint_keeps_every_bit(tmp_path):
    model = models.build("resnet8", seed=0)
    zoo.write_checkpoint(model, tmp_path / "r.safetensors")
    state = zoo.read_checkpoint(tmp_path / "r.safetensors")
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())


def test_an_unknown_name_or_seed_lists_the_known_ones():
    with pytest.raises(ValueError, match="the zoo has fashion-lenet-300-100"):
        zoo.load("imagenet-vgg")
    with pytest.raises(ValueError, match="the seeds 0, 1, 2, not 7"):
        zoo.load("fashion-small-cnn", seed=7)
    assert zoo.main(["train", "imagenet-vgg"]) == 2


def test_listing_the_zoo_prints_each_recorded_accuracy(capsys):
    assert zoo.main(["list"]) == 0
    printed = capsys.readouterr().out
    for name in zoo.names():
        mean = 100 * zoo.record(name)["results"]["test_accuracy_mean"]
        assert f"{name}: test accuracy {mean:.2f}" in printed


def test_a_record_says_how_to_repeat_the_run(tmp_path):
    records.save(
        "try", {"x": 1.5}, command="python x.py", seeds=[0, 1], seconds=2.34, folder=tmp_path
    )
    record = records.load("try", folder=tmp_path)
    assert record["results"] == {"x": 1.5} and record["seeds"] == [0, 1]
    assert record["command"] == "python x.py" and record["seconds"] == 2.3
    assert record["versions"]["torch"] == torch.__version__.split("+")[0]
    assert {"processor", "cores", "accelerator"} == record["hardware"].keys()


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path):
    records.save("try", {"x": 1}, command="c", seeds=[0], seconds=1, folder=tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.save("try", {"x": float("nan")}, command="c", seeds=[0], seconds=1, folder=tmp_path)
    assert records.load("try", folder=tmp_path)["results"] == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["try.json"]


def test_a_record_that_is_missing_or_incomplete_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run record 'nothing'"):
        records.load("nothing", folder=tmp_path)
    (tmp_path / "half.json").write_text(json.dumps({"name": "half"}))
    with pytest.raises(ValueError, match="lacks command, seeds"):
        records.load("half", folder=tmp_path)
