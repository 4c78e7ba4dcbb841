"""Odd values for every option of every command end in one line and exit 2, never in a traceback."""

from __future__ import annotations

import argparse
import functools
import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest
from file_parts import csv, table

from fil_core.analyses.table import analysis_of
from fil_core.cli import program
from fil_core.cli.program import parser
from fil_core.engine import Engine

HUGE = "9" * 400
NO_NUMBER = ["1e309", "nan", "-inf", "", " ", ",", "1,,2", HUGE, "9" * 5000, f"1,{HUGE}", "0x10", "²", "\0", "\ud800"]
ODD = [*NO_NUMBER, "none", "none,1", "-1", "--", "~nosuch/x.csv", "a" * 5000, "/" * 5000, "x\0.csv", "\x1b[2J", '"']
ODD += ['""', "=", "1e9", "a,b"]
NUMBERS = {"N", "X", "X,Y", "I,J", "F", "K", "ID", "ID,ID"}  # placeholders of options that take numbers
DRAWN = 7  # values for each option that takes texts
NEEDED = {
    "attack-reconstruct": ["--ids", "5"], "example": ["--example", "5"], "attack-attribute": ["--attribute", "sex"],
    "report": ["--out", "r.html"],
}  # fmt: skip


class Reached(Exception):
    """A command that would begin to compute."""


@pytest.fixture
def called(run, monkeypatch, tmp_path):
    """A command that checks everything and computes nothing: its exit code (None for one that would), and stderr."""
    real, datasets = Engine.dataset, {}

    def dataset(engine, spec, progress=None):
        if spec not in datasets:
            datasets[spec] = real(engine, spec, progress)
        return datasets[spec]

    def compute(engine, request, progress=None, **_):
        request, data, *_ = engine._prepare(request, progress)
        analysis_of(request).check(request, data)
        raise Reached

    monkeypatch.setattr(Engine, "dataset", dataset)
    monkeypatch.setattr(Engine, "compute", compute)
    monkeypatch.setattr(Engine, "find", lambda *_: None)
    monkeypatch.setattr(program, "parser", functools.cache(parser))  # half of the time of thousands of calls
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        try:
            code, _, err = run(*arguments)
        except Reached:
            return None, ""
        return code, err

    return call


def commands() -> dict[str, argparse.ArgumentParser]:
    found = parser()
    return next(action.choices for action in found._actions if isinstance(action, argparse._SubParsersAction))


def options(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those that take a value."""
    return [action for action in command._actions if action.option_strings and action.nargs != 0]


def is_refused(code: int | None, err: str) -> bool:
    own = [line for line in err.splitlines() if line.startswith("fil_core: ")]
    return code == 2 and len(own) == 1 and err.endswith(f"{own[0]}\n") and len(own[0]) < 3000 and "Traceback" not in err


@pytest.mark.parametrize("name", commands())
def test_odd_values_are_refused_in_one_line(name, called):
    drawn = random.Random(name)
    base = [name, *([] if name == "data" else ["--data", "diabetes"]), *NEEDED.get(name, [])]
    shared = {option.option_strings[0] for option in options(commands()["fil"])} if name != "fil" else set()
    for option in options(commands()[name]):
        flag = option.option_strings[0]
        number = option.metavar in NUMBERS
        values = NO_NUMBER if number else drawn.sample(ODD, DRAWN)
        for value in drawn.sample(values, 2) if flag in shared else values:
            code, err = called(*base, f"{flag}={value}")
            allowed = not number and code in (None, 0)  # a text that may well be meant
            assert allowed or is_refused(code, err), (flag, value[:40], code, err[-500:])


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--data", f"synthetic:{size}") for size in (f"{HUGE}x3", f"3x{HUGE}", "0x0", "-1x3", "3", "1e5x3", "x")),
        *(("--data", name) for name in ("own:", "own:x", f"own:{HUGE}", "own:../x-0123456789abcdef", "no\0")),
        *(("--weights", f"drop:{k}") for k in (HUGE, "9" * 5000, "nan", "1e5", "", "1:2")),
        *(("--weights", f"irfil:{rest}") for rest in (f"sample:{HUGE}", "x", "sample:5:min=nan", "sample:5:max=1e309")),
        *(("--weights", f"irfil:sample:5:{rest}") for rest in ("spread=", "min=50%", "=", "min=0.5:min=0.5")),
        ("--weights", f"given:{HUGE}"), ("--weights", "given:"), ("--weights", "x:y"),
    ],
)  # fmt: skip
def test_odd_values_within_a_text_are_refused_in_one_line(flag, value, called):
    code, err = called("fil", "--data", "diabetes", f"{flag}={value}")
    assert is_refused(code, err), (code, err[-300:])


@pytest.mark.parametrize("flag", ["--target", "--leave-out", "--id", "--classes", "--out", "--workers", "--pca"])
def test_odd_values_are_refused_in_blocks(flag, called, tmp_path):
    np.save(tmp_path / "m.npy", np.eye(40)[:, :5])
    for value in ODD:
        if flag == "--id" and not value:
            continue
        code, err = called("fil", "--data", "m.npy", "--in-blocks", "--target", "1", f"{flag}={value}")
        assert is_refused(code, err) or (code == 0 and value == "1e9"), (value[:40], code, err[-500:])


PATHS = ["~nosuch/x", "x\0", "a" * 300, "d/" * 2100 + "x", "\ud800", "missing/x", "file.csv/x"]


@pytest.mark.parametrize("path", PATHS, ids=[str(i) for i in range(len(PATHS))])
@pytest.mark.parametrize(
    ("option", "suffix"),
    [("--data", ".csv"), ("--out", ".csv"), ("--weights", ".csv"), ("--parameters", ".npz"), ("--scores", ".csv"),
     ("--data-dir", "")],
)  # fmt: skip
def test_paths_that_are_none_are_refused_in_one_line(path, option, suffix, called, tmp_path):
    (tmp_path / "file.csv").write_bytes(csv(table()))
    data = ["--data", "mnist" if option == "--data-dir" else "diabetes"]
    code, err = called("fil", *data, f"{option}={path}{suffix}")
    assert is_refused(code, err), err


@pytest.mark.parametrize("option", ["--data", "--weights", "--scores", "--parameters"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_only_files_are_read(kind, option, called, tmp_path):
    path = tmp_path / ("x.npz" if option == "--parameters" else "x.csv")
    if kind == "pipe":
        os.mkfifo(path)  # reading it would wait for ever
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
    else:
        path.symlink_to("/dev/zero")
    code, err = called("fil", "--data", "diabetes", option, path)
    assert is_refused(code, err), err


def test_a_file_that_may_not_be_read_is_refused(called, tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_bytes(csv(table()))
    real = Path.open

    def closed(self, *arguments, **more):
        if self.name == "x.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", closed)
    code, err = called("fil", "--data", path, "--target", "ill")
    assert is_refused(code, err) and "Permission denied" in err


def test_ids_of_hundreds_of_digits_are_no_examples(called, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(csv(table().assign(who=[f"P{i}" for i in range(40)])))
    own = ["--data", path, "--target", "ill", "--id", "who", "--l2", "0.1"]
    for command in (["attack-reconstruct", "--ids"], ["release", "--ids"], ["example", "--example"]):
        for written in (HUGE, f"row:{HUGE}", "none", "9" * 5000, "row:", "row:-1", "row:1e5"):
            for data in (own, ["--data", "diabetes"]):
                code, err = called(command[0], *data, command[1], written)
                assert is_refused(code, err) or (command[0], written, code) == ("release", "none", None), (written, err)
