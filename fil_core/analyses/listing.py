"""Examples in a report: tiles where the data hold images, else rows with the examples' own attributes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.ranking import ranked
from fil_core.analyses.subject import Subject
from fil_core.dataset import Dataset
from fil_core.display import html as e
from fil_core.display import pictures, redaction
from fil_core.display.numbers import count, number

_TILES = 8  # in a row
_LEGEND = "Rank and id, label, η; the bar is the percentile of η."
_HEADS = {"eta": "η", "eta_before": "η before", "eta_after": "η after"}
_COLUMNS = 12  # of a record that fit on paper


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
    if subject.data.picture_shape is None:
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
        (f"#{int(row['rank']):,} · {id}", str(said[id]), number(row["eta"]), float(row["percentile"]))
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
    records = redaction.hidden(records) if subject.redact else records
    # A column of the data may be called like one of ours.
    frame = shown.join(records.iloc[:, :_COLUMNS], suffixes=("", " (data)"))
    note = e.paragraph(f"The first {_COLUMNS} of {count(len(records.columns))} columns.", "note") if more > 0 else ""
    # The label may be a year as well.
    own = {"label"} | set(frame.columns) - set(shown.columns)
    headed = _headed(subject.named(frame))
    return e.table(headed, values=[_HEADS.get(name, name) for name in own]) + note


def _headed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=_HEADS).rename_axis("id")


def leakiest(subject: Subject, table: pd.DataFrame) -> pd.DataFrame:
    """The listed ones of a table, ranked by eta."""
    return ranked(table).nsmallest(subject.top, "rank")
