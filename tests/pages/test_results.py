"""The Results page: stored results and their actions, running and ended jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import (
    AttributeRequest,
    BadRequest,
    DataSpec,
    Engine,
    ExampleRequest,
    FilRequest,
    Irfil,
    IrfilRequest,
    ModelSpec,
    NeighboursRequest,
    ReconstructionRequest,
    ReleaseRequest,
    Result,
    Store,
    specs,
)
from fil_core.analyses.architectures.request import ArchitecturesRequest
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.failure.request import FailureRequest
from fil_core.analyses.fil.request import FilRowsRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.analyses.ladder.request import LadderRequest
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.mia.request import MiaRequest
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.analyses.network_audit.request import NetworkAuditRequest
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.network_ladder.request import NetworkLadderRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.ood.request import OodRequest
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.analyses.overfit.request import OverfitRequest
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.analyses.pullback_example.request import PullbackExampleRequest
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.analyses.signals_mia.request import SignalsMiaRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.analyses.table import analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.data.own import Choices, register
from fil_core.engine import uploads
from fil_core.engine.jobs.job import Job, State
from fil_core.engine.store import Entry
from fil_core.specs import AttackSpec, AuditSpec, EnsembleSpec, KernelSpec, NetworkSpec
from fil_core.specs.outside import OutsideSpec
from fil_core.specs.weights import Dropping
from pages.common import compute, job_status
from pages.common.site import PAGES
from pages.views.results import actions as results_actions
from pages.views.results import open as results_open
from pages.views.results import table as results_table
from tests.analyses.example_requests import TWO_DIGITS, keep_uploads, signals

RESULTS = "pages/results.py"
DIGITS = {"data": DataSpec(name="digits", classes=("3", "8")), "model": ModelSpec(kind="logistic", l2=1e-3)}
FEW, SMALL = DataSpec(name="digits", classes=("3", "8"), subset=60), {"width": 16, "lr": 0.05}
DIABETES = {"data": DataSpec(name="diabetes"), "model": ModelSpec(l2=1e-2)}
SYNTHETIC = {"data": DataSpec(name="synthetic"), "model": ModelSpec(l2=1e-2)}


def job(id: str, state: State, title: str = "Digits", **more: object) -> Job:
    return Job(id, title, (FilRequest(**DIGITS),), state, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), **more)


class Jobs:
    """Stands in for the server's jobs: a list, and what was asked of it."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs, self.asked, self.refuse = list(jobs), [], ""
        self.memory_limit, self.seconds = 2**40, 3600.0

    def all(self) -> list[Job]:
        return list(self.jobs)

    def find(self, requests: object) -> Job | None:
        return None

    latest = find

    def cancel(self, id: str) -> None:
        self.asked.append(("cancel", id))
        self.jobs = [dataclasses.replace(j, state="cancelled") if j.id == id else j for j in self.jobs]

    def forget(self, id: str) -> None:
        self.asked.append(("forget", id))
        self.jobs = [j for j in self.jobs if j.id != id]

    def submit(self, requests: object, *, title: str) -> None:
        if self.refuse:
            raise BadRequest(self.refuse)
        self.asked.append(("submit", title))


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    found = Jobs()
    monkeypatch.setattr(compute, "jobs", lambda: found, raising=False)
    return found


class Ticks:
    """Which rows are ticked: a browser's click, which this harness has none of."""

    def __init__(self) -> None:
        self.wanted: Callable[[results_table.Stored], bool] = lambda run: False

    def only(self, *analyses: str, data: str = "") -> None:
        self.wanted = lambda run: run.entry.analysis in analyses and data in run.entry.title

    def __call__(self, runs: list[results_table.Stored]) -> list[results_table.Stored]:
        return [run for run in runs if self.wanted(run)]


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    found = Ticks()
    monkeypatch.setattr(results_table, "selected", found)
    return found


def shown(at: AppTest) -> pd.DataFrame:
    return next(d.value for d in at.dataframe if "analysis" in d.value)


# --- what is stored ---------------------------------------------------------------------------------------------------


def test_an_empty_store_says_what_will_be_here() -> None:
    at = app(RESULTS)
    assert not at.exception
    # The first page measured the digits on the way here.
    Store().delete(Store().entries()[0].key)
    for entry in Store().entries():
        Store().delete(entry.key)
    at.run()
    assert "Nothing is stored yet" in at.info[0].value and not at.dataframe


def test_what_is_stored_is_listed_and_parts_are_behind_a_switch() -> None:
    Engine().get(FilRequest(**DIGITS))
    Engine().get(AttributeRequest(**DIABETES, attribute="sex", trials=2))
    at = app(RESULTS)
    assert set(shown(at)["analysis"]) == {"fil", "attribute inference: sex, 2 releases"}
    assert {"classes 3, 8", ""} <= set(shown(at)["selection"])
    sidebar(at, parts=True)
    assert "fit" in set(shown(at)["analysis"])
    assert "results are stored" in words(at)


def test_filters_leave_what_fits() -> None:
    Engine().get(FilRequest(**DIGITS))
    Engine().get(FilRequest(**DIABETES))
    at = app(RESULTS)
    sidebar(at, of=["Diabetes"])
    assert set(shown(at)["data"]) == {"Diabetes"}
    sidebar(at, analysis=["fil"])
    assert len(shown(at)) == 1
    entry = next(e for e in Store().entries() if e.title == "Diabetes" and e.analysis == "fil")
    Store().delete(entry.key)
    at.run()
    assert "No result matches" in at.info[0].value and not at.exception


def many(count: int) -> list[FilRequest]:
    """Results of different penalties in the store; the later ones are newer, slower and larger."""
    store = Store()
    requests = [FilRequest(data=DIABETES["data"], model=ModelSpec(l2=(1 + i) / 1024)) for i in range(count)]
    for i, request in enumerate(requests):
        provenance = {"analysis": "fil", "request": specs.canonical(request), "data": {"title": "Diabetes"}}
        result = Result(pd.DataFrame({"eta": [0.5] * 2 ** (4 + i % 8)}), provenance=provenance | {"seconds": i / 8})
        store.put(f"{i:064x}", result)
    return requests


def test_many_results_are_shown_page_by_page_and_each_is_on_one_page() -> None:
    requests = many(120)
    at = sidebar(app(RESULTS), of=["Diabetes"])
    seen: list[str] = []
    for page in (1, 2, 3):
        at.session_state["results-page"] = page
        at.run()
        assert not at.exception
        assert len(shown(at)) == (50, 50, 20)[page - 1]
        seen += shown(at)["model"].tolist()
    assert seen == [request.subject for request in reversed(requests)]  # last used first
    at.session_state["find"] = repr(requests[7].model.l2)  # one page is left, of which there is no third
    at.run()
    assert shown(at)["model"].tolist() == [requests[7].subject]


@pytest.mark.parametrize(
    ("order", "column", "of"),
    [
        ("newest first", "computed", lambda entry: entry.created),
        ("slowest first", "seconds", lambda entry: entry.seconds),
        ("largest first", "size", lambda entry: entry.bytes / 2**20),
    ],
)
def test_results_are_sorted_over_all_pages(order: str, column: str, of: Callable[[Entry], object]) -> None:
    many(120)
    at = sidebar(app(RESULTS), of=["Diabetes"])
    at.selectbox(key="results-sort").select(order).run()
    values = sorted((of(entry) for entry in Store().entries() if entry.title == "Diabetes"), reverse=True)
    assert shown(at)[column].tolist() == values[:50]


@pytest.mark.parametrize(
    ("found", "hits"),
    [
        ("diabetes 0.0078125", [7]),
        ("FIL 7.8125e-03", [7]),
        ("λ = 0.0078125", [7]),
        ("0" * 62 + "07", [7]),
        ("fil: least-squares", []),
        ("fil least-squares equal", range(16)),
        ("type", []),  # names of fields are nothing that the table says
        ("seed", []),
        ("777", []),
    ],
)
def test_find_looks_at_what_the_table_says_and_at_the_key(found: str, hits: Sequence[int]) -> None:
    requests = many(16)
    at = sidebar(app(RESULTS), of=["Diabetes"])
    at.text_input(key="find").input(found).run()
    models = shown(at)["model"].tolist() if at.dataframe else []
    assert sorted(models) == sorted(requests[i].subject for i in hits)
    assert (f"{len(hits)} result" in words(at)) is bool(hits)


def test_results_of_two_readings_of_one_file_can_be_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(40, 3)), columns=["age", "dose", "pulse"]).to_csv(path, index=False)
    for target in ("dose", "pulse"):
        own = register.add(path, Choices(target=target, task="regression"))
        Engine().get(FilRequest(data=DataSpec(name=own.name), model=ModelSpec(l2=0.5)))
    at = sidebar(app(RESULTS), of=["people.csv"])
    assert sorted(text.split(",")[0] for text in shown(at)["selection"]) == ["target dose", "target pulse"]
    at.text_input(key="find").input("pulse").run()
    assert [text.split(",")[0] for text in shown(at)["selection"]] == ["target pulse"]


def test_a_result_of_another_version_is_listed_and_can_be_deleted(ticks: Ticks) -> None:
    old = {"analysis": "old", "request": {"type": "OldRequest"}, "data": {"title": "Then", "fingerprint": "f"}}
    Store().put("e" * 64, Result(pd.DataFrame({"eta": [1.0]}), provenance=old))
    ticks.only("old")
    at = app(RESULTS)
    assert "of another version" in words(at)
    assert at.button(key="results-open").disabled
    at.button(key="results-delete").click().run()
    at.button(key="delete-yes").click().run()
    assert ("e" * 64) not in Store() and not at.exception


def test_classes_that_were_chosen_are_masked_while_redacted() -> None:
    Engine().get(FilRequest(**DIGITS))
    at = sidebar(app(RESULTS), redact=True)
    assert "classes •••, •••" in set(shown(at)["selection"])
    at.text_input(key="find").input("3,").run()
    assert not at.dataframe


def test_damaged_results_are_counted_and_can_be_deleted() -> None:
    many(3)
    store = Store()
    folders = [store.root / "00" / f"{i:064x}" for i in range(3)]
    (folders[0] / "manifest.json").write_text("[]")
    (folders[1] / "manifest.json").unlink()
    table = folders[2] / "table.parquet"
    table.write_bytes(table.read_bytes()[:-40])
    assert store.get(folders[2].name) is None  # which moves it aside
    at = app(RESULTS)
    assert any("3 stored results are damaged" in one.value for one in at.warning)
    at.button(key="results-damaged").click().run()
    assert not any("damaged" in one.value for one in at.warning)
    assert not any(folder.exists() for folder in folders)
    assert store.damaged() == []
    assert list((store.root / "damaged").iterdir()) == []


def test_deleting_asks_first_and_can_be_left(ticks: Ticks) -> None:
    Engine().get(FilRequest(**DIABETES))
    ticks.only("fil")
    at = app(RESULTS)
    before = {entry.key for entry in Store().entries()}
    at.button(key="results-delete").click().run()
    assert "Delete these 2 results" in words(at) and {e.key for e in Store().entries()} == before
    at.button(key="delete-no").click().run()
    assert "Delete these" not in words(at) and {e.key for e in Store().entries()} == before
    at.button(key="results-delete").click().run()
    at.button(key="delete-yes").click().run()
    assert not [e for e in Store().entries() if e.analysis == "fil"] and not at.exception


def test_a_store_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("FIL_STORE_DIR", str(blocked))
    at = app(RESULTS)
    assert "cannot be written" in plain(at.warning[0].value) and not at.exception


# --- opening ----------------------------------------------------------------------------------------------------------

FEATURES = dataclasses.replace(DIGITS["data"], features_from="mlp", extractor_steps=20, public_fraction=0.7)
OPENED = {
    FilRequest(**DIGITS): ("Whose data does this model reveal?", {"classes": ["3", "8"], "model": "logistic"}),
    FilRequest(data=dataclasses.replace(DIGITS["data"], label_noise=0.1), model=DIGITS["model"]): (
        "Whose data does this model reveal?",
        {"classes": ["3", "8"], "label-noise": 0.1},
    ),
    FilRequest(**SYNTHETIC, attribute=("attribute",)): ("Leakage", {"attribute": "attribute", "l2": 1e-2}),
    AttributeRequest(**DIABETES, attribute="sex", trials=3): ("Attacks", {"attacked": "sex", "trials": 3}),
    ReconstructionRequest(**DIGITS, ids=(13,), trials=2): ("Attacks", {"id": 13, "releases-drawn": 2}),
    IrfilRequest(**DIGITS, weights=Irfil(iterations=2, method="hybrid")): (
        "Mitigations",
        {"method": "hybrid", "rounds": 2},
    ),
    ExampleRequest(**DIGITS, id=13): ("Examples", {"id": 13, "l2": 1e-3}),
    NeighboursRequest(data=DIGITS["data"]): ("Examples", {"classes": ["3", "8"], "neighbours": True}),
    FilRowsRequest(**DIGITS, first=0, last=5): ("Whose data does this model reveal?", {"classes": ["3", "8"]}),
    FitRequest(**DIGITS): ("Whose data does this model reveal?", {"classes": ["3", "8"], "l2": 1e-3}),
    UniqueInfoRequest(
        data=FEW, network=NetworkSpec(**SMALL, time="inf", l2=0.1, scaling="ntk", depth=2), tangent_kernel="exact"
    ): (
        "Influence",
        {
            "classes": ["3", "8"], "subset": 60, "width": 16, "depth": 2, "scaling": "ntk", "time": "inf",
            "decay": 0.1, "validation-size": 0, "kernel": "exact",
        },
    ),
    GroundTruthRequest(data=FEW, network=NetworkSpec(**SMALL, time=20), examples=4, validation_size=30): (
        "Influence",
        {"width": 16, "time": "20", "truth": 4, "validation-size": 30},
    ),
    SummariseRequest(data=FEW, network=NetworkSpec(**SMALL, time=20), keep=(0.5, 0.2), seeds=2, by="random"): (
        "Influence",
        {"width": 16, "keep": "0.5,0.2", "draws": 2, "by": "random"},
    ),
    NetworkFitRequest(data=FEW, network=NetworkSpec(kind="linear", lr=0.05, time=10)): (
        "Influence",
        {"network": "linear", "time": "10"},
    ),
    MeasuresRequest(data=FEW, model=ModelSpec(l2=0.01), network=NetworkSpec(**SMALL, time=20), of=("fil",)): (
        "All measures",
        {"classes": ["3", "8"], "l2": 0.01, "width": 16, "time": "20", "validation-size": 0},
    ),
    RetrainingRequest(data=FEW, network=NetworkSpec(**SMALL, time=20), ids=(13,)): ("Influence", {"time": "20"}),
    InfluenceRequest(data=FEW, model=ModelSpec(l2=0.01), curvature="diagonal", damping=0.5, target="class:8"): (
        "Influence",
        {
            "view": "influence functions", "influence-of": "model", "curvature": "diagonal", "damping": 0.5,
            "target": "class:8", "truth-too": False, "l2": 0.01,
        },
    ),
    InfluenceRequest(data=FEW, model=ModelSpec(l2=0.01), target="test:3", truth=True, examples=4): (
        "Influence",
        {"influence-of": "model", "curvature": "hessian", "target": "test:3", "truth-too": True, "truth": 4},
    ),
    NetworkInfluenceRequest(data=FEW, network=NetworkSpec(**SMALL, time=20, batch=30, batch_seed=2)): (
        "Influence",
        {
            "view": "influence functions", "influence-of": "network", "curvature": "metagradient", "batch": 30,
            "batch-seed": 2, "width": 16, "truth-too": False,
        },
    ),
    NetworkInfluenceRequest(
        data=DataSpec(name="grammar", subset=12), target="test:1", curvature="ggn",
        network=NetworkSpec(kind="lstm", width=4, embedding=4, tied=True, lr=1.0, time=5), validation_size=4,
    ): (
        "Influence",
        {"network": "lstm", "embedding": 4, "tied": True, "target": "test:1", "validation-size": 4, "subset": 12},
    ),
    OutliersRequest(data=FEW, model=ModelSpec(l2=0.01)): ("Influence", {"influence-of": "model", "l2": 0.01}),
    NetworkOutliersRequest(data=FEW, network=NetworkSpec(**SMALL, time=20)): (
        "Influence",
        {"view": "influence functions", "influence-of": "network", "width": 16},
    ),
    CanariesRequest(
        data=DataSpec(name="grammar", subset=12), candidates=20,
        network=NetworkSpec(kind="lstm", width=4, embedding=4, lr=1.0, time=5),
    ): ("Influence", {"network": "lstm", "candidates": 20}),
    LeaveOneOutRequest(data=FEW, model=ModelSpec(l2=0.01), target="class:8", examples=4): (
        "Influence",
        {"influence-of": "model", "target": "class:8", "truth": 4, "truth-too": True, "l2": 0.01},
    ),
    LadderRequest(data=FEW, model=ModelSpec(l2=0.01), curvatures=("identity", "hessian"), examples=3): (
        "Influence",
        {"influence-of": "model", "curvatures": ["identity", "hessian"], "truth": 3},
    ),
    LoodRequest(data=FEW, kernel=KernelSpec(kind="erf", depth=1, noise=0.05), fpr=0.01, twins=2): (
        "Membership",
        {"lood-kernel": "erf", "kernel-depth": 1, "noise": 0.05, "noise-as": "absolute", "fpr": 0.01, "twins": 2},
    ),
    LoodRequest(data=FEW, kernel=KernelSpec(kind="rbf", length=0.5), queries="id:13"): (
        "Membership",
        {"lood-kernel": "rbf", "length": 0.5, "noise-as": "relative", "queries": "id:13"},
    ),
    LoodQueryRequest(data=FEW, kernel=KernelSpec(depth=1), ids=(13,), start="noise", maximise="mean_lood"): (
        "Membership",
        {"kernel-depth": 1, "id": 13, "start": "noise", "maximise": "mean_lood"},
    ),
    LoodMovesRequest(data=FEW, id=13): ("Membership", {"id": 13}),
    LandscapeRequest(data=FEW, id=13, pixel="r01c03"): ("Membership", {"id": 13, "pixel": "r01c03"}),
    LoodGroupsRequest(data=FEW, group="twins", similarity=0.9): ("Membership", {"group": "twins", "similarity": 0.9}),
    ArchitecturesRequest(data=FEW, kernels=("erf", "linear"), depths=(1,), noises=(0.1,)): (
        "Membership",
        {"kernels": ["erf", "linear"], "depths": "1", "noises": "0.1"},
    ),
    NetworkLadderRequest(
        data=FEW, network=NetworkSpec(**SMALL, time=20), curvatures=("metagradient", "tracin"), examples=3
    ): ("Influence", {"influence-of": "network", "curvatures": ["metagradient", "tracin"], "truth": 3}),
    MiaRequest(
        **DIGITS, ensemble=EnsembleSpec(models=8, seed=1), release_sigma=0.1,
        attack=AttackSpec(attacks=("loss", "gradient"), target_model=2, fpr=(0.2, 0.05), prior=0.1),
    ): (
        "Membership",
        {
            "view": "trained models", "mia-of": "model", "models": 8, "ensemble-seed": 1, "release-noise": 0.1,
            "attacks": ["loss", "gradient"], "target-model": 2, "rates": "0.2,0.05", "prior": 0.1,
        },
    ),
    NetworkMiaRequest(
        data=FEW, network=NetworkSpec(**SMALL, time=20, batch=10, no_bias=True), ensemble=EnsembleSpec(models=8),
        loss="squared", schedule="steps", attack=AttackSpec(variance="pooled", gamma=1.5),
    ): (
        "Membership",
        {
            "mia-of": "network", "width": 16, "time": "20", "batch": 10, "no-bias": True, "precision": "float64",
            "loss": "squared", "schedule": "steps", "variance": "pooled", "gamma": 1.5,
        },
    ),
    SignalsMiaRequest(data=TWO_DIGITS, signals=signals()): ("Membership", {"mia-of": "own signals", "subset": 80}),
    AuditRequest(**DIGITS, audit=AuditSpec(canaries=12, kind="noise", runs=4, seed=3), release_sigma=0.5): (
        "Membership",
        {
            "view": "audit", "audit-of": "model", "canaries": 12, "canary-kind": "noise", "runs": 4, "audit-seed": 3,
            "release-noise": 0.5,
        },
    ),
    NetworkAuditRequest(
        data=FEW, network=NetworkSpec(**SMALL, time=20), audit=AuditSpec(canaries=6, runs=8, delta=1e-3)
    ): ("Membership", {"audit-of": "network", "canaries": 6, "runs": 8, "delta": 1e-3, "batch": 0}),
    PullbackRequest(data=FEATURES, model=DIGITS["model"]): ("Leakage", {"features": "mlp", "extractor-steps": 20}),
    PixelFitRequest(data=FEATURES, model=DIGITS["model"]): ("Leakage", {"features": "mlp", "l2": 1e-3}),
    PullbackExampleRequest(data=FEATURES, model=DIGITS["model"], id=23): ("Examples", {"features": "mlp", "id": 23}),
    EtaPartsRequest(**DIABETES): ("Leakage", {"data": "diabetes", "model": "least-squares"}),
    GuessesRequest(
        data=DataSpec(name="toy-classes"), model=ModelSpec(kind="logistic", l2=0.02), example=10, sigma=0.05
    ): ("Learn", {"view": "toys", "toy": "two classes", "toy-l2": 0.02, "toy-point": 10, "guess-sigma": 0.05}),
    FailureRequest(data=DataSpec(name="toy-classes"), mode="duplicates", strength=5.0): (
        "Learn",
        {"view": "failure modes", "failure": "duplicates", "strength": "5"},
    ),
    OodRequest(
        **DIGITS, outside=OutsideSpec(classes=("5", "6")), scores=("fil-min", "nngp-variance"),
        kernel=KernelSpec(depth=1),
    ): (
        "Shift & over-fitting",
        {"view": "out of distribution", "ood-classes": ["5", "6"], "ood-scores": ["fil-min", "nngp-variance"]},
    ),
    OverfitRequest(**DIABETES, over="l2", values=(0.01, 1.0)): (
        "Shift & over-fitting",
        {"view": "over-fitting", "over": "l2", "values": "0.01,1.0"},
    ),
}  # fmt: skip
# These are answered after a click on the page that "Open" leads to, as it chooses their noise, mitigations or models
# itself; of features a model is measured, see `test_features_page`, and of a study all whose data are here.
ASKED_THERE = {
    "release", "mitigations", "ensemble", "ensemble of networks", "attacks beside closed forms", "audits", "features",
    "study",
}  # fmt: skip


def test_every_analysis_that_a_page_claims_is_opened_below() -> None:
    opened = {analysis_of(asked).name for asked in OPENED}
    assert opened | ASKED_THERE == {name for page in PAGES for name in page.shows} and not opened & ASKED_THERE


def spoken(at: AppTest) -> str:
    """What a page says, without the marks of Markdown."""
    return plain(words(at)).replace("**", "")


@pytest.mark.parametrize("asked", OPENED, ids=lambda asked: f"{type(asked).__name__}-{asked.data.name}")
def test_open_leads_to_the_page_that_shows_the_very_result(asked, ticks: Ticks) -> None:
    keep_uploads(Store())
    analysis = Engine().get(asked).provenance["analysis"]
    title, values = OPENED[asked]
    ticks.only(analysis, data=Engine().dataset(asked.data).title)
    at = app(RESULTS)
    sidebar(at, parts=True)
    at.session_state["of"] = [Engine().dataset(asked.data).title]
    if asked.data.name == "digits":  # the first page measured all the digits on the way here
        true = getattr(asked, "truth", None)  # beside the truth there is the prediction alone
        ticks.wanted = lambda run: (
            run.entry.analysis == analysis
            and run.request.data.classes == ("3", "8")
            and getattr(run.request, "truth", None) == true
        )
    at.run()
    before = {str(entry.request) for entry in Store().entries() if entry.analysis == analysis}
    at.button(key="results-open").click().run()
    assert not at.exception and not at.error
    assert at.title[0].value == title
    assert {name: at.session_state[name] for name in values} == values
    with_other_words = (FitRequest, FilRowsRequest, ExampleRequest, RetrainingRequest, LeaveOneOutRequest)
    if title != "Leakage" and not isinstance(asked, with_other_words):
        entry, data = analysis_of(asked), Engine().dataset(asked.data)
        said = entry.sentence(Subject(asked, Engine().get(asked), data, "", False, 1), str)
        assert plain(said).replace("**", "").split(". ")[0] in spoken(at)  # what follows is of a noise chosen there
    assert {str(entry.request) for entry in Store().entries() if entry.analysis == analysis} == before


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (FilRequest(**DIABETES, sigma=2.0), "default of sigma"),
        (FilRequest(**DIABETES, attribute=("sex",)), "does not offer the attribute sex"),
        (AttributeRequest(**DIABETES, attribute="1"), "does not offer the attribute 1"),
        (FilRequest(**DIABETES, attribute=("sex", "bmi")), "one value of attribute at a time"),
        (FilRequest(data=DataSpec(name="diabetes", subset=50, seed=3)), "seed 3"),
        (FilRequest(data=DataSpec(name="digits", label_noise=0.1, seed=4)), "label noise with seed 0.* seed 4"),
        (FilRequest(data=DataSpec(name="synthetic:50x4"), model=ModelSpec(l2=0.1)), "does not list synthetic:50x4"),
        (FilRequest(data=DataSpec(name="own:gone-0123456789ab")), "have been deleted"),
        (AttributeRequest(**DIABETES, attribute="sex", sigmas=(1.0,)), "default of sigmas"),
        (ReconstructionRequest(**DIABETES, ids=(1, 2)), "one value of ids at a time"),
        (ReleaseRequest(data=DIABETES["data"], model=ModelSpec(l2=1e-2, weights=Dropping(k=2))), "equal weights"),
        (IrfilRequest(**DIABETES, weights=Irfil(attribute=("sex", "bmi"))), "one value of attribute at a time"),
        (UniqueInfoRequest(data=DIABETES["data"], group=(1, 2)), "default of group"),
        (UniqueInfoRequest(data=DIABETES["data"], batch=2), "default of batch"),
        (GroundTruthRequest(data=DIABETES["data"], subsets=3), "default of subsets"),
        (InfluenceRequest(**DIABETES, group=(1, 2)), "default of group"),
        (InfluenceRequest(**DIABETES, truth=True, remove=2), "default of remove"),
        (NetworkInfluenceRequest(data=DIABETES["data"], curvature="hessian", solver="krylov"), "default of solver"),
        (NetworkInfluenceRequest(data=DIABETES["data"], curvature="tracin", checkpoints=3), "default of checkpoints"),
        (NetworkFitRequest(data=DIABETES["data"], network=NetworkSpec(batch=5)), "default of batch"),
    ],
)
def test_what_no_page_asks_is_not_opened_as_something_else(asked, why: str) -> None:
    with pytest.raises(results_open.NoPage, match=why):
        results_open.place(asked)


def test_why_a_result_cannot_be_opened_is_said(ticks: Ticks) -> None:
    Engine().get(FilRequest(**DIABETES, sigma=2.0))
    ticks.only("fil", data="Diabetes")
    at = app(RESULTS)
    assert at.button(key="results-open").disabled and "No page shows exactly this" in words(at)


# --- comparing --------------------------------------------------------------------------------------------------------


def link(*requests) -> str:
    asked = [Engine().get(request).provenance["request"] for request in requests]
    keys = {str(entry.request): entry.key for entry in Store().entries()}
    return ",".join(keys[str(request)][:16] for request in asked)


def test_a_link_opens_two_results_side_by_side() -> None:
    one, other = FilRequest(**DIGITS), FilRequest(data=DIGITS["data"], model=ModelSpec(kind="logistic", l2=1e-2))
    at = app(RESULTS, compare=link(one, other))
    assert not at.exception and not at.error
    said = words(at)
    assert "Comparison" in said and "Spearman" in said and "of the 29 leakiest" in said
    numbers = next(d.value for d in at.dataframe if d.value.index.name == "number")
    a, b = (Engine().get(request).summary["eta_max"] for request in (one, other))
    assert numbers.loc["eta_max"].tolist() == pytest.approx([a, b, b - a, b / a])
    each = next(d.value for d in at.dataframe if "η in B" in d.value)
    assert each["B / A"].iloc[0] == pytest.approx(
        Engine().get(other).table["eta"][each.index[0]] / Engine().get(one).table["eta"][each.index[0]]
    )
    at.button(key="compare-close").click().run()
    assert "Comparison" not in words(at)


def test_different_data_are_compared_by_their_spread_only() -> None:
    at = app(RESULTS, compare=link(FilRequest(**DIGITS), FilRequest(**DIABETES)))
    assert not at.exception
    assert any("share no examples" in info.value for info in at.info)
    assert not [d for d in at.dataframe if "η in B" in d.value] and "Different rows" in words(at)


def test_the_same_rows_in_other_coordinates_are_joined_by_id() -> None:
    pca = dataclasses.replace(DIGITS["data"], pca=5)
    at = app(RESULTS, compare=link(FilRequest(**DIGITS), FilRequest(data=pca, model=DIGITS["model"])))
    assert "Spearman" in words(at) and "Different rows, classes, labels or preprocessing" in words(at)


def test_other_kinds_are_compared_by_their_numbers() -> None:
    irfil = IrfilRequest(**DIABETES, weights=Irfil(iterations=2))
    at = app(RESULTS, compare=link(irfil, FilRequest(**DIABETES)))
    assert not at.exception and "Different analyses" in words(at)
    numbers = next(d.value for d in at.dataframe if d.value.index.name == "number")
    assert numbers.loc["eta_max", "A"] == Engine().get(irfil).summary["eta_max"][-1]


@pytest.mark.parametrize("wanted", ["0123456789", "0123456789,9876543210", "a,b", "<b>,<i>"])
def test_a_link_to_nothing_is_a_sentence(wanted: str) -> None:
    at = app(RESULTS, compare=wanted)
    assert "expected" in plain(at.error[0].value) and not at.exception
    assert "<" not in at.error[0].value.replace("\\<", "")


def test_redaction_hides_labels_in_a_comparison_and_changes_under_weights_by_class() -> None:
    by_class = ModelSpec(kind="logistic", l2=1e-3, weights=Irfil(method="class", iterations=2))
    plain_one, other = FilRequest(**DIGITS), FilRequest(data=DIGITS["data"], model=ModelSpec(kind="logistic", l2=1e-2))
    at = app(RESULTS, compare=link(plain_one, other), redact="true")
    each = next(d.value for d in at.dataframe if "η in B" in d.value)
    assert set(each["label"]) == {"•••"}
    at = app(RESULTS, compare=link(plain_one, FilRequest(data=DIGITS["data"], model=by_class)), redact="true")
    assert not [d for d in at.dataframe if "η in B" in d.value]
    assert any("the change reveals the class" in info.value for info in at.info)


# --- taking away ------------------------------------------------------------------------------------------------------


def test_a_report_is_of_what_is_ticked_and_redacted_as_the_sidebar_says() -> None:
    request = FilRequest(**DIABETES)
    Engine().get(request)
    (key,) = [e.key for e in Store().entries() if e.analysis == "fil"]
    clear, masked = (
        results_actions._written(Store(), Engine().dataset, [key], redact, 3, "Mine").decode()
        for redact in (False, True)
    )
    assert "<h1>Mine</h1>" in clear and "•••" not in clear and "•••" in masked
    Store().delete(key)
    with pytest.raises(BadRequest, match="no stored key"):
        results_actions._written(Store(), Engine().dataset, [key], False, 3, "")


def test_the_popover_says_what_a_report_holds(ticks: Ticks) -> None:
    Engine().get(FilRequest(**DIABETES))
    ticks.only("fil", "fit")
    at = app(RESULTS)
    sidebar(at, parts=True)
    assert "It shows examples with their labels" in words(at) and "are left out" in words(at)
    sidebar(at, redact=True)
    assert "pictures are coarse; labels and attribute values are masked" in words(at)


def test_an_export_is_the_table_and_redacted_without_what_tells() -> None:
    irfil = IrfilRequest(**DIGITS, weights=Irfil(method="class", iterations=2))
    for request, gone in (
        (AttributeRequest(**DIABETES, attribute="sex", trials=2), {"value"}),
        (irfil, {"eta_after", "weight"}),
        (ReleaseRequest(**DIABETES, attribute="sex", trials=2, draws=3), {"attack", "weight"}),
    ):
        result = Engine().get(request)
        (key,) = [e.key for e in Store().entries() if e.request == result.provenance["request"]]
        whole = results_actions.table_of(Engine(), key, request, False)
        pd.testing.assert_frame_equal(whole, result.table)
        assert gone <= set(whole)
        safe = results_actions.table_of(Engine(), key, request, True)
        assert not gone & set(safe) and not [c for c in safe if c.startswith("success_")]
        assert set(safe["label"]) == {"•••"}


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_running_jobs_show_progress_and_can_be_cancelled(jobs: Jobs) -> None:
    jobs.jobs = [job("1", "running", "Digits <b>", done=3, total=10, what="measuring"), job("2", "queued")]
    at = app(RESULTS)
    assert not at.exception
    assert "Running" in words(at)
    at.button(key="job-cancel-1").click().run()
    assert jobs.asked == [("cancel", "1")]
    assert "Not finished" in words(at) and "cancelled" in words(at)


def test_what_failed_says_why_and_can_start_again_or_be_forgotten(jobs: Jobs) -> None:
    jobs.jobs = [
        job("1", "failed", errors={0: "pca: expected at most [64]", 1: "pca: expected at most [64]"}),
        job("2", "interrupted", title="Another", what="The server ended while it was under way."),
        job("3", "done", ended=datetime(2026, 1, 2, 3, 5, tzinfo=UTC), started=datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
    ]
    at = app(RESULTS)
    assert words(at).count("pca: expected at most [64]") == 1 and "The server ended while it was under way." in words(
        at
    )
    assert "done · 2026-01-02 03:05 UTC after 60 s" in words(at)
    at.button(key="job-again-1").click().run()
    assert jobs.asked == [("submit", "Digits"), ("forget", "1")]
    at.button(key="job-forget-2").click().run()
    assert jobs.asked[-1] == ("forget", "2") and not at.exception


def test_a_job_that_is_refused_again_says_why_and_stays(jobs: Jobs) -> None:
    jobs.jobs, jobs.refuse = [job("1", "failed", errors={0: "out of memory"})], "memory: expected at most 2 GiB"
    at = app(RESULTS)
    at.button(key="job-again-1").click().run()
    assert "memory: expected at most 2 GiB" in plain(at.error[0].value)
    assert [job.id for job in jobs.jobs] == ["1"]


def test_a_job_that_does_not_fit_into_memory_any_more_is_not_started_again(jobs: Jobs) -> None:
    jobs.jobs, jobs.memory_limit = [job("1", "failed", errors={0: "out of memory"})], 1000
    at = app(RESULTS)
    at.button(key="job-again-1").click().run()
    assert "a job may take 0.0 GiB" in plain(at.error[0].value)
    assert jobs.asked == [] and not at.exception


@pytest.mark.parametrize(("seconds", "said"), [(20, False), (61, True), (7200, True)])
def test_a_job_without_progress_for_a_minute_says_so(jobs: Jobs, seconds: int, said: bool) -> None:
    moved = datetime.now(UTC) - timedelta(seconds=seconds)
    stuck = job("1", "running", what="measuring", started=moved - timedelta(hours=1), moved=moved)
    jobs.jobs = [stuck, job("2", "queued")]
    bars = [bar.proto.text for bar in app(RESULTS).get("progress")]
    assert ["no progress" in bar for bar in bars] == [said, False]
    assert ("no progress" in job_status.progress_line(stuck)) is said


def test_uploaded_scores_are_named_so_and_deletion_warns(ticks: Ticks) -> None:
    engine = Engine()
    dataset = engine.dataset(DIABETES["data"])
    uploads.keep_scores(engine.store, pd.DataFrame({"id": dataset.ids, "mine": dataset.ids * 0.5}), dataset)
    (run,) = results_table.stored()
    assert run.name == "your own scores"
    assert results_table.frame([run])["analysis"].tolist() == ["your own scores"]
    ticks.only("scores")
    at = sidebar(app(RESULTS), parts=True)
    at.button(key="results-delete").click().run()
    assert "Uploaded files cannot" in words(at) and not at.exception


# --- words ------------------------------------------------------------------------------------------------------------


def test_a_result_is_named_by_its_request() -> None:
    def name(request, analysis: str) -> str:
        values = {} if request is None else specs.plain(request)
        entry = Entry("a" * 64, 1, datetime.now(UTC), datetime.now(UTC), values, analysis, "Diabetes")
        return results_table.Stored(entry).name

    assert name(FilRequest(**DIABETES, sigma=2.0), "fil") == "Diabetes: fil, least-squares, λ = 0.01, σ = 2"
    assert name(FitRequest(**DIABETES), "fit") == "Diabetes: fit, least-squares, λ = 0.01"
    many = ReconstructionRequest(**DIABETES, ids=tuple(range(9)))
    assert name(many, "reconstruction").endswith("9 examples, 100 releases")
    assert name(None, "old") == "Diabetes, of another version"
