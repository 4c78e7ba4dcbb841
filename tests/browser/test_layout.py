"""Small screens, links and the clipboard: what a person reads, keeps and copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import Server, settled
from playwright.sync_api import Browser, Page, expect

from fil_core.data.own import Choices
from fil_core.data.own.register import add

pytestmark = pytest.mark.browser

VIEWS = {
    "overview": "",
    "leakage": "leakage",
    "examples": "examples?data=diabetes&id=20",
    "pictures": "examples?id=1274",
    "measures": "measures?data=diabetes",
    "attribute": "attacks?data=diabetes",
    "reconstruction": "attacks?classes=3&classes=8&model=logistic",
    "no attack": "attacks",
    "reweighting": "mitigations?data=diabetes&rounds=3",
    "side by side": "mitigations?data=diabetes&view=side+by+side",
    "own data": "own_data",
    "results": "results",
}
WIDTHS = (1024, 720, 390)  # 720: a screen of 1440 at 200 %; 390: a telephone
# Text that is wider than its place, words that are broken, and titles of figures that are cut.
CUT = """() => {
  const shown = e => e.offsetParent !== null;
  const texts = [...document.querySelectorAll(
    '[data-testid=stMetricValue], [data-testid=stMetricLabel], [data-testid=stMetricDelta], [data-testid=stMain] button'
  )].filter(shown);
  const over = x => x.clientWidth && x.scrollWidth > x.clientWidth + 1;
  const wide = texts.filter(e => [e, ...e.querySelectorAll('*')].some(over));
  const lines = (node, start, end) => {
    const range = document.createRange(); range.setStart(node, start); range.setEnd(node, end);
    return new Set([...range.getClientRects()].map(r => Math.round(r.top))).size;
  };
  const broken = [...document.querySelectorAll('[data-testid=stMain] button p')].filter(shown).filter(p => {
    const walk = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
    for (let node; (node = walk.nextNode());)
      for (const word of node.data.matchAll(/\\S+/g))
        if (lines(node, word.index, word.index + word[0].length) > 1) return true;
    return false;
  });
  const outside = [...document.querySelectorAll('.js-plotly-plot')].filter(shown).flatMap(plot => {
    const all = plot.getBoundingClientRect();
    return [...plot.querySelectorAll('.xtitle, .ytitle, .legendtext')].filter(t => {
      const r = t.getBoundingClientRect(), across = r.left < all.left - 1 || r.right > all.right + 1;
      return r.width && (across || r.top < all.top - 1 || r.bottom > all.bottom + 1);
    });
  });
  return [texts.length, [...wide, ...broken, ...outside].map(e => e.textContent)];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("layout") / "store")
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 1400})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def cut(page: Page) -> tuple[int, list[str]]:
    page.wait_for_timeout(500)  # figures and grids are drawn again after a change of width
    settled(page)
    seen, found = page.evaluate(CUT)
    return seen, found


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_cut_on_a_small_screen(page: Page, server: Server, view: str) -> None:
    page.goto(f"{server.url}/{VIEWS[view]}")
    expect(page.locator("h1").first).to_be_visible(timeout=60_000)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1400})
        seen, found = cut(page)
        assert seen and not found, (width, found)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        if view == "leakage" and width > 400:  # the table of correlations
            table = page.get_by_test_id("stDataFrame").first.locator(".dvn-scroller")
            wide, place = table.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert wide <= place, width


def copied(page: Page, table: int, row: int, column: int) -> str:
    """The text of a cell, taken to the clipboard from the keyboard: the grid is a canvas."""
    grid = page.get_by_test_id("stDataFrame").nth(table)
    grid.scroll_into_view_if_needed()
    settled(page)  # what is drawn above it would move it
    box = grid.bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 52)  # the first cell
    for key in ["ArrowDown"] * row + ["ArrowRight"] * column:
        page.keyboard.press(key)
    page.keyboard.press("Control+c")
    page.wait_for_timeout(300)
    return page.evaluate("navigator.clipboard.readText()")


def test_cells_are_copied_guarded_and_whole_tables_leave_by_the_button_alone(
    page: Page, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("t,who,x\n" + "".join(f"{i % 2},{'=1+1' if i < 20 else '-1'},{i / 8}\n" for i in range(40)))
    page.goto(f"{server.url}/own_data")
    settled(page)
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(file)
    expect(page.get_by_text("40 rows")).to_be_visible()
    settled(page)
    assert copied(page, 1, 0, 1) == "'=1+1"
    assert copied(page, 1, 1, 2) == "0.125"
    page.get_by_test_id("stDataFrame").nth(1).hover()
    expect(page.get_by_role("button", name="Search").last).to_be_visible()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)


def test_a_link_to_data_that_are_not_here_keeps_its_values_until_something_is_chosen(
    page: Page, server: Server
) -> None:
    link = "data=own%3Agone-0123456789ab&model=softmax&l2=0.02"
    page.goto(f"{server.url}/leakage?{link}")
    told = page.get_by_test_id("stAlert").filter(has_text="own:gone-0123456789ab")
    expect(told).to_be_visible()
    for name in ("Examples", "Own data"):
        page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
        expect(page).to_have_url(re.compile(re.escape(link) + "$"))
        expect(told).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Overview").click()
    expect(told).to_be_visible()
    settled(page)
    page.get_by_role("combobox", name="Another data set").click()
    page.get_by_role("option", name="breast-cancer").click()
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    settled(page)
    assert page.url.endswith("?data=breast-cancer")


def test_own_data_used_after_such_a_link_are_in_the_next_link(page: Page, server: Server) -> None:
    file = server.log.parent / "people.csv"
    file.write_text("t,x\n" + "".join(f"{i % 2},{(i * 7) % 11}\n" for i in range(40)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FIL_STORE_DIR", str(server.log.parent / "store"))
        entry = add(file, Choices(target="t"))
    page.goto(f"{server.url}/own_data?data=own%3Agone-0123456789ab&model=softmax&l2=0.02")
    page.get_by_role("button", name="Use", exact=True).first.click()
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    settled(page)
    assert page.url.endswith(f"?data={entry.name.replace(':', '%3A')}")
