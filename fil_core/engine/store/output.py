"""Files that a person asks for by name: checked before any work is done for them, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fil_core.engine.store.folders import replace_file
from fil_core.errors import BadRequest
from fil_core.specs.paths import user_path


def check_path(path: Path | str, suffixes: Iterable[str]) -> Path:
    """The path of a file that can be written; a file that is there will be replaced.

    Raises:
        BadRequest: another suffix, no existing folder, or something there that is no file, such as a folder or a pipe.
    """
    path = user_path("out", path)
    if path.suffix.lower() not in suffixes:
        raise BadRequest(f"out: expected a file name ending in {' or '.join(suffixes)}; got {str(path)!r}.")
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "a device, pipe or socket"
        raise BadRequest(f"out: expected a file name; {path} is {kind}.")
    if not target.parent.is_dir():
        raise BadRequest(f"out: expected an existing folder; {target.parent} is not there, so create it first.")
    return path


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; see `replace_file`.

    Raises:
        BadRequest: it cannot be written; what was there is as it was.
    """
    try:
        replace_file(path, content)
    except OSError as error:
        cause = error.strerror or error
        raise BadRequest(f"out: {path} cannot be written ({cause}); choose another place.") from error
