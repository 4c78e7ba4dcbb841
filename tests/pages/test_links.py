"""Links with values that nothing can have: no page breaks, each says what it does not understand and goes on."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest
from harness import app, fresh_server, plain  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from pages.common import links

ROOT = Path(__file__).parents[2]


def bound() -> dict[str, set[str]]:
    """Keys of the controls that are bound to the link, by the kind of control, as the pages' sources name them."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = {one.arg: one.value for one in node.keywords}
                if "bind" in named and isinstance(key := named["key"], ast.Constant):
                    found.setdefault(node.func.attr, set()).add(str(key.value))
    return found


def test_every_number_of_a_link_is_looked_at() -> None:
    found = bound()
    assert found["number_input"] | found["slider"] | found["pagination"] == links.NUMBERS
    assert sum(map(len, found.values())) > 30


ODD = [
    "1e309", "-1e309", "nan", "inf", "9" * 22, "9" * 400, "9" * 5000, "-1", "1.5", "x", "", " ", "<b>", "\x00", "%ff",
    "0x10", "１２", "1_000", "true", "None", "[]", "../..", "a\nb", "😀" * 50, "www.example.org",
]  # fmt: skip
PARAMETERS = sorted(
    {key for keys in bound().values() for key in keys} | {"k", "example", "file", "compare", "round-15"}
)


@pytest.mark.parametrize(
    "page",
    ["overview", "leakage", "examples", "attacks", "mitigations", "influence", "membership", "results", "own_data"],
)
def test_no_odd_value_breaks_a_page(page: str) -> None:
    drawn = random.Random(7 + len(page))
    seen = 0
    for _ in range(3):
        # The data set, classes and model stay possible, so that the controls of the page itself are drawn.
        asked = [name for name in PARAMETERS if name not in ("data", "classes", "model", "pre", "device")]
        possible = ("weights", "l2", "subset", "label-noise", "pca", "scores", "parameters")
        kept = [name for name in asked if name not in possible]
        at = app(f"pages/{page}.py", data="diabetes", **{name: drawn.choice(ODD) for name in kept})
        assert not at.exception, at.exception[0].value
        seen += len(at.warning)
    assert seen or page in ("results", "own_data")


def said(at: AppTest, name: str) -> list[str]:
    return [plain(one.value) for one in at.warning if f"{name} = " in plain(one.value)]


@pytest.mark.parametrize(
    ("page", "name", "value", "usual"),
    [
        ("examples", "id", "1e309", None),
        ("examples", "id", "9" * 400, None),
        ("examples", "page", "nan", 1),
        ("examples", "sort", "sideways", "leakiest first"),
        ("leakage", "other-l2", "-3", 0.01),
        ("leakage", "log", "perhaps", False),
        ("overview", "intercept", "maybe", "default"),
    ],
)
def test_a_value_that_is_not_understood_is_named_and_the_usual_one_holds(
    page: str, name: str, value: str, usual: object
) -> None:
    at = app(f"pages/{page}.py", **{name: value})
    (message,) = said(at, name)
    assert value[:20] in message and len(message) < 200
    assert at.session_state[name] == usual and not at.exception
    assert not said(at.switch_page("pages/results.py").run(), name)  # it is about that page alone


@pytest.mark.parametrize("name", ["pca", "subset", "label-noise", "l2"])
@pytest.mark.parametrize("value", ["1e309", "nan", "-inf", "9" * 400])
def test_an_odd_number_of_the_sidebar_is_named(name: str, value: str) -> None:
    at = app(**{name: value})
    assert len(said(at, name)) == 1 and not at.exception and not at.metric
    at = app()
    at.query_params[name] = value  # by the browser's back button, after the page was drawn
    at.run()
    assert len(said(at, name)) == 1 and not at.exception and at.metric


def test_an_unknown_data_set_is_named() -> None:
    at = app(data="nowhere")
    assert "nowhere" in plain(at.warning[0].value) and not at.metric
    at = app()
    at.query_params["data"] = "nowhere"
    at.run()
    assert said(at, "data") and at.metric and not at.exception


def test_what_is_understood_is_not_remarked_upon() -> None:
    link = {"classes": ["3", "8"], "model": "logistic", "l2": "1e-3", "pca": "5", "redact": "true", "intercept": "on"}
    for page, more in (("overview", {}), ("leakage", {"log": "true"}), ("examples", {"percentiles": ["10", "90"]})):
        at = app(f"pages/{page}.py", **link, **more)
        assert not at.warning and not at.exception
