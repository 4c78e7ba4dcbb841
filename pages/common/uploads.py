"""Uploaded files: read in the sandbox and stored under a hash of their content."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

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


# Names of uploaded files, each with the sessions that use it; sessions are of this process alone.
_users: dict[str, set[str]] = {}
_lock = threading.Lock()


def _used(name: str) -> str:
    """Note that the visitor whose page runs uses an uploaded file; returns its name."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        with _lock:
            _users.setdefault(name, set()).add(context.session_id)
    return name


def delete_unused(present: Collection[str]) -> None:
    """Delete the uploaded files whose visitors have all gone, but for those that own data sets were made from.

    Args:
        present: ids of the sessions that are there or may come back.
    """
    with _lock:
        left = [name for name, sessions in _users.items() if not sessions & set(present)]
        for name in left:
            del _users[name]
    for name in set(left) - (register.uploads_of_entries() if left else set()):
        files.delete_upload(name)


def keep_upload(content: bytes, suffix: str) -> str:
    """Store an uploaded file under a hash of its content; returns that name."""
    return _used(files.save_upload(content, suffix).name)


def is_uploaded(name: str) -> bool:
    """Whether an uploaded file is still stored."""
    return files.find_upload(name) is not None and bool(_used(name))


def _saved(content: bytes, suffix: str) -> Path:
    path = files.save_upload(content, suffix)
    _used(path.name)
    return path


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
    """Delete an own data set."""
    register.remove(name)


def keep_scores(spec: DataSpec, content: bytes, suffix: str) -> str:
    """Store the scores of an uploaded file under a hash of their content; returns that name."""
    path = _saved(content, suffix)
    return uploads.keep_scores(engine().store, uploads.read_scores(path), dataset(spec))


def with_scores(table: pd.DataFrame, name: str, spec: DataSpec) -> tuple[pd.DataFrame, list[str]]:
    """A table of examples joined with uploaded scores, and notes about them."""
    scores, notes = uploads.scores_of(engine().store, name, dataset(spec))
    return uploads.joined(table, scores), notes


def keep_parameters(content: bytes, suffix: str) -> str:
    """Store the coefficients of an uploaded file under a hash of their content; returns that name."""
    return uploads.keep_parameters(engine().store, uploads.read_parameters(_saved(content, suffix)))


def uploaded_weights(spec: DataSpec, name: str, content: bytes) -> GivenWeights:
    """Store the training weights of an uploaded file, checked against the data."""
    for suffix in (".csv", ".parquet"):  # either is what reading them stores
        _used(files.name_of(content, suffix))
    return keep_weights(engine().store, read_weights(name, content), dataset(spec))
