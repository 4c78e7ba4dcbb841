"""Uploaded files: read in the sandbox and stored under a hash of their content."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fil_core import DataSpec, DataUnavailable, GivenWeights, keep_weights, read_weights
from fil_core.data.own import Choices, OwnData, directory, register, registered
from fil_core.data.own import uploads as files
from fil_core.data.own.sandbox import (
    add_in_sandbox,
    network_in_sandbox,
    parameters_in_sandbox,
    preview_in_sandbox,
    records_in_sandbox,
    signals_in_sandbox,
    table_in_sandbox,
)
from fil_core.engine import records, signals, uploads
from pages.common.compute import dataset, engine
from pages.common.latest import Latest
from pages.common.progress import Progress

_read = Latest(16)


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
    if left:
        _read.clear()  # what they were read to are rows as well
    for name in set(left) - (register.uploads_of_entries() if left else set()):
        files.delete_upload(name)


def keep_upload(content: bytes, title: str) -> str:
    """Store an uploaded file under a hash of its content; returns that name."""
    return _used(files.save_upload(content, Path(title).suffix, title).name)


def is_uploaded(name: str) -> bool:
    """Whether an uploaded file is still stored."""
    return files.find_upload(name) is not None and bool(_used(name))


def _uploaded(name: str) -> Path:
    if (path := files.find_upload(name)) is None:
        raise DataUnavailable("file: expected one that was uploaded and is still here; add it again.")
    return path


def own_preview(name: str, chosen: Choices | None, title: str) -> dict[str, Any]:
    """Preview of a file in the sandbox, as its entries are chosen to be read; None before anything is chosen."""
    with Progress() as progress:
        progress(0, None, "reading the file")
        return _read.get(
            (name, chosen), lambda: preview_in_sandbox(_uploaded(name), chosen, title=title, progress=progress)
        )


def add_own(name: str, chosen: Choices, title: str) -> OwnData:
    """Create a data set from a file and the choices made for it; read once, in the sandbox."""
    with Progress() as progress:
        progress(0, None, "reading the file")
        return add_in_sandbox(_uploaded(name), chosen, title=title, progress=progress)


def remove_own(name: str) -> None:
    """Delete an own data set, also from memory."""
    register.remove(name)
    engine().forget(name)
    _read.clear()


def damaged_own() -> int:
    """How many own data sets are damaged."""
    return len(register.damaged())


def remove_damaged_own() -> None:
    """Delete the own data sets that are damaged."""
    register.remove_damaged()


def clear_leftovers() -> None:
    """Delete rows of own data that killed processes left."""
    directory.clear_leftovers()


def keep_scores(spec: DataSpec, content: bytes, title: str) -> str:
    """Store the scores of an uploaded file under a hash of their content; returns that name."""
    with _temporary(content, "scores", title) as (path, progress):
        read = partial(table_in_sandbox, title=title, progress=progress)
        return uploads.keep_scores(
            engine().store, uploads.read_scores(path, title=title, read=read), dataset(spec), title=title
        )


@contextmanager
def _temporary(content: bytes, kind: str, title: str) -> Iterator[tuple[Path, Progress]]:
    """An uploaded file while it is read, and a progress bar."""
    with Progress() as progress, files.temporary_upload(content, Path(title).suffix, f"{kind}: {title}") as path:
        progress(0, None, f"reading {title}")
        yield path, progress


def with_scores(table: pd.DataFrame, name: str, spec: DataSpec) -> tuple[pd.DataFrame, list[str]]:
    """A table of examples joined with uploaded scores, and notes about them."""
    scores, notes = uploads.scores_of(engine().store, name, dataset(spec))
    return uploads.joined(table, scores), notes


def keep_parameters(content: bytes, title: str) -> str:
    """Store the coefficients of an uploaded file under a hash of their content; returns that name."""
    with _temporary(content, "parameters", title) as (path, progress):
        theta = parameters_in_sandbox(path, title=title, progress=progress)
    return uploads.keep_parameters(engine().store, theta, title=title)


def keep_extractor(content: bytes, title: str) -> tuple[str, str]:
    """Store the weights of a network for features; returns their name, and that of the network that they are of."""
    with _temporary(content, "extractor", title) as (path, progress):
        read = partial(network_in_sandbox, title=title, progress=progress)
        return uploads.keep_extractor(engine().store, path, title=title, read=read)


def keep_signals(spec: DataSpec, content: bytes, title: str) -> str:
    """Store the signals of an uploaded file, checked against the data; returns their name."""
    with _temporary(content, "signals", title) as (path, progress):
        arrays = signals_in_sandbox(path, title=title, progress=progress)
    return signals.keep_signals(engine().store, arrays, dataset(spec), title=title)


def keep_records(spec: DataSpec, content: bytes, title: str, *, resize: bool = False) -> str:
    """Store the new examples of an uploaded file, matched with the data; returns their name.

    Args:
        spec: of the training data.
        content: of the file.
        title: its name.
        resize: whether pictures of another size, or in colour where the data is grey, are converted.
    """
    data = dataset(spec)
    with _temporary(content, "records", title) as (path, progress):
        read = records_in_sandbox(path, data.picture_shape, title=title, progress=progress)
    return records.keep_records(engine().store, read, data, title=title, resize=resize)


def uploaded_weights(spec: DataSpec, title: str, content: bytes) -> GivenWeights:
    """Store the training weights of an uploaded file, checked against the data."""
    with Progress() as progress:
        progress(0, None, f"reading {title}")
        read = partial(table_in_sandbox, title=title, progress=progress)
        key = (hashlib.sha256(content).hexdigest(), title)
        table = _read.get(key, lambda: read_weights(title, content, read=read))
    return keep_weights(engine().store, table, dataset(spec), title=title)
