"""Every analysis of features refuses sentences before anything is computed, and says what to use."""

from __future__ import annotations

import dataclasses

import pytest

from fil_core.analyses.architectures.request import ArchitecturesRequest
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.models.checks import check_task
from fil_core.specs import DataSpec, KernelRequest, ModelSpec
from tests.analyses.example_requests import REQUESTS

GRAMMAR = DataSpec(name="grammar:40")


OF_A_PROCESS = (KernelRequest, ArchitecturesRequest)
FIRST = {name: next(iter(some.values())) for name, some in REQUESTS.items()}
OF_FEATURES = {name: one for name, one in FIRST.items() if one.names_data and not one.reads_text}


@pytest.mark.parametrize("request_", OF_FEATURES.values(), ids=list(OF_FEATURES))
def test_an_analysis_of_features_refuses_sentences(request_, tmp_path):
    engine = Engine(Store(tmp_path))
    # A Gaussian process has no network that could be another one.
    instead = "no kernel.*--data digits" if isinstance(request_, OF_A_PROCESS) else "--network lstm"
    with pytest.raises(BadRequest, match=f"Grammar holds sentences.*{instead}"):
        engine.get(dataclasses.replace(request_, data=GRAMMAR))


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_a_model_of_features_refuses_sentences(kind):
    with pytest.raises(BadRequest, match=f"model: Grammar holds sentences.*lstm.*got {kind}"):
        check_task(ModelSpec(kind=kind), load(GRAMMAR))
