"""Data of one's own under names, read once and kept as plain arrays.

    <root>/<key>/        X.npy, y.npy, ids.npy, X_test.npy, y_test.npy[, names.npy], manifest.json
    <root>/incoming/     files that were handed in, under the sha-256 of their content
    <root>/tmp/          folders being written

The key is the sha-256 of the content and the choices, so the same file read the same way is there once, under whatever
name it came. What a file is called never becomes a path.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fil_core.data.own.choices import Choices, choices_of
from fil_core.data.own.content import content_of
from fil_core.data.own.health import health
from fil_core.data.own.reading import Form, read
from fil_core.data.own.uploads import handed_in, incoming, make_private, own_directory
from fil_core.data.raw import Raw
from fil_core.dataset import AttributeGroup, fingerprint
from fil_core.errors import BadData, DataUnavailable
from fil_core.progress import Progress

PREFIX = "own:"
_VERSION = 1  # raised when the same file and choices give other rows
_KEY_DIGITS = 12
_NAME = re.compile(r"own:(?:[a-z0-9-]{1,40}-)?([0-9a-f]{12})")
_ARRAYS = ("X", "y", "ids", "X_test", "y_test")


@dataclass(frozen=True, slots=True)
class OwnData:
    """One entry of the register.

    Attributes:
        name: as a request and a link have it, `own:patients-3fa9c2d1e0b4`.
        title: what the file is called.
        form: table or image.
        classes: names of the classes; empty for a regression.
        rows, features: of the training split.
        created: UTC.
        choices: how it was read.
        health: see `health`.
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


def add(path: Path, chosen: Choices, *, title: str = "", progress: Progress | None = None) -> OwnData:
    """Read a file or folder as chosen and keep its rows under a name; nothing is done twice.

    Args:
        path: named by the person who runs this machine, or by `keep_upload`.
        chosen: how to read it.
        title: what to call it; empty takes the file's own name.
        progress: told (done, total, what).

    Raises:
        BadData, DataUnavailable: what cannot be read or kept.
    """
    title = _title(title or path.name)
    key = _key(content_of(path), chosen, path)
    if (found := _whole_entry(own_directory() / key)) is not None:
        return found
    raw, form = read(path, chosen, progress)
    if not len(raw.X):
        raise BadData(
            f"{title}: expected rows to train on; the test split has them all. Choose a smaller test fraction."
        )
    if progress:
        progress(0, None, "checking the data")
    report = health(raw, form)
    return _keep(own_directory() / key, raw, form, title, chosen, report, handed_in(path))


def _title(text: str) -> str:
    shown = "".join(c for c in text if c.isprintable())[:80].strip()
    return shown or "own data"


def _key(content: str, chosen: Choices, path: Path) -> str:
    # The suffix decides how the bytes are read.
    how = json.dumps([_VERSION, content, "folder" if path.is_dir() else path.suffix.lower(), chosen.plain()])
    return hashlib.sha256(how.encode()).hexdigest()[:_KEY_DIGITS]


def _name(title: str, key: str) -> str:
    slug = re.sub("[^a-z0-9]+", "-", Path(title).stem.lower()).strip("-")[:40].strip("-")
    return f"{PREFIX}{slug}-{key}" if slug else f"{PREFIX}{key}"


def _keep(
    folder: Path, raw: Raw, form: Form, title: str, chosen: Choices, report: dict[str, Any], file: str
) -> OwnData:  # fmt: skip
    arrays = {name: np.ascontiguousarray(getattr(raw, name)) for name in _ARRAYS}
    if raw.id_names is not None:
        arrays["names"] = raw.id_names
    facts = dataclasses.asdict(dataclasses.replace(raw, **dict.fromkeys(_ARRAYS), id_names=None, groups={}))  # type: ignore[arg-type]
    manifest = {
        "name": _name(title, folder.name), "title": title, "form": form, "choices": chosen.plain(), "health": report,
        "file": file,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "groups": [dataclasses.asdict(group) for group in raw.groups.values()],
        "arrays": {name: fingerprint(array) for name, array in arrays.items()},
        "facts": {name: value for name, value in facts.items() if name not in (*_ARRAYS, "id_names", "groups")},
    }  # fmt: skip
    text = json.dumps(manifest)
    temporary = folder.parent / "tmp" / uuid.uuid4().hex
    try:
        make_private(folder.parent)
        temporary.mkdir(parents=True)
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        (temporary / "manifest.json").write_text(f"{fingerprint(text)}\n{text}")
        _put(temporary, folder)
    except OSError as error:
        if _entry(folder) is None:
            raise DataUnavailable(
                f"own data: expected to keep {title!r} in {folder.parent}; {error.strerror or error}. Set "
                "FIL_STORE_DIR "
                "to a folder with room."
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    found = _entry(folder)
    if found is None:
        raise DataUnavailable(f"own data: {title!r} was read but cannot be found again in {folder.parent}.")
    return found


def _put(temporary: Path, folder: Path) -> None:
    """Of two who read the same file the first wins, theirs is equal; what is left of a damaged entry makes way."""
    try:
        os.rename(temporary, folder)
    except OSError:
        if _entry(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(temporary, folder)


def _entry(folder: Path) -> OwnData | None:
    """The entry in a folder; None where there is none that is whole."""
    try:
        m = _manifest(folder)
        facts, report = m["facts"], m["health"]
        return OwnData(
            m["name"], m["title"], m["form"], tuple(facts["class_names"]), report["rows"], report["features"],
            datetime.fromisoformat(m["created"]), choices_of(m["choices"]), report,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _manifest(folder: Path) -> dict[str, Any]:
    """What was written beside the arrays: a line with the digest of the rest, so that no changed letter goes unseen.

    Raises:
        OSError, ValueError: it is not there, or not as it was written.
    """
    digest, _, text = (folder / "manifest.json").read_text().partition("\n")
    if digest != fingerprint(text):
        raise ValueError(f"{folder}: expected the manifest as it was written.")
    return json.loads(text)


def _whole_entry(folder: Path) -> OwnData | None:
    """The entry in a folder whose arrays are as they were written; one that is damaged is taken away."""
    found = _entry(folder)
    if found is None:
        return None
    try:
        _arrays(folder, _manifest(folder))
    except (OSError, ValueError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return found


def registered() -> list[OwnData]:
    """Everything in the register, the newest first."""
    try:
        folders = [f for f in own_directory().iterdir() if re.fullmatch(f"[0-9a-f]{{{_KEY_DIGITS}}}", f.name)]
    except OSError:  # nothing was ever added
        return []
    found = [entry for folder in folders if (entry := _entry(folder)) is not None]
    return sorted(found, key=lambda entry: entry.created, reverse=True)


def find(name: str) -> OwnData:
    """The entry of a name.

    Raises:
        DataUnavailable: it is not there (any more), or is no such name.
    """
    entry = _entry(_folder(name))
    if entry is None:
        raise DataUnavailable(f"own data: {name!r} is not here (any more); give the file again.")
    return entry


def _folder(name: str) -> Path:
    if not (found := _NAME.fullmatch(name)):
        raise DataUnavailable(f"name: expected own: and what the register calls it; got {name[:80]!r}.")
    return own_directory() / found[1]


def load_raw(name: str) -> Raw:
    """The rows of an entry, checked against what was written; pixels and features stay on disk until rows are chosen.

    Raises:
        DataUnavailable: it is not there.
        BadData: it was damaged.
    """
    title, folder = find(name).title, _folder(name)
    try:
        manifest = _manifest(folder)
        arrays = _arrays(folder, manifest)
    except (OSError, ValueError) as error:
        raise BadData(f"own data: what was kept of {title!r} is damaged; give the file again.") from error
    groups = {
        g["name"]: AttributeGroup(**{**g, "columns": tuple(g["columns"]), "levels": tuple(g["levels"])})
        for g in manifest["groups"]
    }
    kept: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
    facts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in manifest["facts"].items()
    }
    return Raw(**kept, id_names=arrays.get("names"), groups=groups, **facts)


def _arrays(folder: Path, manifest: dict[str, Any]) -> dict[str, np.ndarray]:
    """Everything that was kept as an array.

    Raises:
        OSError, ValueError: one is not there, or not as it was written.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, digest in manifest["arrays"].items():
        kind: Literal["r"] | None = "r" if name.startswith("X") else None
        try:
            arrays[name] = np.load(folder / f"{name}.npy", mmap_mode=kind, allow_pickle=False)
        except EOFError as error:
            raise ValueError(f"{name}: expected an array; the file is empty.") from error
        if fingerprint(arrays[name]) != digest:
            raise ValueError(f"{name}: expected the array as it was written.")
    return arrays


def remove(name: str) -> None:
    """Take an entry out of the register, and the file that was handed in for it; results about it stay in the store."""
    folder = _folder(name)
    with suppress(OSError, ValueError):
        if (file := incoming(_manifest(folder).get("file", ""))) is not None:
            file.unlink()
    shutil.rmtree(folder, ignore_errors=True)
