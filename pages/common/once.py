"""Objects that a server makes once and keeps: any visitor's browser can have Streamlit drop what its caches hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A function of no arguments whose first result is that of every later call, in whichever thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.__doc__ = make.__doc__
        self._make = make
        self._lock = threading.RLock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """The one object, made now if this is the first call; a call that fails is no first call."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def forget(self) -> None:
        """Have the next call make another one, as tests with a store of their own need."""
        with self._lock:
            self._made.clear()
