"""Small files in the formats of the published data sets, to test loaders without the published data."""

from __future__ import annotations

import hashlib
import pickle
import struct
from pathlib import Path

import numpy as np

MNIST_PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">HBB{array.ndim}I", 0, 0x08, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_mnist_like(folder: Path, *, names: tuple[str, ...] = MNIST_PARTS) -> np.ndarray:
    """Ten classes in turn, 40 and 10 images of 4 x 4 random pixels; returns the training images."""
    n, n_test = 40, 10
    rng = np.random.default_rng(3)
    X = rng.integers(0, 256, (n, 4, 4))
    X_test = rng.integers(0, 256, (n_test, 4, 4))
    for name, array in zip(names, (X, np.arange(n) % 10, X_test, np.arange(n_test) % 10), strict=True):
        write_idx(folder / name, array)
    return X


def write_cifar10(root: Path) -> tuple[dict, np.ndarray]:
    """Six batches of twenty rows; returns class attributes that name their md5, and the training rows (100, 3072)."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(4)
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    rows = [rng.integers(0, 256, (20, 3072), np.uint8) for _ in names]
    batches = [{"data": X, "labels": [i % 10 for i in range(20)]} for X in rows]
    sums = {name: _dump(folder / name, batch) for name, batch in zip(names, batches, strict=True)}
    labels = "airplane automobile bird cat deer dog frog horse ship truck".split()
    md5 = _dump(folder / "batches.meta", {"label_names": labels})
    meta = {"filename": "batches.meta", "key": "label_names", "md5": md5}
    lists = [[name, sums[name]] for name in names]
    attributes = {"train_list": lists[:5], "test_list": lists[5:], "meta": meta}
    return attributes, np.vstack(rows[:5])


def _dump(path: Path, value: object) -> str:
    content = pickle.dumps(value)
    path.write_bytes(content)
    return hashlib.md5(content).hexdigest()


ADULT = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Unmarried, White, Male, 0, 0, 4, Cuba, <=50K",
    "50, Private, 83311, HS-grad, 9, Married-civ-spouse, Sales, Husband, Black, Male, 0, 5, 13, United-States, >50K",
    "51, ?, 83311, HS-grad, 9, Married-civ-spouse, ?, Husband, Black, Male, 0, 5, 13, United-States, >50K",
    "28, Private, 338409, Masters, 14, Divorced, Sales, Unmarried, White, Female, 1, 0, 41, Cuba, <=50K",
    "61, Local-gov, 20000, HS-grad, 9, Widowed, Tech-support, Unmarried, Other, Female, 0, 1, 20, United-States, >50K",
)


def write_adult(root: Path, *, train: tuple[str, ...] = ADULT, test: tuple[str, ...] = ADULT) -> None:
    folder = root / "uciadult"
    folder.mkdir(parents=True)
    (folder / "adult.data").write_text("\n".join(train) + "\n\n")
    (folder / "adult.test").write_text("|1x3 Cross validator\n" + "".join(f"{line}.\n" for line in test) + "\n")


def write_iwpc(root: Path, *, n: int = 30, header: str = "race,age,height,weight,amiodarone,decr,cyp2c9,vkorc1,dose",
               row_7: str | None = None) -> None:  # fmt: skip
    races, cyp2c9, vkorc1 = ("white", "black", "asian"), ("11", "12", "13", "22", "23", "33"), ("CC", "CT", "TT")
    levels = [(races[i % 3], cyp2c9[i % 6], vkorc1[i // 2 % 3]) for i in range(n)]
    rows = [f"{r},{i / 10},{-i},{i * i},{i % 2},{i // 4 % 2},{c},{v},{i / 7:.4f}" for i, (r, c, v) in enumerate(levels)]
    if row_7 is not None:
        rows[7] = row_7
    (root / "iwpc").mkdir(parents=True)
    (root / "iwpc" / "iwpc-scaled.csv").write_text("\n".join([header, *rows]) + "\n")
