"""What a person uploads: files, looked into in the sandbox and kept under their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fil_core import DataSpec, DataUnavailable
from fil_core.data.own import Choices, OwnData, register, registered
from fil_core.data.own import uploads as files
from fil_core.data.own.sandbox import add_in_sandbox, preview_in_sandbox
from fil_core.engine import uploads
from pages.common.compute import Progress, dataset, engine


def own_data() -> list[OwnData]:
    """The data sets that were made of a person's own files."""
    return registered()


def keep_upload(content: bytes, suffix: str) -> str:
    """An uploaded file, kept under its content; the name it is kept under."""
    return files.save_upload(content, suffix).name


def is_uploaded(name: str) -> bool:
    """Whether an uploaded file is still there."""
    return files.find_upload(name) is not None


def _uploaded(name: str) -> Path:
    if (path := files.find_upload(name)) is None:
        raise DataUnavailable("file: expected one that was uploaded and is still here; add it again.")
    return path


@st.cache_data(max_entries=16, show_spinner="Looking into the file…")
def own_preview(name: str, categorical: tuple[str, ...], _title: str) -> dict[str, Any]:
    """What a file holds, before anything is chosen; found out in a process of its own."""
    return preview_in_sandbox(_uploaded(name), categorical, title=_title)


def add_own(name: str, chosen: Choices, title: str) -> OwnData:
    """The data set that choices make of a file; read in a process of its own, once."""
    with Progress() as progress:
        progress(0, None, "reading the file")
        return add_in_sandbox(_uploaded(name), chosen, title=title, progress=progress)


def remove_own(name: str) -> None:
    """Delete what is kept of a person's own file."""
    register.remove(name)


def keep_scores(spec: DataSpec, content: bytes, suffix: str) -> str:
    """Scores out of an uploaded file, kept in the store under their content's name."""
    path = files.save_upload(content, suffix)
    return uploads.keep_scores(engine().store, uploads.read_scores(path), dataset(spec))


def with_scores(table: pd.DataFrame, name: str, spec: DataSpec) -> tuple[pd.DataFrame, list[str]]:
    """A table of examples with a person's own scores beside it, and what a reader must know about them."""
    scores, notes = uploads.scores_of(engine().store, name, dataset(spec))
    return uploads.joined(table, scores), notes


def keep_parameters(content: bytes, suffix: str) -> str:
    """Coefficients out of an uploaded file, kept in the store under their content's name."""
    return uploads.keep_parameters(engine().store, uploads.read_parameters(files.save_upload(content, suffix)))
