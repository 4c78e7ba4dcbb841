"""Answers made of other answers: each part is stored, taken up again, computed where there is room, and sent whole."""

from __future__ import annotations

import dataclasses
import shutil
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from fil_core.analyses import table
from fil_core.analyses.analysis import Cost, Parts
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.neighbours.request import NeighboursRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.table import analysis_of
from fil_core.engine import Engine, cost
from fil_core.engine.fan_out import answers
from fil_core.engine.fan_out.executors import executor
from fil_core.engine.fan_out.pools import ThisProcess
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_parameters
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.models import fit
from fil_core.result import Result
from fil_core.specs import DataSpec, ModelSpec, Request
from fil_core.specs.options import option, wholes

DIGITS = DataSpec(name="digits", classes=("3", "8"), subset=80)
MODEL = ModelSpec(kind="logistic", l2=0.01)
THREE = ReconstructionRequest(data=DIGITS, model=MODEL, ids=(8, 13, 45), sigmas=(0.0, 0.01), trials=5)
MITIGATE = MitigateRequest(
    data=DataSpec(name="diabetes", subset=80), model=ModelSpec(l2=0.01), attribute="sex", iterations=2, draws=3,
    sigmas=(0.3, 0.4), l2s=(1.0,), drop=(3,),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRequest(Request):
    """As an ensemble asks: one part for each seed, all of them at once."""

    seeds: tuple[int, ...] = option((), wholes(), "seeds of the members")

    member: ClassVar[type[Request]] = NeighboursRequest

    def members(self) -> list[Request]:
        spec = DataSpec(name="synthetic:40x3")
        return [self.member(data=dataclasses.replace(spec, seed=seed)) for seed in self.seeds]


@pytest.fixture
def ensembles(monkeypatch):
    """An entry for them, as the table would have it."""

    def run(request, inputs, progress):
        means = [inputs.part(one).summary["same_mean"] for one in request.members()]
        return Result(pd.DataFrame({"mean": means}), {}, {"mean": float(np.mean(means))}, {"warnings": []})

    entry = dataclasses.replace(
        analysis_of(NeighboursRequest()), name="ensemble", request=EnsembleRequest, check=lambda *_: None, run=run,
        cost=lambda *_: Cost(1.0), parts=Parts(lambda request, dataset, found: request.members()),
    )  # fmt: skip
    monkeypatch.setitem(table.ENTRIES, EnsembleRequest, entry)
    return entry


@pytest.fixture
def engine(tmp_path):
    return Engine(Store(tmp_path / "store"))


@pytest.fixture
def computed(monkeypatch):
    """The requests that were computed, in order."""
    compute, found = Engine.compute, []

    def noted(self, request, *more, **options):
        found.append(request)
        return compute(self, request, *more, **options)

    monkeypatch.setattr(Engine, "compute", noted)
    return found


def test_several_examples_are_parts_of_their_own(engine, computed):
    whole = engine.get(THREE)
    ones = [engine.find(dataclasses.replace(THREE, ids=(id,))) for id in THREE.ids]
    pd.testing.assert_frame_equal(whole.table, pd.concat([one.table for one in ones]), check_exact=True)
    for name, array in whole.arrays.items():
        assert np.array_equal(array, np.concatenate([one.arrays[name] for one in ones]))
    assert [request.ids for request in computed if isinstance(request, ReconstructionRequest)] == [
        THREE.ids, (8,), (13,), (45,),
    ]  # fmt: skip


def test_what_was_finished_before_an_end_is_not_computed_again(engine, computed, monkeypatch):
    compute = Engine.compute

    def ended(self, request, *more, **options):
        if getattr(request, "ids", ()) == (45,):
            raise KeyboardInterrupt
        return compute(self, request, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "compute", ended)
        with pytest.raises(KeyboardInterrupt):
            engine.get(THREE)
    computed.clear()
    again = Engine(Store(engine.store.root)).get(THREE)  # as after the end of the process
    assert [request.ids for request in computed] == [THREE.ids, (45,)]
    assert again.table.equals(Engine().get(THREE).table)


def test_a_part_without_an_answer_is_the_error_of_the_whole(engine):
    flat = ReconstructionRequest(data=DIGITS, model=ModelSpec(l2=0.0), ids=THREE.ids, trials=1)
    with pytest.raises(SingularCurvature, match="l2 > 0"):  # pixels that never change
        engine.get(flat)
    some = MitigateRequest(
        data=DIGITS, model=ModelSpec(l2=0.01), examples=0, methods=(), sigmas=(), l2s=(0.0, 0.1), drop=(), draws=3
    )
    result = engine.get(some)
    assert "l2 > 0" in result.table.loc["λ = 0", "error"] and np.isnan(result.table.loc["λ = 0", "eta_max"])
    assert result.table["error"].isna().sum() == len(result.table) - 1
    assert any(warning.startswith("λ = 0: ") for warning in result.provenance["warnings"])


def test_each_step_follows_from_the_one_before(engine):
    result = engine.get(MITIGATE)
    names = list(result.table.index)
    assert names[:2] == ["as it is", "IRFIL, sample"]
    reached = result.table.loc["IRFIL, sample", "eta_max"]
    assert names[-1] == f"largest η {reached:.3g}"  # known only after reweighting
    assert result.table["eta_max"].iloc[-1] == pytest.approx(reached, rel=1e-9)


def test_hundreds_of_parts_need_nothing_new(engine, ensembles, computed):
    request, told = EnsembleRequest(seeds=tuple(range(300))), []
    result = engine.get(request, progress=lambda done, total, what: told.append((done, total, what)))
    assert len(result.table) == 300 and len(computed) == 301
    assert [done for done, total, _ in told if total == 300][-1] == 299
    engine.store.delete(engine.key(request))
    computed.clear()
    engine.store.delete(engine.key(request.members()[7]))
    assert engine.get(request).table.equals(result.table)
    assert computed == [request, request.members()[7]]


def test_parts_are_answered_by_other_processes_with_the_same_bits(engine, tmp_path):
    other = Engine(Store(tmp_path / "other"))
    with executor(workers=2) as pool:
        far = other.get(MITIGATE, answer_all=answers.answer_in(other, pool))
    pd.testing.assert_frame_equal(far.table, engine.get(MITIGATE).table, check_exact=False, rtol=1e-9)
    assert other.find(MITIGATE) is not None


def test_pretrained_parameters_travel_to_a_process_with_another_store(engine, tmp_path, monkeypatch):
    theta = fit(MODEL, engine.dataset(DIGITS)).theta.numpy()
    model = dataclasses.replace(MODEL, parameters=keep_parameters(engine.store, theta))
    request = dataclasses.replace(THREE, model=model)
    there = Engine(Store(tmp_path / "there"))
    monkeypatch.setattr(answers, "_engine", lambda root: there)
    result = engine.get(request, answer_all=answers.answer_in(engine, ThisProcess()))
    assert result.table["psnr"].iloc[0] > 60
    assert len(there.store.entries()) >= 4  # the parameters, the model and the examples


def test_the_work_that_is_left_counts_parts_that_are_not_stored(engine, ensembles):
    request = EnsembleRequest(seeds=tuple(range(10)))
    data = engine.dataset(request.data)
    before = cost.work(request, data, engine)
    engine.get(request.members()[0])
    after = cost.work(request, data, engine)
    assert 0 < before - after < before
    engine.get(request)
    assert cost.work(dataclasses.replace(request, seeds=(1, 2)), data, engine) == 1.0


def test_what_cannot_end_in_time_is_refused_before_with_what_would(engine):
    request = FilRequest(data=DataSpec(name="digits"), model=ModelSpec(kind="softmax"))
    data = engine.dataset(request.data)
    seconds = cost.work(request, data, engine) / cost.PER_SECOND
    cost.check_time(request, data, engine, seconds)
    with pytest.raises(
        BadRequest, match=r"time: this takes about .* hours on two cores.*FIL_JOB_HOURS.* Take at most [\d,]+ rows"
    ):
        cost.check_time(request, data, engine, seconds / 2)
    with pytest.raises(BadRequest, match="Neither fewer rows nor fewer features"):
        cost.check_time(request, data, engine, 1e-12)


def test_a_lost_store_costs_the_answers_and_nothing_else(engine):
    first = engine.get(THREE)
    shutil.rmtree(engine.store.root)
    assert Engine(Store(engine.store.root)).get(THREE).table.equals(first.table)
