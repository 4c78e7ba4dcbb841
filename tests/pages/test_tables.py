"""Tables on a page: what a person copies out of them, and what they show where there is no number."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import app, fresh_server, plain, sidebar  # noqa: F401 - the fixture works by being here
from streamlit.testing.v1 import AppTest

from fil_core.data.own import Choices
from fil_core.data.own.register import add
from pages.common import tables
from tests.test_architecture import TREES

FRAME = pd.DataFrame(
    {"name": ["=1+1", "-1", "@x", None, "plain"], "value": [1.5, -2.5, np.nan, np.inf, 0.0]},
    index=pd.Index(["=id", "007", "+a", "b", "-3"], name="id"),
)


def drawn(script: str) -> AppTest:
    return AppTest.from_string(
        f"from pages.common import tables\nfrom tests.pages.test_tables import FRAME\n{script}"
    ).run()


def test_text_that_begins_like_a_formula_has_an_apostrophe_and_numbers_are_as_they_are() -> None:
    at = drawn("tables.table(FRAME, key='t')")
    shown = at.dataframe[0].value
    assert shown["name"].fillna("").tolist() == ["'=1+1", "-1", "'@x", "", "plain"]
    assert shown.index.tolist() == ["'=id", "007", "'+a", "b", "-3"] and shown.index.name == "id"
    np.testing.assert_array_equal(shown["value"], FRAME["value"])


def test_a_missing_value_is_a_dash_with_its_reason() -> None:
    at = drawn("tables.table(FRAME[['value']], missing='there is no such example.')")
    assert at.dataframe[0].proto.placeholder == tables.MISSING
    assert at.caption[0].value == f"{tables.MISSING}: there is no such example."
    assert not drawn("tables.table(FRAME[['value']].dropna())").caption


@pytest.mark.parametrize("name", sorted(name for name in TREES if name.startswith("pages")))
def test_no_page_draws_a_table_that_is_not_guarded(name: str) -> None:
    if name == tables.__name__:
        return
    calls = {node.attr for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)}
    assert not calls & {"dataframe", "data_editor"}


def test_where_leverage_is_1_there_is_no_number_and_the_page_says_why(tmp_path: Path) -> None:
    """Row 0 alone determines the coefficient of the last column."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(30, 3)), np.eye(30)[:, 0]])
    np.savez(tmp_path / "alone.npz", X=X, y=rng.normal(size=30))
    entry = add(tmp_path / "alone.npz", Choices(target="y", test_fraction=0.0))
    at = app("pages/leakage.py", data=entry.name, l2="0.0", pre="none")
    table = next(one for one in at.dataframe if "leverage" in one.value)
    alone = table.value["leverage"] > 1 - 1e-9
    assert alone.sum() == 1 and table.value["loo_shift"].isna().equals(alone)
    assert any("shift of θ when left out" in plain(one.value) for one in at.caption)
    next(g for g in at.get("button_group") if g.key == "target").set_value("auc")
    at.run()
    assert "leverage of 1" in plain(at.error[0].value) and next(one for one in at.dataframe if "leverage" in one.value)
    at.switch_page("pages/examples.py").run()
    sidebar(at, id=int(table.value.index[alone][0]))
    assert next(one for one in at.metric if one.label.startswith("Shift")).value == tables.MISSING
