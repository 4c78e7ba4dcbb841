"""Figures of the FIL paper's own code and data, reproduced; run where the published files are at hand."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.study.studies import STUDIES
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.leakage.comparison import agreement
from fil_core.leakage.fil import fil
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

FOLDER = os.environ.get("FIL_DATA_DIR")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(FOLDER is None, reason="FIL_DATA_DIR is not set: no published data files at hand"),
]

MNIST = DataSpec(name="mnist", classes=("0", "1"), pca=20)
LEAST_SQUARES, LOGISTIC = ModelSpec(kind="least-squares", l2=0.0), ModelSpec(kind="logistic", l2=8e-4)
LAST_DIGIT = 1e-7  # of seven printed decimals, rounding included


def need(relative: str) -> None:
    path = Path(FOLDER or "") / relative
    if not path.exists():
        pytest.skip(f"{path} is not there")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """MNIST 0/1 on 20 principal components under both of the paper's models."""
    need("MNIST/raw/train-images-idx3-ubyte")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIL_STORE_DIR", str(tmp_path_factory.mktemp("store")))
        engine = Engine()
        return [engine.get(FilRequest(data=MNIST, model=model)) for model in (LEAST_SQUARES, LOGISTIC)]


@pytest.mark.parametrize(
    ("which", "mean", "std", "largest"),
    [(0, 0.0404992, 0.0137902, 0.1151910), (1, 0.0267017, 0.0124449, 0.1098688)],
    ids=["least squares, l2 = 0", "logistic, l2 = 8e-4"],
)
def test_mnist_with_twenty_components(which, mean, std, largest, tables):
    """Hannun, Guo and van der Maaten (UAI 2021), Sec. 5, run with their code in float64."""
    s = tables[which].summary
    assert [s["eta_mean"], s["eta_std"], s["eta_max"]] == pytest.approx([mean, std, largest], abs=LAST_DIGIT)
    assert (s["n"], s["d"], s["converged"]) == (12_665, 20, True)


def test_the_two_models_share_147_of_their_500_most_exposed(tables):
    both = agreement(*(t.table["eta"].to_numpy() for t in tables), k=500)
    assert (both.overlap, both.n) == (147, 12_665)


@pytest.mark.parametrize(
    ("l2", "mean", "digit"),
    [(1e-5, 2.606e-3, 1e-6), (1e-3, 2.450e-3, 1e-6), (1e-1, 7.69e-4, 1e-6), (1.0, 1.473e-4, 1e-7)],
)
def test_iwpc_leaks_less_of_vkorc1_under_a_larger_penalty(l2, mean, digit):
    """The paper's table of the genotype's mean eta by penalty; `digit` is the last one printed."""
    need("iwpc/iwpc-scaled.csv")
    data = load(DataSpec(name="iwpc"))
    fitted = fit(ModelSpec(kind="least-squares", l2=l2), data)
    eta = fil(fitted, data, columns=data.columns(("vkorc1",)))
    assert float(eta.mean()) == pytest.approx(mean, abs=0.501 * digit)


def test_the_digit_that_the_study_of_ten_digits_rebuilds_is_the_most_exposed_one():
    need("MNIST/raw/train-images-idx3-ubyte")
    (asked,) = (entry.request for entry in STUDIES["ten-digits"].entries if entry.name == "leakiest")
    data = load(asked.data)
    assert data.ids[fil(fit(asked.model, data), data).argmax()] == asked.ids[0]


class Memory:
    """The largest resident size while a block runs, less what it was before, in MiB."""

    def __enter__(self):
        self._start = self.peak = self._resident()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._watch.join()

    @property
    def extra(self) -> float:
        return self.peak - self._start

    def _look(self):
        while not self._stop.is_set():
            self.peak = max(self.peak, self._resident())
            time.sleep(0.005)

    @staticmethod
    def _resident() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
def test_all_784_pixels_exactly_and_within_a_gibibyte():
    """Against a dense SVD of J, (784, 785), of five examples; an (n, d, d) tensor would be 62 GB."""
    need("MNIST/raw/train-images-idx3-ubyte")
    data = load(DataSpec(name="mnist", classes=("0", "1")))
    with Memory() as memory:
        fitted = fit(ModelSpec(kind="least-squares", l2=1e-3), data)
        eta = fil(fitted, data).numpy()
    assert memory.extra <= 1024
    n, d = data.X.shape
    inverse = np.linalg.inv(data.X.T @ data.X + n * 1e-3 * np.eye(d))
    theta = inverse @ (data.X.T @ (2 * data.y - 1))
    for i in np.random.default_rng(0).choice(n, 5, replace=False):
        x = data.X[i]
        r, u = theta @ x - (2 * data.y[i] - 1), inverse @ x
        J = np.hstack([r * inverse + np.outer(u, theta), -u[:, None]])
        assert eta[i] == pytest.approx(np.linalg.svd(J, compute_uv=False)[0], rel=1e-9)
