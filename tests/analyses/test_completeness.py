"""Every entry of the table of analyses is whole: nothing has to be remembered when a new one moves in."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import shlex
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from plotly.offline import get_plotlyjs

import fil_core.analyses
from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.neighbours.request import NeighboursRequest
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.analyses.reproduce import command
from fil_core.analyses.sharing import shareable
from fil_core.analyses.subject import Subject, subject
from fil_core.analyses.table import ANALYSES, analysis_of, request_of
from fil_core.cli import program as command_line
from fil_core.cli.command import Command
from fil_core.cli.commands import asked_by, by_command, meant, reported
from fil_core.data.own import Choices, add
from fil_core.data.own.register import remove
from fil_core.display import html
from fil_core.display.redaction import MASK
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import FilError
from fil_core.report import report
from fil_core.result import Result
from fil_core.specs import DataSpec, KernelRequest, ModelRequest, ModelSpec, NetworkRequest, Request, canonical, plain
from fil_core.specs.options import places
from fil_core.specs.targets import parts_of
from pages.common.site import MOVED, PAGES, page_of
from tests.analyses.example_requests import REQUESTS, keep_uploads

FOLDER = Path(fil_core.analyses.__file__).parent
BY_NAME = {analysis.name: analysis for analysis in ANALYSES}
NAMES = list(BY_NAME)
MEDIAN = 7351.5  # of a column with values missing
BIRDS = ("QUAIL", "RAVEN", "HERON", "EGRET", "OSPREY", "STORK", "IBIS")
EACH = [pytest.param(one, id=f"{of}: {name}") for of, some in REQUESTS.items() for name, one in some.items()]


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    store = Store(tmp_path_factory.mktemp("answers"))
    keep_uploads(store)
    return Engine(store)


@pytest.fixture(scope="module")
def about(engine):
    """A request with its answer and its data, as a section of a report takes it."""

    def of(request: Request, *, redact: bool = False) -> Subject:
        return subject(request, engine.get(request), engine.dataset, redact=redact, top=5)

    return of


def test_every_folder_is_in_the_table_and_has_examples():
    folders = {path.parent.name for path in FOLDER.glob("*/request.py")}
    assert folders == {analysis.request.__module__.split(".")[2] for analysis in ANALYSES}
    assert set(REQUESTS) == set(NAMES) and all(REQUESTS.values())


def test_names_commands_and_types_are_each_used_once():
    for field in ("name", "request"):
        values = [getattr(analysis, field) for analysis in ANALYSES]
        assert len(set(values)) == len(values), field
    for called, some in by_command().items():  # several may share theirs, where options tell which is meant
        if len(some) > 1:
            fields = {one.name: {place.option.flag: place.option for place in places(one.request)} for one in some}
            for flag, asked in asked_by(some).items():
                assert [name for name, own in fields.items() if flag in own] == [asked.name], called
                assert fields[asked.name][flag].always, called  # so that the line that reproduces a result says it


@pytest.mark.parametrize("request_", EACH)
def test_a_request_survives_as_plain_values(request_):
    assert request_of(json.loads(json.dumps(plain(request_)))) == request_
    elsewhere = dataclasses.replace(request_, device="cpu", data=dataclasses.replace(request_.data, data_dir="/x"))
    assert canonical(elsewhere) == canonical(request_)
    assert request_of(json.loads(json.dumps(canonical(elsewhere)))) == request_
    assert analysis_of(request_).request is type(request_)


@pytest.mark.parametrize("request_", EACH)
def test_every_column_of_the_table_is_in_the_entry(request_, engine):
    analysis, table = analysis_of(request_), engine.get(request_).table
    unknown = [name for name in table.columns if analysis.column(name) is None]
    assert not unknown
    missing = [
        column.name
        for column in analysis.columns
        if column.always and not any(column.names(name) for name in table.columns)
    ]
    assert not missing


@pytest.mark.parametrize("request_", EACH)
def test_a_row_of_an_example_is_under_its_id(request_, engine):
    analysis, table, data = analysis_of(request_), engine.get(request_).table, engine.dataset(request_.data)
    if "every training example" in analysis.row or "per training example" in analysis.row:
        assert table.index.name == "id" and list(table.index) == list(data.ids)
        assert table.get("label", pd.Series(data.labels)).tolist() == data.labels.tolist()
    elif table.index.name == "id":
        assert set(table.index) <= set(data.ids)
    ids = {name for name in table if (column := analysis.column(name)) is not None and column.names_examples}
    assert all(set(table[name]) <= {-1, *data.ids} for name in ids)


@pytest.mark.parametrize("name", NAMES)
def test_no_column_of_an_entry_is_invented(name, engine):
    seen = [set(engine.get(request).table.columns) for request in REQUESTS[name].values()]
    columns = set(itertools.chain(*seen))
    never = [c.name for c in BY_NAME[name].columns if c.always and not any(c.names(column) for column in columns)]
    assert not never
    for column in BY_NAME[name].columns:
        assert column.title and column.says and column.more in (-1, 0, 1)


@pytest.mark.parametrize("request_", EACH)
def test_the_answer_is_said_drawn_and_reported(request_, about, engine):
    analysis, one = analysis_of(request_), about(request_)
    said = analysis.sentence(one, html.quoted)
    assert said.strip().endswith(".") and any(character.isdigit() for character in said)
    for drawn in analysis.figures(one):
        assert drawn.title and drawn.alt and isinstance(drawn.figure, go.Figure)
    section = analysis.section(one)
    assert html.sentence(said) in section
    for drawn in analysis.figures(one):
        assert html.escape(drawn.title) in section


@pytest.mark.parametrize("request_", EACH)
def test_redaction_hides_what_the_columns_say_it_must(request_, about, engine):
    analysis, result = analysis_of(request_), engine.get(request_)
    shown = shareable(analysis, result.table, request_.weighting)
    revealing = analysis.revealing(list(result.table.columns), "label", "value", "weight")
    assert set(revealing) & set(shown.columns) <= {"label"}
    assert "label" not in shown or set(shown["label"]) <= {MASK}
    assert analysis.section(about(request_, redact=True))


@pytest.fixture
def birds(tmp_path) -> DataSpec:
    """Rows whose classes and levels are words that no sentence has of itself."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(90, 5)), columns=["bmi", *"abcd"])
    table["sex"], table["attribute"] = rng.choice(["QUAIL", "RAVEN"], 90), rng.choice(["HERON", "EGRET", "OSPREY"], 90)
    table["kind"] = np.where(table["a"] + rng.normal(size=90) > 0, "STORK", "IBIS")
    table["ring"] = np.where(np.arange(90) % 9, MEDIAN, rng.normal(size=90)).round(2)
    table.loc[:4, "ring"] = np.nan
    table.to_csv(tmp_path / "birds.csv", index=False)
    choices = Choices(target="kind", sensitive=("sex",), test_fraction=0.2, missing="fill")
    return DataSpec(name=add(tmp_path / "birds.csv", choices).name)


def with_classes(request: Request) -> bool:
    if request.reads_text or isinstance(request, PullbackRequest | PixelFitRequest):  # of pictures behind features
        return False
    if isinstance(request, KernelRequest):
        return not request.kernel.convolutional and not named(request)
    if not isinstance(request, ModelRequest):
        of_features = isinstance(request, NetworkRequest) and not request.reads_text
        return isinstance(request, NeighboursRequest) or (of_features and not named(request))
    return (request.model.kind != "least-squares" or bool(request.at_risk)) and not named(request)


def named(request: ModelRequest | NetworkRequest | KernelRequest) -> bool:
    """Whether it names examples or a class, which other data do not have."""
    if request.outside is not None:
        return True
    written = [getattr(request, name, None) for name in ("target", "queries")]  # a landscape has a number of queries
    if any(isinstance(text, str) and parts_of(text)[0] in ("id", "ids", "class") for text in written):
        return True
    return any(place.option.kind.examples and place.value(request) for place in places(type(request)))


@pytest.mark.parametrize("request_", [one for one in EACH if with_classes(one.values[0])])
def test_nothing_redacted_says_a_class_or_a_level(request_, about, birds):
    request = dataclasses.replace(request_, data=birds, **({"simplex": False} if hasattr(request_, "simplex") else {}))
    one = about(request, redact=True)
    written = report([(request, one.result)], lambda _: one.data, redact=True, written=datetime.now(UTC))
    written = written.replace(get_plotlyjs(), "")
    said = everything(one) + written
    assert not [name for name in BIRDS if name in said]
    assert f"{MEDIAN:g}" not in written and "Baseline level of sex: •••" in written


def test_a_redacted_report_about_components_or_chosen_classes_says_no_level(engine, birds):
    fil = dataclasses.replace(REQUESTS["fil"]["logistic"], attribute=())
    for data in (
        dataclasses.replace(birds, pca=3),
        dataclasses.replace(birds, classes=("STORK", "IBIS")),
    ):
        request = dataclasses.replace(fil, data=data)
        pairs = [(request, engine.get(request))]
        said = report(pairs, engine.dataset, redact=True, written=datetime.now(UTC)).replace(get_plotlyjs(), "")
        assert not [name for name in (*BIRDS, f"{MEDIAN:g}") if name in said]
        plain = report(pairs, engine.dataset, redact=False, written=datetime.now(UTC))
        assert f"median {MEDIAN:g}" in plain and "RAVEN" in plain


def test_notes_about_data_that_are_gone_are_not_shown_redacted(engine, birds):
    request = dataclasses.replace(REQUESTS["fil"]["logistic"], data=birds, attribute=())
    result = engine.get(request)
    remove(birds.name)
    said = report([(request, result)], Engine(engine.store).dataset, redact=True, written=datetime.now(UTC))
    assert not [name for name in BIRDS if name in said.replace(get_plotlyjs(), "")]


def test_a_table_unredacted_says_classes(about, birds):
    fil = dataclasses.replace(REQUESTS["fil"]["logistic"], data=birds)
    assert {"STORK", "IBIS", "QUAIL", "RAVEN"} <= {name for name in BIRDS if name in everything(about(fil))}


def everything(subject: Subject) -> str:
    """All that a section of a report and a page say of a result."""
    analysis = analysis_of(subject.request)
    figures = [f"{one.title} {one.alt} {one.figure.to_json()}" for one in analysis.figures(subject)]
    return " ".join([analysis.sentence(subject, html.quoted), *figures, analysis.section(subject)])


@pytest.mark.parametrize("request_", EACH)
def test_there_is_a_cost_for_every_size(request_, engine):
    in_parts = bool(analysis_of(request_).parts.of(request_, engine.dataset(request_.data), {}))

    def cost(n: int, d: int, classes: int) -> Cost:
        return analysis_of(request_).cost(request_, Sizes(n, d, classes, lambda attribute, bins: bins or 3))

    for n, d, classes in itertools.product((1, 353, 10**7), (1, 784, 10**5), (0, 2, 1000)):
        here = cost(n, d, classes)
        assert all(value >= 0 and math.isfinite(value) for value in dataclasses.astuple(here))
        if not in_parts:  # what parts cost is theirs
            assert here.operations >= n * d and here.values > 0  # every example is read at least once
        for larger in (cost(2 * n, d, classes), cost(n, 2 * d, classes)):
            assert larger.operations >= here.operations and larger.values >= here.values


def parsed(line: str) -> Request:
    """The request that a command line asks, without answering it."""
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "fil_core"]
    options = command_line.parser().parse_args(words[3:])
    return Command(options).request(meant(by_command()[words[3]], options).request)


@pytest.mark.parametrize("request_", EACH)
def test_the_line_that_reproduces_a_result_asks_the_same(request_):
    assert parsed(command(request_)) == request_


ODD = ["a,b", "c", "-1", "- x", 'say "hi"', " edges ", "ünï", "$HOME", "'", "a\nb", "none", "--out", "1", "=", "\\"]


def survives(names: tuple[str, ...]) -> bool:
    fil = REQUESTS["fil"]["regression"]
    data = dataclasses.replace(fil.data, classes=names)
    request = dataclasses.replace(fil, data=data, attribute=names, model=ModelSpec(l2=1e-5))
    return parsed(command(request)) == request


@pytest.mark.parametrize("name", ODD, ids=repr)
def test_odd_names_survive_the_command_line(name):
    assert survives((name, "plain")) and survives(("plain", name)) and survives((name, f"{name}{name}"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.lists(strategies.text(min_size=1).filter(str.strip), min_size=2, max_size=4, unique=True))
def test_any_names_survive_the_command_line(names):
    assert survives(tuple(names))


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_the_same_result_to_the_last_bit(name, engine, run, tmp_path, monkeypatch):
    request, analysis = next(iter(REQUESTS[name].values())), BY_NAME[name]
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "another"))
    keep_uploads(Store())
    words = shlex.split(command(request))[3:]
    words = words[: words.index("--out")] if "--out" in words else words
    code, out, err = run(*words, "--json", *(["--out", tmp_path / "x.parquet"] if analysis.columns else []))
    assert code == 0, err
    expected, again = engine.get(request), Engine().find(request)
    assert again is not None
    pd.testing.assert_frame_equal(again.table, expected.table, check_exact=True)
    assert all((again.arrays[key] == array).all() for key, array in expected.arrays.items() if array.dtype.kind != "f")
    assert all(again.arrays[key].tobytes() == array.tobytes() for key, array in expected.arrays.items())
    line, words = reported(analysis, request, expected)
    assert words and set(line) <= set(json.loads(out.splitlines()[-1]))
    if analysis.columns:
        assert len(pd.read_parquet(tmp_path / "x.parquet")) == len(expected.table)


def test_every_analysis_is_claimed_by_one_page_of_the_table():
    claimed = [name for page in PAGES for name in page.shows]
    assert sorted(claimed) == sorted(NAMES)
    for page in PAGES:
        assert Path(page.path).is_file() and page.title and page.says and page.group
        for name, shows in page.shows.items():
            fields = {place.path[-1] for place in places(BY_NAME[name].request)}
            assert set(shows.chosen_there) | set(shows.one_of) <= fields
    assert set(MOVED.values()) <= {page.path for page in PAGES}
    assert page_of("nothing of that name") is None


@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_options_and_links_are_each_used_once(name):
    found = [place.option for place in places(BY_NAME[name].request)]
    for names in ([option.flag for option in found], [option.link for option in found if option.link]):
        assert len(set(names)) == len(names)
    assert all(option.help for option in found)


def test_a_report_holds_all_of_them(engine):
    pairs = [(one, engine.get(one)) for some in REQUESTS.values() for one in list(some.values())[:1]]
    content = report(pairs, engine.dataset, redact=False, written=datetime.now(UTC))
    for analysis in ANALYSES:
        assert html.escape(analysis.title) in content


def test_what_is_not_in_the_table_is_refused_in_words(engine):
    class Stranger(Request):
        pass

    with pytest.raises(FilError, match="expected one of FilRequest"):
        engine.get(Stranger())
    with pytest.raises(FilError, match="expected the fields of a request"):
        request_of({"type": "StrangerRequest"})
    assert isinstance(engine.get(REQUESTS["fil"]["regression"]), Result)
