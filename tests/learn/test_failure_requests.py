"""Failure modes as requests: what is refused, what is said at every strength, and what is drawn."""

from __future__ import annotations

import dataclasses
import json
import shlex

import numpy as np
import pytest

from fil_core.analyses.failure.request import FailureRequest
from fil_core.analyses.subject import subject
from fil_core.analyses.table import analysis_of
from fil_core.cli import program
from fil_core.cli.command import Command
from fil_core.cli.commands import by_command, meant
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest
from fil_core.learn.failures import BY_NAME, FAILURES
from fil_core.learn.mode import options
from fil_core.specs import DataSpec


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return Engine(Store(tmp_path_factory.mktemp("failures")))


def strengths(mode):
    return sorted({mode.strength.least, mode.strength.default, mode.strength.most})


EACH = [pytest.param(mode, at, id=f"{mode.name} {at:g}") for mode in FAILURES for at in strengths(mode)]


@pytest.mark.parametrize(("mode", "at"), EACH)
def test_something_is_said_and_drawn_at_every_strength(mode, at, engine):
    request = FailureRequest(data=mode.data, mode=mode.name, strength=at)
    about = subject(request, engine.get(request), engine.dataset, redact=False, top=5)
    analysis = analysis_of(request)
    said = analysis.sentence(about, str)
    assert "nan" not in said and "inf" not in said.replace("infl", "") and said.endswith(mode.instead)
    values = about.result.summary
    assert not [name for name, value in values.items() if isinstance(value, float) and np.isinf(value)]
    drawn = analysis.figures(about)
    assert all(one.figure.data for one in drawn)
    finite = about.result.table["eta_other"].dropna()
    if len(finite):  # the points of the scatter are those of the table
        xs = np.concatenate([np.asarray(trace.x, dtype=float) for trace in drawn[0].figure.data[1:]])
        ys = np.concatenate([np.asarray(trace.y, dtype=float) for trace in drawn[0].figure.data[1:]])
        assert sorted(ys) == pytest.approx(sorted(finite)) and len(xs) == len(finite)


def test_lines_are_drawn_from_the_arrays_of_the_answer(engine):
    for mode in FAILURES:
        if mode.lines is not None:
            result = engine.get(FailureRequest(data=mode.data, mode=mode.name))
            assert {mode.lines.x[0], *mode.lines.curves} <= set(result.arrays)
            assert len({len(result.arrays[name]) for name in (mode.lines.x[0], *mode.lines.curves)}) == 1


@pytest.mark.parametrize(
    ("name", "data", "got"),
    [
        ("label-coding", DataSpec(name="digits"), "10 classes"),
        ("target-scaling", DataSpec(name="digits", classes=("5", "8")), "2 classes"),
        ("softmax-labels", DataSpec(name="diabetes"), "real-valued"),
        ("preprocessing", DataSpec(name="breast-cancer"), "not divided"),
        ("indefinite", DataSpec(name="diabetes"), "353|442"),
    ],
)
def test_data_that_a_mode_cannot_use_are_refused_with_those_it_can(name, data, got, engine):
    with pytest.raises(BadData, match=f"got .*({got})") as refused:
        engine.get(FailureRequest(data=data, mode=name))
    words = str(refused.value)
    assert words.endswith(f"Type {options(BY_NAME[name].data)}.")


def test_sentences_have_no_features():
    with pytest.raises(BadData, match="got Grammar with sentences"):
        BY_NAME["duplicates"].check(load(DataSpec(name="grammar:40")))


def test_few_rows_and_ties_are_refused_or_said(engine):
    with pytest.raises(BadData, match="3 rows or more; got"):
        engine.get(FailureRequest(data=DataSpec(name="points:line:1,1;2,2"), mode="duplicates"))
    square = DataSpec(name="points:classes:0,0;0,1;1,0;1,1")
    request = FailureRequest(data=square, mode="constant-column")  # all residuals are 1/2
    about = subject(request, engine.get(request), engine.dataset, redact=False, top=5)
    assert "(all are equal)" in analysis_of(request).sentence(about, str)
    alone = FailureRequest(data=DataSpec(name="points:classes:0,0;5,1;6,1"), mode="saturated")
    assert engine.get(alone).summary["record"] in (1, 2)  # without example 0 its class would be empty


def test_the_refusal_can_be_typed():
    for mode in FAILURES:
        words = ["failure", "--mode", mode.name, *shlex.split(options(mode.data))]
        parsed = program.parser().parse_args(words)
        request = Command(parsed).request(meant(by_command()["failure"], parsed).request)
        assert request == FailureRequest(data=mode.data, mode=mode.name)
        mode.check(load(mode.data))


@pytest.mark.parametrize(("name", "strength"), [("duplicates", 2.5), ("duplicates", 0), ("label-coding", 1.5)])
def test_a_strength_out_of_range_is_refused(name, strength):
    with pytest.raises(BadRequest, match="strength: expected .* from .* to"):
        FailureRequest(mode=name, strength=strength)


def test_the_default_strength_has_one_spelling():
    for mode in FAILURES:
        assert FailureRequest(mode=mode.name) == FailureRequest(mode=mode.name, strength=mode.strength.default)
        choices = mode.strength.choices()
        assert {mode.strength.least, mode.strength.default, mode.strength.most} <= set(choices)
        assert all(map(mode.strength.takes, choices)) and len(choices) <= 101


def test_redacted_no_class_is_named(engine):
    request = FailureRequest(data=DataSpec(name="digits", classes=("5", "8")))
    about = subject(request, engine.get(request), engine.dataset, redact=True, top=5)
    said = analysis_of(request).sentence(about, str)
    assert "fed as other numbers" in said and "fed as 5 and 8" not in said
    plain = dataclasses.replace(about, redact=False)
    assert "fed as 5 and 8" in analysis_of(request).sentence(plain, str)


def test_the_command_prints_its_numbers(run):
    code, out, err = run("failure", "--mode", "duplicates", "--data", "toy-classes", "--strength", "10", "--json")
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert (found["rank_together"], found["rank_one"], found["n"]) == (1, 11, 11)
    code, _, err = run("failure", "--mode", "duplicates", "--strength", "0.5")
    assert code == 2 and "expected a whole number from 1 to 100" in err
