"""A text on the pages: those of features say what to use instead, and its own controls are there."""

from __future__ import annotations

import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here

from fil_core.data.own import registered
from fil_core.data.own.uploads import save_upload
from fil_core.specs.families import fitting

PAGES = [
    "pages/overview.py", "pages/leakage.py", "pages/examples.py", "pages/attacks.py", "pages/membership.py",
    "pages/mitigations.py",
]  # fmt: skip


def messages(at) -> str:
    return plain("\n".join(one.value for kind in (at.error, at.warning, at.info) for one in kind))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_features_leads_from_a_text_to_the_pages_that_read_it(page):
    at = app(page, data="grammar")
    assert not at.exception and not at.error and len(at.info) == 1 and not at.metric
    links = [one.proto.page for one in at.get("page_link")]
    assert links == ["measures", "influence"]


def test_the_sidebar_goes_from_digits_to_a_text_and_back():
    at = app(data="digits", classes=["0", "1"], model="logistic", l2="1e-3")
    sidebar(at, data="grammar")
    assert not at.exception and at.get("page_link") and not at.metric
    assert at.number_input(key="vocabulary").value == 0
    drawn = {one.key for one in [*at.number_input, *at.selectbox]}
    assert not drawn & {"model", "l2", "weights", "intercept"} and {"subset", "device"} <= drawn
    sidebar(at, vocabulary=50)
    assert not at.exception
    sidebar(at, data="digits")
    assert not at.exception and not at.error and at.metric
    assert not any(one.key == "vocabulary" for one in at.number_input)
    assert at.selectbox(key="model").value in fitting(10) and at.number_input(key="l2").value > 0


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"model": "logistic"}, "need a language model"),
        ({"classes": ["0", "1"]}, "sentences, which have no classes"),
        ({"pre": "standardise"}, "preprocess: expected none for a text"),
        ({"pca": "5"}, "pca: expected nothing for a text"),
        ({"vocabulary": "2"}, "vocabulary: expected a whole number >= 3"),
    ],
)
def test_a_link_that_does_not_fit_a_text_says_so(link, said):
    at = app("pages/influence.py", data="grammar", **link)
    assert not at.exception and said in messages(at)


def test_a_vocabulary_in_a_link_is_ignored_for_other_data():
    at = app(data="digits", classes=["0", "1"], vocabulary="50")
    assert not at.exception and not at.error and at.metric


def test_a_text_of_ones_own_is_shown_checked_and_used():
    name = save_upload("\n\n".join(f"Line {i}, one\nline two" for i in range(10)).encode(), ".txt").name
    at = app("pages/own_data.py", file=name)
    assert not at.exception and not at.error
    assert "20 lines in 10 groups, 60 tokens of 14 types" in words(at).replace("**", "")
    assert [d.value["line"][0] for d in at.dataframe if "line" in d.value.columns] == ["line 0 , one"]
    at.button(key="own-check").click().run()
    assert not at.exception and not at.error
    (entry,) = registered()
    assert [m.value for m in at.metric] == ["16", "4", "5"]
    assert entry.form == "text" and ", text ·" in words(at)
    assert app(data=entry.name).get("page_link")
    redacted = app("pages/own_data.py", file=name, redact="true")
    assert not redacted.exception and not [d for d in redacted.dataframe if "line" in d.value.columns]
