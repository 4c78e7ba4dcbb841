"""Many sessions at once on stored results: seconds per page, pages that show another session's, the server's memory.

Each session has its own data, model and example, and goes from page to page. Twenty browsers on the machine that serves
them need ten times what the server does, so they pause for half a minute per page. With short pauses the browsers
themselves would be measured; there most sessions use the browser's protocol and draw nothing, and two are browsers,
which show what one of twenty users sees. Without pauses all use the protocol, and the next page is asked for as soon as
the last one is there.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from benchmarks.browser import LAUNCH, ROOT, find_chromium, running_server
from benchmarks.rows import Row, mib
from benchmarks.visits import Crowd, Visitor, browse, listen, open_first_page
from fil_core.engine.store import Store
from fil_core.engine.store.encoding import encode
from fil_core.engine.store.folders import place

if TYPE_CHECKING:
    from playwright.async_api import Page

_GROWTH = 2**30  # bytes that the server may need above idle
_STORED = 5_000  # results on the page that lists them

_CROWDS = (
    Crowd("20 readers at once", 20, browsers=20, rounds=2, beginning=180.0, pause=(20.0, 40.0), most=3.0),
    Crowd("20 in a hurry at once", 20, browsers=2, rounds=5, beginning=10.0, pause=(2.0, 8.0), most=3.0),
    Crowd("20 without pauses", 20, browsers=0, rounds=6, beginning=0.0, pause=(0.0, 0.0), most=2.0),
    Crowd("60 without pauses", 60, browsers=0, rounds=4, beginning=0.0, pause=(0.0, 0.0), most=8.0),
)
_LIST = Crowd(
    f"10 at the list of {_STORED:,} results", 10, browsers=0, rounds=6, beginning=0.0, pause=(0.0, 0.0), most=3.0,
    pages=("Results",),
)  # fmt: skip


def visitors(count: int) -> tuple[list[Visitor], list[list[str]]]:
    """Different sessions, and the commands that compute the results that they open."""
    sessions, commands = [], []
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10)]
    for i in range(count):
        a, b = pairs[i % len(pairs)]
        l2 = round(10 ** -(1 + i % 3) * (1 + i / 100), 6)  # its own, so that each page tells whose it is
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
    """Many sessions at once, with long pauses, with short ones and without any; and at a long list of results."""
    for crowd in _CROWDS:
        yield from _measured(crowd)
    yield from _measured(_LIST, stored=_STORED)


def _measured(crowd: Crowd, *, stored: int = 0) -> Iterator[Row]:
    """Page changes of the sessions, what they showed, and the server's memory."""
    launch = find_chromium() if crowd.browsers else ""
    if launch is None:
        yield Row(crowd.name, f"<= {crowd.most:g} s", "no Chromium here")
        return
    people, commands = visitors(crowd.sessions)
    with tempfile.TemporaryDirectory() as store:
        environment = os.environ | {"FIL_STORE_DIR": store}
        _measure_all(commands, environment)
        _fill(Store(store), stored)
        with running_server(environment) as url:
            figures = asyncio.run(_all(crowd, people, url, launch, _server_process(url)))
    drawn, sent = people[: crowd.browsers], people[crowd.browsers :]
    shares = f"browsers took {figures['browsers']:.0%} of the cores, the server {figures['server']:.0%}"
    if drawn:
        yield _seconds(f"{crowd.name}: a page in {len(drawn)} of them, which are browsers", drawn, crowd, shares)
    if sent:
        others = f"the {len(sent)} others, as it is sent" if drawn else "the browser's protocol"
        yield _seconds(f"{crowd.name}: a page in {others}", sent, crowd, "" if drawn else shares)
    wrong = [what for person in people for what in person.wrong]
    yield Row(f"{crowd.name}: pages that showed another's", "0", str(len(wrong)), "; ".join(wrong[:2]), not wrong)
    grown = figures["peak"] - figures["before"]
    yield Row(
        f"{crowd.name}: the server's memory above idle", f"<= {mib(_GROWTH)}", mib(grown),
        f"idle {mib(figures['before'])}, at the end {mib(figures['after'])}", grown <= _GROWTH,
    )  # fmt: skip


def _fill(store: Store, count: int) -> None:
    """Store a result under many keys, each with a request of its own, until there are so many."""
    first = next((entry for entry in store.entries() if entry.analysis == "fil"), None)
    result = None if first is None else store.get(first.key)
    if result is None:
        raise RuntimeError("sessions: expected a stored result to fill the store with.")
    request = result.provenance["request"]
    for i in range(len(store.entries()), count):
        key = hashlib.sha256(f"{i}".encode()).hexdigest()
        model = request["model"] | {"l2": (1 + i) / 2**20}
        provenance = result.provenance | {"request": request | {"model": model}}
        # Not through `put`, which looks at all that are stored after each of them, for the limit on their size.
        files = encode(key, dataclasses.replace(result, provenance=provenance))
        place(files, store.root / key[:2] / key, store.root / "tmp" / key)


def _seconds(what: str, people: Sequence[Visitor], crowd: Crowd, reference: str) -> Row:
    every = np.concatenate([person.seconds for person in people])
    p95 = float(np.quantile(every, 0.95))
    spread = f"95th percentile of {len(every)}; median {np.median(every):.2f} s, longest {every.max():.2f} s"
    reference = "; ".join(filter(None, [spread, reference]))
    return Row(what, f"<= {crowd.most:g} s", f"{p95:.2f} s", reference, p95 <= crowd.most)


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
    async with AsyncExitStack() as stack:
        pages = await _browsers(stack, launch, crowd.browsers)
        await _listening(url)
        # One session first: the first one on a new server waits for its imports, which also raise its memory.
        if pages:
            await open_first_page(pages[0], people[0], url)
        else:
            once = dataclasses.replace(crowd, rounds=1, beginning=0.0, pause=(0.0, 0.0))
            await listen(dataclasses.replace(people[0], seconds=[], wrong=[]), url, once)
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
    return {
        "before": before, "after": after, "peak": max(peak), "server": served, "browsers": max(0.0, browsers),
    }  # fmt: skip


async def _listening(url: str) -> None:
    """Wait until the server takes connections."""
    address = urlsplit(url)
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise RuntimeError(f"sessions: expected a server at {url} within a minute.")


async def _browsers(stack: AsyncExitStack, launch: str, count: int) -> list[Page]:
    """Pages of so many separate sessions in a browser, which is closed with the stack; no browser for none."""
    if not count:
        return []
    from playwright.async_api import async_playwright

    playwright = await stack.enter_async_context(async_playwright())
    browser = await playwright.chromium.launch(executable_path=launch or None, args=list(LAUNCH))
    stack.push_async_callback(browser.close)
    return [await (await browser.new_context()).new_page() for _ in range(count)]


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
