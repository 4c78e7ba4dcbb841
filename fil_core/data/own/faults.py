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
    """Around a reader: its errors name the file, and what a parser of malformed bytes raises becomes such an error.

    Errors about an option, which begin with two hyphens, stay as they are.

    Raises:
        BadData: the file cannot be used; the reader raised `BadData` or something that is no `FilError`.
    """
    try:
        yield
    except BadData as error:
        if name in str(error) or str(error).startswith("--"):
            raise
        raise type(error)(f"{name}: {error}") from error
    except FilError:
        raise
    except MemoryError as error:
        raise BadData(f"{name}: expected a file that fits in memory; got a larger one. Use a part of it.") from error
    except Exception as error:
        raise unread(name, error) from error
