"""A text file in UTF-8, read in pieces: no file has to fit in memory as text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from fil_core.data.text.corpus import SEQUENCES, Builder, Corpus
from fil_core.data.text.words import between_blanks, is_tokenised, words
from fil_core.errors import BadData
from fil_core.progress import Progress

_CHUNK = 2**20  # bytes
_LONGEST_WORD = 2**22  # characters
_TOKENISED = "Tokens are what stands between blanks, as the file has them."
_WORDS = "Text is in lower case, and every sign that is no letter or digit is a token of its own."


def read_text(path: Path, progress: Progress | None = None, *, most: int = SEQUENCES) -> Corpus:
    """The lines of a text file.

    Args:
        path: the file.
        progress: called with (bytes read, bytes, description).
        most: sequences that are read.

    Raises:
        BadData: no text in UTF-8, no two lines with words, or a line that is too long.
    """
    builder = Builder(path.name, most)
    note = _read_into(builder, path, progress)
    return builder.corpus(notes=(note,))


def read_split(path: Path, test: Path, progress: Progress | None = None) -> Corpus:
    """The lines of a text file, with those of another one as the test rows.

    Args:
        path: the training rows.
        test: the test rows.
        progress: called with (bytes read, bytes, description).

    Raises:
        BadData: as `read_text`.
    """
    builder = Builder(path.name)
    note = _read_into(builder, path, progress)
    train = builder.end_file()
    builder.name = test.name
    _read_into(builder, test, progress)
    return builder.corpus(held_out=np.arange(builder.n) >= train, notes=(note,))


def _read_into(builder: Builder, path: Path, progress: Progress | None) -> str:
    """Read a file as far as sequences are taken; returns how its tokens were made."""
    split: Callable[[str], list[str]] | None = None
    rest = ""
    for text in decoded(path, progress):
        *ended, rest = (rest + text).split("\n")
        if split is None:
            split = between_blanks if is_tokenised(ended or [rest]) else words
        for line in ended:
            builder.add(split(line))
            builder.end_line()
        at = rest.rfind(" ") + 1  # a word may go on in the next piece
        builder.add(split(rest[:at]))
        rest = rest[at:]
        if builder.more:
            return _note(split)
        if len(rest) > _LONGEST_WORD:
            raise BadData(f"{path.name}: expected blanks between words; got {len(rest):,} characters without one.")
    builder.add((split or words)(rest))
    builder.end_line()
    return _note(split)


def _note(split: Callable[[str], list[str]] | None) -> str:
    return _TOKENISED if split is between_blanks else _WORDS


def decoded(path: Path, progress: Progress | None = None) -> Iterator[str]:
    """The text of a file in pieces, every end of a line a line feed, without a byte order mark.

    Args:
        path: the file.
        progress: called with (bytes read, bytes, description).

    Raises:
        BadData: bytes that are no UTF-8, or zero bytes; the message names the line and the byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    size, done, line = path.stat().st_size, 0, 1
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            text = _text(path.name, decoder, chunk, done, line)
            done += len(chunk)
            translated = newlines.decode(text)
            line += translated.count("\n")
            if progress:
                progress(done, size, "reading text")
            yield translated
    if last := newlines.decode(_text(path.name, decoder, b"", done, line, final=True), final=True):
        yield last


def _text(
    name: str, decoder: codecs.IncrementalDecoder, chunk: bytes, done: int, line: int, *, final: bool = False
) -> str:
    """The next piece of text; `done` bytes and `line - 1` line ends lie before it."""
    if (zero := chunk.find(0)) >= 0:
        line += chunk[:zero].count(b"\n")
        raise BadData(
            f"{name}: expected text in UTF-8; byte {done + zero + 1:,} (line {line:,}) is zero, as in a binary file or "
            "in UTF-16. Save it again as text in UTF-8."
        )
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        bad, before = error.object[error.start], error.object[: error.start].decode("utf-8")
        line += io.IncrementalNewlineDecoder(None, translate=True).decode(before, final=True).count("\n")
        at = done + len(chunk) - len(error.object) + error.start  # what it holds ends with the chunk
        raise BadData(
            f"{name}: expected text in UTF-8; line {line:,} has the byte 0x{bad:02x} (byte {at + 1:,} of the file). "
            "Save the file again as UTF-8."
        ) from error
