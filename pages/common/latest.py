"""What was read or written last, of the latest few: the same is not done again on every click."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Latest:
    """Values by what they follow from, for the threads of one server. Streamlit's caches would hide that a file waits.

    Args:
        most: values that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], Any]) -> Any:
        """The value, read if it is not among those that were used last; a reading that fails is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = read()  # outside the lock: it may take minutes
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget all, because rows were deleted."""
        with self._lock:
            self._values.clear()
