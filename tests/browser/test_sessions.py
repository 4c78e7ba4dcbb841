"""Several people at once: each sees what they asked for, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import Server, settled
from playwright.sync_api import Browser, BrowserContext, Page, expect

from fil_core import DataSpec, Engine, FilRequest, ModelSpec
from fil_core.engine.store import Store

pytestmark = pytest.mark.browser

PEOPLE = {
    ("0", "1"): ModelSpec(kind="logistic", l2=0.1),
    ("2", "3"): ModelSpec(kind="least-squares", l2=0.01),
    ("4", "5"): ModelSpec(kind="logistic", l2=0.02),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("sessions") / "store"
    engine = Engine(Store(root))
    for classes, model in PEOPLE.items():
        engine.get(FilRequest(data=DataSpec(name="digits", classes=classes), model=model))
    running = Server(root)
    yield running
    running.stop()


def link(classes: tuple[str, ...], model: ModelSpec) -> str:
    chosen = "&".join(f"classes={name}" for name in classes)
    return f"{chosen}&model={model.kind}&l2={model.l2!r}"


def shows_its_own(page: Page, classes: tuple[str, ...], model: ModelSpec) -> None:
    settled(page)
    expect(page.get_by_test_id("stMain").get_by_text(f"{model.kind}, λ = {model.l2!r}").first).to_be_visible()
    assert "&".join(f"classes={name}" for name in classes) in page.url


def to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_each_sees_their_own_whatever_the_others_do(browser: Browser, server: Server) -> None:
    contexts: list[BrowserContext] = [browser.new_context() for _ in range(len(PEOPLE) + 1)]
    *pages, stray = [context.new_page() for context in contexts]
    for page, (classes, model) in zip(pages, PEOPLE.items(), strict=True):
        page.goto(f"{server.url}/?{link(classes, model)}", wait_until="commit")
    stray.goto(f"{server.url}/?data=digits&pca=500", wait_until="commit")  # more directions than there are
    for name in ("Leakage", "Examples", "Leakage"):
        for page in pages:  # all asked before any is looked at
            page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
        stray.reload(wait_until="commit")
        for page, (classes, model) in zip(pages, PEOPLE.items(), strict=True):
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
            shows_its_own(page, classes, model)
    settled(stray)
    expect(stray.get_by_test_id("stAlert").filter(has_text="pca: expected at most")).to_be_visible()
    for context in contexts:
        context.close()


def test_an_example_opened_in_one_window_is_not_opened_in_another(browser: Browser, server: Server) -> None:
    (classes, model), *_ = PEOPLE.items()
    one, other = browser.new_context().new_page(), browser.new_context().new_page()
    for page in (one, other):
        page.goto(f"{server.url}/examples?{link(classes, model)}")
        settled(page)
    one.locator("button.tile").nth(3).click()
    expect(one.get_by_text("Ranked")).to_be_visible()
    settled(other)
    expect(other.get_by_text("Ranked")).to_have_count(0)
    assert "id=" in one.url and "id=" not in other.url
    for page in (one, other):
        page.context.close()


@pytest.mark.parametrize("milliseconds", [0, 100, 200, 300, 500])
def test_a_link_that_is_left_before_its_first_page_is_drawn_keeps_its_values(
    browser: Browser, server: Server, milliseconds: int
) -> None:
    """The browser has then not heard of them yet; the page after the next would ask for the usual ones."""
    (classes, model), *_ = PEOPLE.items()
    page = browser.new_context().new_page()
    page.goto(f"{server.url}/examples?{link(classes, model)}", wait_until="commit")
    leave = page.get_by_test_id("stSidebarNavLink").filter(has_text="Leakage")
    leave.wait_for()
    page.wait_for_timeout(milliseconds)
    leave.click()
    expect(page.get_by_role("heading", name="Leakage", exact=True)).to_be_visible()
    shows_its_own(page, classes, model)
    to(page, "Examples")
    shows_its_own(page, classes, model)
    page.context.close()
