"""Loaders of tables: two that come with scikit-learn, UCI Adult and IWPC as prepared in the FIL paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.fetch import ensure
from fil_core.data.raw import Raw, fixed_split
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadData
from fil_core.progress import Progress
from fil_core.specs import DataSpec

ADULT_FILES = ("uciadult/adult.data", "uciadult/adult.test")
IWPC_FILES = ("iwpc/iwpc-scaled.csv",)

_ADULT_COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "label",
)  # fmt: skip
_ADULT_CONTINUOUS = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
ADULT_CLASSES = ("<=50K", ">50K")
_MARRIED = ("Married-civ-spouse", "Married-AF-spouse", "Married-spouse-absent")
_MARITAL_LEVELS = ("not married", "married")  # the column of the kept level is 1 for *not* married

# Feature order of the paper's file. A name alone is a numeric column; (name, kept levels, dropped level) is one-hot.
_IWPC_LAYOUT: tuple[str | tuple[str, tuple[str, ...], str], ...] = (
    "age", "amiodarone", ("cyp2c9", ("12", "13", "22", "23", "33"), "11"), "decr", "height",
    ("race", ("black", "white"), "asian"), ("vkorc1", ("CT", "TT"), "CC"), "weight",
)  # fmt: skip
_IWPC_CONTINUOUS = ("age", "height", "weight")


def read_breast_cancer(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Wisconsin breast cancer: 569 tumours with 30 measurements, malignant or benign.

    Args:
        spec: not used.
        root: not used.
        progress: not used.
    """
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    train, test = fixed_split(len(data.data))
    return Raw(
        X=data.data[train], y=data.target[train], ids=train, X_test=data.data[test], y_test=data.target[test],
        test_names=test,
        class_names=tuple(map(str, data.target_names)), feature_names=tuple(map(str, data.feature_names)),
        target_name="diagnosis", notes=("ids are rows of scikit-learn's load_breast_cancer.",),
    )  # fmt: skip


def read_diabetes(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Diabetes progression of 442 patients from ten measurements in their original units (age in years, sex 1 or 2).

    The target is standardised with the selected training rows, as the models have no intercept.

    Args:
        spec: not used.
        root: not used.
        progress: not used.
    """
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    train, test = fixed_split(len(data.data))
    return Raw(
        X=data.data[train], y=data.target[train], ids=train, X_test=data.data[test], y_test=data.target[test],
        test_names=test,
        feature_names=tuple(map(str, data.feature_names)), target_name="progression", standardise_target=True,
        notes=("ids are rows of scikit-learn's load_diabetes.",),
    )  # fmt: skip


def read_uci_adult(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """UCI Adult as in the FIL paper: 86 features, one-hot without the last sorted level, without `relationship`.

    Levels are those of the training file. A test row with a level that no training row has cannot be encoded (all
    zeros would mean the dropped level), so it is left out and counted in the notes; the published files have none.

    Args:
        spec: not used.
        root: data directory.
        progress: called with the bytes downloaded, when files are missing.

    Raises:
        DataUnavailable: the files are missing and could not be downloaded.
        BadData: a row that is not in the published format.
    """
    files = ensure("uci-adult", root, ADULT_FILES, progress=progress)
    train, test = (_adult_rows(path) for path in files)
    layout = _adult_layout(train)
    X, names, groups = encode(train, layout)
    unknown = unseen(test, layout)
    X_test = encode(test[~unknown], layout)[0]
    notes: tuple[str, ...] = (
        "ids are rows of adult.data, counted from 0; rows with a missing entry are left out.",
        "marital-status is 1 for not married (divorced, never married, separated, widowed).",
    )
    if unknown.any():
        rows, one = ("1 test row is", "its") if unknown.sum() == 1 else (f"{unknown.sum():,} test rows are", "their")
        notes += (f"{rows} left out: no training row has one of {one} levels.",)
    return Raw(
        X=X, y=train["label"].to_numpy(), ids=train.index.to_numpy(),
        X_test=X_test, y_test=test.loc[~unknown, "label"].to_numpy(),
        class_names=ADULT_CLASSES, feature_names=names, groups=groups,
        continuous=tuple(names.index(c) for c in _ADULT_CONTINUOUS), target_name="income", notes=notes,
    )  # fmt: skip


def read_iwpc(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """IWPC warfarin dosing, 4,819 patients, scaled as in the FIL paper and split by its random permutation.

    Args:
        spec: not used.
        root: data directory.
        progress: not used; the file cannot be downloaded.

    Raises:
        DataUnavailable: the file is missing.
        BadData: a column or genotype that is not in the published format.
    """
    import torch

    path = ensure("iwpc", root, IWPC_FILES, progress=progress)[0]
    frame = pd.read_csv(path, dtype={"cyp2c9": str, "race": str, "vkorc1": str})
    _expect_columns(path, frame)
    layout = {part if isinstance(part, str) else part[0]: _iwpc_levels(part) for part in _IWPC_LAYOUT}
    plain = [name for name, group in layout.items() if group is None] + ["dose"]
    frame = frame.assign(**{name: _numbers(path, frame[name]) for name in plain})
    if (unknown := unseen(frame, layout)).any():
        raise BadData(
            f"{path}: expected a known race and genotypes in every row; row {unknown.argmax()} has a race or genotype "
            "that is missing or unknown."
        )
    X, names, groups = encode(frame, layout)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0)).numpy()
    cut = int(0.8 * len(X))
    train, test = np.sort(order[:cut]), np.sort(order[cut:])
    y = frame["dose"].to_numpy()
    return Raw(
        X=X[train], y=y[train], ids=train, X_test=X[test], y_test=y[test], test_names=test,
        feature_names=names, groups=groups, continuous=tuple(names.index(c) for c in _IWPC_CONTINUOUS),
        target_name="dose",
        notes=(
            "ids are rows of iwpc-scaled.csv, counted from 0.",
            "Age, height, weight and dose are standardised in the file.",
        ),
    )  # fmt: skip


def _adult_rows(path: Path) -> pd.DataFrame:
    """Complete rows of an Adult file, indexed by row number in the file, with coded label and binary marital status."""
    try:
        # The first line of the test file is "|1x3 Cross validator".
        frame = pd.read_csv(
            path, header=None, names=list(_ADULT_COLUMNS), index_col=False, skipinitialspace=True, comment="|",
            dtype=str, keep_default_na=False,
        )  # fmt: skip
    except pd.errors.ParserError as error:
        raise BadData(f"{path}: expected rows of {len(_ADULT_COLUMNS)} entries; {error}.") from error
    frame = frame[~frame.eq("?").any(axis=1)]
    label = frame["label"].str.rstrip(".").map({name: code for code, name in enumerate(ADULT_CLASSES)})
    if (bad := label.isna()).any():
        raise BadData(f"{path}: row {bad.idxmax()}: expected 15 entries ending in <=50K or >50K.")
    marital = np.where(frame["marital-status"].isin(_MARRIED), *_MARITAL_LEVELS[::-1])
    numbers = {name: _numbers(path, frame[name]) for name in _ADULT_CONTINUOUS}
    return frame.assign(**numbers, label=label.astype(np.int64), **{"marital-status": marital})


def _adult_layout(train: pd.DataFrame) -> dict[str, AttributeGroup | None]:
    """Columns in file order; for a categorical column its kept levels and the dropped level, else None."""
    levels = {"marital-status": list(_MARITAL_LEVELS)}
    layout: dict[str, AttributeGroup | None] = {}
    for name in _ADULT_COLUMNS:
        if name in ("relationship", "label"):
            continue
        known = levels.get(name) or sorted(train[name].unique()) if name not in _ADULT_CONTINUOUS else None
        layout[name] = AttributeGroup(name, (), tuple(known[:-1]), known[-1]) if known else None
    return layout


def _iwpc_levels(part: str | tuple[str, tuple[str, ...], str]) -> AttributeGroup | None:
    return None if isinstance(part, str) else AttributeGroup(part[0], (), part[1], part[2])


def unseen(frame: pd.DataFrame, layout: dict[str, AttributeGroup | None]) -> np.ndarray:
    """(n,) bool: rows with a level that the layout does not have."""
    coded = [~frame[name].isin([*group.levels, group.dropped]) for name, group in layout.items() if group]
    return np.logical_or.reduce([np.zeros(len(frame), dtype=bool), *(bad.to_numpy() for bad in coded)])


def encode(
    frame: pd.DataFrame, layout: dict[str, AttributeGroup | None]
) -> tuple[np.ndarray, tuple[str, ...], dict[str, AttributeGroup]]:
    """Feature matrix (n, d), feature names and attribute groups; one block of columns per entry of the layout."""
    blocks: list[np.ndarray] = []
    names: list[str] = []
    groups: dict[str, AttributeGroup] = {}
    for name, group in layout.items():
        if group is None:
            blocks.append(frame[name].to_numpy(np.float64)[:, None])
            names.append(name)
            continue
        columns = tuple(range(len(names), len(names) + len(group.levels)))
        groups[name] = AttributeGroup(name, columns, group.levels, group.dropped)
        codes = pd.Index(group.levels).get_indexer(frame[name])  # -1 for the dropped level: selects the row of zeros
        blocks.append(np.vstack([np.eye(len(group.levels)), np.zeros(len(group.levels))])[codes])
        names += [f"{name}={level}" for level in group.levels]
    return np.ascontiguousarray(np.hstack(blocks)), tuple(names), groups


def _numbers(path: Path, column: pd.Series) -> pd.Series:
    """A text column as float64; empty entries become NaN, which `loading.assemble` reports with their row."""
    try:
        return pd.to_numeric(column).astype(np.float64)
    except ValueError as error:
        raise BadData(f"{path}: column {column.name}: expected numbers; {error}.") from error


def _expect_columns(path: Path, frame: pd.DataFrame) -> None:
    expected = [part if isinstance(part, str) else part[0] for part in _IWPC_LAYOUT] + ["dose"]
    if missing := [name for name in expected if name not in frame]:
        raise BadData(f"{path}: expected a header with {', '.join(expected)}; {', '.join(missing)} not found.")
