"""Parts of a report as HTML. Everything that comes from the data is escaped here."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.display.numbers import number


class Drawn(Protocol):
    """A figure with its title and a text for those who cannot see it."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def alt(self) -> str: ...  # noqa: D102
    @property
    def figure(self) -> go.Figure: ...  # noqa: D102


WIDTH = 484  # of a figure, in CSS pixels; two stand side by side, one alone fits on paper
_LARGEST_WHOLE = 1e6  # larger numbers are shown as powers of ten
_STRONG = re.compile(r"\*\*(.+?)\*\*")


def escape(value: object) -> str:
    """A value as text, in content and in attributes."""
    return html.escape(str(value))


def quoted(value: object) -> str:
    """A name for a sentence of an analysis, in which two asterisks would mean bold."""
    return escape(value).replace("*", "&#42;")


def sentence(markdown: str, kind: str = "answer") -> str:
    """A sentence of an analysis; its names are already quoted."""
    text = _STRONG.sub(r"<strong>\1</strong>", markdown)
    return f'<p class="{escape(kind)}">{text}</p>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>'


def heading(text: str, level: int = 3) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def metrics(values: Mapping[str, tuple[str, str]]) -> str:
    """Numbers with a name above and a note below."""
    boxes = "".join(
        f'<div class="metric"><span>{escape(name)}</span><b>{escape(value)}</b><small>{escape(note)}</small></div>'
        for name, (value, note) in values.items()
    )
    return f'<div class="metrics">{boxes}</div>'


def figure(drawn: go.Figure, title: str, alt: str) -> str:
    """A figure as JSON, drawn by the script at the end of the report."""
    fixed = go.Figure(drawn).update_layout(width=WIDTH, dragmode="zoom")
    # Escaped so that no label can end the script element.
    content = str(fixed.to_json()).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    height = int(fixed.layout.height)
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><div class="plot" role="img" aria-label="{escape(alt)}" '
        f'style="width:{WIDTH}px;height:{height}px"></div><script type="application/json">{content}</script></figure>'
    )


def figures(*drawn: str) -> str:
    """Figures side by side where there is room."""
    return f'<div class="figures">{"".join(filter(None, drawn))}</div>'


def drawn(several: Iterable[Drawn]) -> str:
    """Figures with their titles, side by side where there is room."""
    return figures(*(figure(one.figure, one.title, one.alt) for one in several))


def table(frame: pd.DataFrame, caption: str = "", *, values: Collection[str] = ()) -> str:
    """A table with its index, numbers with three or four digits.

    Args:
        frame: its rows.
        caption: what stands above it; empty for nothing.
        values: columns with values of the data, such as years, whose thousands are not separated.
    """
    names = [frame.index.name or "", *frame.columns]
    body = list(frame.itertuples(name=None))
    kinds = map(_align, body[0]) if body else itertools.repeat("text")
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(names, kinds, strict=False)
    )
    ids = frame.index.name == "id"  # which are names, also where they are numbers
    grouped = [True, *(name not in values for name in frame.columns)]
    rows = "".join(f"<tr>{_cells((str(row[0]), *row[1:]) if ids else row, grouped)}</tr>" for row in body)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{above}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(values: Sequence[object], grouped: Sequence[bool]) -> str:
    shown = [
        _shown(v) if g or not _is_number(v) else _shown(v).replace(",", "")
        for v, g in zip(values, grouped, strict=True)
    ]
    return "".join(f'<td class="{_align(v)}">{escape(text)}</td>' for v, text in zip(values, shown, strict=True))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _align(value: object) -> str:
    return "number" if _is_number(value) else "text"


def _shown(value: object) -> str:
    if isinstance(value, float | np.floating):
        x = float(value)
        whole = abs(x) < _LARGEST_WHOLE and x.is_integer()
        return "" if np.isnan(x) else f"{int(x):,}" if whole else number(x)
    return f"{value:,}" if _is_number(value) else str(value)


def facts(values: Mapping[str, str]) -> str:
    """Names and values in two columns."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items() if value)
    return f"<dl>{rows}</dl>"


def code(text: str) -> str:
    """A command line."""
    return f"<pre><code>{escape(text)}</code></pre>"


def pictures(addresses: Iterable[tuple[str, str]], width: int = 112) -> str:
    """Pictures in a row, each a data address with a caption."""
    boxes = "".join(
        f'<div class="tile" style="width:{width}px"><img src="{escape(address)}" alt="{escape(caption)}">'
        f'<div class="line">{escape(caption)}</div></div>'
        for address, caption in addresses
    )
    return f'<div class="row">{boxes}</div>'
