"""Loaders of image data sets: scikit-learn's digits, the MNIST family in idx files, CIFAR through torchvision."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from fil_core.data.fetch import ensure, unavailable
from fil_core.data.idx import read_pair
from fil_core.data.raw import Raw, fixed_split
from fil_core.errors import BadData, DataUnavailable
from fil_core.progress import Progress
from fil_core.specs import DataSpec

DIGIT_CLASSES = tuple("0123456789")
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
CIFAR100_CLASSES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest",
    "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard",
    "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
    "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine", "possum",
    "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper",
    "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
    "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf",
    "woman", "worm",
)  # fmt: skip

_PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
MNIST_FILES = tuple(f"MNIST/raw/{part}" for part in _PARTS)
FASHION_FILES = tuple(f"FashionMNIST/raw/{part}" for part in _PARTS)
CIFAR10_FILES = tuple(
    f"cifar-10-batches-py/{part}" for part in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
)
CIFAR100_FILES = tuple(f"cifar-100-python/{part}" for part in ("train", "test", "meta"))
MNIST1M_FOLDERS = ("MNIST1M/raw", "infimnist")
MNIST1M_FILES = ("MNIST1M/raw/mnist1m-images-idx3-ubyte", "MNIST1M/raw/mnist1m-labels-idx1-ubyte")


def pixel_names(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Feature names of flattened pixels: `r03c17` for shape (H, W), `r03c17.g` for (H, W, 3)."""
    names = [f"r{r:02d}c{c:02d}" for r, c in product(range(shape[0]), range(shape[1]))]
    return tuple(names) if len(shape) == 2 else tuple(f"{name}.{channel}" for name in names for channel in "rgb")


def read_digits(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """8 x 8 handwritten digits that come with scikit-learn, 1,437 training and 360 test images.

    Args:
        spec: not used.
        root: not used.
        progress: not used.
    """
    table = _digits()
    X, y = table[:, :-1].astype(np.uint8), table[:, -1].astype(np.int64)
    train, test = fixed_split(len(X))
    return Raw(
        X=X[train], y=y[train], ids=train, X_test=X[test], y_test=y[test], test_names=test,
        class_names=DIGIT_CLASSES, feature_names=pixel_names((8, 8)), image_shape=(8, 8), pixel_max=16.0,
        notes=("Pixels run from 0 to 16, not to 255.", "ids are rows of scikit-learn's load_digits."),
    )  # fmt: skip


def _digits() -> np.ndarray:
    """The 1,797 rows of 64 pixels and a label.

    Read from the file inside the scikit-learn package, because importing scikit-learn takes two seconds, most of the
    time of a first page. If the file is not at its usual path, `load_digits` is used.
    """
    package = find_spec("sklearn")
    file = Path(str(package.origin)).parent / "datasets/data/digits.csv.gz" if package else Path()
    if file.is_file():
        return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits

    return np.column_stack(load_digits(return_X_y=True))


def read_mnist(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """MNIST, 60,000 training and 10,000 test images.

    Args:
        spec: not used.
        root: data directory.
        progress: called with the bytes downloaded, when files are missing.
    """
    return _idx_set(ensure("mnist", root, MNIST_FILES, progress=progress), DIGIT_CLASSES)


def read_fashion_mnist(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Fashion-MNIST, 60,000 training and 10,000 test images.

    Args:
        spec: not used.
        root: data directory.
        progress: called with the bytes downloaded, when files are missing.
    """
    return _idx_set(ensure("fashion-mnist", root, FASHION_FILES, progress=progress), FASHION_CLASSES)


def read_mnist1m(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Deformed MNIST digits generated by infiMNIST (a million, or another number), with MNIST's 10,000 test images.

    Args:
        spec: not used.
        root: data directory.
        progress: not used; these files cannot be downloaded.

    Raises:
        DataUnavailable: no folder holds exactly one file of images and one of labels, or there is no test split.
        BadData: a damaged file.
    """
    folders = [root / folder for folder in MNIST1M_FOLDERS]
    train = next((pair for f in folders if (pair := _idx_pair(f, test=False))), None)
    if train is None:
        raise unavailable("mnist1m", root, MNIST1M_FILES, "they are generated by infiMNIST and cannot be downloaded")
    test = next((pair for f in (*folders, root / "MNIST/raw") if (pair := _idx_pair(f, test=True))), None)
    if test is None:
        raise unavailable("mnist1m", root, ("MNIST/raw/t10k-*",), "the test split is missing (MNIST's t10k files)")
    return _idx_set([*train, *test], DIGIT_CLASSES)


def read_cifar10(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """CIFAR-10, 50,000 training and 10,000 test images of 32 x 32 x 3.

    Args:
        spec: not used.
        root: data directory.
        progress: called with the bytes downloaded, when files are missing.

    Raises:
        BadData: a file whose md5 is not the published one.
    """
    from torchvision.datasets import CIFAR10

    return _cifar("cifar10", CIFAR10, CIFAR10_FILES, root, progress)


def read_cifar100(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """CIFAR-100 with its 100 fine labels, 50,000 training and 10,000 test images of 32 x 32 x 3.

    Args:
        spec: not used.
        root: data directory.
        progress: called with the bytes downloaded, when files are missing.

    Raises:
        BadData: a file whose md5 is not the published one.
    """
    from torchvision.datasets import CIFAR100

    return _cifar("cifar100", CIFAR100, CIFAR100_FILES, root, progress)


def _idx_set(paths: list[Path], class_names: tuple[str, ...]) -> Raw:
    """Train and test split from four idx files, memory-mapped: all of MNIST in float64 would take 376 MB."""
    X, y = read_pair(paths[0], paths[1])
    X_test, y_test = read_pair(paths[2], paths[3])
    shape = X.shape[1:]
    if X_test.shape[1:] != shape:
        raise BadData(f"{paths[2]}: expected images of {shape} pixels as in {paths[0].name}; got {X_test.shape[1:]}.")
    return Raw(
        X=X.reshape(len(X), -1), y=y, ids=np.arange(len(X)), X_test=X_test.reshape(len(X_test), -1), y_test=y_test,
        class_names=class_names, feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=(f"ids are rows of {paths[0].name}.",),
    )  # fmt: skip


def _idx_pair(folder: Path, *, test: bool) -> tuple[Path, Path] | None:
    """The files of images and of labels of one split in a folder, or None when one of them is missing.

    Raises:
        DataUnavailable: several files of one kind.
    """
    names = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix != ".gz") if folder.is_dir() else []
    names = [p for p in names if p.name.startswith(("t10k", "test")) == test]
    images = [p for p in names if "images" in p.name or "patterns" in p.name]
    labels = [p for p in names if "labels" in p.name]
    if len(images) > 1 or len(labels) > 1:
        got = ", ".join(p.name for p in (*images, *labels))
        raise DataUnavailable(
            f"{folder}: expected one file of images and one of labels for each split; got {got}. Move the others away."
        )
    return (images[0], labels[0]) if images and labels else None


def _cifar(name: str, dataset_class: Any, files: tuple[str, ...], root: Path, progress: Progress | None) -> Raw:
    ensure(name, root, files, progress=progress)
    _check_batches(dataset_class, root)
    train, test = dataset_class(root, train=True), dataset_class(root, train=False)
    shape = train.data.shape[1:]
    return Raw(
        X=train.data.reshape(len(train.data), -1), y=np.asarray(train.targets), ids=np.arange(len(train.data)),
        X_test=test.data.reshape(len(test.data), -1), y_test=np.asarray(test.targets),
        class_names=tuple(train.classes), feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=("ids are row numbers in the concatenated training batches, counted from 0.",),
    )  # fmt: skip


def _check_batches(dataset_class: Any, root: Path) -> None:
    """Raise BadData unless every CIFAR file has the md5 that torchvision lists.

    The batches are pickles, and opening a pickle can run any code. They are the only pickles that are opened, and only
    after their md5 has been checked.
    """
    from torchvision.datasets.utils import check_integrity

    meta = dataset_class.meta
    published = [*dataset_class.train_list, *dataset_class.test_list, (meta["filename"], meta["md5"])]
    for file, md5 in published:
        path = root / dataset_class.base_folder / file
        if not check_integrity(path, md5):
            raise BadData(f"{path}: expected the published file, md5 {md5}; got other content. Delete or replace it.")
