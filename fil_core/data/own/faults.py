"""What a reader of somebody's file could not foresee, as an error that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fil_core.errors import BadData, FilError


class Unread(BadData):
    """A reader failed in a way that it does not foresee: a fault of ours, of which a person sees no traceback."""


def unread(name: str, error: Exception) -> Unread:
    """The error for a file whose reader raised what it should not; its own text may quote the file."""
    return Unread(
        f"{name}: expected a file that can be read; reading it failed ({type(error).__name__}). Check that it is not "
        "damaged and save it again."
    )


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Around a reader: parsers of malformed bytes raise anything, which becomes an error that names the file.

    Raises:
        BadData: the reader raised something else than a `FilError`.
    """
    try:
        yield
    except FilError:
        raise
    except MemoryError as error:
        raise BadData(f"{name}: expected a file that fits in memory; got a larger one. Use a part of it.") from error
    except Exception as error:
        raise unread(name, error) from error
