"""Tokens of a text."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Iterable

UNKNOWN = "<unk>"
END = "<eos>"
_ASCII = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*|[!-~]")  # of `_pattern`, which is many times slower


def words(text: str) -> list[str]:
    """Words in lower case, and each other printable sign by itself.

    Letters, digits and apostrophes between them stay together.

    >>> words("Feed'st thy light's flame, (2nd) self-same!")
    ["feed'st", 'thy', "light's", 'flame', ',', '(', '2nd', ')', 'self', '-', 'same', '!']
    """
    text = text.lower()
    if text.isascii():
        return _ASCII.findall(text)
    return [token for token in _pattern().findall(unicodedata.normalize("NFC", text)) if token.isprintable()]


def between_blanks(text: str) -> list[str]:
    """The tokens of a text that is one already, such as the Penn Treebank: what stands between blanks, as it is.

    >>> between_blanks(" mr. <unk> is chairman of N n.v. ")
    ['mr.', '<unk>', 'is', 'chairman', 'of', 'N', 'n.v.']
    """
    return text.split()


def is_tokenised(lines: Iterable[str]) -> bool:
    """Whether the first lines of a text are tokens already: all begin with a blank, and some have the token `<unk>`.

    >>> is_tokenised([" no it was n't <unk>", " but"]), is_tokenised(["a <unk>"]), is_tokenised([" indented"])
    (True, False, False)
    """
    used = [line for line in lines if line.strip()]
    return all(line.startswith(" ") for line in used) and any(UNKNOWN in line.split() for line in used)


@functools.cache
def _pattern() -> re.Pattern[str]:
    # Marks that are not composed with their letter, such as vowel signs of Devanagari, are no letters for Python.
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c).startswith("M"))
    letter = rf"(?:[^\W_]|[{marks}])"
    return re.compile(rf"{letter}+(?:['’]{letter}+)*|[^\w\s]|_")
