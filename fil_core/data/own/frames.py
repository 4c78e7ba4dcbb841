"""Tables of own data (CSV, Parquet, NumPy) as data frames, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import read_matrix
from fil_core.data.own.faults import reading
from fil_core.data.own.parquet import read_parquet
from fil_core.data.own.separated import read_csv

NAMELESS = ("Unnamed: ", "__index_level_")  # prefixes that pandas gives to columns without a name, such as an index


def read_npy(path: Path) -> pd.DataFrame:
    """A NumPy matrix or structured array.

    Raises:
        BadData: anything else.
    """
    frame = read_matrix(path)
    return limits.check_shape(path.name, frame.set_axis([str(name).strip(" ") for name in frame.columns], axis=1))


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".npy": read_npy,
}


def read_frame(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """The table in a file, by its suffix.

    Args:
        path: a file with a suffix in `READERS`.
        texts: as for `read_csv`; the other formats say themselves what is a text.

    Raises:
        BadData: as the readers.
    """
    reader = READERS[path.suffix.lower()]
    with reading(path.name):
        return read_csv(path, texts) if reader is read_csv else reader(path)


def read_own(path: Path, texts: Collection[str] | None, left_out: Collection[str], id: str = "") -> pd.DataFrame:
    """The table in a file of own data, in which a text such as NA is not yet taken for a missing entry.

    Args:
        path: a file with a suffix in `READERS`.
        texts: as for `read_csv`.
        left_out: as for `read_parquet`.
        id: as for `read_parquet`.

    Raises:
        BadData: as the readers.
    """
    reader = READERS[path.suffix.lower()]
    if reader is read_csv:
        return read_csv(path, texts, literal=True)
    return read_parquet(path, left_out, id) if reader is read_parquet else reader(path)
