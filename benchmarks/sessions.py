"""Twenty people at once on stored results: how long a page takes, whether any sees another's, what the server needs.

Each has a browser context, data, a model and an example of their own, and goes from page to page with pauses as of
people who read. Twenty browsers on the machine that serves them cost more than the serving; the reference says so.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from benchmarks.browser import _LAUNCH, _ROOT, _chromium, _server
from benchmarks.rows import SEED, Row, mib

if TYPE_CHECKING:
    from playwright.async_api import Page

_SESSIONS, _ROUNDS = 20, 2
_PAGE_SECONDS = 3.0  # at the 95th percentile
_ARRIVALS = 60.0  # seconds over which they come
_PAUSE = (8.0, 24.0)  # seconds that somebody looks at a page
_GROWTH = 2**30  # bytes that the server may need on top
_PATIENCE = 60_000  # milliseconds
_POLL = 100  # milliseconds; asked at every frame instead, twenty browsers would do little else
_PAGES = ("Leakage", "Gallery", "Overview")
_SETTLED = """() => document.querySelector("[data-testid='stMain'] :is([data-testid='stMetricValue'], h1, h2, h3)")
    && !document.querySelector("[data-testid='stStatusWidget'], [data-test-script-state='running']")"""


@dataclass(slots=True)
class Visitor:
    """One session.

    Attributes:
        query: data and model, as a link may have them.
        classes: as every link of theirs has them, for nobody else has both.
        caption: what its pages say of the data and the model.
        example: an id that it opens in the gallery.
        seconds: of each page.
        wrong: pages that showed somebody else's.
    """

    query: str
    classes: str
    caption: str
    example: int
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def visitors() -> tuple[list[Visitor], list[list[str]]]:
    """Twenty, no two alike, and the commands that measure what they look at."""
    found, commands = [], []
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10)]
    for i in range(_SESSIONS):
        a, b = pairs[i]
        l2 = 10 ** -(1 + i % 3)
        kind = ("logistic", "least-squares")[i % 2]
        commands.append(["fil", "--data", "digits", "--classes", f"{a},{b}", "--model", kind, "--l2", repr(l2)])
        classes = f"classes={a}&classes={b}"
        query = f"data=digits&{classes}&model={kind}&l2={l2!r}"
        found.append(Visitor(query, classes, f"{kind}, λ = {l2!r}", _some_id(a, b, i)))
    return found, commands


def _some_id(a: int, b: int, i: int) -> int:
    from fil_core import DataSpec, load

    ids = load(DataSpec(name="digits", classes=(str(a), str(b)))).ids
    return int(ids[i])


def sessions(data_dir: str | None) -> Iterator[Row]:
    """Page changes of twenty sessions at once, what they saw, and the server's memory."""
    launch = _chromium()
    if launch is None:
        yield Row("twenty sessions at once", f"<= {_PAGE_SECONDS:g} s", "no Chromium here")
        return
    people, commands = visitors()
    with tempfile.TemporaryDirectory() as store:
        environment = os.environ | {"FIL_STORE_DIR": store}
        _measure_all(commands, environment)
        with _server(environment) as url:
            server = _server_process(url)
            found = asyncio.run(_all(people, url, launch, server))
    every = np.concatenate([person.seconds for person in people])
    p95 = float(np.quantile(every, 0.95))
    yield Row(
        f"{_SESSIONS} sessions at once: 95th percentile of {len(every)} page changes", f"<= {_PAGE_SECONDS:g} s",
        f"{p95:.2f} s", f"median {np.median(every):.2f} s; browsers took {found['browsers']:.0%} of the cores, "
                        "the server "
        f"{found['server']:.0%}", p95 <= _PAGE_SECONDS,
    )  # fmt: skip
    wrong = [what for person in people for what in person.wrong]
    yield Row(
        f"{_SESSIONS} sessions at once: pages that showed another's",
        "0",
        str(len(wrong)),
        "; ".join(wrong[:2]),
        not wrong,
    )
    grown = found["peak"] - found["before"]
    rounds = ", ".join(mib(size) for size in found["rounds"])
    yield Row(
        f"{_SESSIONS} sessions at once: the server's memory above idle",
        f"<= {mib(_GROWTH)}",
        mib(grown),
        f"idle {mib(found['before'])}; after each round {rounds}",
        grown <= _GROWTH,
    )


def _measure_all(commands: list[list[str]], environment: dict[str, str]) -> None:
    program = "import sys, json; from fil_core.__main__ import main; [main(c) for c in json.loads(sys.argv[1])]"
    import json

    subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)],
        cwd=_ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )


def _server_process(url: str) -> psutil.Process:
    port = url.rpartition(":")[2]
    return next(p for p in psutil.Process().children() if port in p.cmdline())


async def _all(people: list[Visitor], url: str, launch: str, server: psutil.Process) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=launch or None, args=list(_LAUNCH))
        pages = [await (await browser.new_context()).new_page() for _ in people]
        # One first, as on any day: whoever comes first to a new server waits for its imports.
        await _open(pages[0], people[0], url)
        before, rounds, peak = server.memory_info().rss, [], [server.memory_info().rss]
        watching = asyncio.create_task(_watch(server, peak))
        start, used = time.perf_counter(), _cpu()
        own = sum(server.cpu_times()[:2])
        await asyncio.gather(*(_visit(p, v, url) for p, v in zip(pages, people, strict=True)))
        rounds.append(server.memory_info().rss)
        seconds = (time.perf_counter() - start) * (os.cpu_count() or 1)
        served = (sum(server.cpu_times()[:2]) - own) / seconds
        taken = (_cpu() - used) / seconds
        watching.cancel()
        await browser.close()
    return {
        "before": before,
        "peak": max(peak),
        "rounds": rounds,
        "server": served,
        "browsers": max(0.0, taken - served),
    }


def _cpu() -> float:
    times = psutil.cpu_times()
    return times.user + times.system


async def _watch(server: psutil.Process, peak: list[int]) -> None:
    while True:
        peak[0] = max(peak[0], server.memory_info().rss)
        await asyncio.sleep(0.2)


async def _open(page: Page, person: Visitor, url: str) -> None:
    await page.goto(f"{url}/gallery?{person.query}&id={person.example}", wait_until="commit")
    await page.get_by_text(f"Example {person.example}", exact=False).first.wait_for(timeout=_PATIENCE)
    await page.wait_for_function(_SETTLED, polling=_POLL, timeout=_PATIENCE)


async def _visit(page: Page, person: Visitor, url: str) -> None:
    """Every page several times, with a beginning and pauses of one's own."""
    chance = random.Random(f"{SEED} {person.query}")  # noqa: S311 - pauses are no secrets
    await asyncio.sleep(chance.uniform(0.0, _ARRIVALS))
    await _open(page, person, url)
    for name in _PAGES * _ROUNDS:
        await asyncio.sleep(chance.uniform(*_PAUSE))
        before = await page.locator("h1").first.inner_text()
        start = time.perf_counter()
        await page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click(no_wait_after=True, timeout=_PATIENCE)
        await page.wait_for_function(
            "before => document.querySelector('h1')?.innerText !== before",
            arg=before, polling=_POLL, timeout=_PATIENCE,
        )
        await page.wait_for_function(_SETTLED, polling=_POLL, timeout=_PATIENCE)
        person.seconds.append(time.perf_counter() - start)
        await _check(page, person, name)


async def _check(page: Page, person: Visitor, name: str) -> None:
    """What a page says it shows is what this session asked for, in the link as on the page."""
    shown = await page.get_by_test_id("stMain").inner_text()
    if person.caption not in shown:
        found = re.search("(logistic|least-squares), λ = [0-9.e-]+", shown)
        person.wrong.append(f"{name}: expected {person.caption}, saw {found[0] if found else 'none'}")
    if person.classes not in page.url:  # usual values a link leaves out, so it need not have the model
        person.wrong.append(f"{name}: {person.classes} is not in {page.url}")
    if name == "Gallery" and f"Example {person.example}" not in shown:
        person.wrong.append(f"{name}: example {person.example} is not open")


GROUPS = {"sessions": sessions}
