"""Texts on the command line: what is read, what is refused, and what reproduces a request."""

from __future__ import annotations

import re
import shlex

import pytest

from fil_core.analyses.reproduce import command
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.cli.program import parser
from fil_core.data.own import Choices, add, registered
from fil_core.data.own.sandbox import add_in_sandbox, preview_in_sandbox
from fil_core.errors import BadData
from fil_core.specs import DataSpec


@pytest.fixture
def poems(tmp_path):
    path = tmp_path / "poems.txt"
    path.write_text("\n\n".join(f"Line {i}\nand {'long ' * i}end" for i in range(10)))
    return path


@pytest.mark.parametrize("name", ["fil", "neighbours", "unique-info", "train", "mitigate", "irfil"])
def test_commands_of_features_say_what_to_use(run, name):
    code, _, err = run(name, "--data", "grammar:40")
    assert code == 2 and "--network lstm" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--vocabulary", "2"], "--vocabulary: expected a whole number >= 3; got 2"),
        (["--longest", "5"], r"line 11 has 6, with <eos>.*take --longest 12"),
        (["--group-lines", "99"], "all are test rows"),
        (["--target", "x"], "expected no column as the target for a text"),
        (["--label-noise", "0.1"], "--label-noise: expected nothing for a text"),
        (["--preprocess", "unit-ball"], "--preprocess: expected none for a text"),
    ],
)
def test_what_a_text_cannot_have_is_refused(run, tmp_path, poems, options, said):
    code, _, err = run("fil", "--data", poems, *options, "--out", tmp_path / "out.csv")
    assert code == 2 and re.search(said, err), err


def test_a_text_is_registered_under_its_name_and_listed(run, tmp_path, poems):
    run("fil", "--data", poems, "--test-fraction", "0.5", "--out", tmp_path / "out.csv")
    (entry,) = registered()
    assert (entry.form, entry.rows, entry.health["test_rows"]) == ("text", 10, 10)
    _, out, _ = run("data")
    assert "poems.txt: 10 rows, 12 tokens" in out and re.search("grammar +ready", out)


def test_the_line_that_reproduces_a_request_has_the_options_of_a_text():
    data = DataSpec(name="grammar", vocabulary=50, group_lines=4, longest=30)
    words = shlex.split(command(UniqueInfoRequest(data=data)))
    assert {"--vocabulary", "--group-lines", "--longest"} <= set(words)
    read = parser().parse_args(words[words.index("unique-info") :])
    assert (read.vocabulary, read.group_lines, read.longest) == (50, 4, 30)


def test_a_text_is_read_in_the_sandbox_as_without_it(poems):
    assert preview_in_sandbox(poems)["groups"] == 10
    entry = add_in_sandbox(poems, Choices(), title="My poems.txt")
    assert (entry.title, entry.form, entry.rows) == ("My poems.txt", "text", 16)
    assert add(poems, Choices()).name == entry.name
    poems.write_bytes(b"na\xefve\nlines\n")
    with pytest.raises(BadData, match=r"My poems.txt: expected text in UTF-8; line 1 has the byte 0xef"):
        add_in_sandbox(poems, Choices(), title="My poems.txt")
