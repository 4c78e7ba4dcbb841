"""Results on disk: one folder each, written whole, checked on reading, bounded in bytes."""

from fil_core.engine.store.entry import Entry
from fil_core.engine.store.store import Store

__all__ = ["Entry", "Store"]
