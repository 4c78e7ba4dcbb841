"""The ladder of curvatures holds what each of them says by itself, and the truth is found once for all."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.analyses.influence.request import CURVATURES
from fil_core.analyses.ladder.request import LadderRequest, ladder_of
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest, leave_one_out_of
from fil_core.analyses.network_influence.request import NETWORK_CURVATURES
from fil_core.analyses.network_ladder.request import NetworkLadderRequest
from fil_core.analyses.network_ladder.request import ladder_of as rungs_of
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec

DATA = DataSpec(name="digits", classes=("3", "8"), subset=40, pca=4)
MODEL = ModelSpec(kind="logistic", l2=0.02)
LADDER = LadderRequest(data=DATA, model=MODEL, damping=0.01, validation_size=15)
NETWORKS = NetworkLadderRequest(data=DATA, network=NetworkSpec(width=3, lr=0.3, time=20), examples=6)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


@pytest.mark.parametrize(
    ("request_", "rungs", "names"),
    [(LADDER, ladder_of, CURVATURES), (NETWORKS, rungs_of, NETWORK_CURVATURES)],
    ids=["model", "network"],
)
def test_a_row_is_what_the_curvature_says_by_itself(engine, request_, rungs, names):
    ladder = engine.get(request_)
    assert tuple(ladder.table.index) == names and ladder.table.index.name == "curvature"
    for rung in rungs(request_):
        alone, row = engine.get(rung), ladder.table.loc[rung.curvature]
        true = alone.table["leave_one_out"].to_numpy()
        left_out = np.isfinite(true)
        predicted = alone.table["influence"].to_numpy()[left_out]
        assert row["slope"] == pytest.approx(predicted @ true[left_out] / (predicted @ predicted))
        assert row["pearson"] == pytest.approx(np.corrcoef(predicted, true[left_out])[0, 1])
        swept = [np.corrcoef(one[left_out], true[left_out])[0, 1] for one in alone.arrays["by_damping"]]
        assert row["best_pearson"] == pytest.approx(max(swept))
        if len(swept) > 1:
            assert row["best_damping"] == alone.arrays["dampings"][int(np.argmax(swept))]
    assert ladder.summary["ladder"]["identity"]["best_damping"] is None


def test_only_some_curvatures(engine):
    some = LadderRequest(data=DATA, model=MODEL, validation_size=15, damping=0.01, curvatures=("identity", "hessian"))
    assert list(engine.get(some).table.index) == ["identity", "hessian"]
    with pytest.raises(BadRequest, match="curvatures: expected some"):
        LadderRequest(curvatures=())


def test_the_truth_is_fitting_again_without_each(engine):
    """By training from zero without the example, n in the penalty as before."""
    asked = leave_one_out_of(ladder_of(LADDER)[0])
    assert all(leave_one_out_of(rung) == asked for rung in ladder_of(LADDER))
    result, data = engine.get(asked), engine.dataset(DATA)
    X, y = data.X_test[:15], data.y_test[:15]

    def mean_loss(weights: np.ndarray) -> float:
        theta = fit(MODEL, data, weights=weights).theta.numpy()
        return float(np.mean(np.logaddexp(0, -(2 * y - 1) * (X @ theta))))

    everyone = np.ones(data.n)
    for row in (0, 17, 39):
        without = everyone.copy()
        without[row] = 0
        change = mean_loss(without) - mean_loss(everyone)
        # Shifts are exact to a relative 1e-7, the loss to the tolerance of two fits.
        assert result.table["leave_one_out"].iloc[row] == pytest.approx(change, rel=1e-5, abs=1e-10)


def test_only_those_drawn_are_left_out(engine):
    result = engine.get(LeaveOneOutRequest(data=DATA, model=MODEL, examples=7, draw_seed=3))
    again = engine.get(LeaveOneOutRequest(data=DATA, model=MODEL))
    assert len(result.table) == 7
    np.testing.assert_allclose(
        result.table["leave_one_out"], again.table["leave_one_out"].loc[result.table.index], rtol=1e-6, atol=1e-12
    )
