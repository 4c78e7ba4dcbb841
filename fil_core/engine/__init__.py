"""Every result is obtained the same way: read from the store, else computed and stored."""

from fil_core.engine.run import Engine, get

__all__ = ["Engine", "get"]
