"""Examples as a grid of tiles: pixel-exact picture, rank, eta, class and a bar for the percentile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset
from fil_core.display.pictures import coarse, data_address
from pages.common import text
from pages.common.naming import called

ETA = ("eta", "η", "eta")  # what a tile says unless it is told: column, sign, and name in words
_NO_NOTES: Mapping[int, str] = MappingProxyType({})

# Values are set as text nodes and attributes by the script, never as markup.
_JS = """
export default function(component) {
  const { data, setTriggerValue, parentElement } = component;
  const old = parentElement.querySelector('.grid');
  const grid = document.createElement('div');
  grid.className = 'grid';
  for (const tile of data.tiles) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = tile.chosen ? 'tile chosen' : 'tile';
    button.setAttribute('aria-label', tile.alt);
    button.setAttribute('data-id', tile.id);
    const image = document.createElement('img');
    image.src = tile.image; image.alt = tile.alt; image.draggable = false;
    const top = document.createElement('div');
    top.className = 'line';
    const rank = document.createElement('span'); rank.textContent = '#' + tile.rank;
    const label = document.createElement('span'); label.textContent = tile.label; label.className = 'label';
    top.append(rank, label);
    const eta = document.createElement('div'); eta.className = 'eta'; eta.textContent = tile.value;
    const track = document.createElement('div'); track.className = 'track';
    const bar = document.createElement('div'); bar.className = 'bar'; bar.style.width = tile.percentile + '%';
    track.append(bar);
    button.append(image, top, eta, track);
    if (tile.note) {
      const note = document.createElement('div');
      note.className = 'note'; note.textContent = tile.note;
      button.append(note);
    }
    button.onclick = () => setTriggerValue('picked', tile.id);
    grid.append(button);
  }
  if (old) old.replaceWith(grid); else parentElement.append(grid);
}
"""

_CSS = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 8px; }
.tile { all: unset; box-sizing: border-box; cursor: pointer; padding: 6px; border-radius: 6px; min-width: 0;
        border: 1px solid var(--st-border-color); color: var(--st-text-color); font-family: var(--st-font);
        font-size: 12px; background: var(--st-secondary-background-color); }
.tile:hover, .tile:focus-visible, .tile.chosen { border-color: var(--st-primary-color);
        box-shadow: 0 0 0 1px var(--st-primary-color); }
img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; display: block;
      background: #808080; border-radius: 3px; }
.line { display: flex; justify-content: space-between; gap: 6px; margin-top: 4px; opacity: .8; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.eta { font-variant-numeric: tabular-nums; font-weight: 600; margin: 1px 0 4px; }
.note { margin-top: 5px; line-height: 1.25; color: var(--st-primary-color); }
.track { height: 3px; border-radius: 2px; background: var(--st-border-color); }
.bar { height: 3px; border-radius: 2px; background: var(--st-primary-color); }
"""


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component("fil_tiles", css=_CSS, js=_JS)


def tiles(
    data: Dataset,
    ranked: pd.DataFrame,
    ids: Sequence[int],
    *,
    key: str,
    chosen: int | None = None,
    measure: tuple[str, str, str] = ETA,
    notes: Mapping[int, str] = _NO_NOTES,
) -> int | None:
    """A grid of images.

    Args:
        data: an image data set.
        ranked: table with the measure, `label`, `rank` and `percentile`, index `id`.
        ids: the examples to show, in order.
        key: names the widget.
        chosen: the example to mark.
        measure: its column, its sign on a tile, and its name where the picture cannot be seen.
        notes: what else is said of some examples.

    Returns:
        The id that was just clicked, once, or None.
    """
    shown, (column, sign, name) = ranked.loc[list(ids)], measure
    pictures = pngs(data, shown.index.to_numpy())
    entries = [
        {
            "id": int(id),
            "image": picture,
            "rank": f"{int(row['rank']):,}",
            "label": str(label),
            "value": f"{sign} {text.number(row[column])}".strip(),
            "percentile": float(row.percentile),
            "chosen": id == chosen,
            "alt": f"Example {called(data, int(id))}, class {label}, {name} {text.number(row[column])}, "
            f"rank {int(row['rank']):,} of {len(ranked):,}" + (f", {notes[int(id)]}" if int(id) in notes else ""),
            "note": notes.get(int(id), ""),
        }
        # Not out of the row, which makes numbers of all columns floats.
        for (id, row), label, picture in zip(shown.iterrows(), shown["label"], pictures, strict=True)
    ]
    picked = _component()(data={"tiles": entries}, key=key, on_picked_change=lambda: None)
    return None if picked.picked is None else int(picked.picked)


def pngs(data: Dataset, ids: np.ndarray) -> list[str]:
    """The pictures of some examples as PNG data addresses."""
    return [data_address(image) for image in pictures(data, ids)]


def pictures(data: Dataset, ids: np.ndarray) -> np.ndarray:
    """Pixels of some examples, (m, H, W[, 3]) uint8; coarse while redacted."""
    images = data.images(np.searchsorted(data.ids, ids))
    return np.stack([coarse(image) for image in images]) if st.session_state.get("redact") else images
