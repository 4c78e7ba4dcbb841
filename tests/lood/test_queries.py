"""Optimised queries: they stay in the box, never beat the record by KL, and find it again."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.analyses.lood_query.files import arrays, sheet
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.subject import Subject
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.lood.kernels import Rbf, kernel_of
from fil_core.lood.posterior import posterior
from fil_core.lood.queries import Box, ascend
from fil_core.specs import DataSpec, KernelSpec

DIGITS, DIABETES = DataSpec(name="digits", classes=("3", "8")), DataSpec(name="diabetes", subset=60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def process():
    drawn = torch.Generator().manual_seed(0)
    X = torch.rand(30, 3, dtype=torch.float64, generator=drawn) * 4 - 1
    Y = torch.randn(30, 2, dtype=torch.float64, generator=drawn)
    return posterior(Rbf(1.0), X, Y, noise=0.1)


def box_of(p) -> Box:
    low, high = p.X.aminmax(dim=0)
    return Box(low, high - low, p.X, lambda features: features)


@pytest.mark.parametrize("start", ["data", "noise", "record"])
def test_the_maximum_of_kl_is_the_record_itself(process, start):
    box = box_of(process)
    for row in (0, 7, 19):
        found = ascend(process, row, box, start=start, objective="kl_lood", steps=200, restarts=20, seed=1)
        query = box.to_features(found.query)
        g = process.at(query[None]).single().g[0, row]
        assert found.reached
        assert float(g) == pytest.approx(float(process.own().g[row]), rel=1e-8)
        assert torch.allclose(query, process.X[row], atol=1e-3)  # where a maximum is flat, g has twice the digits


def test_no_query_tells_more_of_a_record_than_itself(process):
    drawn = torch.Generator().manual_seed(3)
    Q = torch.cat([process.X + 1e-3, torch.randn(500, 3, dtype=torch.float64, generator=drawn) * 3])
    queries = process.at(Q)
    assert bool((queries.single().g <= process.own().g * (1 + 1e-9)).all())
    assert bool((process.at(Q[::20]).joint()[0].g <= process.own().g * (1 + 1e-9)).all())


def test_the_mean_may_be_moved_more_elsewhere(process):
    box = box_of(process)
    more = []
    for row in range(5):
        found = ascend(process, row, box, start="data", objective="mean_lood", steps=200, restarts=5, seed=0)
        squares = process.at(torch.stack([box.to_features(found.query), process.X[row]])).moves[:, row].square()
        assert float(squares[0]) >= float(squares[1]) * (1 - 1e-9)
        more.append(float(squares[0] / squares[1]))
    assert max(more) > 1.01


def test_queries_stay_in_the_box_and_a_constant_column_as_it_is(process):
    X = torch.cat([process.X, torch.full((30, 1), 2.5, dtype=torch.float64)], 1)
    p = posterior(Rbf(1.0), X, process.Y, noise=0.1)
    low, high = X.aminmax(dim=0)
    box = Box(low, (high - low) / 2, X, lambda features: features)  # records lie outside of it
    found = ascend(p, 4, box, start="noise", objective="kl_lood", steps=50, restarts=2, seed=0)
    assert bool(((found.query[:3] >= 0) & (found.query[:3] <= 1)).all())
    assert float(box.source(found.query)[3]) == 2.5


@pytest.mark.parametrize("start", ["data", "noise"])
def test_pictures_are_reconstructed_pixel_by_pixel(engine, start):
    found = engine.get(LoodQueryRequest(data=DIGITS, ids=(8, 1727), start=start))
    assert found.table["reached"].all() and found.table["own_is_largest"].all()
    assert (found.table["psnr_scaled"] > 80).all() and (found.table["similarity"] > 1 - 1e-9).all()
    own = engine.get(LoodRequest(data=DIGITS)).table.loc[[8, 1727]]
    np.testing.assert_allclose(found.table["kl_own"], own["kl_lood"], rtol=1e-10)
    np.testing.assert_allclose(found.table["auc_own"], own["auc"], rtol=1e-10)
    np.testing.assert_allclose(found.table["mean_own"], own["mean_lood"], rtol=1e-10)
    assert (found.arrays["queries"] >= 0).all() and (found.arrays["queries"] <= 16).all()
    data = engine.dataset(DIGITS)
    np.testing.assert_array_equal(found.arrays["records"], data.source[[data.row(8), data.row(1727)]])


def test_the_numbers_of_a_query_are_those_of_asking_there(engine):
    data, kernel = engine.dataset(DIABETES), KernelSpec(kind="erf", noise=0.2)
    id, other = int(data.ids[3]), int(data.ids[5])
    found = engine.get(LoodQueryRequest(data=DIABETES, kernel=kernel, ids=(id, other), maximise="mean_lood"))
    p = posterior(*_pieces(data, kernel), noise=0.2)
    there = p.at(torch.from_numpy(found.arrays["queries"]))
    assert found.table["mean_query"].iloc[0] == pytest.approx(float(there.shift(3).square().mean(1)[0] / 2), rel=1e-9)
    assert found.table["rmse"].iloc[0] > 0 and (found.table["mean_query"] >= found.table["mean_own"] * 0.999).all()


def _pieces(data, kernel):
    Y = (data.y - data.y.mean()) / data.y.std()
    return kernel_of(kernel), torch.from_numpy(data.X), torch.from_numpy(Y)[:, None]


def test_files(engine):
    request = LoodQueryRequest(data=DIGITS, ids=(8, 1727))
    about = Subject(request, engine.get(request), engine.dataset(DIGITS), "", False, 5)
    picture = np.asarray(Image.open(io.BytesIO(sheet(about))))
    assert picture.shape == (8 + 2 + 8, 8 + 2 + 8)
    np.testing.assert_array_equal(picture[:8, :8], engine.dataset(DIGITS).images(np.array([0]))[0])
    with np.load(io.BytesIO(arrays(about)), allow_pickle=False) as held:
        assert held["ids"].tolist() == [8, 1727] and held["queries"].shape == held["records"].shape == (2, 64)
    table = LoodQueryRequest(data=DIABETES, ids=(int(engine.dataset(DIABETES).ids[0]),), steps=2, restarts=1)
    with pytest.raises(BadRequest):
        sheet(Subject(table, engine.get(table), engine.dataset(DIABETES), "", False, 5))


def test_what_a_record_moves_is_what_training_without_it_changes(engine):
    pixels = dataclasses.replace(DIGITS, preprocess="none")
    data = engine.dataset(pixels)
    found = engine.get(LoodMovesRequest(data=pixels, id=1727))
    row, s = data.row(1727), found.summary["noise"]
    kernel, Y = KernelSpec(), np.eye(2)[data.y.astype(int)] - 0.5
    K = kernel_of(kernel).gram(torch.from_numpy(np.concatenate([data.X, data.X_test]))).numpy()
    n = data.n

    def mean(rows: np.ndarray) -> np.ndarray:
        return K[n:][:, rows] @ np.linalg.solve(K[np.ix_(rows, rows)] + s * np.eye(len(rows)), Y[rows])

    change = mean(np.arange(n)) - mean(np.delete(np.arange(n), row))
    np.testing.assert_allclose(found.table["moved"], np.linalg.norm(change, axis=1), rtol=1e-8, atol=1e-14)
    own = change[np.arange(len(change)), data.y_test.astype(int)]
    np.testing.assert_allclose(found.table["own_output"], own, rtol=1e-8, atol=1e-14)
    at = engine.get(LoodRequest(data=pixels, queries=f"test:{found.summary['moved_top']}")).table
    assert at.loc[1727, "kl_lood"] == pytest.approx(found.table["kl_lood"].iloc[found.summary["moved_top"]], rel=1e-8)


@pytest.mark.parametrize("kind", ["relu", "rbf", "conv-gelu"])
def test_pictures_in_the_unit_ball_are_seen_as_pixels_from_0_to_1(engine, kind):
    few = dataclasses.replace(DIGITS, subset=40)
    kernel = KernelSpec(kind=kind, depth=1)
    ball, pixels = (
        engine.get(LoodRequest(data=dataclasses.replace(few, preprocess=name), kernel=kernel))
        for name in ("unit-ball", "none")
    )
    assert ball.summary["input_factor"] > 1 and pixels.summary["input_factor"] == 1
    np.testing.assert_allclose(ball.table["kl_lood"], pixels.table["kl_lood"], rtol=1e-9)
    assert ball.summary["target_ratio"] < 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: LoodQueryRequest(data=DIGITS),
        lambda: LoodQueryRequest(data=DIGITS, ids=(8,), steps=0),
        lambda: LoodMovesRequest(data=DIGITS),
    ],
)
def test_requests_that_name_nothing_are_refused(wrong):
    with pytest.raises(BadRequest):
        wrong()
