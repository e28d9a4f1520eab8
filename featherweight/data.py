"""The course's data sets: one function each, the same `Dataset` returned by all.

A 14,000-image subset of Fashion-MNIST ships with the package and is the default, so that
everything runs offline; so do short texts in ten African languages. The full image sets come from
a folder that the user names, by `root=` or the environment variable `FEATHERWEIGHT_DATA`, or
through torchvision's download.
"""

import gzip
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

DATASETS = Path(__file__).resolve().parent / "datasets"
CACHE = Path("~/.cache/featherweight").expanduser()
FASHION_CLASSES = (
    "t-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
MNIST_CLASSES = tuple("0123456789")
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
LANGUAGES = (
    "Hausa", "Igbo", "Kinyarwanda", "Northern Sotho", "Somali",
    "Swahili", "Tswana", "Xhosa", "Yoruba", "Zulu",
)  # fmt: skip
LETTERS = " ',-abcdefghijklmnopqrstuvwxyzàáèéìíòóùúńšƙǹɓɗʼṅṣẹịọụ"
UNKNOWN = 1  # the token of any other character; 0 is padding
NUM_TOKENS = len(LETTERS) + 2
TEXT_LENGTH = 48
SPLIT_SEED = 2026
VALIDATION_PER_CLASS = 500
SUBSET_SHA256 = "75ed8effecce394cb34be25f3d17d769fc0e35958adbde043bfe2faa52e4230d"
TEXTS_SHA256 = "76bd3a151895d5dcac6609b7665863d9c36d3d3aac4dbedb669d3a322e798354"

# SHA-256 of the *uncompressed* idx files: every distribution compresses them differently.
FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class DataError(RuntimeError):
    """A data set is missing or damaged; the message says what to do."""


@dataclass(frozen=True)
class Split:
    """Images in [0, 1] as float32 [N, C, H, W], and their labels as int64 [N].

    Where the examples are texts, `images` holds their tokens as int64 [N, length].
    """

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, n: int) -> "Split":
        """Return the first `n` examples; a split is stored shuffled."""
        if not 0 < n <= len(self):
            raise ValueError(f"Cannot take {n} examples: this split has {len(self)}.")
        return Split(self.images[:n], self.labels[:n])


@dataclass(frozen=True)
class Dataset:
    """Three disjoint splits: train on one, choose on `val`, report on `test`."""

    name: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    test: Split


def fashion_mnist(full: bool = False, root: str | Path | None = None) -> Dataset:
    """Fashion-MNIST: the subset that ships with the course, or all 70,000 images."""
    if full or root is not None:
        return _from_idx("fashion-mnist", FASHION_CLASSES, FASHION_SHA256, "FashionMNIST", root)
    path = DATASETS / "fashion-mnist" / "subset.npz"
    _require_file(path, SUBSET_SHA256)
    with np.load(path) as arrays:
        splits = [
            _split(arrays[f"{part}_images"], arrays[f"{part}_labels"])
            for part in ("train", "val", "test")
        ]
    return Dataset("fashion-mnist", FASHION_CLASSES, *splits)


def african_languages() -> Dataset:
    """Short texts in ten African languages, which ship with the course, as character tokens."""
    path = DATASETS / "african-languages" / "texts.tsv"
    _require_file(path, TEXTS_SHA256)
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    splits = [
        Split(
            as_tokens([text for part, _, text in rows if part == name]),
            torch.tensor([LANGUAGES.index(language) for part, language, _ in rows if part == name]),
        )
        for name in ("train", "val", "test")
    ]
    return Dataset("african-languages", LANGUAGES, *splits)


def as_tokens(texts: Sequence[str], length: int = TEXT_LENGTH) -> torch.Tensor:
    """One row of `length` tokens for each text, one token for a character; 0 fills the rest."""
    if isinstance(texts, str) or length < 1:
        raise ValueError("Give a list of texts, and a length of at least 1.")
    known = {letter: token for token, letter in enumerate(LETTERS, UNKNOWN + 1)}
    tokens = torch.zeros(len(texts), length, dtype=torch.long)
    for row, text in zip(tokens, texts, strict=True):
        found = [known.get(letter, UNKNOWN) for letter in text.lower()[:length]]
        row[: len(found)] = torch.tensor(found, dtype=torch.long)
    return tokens


def as_text(tokens: torch.Tensor) -> str:
    """The text of one row of tokens; an unknown character is shown as �."""
    letters = {0: "", UNKNOWN: "�"} | dict(enumerate(LETTERS, UNKNOWN + 1))
    return "".join(letters[int(token)] for token in tokens)


def mnist(root: str | Path | None = None) -> Dataset:
    """MNIST: 70,000 handwritten digits, from a folder or through torchvision."""
    return _from_idx("mnist", MNIST_CLASSES, MNIST_SHA256, "MNIST", root)


def cifar10(root: str | Path | None = None) -> Dataset:
    """CIFAR-10: from a folder of images (`train/<class>/*`), or through torchvision."""
    folder = _named_folder(root)
    for candidate in _candidates(folder, "cifar10", "cifar-10"):
        if (candidate / "train").is_dir():
            return _cifar10_from_images(candidate)
    downloaded = _torchvision("CIFAR10", folder)
    train = np.asarray(downloaded["train"].data), np.asarray(downloaded["train"].targets)
    test = np.asarray(downloaded["test"].data), np.asarray(downloaded["test"].targets)
    return _with_validation("cifar10", CIFAR10_CLASSES, train, test)


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """Read one idx file of the MNIST family, compressed or not."""
    if not path.exists():
        raise DataError(f"{path} is missing: name a folder that holds it in FEATHERWEIGHT_DATA.")
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}): delete it and fetch it again.") from error
    if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
        raise DataError(f"{path} is damaged (its checksum differs): delete it and fetch it again.")
    dimensions = raw[3]
    sizes = np.frombuffer(raw, ">i4", count=dimensions, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(sizes)


def stratified(labels: np.ndarray, per_class: int, exclude: np.ndarray | None = None) -> np.ndarray:
    """Choose `per_class` positions of every class, shuffled, by a fixed seed."""
    rng = np.random.default_rng(SPLIT_SEED)
    free = np.ones(len(labels), dtype=bool)
    if exclude is not None:
        free[exclude] = False
    chosen = [
        rng.choice(np.flatnonzero((labels == c) & free), per_class, replace=False)
        for c in np.unique(labels)
    ]
    return rng.permutation(np.concatenate(chosen))


def _split(images: np.ndarray, labels: np.ndarray) -> Split:
    """Turn uint8 images [N, H, W] or [N, H, W, C] into a `Split`."""
    tensor = torch.from_numpy(np.array(images))
    tensor = tensor.unsqueeze(1) if tensor.dim() == 3 else tensor.permute(0, 3, 1, 2)
    return Split(tensor.contiguous().float().div_(255), torch.from_numpy(np.array(labels)).long())


def _with_validation(
    name: str,
    classes: tuple[str, ...],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
) -> Dataset:
    images, labels = train
    per_class = min(VALIDATION_PER_CLASS, int(np.bincount(labels).min()) // 10)
    chosen = stratified(labels, per_class)
    kept = np.random.default_rng(SPLIT_SEED).permutation(np.setdiff1d(range(len(labels)), chosen))
    return Dataset(
        name,
        classes,
        _split(images[kept], labels[kept]),
        _split(images[chosen], labels[chosen]),
        _split(*test),
    )


def _from_idx(
    name: str,
    classes: tuple[str, ...],
    checksums: dict[str, str],
    torchvision_name: str,
    root: str | Path | None,
) -> Dataset:
    folder = _named_folder(root)
    files = _find_idx(folder, name, torchvision_name, checksums)
    if files is None:
        _torchvision(torchvision_name, folder)
        files = _find_idx(folder or CACHE, name, torchvision_name, checksums)
    if files is None:
        raise DataError(_how_to_get(name, folder or CACHE))
    arrays = {stem: read_idx(path, checksums[stem]) for stem, path in files.items()}
    train = arrays["train-images-idx3-ubyte"], arrays["train-labels-idx1-ubyte"]
    test = arrays["t10k-images-idx3-ubyte"], arrays["t10k-labels-idx1-ubyte"]
    return _with_validation(name, classes, train, test)


def _find_idx(
    folder: Path | None, name: str, torchvision_name: str, checksums: dict[str, str]
) -> dict[str, Path] | None:
    for candidate in _candidates(folder, name, f"{torchvision_name}/raw"):
        found = {
            stem: path
            for stem in checksums
            for path in (candidate / f"{stem}.gz", candidate / stem)
            if path.exists()
        }
        if len(found) == len(checksums):
            return found
    return None


def _named_folder(root: str | Path | None) -> Path | None:
    named = root if root is not None else os.environ.get("FEATHERWEIGHT_DATA")
    if named is None:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: name one that exists, or none to download.")
    return folder


def _candidates(folder: Path | None, *names: str) -> list[Path]:
    base = folder or CACHE
    return [base, *(base / name for name in names)]


def _torchvision(name: str, folder: Path | None) -> dict[str, Any]:
    """Let torchvision find or download a data set; say what to do if it cannot."""
    import torchvision

    where = folder or CACHE
    try:
        where.mkdir(parents=True, exist_ok=True)
        source = getattr(torchvision.datasets, name)
        return {
            part: source(root=where, train=part == "train", download=True)
            for part in ("train", "test")
        }
    except (OSError, RuntimeError) as error:
        raise DataError(_how_to_get(name, where)) from error


def _how_to_get(name: str, folder: Path) -> str:
    return (
        f"{name} is not in {folder} and could not be downloaded: "
        "name a folder that holds it in FEATHERWEIGHT_DATA, or connect to the network."
    )


def _cifar10_from_images(folder: Path) -> Dataset:
    parts = {part: _read_image_folder(folder / part) for part in ("train", "test")}
    return _with_validation("cifar10", CIFAR10_CLASSES, parts["train"], parts["test"])


def _read_image_folder(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    from PIL import UnidentifiedImageError
    from torchvision.datasets import ImageFolder
    from torchvision.transforms.functional import pil_to_tensor

    try:
        found = ImageFolder(str(folder))
    except FileNotFoundError as error:
        raise DataError(f"{folder} has no images: it needs <class>/<image> files.") from error
    if tuple(found.classes) != CIFAR10_CLASSES:
        raise DataError(f"{folder} needs the ten folders {', '.join(CIFAR10_CLASSES)}.")
    images = np.empty((len(found), 32, 32, 3), np.uint8)
    for i, (path, _) in enumerate(found.samples):
        try:
            images[i] = pil_to_tensor(found.loader(path)).permute(1, 2, 0).numpy()
        except (OSError, UnidentifiedImageError, ValueError) as error:
            raise DataError(f"{path} is not a readable 32 by 32 image: fetch it again.") from error
    return images, np.asarray(found.targets)


def _require_file(path: Path, sha256: str) -> None:
    if not path.exists():
        raise DataError(f"{path} is missing: restore it with `git checkout -- {path.name}`.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DataError(
            f"{path} is damaged (its checksum differs): restore it with "
            f"`git checkout -- {path.name}` in its folder."
        )
