"""Progress of work in the page's own thread, and how long work takes in words."""

from __future__ import annotations

import streamlit as st

from pages.common import text


class Progress:
    """A progress bar that appears with the first report and goes when the work is done."""

    def __enter__(self) -> Progress:
        self._slot = st.empty()
        return self

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Show how far the work is."""
        self._slot.progress(min(1.0, done / total) if total else 0.0, f"{text.capitalised(what)}…")

    def __exit__(self, *error: object) -> None:
        self._slot.empty()


class PartProgress:
    """The progress of one request of a sweep, shown as progress of the whole sweep."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        progress(done, total, f"{done + 1} of {total}")

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Show which request is computed, and its current step."""
        self._progress(self._done, self._total, f"{self._done + 1} of {self._total}: {what}")
