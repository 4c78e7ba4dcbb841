"""What is told of one record: its ROC curve on logarithmic axes, and (epsilon, delta)."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.analyses.lood import record

RECORDS = ((1e-12, 2.0, 3), (0.5, 0.1, 1), (3.0, 50.0, 10), (40.0, 500.0, 1))


@pytest.mark.parametrize(("g", "m", "outputs"), RECORDS)
def test_the_curve_begins_at_one_in_a_million_and_is_exact(g: float, m: float, outputs: int) -> None:
    fpr, tpr = record.roc(g, m, outputs)
    assert fpr[0] == pytest.approx(1e-6, rel=1e-9) and fpr[-1] == tpr[-1] == 1
    assert (np.diff(fpr) >= 0).all() and (np.diff(tpr) >= -1e-15).all()
    inner = np.flatnonzero(fpr < 0.999)[::10]
    # a rate close to 1 has lost the digits that its threshold needs
    assert tpr[inner] == pytest.approx(record.tpr_at(g, m, outputs, fpr[inner]), rel=1e-8)
    assert np.log10(fpr[1:] / fpr[:-1]).max() < 0.3  # no part of the figure is a straight line between far points


def test_who_shows_nothing_is_on_the_diagonal() -> None:
    fpr, tpr = record.roc(0.0, 0.0, 2)
    assert tpr == pytest.approx(fpr, rel=1e-12)
    eps, delta = record.indistinguishable(0.0, 0.0, 2)
    assert not delta.any() and eps[-1] == 1


@pytest.mark.parametrize(("g", "m", "outputs"), [*RECORDS, (0.6, 82.5, 2)])
def test_delta_falls_to_one_in_a_million(g: float, m: float, outputs: int) -> None:
    eps, delta = record.indistinguishable(g, m, outputs)
    assert eps[0] == 0 and (np.diff(delta) <= 0).all() and len(eps) > 80
    assert delta[-1] < 1e-6 <= delta[-2] or eps[-1] == 500
