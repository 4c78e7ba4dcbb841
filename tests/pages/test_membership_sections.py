"""Further sections of the page Membership: queries, the landscape, test rows, groups, kernels beside one another."""

from __future__ import annotations

import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine
from fil_core.analyses.architectures.request import ArchitecturesRequest
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of

MEMBERSHIP = "pages/membership.py"
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=40)
LINK = {"data": "digits", "classes": ["3", "8"], "subset": "40"}
TABLE = {"data": "diabetes", "subset": "40"}


def page(link: dict[str, object] = LINK, **more: object) -> AppTest:
    at = app(MEMBERSHIP, **(link | more))  # type: ignore[arg-type]
    assert not at.exception and not at.error
    return at


def pressed(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def says(at: AppTest, request) -> bool:
    """Whether the page says what the stored result of a request says."""
    engine = Engine()
    result = engine.find(request)
    assert result is not None
    said = analysis_of(request).sentence(Subject(request, result, engine.dataset(request.data), "", False, 1), str)
    return plain(said).replace("**", "") in plain(words(at)).replace("**", "")


def top() -> int:
    return int(Engine().get(LoodRequest(data=PAIR)).summary["top"])


def test_the_query_of_the_open_record_and_of_the_most_exposed():
    at = pressed(page(start="noise"), "lood-query-compute")
    assert says(at, LoodQueryRequest(data=PAIR, ids=(top(),), start="noise")) and not at.error
    at.selectbox(key="query-of").set_value("the 8 most exposed").run()
    pressed(at, "lood-query-compute")
    order = Engine().get(LoodRequest(data=PAIR)).table["kl_lood"].sort_values(ascending=False).index[:8]
    assert says(at, LoodQueryRequest(data=PAIR, ids=tuple(map(int, order)), start="noise"))


def test_the_landscape_goes_where_it_is_asked_to():
    at = page()
    twin = int(Engine().get(LoodRequest(data=PAIR)).table["twin_id"][top()])
    assert says(pressed(at, "landscape-compute"), LandscapeRequest(data=PAIR, id=top(), towards=twin))
    at.selectbox(key="along").set_value("one feature").run()
    at.selectbox(key="pixel").set_value("r03c03").run()
    assert says(pressed(at, "landscape-compute"), LandscapeRequest(data=PAIR, id=top(), pixel="r03c03"))
    at.selectbox(key="along").set_value("another record").run()
    at.text_input(key="towards").set_value("99999").run()
    assert any("99999" in one.value for one in at.error) and not at.exception
    assert at.button(key="lood-moves-compute")  # the sections below are there


def test_a_row_that_a_record_moves_leads_to_the_records_that_move_it():
    at = pressed(page(), "lood-moves-compute")
    request = LoodMovesRequest(data=PAIR, id=top())
    assert says(at, request)
    row = Engine().get(request).summary["moved_top"]
    pressed(at, "lood-moves-back")
    assert at.session_state["queries"] == f"test:{row}" and says(at, LoodRequest(data=PAIR, queries=f"test:{row}"))


def test_groups_and_kernels():
    at = page(group="classes", kernels=["linear"], noises="0.1", equal="noise")
    assert says(pressed(at, "groups-compute"), LoodGroupsRequest(data=PAIR, group="classes"))
    pressed(at, "architectures-compute")
    assert says(at, ArchitecturesRequest(data=PAIR, kernels=("linear",), noises=(0.1,), equal="noise"))
    at.text_input(key="noises").set_value("much").run()
    assert any("noises" in one.value and "much" in one.value for one in at.error) and not at.exception


def test_a_table_has_rows_in_the_place_of_pictures():
    at = pressed(page(TABLE, maximise="mean_lood"), "lood-query-compute")
    frames = [one.value for one in at.dataframe]
    assert any(list(frame.columns) == ["record", "query"] for frame in frames)
    assert "classes" not in at.selectbox(key="group").options


@pytest.mark.parametrize("key", ["lood-query-compute", "lood-moves-compute", "groups-compute"])
def test_redacted_sections_say_no_label(key):
    at = page(redact="true", group="classes")
    sidebar(at)
    pressed(at, key)
    assert not at.error
    assert all(not set(one.value.columns) & {"label"} or set(one.value["label"]) <= {"•••"} for one in at.dataframe)
