"""The register of own data: each data set is read once and stored as plain arrays under a name.

    <root>/<key>/        X.npy, y.npy, ids.npy, X_test.npy, y_test.npy[, names.npy][, test_names.npy], manifest.json
                         or, of a text, codes.npy, lengths.npy, lines.npy, types.npy[, blocks.npy], manifest.json
    <root>/incoming/     uploaded files, under the sha-256 of their content
    <root>/tmp/          entries being written

The key is the sha-256 of the content and the choices, so the same file read with the same choices is stored once,
whatever its name. The name of a file is never used as a path.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fil_core.data.own.arrays import header_of
from fil_core.data.own.choices import Choices, choices_of
from fil_core.data.own.content import digest_of, digest_of_file
from fil_core.data.own.directory import clear_leftovers, own_directory, temporary_folder
from fil_core.data.own.faults import reading
from fil_core.data.own.health import health
from fil_core.data.own.reading import Form, is_text, read, read_lines
from fil_core.data.own.texts import arrays_of, corpus_of, facts_of, text_health
from fil_core.data.own.uploads import find_upload, upload_name
from fil_core.data.preprocess import fill
from fil_core.data.raw import Raw
from fil_core.data.text.corpus import Corpus
from fil_core.dataset import AttributeGroup, fingerprint
from fil_core.errors import BadData, DataUnavailable
from fil_core.progress import Progress

PREFIX = "own:"
_VERSION = 4  # to be incremented when the same file and choices give different rows
_KEY_DIGITS = 12
_NAME = re.compile(r"own:(?:[a-z0-9-]{1,40}-)?([0-9a-f]{12})")
_ARRAYS = ("X", "y", "ids", "X_test", "y_test")
_NAMES = {"id_names": "names", "test_names": "test_names"}  # where there are some; entries of before have no second


@dataclass(frozen=True, slots=True)
class OwnData:
    """One entry of the register.

    Attributes:
        name: name in requests and links, such as `own:patients-3fa9c2d1e0b4`.
        title: name of the file.
        form: table, image or text.
        classes: names of the classes; empty for a regression and a text.
        rows, features: of the training split.
        created: time of creation, UTC.
        choices: how the file was read.
        health: results of the checks in `health.health`.
    """

    name: str
    title: str
    form: Form
    classes: tuple[str, ...]
    rows: int
    features: int
    created: datetime
    choices: Choices
    health: dict[str, Any]


def add(path: Path, choices: Choices, *, title: str = "", progress: Progress | None = None) -> OwnData:
    """Read a file or folder and store its rows under a name; an existing entry is returned without reading again.

    Args:
        path: a file or folder of the user who runs this process, or a path from `save_upload`.
        choices: how to read it.
        title: name of the data set; empty for the name of the file.
        progress: called with (done, total or None, description).

    Returns:
        The entry of the register.

    Raises:
        BadData, DataUnavailable: the file cannot be read, or its rows cannot be stored.
    """
    title = _printable_title(title or path.name)
    key = _key(digest_of(path), choices, path)
    if (entry := _intact_entry(own_directory() / key)) is not None:
        return entry
    content = (_content_of_text if is_text(path) else _content)(path, choices, title, progress)
    return _store(own_directory() / key, content, title, choices, upload_name(path))


@dataclass(frozen=True, slots=True)
class _Content:
    """What is stored of a file: its arrays by name, and what the manifest says of it."""

    form: Form
    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    groups: list[dict[str, Any]]
    health: dict[str, Any]


def _content(path: Path, choices: Choices, title: str, progress: Progress | None) -> _Content:
    """The rows of a table or of images."""
    raw, form = read(path, choices, progress)
    if not len(raw.X):
        raise BadData(f"{title}: expected training rows; all rows are test rows. Choose a smaller test fraction.")
    if progress:
        progress(0, None, "checking the data")
    with reading(title):
        checks = health(fill(raw), form)
    arrays = {name: np.ascontiguousarray(getattr(raw, name)) for name in _ARRAYS}
    for field, name in _NAMES.items():
        if (named := getattr(raw, field)) is not None:
            arrays[name] = named
    left = dict.fromkeys((*_ARRAYS, *_NAMES))
    facts = dataclasses.asdict(dataclasses.replace(raw, **left, groups={}))  # type: ignore[arg-type]
    facts = {name: value for name, value in facts.items() if name not in left and name != "groups"}
    return _Content(form, arrays, facts, [dataclasses.asdict(group) for group in raw.groups.values()], checks)


def _content_of_text(path: Path, choices: Choices, title: str, progress: Progress | None) -> _Content:
    """The lines of a text."""
    corpus = read_lines(path, choices, progress)
    with reading(title):
        checks = text_health(corpus)
    return _Content("text", arrays_of(corpus), facts_of(corpus), [], checks)


def _printable_title(text: str) -> str:
    printable = "".join(c for c in text if c.isprintable())[:80].strip()
    return printable or "own data"


def _key(digest: str, choices: Choices, path: Path) -> str:
    # The suffix is part of the key because it decides which reader is used.
    identity = json.dumps([_VERSION, digest, "folder" if path.is_dir() else path.suffix.lower(), choices.plain()])
    return hashlib.sha256(identity.encode()).hexdigest()[:_KEY_DIGITS]


def _name(title: str, key: str) -> str:
    slug = re.sub("[^a-z0-9]+", "-", Path(title).stem.lower()).strip("-")[:40].strip("-")
    return f"{PREFIX}{slug}-{key}" if slug else f"{PREFIX}{key}"


def _store(folder: Path, content: _Content, title: str, choices: Choices, upload: str) -> OwnData:
    """Write the entry to a temporary folder and rename it; `upload` is the name of the uploaded file, if any."""
    arrays = content.arrays
    manifest = {
        "name": _name(title, folder.name), "title": title, "form": content.form, "choices": choices.plain(),
        "health": content.health, "file": upload, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "groups": content.groups, "facts": content.facts,
    }  # fmt: skip
    try:
        with temporary_folder() as temporary:
            manifest["files"] = {name: _saved(temporary / f"{name}.npy", array) for name, array in arrays.items()}
            text = json.dumps(manifest)
            (temporary / "manifest.json").write_text(f"{fingerprint(text)}\n{text}")
            _move_into_place(temporary, folder)
    except OSError as error:
        if _read_entry(folder) is None:
            raise DataUnavailable(
                f"own data: expected to store {title!r} in {folder.parent}; {error.strerror or error}. Set "
                "FIL_STORE_DIR to a folder with enough space."
            ) from error
    entry = _read_entry(folder)
    if entry is None:
        raise DataUnavailable(
            f"own data: expected {title!r} in {folder.parent} after storing it; it is not there. Add the file again."
        )
    return entry


def _saved(path: Path, array: np.ndarray) -> str:
    """Save an array; returns the digest of its file, header and all."""
    np.save(path, array, allow_pickle=False)
    return digest_of_file(path)


def _move_into_place(temporary: Path, folder: Path) -> None:
    """Rename the folder; an equal entry that another process has stored meanwhile stays, a damaged one is replaced."""
    try:
        os.rename(temporary, folder)
    except OSError:
        if _read_entry(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(temporary, folder)


def _read_entry(folder: Path) -> OwnData | None:
    """The entry in a folder; None if there is none or its manifest is damaged."""
    try:
        m = _manifest(folder)
        facts, checks = m["facts"], m["health"]
        return OwnData(
            m["name"], m["title"], m["form"], tuple(facts["class_names"]), checks["rows"], checks["features"],
            datetime.fromisoformat(m["created"]), choices_of(m["choices"]), checks,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an entry. The first line of the file is the digest of the rest, so any change is detected.

    Raises:
        OSError, ValueError: it is missing or damaged.
    """
    digest, _, text = (folder / "manifest.json").read_text().partition("\n")
    if digest != fingerprint(text):
        raise ValueError(f"{folder}: expected a manifest that matches its digest.")
    return json.loads(text)


def _intact_entry(folder: Path) -> OwnData | None:
    """The entry in a folder if its arrays match their digests; a damaged entry is deleted."""
    entry = _read_entry(folder)
    if entry is None:
        return None
    try:
        _arrays(folder, _manifest(folder))
    except (OSError, ValueError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return entry


def registered() -> list[OwnData]:
    """All entries of the register, newest first."""
    entries = [entry for folder in _entry_folders() if (entry := _read_entry(folder)) is not None]
    return sorted(entries, key=lambda entry: entry.created, reverse=True)


def _entry_folders() -> list[Path]:
    try:
        return [f for f in own_directory().iterdir() if re.fullmatch(f"[0-9a-f]{{{_KEY_DIGITS}}}", f.name)]
    except OSError:  # the folder does not exist before the first entry
        return []


def uploads_of_entries() -> set[str]:
    """Names of the uploaded files that the entries were read from."""
    found = set()
    for entry in registered():
        with suppress(OSError, ValueError):  # damaged or deleted meanwhile
            found.add(str(_manifest(_folder(entry.name)).get("file", "")))
    return found


def find(name: str) -> OwnData:
    """The entry with this name.

    Raises:
        DataUnavailable: there is none (any more), it is damaged, or the name is not of the form `own:title-key`.
    """
    folder = _folder(name)
    entry = _read_entry(folder)
    if entry is None and folder.is_dir():
        raise DataUnavailable(f"own data: expected an intact entry; {name!r} is damaged. Add the file again.")
    if entry is None:
        raise DataUnavailable(
            f"own data: expected an entry of the register; {name!r} is not in it. Add the file again."
        )
    return entry


def _folder(name: str) -> Path:
    if not (match := _NAME.fullmatch(name)):
        raise DataUnavailable(
            f"--data: expected own:TITLE-KEY with a key of {_KEY_DIGITS} hexadecimal digits, as listed under own data; "
            f"got {name[:80]!r}."
        )
    return own_directory() / match[1]


def load_raw(name: str) -> Raw:
    """The rows of an entry, checked against their digests; X and X_test are memory-mapped.

    Raises:
        DataUnavailable: there is no such entry.
        BadData: it is damaged.
    """
    manifest, arrays = _intact(name)
    groups = {
        g["name"]: AttributeGroup(**{**g, "columns": tuple(g["columns"]), "levels": tuple(g["levels"])})
        for g in manifest["groups"]
    }
    split: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
    facts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in manifest["facts"].items()
    }
    names: dict[str, Any] = {field: arrays.get(name) for field, name in _NAMES.items()}
    return Raw(**split, **names, groups=groups, **facts)


def load_text(name: str) -> Corpus:
    """The lines of an entry that is a text, checked against their digests.

    Raises:
        DataUnavailable: there is no such entry.
        BadData: it is damaged.
    """
    manifest, arrays = _intact(name)
    return corpus_of(arrays, manifest["facts"])


def _intact(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The manifest and the arrays of an entry, checked against their digests."""
    title, folder = find(name).title, _folder(name)
    try:
        manifest = _manifest(folder)
        return manifest, _arrays(folder, manifest)
    except (OSError, ValueError) as error:
        raise BadData(
            f"own data: expected intact arrays; the entry {title!r} is damaged. Add the file again."
        ) from error


def _arrays(folder: Path, manifest: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of an entry.

    Raises:
        OSError, ValueError: one is missing or damaged.
    """
    files = manifest.get("files")  # earlier versions kept the digests of the arrays alone
    return {
        name: _array(folder / f"{name}.npy", digest, whole_file=files is not None)
        for name, digest in (files or manifest["arrays"]).items()
    }


def _array(path: Path, digest: str, *, whole_file: bool) -> np.ndarray:
    """An array, memory-mapped where it may be large, once its digest has been checked.

    Raises:
        OSError, ValueError: it is missing or damaged.
    """
    # Before NumPy sees it: its header may have become anything.
    if whole_file and digest_of_file(path) != digest:
        raise ValueError(f"{path.name}: expected a file that matches its digest.")
    with path.open("rb") as file:
        header_of(path.name, file, path.stat().st_size)
    mmap_mode: Literal["r"] | None = "r" if path.name.startswith("X") else None
    array = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    if not whole_file and fingerprint(array) != digest:
        raise ValueError(f"{path.name}: expected an array that matches its digest.")
    return array


def remove(name: str) -> None:
    """Delete an entry, the uploaded file it was read from, and rows that killed processes left.

    Results computed from it stay in the store.
    """
    folder = _folder(name)
    with suppress(OSError, ValueError):
        if (upload := find_upload(_manifest(folder).get("file", ""))) is not None:
            upload.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    clear_leftovers()


def damaged() -> list[str]:
    """Keys of the entries that are damaged, as far as the manifests say: nobody knows their names."""
    return [folder.name for folder in _entry_folders() if _read_entry(folder) is None]


def remove_damaged() -> None:
    """Delete the entries that `damaged` names, and rows that killed processes left."""
    for key in damaged():
        place = own_directory() / key
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            with suppress(OSError):
                place.unlink()
    clear_leftovers()
