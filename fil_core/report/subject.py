"""What a section of the report is about: one result, its data where they are still to be had, and what may be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fil_core.dataset import Dataset
from fil_core.display import findings, pictures, redaction
from fil_core.display import html as e
from fil_core.display.numbers import count, number
from fil_core.errors import FilError
from fil_core.reproduce import Reproducible
from fil_core.result import Result
from fil_core.specs import DataSpec, FilRequest, IrfilRequest, ReleaseRequest
from fil_core.specs.weights import Weighting

Datasets = Callable[[DataSpec], Dataset]

_TILES = 8  # in a row
_LEGEND = "Rank and id, label, η; the bar is the percentile of η."
_HEADS = {"eta": "η", "eta_before": "η before", "eta_after": "η after"}
_COLUMNS = 12  # of a record that fit on paper


@dataclass(frozen=True, slots=True)
class Subject:
    """One result of the report.

    Attributes:
        request, result: as they were asked and stored.
        data: the examples it is about; None if they are not there any more.
        missing: why they are not, in a sentence.
        redact: pictures coarse, labels and attribute values masked.
        top: how many examples are listed.
    """

    request: Reproducible
    result: Result
    data: Dataset | None
    missing: str
    redact: bool
    top: int

    @property
    def classes(self) -> bool:
        """Whether labels are classes that may be told."""
        return self.result.summary.get("score") == "accuracy" and not self.redact

    @property
    def sigma(self) -> float:
        """The noise that eta is taken at."""
        return self.request.sigma if isinstance(self.request, FilRequest | ReleaseRequest) else 1.0

    @property
    def weights(self) -> Weighting | None:
        """How the training weights come about."""
        return self.request.weights if isinstance(self.request, IrfilRequest) else self.request.model.weights

    @property
    def at_risk(self) -> str:
        """Names of the attributes that are looked at; empty for the whole example."""
        request = self.request
        named = request.weights.attribute if isinstance(request, IrfilRequest) else getattr(request, "attribute", ())
        return named if isinstance(named, str) else ", ".join(named)

    def masked(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table as it may be told."""
        return redaction.masked(table) if self.redact else table


def subject(request: Reproducible, result: Result, datasets: Datasets, *, redact: bool, top: int) -> Subject:
    """Find a result's data. Examples are shown only of the very data that were measured."""
    data, missing = None, ""
    try:
        data = datasets(request.data)
    except FilError as error:
        missing = f"The examples themselves are not shown: {error}"
    if data is not None and data.fingerprint != result.provenance["data"]["fingerprint"]:
        data, missing = None, "The examples themselves are not shown: the data have changed since they were measured."
    return Subject(request, result, data, missing, redact, top)


def examples(subject: Subject, table: pd.DataFrame, columns: list[str], *, notes: pd.Series | None = None) -> str:
    """Some examples: tiles where the data hold images, else rows with the examples' own attributes.

    Args:
        subject: whose data they are.
        table: the examples in order, with `rank`, `percentile`, `eta` and `label`, as it may be told.
        columns: what a row shows of the table.
        notes: what a tile says in the place of the label, by id.
    """
    if subject.data is None:
        return e.paragraph(subject.missing, "note") + e.table(_headed(table[columns]))
    if subject.data.image_shape is None:
        return _rows(subject, subject.data, table[columns])
    tiles = [
        _tile(row, picture)
        for row, picture in zip(_captions(table, notes), _addresses(subject, subject.data, table), strict=True)
    ]
    rows = [tiles[i : i + _TILES] for i in range(0, len(tiles), _TILES)]
    return e.paragraph(_LEGEND, "note") + "".join(f'<div class="row">{"".join(row)}</div>' for row in rows)


def _captions(table: pd.DataFrame, notes: pd.Series | None) -> list[tuple[str, str, str, float]]:
    said = table["label"] if notes is None else notes.loc[table.index]
    return [
        (f"#{int(row['rank']):,} · {id:,}", str(said[id]), number(row["eta"]), float(row["percentile"]))
        for id, row in table.iterrows()
    ]  # fmt: skip


def _tile(caption: tuple[str, str, str, float], address: str) -> str:
    who, note, eta, percentile = map(e.escape, caption)
    return (
        f'<div class="tile"><img src="{address}" alt="{who}, {note}, eta {eta}"><div class="line"><span>{who}</span>'
        f'<span>{note}</span></div><div class="eta">η {eta}</div><div class="track"><div class="bar" '
        f'style="width:{percentile}%"></div></div></div>'
    )


def _addresses(subject: Subject, data: Dataset, table: pd.DataFrame) -> list[str]:
    images = data.images(np.searchsorted(data.ids, table.index.to_numpy()))
    return [picture_address(subject, image) for image in images]


def picture_address(subject: Subject, image: np.ndarray) -> str:
    """A picture as it may be shown, as a PNG data address."""
    return pictures.data_address(pictures.coarse(image) if subject.redact else image)


def _rows(subject: Subject, data: Dataset, shown: pd.DataFrame) -> str:
    records = data.records(np.searchsorted(data.ids, shown.index.to_numpy()))
    more = len(records.columns) - _COLUMNS
    if data.id_names is not None:
        records.insert(0, "name", data.called(records.index.to_numpy()))
    records = redaction.hidden(records) if subject.redact else records
    # A column of the data may be called like one of ours.
    frame = shown.join(records.iloc[:, :_COLUMNS], suffixes=("", " (data)"))
    note = e.paragraph(f"The first {_COLUMNS} of {count(len(records.columns))} columns.", "note") if more > 0 else ""
    return e.table(_headed(frame)) + note


def _headed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=_HEADS).rename_axis("id")


def leakiest(subject: Subject, table: pd.DataFrame) -> pd.DataFrame:
    """The listed ones of a table, ranked by eta."""
    return findings.ranked(table).nsmallest(subject.top, "rank")
