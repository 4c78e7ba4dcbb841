"""Folders that only their owner can read: what is derived from data is as private as the data."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

FILE_MODE = 0o600
_MODE = 0o700
_OTHERS = 0o077
# What this program makes in the folder of results: results by the beginning of their key, and its own places.
_MADE = re.compile("[0-9a-f]{2}|tmp|damaged|jobs|own")


def make(folder: Path) -> None:
    """Create a folder that only its owner can read, and so its parents where they are not there either.

    `mkdir` applies the mode to the last folder of a path only, so each is created separately.

    Raises:
        OSError: it cannot be created.
    """
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=_MODE, exist_ok=True)


def tighten(folder: Path) -> bool:
    """Take away the rights of others to a folder that belongs to this user.

    Returns:
        Whether others cannot read it then; True also for what is no folder, such as a link to somebody's place.
    """
    if os.name == "nt":  # rights are inherited there from the user's own folder
        return True
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or not found.st_mode & _OTHERS:
            return True
        if found.st_uid != os.getuid():
            return False
        folder.chmod(_MODE)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def exposed(root: Path) -> list[Path]:
    """Tighten the folders of results and own data at a root, but none that holds anything else.

    Args:
        root: of the results. A folder that somebody named is this program's where it holds only what that makes.

    Returns:
        Those that others can read all the same.
    """
    return [folder for folder in _ours(root) if not tighten(folder)]


def is_ours(root: Path, path: Path) -> bool:
    """Whether a path lies in a place that this program makes in the folder of results."""
    try:
        inside = path.relative_to(root)
    except ValueError:
        return False
    return bool(inside.parts) and _MADE.fullmatch(inside.parts[0]) is not None


def _ours(root: Path) -> Iterable[Path]:
    try:
        inside = sorted(root.iterdir())
    except OSError:  # not there yet, or not to be listed
        inside = []
    made = [path for path in inside if _MADE.fullmatch(path.name)]
    cache = _cache()
    above = [cache, cache / "own"] if cache is not None and root == cache / "results" else []
    places = [root, *above] if above or len(made) == len(inside) else []
    own = [*above[1:], root / "own"]
    return [*places, *made, *(path / name for path in own for name in ("incoming", "tmp"))]


def _cache() -> Path | None:
    """The folder in the user's cache that is this program's alone, where results go unless another place is named."""
    try:
        return (Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "fil-explorer").expanduser().absolute()
    except RuntimeError:  # this user has no home folder
        return None
