"""Iterated reweighting on the data of the FIL paper, and on ten classes; the former run where its files are at hand.

Figures are those of the paper's own code in float64, to five digits.
"""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.result import Result
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Irfil
from tests.test_published_figures import FOLDER, LEAST_SQUARES, LOGISTIC, MNIST, need

absent = pytest.mark.skipif(FOLDER is None, reason="FIL_DATA_DIR is not set: no published data files at hand")

DIGITS = 1e-4  # of a figure that is printed with five of them
IWPC, RIDGE = DataSpec(name="iwpc"), ModelSpec(l2=1e-2)
GENOTYPE = Irfil(iterations=10, attribute=("vkorc1",))


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """Asks an engine that all tests of this file share, whose store keeps what two of them need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIL_STORE_DIR", str(tmp_path_factory.mktemp("store")))
        engine = Engine()
    return engine.get


def mnist(answer, model: ModelSpec) -> Result:
    need("MNIST/raw/train-images-idx3-ubyte")
    return answer(IrfilRequest(data=MNIST, model=model, weights=Irfil(iterations=15)))


def ends(result: Result, name: str) -> list[float]:
    return [result.summary[name][0], result.summary[name][-1]]


@pytest.mark.realdata
@absent
class TestLeastSquaresOnMnist:
    def test_the_spread_falls_round_by_round(self, answer):
        result = mnist(answer, LEAST_SQUARES)
        std = result.summary["eta_std"]
        assert len(std) == 16
        assert std[:5] == pytest.approx([0.0137902, 0.0061637, 0.0036045, 0.0021052, 0.0012141], rel=DIGITS)
        assert std[-1] == pytest.approx(2.26e-6, abs=0.501e-8)
        assert result.summary["converged"] is True

    def test_the_mean_rises_and_the_largest_comes_down_to_it(self, answer):
        result = mnist(answer, LEAST_SQUARES)
        assert ends(result, "eta_mean") == pytest.approx([0.04050, 0.04697], abs=0.501e-5)
        assert ends(result, "eta_max") == pytest.approx([0.11519, 0.04698], abs=0.501e-5)

    def test_the_test_accuracy_by_which_norm_the_test_images_are_divided(self, answer):
        """The paper's .9976 divides them by the largest norm among themselves, this library by the training rows'."""
        result = mnist(answer, LEAST_SQUARES)
        assert ends(result, "test_score") == pytest.approx([0.9995, 0.99716], abs=0.51e-4)
        ours, unmixed = load(MNIST), load(DataSpec(name="mnist", classes=("0", "1"), preprocess="unit-ball"))
        assert unmixed.X_test.shape == (2115, 784)
        affine = ours.preprocessing
        # With no other division this is the library's own test split, so that the norm is all that differs below.
        assert ours.X_test == pytest.approx((unmixed.X_test - affine.centre * affine.scale) @ affine.basis, abs=1e-12)
        largest = np.linalg.norm(unmixed.X_test, axis=1).max()
        assert abs(largest - 1) > 1e-3
        theirs = (unmixed.X_test / largest - affine.centre * affine.scale) @ affine.basis
        accuracy = np.mean((theirs @ result.arrays["theta"][-1] > 0) == ours.y_test)
        assert accuracy == pytest.approx(0.9976, abs=0.51e-4)


@pytest.mark.realdata
@absent
def test_logistic_regression_on_mnist(answer):
    result = mnist(answer, LOGISTIC)
    std = result.summary["eta_std"]
    assert len(std) == 16
    assert std[:3] == pytest.approx([0.0124449, 0.0016601, 0.00031430], rel=DIGITS)
    assert std[-1] < 1e-9
    assert ends(result, "eta_mean") == pytest.approx([0.02670, 0.02376], abs=0.501e-5)
    assert result.summary["converged"] is True


@pytest.mark.realdata
@absent
class TestTheGenotypeOfIwpc:
    def test_its_spread_falls(self, answer):
        need("iwpc/iwpc-scaled.csv")
        s = answer(IrfilRequest(data=IWPC, model=RIDGE, weights=GENOTYPE)).summary
        assert len(s["eta_std"]) == 11
        assert s["eta_std"][:3] == pytest.approx([1.6466e-3, 4.5018e-4, 2.1839e-4], rel=DIGITS)
        assert s["eta_std"][-1] == pytest.approx(3.222e-6, abs=0.501e-9)
        assert [s["eta_mean"][0], s["eta_mean"][-1]] == pytest.approx([1.8319e-3, 1.6799e-3], abs=0.501e-7)

    def deciles(self, answer, model: ModelSpec) -> np.ndarray:
        """White-box success at sigma = 1e-3, averaged in deciles of the patients by what eta was before."""
        need("iwpc/iwpc-scaled.csv")
        before = answer(IrfilRequest(data=IWPC, model=RIDGE, weights=GENOTYPE)).table["eta_before"]
        asked = AttributeRequest(data=IWPC, model=model, sigmas=(1e-3,), attribute="vkorc1", attackers=("whitebox",))
        attacked = answer(asked).table["success_whitebox_0.001"]
        groups = np.array_split(before.sort_values().index, 10)
        return np.array([attacked[ids].mean() for ids in groups])

    def test_who_leaks_more_is_guessed_more_often(self, answer):
        shares = self.deciles(answer, RIDGE)
        assert 0.37 < shares[0] < 0.39
        assert 0.82 < shares[-1] < 0.85
        # One tenth is below the one before: eta bounds the pull of any direction, success has one in mind.
        assert np.diff(shares).min() > -0.02
        assert np.corrcoef(np.arange(10), shares)[0, 1] > 0.95

    def test_reweighted_all_are_guessed_alike(self, answer):
        shares = self.deciles(answer, ModelSpec(l2=1e-2, weights=GENOTYPE))
        assert shares.min() > 0.49
        assert shares.max() < 0.585


def test_ten_classes_of_digits_leak_alike(answer):
    """Softmax, which the paper leaves out: the spread falls about tenfold a round, so that five are plenty."""
    data = DataSpec(name="digits", subset=600)
    s = answer(IrfilRequest(data=data, model=ModelSpec(kind="softmax"), weights=Irfil(iterations=5))).summary
    assert s["eta_std"][-1] <= s["eta_std"][0] / 100
    assert s["converged"] is True
    assert s["eta_max"][-1] < s["eta_max"][0]
