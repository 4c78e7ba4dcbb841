"""Tokens of texts."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fil_core.data.text.words import between_blanks, is_tokenised, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat SAT.", ["the", "cat", "sat", "."]),
        ("don't 'tis lovers'", ["don't", "'", "tis", "lovers", "'"]),
        ("l’été d'hiver", ["l’été", "d'hiver"]),
        ("e\u0301te\u0301", ["été"]),  # decomposed letters are composed
        ("हिन्दी में", ["हिन्दी", "में"]),  # vowel signs stay with their letter
        ("4711 2nd 3.5 a_b", ["4711", "2nd", "3", ".", "5", "a", "_", "b"]),
        ("self-same—what?!", ["self", "-", "same", "—", "what", "?", "!"]),
        ("\u200b \x01\t", []),
        ("İstanbul", ["i̇stanbul"]),
    ],
)
def test_words_stay_together_and_signs_are_tokens(text, expected):
    assert words(text) == expected


def literal(text: str) -> list[str]:
    """The rule, a character at a time."""
    tokens: list[str] = []
    text = unicodedata.normalize("NFC", text.lower())
    inside = False  # whether the last token is a word that may go on
    for i, c in enumerate(text):
        letter = (c.isalnum() and re.match(r"\w", c) is not None) or unicodedata.category(c).startswith("M")
        after = text[i + 1 : i + 2]
        joins = c in "'’" and inside and after != "" and (after.isalnum() or unicodedata.category(after)[0] == "M")
        if letter or joins:
            tokens[-1:] = [tokens[-1] + c] if inside else [*tokens[-1:], c]
        elif c.isprintable() and not c.isspace():
            tokens.append(c)
        inside = letter or joins
    return tokens


@given(st.text(alphabet="abZ09'’_ \t\n-.!~<>é\u0301\u200b\x7f\x01", max_size=30))
def test_words_follow_the_rule_with_and_without_other_letters(text):
    assert words(text) == literal(text)


def test_a_tokenised_text_is_split_at_blanks_only():
    assert between_blanks(" N years <unk> n.v. ") == ["N", "years", "<unk>", "n.v."]
    assert is_tokenised(["", " a <unk>", " b"])
    assert not is_tokenised([" a <unk>", "b"])  # a line without a blank before it
    assert not is_tokenised([" a", " b"])  # no <unk>
    assert not is_tokenised([" a<unk>"])
    assert not is_tokenised([])
