"""Data sets of sentences: split, groups, vocabulary, codes."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest

from fil_core.data import load, resolve
from fil_core.data.own import Choices, add, limits
from fil_core.data.text.words import words
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest, DataUnavailable
from fil_core.specs import DataSpec, canonical

POEMS = "\n\n".join(f"Line {i} of it, and the\nother line {'x ' * (i % 3)}end" for i in range(10))


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "store"))


@pytest.fixture
def text(tmp_path):
    def make(content: str = POEMS, *, fraction: float | None = None, **options) -> Dataset:
        path = tmp_path / "poems.txt"
        path.write_text(content, encoding="utf-8")
        return load(DataSpec(name=add(path, Choices(test_fraction=fraction)).name, **options))

    return make


def rows_of(data: Dataset, codes: np.ndarray) -> list[list[str]]:
    return [[data.vocabulary[int(c)] for c in row if c >= 0] for row in codes]


def test_the_form_of_a_data_set_of_sentences(text):
    data = text()
    lines = [line for line in POEMS.split("\n") if line]
    assert (data.task, data.class_names, data.target_name, data.image_shape) == ("sequences", (), "tokens", None)
    assert (data.n, len(data.X_test)) == (16, 4)  # a fifth of ten poems of two lines
    everything = np.concatenate([data.X, data.X_test])
    assert data.d == 1 + max(len(words(line)) for line in lines) == data.X_test.shape[1]
    assert data.X.dtype == np.float64 and data.source.dtype == np.int32 and (data.source == data.X).all()
    for row in everything:
        used = row[row >= 0]
        assert len(used) >= 2 and (row[len(used) :] == -1).all()
        assert data.vocabulary[int(used[-1])] == "<eos>" and (used[:-1] != data.vocabulary.index("<eos>")).all()
    assert data.y.tolist() == (data.X >= 0).sum(1).tolist() and data.y.dtype == np.float64
    assert data.y_test.tolist() == (data.X_test >= 0).sum(1).tolist()
    assert data.feature_names[0] == "token 1" and len(data.feature_names) == data.d == len(data.source_names)
    assert data.sentences(np.arange(data.n)) == [" ".join([*words(lines[id]), "<eos>"]) for id in data.ids]
    assert data.tokens(0) == data.sentences(np.array([0]))[0].split()
    assert data.records(np.array([1])).loc[data.ids[1], "text"] == data.sentences(np.array([1]))[0]
    assert (data.preprocessing.forward(data.source) == data.X).all()


def test_groups_are_poems_and_none_is_split(text):
    data = text()
    assert data.sections.tolist() == (data.ids // 2).tolist() and data.sections.dtype == np.int64
    assert set(np.bincount(data.sections)) == {0, 2}


def test_groups_of_lines(text):
    data = text(group_lines=3)
    assert data.sections.tolist() == (data.ids // 3).tolist()
    held_out = set(range(20)) - set(data.ids.tolist())
    assert len(held_out) == len(data.X_test) and {id // 3 for id in held_out} == {
        g for g in range(7) if not (data.sections == g).any()
    }
    assert len({id // 3 for id in held_out}) == math.ceil(7 / 5)
    plain = text("a b\nc d\ne\nf\ng")
    assert plain.sections is None and (plain.n, len(plain.X_test)) == (4, 1)


def test_no_test_rows(text):
    data = text(fraction=0.0)
    assert data.n == 20 and data.X_test.shape == (0, data.d) and data.ids.tolist() == list(range(20))


@pytest.mark.parametrize("size", [3, 5, 8, 2_000])
def test_the_vocabulary_has_the_commonest_tokens_of_the_training_rows(text, size):
    data = text(vocabulary=size, subset=9, seed=2)
    lines = [line for line in POEMS.split("\n") if line]
    counts = collections.Counter(token for id in data.ids for token in words(lines[id]))
    kept = sorted(counts, key=lambda token: (-counts[token], token))[: size - 2]
    assert data.n == 9 and data.vocabulary == ("<unk>", "<eos>", *kept)
    expected = [[*(t if t in kept else "<unk>" for t in words(lines[id])), "<eos>"] for id in data.ids]
    assert rows_of(data, data.X) == expected
    assert data.d == max(map(len, [*rows_of(data, data.X), *rows_of(data, data.X_test)]))


def test_unk_of_the_file_is_the_unknown_token(text):
    data = text(" a <unk> b\n <unk> a\n a a\n", fraction=0.0)
    assert data.vocabulary == ("<unk>", "<eos>", "a", "b")
    assert data.sentences(np.arange(2)) == ["a <unk> b <eos>", "<unk> a <eos>"]


def test_equal_requests_have_one_form():
    usual = DataSpec(name="grammar")
    assert DataSpec(name="grammar", vocabulary=2000, longest=200) == usual
    assert resolve(usual) == resolve(DataSpec(name="Grammar:400", preprocess="none"))
    assert "vocabulary" not in canonical(usual) and "longest" not in canonical(usual)
    assert canonical(DataSpec(name="grammar", vocabulary=10))["vocabulary"] == 10


def test_the_fingerprint_tells_texts_and_options_apart(text):
    prints = [
        text().fingerprint, text(vocabulary=5).fingerprint, text(group_lines=3).fingerprint,
        text(subset=5).fingerprint, text(POEMS.replace("other", "others")).fingerprint,
    ]  # fmt: skip
    assert len(set(prints)) == 5 and text().fingerprint == prints[0]


@pytest.mark.parametrize(
    ("content", "options", "error", "parts"),
    [
        ("a\n" + "b " * 200 + "\n", {}, BadData, ("line 2", "201", "--longest 201")),
        ("a\n\nb b b\n" + "c " * 7, {"longest": 4}, BadData, ("line 4", "8, with <eos>")),
        (" <unk>\n <unk> <unk>\n <unk>", {}, BadData, ("vocabulary", "all are <unk>")),
        ("a b\nc", {"group_lines": 5}, BadData, ("groups of lines", "--group-lines")),
        ("a b\nc", {"subset": 5}, BadData, ("subset", "1 training rows")),
        ("a b\nc", {"pca": 1}, BadRequest, ("pca", "text")),
        ("a b\nc", {"preprocess": "standardise"}, BadRequest, ("preprocess", "text")),
        ("a b\nc", {"classes": ("a", "c")}, BadRequest, ("classes", "text")),
        ("a b\nc", {"label_noise": 0.1}, BadRequest, ("label_noise", "text")),
    ],
)
def test_what_does_not_fit_a_text_is_refused(text, content, options, error, parts):
    with pytest.raises(error) as raised:
        text(content, **options)
    assert all(part in str(raised.value) for part in parts), str(raised.value)


def test_a_longer_line_is_read_where_it_is_allowed(text):
    data = text("a\n" + "b " * 200 + "\n", fraction=0.0, longest=201)
    assert data.d == 201 and data.y.tolist() == [2, 201]


@pytest.mark.parametrize("value", [0, 1, 2, -3, 2.5])
def test_a_vocabulary_has_at_least_three_tokens(value):
    with pytest.raises(BadRequest, match="vocabulary: expected a whole number >= 3"):
        DataSpec(name="grammar", vocabulary=value)


@pytest.mark.parametrize("option", [{"vocabulary": 50}, {"group_lines": 2}, {"longest": 9}])
def test_options_of_texts_are_refused_elsewhere(option):
    with pytest.raises(BadRequest, match=f"{next(iter(option))}: expected none for data without text"):
        load(DataSpec(name="diabetes", **option))


@pytest.mark.parametrize("choices", [{"target": "a"}, {"image_size": (2, 2)}, {"task": "regression"}, {"id": "x"}])
def test_choices_of_tables_and_images_are_refused(tmp_path, choices):
    (tmp_path / "a.txt").write_text("a\nb\n")
    name = next(iter(choices)).replace("_", "-")
    what = "column as the target" if name == "target" else f"--{name}"
    with pytest.raises(BadData, match=f"expected no {what} for a text"):
        add(tmp_path / "a.txt", Choices(**choices))


def test_other_data_hold_no_text():
    data = load(DataSpec(name="diabetes"))
    assert data.vocabulary == () and data.sections is None and data.secrets is None
    for ask in (lambda: data.tokens(0), lambda: data.sentences(np.array([], dtype=int))):
        with pytest.raises(BadData, match="holds no text"):
            ask()


@pytest.mark.parametrize("name", ["sonnets", "ptb", "text8"])
def test_missing_files_are_named(name, tmp_path):
    with pytest.raises(DataUnavailable, match=f"{name}: expected .*{name}.* in "):
        load(DataSpec(name=name, data_dir=str(tmp_path)))


def test_ptb_and_text8_in_their_layout(tmp_path):
    (tmp_path / "ptb").mkdir()
    (tmp_path / "ptb/ptb.train.txt").write_text(" mr. <unk> is N years old \n he 's chairman \n")
    (tmp_path / "ptb/ptb.valid.txt").write_text(" mr. <unk> 's sister \n")
    ptb = load(DataSpec(name="ptb", data_dir=str(tmp_path)))
    assert ptb.sentences(np.arange(2)) == ["mr. <unk> is N years old <eos>", "he 's chairman <eos>"]
    assert rows_of(ptb, ptb.X_test) == [["mr.", "<unk>", "'s", "<unk>", "<eos>"]]
    (tmp_path / "text8").write_text(" anarchism originated as a term" * 2_500)
    text8 = load(DataSpec(name="text8", data_dir=str(tmp_path)))
    assert (text8.n, len(text8.X_test), text8.d) == (500, 125, 21) and text8.sections is None
    assert any("artificial window" in note for note in text8.notes)


def test_an_entry_of_the_register_is_a_text(tmp_path):
    (tmp_path / "poems.txt").write_text(POEMS)
    entry = add(tmp_path / "poems.txt", Choices())
    assert (entry.form, entry.classes, entry.rows, entry.features) == ("text", (), 16, 8)
    assert entry.health["test_rows"] == 4 and not entry.health["warnings"]
    assert add(tmp_path / "poems.txt", Choices()).created == entry.created
    (tmp_path / "long.txt").write_text("a\n" + "b " * 300)
    assert "--longest 301" in add(tmp_path / "long.txt", Choices()).health["warnings"][0]


def test_many_lines_keep_their_content(text):
    numbers = np.random.default_rng(0).integers(0, 5000, (2000, 6))
    content = "\n".join(" ".join(map(str, row)) for row in numbers)
    data = text(content, vocabulary=6000)
    assert data.sentences(np.arange(data.n)) == [" ".join([*map(str, numbers[id]), "<eos>"]) for id in data.ids]


def test_rows_that_take_too_much_memory_are_refused(text, monkeypatch):
    data = text()
    monkeypatch.setattr(limits, "CELLS", 20 * data.d)
    assert text().n == data.n
    monkeypatch.setattr(limits, "CELLS", 20 * data.d - 1)
    with pytest.raises(BadData, match=f"20 rows, each as long as the longest of {data.d} tokens"):
        text()
