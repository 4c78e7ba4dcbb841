"""Figures that were drawn before, for pages that many visitors look at.

The same numbers and choices give the same figure. Drawing one takes milliseconds, recognising it a tenth of one.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import ParamSpec

import numpy as np
import pandas as pd
import plotly.graph_objects as go

_MOST_BYTES = 32 * 2**20  # of the figures that are kept, by their numbers
_FIGURE_BYTES = 20_000  # of a figure without its numbers
P = ParamSpec("P")


class Figures:
    """Figures by what they were drawn from; those that were used longest ago go first. For several threads.

    Args:
        most_bytes: of all of them together.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most, self._lock, self._bytes = most_bytes, threading.Lock(), 0
        self._figures: OrderedDict[bytes, tuple[go.Figure, int]] = OrderedDict()

    def get(self, key: bytes) -> go.Figure | None:
        """The figure, if it is kept."""
        with self._lock:
            if key not in self._figures:
                return None
            self._figures.move_to_end(key)
            return self._figures[key][0]

    def put(self, key: bytes, figure: go.Figure, size: int) -> None:
        """Keep a figure whose numbers take `size` bytes."""
        with self._lock:
            _, before = self._figures.pop(key, (None, 0))  # drawn by another thread meanwhile
            self._figures[key] = (figure, size)
            self._bytes += size - before
            while self._bytes > self._most:
                _, (_, freed) = self._figures.popitem(last=False)
                self._bytes -= freed

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._figures)


def kept(*columns: str, figures: Figures | None = None) -> Callable[[Callable[P, go.Figure]], Callable[P, go.Figure]]:
    """Keep what a pure function draws from arrays, tables, texts and numbers.

    The figures are shared: whoever gets one draws on a copy, `go.Figure(figure)`, and never changes it.

    Args:
        columns: those of a table among the arguments that are drawn; none for its index and all columns.
        figures: where they are kept; None for a place that all functions share.
    """
    places = _FIGURES if figures is None else figures

    def keeping(draw: Callable[P, go.Figure]) -> Callable[P, go.Figure]:
        @functools.wraps(draw)
        def drawn(*arguments: P.args, **named: P.kwargs) -> go.Figure:
            content = _Content(columns)
            content.add(draw.__qualname__)
            for argument in arguments:
                content.add(argument)
            for name in sorted(named):
                content.add(name)
                content.add(named[name])
            if (figure := places.get(content.digest)) is None:
                figure = draw(*arguments, **named)
                places.put(content.digest, figure, content.bytes + _FIGURE_BYTES)
            return figure

        return drawn

    return keeping


class _Content:
    """A digest of values, and how many bytes their numbers take."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns, self._hash, self.bytes = columns, hashlib.sha256(), 0

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    def add(self, value: object) -> None:
        if isinstance(value, pd.DataFrame):
            shown = value[list(self._columns)] if self._columns else value.reset_index()
            self.add(list(map(str, shown.columns)))
            for _, column in shown.items():
                self._array(column.to_numpy())
        elif isinstance(value, pd.Series):
            self._array(value.index.to_numpy())
            self._array(value.to_numpy())
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif isinstance(value, list | tuple):
            self._text(f"{type(value).__name__} of {len(value)}")
            for one in value:
                self.add(one)
        elif value is None or isinstance(value, str | bool | int | float | np.generic):
            self._text(f"{type(value).__name__} {value!r}")
        else:  # its repr may name an address, which another object may have tomorrow
            raise TypeError(f"kept: expected numbers, texts, arrays and tables; got {type(value).__name__}.")

    def _array(self, values: np.ndarray) -> None:
        if values.dtype.kind == "O":  # few different texts, in most columns
            values, texts = pd.factorize(values, use_na_sentinel=False)
            self.add(list(map(repr, texts)))
        self._text(f"{values.dtype.str} {values.shape}")
        self._hash.update(np.ascontiguousarray(values).data)
        self.bytes += values.nbytes

    def _text(self, text: str) -> None:
        self._hash.update(f"{len(text)} {text}".encode("utf-8", "surrogatepass"))


_FIGURES = Figures()
