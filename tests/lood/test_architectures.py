"""Architectures beside one another: each row is the LOOD of all records by that kernel, and what is equal is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fil_core.analyses.architectures.figures import figures
from fil_core.analyses.architectures.request import ArchitecturesRequest, architectures_of, specs_of
from fil_core.analyses.subject import subject
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec, KernelSpec

DIGITS = DataSpec(name="digits", classes=("3", "8"), subset=60)
SEVERAL = ArchitecturesRequest(data=DIGITS, kernels=("relu", "rbf"), depths=(1, 3), noises=(0.05, 0.5))
DEEP = ArchitecturesRequest(data=DIGITS, kernels=("relu", "erf", "gelu"), depths=(9,), noises=(0.01,), equal="noise")


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


def test_a_row_is_lood_by_that_kernel(engine):
    table = engine.get(SEVERAL).table
    asked = architectures_of(SEVERAL)
    assert table.index.tolist() == [one.kernel.short for one in asked] and table.index.name == "architecture"
    for one, row in zip(asked, table.itertuples(), strict=True):
        alone = engine.find(one)  # a part, which is stored
        assert alone is not None
        kl, auc = alone.table["kl_lood"], alone.table["auc"]
        assert (row.kernel, row.depth) == (one.kernel.kind, one.kernel.depth if one.kernel.kind == "relu" else 0)
        assert (row.kl_mean, row.kl_median, row.kl_max) == pytest.approx((kl.mean(), kl.median(), kl.max()))
        assert (row.auc_mean, row.auc_median) == pytest.approx((auc.mean(), auc.median()))
        assert row.tpr_mean == pytest.approx(alone.table["tpr_at_fpr_0.001"].mean())
        assert (row.train_score, row.test_score) == (alone.summary["train_score"], alone.summary["test_score"])
        assert row.noise == pytest.approx(row.relative_noise * row.mean_diagonal)


def test_a_kernel_without_layers_counts_once():
    assert specs_of(SEVERAL) == [
        *(KernelSpec(depth=depth, relative_noise=s) for depth in (1, 3) for s in (0.05, 0.5)),
        KernelSpec(kind="rbf", relative_noise=0.05),
        KernelSpec(kind="rbf", relative_noise=0.5),
    ]
    assert all(one.noise == 0.01 for one in specs_of(DEEP))


def test_deep_kernels_at_equal_noise_and_at_equal_ratio(engine):
    """At equal s GELU, whose kernel has nearly vanished after nine layers, leaks least; at equal ratio most."""
    at_equal = engine.get(DEEP).table.set_index("kernel")
    at_ratio = engine.get(dataclasses.replace(DEEP, equal="relative-noise")).table.set_index("kernel")
    assert at_equal["noise"].nunique() == 1 and at_ratio["relative_noise"].nunique() == 1
    assert at_equal["kl_mean"]["relu"] > 2 * at_equal["kl_mean"]["gelu"]
    assert at_equal["kl_mean"]["erf"] > 2 * at_equal["kl_mean"]["relu"]
    assert at_ratio["kl_mean"]["gelu"] > 2 * at_ratio["kl_mean"]["erf"] > 4 * at_ratio["kl_mean"]["relu"]
    assert at_equal["mean_diagonal"]["gelu"] < 0.02 * at_equal["mean_diagonal"]["relu"]


def test_more_noise_leaks_less_and_who_is_named(engine):
    result = engine.get(SEVERAL)
    table, s = result.table, result.summary
    for _, same in table.groupby(["kernel", "depth"]):
        assert same.sort_values("noise")["kl_mean"].is_monotonic_decreasing
    assert table.loc[s["most"], "auc_mean"] == table["auc_mean"].max()
    assert table.loc[s["least"], "auc_mean"] == table["auc_mean"].min()
    best = table[table["test_score"] == table["test_score"].max()]
    assert table.loc[s["best"], "auc_mean"] == best["auc_mean"].min()


def test_what_all_of_them_warn_of_is_said_once(engine, tmp_path):
    """A record that is zero is so to every kernel without bias; the smallest kernel alone finds its labels unlikely."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3)) * 0.4
    X[4] = 0
    np.savez(tmp_path / "zero.npz", X=X, y=np.arange(20) % 2)
    data = DataSpec(name=add(tmp_path / "zero.npz", Choices(test_fraction=0)).name, preprocess="none")
    request = ArchitecturesRequest(data=data, kernels=("relu", "gelu"), depths=(9,), noises=(0.1,))
    parts = [set(engine.get(one).provenance["warnings"]) for one in architectures_of(request)]
    told = engine.get(request).provenance["warnings"]
    shared = parts[0] & parts[1]
    assert len(shared) == 1 and parts[0] == shared and len(parts[1]) == 2
    assert [said for said in told if said in shared] == list(shared) and len(told) == 2
    assert sum(said.startswith("gelu of 9 layers") for said in told) == 1


def test_lines_are_joined_within_a_depth_alone(engine):
    about = subject(SEVERAL, engine.get(SEVERAL), engine.dataset, redact=False, top=5)
    against, by_depth = (one.figure for one in figures(about))
    assert [trace.name for trace in against.data] == ["relu", "rbf"]
    assert np.isnan(against.data[0].x).tolist() == [False, False, True, False, False]  # a gap between the two depths
    assert by_depth.data[0].x.tolist() == pytest.approx([1, 3, np.nan, 1, 3], nan_ok=True)


def test_without_test_rows_leakage_alone_is_drawn(engine):
    result = engine.get(SEVERAL)
    untested = dataclasses.replace(result, table=result.table.assign(test_score=np.nan))
    about = subject(SEVERAL, untested, engine.dataset, redact=False, top=5)
    assert [one.title for one in figures(about)] == ["Leakage by depth"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kernels": ()}, "kernels: expected at least one"),
        ({"depths": ()}, "depths: expected at least one"),
        ({"noises": ()}, "noises: expected at least one"),
        ({"depths": (1, 65)}, "depths: expected at most 64"),
        (
            {"depths": tuple(range(1, 65)), "kernels": ("relu", "erf")},
            "at most 200 with all depths and noises; got 384",
        ),
        ({"equal": "both"}, "equal: expected one of"),
    ],
)
def test_requests_that_make_no_sense(more, said):
    with pytest.raises(BadRequest, match=said):
        ArchitecturesRequest(data=DIGITS, **more)


def test_what_no_kernel_has_is_its_default():
    plain = ArchitecturesRequest(data=DIGITS, kernels=("rbf",))
    assert ArchitecturesRequest(data=DIGITS, kernels=("rbf",), depths=(3,), weight_std=1.0, bias_std=1.0) == plain
    assert ArchitecturesRequest(data=DIGITS, kernels=("linear",), bias_std=1.0).bias_std == 1.0


def test_convolutions_need_pixels(engine):
    request = ArchitecturesRequest(data=DataSpec(name="diabetes"), kernels=("relu", "conv-relu"))
    with pytest.raises(BadData, match="expected images for conv-relu"):
        engine.get(request)
