"""The app in a real browser: what only a browser can show."""

from __future__ import annotations

import csv
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import find
from driving import EXPECTED, Server, settled
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("app") / "store")
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1400}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    problems: list[str] = []
    opened.on("console", lambda m: problems.append(m.text) if m.type == "error" and EXPECTED not in m.text else None)
    opened.on("pageerror", lambda e: problems.append(str(e)))
    outside: list[str] = []
    opened.on(
        "request",
        lambda r: outside.append(r.url) if not r.url.startswith((server.url, "data:", "blob:", "ws")) else None,
    )
    yield opened
    context.close()
    assert not problems, problems
    assert not outside, f"the app asked other machines: {outside}"


def test_the_very_first_deep_link_of_a_server_is_framed(browser: Browser, tmp_path: Path) -> None:
    fresh = Server(tmp_path / "store")
    try:
        page = browser.new_page()
        page.goto(f"{fresh.url}/examples?model=softmax&id=1274")
        expect(page.get_by_role("heading", name="Examples")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("heading", name="Example 1274")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name="Overview")).to_be_visible()
        page.close()
    finally:
        fresh.stop()


def test_overview_has_numbers_and_pixel_exact_pictures(page: Page, server: Server) -> None:
    page.goto(server.url)
    settled(page)
    expect(page.get_by_text("1,437", exact=True).first).to_be_visible()
    tiles = page.locator("button.tile")
    expect(tiles).to_have_count(16)
    image = tiles.first.locator("img")
    assert image.evaluate("i => [i.naturalWidth, i.naturalHeight]") == [8, 8]
    assert image.evaluate("i => getComputedStyle(i).imageRendering") == "pixelated"
    assert image.get_attribute("src").startswith("data:image/png")
    assert "eta" in image.get_attribute("alt")


def test_a_tile_opens_its_example_and_the_link_can_be_shared(page: Page, server: Server, browser: Browser) -> None:
    page.goto(server.url)
    settled(page)
    wanted = page.locator("button.tile").nth(2).get_attribute("data-id")
    page.locator("button.tile").nth(2).click()
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()
    expect(page.get_by_text("Ranked")).to_be_visible()
    assert f"id={wanted}" in page.url
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name=f"Example {int(wanted)}")).to_be_visible(timeout=60_000)
    other.close()


def test_the_examples_work_from_the_keyboard(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/examples")
    settled(page)
    tile = page.locator("button.tile").nth(5)
    wanted = tile.get_attribute("data-id")
    tile.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ranked")).to_be_visible()
    assert f"id={wanted}" in page.url
    settled(page)  # a picture that is still on its way when its panel closes is not found any more
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Ranked")).to_be_hidden()
    assert "id=" not in page.url


def test_sort_and_pages_are_in_the_link(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/examples?sort=least+exposed+first&page=2")
    settled(page)
    expect(page.locator("button.tile").first).to_contain_text("#1,389")


def test_a_box_over_the_scatter_selects_examples(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/leakage")
    settled(page)
    plot = page.locator(".js-plotly-plot").nth(1)
    plot.scroll_into_view_if_needed()
    expect(plot.locator(".point, canvas").first).to_be_attached()
    page.wait_for_timeout(500)
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 180, steps=10)
    page.mouse.up()
    chosen = page.get_by_text("selected, leakiest first")
    expect(chosen).to_be_visible()
    settled(page)
    count = int(chosen.inner_text().split()[0].replace(",", ""))
    assert 0 < count < 1437
    page.get_by_role("button", name="Open in Examples").click()
    expect(page.get_by_text(f"{count:,} of 1,437 examples")).to_be_visible()


def test_the_export_holds_every_row(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(f"{server.url}/leakage")
    settled(page)
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "fil.csv")
    rows = list(csv.DictReader((tmp_path / "fil.csv").open(encoding="utf-8")))
    assert len(rows) == 1437 and {"id", "label", "eta", "dfil", "loss", "grad_norm"} <= set(rows[0])


def test_dark_mode_darkens_page_and_charts(page: Page, server: Server) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(server.url)
    settled(page)
    background = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    assert max(int(v) for v in background[4:-1].split(",")[:3]) < 60, background
    ink = page.locator(".js-plotly-plot .xtitle").first.evaluate("e => getComputedStyle(e).fill")
    assert min(int(v) for v in ink[4:-1].split(",")[:3]) > 180, ink


def test_an_error_is_a_sentence_and_the_next_request_still_answers(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?pca=500")
    expect(page.get_by_test_id("stAlert")).to_contain_text("500")
    assert "Traceback" not in page.content()
    page.goto(server.url)
    settled(page)
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()


def test_the_server_listens_on_this_machine_only(server: Server) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        with socket.socket() as probe, pytest.raises(OSError):
            probe.settimeout(2)
            probe.connect((address, server.port))
    with socket.socket() as probe:
        probe.connect(("127.0.0.1", server.port))


def test_a_foreign_name_for_this_machine_is_not_let_in(browser: Browser, server: Server) -> None:
    """What a page elsewhere could do by pointing its own name here (DNS rebinding)."""
    flags = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP evil.example 127.0.0.1"]
    rebound = browser.browser_type.launch(executable_path=find(), args=flags)
    page = rebound.new_page()
    page.goto(server.url)
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()  # so that the next page would be quick, too
    page.goto(server.url.replace("127.0.0.1", "evil.example"))
    page.wait_for_timeout(6000)
    assert page.get_by_test_id("stMetricValue").count() == 0
    rebound.close()


def test_a_picked_row_of_a_table_can_be_closed(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/examples?data=breast-cancer&model=logistic")
    settled(page)
    table = page.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 52)  # the box of the first row; a canvas has no elements to ask for
    expect(page.get_by_text("Ranked")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Ranked")).to_be_hidden()
    settled(page)
    expect(page.get_by_text("Ranked")).to_be_hidden()


@pytest.mark.realdata
def test_an_attribute_of_real_patients_has_its_page(page: Page, server: Server) -> None:
    if "FIL_DATA_DIR" not in os.environ:
        pytest.skip("FIL_DATA_DIR is not set")
    page.goto(f"{server.url}/leakage?data=iwpc&attribute=vkorc1")
    expect(page.get_by_text("For attribute vkorc1")).to_be_visible()
    settled(page)


@pytest.mark.realdata
def test_mnist_digits_are_shown(page: Page, server: Server) -> None:
    if "FIL_DATA_DIR" not in os.environ:
        pytest.skip("FIL_DATA_DIR is not set")
    page.goto(f"{server.url}/examples?data=mnist&classes=0&classes=1&pca=20&model=least-squares")
    expect(page.locator("button.tile").first).to_be_visible()
    settled(page)
    assert page.locator("button.tile img").first.evaluate("i => i.naturalWidth") == 28
    page.locator("button.tile").first.click()
    expect(page.get_by_text("Which pixels leak")).to_be_visible()


def test_a_tile_keeps_what_was_chosen_in_the_sidebar(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?classes=3&classes=8&model=least-squares")
    settled(page)
    page.locator("button.tile").first.click()
    expect(page.get_by_text("Ranked")).to_be_visible()
    settled(page)
    assert "classes=3&classes=8&model=least-squares" in page.url and "id=" in page.url


def test_an_example_leads_to_its_attack(page: Page, server: Server, browser: Browser) -> None:
    page.goto(f"{server.url}/examples?classes=3&classes=8&model=logistic&id=13")
    settled(page)
    page.get_by_role("button", name="Attack this example").click()
    expect(page.get_by_role("heading", name="Attacks")).to_be_visible()
    expect(page.get_by_text("recovered exactly")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Example (id)")).to_have_value("13")
    assert "classes=3&classes=8" in page.url and "id=13" in page.url
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_text("recovered exactly")).to_be_visible(timeout=60_000)
    expect(other.get_by_label("Example (id)")).to_have_value("13")
    other.close()


def test_what_is_computed_in_a_panel_stays_in_sight_and_in_the_link(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/examples?classes=3&classes=8&model=logistic")
    settled(page)
    page.get_by_text("Nearest neighbours", exact=True).click()
    page.get_by_role("button", name="Compute nearest neighbours").click()
    expect(page.get_by_text("The nearest training example is at a mean distance")).to_be_visible()
    settled(page)
    assert page.url.endswith("&neighbours=true")


def test_the_noise_of_an_attack_moves_from_the_keyboard(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/attacks?data=diabetes&attacked=sex")
    settled(page)
    headline = page.get_by_text("Without noise, an attacker who knows")
    before = headline.inner_text()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(headline).not_to_have_text(before)
    settled(page)


def test_a_sweep_can_be_stopped_and_keeps_what_is_finished(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/attacks?data=breast-cancer&attack=reconstruction&model=logistic")
    settled(page)
    many = page.get_by_role("combobox", name="Examples")
    many.click()
    page.get_by_role("option", name="200").click()
    settled(page)
    page.get_by_role("button", name="Attack 200 examples").click()
    expect(page.get_by_text("examples lie below their bound")).to_be_visible()  # what is finished appears as it comes
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. What was finished is kept.")).to_be_visible()
    settled(page)
    found = int(page.get_by_text("examples lie below their bound").inner_text().split(" of ")[1].split()[0])
    assert 0 < found < 200
    expect(page.get_by_role("button", name="Attack 200 examples")).to_be_visible()


def test_weights_found_on_one_page_train_the_model_of_all_and_stay_in_the_link(
    page: Page, server: Server, browser: Browser
) -> None:
    page.goto(f"{server.url}/mitigations?classes=3&classes=8&model=logistic&rounds=4")
    expect(page.get_by_text("examples leak more than before")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Use these weights on every page").click()
    expect(page.get_by_text("are ignored here")).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Examples").first.click()
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()
    settled(page)
    page.get_by_role("combobox", name="Sort").click()
    page.get_by_role("option", name="largest rise by weights first").click()
    settled(page)
    page.locator("button.tile").first.click()
    expect(page.get_by_text("It is trained with a weight of")).to_be_visible()
    settled(page)
    assert "weights=irfil%3Asample%3A4" in page.url
    sentence = page.get_by_text("It is trained with a weight of").inner_text()
    other = browser.new_page()
    other.goto(page.url)  # a choice that no list holds, opened cold
    expect(other.get_by_text("It is trained with a weight of")).to_have_text(sentence, timeout=60_000)
    other.close()


def test_a_round_is_chosen_from_the_keyboard(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/mitigations?data=diabetes&rounds=6")
    sentence = page.get_by_text("Reweighting for")
    expect(sentence).to_contain_text("for 6 rounds")
    settled(page)
    page.get_by_role("slider", name="Round").focus()
    page.keyboard.press("ArrowLeft")
    expect(sentence).to_contain_text("for 5 rounds")
    settled(page)


def test_the_mitigation_that_is_looked_at_is_part_of_the_link(page: Page, server: Server, browser: Browser) -> None:
    page.goto(f"{server.url}/mitigations?data=diabetes&view=side+by+side")
    expect(page.get_by_text("at least halve the largest")).to_be_visible()
    settled(page)
    page.get_by_role("combobox", name="Selected mitigation").click()
    page.get_by_role("option", name="without the top 4", exact=True).click()
    expect(page.get_by_text("others take their place")).to_be_visible()
    settled(page)
    assert "looking=without" in page.url
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_text("others take their place")).to_be_visible(timeout=60_000)
    other.close()


def test_what_the_tokens_say_adds_up_to_the_sentence(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/influence?data=grammar&subset=12&network=lstm&width=4&embedding=3&lr=1&time=5")
    line = page.locator(".tokens").filter(has=page.locator("span[title]")).nth(1)  # the first one is the legend
    expect(line).to_be_visible()
    settled(page)
    said = page.get_by_text("· influence ").first.inner_text()
    parts = line.locator("span").evaluate_all("all => all.map(one => parseFloat(one.title))")
    assert len(parts) > 2 and len(set(parts)) > 2
    # Each is shown with three digits.
    assert sum(parts) == pytest.approx(float(said.split("influence ")[1].split()[0]), abs=0.01 * max(map(abs, parts)))
    assert page.locator(".tokens .helps").first.evaluate("one => getComputedStyle(one).borderBottomStyle") == "solid"


def test_the_truth_beside_influence_stays_in_the_link(page: Page, server: Server, browser: Browser) -> None:
    page.goto(f"{server.url}/influence?classes=3&classes=8&subset=60&view=influence+functions&truth=10")
    expect(page.get_by_text("helps the mean test loss most")).to_be_visible()
    settled(page)
    page.get_by_text("Also leave out and train again").click()
    page.get_by_role("button", name="Train 10 times without one example").click()
    sentence = page.get_by_text("that were really left out, the true change is").first
    expect(sentence).to_be_visible()
    settled(page)
    assert "truth-too=true" in page.url and "10 examples that were really left out" in sentence.inner_text()
    other = browser.new_page()
    other.goto(page.url)
    there = other.get_by_text("that were really left out, the true change is").first
    expect(there).to_have_text(sentence.inner_text(), timeout=60_000)
    other.close()


def test_a_point_that_is_edited_in_its_table_is_in_the_link_and_opens_again(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/learn?view=toys")
    expect(page.get_by_text("Change the points here")).to_be_visible()
    settled(page)
    table = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    assert table is not None
    page.mouse.dblclick(table["x"] + table["width"] - 60, table["y"] + 62)  # y of the first point
    page.wait_for_timeout(500)
    page.keyboard.press("Control+a")
    page.keyboard.type("7.5", delay=30)  # as a person does: at a machine's speed Enter may take the value of before
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "0%2C7.5%3B1%2C5.050774" in url)
    settled(page)
    said = page.get_by_text("leaks most").first.inner_text()
    assert "2.58" not in said  # as it was before
    other = page.context.browser.new_page()  # type: ignore[union-attr]
    other.goto(page.url)
    expect(other.get_by_text(said)).to_be_visible(timeout=60_000)
    other.close()


def test_an_uploaded_picture_is_scored(page: Page, server: Server, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    Image.fromarray((load_digits().images[3] * 15.9).astype(np.uint8)).save(tmp_path / "three.png")
    page.goto(f"{server.url}/shift?data=digits&classes=0&classes=1&model=logistic&l2=0.01")
    expect(page.locator("[data-testid=stMetric]").first).to_be_visible()
    settled(page)
    page.get_by_text("Score examples of your own").click()
    page.locator(".st-key-new-file-0 input[type=file]").set_input_files(str(tmp_path / "three.png"))
    expect(page.get_by_role("heading", name="Your own examples")).to_be_visible()
    assert "new=" in page.url
