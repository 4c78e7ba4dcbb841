"""Sections about gradient outliers and planted secrets: what they compute, say, mask, and where they are empty."""

from __future__ import annotations

import pandas as pd
from harness import fresh_server, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import Engine
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec

TEXT = DataSpec(name="grammar:90")
LSTM = NetworkSpec(kind="lstm", width=6, embedding=4, lr=0.5, time=10)
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=60, label_noise=0.1)
MODEL = ModelSpec(kind="logistic", l2=0.01)


def secrets_page(name: str, redact: bool) -> None:
    import streamlit as st

    from fil_core.analyses.canaries.request import CanariesRequest
    from fil_core.specs import DataSpec, NetworkSpec
    from pages.common import compute
    from pages.views.influence import canaries

    st.session_state["redact"] = redact
    network = NetworkSpec(kind="lstm", width=6, embedding=4, lr=0.5, time=10)
    asked = CanariesRequest(data=DataSpec(name=name), network=network)
    canaries.view(asked, compute.dataset(asked.data))


def outliers_page(redact: bool) -> None:
    import streamlit as st

    from fil_core.analyses.outliers.request import OutliersRequest
    from fil_core.specs import DataSpec, ModelSpec
    from pages.common import compute
    from pages.views.influence import outliers

    st.session_state["redact"] = redact
    data = DataSpec(name="digits", classes=("3", "8"), subset=60, label_noise=0.1)
    asked = OutliersRequest(data=data, model=ModelSpec(kind="logistic", l2=0.01))
    outliers.view(asked, compute.dataset(asked.data))


def shown(function, **arguments) -> AppTest:
    return AppTest.from_function(function, default_timeout=120, kwargs=arguments).run()


def test_secrets_are_ranked_at_a_click_and_masked_while_redacted() -> None:
    at = shown(secrets_page, name="grammar:90", redact=False)
    assert not at.exception and "Planted secrets" in [h.value for h in at.subheader] and not at.dataframe
    at.number_input(key="candidates").set_value(40).run()
    at.button(key="canaries-compute").click().run()
    request = CanariesRequest(data=TEXT, network=LSTM, candidates=40)
    result, data = Engine().find(request), Engine().dataset(TEXT)
    assert result is not None and not at.exception
    assert analysis_of(request).sentence(Subject(request, result, data, "", False, 1), str) in words(at)
    table = at.dataframe[0].value
    assert sorted(table["exposure"], reverse=True) == list(table["exposure"]) and len(table) == 5
    assert set(table["sentence"]) == set(result.table["sentence"])
    at = shown(secrets_page, name="grammar:90", redact=True)
    at.number_input(key="candidates").set_value(40).run()
    assert set(at.dataframe[0].value["sentence"]) == {"•••"} and not at.exception


def test_data_without_secrets_have_no_such_section() -> None:
    at = shown(secrets_page, name="digits", redact=False)
    assert not at.subheader and not at.button and not at.exception


def test_outliers_are_scored_at_a_click_and_nothing_telling_is_shown_redacted() -> None:
    at = shown(outliers_page, redact=False)
    at.button(key="outliers-compute").click().run()
    request = OutliersRequest(data=PAIR, model=MODEL)
    result = Engine().find(request)
    assert result is not None and not at.exception
    table: pd.DataFrame = at.dataframe[0].value
    assert list(table["forest_score"]) == sorted(result.table["forest_score"], reverse=True)
    assert "6 labels were replaced on purpose" in words(at) and len(at.get("plotly_chart")) == 2
    at = shown(outliers_page, redact=True)
    assert set(at.dataframe[0].value.columns) == {"label"} and list(at.dataframe[0].value.index) == list(
        result.table.index
    )
    assert set(at.dataframe[0].value["label"]) == {"•••"} and not at.exception
