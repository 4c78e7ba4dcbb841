"""Files uploaded beside a data set: scores, weights and groups of its examples, new ones, parameters, networks.

Each goes into the store under the sha-256 of its content, which is its name in requests and links.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.table import ANALYSES
from fil_core.data.own import frames, limits
from fil_core.data.own.content import check_readable
from fil_core.data.own.network import read_network
from fil_core.dataset import Dataset, fingerprint
from fil_core.display.numbers import counted
from fil_core.engine.ids import LEAST_MATCHED, counted_from_one, likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.store.export import unguarded
from fil_core.errors import BadData, FilError
from fil_core.result import Result
from fil_core.specs import Upload
from fil_core.specs.checks import digest as check_digest

_SCORES, _PARAMETERS, WEIGHTS, _INITIAL, GROUPS = "scores", "parameters", "weights", "initial", "group"
SIGNALS, RECORDS, EXTRACTOR = "signals", "records", "extractor"
UPLOADS = {
    _SCORES: "your own scores",
    _PARAMETERS: "your own coefficients",
    WEIGHTS: "your own weights",
    _INITIAL: "your own network weights",
    GROUPS: "your own groups",
    SIGNALS: "scores of your own models",
    RECORDS: "your own new pictures or rows",
    EXTRACTOR: "your own network for features",
}
_FIELDS = {EXTRACTOR: "features_from"}  # fields of a request that ask for an upload under another name than its kind
ReadTable = Callable[[Path, Collection[str]], pd.DataFrame]


def read_scores(path: Path, *, title: str = "", read: ReadTable = frames.read_frame) -> pd.DataFrame:
    """A table of scores: a column `id`, as it is written, and one column for each score; unnamed columns are ignored.

    Args:
        path: a CSV or Parquet file.
        title: its name in error messages; empty for its name on disk.
        read: reads the file, in this process or in the sandbox.

    Raises:
        BadData: no such table.
        DataUnavailable: the file cannot be read.
    """
    title = title or path.name
    if path.suffix.lower() not in (".csv", ".tsv", ".parquet"):
        raise BadData(f"scores: expected a .csv or .parquet file; got {title}.")
    check_readable(path, title)
    table = read(path, ("id",))
    if path.suffix.lower() != ".parquet":
        table.columns = pd.Index([unguarded(str(column)) for column in table.columns])
    named_id = [column for column in table.columns if str(column).strip().casefold() == "id"]
    if len(named_id) != 1:
        got = ", ".join(map(str, named_id or table.columns[:6]))
        raise BadData(f"scores: expected one column id in {title}; got {got}.")
    nameless = [column for column in table.columns if str(column).startswith(frames.NAMELESS)]
    return table.drop(columns=nameless).rename(columns={named_id[0]: "id"})


def keep_scores(store: Store, table: pd.DataFrame, dataset: Dataset, *, title: str = "") -> str:
    """Put scores of the training examples into the store.

    Args:
        store: where they are kept.
        table: a column `id`, and columns of numbers; ids of no training example are ignored, as are texts where no
            entry is a number or where results have texts too, such as labels. Training examples that are missing from
            the table get NaN.
        dataset: the examples they are for.
        title: name of their file, for messages.

    Returns:
        Their name, 64 hex characters.

    Raises:
        BadData: no scores, a column of which only some entries are numbers, an id that occurs twice, ids that count
            from 1, or those of fewer than nine tenths of the training examples.
    """
    with naming(_SCORES, title):
        scores, summary = _scores(table, dataset)
    digest = fingerprint(_SCORES, dataset.fingerprint, repr(list(scores.columns)), scores.to_numpy())
    store.put(digest, Result(scores, {}, summary | {"file": title}, {"analysis": _SCORES}))
    return digest


def _scores(table: pd.DataFrame, dataset: Dataset) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Scores in the order of the training examples, and what is to be told of them."""
    texts = [str(name) for name in table.columns if name != "id" and _is_text(table[name])]
    names = [str(name) for name in table.columns if name not in ("id", *texts)]
    if not names:
        raise BadData("scores: expected a column of numbers beside id; got none.")
    _check_columns(table, names)
    rows = positions(table["id"], dataset)
    known = rows >= 0
    _check_known(rows[known], table["id"], dataset)
    columns = {name: np.full(dataset.n, np.nan) for name in names}
    for name in names:
        columns[name][rows[known]] = table[name].to_numpy(np.float64, na_value=np.nan)[known]
    scores = pd.DataFrame(columns, index=pd.Index(dataset.ids, name="id"))
    summary = {
        "title": dataset.title,
        "fingerprint": dataset.fingerprint,
        "missing": int((~np.isin(np.arange(dataset.n), rows)).sum()),
        "unknown": int((~known).sum()),
        "texts": texts,
        "not_finite": int((~np.isfinite(table.loc[known, names].to_numpy(np.float64, na_value=np.nan))).sum()),
    }
    return scores, summary


def _is_text(column: pd.Series) -> bool:
    """Whether a column is no score: no entry is a number, or it is one of a result that was written, as its labels."""
    if _is_numeric(column):
        return False
    of_a_result = any(analysis.column(str(column.name)) is not None for analysis in ANALYSES)
    return of_a_result or bool(pd.to_numeric(column.dropna(), errors="coerce").isna().all())


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) or not column.notna().any()


def _check_columns(table: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        limits.check_name("scores: column", name)
        if not _is_numeric(table[name]):
            texts = table[name].dropna().astype(str)
            wrong = [*texts[pd.to_numeric(texts, errors="coerce").isna()], *texts]
            raise BadData(f"scores: expected numbers in column {name!r}; got {wrong[0][:40]!r}.")


def _check_known(rows: np.ndarray, ids: pd.Series, dataset: Dataset) -> None:
    """Refuse positions of the scored training examples that repeat, or whose ids are probably meant for other rows."""
    if len(np.unique(rows)) < rows.size:
        raise BadData("scores: expected each id once; got one twice.")
    if rows.size < LEAST_MATCHED * dataset.n or counted_from_one(ids, dataset):
        raise BadData(
            f"scores: expected the ids of the {counted(dataset.n, 'training example')}, such as "
            f"{dataset.called(dataset.ids[:1])[0]}; got {rows.size:,} of them, and ids such as "
            f"{str(ids.iloc[0])[:40]}. {likely_cause(ids, dataset)}"
        )


def scores_of(store: Store, name: str, dataset: Dataset) -> tuple[pd.DataFrame, list[str]]:
    """Stored scores: a table indexed by `id`, and notes on the examples that they lack or do not match.

    Args:
        store: where they are kept.
        name: what `keep_scores` returned, 64 hex characters.
        dataset: the examples they are for.

    Raises:
        BadData: they are not in the store, or belong to other examples.
        BadRequest: the text is no such name.
    """
    stored = load(store, Upload(_SCORES, name))
    if stored.summary["fingerprint"] != dataset.fingerprint:
        raise BadData(
            f"scores: expected scores of the examples chosen now; these were uploaded for {stored.summary['title']} "
            "with another choice of examples or features. Upload the file again for this one."
        )
    return stored.table, _notes(stored, dataset)


def _notes(stored: Result, dataset: Dataset) -> list[str]:
    missing, unknown = stored.summary["missing"], stored.summary["unknown"]
    texts, not_finite = stored.summary.get("texts", []), stored.summary.get("not_finite", 0)  # once not counted
    notes = [f"Your scores lack {missing:,} of the {counted(dataset.n, 'training example')}."] if missing else []
    notes += [f"{unknown:,} of their ids {'is' if unknown == 1 else 'are'} no training example."] if unknown else []
    if not_finite:
        are = "is no finite number" if not_finite == 1 else "are no finite numbers"
        notes.append(f"{not_finite:,} of your scores {are}.")
    return notes + ([f"Columns of texts are left out of your scores: {', '.join(texts)}."] if texts else [])


def joined(table: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """The table of a result with uploaded scores beside it; a name that the table has already gets `(yours)`."""
    return table.join(scores.rename(columns={name: f"{name} (yours)" for name in scores.columns if name in table}))


def keep_parameters(store: Store, theta: np.ndarray, *, title: str = "") -> str:
    """Put parameters into the store; whether they are an optimum is checked when a request names them.

    Args:
        store: where they are kept.
        theta: (d,) or (C, d).
        title: name of their file, for messages.

    Returns:
        Their name, 64 hex characters.
    """
    name = fingerprint(_PARAMETERS, theta)
    store.put(name, Result(pd.DataFrame(), {"theta": theta}, {"file": title}, {"analysis": _PARAMETERS}))
    return name


def keep_network(store: Store, arrays: Mapping[str, np.ndarray], *, title: str = "", kind: str = _INITIAL) -> str:
    """Put weights of a network into the store; whether they fit one is checked when a request names them.

    Args:
        store: where they are kept, as the arrays of a result.
        arrays: by the names of the network's `state_dict`.
        title: name of their file, for messages.
        kind: `initial` for weights to start from, `extractor` for those of a network that makes features.

    Returns:
        Their name, 64 hex characters, whatever the order of the arrays.
    """
    ordered = {name: arrays[name] for name in sorted(arrays)}
    digest = fingerprint(kind, *(part for named in ordered.items() for part in named))
    store.put(digest, Result(pd.DataFrame(), ordered, {"file": title}, {"analysis": kind}))
    return digest


def keep_extractor(
    store: Store,
    path: Path,
    *,
    title: str,
    network: str | None = None,
    read: Callable[[Path], dict[str, np.ndarray]] = read_network,
) -> tuple[str, str]:
    """Put the weights of a network for features into the store, and find out which network they are of.

    Args:
        store: where they are kept.
        path: a .safetensors file.
        title: its name, for messages.
        read: reads the file, in this process or in the sandbox.
        network: what they are of; None finds the network that they fit by its names and shapes: cnn or mlp of this
            software, else a classifier of torchvision.

    Returns:
        Their name, 64 hex characters, and the network's.

    Raises:
        BadData: no such file, or weights that fit no network; the message says what is wrong with the nearest.
    """
    from fil_core.models.extractor_networks import network_of

    try:
        arrays = read(path)
    except FilError as error:  # by the name of what was uploaded
        raise type(error)(f"{EXTRACTOR}: {str(error).removeprefix(f'{_INITIAL}: ')}") from error
    with naming(EXTRACTOR, title):
        found = network or network_of(arrays)
    return keep_network(store, arrays, title=title, kind=EXTRACTOR), found


def load(store: Store, upload: Upload) -> Result:
    """What was uploaded, by the sha-256 of its content.

    Raises:
        BadData: it is not in the store.
        BadRequest: its digest is no sha-256.
    """
    check_digest(upload.kind, upload.digest)
    stored = store.get(upload.digest)
    if stored is None or stored.provenance.get("analysis") != upload.kind:
        raise BadData(f"{upload.kind}: {upload.digest[:16]}… are not in this store; give the file again.")
    return stored


@contextmanager
def naming(kind: str, title: str) -> Iterator[None]:
    """Errors about what was uploaded name its file.

    Args:
        kind: one of `UPLOADS`; such errors begin with it, or with the field that asks for it.
        title: name of the file; empty where it is not known.
    """
    try:
        yield
    except FilError as error:
        start, _, rest = str(error).partition(": ")
        if not title or title in rest or start not in (kind, _FIELDS.get(kind)):
            raise
        raise type(error)(f"{start}: {title}: {rest}") from error


@contextmanager
def naming_all(uploaded: Iterable[Result]) -> Iterator[None]:
    """`naming` for everything that a request uses."""
    with ExitStack() as stack:
        for stored in uploaded:
            stack.enter_context(naming(stored.provenance["analysis"], stored.summary.get("file", "")))
        yield
