"""Progress on stderr."""

from __future__ import annotations

import sys
import time


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
        now = time.monotonic()
        if now - self._shown < (0.1 if sys.stderr.isatty() else 1.0) and what == self._last:
            return
        self._shown, self._last = now, what
        text = f"{what}: {done:,} of {total:,}" if total else what
        print(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, end="", file=sys.stderr, flush=True)
        if not sys.stderr.isatty():
            print(file=sys.stderr)

    def close(self) -> None:
        """Clear the line on a terminal."""
        if sys.stderr.isatty() and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr)
