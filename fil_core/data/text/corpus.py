"""All lines of a text as numbers of their tokens, before rows are split, drawn and coded by a vocabulary."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fil_core.data.text.words import END
from fil_core.errors import BadData
from fil_core.specs.data import MOST_TOKENS

SEQUENCES = 200_000  # that are read of a text
WINDOW = 20  # words of a sequence where a text has no sentences
_TYPES = 2**21  # different tokens
_TOKENS = 2**26


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The lines of a text that have tokens, n of them, with N tokens of any number of types.

    Attributes:
        codes: (N,) int32 numbers of types, line after line, without `<eos>`.
        lengths: (n,) int64 tokens of each line.
        lines: (n,) int64 numbers of the lines in their file, from 1.
        types: the different tokens, by number.
        blocks: (n,) int64 numbers of the block between blank lines that a line stands in; None for a single block.
        held_out: (n,) bool, the test rows of a text with a split of its own; None for a random split.
        test_fraction: of the groups, or of the lines where there are none, for a random split.
        secrets: (n,) int64, 0, or the number of the planted secret that a line says, from 1; None for no secrets.
        notes: on how the text was read.
    """

    codes: np.ndarray
    lengths: np.ndarray
    lines: np.ndarray
    types: tuple[str, ...]
    blocks: np.ndarray | None = None
    held_out: np.ndarray | None = None
    test_fraction: float = 0.2
    secrets: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of lines."""
        return len(self.lengths)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The numbers of the types of some lines, one line after the other.

        Args:
            rows: positions of the lines, (m,).
        """
        starts, lengths = np.cumsum(self.lengths) - self.lengths, self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        return self.codes[np.repeat(starts[rows] - before, lengths) + np.arange(lengths.sum())]


class Builder:
    """Collects the lines of a text as they are read.

    Args:
        name: name of the file in error messages.
        most: sequences after which no more are taken.
    """

    def __init__(self, name: str, most: int = SEQUENCES) -> None:
        self.name = name
        self.more = False  # whether there was more than is taken
        self._long = 0  # number of the one long line that is cut into windows; 0 for none
        self._most = most
        self._types: dict[str, int] = {}
        self._codes = array("i")
        self._lengths, self._lines, self._blocks = array("q"), array("q"), array("q")
        self._start, self._line, self._block, self._blank = 0, 1, 0, False

    @property
    def n(self) -> int:
        """Number of lines so far."""
        return len(self._lengths)

    def add(self, tokens: Iterable[str]) -> None:
        """More tokens of the line that is read.

        Raises:
            BadData: one line among others is too long, or the text has too many tokens.
        """
        types, before = self._types, len(self._codes)
        self._codes.extend(types.setdefault(token, len(types)) for token in tokens)
        added = len(self._codes) - before
        if self._long and before == self._start and added:
            self._refuse_long(self._long)
        if len(self._codes) - self._start > MOST_TOKENS and not self._long:
            if self.n:
                self._refuse_long(self._line)
            self._long = self._line
        self.more = self.more or (self._long > 0 and len(self._codes) > self._most * WINDOW)
        if len(types) > _TYPES or len(self._codes) > _TOKENS:
            raise BadData(
                f"{self.name}: expected at most {_TOKENS:,} tokens of {_TYPES:,} types; it has more. Use a part of it."
            )

    def end_line(self) -> None:
        """The line ends; one without tokens is blank.

        Raises:
            BadData: the line has `<eos>` before its end.
        """
        self._drop_end()
        length = len(self._codes) - self._start
        if not length:
            self._blank = True
        elif self.n == self._most:
            self.more = True
            del self._codes[self._start :]
        else:
            self._block += self._blank and self.n > 0
            self._blank = False
            self._lengths.append(length)
            self._lines.append(self._line)
            self._blocks.append(self._block)
        self._start, self._line = len(self._codes), self._line + 1

    def end_file(self) -> int:
        """Another file follows; returns the number of lines so far."""
        self._line, self._blank = 1, False
        return self.n

    def corpus(self, *, held_out: np.ndarray | None = None, notes: tuple[str, ...] = ()) -> Corpus:
        """What was collected.

        Args:
            held_out: as in `Corpus`.
            notes: on how the text was read.

        Raises:
            BadData: no line has tokens, or only one.
        """
        if self._long:
            return self._cut(notes)
        if self.n < 2:
            got = "one" if self.n else "none"
            raise BadData(
                f"{self.name}: expected at least two lines with words, one sentence a line; got {got}. A single line "
                f"is cut into windows of {WINDOW} words from {MOST_TOKENS:,} tokens on."
            )
        if self.more:
            notes = (*notes, f"The first {self._most:,} lines are read; the file has more.")
        blocks = np.array(self._blocks, dtype=np.int64)
        return Corpus(
            codes=np.array(self._codes, dtype=np.int32), lengths=np.array(self._lengths, dtype=np.int64),
            lines=np.array(self._lines, dtype=np.int64), types=tuple(self._types),
            blocks=blocks if blocks[-1] > 0 else None, held_out=held_out, notes=notes,
        )  # fmt: skip

    def _cut(self, notes: tuple[str, ...]) -> Corpus:
        """The one long line in windows."""
        codes = np.array(self._codes, dtype=np.int32)[: self._most * WINDOW]
        n = -(-len(codes) // WINDOW)
        lengths = np.full(n, WINDOW, dtype=np.int64)
        lengths[-1] = len(codes) - WINDOW * (n - 1)
        note = f"The text is one line without ends of sentences; a sequence is an artificial window of {WINDOW} words."
        if self.more:
            note += f" The first {n:,} windows are read; the file has more."
        kept = np.unique(codes)
        names = list(self._types)
        return Corpus(
            codes=np.searchsorted(kept, codes).astype(np.int32), lengths=lengths, lines=np.ones(n, dtype=np.int64),
            types=tuple(names[k] for k in kept), notes=(*notes, note),
        )  # fmt: skip

    def _drop_end(self) -> None:
        """Without the token `<eos>` at the end of a line, which each line gets."""
        end = self._types.get(END)
        if end is None:
            return
        if len(self._codes) > self._start and self._codes[-1] == end:
            self._codes.pop()
        if end in self._codes[self._start :]:
            raise BadData(
                f"{self.name}: expected {END} at the end of a line only; line {self._line:,} has it within. Start a "
                "new line after it."
            )

    def _refuse_long(self, line: int) -> None:
        raise BadData(
            f"{self.name}: expected lines of at most {MOST_TOKENS:,} tokens; line {line:,} has more. Write one "
            "sentence a line."
        )


def pack(types: tuple[str, ...]) -> np.ndarray:
    """Tokens as bytes, (B,) uint8; none of them holds a line end."""
    return np.frombuffer("\n".join(types).encode(), dtype=np.uint8)


def unpack(packed: np.ndarray) -> tuple[str, ...]:
    """The inverse of `pack`."""
    return tuple(packed.tobytes().decode().split("\n"))
