"""Rows that come from a file in blocks against the same rows in memory, and the bits of their sums."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fil.run import run_fil
from fil_core.data.loading import assemble
from fil_core.data.raw import Raw
from fil_core.engine.fan_out.executors import WorkersUnavailable, executor
from fil_core.engine.fan_out.pools import ThisProcess
from fil_core.errors import BadData, BadRequest, NotConverged, SingularCurvature
from fil_core.leakage.calibration import membership_auc
from fil_core.models import fit
from fil_core.models.leave_one_out import newton_shift
from fil_core.out_of_core.measures import measure_in_blocks
from fil_core.out_of_core.moments import moments
from fil_core.out_of_core.source import RowSource, blocks, in_order, parts, tree
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Dropping

ROOT = Path(__file__).parents[2]
N, D = 900, 6


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files of correlated features with a mean far from zero, labels with noise, and real targets."""
    folder, rng = tmp_path_factory.mktemp("rows"), np.random.default_rng(3)
    mixing = np.linalg.qr(rng.standard_normal((D, D)))[0] * np.linspace(1, 3, D)
    X = rng.standard_normal((N, D)) @ mixing + np.arange(1, D + 1)
    labels = (X[:, 0] - 1 + rng.standard_normal(N) > 0).astype(float)
    targets = X @ rng.standard_normal(D) + 2 * rng.standard_normal(N)
    arrays = {
        "X": X, "labels": labels, "targets": targets, "signs": 2 * labels - 1,
        "last": np.column_stack([X, targets]), "fortran": np.asfortranarray(X),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: str(folder / f"{name}.npy") for name in arrays} | {"arrays": arrays}


def in_memory(made, model, preprocess, pca, sigma=0.7):
    arrays, classes = made["arrays"], model.kind == "logistic" or made.get("classes")
    X, y = arrays["X"], arrays["labels"].astype(int) if classes else arrays["targets"]
    if preprocess == "standardise" and not classes:  # then so is the target, as of any own data
        y = (y - y.mean()) / y.std()
    raw = Raw(
        X=X, y=y, ids=np.arange(N), X_test=X[:0], y_test=y[:0], feature_names=tuple(f"x{j}" for j in range(D)),
        class_names=("0", "1") if classes else (),
    )  # fmt: skip
    spec = DataSpec(name="digits", preprocess=preprocess, pca=pca)
    dataset = assemble(raw, spec, title="Rows", task="classification" if classes else "regression")
    fitted = fit(model, dataset)
    inputs = Inputs(dataset, torch.device("cpu"), optimum=fitted)
    result = run_fil(FilRequest(data=spec, model=model, sigma=sigma), inputs)
    # Rows that come in blocks cannot be left out exactly: theirs is a Newton step, and they say so.
    result.table["loo_shift"] = newton_shift(fitted.terms(dataset))[0].numpy()
    result.table["membership_auc"] = membership_auc(result.table["loo_shift"].to_numpy(), sigma)
    return result


def of_classes(made):
    return RowSource(features=made["X"], target=made["labels"], classes=(0.0, 1.0))


def of_targets(made):
    return RowSource(features=made["X"], target=made["targets"])


CASES = [
    ("least-squares", False, "none", None, 0.0),
    ("least-squares", False, "standardise", None, 1e-2),
    ("least-squares", True, "unit-ball", 3, 1e-3),
    ("least-squares", True, "standardise", None, 1e-3),
    ("logistic", True, "none", None, 0.0),
    ("logistic", True, "unit-ball", None, 1e-3),
    ("logistic", True, "standardise", 4, 1e-2),
]


@pytest.mark.parametrize(("kind", "classes", "preprocess", "pca", "l2"), CASES)
def test_every_column_and_figure_equals_that_of_rows_in_memory(made, kind, classes, preprocess, pca, l2):
    model, source = ModelSpec(kind=kind, l2=l2), of_classes(made) if classes else of_targets(made)
    true = in_memory(made | {"classes": classes}, model, preprocess, pca)
    found = measure_in_blocks(
        source, model, preprocess=preprocess, pca=pca, sigma=0.7, executor=ThisProcess(), rows_per_block=101
    )
    assert list(found.table.columns) == list(true.table.columns)
    assert found.table.index.equals(true.table.index)
    residual = true.table["grad_norm"] > 1e-3  # the floor divides by its square
    for name in true.table:
        if true.table[name].dtype.kind == "f":
            rows = residual if name == "bound_unbiased" else slice(None)
            scale = 1e-9 * float(true.table[name][rows].abs().min()) if name == "eta" else 1e-9
            np.testing.assert_allclose(found.table[name][rows], true.table[name][rows], rtol=1e-9, atol=scale)
        else:
            assert found.table[name].equals(true.table[name]), name
    assert found.summary.keys() == true.summary.keys()
    exact = ("n", "d", "converged", "train_score", "score", "columns") if classes else ("n", "d", "score", "columns")
    assert {name: found.summary[name] for name in exact} == {name: true.summary[name] for name in exact}
    for name in ("eta_mean", "eta_std", "eta_max", "train_score", "prior_std", "condition", "tolerance"):
        assert found.summary[name] == pytest.approx(true.summary[name], rel=1e-9), name
    assert np.isnan(found.summary["test_score"])
    assert found.arrays.keys() == true.arrays.keys()
    np.testing.assert_allclose(found.arrays["theta"], true.arrays["theta"], rtol=1e-9)
    stepped = [text for text in found.provenance["warnings"] if "one Newton step" in text]
    assert len(stepped) == (kind == "logistic")
    assert [text for text in found.provenance["warnings"] if text not in stepped] == true.provenance["warnings"]


def test_a_target_column_a_range_and_columns_left_out_are_those_of_the_file(made):
    source = RowSource(features=made["last"], target=D, left_out=(1,), start=100, stop=500)
    whole = np.delete(made["arrays"]["X"], 1, axis=1)[100:500]
    assert source.shape() == (400, D - 1)
    X, y = source.read(slice(10, 20))
    assert np.array_equal(X, whole[10:20])
    assert np.array_equal(y, made["arrays"]["targets"][110:120])
    table = measure_in_blocks(source, ModelSpec(), executor=ThisProcess()).table
    assert (table.index[0], table.index[-1]) == (100, 499)
    assert np.array_equal(table["label"], made["arrays"]["targets"][100:500])


def test_classes_may_be_any_two_values_and_columns_in_any_order_of_memory(made):
    plain = measure_in_blocks(of_classes(made), ModelSpec(kind="logistic"), executor=ThisProcess()).table
    signs = RowSource(features=made["fortran"], target=made["signs"], classes=(-1.0, 1.0))
    coded = measure_in_blocks(signs, ModelSpec(kind="logistic"), executor=ThisProcess()).table
    np.testing.assert_allclose(coded["eta"], plain["eta"], rtol=1e-12)
    assert set(coded["label"]) == {"-1", "1"}
    assert np.array_equal(coded["label"] == "1", plain["label"] == 1)


# --- bits -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("fil_core.out_of_core.source._PER_FEATURE", 4)
    monkeypatch.setattr("fil_core.out_of_core.source._ROWS", 64)


@pytest.fixture(scope="module")
def pools():
    with executor(workers=1) as one, executor(workers=2) as two:
        yield one, two


class Backwards(ThreadPoolExecutor):
    """Answers so many tasks in the reverse order of their submission."""

    def __init__(self, tasks):
        super().__init__(tasks)
        self.submitted, self.finished, self.next, self.turn = 0, [], tasks, threading.Condition()

    def submit(self, fn, /, *args, **kwargs):
        number = self.submitted = self.submitted + 1

        def late():
            with self.turn:
                assert self.turn.wait_for(lambda: self.next == number, timeout=60)
                self.next -= 1
                self.finished.append(number)
                result = fn(*args, **kwargs)
                self.turn.notify_all()
            return result

        return super().submit(late)


def test_the_bits_of_sums_and_measures_do_not_depend_on_the_number_of_processes(made, pools, small_parts):
    assert len(parts(N, D)) == 15
    model = ModelSpec(kind="logistic", l2=1e-3)
    one, two = (
        measure_in_blocks(of_classes(made), model, preprocess="standardise", executor=pool, rows_per_block=17)
        for pool in pools
    )
    for name in one.table:
        assert one.table[name].equals(two.table[name]), name
    assert np.array_equal(one.arrays["theta"], two.arrays["theta"])
    assert one.provenance["data"]["fingerprint"] == two.provenance["data"]["fingerprint"]


def test_the_bits_of_sums_do_not_depend_on_who_is_first(made, small_parts):
    backwards = Backwards(15)
    first, digest = moments(of_classes(made), executor=ThisProcess())
    second, again = moments(of_classes(made), executor=backwards)
    assert backwards.finished == sorted(backwards.finished, reverse=True)
    assert len(backwards.finished) == 15
    assert np.array_equal(first.scatter, second.scatter)
    assert np.array_equal(first.mean, second.mean)
    assert digest == again


def test_the_fingerprint_is_of_the_content_and_not_of_the_blocks(made, tmp_path):
    _, digest = moments(of_classes(made), executor=ThisProcess())
    assert moments(of_classes(made), executor=ThisProcess(), rows_per_block=7)[1] == digest
    X = made["arrays"]["X"].copy()
    X[500, 2] = np.nextafter(X[500, 2], np.inf)
    np.save(tmp_path / "X.npy", X)
    changed = RowSource(features=str(tmp_path / "X.npy"), target=made["labels"], classes=(0.0, 1.0))
    assert moments(changed, executor=ThisProcess())[1] != digest


def test_moments_lose_no_digits_to_a_mean_far_from_zero(tmp_path, small_parts):
    rng = np.random.default_rng(0)
    exact = rng.integers(-1000, 1000, (500, 3)) / 1024.0
    np.save(tmp_path / "X.npy", exact + 2.0**30)
    np.save(tmp_path / "y.npy", exact[:, 0])
    source = RowSource(features=str(tmp_path / "X.npy"), target=str(tmp_path / "y.npy"))
    found, _ = moments(source, executor=ThisProcess())
    # The mean is known to 2^30 * eps = 2e-7; a difference of sums of squares would be wrong by 2^60 * eps = 256.
    np.testing.assert_allclose(found.scatter.diagonal()[:3] / 500, exact.var(axis=0), rtol=1e-7)


@pytest.mark.parametrize("m", [1, 2, 3, 7, 8, 13])
def test_a_tree_adds_everything_in_order_and_pairwise(m):
    joined = tree(iter([f"{i}" for i in range(m)]), lambda a, b: f"({a}{b})")
    assert joined.replace("(", "").replace(")", "") == "".join(map(str, range(m)))
    depth = max(joined[:i].count("(") - joined[:i].count(")") for i in range(len(joined)))
    assert depth <= np.ceil(np.log2(m)) if m > 1 else depth == 0


@pytest.mark.parametrize(("n", "d"), [(1, 1), (10**6, 3), (10**5, 100), (5000, 3000)])
def test_parts_and_blocks_cover_every_row_once(n, d):
    covered = [block for part in parts(n, d) for block in blocks(part, d, None)]
    assert covered[0].start == 0
    assert covered[-1].stop == n
    assert all(a.stop == b.start for a, b in pairwise(covered))
    assert all((block.stop - block.start) * d <= 2**20 for block in covered)


# --- fan-out ----------------------------------------------------------------------------------------------------------


class Losing(ThisProcess):
    """Loses some of what is submitted with its process."""

    def __init__(self, lost):
        self.lost, self.submitted, self.cancelled = set(lost), 0, 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        if self.submitted - 1 not in self.lost:
            return super().submit(fn, *args, **kwargs)
        future = Future()
        future.set_exception(BrokenExecutor("gone"))
        return future


def double(x):
    return 2 * x


def test_a_part_whose_process_was_lost_is_done_again_once():
    assert list(in_order(Losing({0, 3}), double, range(5), answer_bytes=8)) == [0, 2, 4, 6, 8]
    with pytest.raises(BrokenExecutor):
        list(in_order(Losing(range(100)), double, range(5), answer_bytes=8))


def test_a_part_that_ends_its_process_twice_is_said_in_words(made):
    with pytest.raises(WorkersUnavailable, match="ended by the system, twice"):
        measure_in_blocks(of_classes(made), ModelSpec(), executor=Losing(range(100)))


def test_large_answers_do_not_pile_up():
    executor = Losing(())
    answers = in_order(executor, double, range(100), answer_bytes=2**24)
    assert next(answers) == 0
    assert executor.submitted == 4  # of 16 MB each


def test_progress_counts_rows_and_its_error_stops_the_work(made, small_parts):
    told = []
    measure_in_blocks(
        of_classes(made), ModelSpec(kind="logistic"), executor=ThisProcess(), progress=lambda *p: told.append(p)
    )
    assert {what for *_, what in told} >= {
        "adding up the rows",
        "training: pass 1 over the rows",
        "measuring each example",
    }
    assert all(0 <= done < total == N for done, total, _ in told)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_in_blocks(of_classes(made), ModelSpec(), executor=ThisProcess(), progress=stop)


# --- refusals ---------------------------------------------------------------------------------------------------------


def saved(path, array):
    np.save(path, array)
    return str(path)


def changed(made, tmp_path, row, column, value):
    X = made["arrays"]["X"].copy()
    X[row, column] = value
    return RowSource(features=saved(tmp_path / "X.npy", X), target=made["labels"], classes=(0.0, 1.0))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (lambda m, t: RowSource(features=str(t / "none.npy"), target=0), "expected a .npy file of numbers; .*No such"),
        (lambda m, t: RowSource(features=m["labels"], target=0), r"in 2 dimensions; got float64 \(900,\)"),
        (lambda m, t: RowSource(features=m["X"], target=m["X"]), "in 1 dimensions"),
        (lambda m, t: RowSource(features=saved(t / "t.npy", np.array([["a"]])), target=0), "file of numbers in 2 dim"),
        (lambda m, t: RowSource(features=m["X"], target=saved(t / "y.npy", np.zeros(3))), "each of 900 rows; got"),
        (lambda m, t: RowSource(features=m["X"], target=D), "expected numbers from 0 to 5; got 6"),
        (lambda m, t: RowSource(features=m["X"], target=0, left_out=(-1,)), "expected numbers from 0 to 5; got -1"),
        (lambda m, t: RowSource(features=m["X"], target=0, left_out=tuple(range(D))), "at least one column"),
        (lambda m, t: RowSource(features=m["X"], target=0, stop=901), "within the 900 of the file; got 0 to 901"),
        (lambda m, t: RowSource(features=m["X"], target=0, start=5, stop=5), "got 5 to 5"),
        (lambda m, t: RowSource(features=m["X"], target=m["signs"], classes=(0, 1)), "expected 0 or 1.*got -1 at row"),
        (lambda m, t: changed(m, t, 17, 2, np.nan), "features: expected finite numbers; row 17 has another"),
        (lambda m, t: changed(m, t, 899, 0, np.inf), "row 899 has another"),
    ],
)
def test_files_that_do_not_fit_are_refused(made, tmp_path, source, text):
    with pytest.raises(BadData, match=text):
        measure_in_blocks(source(made, tmp_path), ModelSpec(), executor=ThisProcess(), rows_per_block=50)


def test_a_pickle_is_not_opened(made, tmp_path):
    np.save(tmp_path / "o.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(BadData, match="expected a .npy file of numbers"):
        RowSource(features=str(tmp_path / "o.npy"), target=0).shape()
    np.savez(tmp_path / "z.npz", made["arrays"]["X"])
    with pytest.raises(BadData, match="got an archive"):
        RowSource(features=str(tmp_path / "z.npz"), target=0).shape()


def test_one_class_only_is_refused(made, tmp_path):
    source = RowSource(features=made["X"], target=saved(tmp_path / "y.npy", np.ones(N)), classes=(0.0, 1.0))
    with pytest.raises(BadData, match="expected both classes; every one of 900 rows has 1"):
        measure_in_blocks(source, ModelSpec(), executor=ThisProcess())


def test_rows_that_are_all_the_same_are_refused(tmp_path):
    source = RowSource(
        features=saved(tmp_path / "X.npy", np.ones((9, 2))), target=saved(tmp_path / "y.npy", np.ones(9))
    )
    with pytest.raises(BadData, match="columns that vary; 2 columns"):
        measure_in_blocks(source, ModelSpec(l2=1e-3), executor=ThisProcess())


@pytest.mark.parametrize("classes", [(1.0,), (1.0, 1.0), (0.0, 1.0, 2.0)])
def test_other_than_two_classes_are_refused(made, classes):
    with pytest.raises(BadRequest, match="expected two different target values"):
        RowSource(features=made["X"], target=0, classes=classes)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"model": ModelSpec(kind="softmax")}, "expected least-squares or logistic with equal weights"),
        ({"model": ModelSpec(weights=Dropping(k=3))}, "got least-squares with drop:3"),
        ({"sigma": 0.0}, "sigma"),
        ({"prior_std": -1.0}, "prior_std"),
        ({"preprocess": "whiten"}, "preprocess"),
        ({"pca": 7}, "at most 6 directions for 900 rows of 6 features; got 7"),
        ({"pca": 0}, "pca"),
        ({"rows_per_block": 0}, "rows_per_block"),
    ],
)
def test_options_out_of_range_are_refused(made, options, text):
    with pytest.raises(BadRequest, match=text):
        measure_in_blocks(of_classes(made), **{"model": ModelSpec(), "executor": ThisProcess()} | options)


def test_a_classifier_of_real_targets_is_refused(made):
    with pytest.raises(BadRequest, match="expected least-squares with equal weights.*got logistic"):
        measure_in_blocks(of_targets(made), ModelSpec(kind="logistic"), executor=ThisProcess())


def test_separable_classes_are_refused_without_a_penalty(made, tmp_path):
    X = made["arrays"]["X"]
    y = (X[:, 0] > 0).astype(float)
    source = RowSource(features=saved(tmp_path / "X.npy", X), target=saved(tmp_path / "y.npy", y), classes=(0.0, 1.0))
    with pytest.raises(NotConverged, match="linearly separable"):
        measure_in_blocks(source, ModelSpec(kind="logistic", l2=0.0), executor=ThisProcess())


def test_classes_separated_in_part_are_refused_without_a_penalty(tmp_path):
    """A column that only examples of one class have: its parameter grows without end while the gradient vanishes."""
    rng = np.random.default_rng(1)
    X, y = np.column_stack([rng.standard_normal(400), np.zeros(400)]), (rng.random(400) > 0.5).astype(float)
    X[np.flatnonzero(y)[:40], 1] = 1.0
    source = RowSource(features=saved(tmp_path / "X.npy", X), target=saved(tmp_path / "y.npy", y), classes=(0.0, 1.0))
    with pytest.raises(NotConverged, match="separated by their class"):
        measure_in_blocks(source, ModelSpec(kind="logistic", l2=0.0), executor=ThisProcess())


def test_dependent_columns_are_refused_without_a_penalty(made, tmp_path):
    X = np.column_stack([made["arrays"]["X"], made["arrays"]["X"][:, 0]])
    source = RowSource(features=saved(tmp_path / "X.npy", X), target=made["targets"])
    with pytest.raises(SingularCurvature, match="Set l2 > 0") as error:
        measure_in_blocks(source, ModelSpec(l2=0.0), executor=ThisProcess())
    assert re.search(rf"depend on others: column (0|{X.shape[1] - 1})\.$", str(error.value))


def test_rows_that_change_between_passes_are_refused(made, tmp_path):
    path = tmp_path / "X.npy"
    source = RowSource(features=saved(path, made["arrays"]["X"]), target=made["targets"])

    def change(done, total, what):
        if what == "measuring each example":
            np.save(path, made["arrays"]["X"][::-1])

    with pytest.raises(BadData, match="the same in every pass"):
        measure_in_blocks(source, ModelSpec(), executor=ThisProcess(), progress=change)


# --- memory -----------------------------------------------------------------------------------------------------------


_FRESH = """
import json, resource, sys
from fil_core.out_of_core.measures import measure_in_blocks
from fil_core.engine.fan_out.pools import ThisProcess
from fil_core.out_of_core.source import RowSource
from fil_core.specs import ModelSpec

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def measured(stop):
    source = RowSource(features=sys.argv[1], target=0, stop=stop)
    return measure_in_blocks(source, ModelSpec(l2=1e-3), executor=ThisProcess(), preprocess="standardise")

measured(2_000)  # what is loaded and set up once
before = peak()
found = measured(None)
print(json.dumps({"extra": peak() - before, "n": found.summary["n"]}))
"""


def test_memory_is_that_of_a_block_and_the_table_not_of_the_rows(tmp_path):
    """400,000 x 100 are 305 MiB; a block, what is made of it, and a table of 12 columns must do with half."""
    n, d, path = 400_000, 100, tmp_path / "X.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (n, d)})
        for seed in range(20):
            np.random.default_rng(seed).standard_normal((n // 20, d)).tofile(file)
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, path],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["n"] == n
    assert found["extra"] < 8 * n * d / 2
