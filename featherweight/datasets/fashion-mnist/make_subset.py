"""Make `subset.npz` from the full Fashion-MNIST: python make_subset.py FOLDER_WITH_IDX_FILES."""

import sys
from pathlib import Path

import numpy as np

from featherweight import data

PER_CLASS = {"train": 1000, "val": 200, "test": 200}


def main(source: Path) -> None:
    """Choose stratified examples by the fixed seed; `test` comes from the original test set."""
    arrays = {
        stem: data.read_idx(source / f"{stem}.gz", sha256)
        for stem, sha256 in data.FASHION_SHA256.items()
    }
    train_images, train_labels = (
        arrays["train-images-idx3-ubyte"],
        arrays["train-labels-idx1-ubyte"],
    )
    test_images, test_labels = arrays["t10k-images-idx3-ubyte"], arrays["t10k-labels-idx1-ubyte"]
    # The full set's validation images are left out here, so that no model trained on the subset
    # has seen them; the subset's own are the first of them.
    full_val = data.stratified(train_labels, data.VALIDATION_PER_CLASS)
    val = np.concatenate(
        [full_val[train_labels[full_val] == c][: PER_CLASS["val"]] for c in range(10)]
    )
    val = np.random.default_rng(data.SPLIT_SEED).permutation(val)
    train = data.stratified(train_labels, PER_CLASS["train"], exclude=full_val)
    test = data.stratified(test_labels, PER_CLASS["test"])
    np.savez_compressed(
        Path(__file__).with_name("subset.npz"),
        train_images=train_images[train],
        train_labels=train_labels[train],
        val_images=train_images[val],
        val_labels=train_labels[val],
        test_images=test_images[test],
        test_labels=test_labels[test],
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say where the four idx files are: python make_subset.py FOLDER")
    main(Path(sys.argv[1]))
