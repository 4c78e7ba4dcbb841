"""The landscape of a record: against training without it and LOOD at the same queries; nowhere above the record."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_landscape import run as landscape
from fil_core.analyses.lood_landscape.directions import laid
from fil_core.analyses.lood_landscape.figures import figures
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.analyses.reproduce import command
from fil_core.analyses.subject import subject
from fil_core.data.own import register
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest
from fil_core.lood.process import kernel_on, process, targets
from fil_core.specs import DataSpec, KernelSpec

DIGITS, DIABETES = DataSpec(name="digits", classes=("3", "8"), subset=80), DataSpec(name="diabetes", subset=60)
COMPONENTS = dataclasses.replace(DIGITS, pca=6)
RBF = KernelSpec(kind="rbf")
TOWARDS = LandscapeRequest(data=DIGITS, id=8, towards=13, points=16)
RANDOM = LandscapeRequest(data=DIABETES, kernel=RBF, id=5, points=12)
FEATURE = LandscapeRequest(data=DIABETES, kernel=RBF, id=5, pixel="bmi", points=11)
PLANE = LandscapeRequest(data=COMPONENTS, kernel=KernelSpec(kind="erf"), id=13, plane=True, points=6)
EACH = [TOWARDS, RANDOM, FEATURE, PLANE, dataclasses.replace(FEATURE, plane=True)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


@pytest.mark.parametrize("kernel", [KernelSpec(), KernelSpec(kind="erf", noise=1e-3), RBF], ids=lambda one: one.kind)
def test_the_record_and_the_other_example_are_as_lood_has_them(engine, kernel):
    request = dataclasses.replace(TOWARDS, kernel=kernel)
    table, row = engine.get(request).table, engine.dataset(DIGITS).row(8)
    for t, queries in ((0.0, "self"), (1.0, "id:13")):
        alone = engine.get(LoodRequest(data=DIGITS, kernel=kernel, queries=queries)).table.iloc[row]
        here = table[table["t"] == t].iloc[0]
        # The variance at a query is a difference, which costs about three of 16 digits here.
        for name in ("kl_lood", "mean_lood"):
            assert here[name] == pytest.approx(alone[name], rel=1e-10)
        assert here["auc"] == pytest.approx(alone["auc"], rel=1e-10)


@pytest.mark.parametrize("request_", EACH)
def test_every_point_is_training_with_and_without_the_record(engine, request_):
    data, table = engine.dataset(request_.data), engine.get(request_).table
    X, way = torch.from_numpy(data.X), laid(request_, data)
    kernel, Y = kernel_on(request_.kernel, data, X), targets(data, data.y)
    K = kernel.gram(X).numpy()
    noise = process(request_.kernel, data, torch.device("cpu")).noise
    others = np.delete(np.arange(data.n), way.row)
    Q = way.queries(data)[::5]
    C = Y.shape[1]
    for q, point in zip(Q, table.iloc[::5].itertuples(), strict=True):
        k, own = (
            kernel.block(torch.from_numpy(q[None]), X).numpy()[0],
            kernel.diagonal(torch.from_numpy(q[None])).item(),
        )
        moments = []
        for rows in (np.arange(data.n), others):
            A = np.linalg.inv(K[np.ix_(rows, rows)] + noise * np.eye(len(rows)))
            moments.append((k[rows] @ A @ Y[rows], own - k[rows] @ A @ k[rows]))
        (mean, v), (mean_out, v_out) = moments
        gap = ((mean - mean_out) ** 2).sum()
        kl = (C * (v_out / v - 1 - np.log(v_out / v)) + gap / v) / 2
        assert point.variance == pytest.approx(v, rel=1e-9)
        # v_out / v - 1 - log(...) cancels here to about 1e-16 / its root.
        assert point.kl_lood == pytest.approx(kl, rel=1e-6, abs=1e-12)
        assert point.mean_lood == pytest.approx(gap / C / 2, rel=1e-6, abs=1e-18)


@pytest.mark.parametrize("request_", EACH)
def test_no_query_shows_the_record_more_than_itself(engine, request_):
    table, s = engine.get(request_).table, engine.get(request_).summary
    assert s["kl_own_is_largest"] and s["kl_t"] == 0.0 and s.get("kl_u", 0.0) == 0.0
    assert table["kl_lood"].max() <= s["kl_own"] * (1 + 1e-9)
    assert table["auc"].max() <= s["auc_own"] + 1e-12
    assert s["kl_own"] > 2 * table["kl_lood"].median()  # and it falls


def test_another_query_may_move_the_mean_more(engine):
    s = engine.get(TOWARDS).summary
    assert not s["mean_own_is_largest"] and s["mean_max"] > 1.5 * s["mean_own"] and s["mean_t"] == -1.5


def test_where_the_lood_has_halved(engine):
    table, s = engine.get(TOWARDS).table, engine.get(TOWARDS).summary
    kl = table.set_index("t")["kl_lood"]
    between = kl[(kl.index > s["half_from"]) & (kl.index < s["half_to"])]
    assert (between >= s["kl_own"] / 2).all() and max(kl[s["half_from"]], kl[s["half_to"]]) < s["kl_own"] / 2


def test_where_the_queries_lie(engine):
    data = engine.dataset(DIABETES)
    line, way = laid(RANDOM, data), laid(FEATURE, data)
    apart = [((a - b) ** 2).sum() for i, a in enumerate(data.X) for b in data.X[:i]]
    assert np.linalg.norm(line.first) == pytest.approx(np.sqrt(np.mean(apart)))  # of all pairs of rows
    assert line.t[[0, -1]].tolist() == [-1.5, 1.5] and 0.0 in line.t and len(line.t) == 13
    moved, bmi = way.queries(data) - data.X[way.row], data.feature_names.index("bmi")
    assert not np.delete(moved, bmi, axis=1).any()
    assert moved[[0, -1], bmi] == pytest.approx(np.ptp(data.X[:, bmi]) * np.array([-1, 1]))
    flat = laid(dataclasses.replace(FEATURE, plane=True), data)
    assert abs(flat.first @ flat.second) < 1e-12 and flat.u[[0, -1]].tolist() == [-1.5, 1.5]
    assert flat.positions[:3].tolist() == [[-1.0, -1.5], [-1.0, -1.2], [-1.0, pytest.approx(-0.9)]]
    s, x = engine.get(FEATURE).summary, data.X[way.row, bmi]
    ends = x + np.array([s["rows_from"], s["rows_to"]]) * np.ptp(data.X[:, bmi])
    assert ends == pytest.approx([data.X[:, bmi].min(), data.X[:, bmi].max()])


@pytest.mark.parametrize("request_", [TOWARDS, dataclasses.replace(TOWARDS, data=COMPONENTS)])
def test_which_queries_are_pictures(engine, request_):
    """Of principal components, too: the record's own picture moved, which has the query's components."""
    data, result = engine.dataset(request_.data), engine.get(request_)
    way, s = laid(request_, data), result.summary
    pictures = data.source[way.row] + way.t[:, None] * data.preprocessing.direction(way.first)
    np.testing.assert_allclose(data.preprocessing.forward(pictures), way.queries(data), atol=1e-12)
    within = ((pictures >= -1e-6) & (pictures <= 16 + 1e-6)).all(1)
    assert result.table["inside"].tolist() == within.tolist() and within.any()
    inside = way.t[within]
    assert s["pixels_from"] <= inside[0] + 1e-9 and s["pixels_to"] >= inside[-1] - 1e-9
    if request_ is TOWARDS:  # both ends are pictures, and so is all between
        assert (s["pixels_from"], s["pixels_to"]) == (0.0, pytest.approx(1.0))
        assert result.table["inside"].tolist() == [0 <= t <= 1 for t in result.table["t"]]


def test_blocks_of_queries_make_no_difference(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(landscape, "BLOCK", 200)
    tables = [one.get(PLANE).table.drop(columns="inside") for one in (Engine(Store(tmp_path)), engine)]
    np.testing.assert_allclose(*tables, rtol=1e-9, atol=1e-15)  # but for the order of sums


def test_directions_follow_from_the_seed(engine):
    data = engine.dataset(DIABETES)
    other = laid(dataclasses.replace(RANDOM, direction_seed=1), data)
    assert not np.allclose(other.first, laid(RANDOM, data).first)
    assert np.array_equal(laid(RANDOM, data).first, laid(dataclasses.replace(RANDOM), data).first)


def test_one_result_has_one_request():
    assert dataclasses.replace(TOWARDS, points=61) == dataclasses.replace(TOWARDS, points=None)
    assert dataclasses.replace(TOWARDS, direction_seed=4) == TOWARDS
    assert dataclasses.replace(FEATURE, span=4.0) == FEATURE
    assert dataclasses.replace(FEATURE, span=4.0, plane=True) != dataclasses.replace(FEATURE, plane=True)
    assert dataclasses.replace(PLANE, direction_seed=4) != PLANE


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"id": None}, "example: expected a training record"),
        ({"id": 8, "towards": 13, "pixel": "3"}, "pixel: expected nothing beside towards"),
        ({"id": 8, "towards": 8}, "towards: expected another example"),
        ({"id": 8, "plane": True, "points": 102}, "points: expected at most 101"),
        ({"id": 8, "span": 0.0}, "span"),
    ],
)
def test_requests_that_make_no_sense(more, said):
    with pytest.raises(BadRequest, match=said):
        LandscapeRequest(data=DIGITS, **more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"id": 9}, "example: expected one of the 80"),
        ({"id": 8, "towards": 9}, "towards: expected one of the 80"),
        ({"id": 8, "pixel": "64"}, "pixel: expected one of"),
        ({"id": 8, "pixel": "r00c00"}, "pixel: expected a feature that varies"),
        ({"id": 0, "pixel": "attribute", "data": DataSpec(name="synthetic:60x9")}, "has 3. Name one of them"),
        ({"id": 8, "plane": True, "data": dataclasses.replace(DIGITS, pca=1)}, "plane: expected at least two"),
    ],
)
def test_data_that_do_not_have_it(engine, more, said):
    with pytest.raises(BadData, match=said):
        engine.get(LandscapeRequest(**{"data": DIGITS} | more))


def test_a_record_that_the_kernel_does_not_see(tmp_path, engine):
    rows = ["a,b,y", "0,0,1", *(f"{i},{i * i % 7},{i % 3}" for i in range(1, 12))]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    from fil_core.data.own import Choices, add

    name = add(tmp_path / "rows.csv", Choices(target="y", test_fraction=0.2, task="regression")).name
    spec = DataSpec(name=name, preprocess="none")
    assert 0 in engine.dataset(spec).ids
    with pytest.raises(BadData, match="example: expected records to which the kernel is not zero; example 0 is"):
        engine.get(LandscapeRequest(data=spec, id=0))


def test_the_value_of_a_feature_is_not_told_redacted(engine):
    """Where the feature's range ends would tell it; the steps are the same whatever it is."""

    def lines(redact: bool) -> int:
        about = subject(FEATURE, engine.get(FEATURE), engine.dataset, redact=redact, top=5)
        return len(figures(about)[0].figure.layout.shapes)

    assert lines(redact=False) > 0 and lines(redact=True) == 0
    t = engine.get(FEATURE).table["t"].to_numpy()
    np.testing.assert_allclose(t, -t[::-1])
    level = LandscapeRequest(data=DataSpec(name=f"{register.PREFIX}gone"), id=1, pixel="city=Oslo")
    assert "Oslo" in command(level) and "Oslo" not in command(level, redact=True)
