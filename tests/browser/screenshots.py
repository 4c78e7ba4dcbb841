"""Pictures of every page, light and dark: `python tests/browser/screenshots.py [folder]` (assets/ by default)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from chromium import find
from driving import ROOT, Server, running, settled
from playwright.sync_api import Page

VIEWS = {
    "overview": ("", 1180),
    "leakage": ("leakage", 1400),
    "examples": ("examples?id=1274", 1180),
    "attacks": ("attacks?classes=3&classes=8&model=logistic", 1180),
    "mitigations": ("mitigations?classes=3&classes=8&model=logistic", 1280),
    "measures": ("measures?classes=3&classes=8", 1400),
    "influence": ("influence?classes=3&classes=8&label-noise=0.1", 1560),
    "influence-functions": (
        "influence?classes=3&classes=8&subset=150&view=influence+functions&truth=0&truth-too=true",
        1500,
    ),
    "influence-sentences": (
        "influence?data=grammar&subset=60&network=lstm&embedding=8&width=12&lr=1&time=150&validation-size=20",
        1180,
    ),
    "own-data": ("own_data", 1180),
    "results": ("results", 900),
}


def upload(page: Page, folder: Path) -> None:
    """A made-up table of patients, uploaded as a person would, with its target and id chosen."""
    rng = np.random.default_rng(0)
    n = 300
    table = pd.DataFrame({"patient": [f"P-{i:03d}" for i in range(n)], "age": rng.integers(20, 90, n)})
    table["bmi"] = rng.normal(26, 4, n).round(1)
    table["region"] = rng.choice(["north", "south", "west"], n)
    table["smoker"] = rng.choice([True, False], n)
    table["ill"] = np.where(table["age"] + 10 * table["smoker"] + rng.normal(0, 15, n) > 62, "yes", "no")
    table.to_csv(folder / "patients.csv", index=False)
    page.locator("[data-testid='stMain'] input[type=file]").set_input_files(folder / "patients.csv")
    page.get_by_text("300 rows").wait_for()
    for label, option in (("Target", "ill"), ("Id", "patient"), ("Sensitive", "smoker")):
        settled(page)
        box = page.get_by_role("combobox", name=label).first
        box.click()
        page.get_by_role("option", name=option, exact=True).first.click()
        if label == "Sensitive":  # its list stays open; in the others it would clear the choice
            page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Measure it").wait_for()
    settled(page)


def measured(page: Page) -> None:
    """What takes longer than two seconds waits to be asked for."""
    ask = page.locator(".st-key-measure button, .st-key-influence-truth button")
    if ask.count():
        ask.first.click()
        page.wait_for_selector("[data-testid=stMetric]", timeout=300_000)
        settled(page)


def main(folder: Path) -> None:
    if (executable := find()) is None:
        raise SystemExit("No Chromium here.")
    with tempfile.TemporaryDirectory() as store, running(executable) as browser:
        server = Server(Path(store) / "results")
        for mode in ("light", "dark"):
            for name, (path, height) in VIEWS.items():
                page = browser.new_page(viewport={"width": 1440, "height": height}, color_scheme=mode)
                page.goto(f"{server.url}/{path}")
                page.wait_for_selector("h1")
                settled(page)
                if name == "own-data":
                    upload(page, Path(store))
                measured(page)
                if name == "influence-sentences":  # they are below the controls
                    page.locator(".tokens").first.evaluate("one => one.scrollIntoView({block: 'start'})")
                page.wait_for_timeout(1500)
                page.screenshot(path=folder / f"{name}-{mode}.png")
        server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "assets")
