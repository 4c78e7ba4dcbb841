"""Start-up and page changes of the dashboard, in a headless Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Row

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FIRST, _CHANGE = 8.0, 1.5  # seconds
_LONG = "model=softmax&l2=0.001&weights=irfil:sample:200"  # minutes of work
_CLICKS = (  # what, the button, what then appears, seconds
    ("from the click that starts a job to its progress", "Measure", "Cancel", 1.0),
    ("from the click that cancels it to the end", "Cancel", "Cancelled", 2.0),
)
_PATIENCE = 60_000  # milliseconds before a page counts as failed
ROOT = Path(__file__).parents[1]
LAUNCH = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_METRIC, _LINK = "[data-testid='stMetricValue']", "[data-testid='stSidebarNavLink']"
# A page is complete when it shows a metric or a heading of its own and its script has ended. Streamlit shows the status
# widget only after a moment, so the state behind it is checked as well.
_THERE = """() => {
    const shown = document.querySelector("[data-testid='stMain'] :is([data-testid='stMetricValue'], h1, h2, h3)");
    const running = document.querySelector("[data-testid='stStatusWidget'], [data-test-script-state='running']");
    return shown !== null && running === null;
}"""


def browser_rows(data_dir: str | None) -> Iterator[Row]:
    """From the start of the server to the first metric, and from each click in the sidebar to its page."""
    what = "app: server start to the first metric, warm store"
    launch = find_chromium()
    if launch is None or not (ROOT / "app.py").exists():
        yield Row(what, f"<= {_FIRST:g} s", "no Chromium here" if launch is None else "no app.py here")
        return
    from playwright.sync_api import Error, sync_playwright

    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        environment = os.environ | {"FIL_STORE_DIR": store} | ({"FIL_DATA_DIR": data_dir} if data_dir else {})
        warm = [sys.executable, "-m", "fil_core", "fil", "--data", "digits", "--model", "softmax"]
        subprocess.run(warm, cwd=ROOT, env=environment, check=True, capture_output=True)
        browser = playwright.chromium.launch(executable_path=launch or None, args=list(LAUNCH))
        page = browser.new_page()
        try:
            yield from _visits(page, what, environment)
        except Error as error:
            yield Row("app: a page did not come", "", str(error).splitlines()[0], passed=False)
        finally:
            browser.close()


def _visits(page: Page, what: str, environment: dict[str, str]) -> Iterator[Row]:
    start = time.perf_counter()
    with running_server(environment) as url:
        _open(page, url)
        page.wait_for_selector(_METRIC, timeout=_PATIENCE)
        shown = page.locator(_METRIC).first.inner_text()
        seconds = time.perf_counter() - start
        yield Row(what, f"<= {_FIRST:g} s", f"{seconds:.1f} s", f"shows {shown}", seconds <= _FIRST)
        page.wait_for_function(_THERE, timeout=_PATIENCE)
        for i in range(1, page.locator(_LINK).count()):
            link = page.locator(_LINK).nth(i)
            name, before = link.inner_text().strip().splitlines()[-1], page.locator("h1").first.inner_text()
            start = time.perf_counter()
            link.click()
            page.wait_for_function("before => document.querySelector('h1')?.innerText !== before", arg=before)
            page.wait_for_function(_THERE, timeout=_PATIENCE)
            seconds = time.perf_counter() - start
            yield Row(f"app: to the page {name}", f"<= {_CHANGE:g} s", f"{seconds:.2f} s", "", seconds <= _CHANGE)


def job_rows(data_dir: str | None) -> Iterator[Row]:
    """From the click that starts a job to its progress on the page, and from the click that ends it to the end."""
    launch = find_chromium()
    if launch is None:
        yield Row("app: a job", "", "no Chromium here")
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=launch or None, args=list(LAUNCH))
        page = browser.new_page()
        page.set_default_timeout(_PATIENCE)
        with running_server(os.environ | {"FIL_STORE_DIR": store}) as url:
            _open(page, f"{url}/?{_LONG}")
            for what, button, shown, most in _CLICKS:
                page.get_by_role("button", name=button).wait_for()
                page.wait_for_function(_THERE)
                start = time.perf_counter()
                page.get_by_role("button", name=button).click()
                page.get_by_text(shown).first.wait_for()
                seconds = time.perf_counter() - start
                yield Row(f"app: {what}", f"<= {most:g} s", f"{seconds:.2f} s", "", seconds <= most)
        browser.close()


def _open(page: Page, url: str) -> None:
    """Load the page, again and again until the server listens."""
    from playwright.sync_api import Error

    deadline = time.perf_counter() + _PATIENCE / 1000
    while True:
        try:
            page.goto(url, wait_until="commit")
            return
        except Error:
            if time.perf_counter() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def running_server(environment: dict[str, str]) -> Iterator[str]:
    """The address of a dashboard that is served until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def find_chromium() -> str | None:
    """Path of a Chromium; empty for playwright's own; None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if found := shutil.which("chromium"):
        return found
    with sync_playwright() as playwright:
        return "" if Path(playwright.chromium.executable_path).exists() else None
