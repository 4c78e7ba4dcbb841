"""Pictures of every page, light and dark: `python tests/browser/screenshots.py [folder]` (assets/ by default)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chromium import find
from playwright.sync_api import sync_playwright
from test_app import ROOT, Server, settled

VIEWS = {
    "overview": ("", 1180),
    "leakage": ("leakage", 1400),
    "gallery": ("gallery?id=1274", 1180),
    "attacks": ("attacks?classes=3&classes=8&model=logistic", 1180),
    "mitigations": ("mitigations?classes=3&classes=8&model=logistic", 1280),
}


def main(folder: Path) -> None:
    executable = find()
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        server = Server(Path(store) / "results")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for mode in ("light", "dark"):
            for name, (path, height) in VIEWS.items():
                page = browser.new_page(viewport={"width": 1440, "height": height}, color_scheme=mode)
                page.goto(f"{server.url}/{path}")
                page.wait_for_selector("h1")
                settled(page)
                page.wait_for_timeout(1500)
                page.screenshot(path=folder / f"{name}-{mode}.png")
        browser.close()
        server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "assets")
