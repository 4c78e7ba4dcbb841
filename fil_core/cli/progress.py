"""Progress on stderr."""

from __future__ import annotations

import time

from fil_core.cli import terminal
from fil_core.display.plain import visible

_CLEARED = "\r\x1b[K"  # the line on a terminal, emptied


class Reporter:
    """Shows progress on stderr: one line that is rewritten on a terminal, otherwise about one line per second."""

    def __init__(self) -> None:
        self._shown, self._last = 0.0, ""

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Show progress, unless the last line is too recent.

        Args:
            done: how much is done.
            total: of how much; None where that is unknown.
            what: what is being done.
        """
        now, rewritten = time.monotonic(), terminal.is_terminal()
        if now - self._shown < (0.1 if rewritten else 1.0) and what == self._last:
            return
        self._shown, self._last = now, what
        text = visible(f"{what}: {done:,} of {total:,}" if total else what)
        terminal.write_err(f"{_CLEARED}{text}" if rewritten else f"{text}\n")

    def close(self) -> None:
        """Clear the line on a terminal."""
        if terminal.is_terminal() and self._shown:
            terminal.write_err(_CLEARED)
