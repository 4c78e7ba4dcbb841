"""The texts of the catalogue that are files."""

from __future__ import annotations

from pathlib import Path

from fil_core.data.fetch import ensure
from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.data.text.corpus import Corpus
from fil_core.data.text.reading import read_split, read_text
from fil_core.progress import Progress
from fil_core.specs import DataSpec

SONNETS_FILES = ("text/sonnets.txt",)
PTB_FILES = ("ptb/ptb.train.txt", "ptb/ptb.valid.txt")
TEXT8_FILES = ("text8",)


def read_sonnets(spec: DataSpec, root: Path, progress: Progress | None = None) -> Corpus:
    """Shakespeare's sonnets: one verse a line, a blank line between poems."""
    return _read("sonnets", root, SONNETS_FILES, progress)


def read_ptb(spec: DataSpec, root: Path, progress: Progress | None = None) -> Corpus:
    """The Penn Treebank as Mikolov prepared it: its validation split is the test rows."""
    return _read("ptb", root, PTB_FILES, progress)


def read_text8(spec: DataSpec, root: Path, progress: Progress | None = None) -> Corpus:
    """The first 100 million characters of a cleaned Wikipedia, one line."""
    return _read("text8", root, TEXT8_FILES, progress)


def _read(name: str, root: Path, files: tuple[str, ...], progress: Progress | None) -> Corpus:
    """One file, or a training and a test file.

    Raises:
        DataUnavailable: a file is missing.
        BadData: it cannot be used.
    """
    paths = ensure(name, root, files, progress=progress)
    for path in paths:
        check_readable(path)
    with reading(paths[0].name):
        return read_text(paths[0], progress) if len(paths) == 1 else read_split(paths[0], paths[1], progress)
