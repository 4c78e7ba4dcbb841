"""Names of any spelling: in the command that reproduces a result, and in what a terminal is shown."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import random
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from file_parts import csv, table

import fil_core.cli
from fil_core.analyses import reproduce
from fil_core.cli.command import Command
from fil_core.cli.commands import by_command, meant
from fil_core.cli.data import choices
from fil_core.cli.program import options_of
from fil_core.data.own import Choices, register
from fil_core.data.raw import fixed_split
from fil_core.display.plain import visible, visible_lines
from fil_core.engine import Engine
from fil_core.errors import BadRequest
from fil_core.models.checks import check_task
from fil_core.specs import ModelRequest, ModelSpec, Request
from fil_core.specs.texts import read_names, typed, write_names
from fil_core.specs.weights import Dropping, Irfil
from tests.analyses.example_requests import REQUESTS

REDRAWN = 8  # draws of names for each request
PARTS = ["a", "B", "3", "8", ",", ", ", '"', '""', "'", "-", "--", "-1", "=", ":", "%", "%2C", " ", "\\", "\n", "\t"]
PARTS += ["ü", "\u202e", "\x1b[2J", "none", "--out", "attribute=", ".csv", ".parquet", "$HOME", "`", "|", "*", "1e9"]
ESC = "\x1b[2J"
TRAINED = fixed_split(40)[0][0]  # a row that is not held out


def names_drawn(drawn: random.Random, count: int, *, empty: bool = False) -> tuple[str, ...]:
    """Different names, each of one to four parts."""
    found: dict[str, None] = dict.fromkeys([""] if empty else [])
    while len(found) < count:
        name = "".join(drawn.choices(PARTS, k=drawn.randint(1, 4)))
        found |= {name: None} if name.strip() else {}
    return tuple(found)


def renamed(request: Request, drawn: random.Random) -> Request:
    """The request with odd names wherever it has names."""
    classes = names_drawn(drawn, 3, empty=True)
    changes: dict = {"data": dataclasses.replace(request.data, classes=classes)}
    own = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    if own.get("attribute"):
        several = isinstance(own["attribute"], tuple)
        changes["attribute"] = names_drawn(drawn, 1 if own.get("simplex") is None else 3)
        changes["attribute"] = changes["attribute"] if several else changes["attribute"][0]
    weights = [Irfil(iterations=3, min_weight=0.125, attribute=names_drawn(drawn, 2))]
    weights += [Dropping(k=2, attribute=names_drawn(drawn, 2))]
    if "weights" in own:
        changes["weights"] = weights[0]
    elif isinstance(request, ModelRequest) and not request.starts_equally:
        changes["model"] = dataclasses.replace(request.model, weights=drawn.choice(weights))
    return dataclasses.replace(request, **changes)


def asked(line: str) -> Request:
    """The request of a command line, which is not answered."""
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "fil_core"]
    options = options_of(words[3:])
    return Command(options).request(meant(by_command()[words[3]], options).request)


EVERY = [
    pytest.param(one, id=f"{of}: {name}")
    for of, some in REQUESTS.items()
    for name, one in some.items()
    if one.names_data
]


@pytest.mark.parametrize("request_", EVERY)
def test_any_names_come_back_from_the_line_that_reproduces(request_, make_dataset, monkeypatch):
    monkeypatch.chdir("/")  # where no file is called as an attribute
    for seed in range(REDRAWN):
        drawn = random.Random(seed)
        data = make_dataset(n=60)
        ids = np.array(sorted(names_drawn(drawn, 60, empty=True), key=lambda _: drawn.random()))
        data = dataclasses.replace(data, id_names=ids, ids=np.arange(60))
        monkeypatch.setattr(Engine, "dataset", lambda *_, data=data: data)
        request = renamed(request_, drawn)
        assert asked(reproduce.command(request, data)) == request


@pytest.mark.parametrize("seed", range(60))
def test_any_columns_come_back_from_the_line_that_reproduces_own_data(seed, monkeypatch):
    drawn = random.Random(seed)
    names = iter(names_drawn(drawn, 10))
    chosen = Choices(
        target=next(names), id=next(names), sensitive=(next(names), next(names)), left_out=(next(names), next(names)),
        categorical=(next(names),), missing_texts=drawn.choice([None, (), ("NA",), (next(names), next(names))]),
        decimal=drawn.choice([".", ","]), thousands=drawn.choice(["", " ", "'"]),
        test_fraction=drawn.choice([None, 0.0, 1 / 3, 0.123456789012]), image_size=drawn.choice([None, (3, 40)]),
        missing=drawn.choice(["refuse", "drop"]), dates=drawn.choice(["refuse", "days"]),
        task=drawn.choice(["auto", "regression"]),
    )  # fmt: skip
    title = f"{next(names)}.csv".replace("/", "")
    monkeypatch.setattr(register, "find", lambda _: SimpleNamespace(choices=chosen, title=title))
    first = next(iter(REQUESTS["fil"].values()))
    request = dataclasses.replace(first, data=dataclasses.replace(first.data, name=f"{register.PREFIX}x-0"))
    words = shlex.split(reproduce.command(request))
    options = options_of(words[3:])
    assert choices(options) == chosen and options.data == f"./{title}"


def test_simple_names_are_written_as_ever():
    assert typed("classes", write_names(("3", "8"))) == "--classes 3,8"
    assert write_names(("", "a,b")) == '"","a,b"' and read_names('"","a,b"') == ("", "a,b")


@pytest.mark.parametrize(("value", "classes"), [("-1,1", ("-1", "1")), ("-a", ("-a",)), ("-,x", ("-", "x"))])
def test_values_that_begin_with_a_dash_need_no_sign_of_equality(value, classes):
    assert options_of(["fil", "--classes", value]).classes == classes
    assert options_of(["fil", f"--classes={value}"]).classes == classes


def test_the_classes_that_an_error_suggests_are_those_of_the_data(make_dataset):
    data = dataclasses.replace(make_dataset(classes=3), class_names=("a,b", "-c", "d"))
    with pytest.raises(BadRequest) as refused:
        check_task(ModelSpec(kind="logistic"), data)
    suggested = str(refused.value).partition("two of them (")[2].partition(").")[0]
    assert options_of(["fil", *shlex.split(suggested)]).classes == ("a,b", "-c")


# --- what a terminal is shown ---------------------------------------------------------------------------------------


def test_what_a_terminal_would_obey_is_escaped():
    raw = "\x1b[2J\n\r\t\x00\x7f\x9b\u202e\u2066\u200b\ud800é漢 \\"
    assert visible(raw) == "\\x1b[2J\\n\\r\\t\\x00\\x7f\\x9b\\u202e\\u2066\\u200b\\ud800é漢 \\"
    assert visible_lines("a\nb\rc") == "a\nb\\rc"


def harmless(*said: str) -> bool:
    return all(c == "\n" or c.isprintable() for text in said for c in text)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fil"], 0), (["example", "--example", f"P{TRAINED}"], 0), (["fil", "--attribute", f"none{ESC}"], 2),
        (["fil", "--scores", f"no{ESC}.csv"], 2), (["fil", "--weights", f"no{ESC}\n.csv"], 2),
        (["fil", "--classes", f"a{ESC},b\n"], 2), (["example", "--example", f"P{ESC}"], 2), (["fil", f"--x{ESC}"], 2),
        (["fil", "--id", f"\u202e{ESC}"], 2), (["fil", "--out", f"/no{ESC}/\n/x.csv"], 2),
        (["fil", "--data-dir", f"x{ESC}", "--data", "mnist"], 2), (["fil", f"\u202e{ESC}\n"], 2),
    ],
)  # fmt: skip
def test_names_of_files_and_options_are_escaped_in_all_that_is_said(arguments, code, run, tmp_path, monkeypatch):
    path = tmp_path / f"p{ESC}\nfil_core: done.csv"
    path.write_bytes(csv(table().assign(who=[f"P{i}" for i in range(40)])))
    command, *more = arguments
    own = ["--data", path, "--target", "ill", "--id", "who", "--l2", "0.02", "--model", "logistic"]
    found, out, err = run(command, *own, *more)
    assert found == code and out + err and harmless(out, err)
    assert sum(said.startswith("fil_core: ") for said in (out + err).splitlines()) == (code != 0)
    assert ESC not in out + err and "Traceback" not in err


def test_a_file_that_cannot_be_read_is_named_in_one_line(run, tmp_path):
    path = tmp_path / f"p{ESC}\nfil_core: done.csv"
    path.write_bytes(b"a\n1\n")
    code, out, err = run("fil", "--data", path, "--target", "a")
    assert code == 2 and harmless(out, err) and len(err.splitlines()) == 1 and "\\n" in err


def test_json_has_the_names_as_they_are(run, tmp_path):
    path, frame = tmp_path / "p.csv", table()
    path.write_bytes(csv(frame.assign(ill=frame["ill"].map({"yes": 'y"e\\s', "no": "n\\no"}))))
    own = ["--data", path, "--target", "ill", "--l2", "0.02"]
    code, out, err = run("example", *own, "--example", TRAINED, "--json")
    assert code == 0, err
    assert json.loads(out)["label"] in ('y"e\\s', "n\\no") and harmless(out)


def test_only_one_module_of_the_command_line_prints():
    folder = Path(os.fspath(fil_core.cli.__path__[0]))
    for path in [*folder.glob("*.py"), folder.parent / "__main__.py"]:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert path.name == "terminal.py" or not prints, path
