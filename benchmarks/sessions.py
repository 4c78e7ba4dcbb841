"""Twenty sessions at once on stored results: seconds per page, pages that show another session's, the server's memory.

Each session has its own data, model and example, and goes from page to page with pauses. Twenty browsers on the machine
that serves them need ten times what the server does, so they pause for half a minute per page. With short pauses the
browsers themselves would be measured; there most sessions use the browser's protocol and draw nothing, and two are
browsers, which show what one of twenty users sees.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psutil

from benchmarks.browser import LAUNCH, ROOT, find_chromium, running_server
from benchmarks.rows import Row, mib
from benchmarks.visits import Crowd, Visitor, browse, listen, open_first_page

_SESSIONS = 20
_PAGE_SECONDS = 3.0  # at the 95th percentile
_GROWTH = 2**30  # bytes that the server may need above idle

_READERS = Crowd("20 readers at once", browsers=20, rounds=2, beginning=180.0, pause=(20.0, 40.0))
_HURRIED = Crowd("20 in a hurry at once", browsers=2, rounds=5, beginning=10.0, pause=(2.0, 8.0))


def visitors() -> tuple[list[Visitor], list[list[str]]]:
    """Twenty different sessions, and the commands that compute the results that they open."""
    sessions, commands = [], []
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10)]
    for i in range(_SESSIONS):
        a, b = pairs[i]
        l2 = 10 ** -(1 + i % 3)
        kind = ("logistic", "least-squares")[i % 2]
        commands.append(["fil", "--data", "digits", "--classes", f"{a},{b}", "--model", kind, "--l2", repr(l2)])
        classes = f"classes={a}&classes={b}"
        query = f"data=digits&{classes}&model={kind}&l2={l2!r}"
        sessions.append(Visitor(query, classes, f"{kind}, λ = {l2!r}", _some_id(a, b, i)))
    return sessions, commands


def _some_id(a: int, b: int, i: int) -> int:
    from fil_core import DataSpec, load

    ids = load(DataSpec(name="digits", classes=(str(a), str(b)))).ids
    return int(ids[i])


def sessions(data_dir: str | None) -> Iterator[Row]:
    """Twenty sessions at once, with long pauses and with short ones."""
    yield from _measured(_READERS)
    yield from _measured(_HURRIED)


def _measured(crowd: Crowd) -> Iterator[Row]:
    """Page changes of the twenty sessions, what they showed, and the server's memory."""
    launch = find_chromium()
    if launch is None:
        yield Row("twenty sessions at once", f"<= {_PAGE_SECONDS:g} s", "no Chromium here")
        return
    people, commands = visitors()
    with tempfile.TemporaryDirectory() as store:
        environment = os.environ | {"FIL_STORE_DIR": store}
        _measure_all(commands, environment)
        with running_server(environment) as url:
            figures = asyncio.run(_all(crowd, people, url, launch, _server_process(url)))
    drawn, sent = people[: crowd.browsers], people[crowd.browsers :]
    shares = f"browsers took {figures['browsers']:.0%} of the cores, the server {figures['server']:.0%}"
    yield _seconds(f"{crowd.name}: a page in {len(drawn)} of them, which are browsers", drawn, shares)
    if sent:
        yield _seconds(f"{crowd.name}: a page in the {len(sent)} others, as it is sent", sent, "")
    wrong = [what for person in people for what in person.wrong]
    yield Row(f"{crowd.name}: pages that showed another's", "0", str(len(wrong)), "; ".join(wrong[:2]), not wrong)
    grown = figures["peak"] - figures["before"]
    yield Row(
        f"{crowd.name}: the server's memory above idle", f"<= {mib(_GROWTH)}", mib(grown),
        f"idle {mib(figures['before'])}, at the end {mib(figures['after'])}", grown <= _GROWTH,
    )  # fmt: skip


def _seconds(what: str, people: Sequence[Visitor], reference: str) -> Row:
    every = np.concatenate([person.seconds for person in people])
    p95 = float(np.quantile(every, 0.95))
    spread = f"95th percentile of {len(every)}; median {np.median(every):.2f} s, longest {every.max():.2f} s"
    reference = "; ".join(filter(None, [spread, reference]))
    return Row(what, f"<= {_PAGE_SECONDS:g} s", f"{p95:.2f} s", reference, p95 <= _PAGE_SECONDS)


def _measure_all(commands: list[list[str]], environment: dict[str, str]) -> None:
    program = "import sys, json; from fil_core.__main__ import main; [main(c) for c in json.loads(sys.argv[1])]"
    subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)], cwd=ROOT, env=environment, check=True,
        capture_output=True,
    )  # fmt: skip


def _server_process(url: str) -> psutil.Process:
    port = url.rpartition(":")[2]
    return next(p for p in psutil.Process().children() if port in p.cmdline())


async def _all(crowd: Crowd, people: list[Visitor], url: str, launch: str, server: psutil.Process) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=launch or None, args=list(LAUNCH))
        pages = [await (await browser.new_context()).new_page() for _ in people[: crowd.browsers]]
        # One session first: the first one on a new server waits for its imports, which also raise its memory.
        await open_first_page(pages[0], people[0], url)
        await asyncio.sleep(25.0)
        before, peak = server.memory_info().rss, [server.memory_info().rss]
        watching = asyncio.create_task(_watch(server, peak))
        start, used, own = time.perf_counter(), _cpu(), _cpu_of(server)
        drawn = (browse(page, person, url, crowd) for page, person in zip(pages, people[: crowd.browsers], strict=True))
        await asyncio.gather(*drawn, *(listen(person, url, crowd) for person in people[crowd.browsers :]))
        seconds = (time.perf_counter() - start) * (os.cpu_count() or 1)
        served = (_cpu_of(server) - own) / seconds
        # The sessions that draw nothing are in this process.
        browsers = (_cpu() - used) / seconds - served
        watching.cancel()
        after = server.memory_info().rss
        await browser.close()
    return {
        "before": before, "after": after, "peak": max(peak), "server": served, "browsers": max(0.0, browsers),
    }  # fmt: skip


def _cpu() -> float:
    times = psutil.cpu_times()
    return times.user + times.system


def _cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _watch(server: psutil.Process, peak: list[int]) -> None:
    while True:
        peak[0] = max(peak[0], server.memory_info().rss)
        await asyncio.sleep(0.2)


GROUPS = {"sessions": sessions}
