"""What no attack can use is refused, with the record and the model."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.errors import BadData
from fil_core.membership.signals import Signals, check_signals

SCORES = np.random.default_rng(0).normal(size=(6, 3))
HALVES = SCORES > 0


def changed(value: float, at: tuple[int, int] = (4, 1)) -> np.ndarray:
    array = SCORES**2
    array[at] = value
    return array


@pytest.mark.parametrize(
    "optional",
    [{}, {"losses": -SCORES}, {"gradients": SCORES**2}, {"population": SCORES[:2]}, {"population": SCORES[:0]}],
)
def test_signals_pass(optional):
    check_signals(Signals(SCORES, HALVES, **optional))


@pytest.mark.parametrize(
    ("signals", "says"),
    [
        (Signals(SCORES, HALVES[:, :2]), r"\(6, 3\) and \(6, 2\)"),
        (Signals(SCORES[:, 0], HALVES[:, 0]), r"\(6,\) and \(6,\)"),
        (Signals(SCORES[:, :1], HALVES[:, :1]), "at least 2 models.*got 1"),
        (Signals(SCORES, HALVES.astype(int)), "booleans; got int64"),
        (Signals(SCORES, HALVES, losses=SCORES[:5]), r"losses of shape \(6, 3\); got \(5, 3\)"),
        (Signals(SCORES, HALVES, gradients=SCORES[:, 0]), r"gradients of shape \(6, 3\); got \(6,\)"),
        (Signals(SCORES, HALVES, population=SCORES[:2, :2]), r"population of shape \(2, 3\); got \(2, 2\)"),
        (Signals(SCORES, HALVES, population=np.array(1.0)), r"population of shape \(6, 3\); got \(\)"),
        (Signals(changed(np.inf), HALVES), "finite scores; got inf for row 5, model 1"),
        (Signals(SCORES, HALVES, losses=changed(np.nan)), "finite losses; got nan for row 5, model 1"),
        (Signals(SCORES, HALVES, gradients=changed(-1.0)), "no negative gradients; got -1.0 for row 5, model 1"),
        (Signals(SCORES, HALVES, population=changed(np.nan)), "finite population; got nan for row 5, model 1"),
    ],
)  # fmt: skip
def test_what_no_attack_can_use_is_refused(signals, says):
    with pytest.raises(BadData, match=f"^signals: expected .*{says}"):
        check_signals(signals)


def test_records_are_called_as_the_data_call_them_and_rows_of_the_population_are_not():
    called = np.array(list("abcdef"))
    with pytest.raises(BadData, match="for id e, model 1"):
        check_signals(Signals(changed(np.nan), HALVES), called=called)
    with pytest.raises(BadData, match="for row 5, model 1"):
        check_signals(Signals(SCORES, HALVES, population=changed(np.nan)), called=called)
