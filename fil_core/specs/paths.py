"""Paths as a person writes them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from fil_core.errors import BadRequest

_SHOWN = 80  # characters of a path that cannot be one


def user_path(called: str, written: str | Path, what: str = "a path") -> Path:
    """A path with the home folder in the place of `~`; whether anything is there is left open.

    Args:
        called: name of the value, in the message.
        written: the path as a person wrote it.
        what: what is expected, in the message.

    Raises:
        BadRequest: no path of this system: a home folder of nobody, a zero byte, too long, or not to be encoded.
    """
    try:
        path = Path(written).expanduser()
        os.lstat(path)
    except (ValueError, RuntimeError) as error:  # a zero byte or lone surrogate; no home folder
        raise BadRequest(f"{called}: expected {what}; got {str(written)[:_SHOWN]!r} ({_cause(error)}).") from error
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
            shown = f"{str(written)[:_SHOWN]!r}…"
            raise BadRequest(f"{called}: expected {what}; got {shown} ({error.strerror}).") from error
    return path


def _cause(error: Exception) -> str:
    return "characters that no path has" if isinstance(error, UnicodeError) else str(error).rstrip(".")
