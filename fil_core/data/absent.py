"""Which data sets are not on this machine, said before anything is read."""

from __future__ import annotations

from pathlib import Path

from fil_core.data.registry import Source, data_directory, source_of
from fil_core.errors import DataUnavailable
from fil_core.specs import DataSpec


def missing_files(source: Source, folder: Path) -> list[str]:
    """The files of a data set that are not in a folder, relative to it.

    Args:
        source: an entry of the catalogue.
        folder: the data directory.
    """
    return [file for file in source.files if not (folder / file).exists()]


def absent(spec: DataSpec) -> str:
    """Why the rows of a spec are not here, and what to do; empty where its files are.

    Reads and downloads nothing.

    Args:
        spec: which examples; need not be resolved.
    """
    try:
        source = source_of(spec.name)
    except DataUnavailable as error:
        return str(error)
    folder = data_directory(spec.data_dir)
    missing = missing_files(source, folder)
    if not missing:
        return ""
    what_to_do = (
        f"Open it, or run python -m fil_core fit --data {source.name}: that downloads it."
        if source.downloadable
        else f"Put {', '.join(missing)} into {folder}, or name another folder with --data-dir or FIL_DATA_DIR."
    )
    return f"{source.title} is not here. {what_to_do}"
