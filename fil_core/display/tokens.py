"""Sentences whose tokens say by colour and line what each of them adds to a number. All text is escaped here."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np

from fil_core.display.charts import INK, Mode
from fil_core.display.numbers import number

_PAPER = {"light": (255, 255, 255), "dark": (14, 17, 23)}
_HELPS, _HARMS = (230, 159, 0), (86, 180, 233)  # orange and sky blue of Okabe and Ito
_STRONGEST = {"light": 0.85, "dark": 0.5}  # share of the colour, so that the ink stays legible on it
_WEAKEST = 0.02  # of the scale; below it a token has no line
_STYLE = (
    "<style>.tokens{line-height:2.1;overflow-wrap:anywhere}"
    ".tokens span{padding:1px 4px;margin:0 1px;border-radius:3px;white-space:pre-wrap}"
    ".tokens .helps{border-bottom:2px solid currentColor}.tokens .harms{border-bottom:2px dashed currentColor}</style>"
)


def shade(value: float, mode: Mode) -> str:
    """The colour behind a token, as #rrggbb.

    >>> shade(0.0, "light"), shade(math.nan, "dark")
    ('#ffffff', '#0e1117')

    Args:
        value: what it adds, over the largest; beyond -1 and 1 it is cut off. Above 0 is orange, below blue.
        mode: light or dark.
    """
    share = 0.0 if math.isnan(value) else min(1.0, abs(value)) * _STRONGEST[mode]
    colour = _HELPS if value > 0 else _HARMS
    mixed = (round(share * own + (1 - share) * behind) for own, behind in zip(colour, _PAPER[mode], strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def coloured(tokens: Sequence[str], values: Sequence[float] | np.ndarray | None, largest: float, mode: Mode) -> str:
    """A sentence as HTML.

    Args:
        tokens: of it, as they are.
        values: what each of them adds, as many as tokens; NaN for none. None for a sentence without colours.
        largest: value of the strongest colour, > 0.
        mode: light or dark.
    """
    each = [math.nan] * len(tokens) if values is None else list(map(float, values))
    parts = [_token(token, value, largest, mode) for token, value in zip(tokens, each, strict=True)]
    return f'{_STYLE}<div class="tokens">{" ".join(parts)}</div>'


def _token(token: str, value: float, largest: float, mode: Mode) -> str:
    shown = html.escape(token)
    if math.isnan(value):
        return f"<span>{shown}</span>"
    share = value / largest if largest > 0 else 0.0
    kind = "" if abs(share) < _WEAKEST else "helps" if share > 0 else "harms"
    said = f"{'+' if value > 0 else ''}{number(value)}{f', {kind}' if kind else ''}"
    style = f"background:{shade(share, mode)};color:{INK[mode][0]}"
    return f'<span class="{kind}" style="{style}" title="{html.escape(said)}">{shown}</span>'


def legend(largest: float, mode: Mode) -> str:
    """What the colours and lines mean, as HTML.

    Args:
        largest: value of the strongest colour.
        mode: light or dark.
    """
    ends = [
        _token(f"{sign}{number(largest)} {says}", value, largest, mode)
        for sign, says, value in (("+", "helps (line)", largest), ("−", "harms (dashes)", -largest))
    ]
    return f'{_STYLE}<div class="tokens">{" ".join(ends)}</div>'
