"""Text files: what is read of them, and what is refused."""

from __future__ import annotations

import codecs
import tracemalloc

import numpy as np
import pytest

from fil_core.data.text import reading
from fil_core.data.text.corpus import Corpus, pack, unpack
from fil_core.data.text.reading import read_split, read_text
from fil_core.errors import BadData


def lines(corpus: Corpus) -> list[str]:
    return [" ".join(corpus.types[k] for k in corpus.of(np.array([row]))) for row in range(corpus.n)]


@pytest.fixture
def text(tmp_path):
    def write(content: bytes | str, name: str = "a.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_lines_groups_and_numbers_of_lines(text, end, mark):
    content = end.join(["", "One, two.", "Three", " ", "", "four", "", "five"])
    found = read_text(text(mark + content.encode()))
    assert lines(found) == ["one , two .", "three", "four", "five"]
    assert found.lines.tolist() == [2, 3, 6, 8]
    assert found.blocks.tolist() == [0, 0, 1, 2]
    assert found.lengths.tolist() == [4, 1, 1, 1]


def test_blank_lines_at_the_ends_make_no_groups(text):
    assert read_text(text("\n\na b\nc\n\n\n")).blocks is None


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_the_pieces_in_which_a_file_is_read_do_not_matter(text, monkeypatch, chunk):
    path = text("Été, don't\r\n\r\n“Größe” 𝔘 x\rlast line")
    whole = read_text(path)
    monkeypatch.setattr(reading, "_CHUNK", chunk)
    piecewise = read_text(path)
    assert lines(piecewise) == lines(whole) == ["été , don't", "“ größe ” 𝔘 x".lower(), "last line"]
    assert piecewise.blocks.tolist() == whole.blocks.tolist() == [0, 1, 1]


def test_a_tokenised_file_keeps_its_tokens(text):
    found = read_text(text(" Mr. <unk> is N years \n it 's n.v. <eos>\n"))
    assert lines(found) == ["Mr. <unk> is N years", "it 's n.v."]
    with pytest.raises(BadData, match="line 2 has it within"):
        read_text(text(" a <unk>\n b <eos> c\n"))


def test_another_file_is_the_test_split(text):
    found = read_split(text(" a <unk>\n b\n"), text(" b c\n", "b.txt"))
    assert lines(found) == ["a <unk>", "b", "b c"]
    assert found.held_out.tolist() == [False, False, True] and found.blocks is None
    assert found.lines.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ("two lines", "got none")),
        (b" \n\t\n\n", ("two lines", "got none")),
        (b"one line only\n", ("two lines", "got one")),
        (b"fine\nnai\xefve\n", ("UTF-8", "line 2", "0xef", "byte 9 ")),
        (codecs.BOM_UTF8 + b"fine\r\nnai\xefve\r\n", ("line 2", "0xef", "byte 13 ")),
        (b"fine\ncut\xc3", ("line 2", "0xc3", "byte 9 ")),
        ("fine\nnaïve\n".encode("utf-16-le"), ("zero", "byte 2 ", "UTF-16")),
        (b"fine\nzero \x00 here\n", ("byte 11 ", "line 2", "binary")),
        (b"\x89PNG\r\n\x1a\n\x00", ("UTF-8",)),
        (b"short\n" + b"word " * 10_001, ("10,000 tokens", "line 2")),
        (b"\n" + b"word " * 10_001 + b"\nshort", ("10,000 tokens", "line 2")),
    ],
)
def test_what_is_no_text_of_sentences_is_refused(text, content, parts):
    with pytest.raises(BadData) as error:
        read_text(text(content))
    assert all(part in str(error.value) for part in ("a.txt", *parts)), str(error.value)


def test_the_place_of_a_bad_byte_is_right_after_many_pieces(text, monkeypatch):
    monkeypatch.setattr(reading, "_CHUNK", 4)
    with pytest.raises(BadData, match=r"line 3 has the byte 0xff \(byte 13 of the file\)"):
        read_text(text("äö\nüß\r\ny".encode() + b"\xff\n"))


def test_one_long_line_is_cut_into_windows(text):
    numbers = " ".join(f"w{i % 700}" for i in range(10_013))
    found = read_text(text(f" {numbers}\n"))
    assert (found.n, found.lengths.tolist()) == (501, [20] * 500 + [13])
    assert " ".join(lines(found)) == numbers
    assert any("artificial window of 20 words" in note for note in found.notes)


@pytest.mark.parametrize(("words", "more"), [(12_000, False), (12_001, True)])
def test_windows_are_read_up_to_a_limit_which_is_said(text, words, more):
    found = read_text(text("a b " * (words // 2) + "c " * (words % 2)), most=600)
    assert (found.n, len(found.codes)) == (600, 12_000)
    assert any("has more" in note for note in found.notes) is more
    assert found.types == ("a", "b")


@pytest.mark.parametrize(("count", "more"), [(3, False), (4, True)])
def test_lines_are_read_up_to_a_limit_which_is_said(text, count, more):
    found = read_text(text("a b\n" * count), most=3)
    assert lines(found) == ["a b"] * 3
    assert any("has more" in note for note in found.notes) is more


def test_types_survive_as_bytes():
    types = ("été", "’", "𝔘", "a")
    assert unpack(pack(types)) == types


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_large_text_is_never_in_memory_as_tokens(text, monkeypatch, end):
    monkeypatch.setattr(reading, "_CHUNK", 2**16)
    line = "".join(f"w{i % 997} " for i in range(500)) + end
    path = text(line * 1_000)  # 2.4 MB, 500,000 tokens
    tracemalloc.start()
    try:
        found = read_text(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.codes) == 500_000
    # As one list the tokens would take 50 bytes each, 25 MB; as numbers they take 4 bytes, in a few copies.
    assert peak < 14e6
