"""The data sets: what ships is intact, every route gives the same splits, faults are explained."""

import gzip
import shutil
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from featherweight import data


@pytest.fixture(scope="module")
def fashion():
    return data.fashion_mnist()


@pytest.fixture(scope="module")
def languages():
    return data.african_languages()


def write_idx(path, array, compressed):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    payload = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(payload) if compressed else payload)


def small_idx_set(folder, compressed=True):
    """A data set of 200 training and 50 test images in the layout of the MNIST family."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    suffix = ".gz" if compressed else ""
    for part, n in (("train", 200), ("t10k", 50)):
        images, labels = rng.integers(0, 256, (n, 28, 28)), np.arange(n) % 10
        write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images, compressed)
        write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", labels, compressed)


@pytest.fixture
def no_checksums(monkeypatch):
    """Let small synthetic files stand for the real ones."""
    monkeypatch.setattr(data, "FASHION_SHA256", dict.fromkeys(data.FASHION_SHA256))
    monkeypatch.setattr(data, "MNIST_SHA256", dict.fromkeys(data.MNIST_SHA256))


def test_subset_is_stratified_and_of_the_stated_size(fashion):
    for split, per_class in ((fashion.train, 1000), (fashion.val, 200), (fashion.test, 200)):
        assert split.labels.bincount().tolist() == [per_class] * 10
        assert split.images.shape == (10 * per_class, 1, 28, 28)


def test_images_are_floats_between_zero_and_one(fashion):
    images = fashion.train.images
    assert images.dtype == torch.float32
    assert images.min() == 0 and images.max() == 1


def test_splits_of_the_subset_share_no_image(fashion):
    seen = [
        {row.numpy().tobytes() for row in split.images.flatten(1)}
        for split in (fashion.train, fashion.val, fashion.test)
    ]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]


def test_any_prefix_of_a_split_is_roughly_balanced(fashion):
    assert fashion.train.take(1000).labels.bincount().min() > 60


def test_taking_more_than_there_is_says_how_many_there_are(fashion):
    with pytest.raises(ValueError, match="this split has 2000"):
        fashion.val.take(2001)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("layout", [".", "fashion-mnist", "FashionMNIST/raw"])
def test_a_named_folder_is_read_in_every_usual_layout(tmp_path, no_checksums, layout, compressed):
    small_idx_set(tmp_path / "set" / layout, compressed)
    dataset = data.fashion_mnist(root=tmp_path / "set")
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (180, 20, 50)
    assert dataset.val.labels.bincount().tolist() == [2] * 10


def test_the_environment_variable_names_the_folder(tmp_path, no_checksums, monkeypatch):
    small_idx_set(tmp_path / "mnist")
    monkeypatch.setenv("FEATHERWEIGHT_DATA", str(tmp_path))
    assert data.mnist().name == "mnist"


def test_splits_do_not_depend_on_the_route(tmp_path, no_checksums):
    small_idx_set(tmp_path / "a")
    small_idx_set(tmp_path / "b", compressed=False)
    one, other = data.mnist(root=tmp_path / "a"), data.mnist(root=tmp_path / "b")
    assert torch.equal(one.train.images, other.train.images)
    assert torch.equal(one.val.labels, other.val.labels)


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    small_idx_set(tmp_path / "fashion-mnist")
    with pytest.raises(data.DataError, match=r"checksum differs.*fetch it again"):
        data.fashion_mnist(root=tmp_path)


def test_a_truncated_archive_is_called_damaged(tmp_path, no_checksums):
    small_idx_set(tmp_path / "mnist")
    path = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(data.DataError, match="is damaged"):
        data.mnist(root=tmp_path)


def test_a_damaged_subset_says_how_to_restore_it(tmp_path, monkeypatch):
    shutil.copytree(data.DATASETS / "fashion-mnist", tmp_path / "fashion-mnist")
    (tmp_path / "fashion-mnist" / "subset.npz").write_bytes(b"not an archive")
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    with pytest.raises(data.DataError, match="git checkout"):
        data.fashion_mnist()
    (tmp_path / "fashion-mnist" / "subset.npz").unlink()
    with pytest.raises(data.DataError, match=r"missing.*git checkout"):
        data.fashion_mnist()


def test_texts_are_stratified_and_of_the_stated_size(languages):
    sizes = ((languages.train, 360), (languages.val, 50), (languages.test, 100))
    for split, per_class in sizes:
        assert split.labels.bincount().tolist() == [per_class] * len(data.LANGUAGES)
        assert split.images.shape == (10 * per_class, data.TEXT_LENGTH)
        assert split.images.dtype == torch.int64


def test_no_text_stands_twice_in_all_splits_together(languages):
    texts = [
        data.as_text(tokens)
        for split in (languages.train, languages.val, languages.test)
        for tokens in split.images
    ]
    assert len(set(texts)) == len(texts) == 5100
    assert all(24 <= len(text) <= data.TEXT_LENGTH for text in texts)


def test_every_letter_of_the_texts_has_a_token_of_its_own(languages):
    tokens = torch.cat([languages.train.images, languages.test.images]).unique().tolist()
    assert data.UNKNOWN not in tokens
    assert min(tokens) == 0 and max(tokens) < data.NUM_TOKENS
    assert len(set(data.LETTERS)) == len(data.LETTERS)


def test_a_text_survives_the_way_to_tokens_and_back():
    tokens = data.as_tokens(["Ẹ kú àárọ̀", "中b"], length=12)
    assert tokens.shape == (2, 12)
    assert data.as_text(tokens[0]) == "ẹ kú àárọ�"
    assert data.as_text(tokens[1]) == "�b" and tokens[1, 2:].eq(0).all()
    assert data.as_text(data.as_tokens(["abcdef"], length=3)[0]) == "abc"


def test_one_text_in_place_of_a_list_is_refused():
    with pytest.raises(ValueError, match="Give a list of texts"):
        data.as_tokens("habari")


def test_damaged_texts_say_how_to_restore_them(tmp_path, monkeypatch):
    shutil.copytree(data.DATASETS / "african-languages", tmp_path / "african-languages")
    path = tmp_path / "african-languages" / "texts.tsv"
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    with pytest.raises(data.DataError, match=r"damaged.*git checkout"):
        data.african_languages()
    path.unlink()
    with pytest.raises(data.DataError, match=r"missing.*git checkout -- texts.tsv"):
        data.african_languages()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(data.DataError, match=r"nowhere is not a folder"):
        data.cifar10(root=tmp_path / "nowhere")


def test_a_set_that_cannot_be_downloaded_says_how_to_name_a_folder(tmp_path, monkeypatch):
    import torchvision

    def offline(*args, **kwargs):
        raise RuntimeError("Error downloading")

    monkeypatch.setattr(torchvision.datasets.CIFAR10, "__init__", offline)
    with pytest.raises(data.DataError, match="FEATHERWEIGHT_DATA"):
        data.cifar10(root=tmp_path)


@pytest.fixture
def image_folder(tmp_path):
    rng = np.random.default_rng(0)
    for part, n in (("train", 20), ("test", 3)):
        for name in data.CIFAR10_CLASSES:
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{i:04}.jpg")
    return tmp_path


def test_cifar10_is_read_from_a_folder_of_images(image_folder):
    dataset = data.cifar10(root=image_folder)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (180, 20, 30)
    assert dataset.train.images.shape[1:] == (3, 32, 32)


def test_cifar10_keeps_colors_and_labels_of_its_images(image_folder):
    Image.new("RGB", (32, 32), (255, 0, 0)).save(image_folder / "test" / "ship" / "0000.jpg")
    test = data.cifar10(root=image_folder).test
    red = (test.images.mean(dim=(2, 3)) - torch.tensor([1.0, 0, 0])).abs().sum(dim=1) < 0.05
    assert test.labels[red].tolist() == [data.CIFAR10_CLASSES.index("ship")]


def test_a_file_that_is_no_image_is_named(image_folder):
    broken = image_folder / "train" / "cat" / "0003.jpg"
    broken.write_bytes(b"no image")
    with pytest.raises(data.DataError, match=r"cat/0003.jpg is not a readable"):
        data.cifar10(root=image_folder)


def test_an_image_of_another_size_is_named(image_folder):
    Image.new("RGB", (64, 64)).save(image_folder / "train" / "dog" / "0000.jpg")
    with pytest.raises(data.DataError, match=r"dog/0000.jpg is not a readable 32 by 32"):
        data.cifar10(root=image_folder)


def test_a_missing_class_folder_is_reported(image_folder):
    shutil.rmtree(image_folder / "train" / "truck")
    with pytest.raises(data.DataError, match="needs the ten folders"):
        data.cifar10(root=image_folder)
