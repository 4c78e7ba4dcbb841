"""Influence of sentences: the parts of their tokens, groups of lines, and the step on the mean loss of a token."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad

from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import weights_of
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.models.networks.losses import of_tokens
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import trainable
from fil_core.specs import DataSpec, NetworkSpec

DATA = DataSpec(name="grammar:60", subset=12, vocabulary=30, group_lines=20)
LSTM = NetworkSpec(kind="lstm", width=4, embedding=3, lr=0.8, time=15, l2=0.01)
ASKED = NetworkInfluenceRequest(data=DATA, network=LSTM, validation_size=6, damping=0.5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def at(engine):
    return problem(LSTM, engine.dataset(DATA), torch.device("cpu"))


def trained(at, omega: torch.Tensor) -> dict[str, torch.Tensor]:
    """The weights after descent with a weight for the loss of every token, (n, T), in a loop of its own."""
    start = trainable(at.module)
    step = LSTM.lr / (at.Y >= 0).sum(1).double().mean()  # `lr` is a step on the mean loss of a token

    def loss(weights):
        each = of_tokens(functional_call(at.module, weights, (at.X,)), at.Y)
        decay = sum((value - start[name]).square().sum() for name, value in weights.items())
        return (each * omega).sum() / len(at.X) + LSTM.l2 / 2 * decay

    weights = {name: value.clone() for name, value in start.items()}
    for _ in range(LSTM.time):
        slopes = grad(loss)(weights)
        weights = {name: value - step * slopes[name] for name, value in weights.items()}
    return weights


def test_loss(at, weights) -> float:
    X, Y = at.X_test[:6], at.Y_test[:6]
    return float(of_tokens(functional_call(at.module, weights, (X,)), Y).sum(1).mean())


test_loss.__test__ = False  # type: ignore[attr-defined]


def test_a_step_is_on_the_mean_loss_of_a_token(engine, at):
    run = engine.get(training_run(ASKED))
    mine = trained(at, torch.ones_like(at.Y))
    for name, value in weights_of(run, torch.device("cpu")).items():
        torch.testing.assert_close(mine[name], value, rtol=1e-9, atol=1e-11)  # the same sums in another order
    tokens = (at.Y >= 0).sum(1).double().mean()
    assert run.summary["step"] == pytest.approx(LSTM.lr / float(tokens), rel=1e-12)


def test_parts_of_tokens_are_derivatives_of_training(engine, at):
    """By central differences of training again with the weight of one token changed in every step."""
    found = engine.get(ASKED).arrays["token_influence"]
    assert np.array_equal(np.isnan(found), at.Y.numpy() < 0)
    for row, position in ((0, 0), (3, 1), (7, 2)):
        ends = []
        for change in (1e-4, -1e-4):
            omega = torch.ones_like(at.Y)
            omega[row, position] += change
            ends.append(test_loss(at, trained(at, omega)))
        # Of order 1e-8 relative to the step; the loss itself has 1e-15 of rounding over a step of 1e-4.
        assert found[row, position] == pytest.approx(-(ends[0] - ends[1]) / 2e-4, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    "curvature",
    ["hessian", "ggn", "empirical-fisher", "empirical-fisher-block", "diagonal", "identity", "tracin", "metagradient"],
)
def test_tokens_add_up_to_their_sentence(engine, curvature):
    result = engine.get(dataclasses.replace(ASKED, curvature=curvature))
    parts = np.nansum(result.arrays["token_influence"], 1)
    scale = float(result.table["influence"].abs().max())
    # The empirical Fisher matrix finds them by a difference, which loses some digits.
    np.testing.assert_allclose(parts, result.table["influence"], rtol=0, atol=1e-9 * scale)


def test_each_itself_has_no_parts_of_tokens(engine):
    assert "token_influence" not in engine.get(dataclasses.replace(ASKED, target="self")).arrays


def test_groups_of_lines_are_told_in_words_and_numbers(engine):
    result = engine.get(dataclasses.replace(ASKED, sections=True))
    sums = result.table.groupby("section")["influence"].sum()
    told = result.summary["sections"]
    assert told["count"] == len(sums) > 1
    for name, section in (("helps", sums.idxmax()), ("harms", sums.idxmin())):
        assert told[name]["section"] == section
        assert told[name]["influence"] == pytest.approx(sums[section], rel=1e-12)


def test_a_language_model_that_diverges_is_refused(engine):
    wild = dataclasses.replace(ASKED, network=dataclasses.replace(LSTM, lr=1e6))
    with pytest.raises(BadRequest, match="^lr: expected a step with which the loss stays finite"):
        engine.get(wild)


def test_groups_of_lines_are_left_out_together(engine, at):
    asked = dataclasses.replace(ASKED, sections=True, truth=True, examples=3)
    result, data = engine.get(asked), engine.dataset(DATA)
    numbers = result.arrays["sections"]
    assert list(numbers) == sorted(set(data.sections)) and len(numbers) > 1
    full = test_loss(at, trained(at, torch.ones_like(at.Y)))
    for section, predicted, true in zip(
        numbers, result.arrays["section_influence"], result.arrays["section_leave_out"], strict=True
    ):
        members = data.sections == section
        assert predicted == pytest.approx(result.table["influence"].to_numpy()[members].sum(), rel=1e-12)
        omega = torch.ones_like(at.Y)
        omega[torch.from_numpy(members)] = 0
        assert true == pytest.approx(test_loss(at, trained(at, omega)) - full, rel=1e-6, abs=1e-10)
    assert result.summary["section_pearson"] == pytest.approx(
        np.corrcoef(result.arrays["section_influence"], result.arrays["section_leave_out"])[0, 1]
    )


def test_groups_of_lines_need_a_text_that_has_some(engine):
    plain = dataclasses.replace(ASKED, data=dataclasses.replace(DATA, group_lines=None), sections=True)
    with pytest.raises(BadRequest, match="sections: expected text in groups"):
        engine.get(plain)
