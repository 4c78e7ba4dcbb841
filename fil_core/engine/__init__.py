"""One way to every result: look in the store, else compute and keep."""

from fil_core.engine.run import Engine, get

__all__ = ["Engine", "get"]
