"""The failure modes on a page: every mode is shown, by link too, and its slider changes the answer."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages import harness

fresh_server = harness.fresh_server


def page() -> None:
    """The part alone, under the sidebar that it reads."""
    from pages.common import sidebar
    from pages.views.learn import failures

    sidebar.sidebar()
    failures.view()


def opened(**query: str) -> AppTest:
    at = AppTest.from_function(page, default_timeout=120)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def said(at: AppTest) -> str:
    assert not at.exception and not at.error
    return " ".join(one.value for one in at.markdown)


def test_a_link_names_mode_and_strength_and_the_slider_changes_them():
    at = opened(failure="duplicates", strength="37")
    assert at.selectbox(key="failure").value == "duplicates" and at.select_slider[0].value == "37"
    assert "**37** times" in said(at)
    at.select_slider[0].set_value("2").run()
    assert "**2** times" in said(at)
    at.selectbox(key="failure").set_value("saturated").run()
    assert at.select_slider[0].value == "30" and "rank **455**" in said(at)


def test_a_strength_between_two_of_the_slider_is_kept_and_one_out_of_range_is_not():
    at = opened(failure="target-scaling", strength="0.37")
    assert at.select_slider[0].value == "0.37" and "multiplied by **0.37**" in said(at)
    at = opened(failure="duplicates", strength="3.7")
    assert at.select_slider[0].value == "10" and "**10** times" in said(at)


def test_the_data_of_the_sidebar_are_offered_where_the_mode_can_use_them():
    at = opened(failure="target-scaling", data="digits")
    assert not [one for one in at.toggle if one.key == "failure-here"]
    at = opened(failure="feature-scaling", data="breast-cancer")
    assert "of 10 features multiplied by **0.01**" in said(at)  # of diabetes
    at.toggle(key="failure-here").set_value(True).run()
    assert "of 30 features multiplied by **0.01**" in said(at)
