"""Training a language model, and training on mini-batches, as analyses."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from fil_core.analyses.analysis import Inputs, Sizes
from fil_core.analyses.light import light
from fil_core.analyses.network.cost import runs_cost
from fil_core.analyses.network.printed import printed
from fil_core.analyses.network.request import NetworkFitRequest, training_run
from fil_core.analyses.network.run import check_network, run_network, weights_of
from fil_core.analyses.network.words import figures, sentence
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.analyses.retraining.run import run as run_retraining
from fil_core.analyses.subject import Subject
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.analyses.unique_information.run import check as check_unique
from fil_core.errors import BadRequest
from fil_core.models.language import trigram
from fil_core.models.networks import outputs_of, shape_of, targets_of
from fil_core.models.networks.problem import problem
from fil_core.specs import NetworkSpec, canonical
from tests.analyses.text_data import TOKENS, text_data

CPU = torch.device("cpu")
LSTM = NetworkSpec(kind="lstm", width=6, embedding=4, lr=0.1, time=40)
BATCHES = dataclasses.replace(LSTM, batch=8, batch_seed=1)


def trained(spec, data, progress=None):
    return run_network(NetworkFitRequest(network=spec), Inputs(data, CPU), progress)


def subject_of(spec, result, data=None):
    return Subject(NetworkFitRequest(network=spec), result, data, "", False, 0)


def test_a_text_is_its_own_target():
    data = text_data()
    assert outputs_of(data) == len(TOKENS) == shape_of(LSTM, data).outputs
    assert targets_of(data, data.X_test, data.y_test) is data.X_test
    at = problem(LSTM, data, CPU)
    assert at.text and torch.equal(at.X, at.Y) and at.module(at.X).shape == (30, 6, 10)


def test_codes_survive_single_precision():
    data = dataclasses.replace(text_data(), vocabulary=tuple(map(str, range(2**20))))
    data.X[0, 0] = 2**20 - 1
    at = problem(dataclasses.replace(LSTM, width=1, embedding=1, precision="float32"), data, CPU)
    assert int(at.X[0, 0]) == 2**20 - 1


def test_a_language_model_is_scored_by_its_perplexity_beside_counting():
    data = text_data()
    said = []
    result = trained(LSTM, data, lambda *each: said.append(each[2]))
    s = result.summary
    assert s["score"] == "perplexity" and s["monotone"] is True and s["curvature_examples"] == 30
    for split, X in (("train", data.X), ("test", data.X_test)):
        mean = result.arrays[f"{split}_losses"].sum() / (X >= 0).sum()
        assert s[f"{split}_score"] == pytest.approx(math.exp(mean), rel=1e-9)
    assert s["train_score"] < len(TOKENS)  # better than one of ten by chance
    assert s["trigram_perplexity"] == trigram(data.X, len(TOKENS)).perplexity(data.X_test)
    assert s["loss_end"] == pytest.approx(result.arrays["train_losses"].mean(), rel=1e-9)
    last = math.exp(float(result.arrays["losses"][39]) / ((data.X >= 0).sum() / 30))
    assert said[-1] == f"step 40: perplexity {last:.1f}"
    told = sentence(subject_of(LSTM, result), lambda text: text)
    assert "it fell in every step" in told and f"interpolated trigrams have {s['trigram_perplexity']:.2f}" in told
    assert light(s).state == "predictable"
    line, _ = printed(subject_of(LSTM, result))
    assert line["trigram_perplexity"] == s["trigram_perplexity"] and "batch" not in line


def test_mini_batches_are_not_judged_step_by_step():
    data = text_data()
    result = trained(BATCHES, data)
    s = result.summary
    assert s["monotone"] is None and s["rises"] is None and s["batch"] == 8
    assert len(result.arrays["losses"]) == 40
    assert (
        s["loss_end"]
        == result.arrays["checkpoint_losses"][-1]
        == pytest.approx(result.arrays["train_losses"].mean(), rel=1e-9)
    )
    assert s["loss_start"] == result.arrays["checkpoint_losses"][0] > s["loss_end"]
    assert s["step_eigenvalue"] < 2 and light(s).state == "stochastic"
    assert light(s | {"step_eigenvalue": 2.5}).state == "unpredictable"
    assert printed(subject_of(BATCHES, result))[0]["batch"] == 8
    told = sentence(subject_of(BATCHES, result), lambda text: text)
    assert "each took 8 examples in a seeded order" in told and "every step" in told
    loss, _ = figures(subject_of(BATCHES, result))
    assert [trace["name"] for trace in loss.figure["data"]] == ["mini-batch", "all examples"]
    other = trained(dataclasses.replace(BATCHES, batch_seed=2), data)
    assert other.summary["loss_end"] != s["loss_end"]


def test_retraining_without_an_example_keeps_the_order():
    data = text_data()
    request = RetrainingRequest(network=BATCHES, ids=(3,), mean="all")
    full = trained(BATCHES, data)
    result = run_retraining(request, Inputs(data, CPU, {training_run(request): full}))
    assert 0 < result.table["weights_change"].iloc[0] < 1
    assert result.arrays["train_losses"][0, 3] > full.arrays["train_losses"][3]  # what is left out is told worse
    nobody = dataclasses.replace(data, X=np.concatenate([data.X[:3], np.full((1, 6), -1.0), data.X[4:]]))
    # A row without tokens has no loss: the same run, in the same order, to rounding.
    same = weights_of(trained(BATCHES, nobody), CPU)
    changed = sum(float((same[name] - value).square().sum()) for name, value in weights_of(full, CPU).items()) / 2
    assert result.table["weights_change"].iloc[0] == pytest.approx(changed, rel=1e-9)


def test_what_has_no_meaning_is_refused():
    data = text_data()
    with pytest.raises(BadRequest, match="batch_size: expected at most the 30 training examples; got 31"):
        check_network(NetworkFitRequest(network=dataclasses.replace(LSTM, batch=31)), data)
    with pytest.raises(BadRequest, match="network: expected one whose outputs .* lstm puts out 10 for every token"):
        check_unique(UniqueInfoRequest(network=LSTM), data)


def test_unique_information_is_of_full_steps(make_dataset):
    with pytest.raises(BadRequest, match="batch_size: expected steps that take all examples"):
        check_unique(UniqueInfoRequest(network=NetworkSpec(width=4, batch=5)), make_dataset())


def test_new_options_leave_stored_results_where_they_are():
    assert not {"batch", "batch_seed", "embedding", "tied"} & canonical(NetworkSpec()).keys()
    assert {"batch", "embedding"} <= canonical(BATCHES).keys()
    assert NetworkFitRequest(network=BATCHES).subject == "lstm 1 × 6, embedding 4, lr 0.1, t = 40, batches of 8"


def test_a_mini_batch_costs_its_share():
    sizes = Sizes(1000, 12, 0, lambda attribute, bins: 0, 64)
    whole, part = (runs_cost(dataclasses.replace(LSTM, batch=b), sizes, 1) for b in (None, 10))
    assert part.operations < whole.operations / 50 and part.values < whole.values
    each = 6 * 40 * LSTM.family.operations(LSTM, 12, 64)
    assert whole.operations == 1000 * (each + 12)
