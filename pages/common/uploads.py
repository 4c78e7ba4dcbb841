"""Uploaded files: read in the sandbox and stored under a hash of their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fil_core import DataSpec, DataUnavailable, GivenWeights, keep_weights, read_weights
from fil_core.data.own import Choices, OwnData, register, registered
from fil_core.data.own import uploads as files
from fil_core.data.own.sandbox import add_in_sandbox, preview_in_sandbox
from fil_core.engine import uploads
from pages.common.compute import dataset, engine
from pages.common.progress import Progress


def own_data() -> list[OwnData]:
    """The data sets from uploaded files."""
    return registered()


def keep_upload(content: bytes, suffix: str) -> str:
    """Store an uploaded file under a hash of its content; returns that name."""
    return files.save_upload(content, suffix).name


def is_uploaded(name: str) -> bool:
    """Whether an uploaded file is still stored."""
    return files.find_upload(name) is not None


def _uploaded(name: str) -> Path:
    if (path := files.find_upload(name)) is None:
        raise DataUnavailable("file: expected one that was uploaded and is still here; add it again.")
    return path


@st.cache_data(max_entries=16, show_spinner="Reading the file…")
def own_preview(name: str, chosen: Choices | None, _title: str) -> dict[str, Any]:
    """Preview of a file in the sandbox, as its entries are chosen to be read; None before anything is chosen."""
    return preview_in_sandbox(_uploaded(name), chosen, title=_title)


def add_own(name: str, chosen: Choices, title: str) -> OwnData:
    """Create a data set from a file and the choices made for it; read once, in the sandbox."""
    with Progress() as progress:
        progress(0, None, "reading the file")
        return add_in_sandbox(_uploaded(name), chosen, title=title, progress=progress)


def remove_own(name: str) -> None:
    """Delete an own data set, also from memory."""
    register.remove(name)
    engine().forget(name)


def keep_scores(spec: DataSpec, content: bytes, suffix: str) -> str:
    """Store the scores of an uploaded file under a hash of their content; returns that name."""
    path = files.save_upload(content, suffix)
    return uploads.keep_scores(engine().store, uploads.read_scores(path), dataset(spec))


def with_scores(table: pd.DataFrame, name: str, spec: DataSpec) -> tuple[pd.DataFrame, list[str]]:
    """A table of examples joined with uploaded scores, and notes about them."""
    scores, notes = uploads.scores_of(engine().store, name, dataset(spec))
    return uploads.joined(table, scores), notes


def keep_parameters(content: bytes, suffix: str) -> str:
    """Store the coefficients of an uploaded file under a hash of their content; returns that name."""
    return uploads.keep_parameters(engine().store, uploads.read_parameters(files.save_upload(content, suffix)))


def uploaded_weights(spec: DataSpec, name: str, content: bytes) -> GivenWeights:
    """Store the training weights of an uploaded file, checked against the data."""
    return keep_weights(engine().store, read_weights(name, content), dataset(spec))
