"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

# Called with what is done, how much there is (None if unknown), and what is being done. It may raise to stop the work.
Progress = Callable[[int, int | None, str], None]
