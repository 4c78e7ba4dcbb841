"""The data sets that have a name, and the canonical form of a request for one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fil_core.data import images, synthetic, tabular
from fil_core.data.fetch import DOWNLOADS
from fil_core.data.own import register
from fil_core.data.raw import Raw
from fil_core.dataset import Task
from fil_core.errors import BadData, DataUnavailable
from fil_core.progress import Progress
from fil_core.specs import DataSpec, Preprocess

Kind = Literal["image", "table", "synthetic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entry of the catalogue.

    Attributes:
        default_preprocess: taken when a request names none.
        files: where its files are expected, relative to the data directory; empty when it comes with the software.
        description: one sentence.
        classes: names of all its classes, where they are known before the files are read; empty for a regression.
        default_classes: a pair for a first view; empty when it has two classes or none.
        citation: whose data these are, and on what terms.
        read: read(spec, data directory, progress) gives the rows before selection.
        downloadable: whether missing files are fetched.
    """

    name: str
    title: str
    kind: Kind
    task: Task = "classification"
    default_preprocess: Preprocess
    description: str
    citation: str
    read: Callable[[DataSpec, Path, Progress | None], Raw]
    files: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    default_classes: tuple[str, ...] = ()

    @property
    def downloadable(self) -> bool:
        """Whether missing files can be fetched."""
        return self.name in DOWNLOADS


_SOURCES = (
    Source(
        name="digits", title="Digits (8 × 8)", kind="image", default_preprocess="unit-ball",
        description="1,797 small handwritten digits that come with scikit-learn; nothing to download.",
        default_classes=("0", "1"), read=images.read_digits,
        classes=images.DIGITS,
        citation="UCI Optical Recognition of Handwritten Digits, Alpaydin and Kaynak 1998; CC BY 4.0.",
    ),
    Source(
        name="mnist", title="MNIST", kind="image", default_preprocess="unit-ball",
        description="70,000 handwritten digits of 28 × 28 pixels, the paper's main data set.",
        default_classes=("0", "1"), files=images.MNIST_FILES, read=images.read_mnist,
        classes=images.DIGITS,
        citation="LeCun, Cortes and Burges 1998; CC BY-SA 3.0.",
    ),
    Source(
        name="fashion-mnist", title="Fashion-MNIST", kind="image", default_preprocess="unit-ball",
        description="70,000 pictures of clothing, 28 × 28 pixels, in ten classes.",
        default_classes=("T-shirt/top", "Trouser"), files=images.FASHION_FILES, read=images.read_fashion_mnist,
        classes=images.GARMENTS,
        citation="Xiao, Rasul and Vollgraf 2017; MIT licence.",
    ),
    Source(
        name="cifar10", title="CIFAR-10", kind="image", default_preprocess="unit-ball",
        description="60,000 colour photographs of 32 × 32 pixels in ten classes.",
        default_classes=("airplane", "automobile"), files=images.CIFAR10_FILES, read=images.read_cifar10,
        classes=images.VEHICLES_AND_ANIMALS,
        citation="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; no licence stated.",
    ),
    Source(
        name="cifar100", classes=images.HUNDRED, title="CIFAR-100", kind="image", default_preprocess="unit-ball",
        description="60,000 colour photographs of 32 × 32 pixels in a hundred classes.",
        default_classes=("apple", "aquarium_fish"), files=images.CIFAR100_FILES, read=images.read_cifar100,
        citation="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; no licence stated.",
    ),
    Source(
        name="mnist1m", title="MNIST-1M", kind="image", default_preprocess="unit-ball",
        description="A million deformed MNIST digits made with infiMNIST, read from disk as far as needed.",
        default_classes=("0", "1"), files=images.MNIST1M_FILES, read=images.read_mnist1m,
        classes=images.DIGITS,
        citation="Loosli, Canu and Bottou 2007, infiMNIST; made from MNIST, CC BY-SA 3.0.",
    ),
    Source(
        name="breast-cancer", title="Breast cancer", kind="table", default_preprocess="standardise",
        description="569 tumours with 30 measurements each, malignant or benign; nothing to download.",
        read=tabular.read_breast_cancer, classes=("malignant", "benign"),
        citation="UCI Breast Cancer Wisconsin (Diagnostic), Wolberg et al. 1993; CC BY 4.0.",
    ),
    Source(
        name="diabetes", title="Diabetes", kind="table", task="regression", default_preprocess="standardise",
        description="442 patients with ten measurements each and the progression of their disease after a year.",
        read=tabular.read_diabetes, citation="Efron, Hastie, Johnstone and Tibshirani 2004, Least Angle Regression.",
    ),
    Source(
        name="uci-adult", title="UCI Adult", kind="table", default_preprocess="standardise",
        description="45,222 people of the 1994 US census and whether they earn more than $50,000 a year.",
        files=tabular.ADULT_FILES, read=tabular.read_uci_adult, classes=tabular.ADULT_CLASSES,
        citation="UCI Adult, Becker and Kohavi 1996; CC BY 4.0.",
    ),
    Source(
        name="iwpc", title="IWPC warfarin", kind="table", task="regression", default_preprocess="none",
        description="4,819 patients with two genotypes each and the warfarin dose that suited them.",
        files=tabular.IWPC_FILES, read=tabular.read_iwpc,
        citation="International Warfarin Pharmacogenetics Consortium 2009, scaled by Yeom et al. 2018.",
    ),
    Source(
        name="synthetic", title="Synthetic table", kind="synthetic", default_preprocess="none",
        description="A made-up table of two classes in any size, such as synthetic:10000x3072.",
        read=synthetic.read, classes=("no", "yes"), citation="Made on the spot; no licence needed.",
    ),
)  # fmt: skip

_ALIASES = {
    "uciadult": "uci-adult",
    "adult": "uci-adult",
    "fashionmnist": "fashion-mnist",
    "cifar-10": "cifar10",
    "cifar-100": "cifar100",
    "synthetic": synthetic.DEFAULT,
}


def catalogue() -> dict[str, Source]:
    """Every named data set, by name, in the order in which a page lists them."""
    return {source.name: source for source in _SOURCES}


def source_of(name: str) -> Source:
    """The catalogue entry of a canonical name (`synthetic:10000x3072` belongs to `synthetic`), or one's own data.

    Raises:
        DataUnavailable: there is none.
    """
    if name.startswith(register.PREFIX):
        return _own(register.find(name))
    known = catalogue()
    family, colon, _ = name.partition(":")
    if family not in known or (colon and family != "synthetic"):
        raise DataUnavailable(f"name: expected one of {', '.join(known)}; got {name!r}.")
    return known[family]


def _own(entry: register.OwnData) -> Source:
    """One's own data as an entry like the others."""
    held_out = f", {entry.health['test_rows']:,} held out" if entry.health["test_rows"] else ""
    return Source(
        name=entry.name,
        title=entry.title,
        kind="image" if entry.form == "image" else "table",
        task="classification" if entry.classes else "regression",
        default_preprocess="unit-ball" if entry.form == "image" else "standardise",
        description=f"Your own data: {entry.rows:,} rows to train on{held_out}, {entry.features:,} features.",
        citation=f"Your own data, given on {entry.created:%Y-%m-%d}.",
        classes=entry.classes,
        read=_read_own,
    )


def _read_own(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Rows of the register. A standardised regression has a standardised target: the models have no intercept."""
    raw = register.load_raw(spec.name)
    if raw.class_names or spec.preprocess != "standardise":
        return raw
    mean, std = float(raw.y.mean()), float(raw.y.std())
    if std == 0:
        raise BadData(f"target {raw.target_name!r}: expected values that differ; all training rows have {mean:g}.")
    note = f"The target is ({raw.target_name} - {mean:.4g}) / {std:.4g}, mean and deviation of the training rows."
    return dataclasses.replace(raw, y=(raw.y - mean) / std, y_test=(raw.y_test - mean) / std, notes=(*raw.notes, note))


def resolve(spec: DataSpec) -> DataSpec:
    """The canonical form of a request: aliases replaced, the default preprocessing and the data directory filled in.

    Reads no file. Two requests for the same thing have the same canonical form, which is therefore a cache key.

    Raises:
        DataUnavailable: no data set has this name.
        BadRequest: a synthetic size that makes no sense.
    """
    name = spec.name.strip().lower()
    name = _ALIASES.get(name, name)
    source = source_of(name)
    if name.startswith(register.PREFIX):
        name = source.name
    if source.kind == "synthetic":
        name = "synthetic:{}x{}".format(*synthetic.parse(name))
    return dataclasses.replace(
        spec,
        name=name,
        preprocess=spec.preprocess or source.default_preprocess,
        data_dir=str(data_directory(spec.data_dir)),
    )


def data_directory(given: str | None = None) -> Path:
    """Where data files live: the argument, else FIL_DATA_DIR, else a folder of the user's cache.

    Raises:
        DataUnavailable: the path names the home folder of a user that is not there.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "fil-explorer" / "data"
    chosen = Path(given or os.environ.get("FIL_DATA_DIR") or cache)
    try:
        return chosen.expanduser().absolute()
    except RuntimeError as error:
        raise DataUnavailable(f"data directory: expected a folder; got {str(chosen)!r} ({error}).") from error
