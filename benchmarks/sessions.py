"""Twenty people at once on stored results: how long a page takes, whether any sees another's, what the server needs.

Each has data, a model and an example of their own, and goes from page to page with pauses. Twenty browsers on the
machine that serves them need ten times what the server does, so they read: half a minute a page. In a hurry, one would
measure them and not the server; there most sessions speak the browser's protocol and draw nothing, and two are
browsers, which see what a person sees who is one of twenty.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from benchmarks.browser import _LAUNCH, _ROOT, _chromium, _server
from benchmarks.rows import SEED, Row, mib

if TYPE_CHECKING:
    from playwright.async_api import Page
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.asyncio.client import ClientConnection

_SESSIONS = 20
_PAGE_SECONDS = 3.0  # at the 95th percentile
_GROWTH = 2**30  # bytes that the server may need on top
_PATIENCE = 60_000  # milliseconds
_POLL = 100  # milliseconds; asked at every frame instead, the browsers would do little else
_PAGES = ("Leakage", "Gallery", "Overview")
_SETTLED = """() => document.querySelector("[data-testid='stMain'] :is([data-testid='stMetricValue'], h1, h2, h3)")
    && !document.querySelector("[data-testid='stStatusWidget'], [data-test-script-state='running']")"""


@dataclass(frozen=True, slots=True)
class _Crowd:
    """How the twenty go about it.

    Attributes:
        browsers: how many of them are browsers.
        rounds: how often they see each page.
        beginning: seconds over which they begin.
        pause: seconds, least and most, that somebody looks at a page.
    """

    name: str
    browsers: int
    rounds: int
    beginning: float
    pause: tuple[float, float]


_READERS = _Crowd("20 readers at once", browsers=20, rounds=2, beginning=180.0, pause=(20.0, 40.0))
_HURRIED = _Crowd("20 in a hurry at once", browsers=2, rounds=5, beginning=10.0, pause=(2.0, 8.0))


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

    def check(self, name: str, shown: str) -> None:
        """What a page says it shows is what this session asked for."""
        if self.caption not in shown:
            found = re.search("(logistic|least-squares), λ = [0-9.e-]+", shown)
            self.wrong.append(f"{name}: expected {self.caption}, saw {found[0] if found else 'none'}")
        if name == "Gallery" and f"Example {self.example}" not in shown:
            self.wrong.append(f"{name}: example {self.example} is not open")


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
    """Twenty sessions at once, which read, and which are in a hurry."""
    yield from _measured(_READERS)
    yield from _measured(_HURRIED)


def _measured(crowd: _Crowd) -> Iterator[Row]:
    """Page changes of the twenty, what they saw, and the server's memory."""
    launch = _chromium()
    if launch is None:
        yield Row("twenty sessions at once", f"<= {_PAGE_SECONDS:g} s", "no Chromium here")
        return
    people, commands = visitors()
    with tempfile.TemporaryDirectory() as store:
        environment = os.environ | {"FIL_STORE_DIR": store}
        _measure_all(commands, environment)
        with _server(environment) as url:
            found = asyncio.run(_all(crowd, people, url, launch, _server_process(url)))
    drawn, sent = people[: crowd.browsers], people[crowd.browsers :]
    shares = f"browsers took {found['browsers']:.0%} of the cores, the server {found['server']:.0%}"
    yield _seconds(f"{crowd.name}: a page in {len(drawn)} of them, which are browsers", drawn, shares)
    if sent:
        yield _seconds(f"{crowd.name}: a page in the {len(sent)} others, as it is sent", sent, "")
    wrong = [what for person in people for what in person.wrong]
    yield Row(f"{crowd.name}: pages that showed another's", "0", str(len(wrong)), "; ".join(wrong[:2]), not wrong)
    grown = found["peak"] - found["before"]
    yield Row(
        f"{crowd.name}: the server's memory above idle", f"<= {mib(_GROWTH)}", mib(grown),
        f"idle {mib(found['before'])}, at the end {mib(found['after'])}", grown <= _GROWTH,
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
        [sys.executable, "-c", program, json.dumps(commands)], cwd=_ROOT, env=environment, check=True,
        capture_output=True,
    )  # fmt: skip


def _server_process(url: str) -> psutil.Process:
    port = url.rpartition(":")[2]
    return next(p for p in psutil.Process().children() if port in p.cmdline())


async def _all(crowd: _Crowd, people: list[Visitor], url: str, launch: str, server: psutil.Process) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=launch or None, args=list(_LAUNCH))
        pages = [await (await browser.new_context()).new_page() for _ in people[: crowd.browsers]]
        # One first, as on any day: whoever comes first to a new server waits for its imports, and so does its memory.
        await _open(pages[0], people[0], url)
        await asyncio.sleep(25.0)
        before, peak = server.memory_info().rss, [server.memory_info().rss]
        watching = asyncio.create_task(_watch(server, peak))
        start, used, own = time.perf_counter(), _cpu(), _cpu_of(server)
        drawn = (
            _browse(page, person, url, crowd) for page, person in zip(pages, people[: crowd.browsers], strict=True)
        )
        await asyncio.gather(*drawn, *(_listen(person, url, crowd) for person in people[crowd.browsers :]))
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


async def _pauses(person: Visitor, crowd: _Crowd) -> AsyncIterator[str]:
    """The pages in turn, each after a pause of one's own."""
    chance = random.Random(f"{SEED} {person.query}")  # noqa: S311 - pauses are no secrets
    await asyncio.sleep(chance.uniform(0.0, crowd.beginning))
    for name in _PAGES * crowd.rounds:
        await asyncio.sleep(chance.uniform(*crowd.pause))
        yield name


# --- sessions that are browsers ---------------------------------------------------------------------------------------


async def _open(page: Page, person: Visitor, url: str) -> None:
    await page.goto(f"{url}/gallery?{person.query}&id={person.example}", wait_until="commit")
    await page.get_by_text(f"Example {person.example}", exact=False).first.wait_for(timeout=_PATIENCE)
    await page.wait_for_function(_SETTLED, polling=_POLL, timeout=_PATIENCE)


async def _browse(page: Page, person: Visitor, url: str, crowd: _Crowd) -> None:
    """Every page several times, by the links in the sidebar."""
    await _open(page, person, url)
    async for name in _pauses(person, crowd):
        before = await page.locator("h1").first.inner_text()
        start = time.perf_counter()
        await page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click(no_wait_after=True, timeout=_PATIENCE)
        await page.wait_for_function(
            "before => document.querySelector('h1')?.innerText !== before",
            arg=before, polling=_POLL, timeout=_PATIENCE,
        )  # fmt: skip
        await page.wait_for_function(_SETTLED, polling=_POLL, timeout=_PATIENCE)
        person.seconds.append(time.perf_counter() - start)
        person.check(name, await page.get_by_test_id("stMain").inner_text())
        if person.classes not in page.url:  # usual values a link leaves out, so it need not have the model
            person.wrong.append(f"{name}: {person.classes} is not in {page.url}")


# --- sessions that draw nothing ---------------------------------------------------------------------------------------


async def _listen(person: Visitor, url: str, crowd: _Crowd) -> None:
    """The same pages as a browser asks for them; a page is there when its script has finished."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from websockets.asyncio.client import connect

    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    hashes: dict[str, str] = {}

    async def ask(name: str) -> str:
        asked = BackMsg()
        asked.rerun_script.query_string = person.query + (f"&id={person.example}" if name == "Gallery" else "")
        asked.rerun_script.page_script_hash = hashes.get(name, "")
        await socket.send(asked.SerializeToString())
        shown = []
        async for message in _until_finished(socket):
            hashes.update((page.page_name, page.page_script_hash) for page in message.navigation.app_pages)
            if message.HasField("delta"):
                shown.append(str(message.delta.SerializeToString(), "utf-8", "ignore"))
        return "".join(shown).replace("\\", "")  # what keeps a caption from being taken for markup

    async with connect(stream, origin=url, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[arg-type, list-item]
        await ask("Overview")
        async for name in _pauses(person, crowd):
            start = time.perf_counter()
            shown = await ask(name)
            person.seconds.append(time.perf_counter() - start)
            person.check(name, shown)


async def _until_finished(socket: ClientConnection) -> AsyncIterator[ForwardMsg]:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    while True:
        message = ForwardMsg()
        message.ParseFromString(await asyncio.wait_for(socket.recv(decode=False), _PATIENCE / 1000))
        yield message
        early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN  # there will be another
        if message.WhichOneof("type") == "script_finished" and not early:
            return


GROUPS = {"sessions": sessions}
