"""From the lines of a text to a data set: groups, split, draw, vocabulary, codes."""

from __future__ import annotations

import numpy as np

from fil_core.data.draws import draw, note_of_draw
from fil_core.data.own import limits
from fil_core.data.raw import split_rows
from fil_core.data.text.corpus import Corpus
from fil_core.data.text.words import END, UNKNOWN
from fil_core.dataset import Dataset, Preprocessing, fingerprint
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec
from fil_core.specs.data import DEFAULT_LONGEST, DEFAULT_VOCABULARY, MOST_TOKENS

UNKNOWN_CODE, END_CODE = 0, 1
PADDING = -1


def sequences(corpus: Corpus, spec: DataSpec, *, title: str) -> Dataset:
    """The data set of a text.

    Args:
        corpus: all its lines; not modified.
        spec: resolved.
        title: name of the data set on pages and in reports.

    Returns:
        Training rows in the order of the lines. The code of `<unk>` is 0, of `<eos>` 1; then the commonest types of the
        training rows follow, ties in alphabetical order.

    Raises:
        BadRequest: options that have no meaning for text.
        BadData: a line that is too long, too few lines or groups, or no known token.
    """
    _check_options(spec)
    _check_longest(corpus, spec.longest or DEFAULT_LONGEST)
    sections = sections_of(corpus, spec.group_lines)
    train, test, split_note = split(corpus, sections)
    train = draw(train, spec)
    vocabulary, code = _vocabulary(corpus, train, spec.vocabulary or DEFAULT_VOCABULARY)
    longest = 1 + int(corpus.lengths[np.append(train, test)].max())
    _check_size(title, len(train) + len(test), longest)
    source, held_out = (_padded(corpus, rows, code, longest) for rows in (train, test))
    names = tuple(f"token {t}" for t in range(1, longest + 1))
    groups = None if sections is None else sections[train]
    secrets = _said(corpus, train)
    notes = [*corpus.notes, *split_note, _vocabulary_note(vocabulary, source, held_out)]
    notes += [] if spec.subset is None else [note_of_draw(spec)]
    return Dataset(
        X=source.astype(np.float64), y=corpus.lengths[train] + 1.0, ids=train.astype(np.int64),
        X_test=held_out.astype(np.float64), y_test=corpus.lengths[test] + 1.0, task="sequences", class_names=(),
        feature_names=names, source=source, source_names=names,
        preprocessing=Preprocessing(scale=np.asarray(1.0), centre=np.asarray(0.0)), title=title, target_name="tokens",
        notes=tuple(notes), vocabulary=vocabulary, sections=groups, secrets=secrets,
        fingerprint=fingerprint(
            source, train, held_out, "\n".join(vocabulary), *[part for part in (groups, secrets) if part is not None]
        ),
    )  # fmt: skip


def _check_options(spec: DataSpec) -> None:
    """Raise BadRequest for options of other data."""
    refused = {
        "classes": ", ".join(spec.classes),
        "label_noise": spec.label_noise,
        "preprocess": None if spec.preprocess == "none" else spec.preprocess,
        "pca": spec.pca,
    }
    for name, value in refused.items():
        if value:
            raise BadRequest(
                f"{name}: expected {'none' if name == 'preprocess' else 'nothing'} for a text, whose rows are numbers "
                f"of tokens; got {value}. Leave it out."
            )


def _check_longest(corpus: Corpus, longest: int) -> None:
    """Raise BadData for a line of more tokens, `<eos>` included."""
    too_long = np.flatnonzero(corpus.lengths + 1 > longest)
    if too_long.size:
        row, more = too_long[0], f" So have {too_long.size - 1:,} more lines." if too_long.size > 1 else ""
        raise BadData(
            f"longest: expected lines of at most {longest:,} tokens; line {corpus.lines[row]:,} has "
            f"{corpus.lengths[row] + 1:,}, with {END}.{more} Split it, or take --longest "
            f"{min(MOST_TOKENS, int(corpus.lengths.max()) + 1)}."
        )


def _check_size(title: str, rows: int, longest: int) -> None:
    """Raise BadData for rows that take too much memory, as each is as long as the longest."""
    if rows * longest > limits.CELLS:
        raise BadData(
            f"{title}: expected at most {limits.CELLS:,} entries; got {rows:,} rows, each as long as the longest of "
            f"{longest:,} tokens. Split the longest lines, or use a part of the text."
        )


def sections_of(corpus: Corpus, group_lines: int | None) -> np.ndarray | None:
    """The number of the group of each line; None for no groups."""
    return corpus.blocks if group_lines is None else np.arange(corpus.n, dtype=np.int64) // group_lines


def split(corpus: Corpus, sections: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Train and test rows, each ascending, and a note; a group is never split.

    Raises:
        BadData: no training row would be left.
    """
    if corpus.held_out is not None:
        return np.flatnonzero(~corpus.held_out), np.flatnonzero(corpus.held_out), []
    units = np.arange(corpus.n) if sections is None else sections
    _, unit = np.unique(units, return_inverse=True)
    count, what = int(unit.max()) + 1, "sequences" if sections is None else "groups of lines"
    kept, held_out = split_rows(count, corpus.test_fraction)
    if not kept.size:
        raise BadData(
            f"{what}: expected some to train on; all are test rows ({count:,}). Choose a smaller --test-fraction, or "
            "smaller groups with --group-lines."
        )
    is_test = np.isin(unit, held_out)
    note = f"{len(held_out):,} of {count:,} {what}, drawn at random, are test rows."
    return np.flatnonzero(~is_test), np.flatnonzero(is_test), [note]


def _vocabulary(corpus: Corpus, train: np.ndarray, size: int) -> tuple[tuple[str, ...], np.ndarray]:
    """The tokens by code, and the code of each type.

    Raises:
        BadData: all tokens of the training rows are `<unk>`.
    """
    counts = np.bincount(corpus.of(train), minlength=len(corpus.types))
    used = [k for k in np.flatnonzero(counts).tolist() if corpus.types[k] != UNKNOWN]
    kept = sorted(used, key=lambda k: (-counts[k], corpus.types[k]))[: size - 2]
    if not kept:
        raise BadData(
            f"vocabulary: expected some token other than {UNKNOWN} in the training rows; all are {UNKNOWN}. Take other "
            "lines, or the text with its words."
        )
    code = np.full(len(corpus.types), UNKNOWN_CODE, dtype=np.int32)
    code[kept] = np.arange(2, 2 + len(kept))
    return (UNKNOWN, END, *(corpus.types[k] for k in kept)), code


def _padded(corpus: Corpus, rows: np.ndarray, code: np.ndarray, longest: int) -> np.ndarray:
    """(m, T) int32 codes of some lines, each with `<eos>` at its end and padding behind it."""
    lengths = corpus.lengths[rows]
    padded = np.full((len(rows), longest), PADDING, dtype=np.int32)
    padded[np.arange(longest) < lengths[:, None]] = code[corpus.of(rows)]
    padded[np.arange(len(rows)), lengths] = END_CODE
    return padded


def _said(corpus: Corpus, train: np.ndarray) -> np.ndarray | None:
    """How often each row's secret is said in the training rows, 0 for a row without one."""
    if corpus.secrets is None:
        return None
    number = corpus.secrets[train]
    return np.where(number > 0, np.bincount(number)[number], 0).astype(np.int64)


def _vocabulary_note(vocabulary: tuple[str, ...], train: np.ndarray, test: np.ndarray) -> str:
    def share(rows: np.ndarray) -> str:
        tokens = int((rows >= 0).sum())
        return f"{100 * int((rows == UNKNOWN_CODE).sum()) / tokens:.2g} %" if tokens else "none"

    return (
        f"Vocabulary: the {len(vocabulary):,} commonest tokens of the training rows, {UNKNOWN} and {END} included. "
        f"{UNKNOWN}: {share(train)} of the tokens of the training rows, {share(test)} of the test rows."
    )
