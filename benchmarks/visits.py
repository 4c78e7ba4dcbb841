"""One of many sessions: what it looks at, as a browser or by the browser's protocol, and how long that takes."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.rows import SEED

if TYPE_CHECKING:
    from playwright.async_api import Page
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.asyncio.client import ClientConnection

_PATIENCE = 60_000  # milliseconds
_POLL = 100  # milliseconds; polled at every frame, the browsers would do little else
PAGES = ("Leakage", "Examples", "Overview")
_SETTLED = """() => document.querySelector("[data-testid='stMain'] :is([data-testid='stMetricValue'], h1, h2, h3)")
    && !document.querySelector("[data-testid='stStatusWidget'], [data-test-script-state='running']")"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How the sessions behave.

    Attributes:
        name: of the kind of sessions, in the rows.
        sessions: how many there are.
        browsers: how many of them are browsers.
        rounds: how often each opens every page.
        beginning: seconds during which they start.
        pause: shortest and longest time on a page, in seconds.
        most: seconds that a page may take, at the 95th percentile.
        pages: what each opens in a round, by name.
    """

    name: str
    sessions: int
    browsers: int
    rounds: int
    beginning: float
    pause: tuple[float, float]
    most: float
    pages: tuple[str, ...] = PAGES


@dataclass(slots=True)
class Visitor:
    """One session.

    Attributes:
        query: data and model, as in a link.
        classes: the pair of classes in its links, which no other session has.
        caption: how its pages name the data and the model.
        example: the id that it opens on the page Examples.
        seconds: time that each page took.
        wrong: pages that showed another session's data, model or example.
    """

    query: str
    classes: str
    caption: str
    example: int
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def check(self, name: str, shown: str) -> None:
        """Record a page that does not show this session's model or example."""
        if name == "Results":
            if "results are stored" not in shown:
                self.wrong.append(f"{name}: no results are listed")
        elif self.caption not in shown:
            other = re.search("(logistic|least-squares), λ = [0-9.e-]+", shown)
            self.wrong.append(f"{name}: expected {self.caption}, got {other[0] if other else 'none'}")
        if name == "Examples" and f"Example {self.example}" not in shown:
            self.wrong.append(f"{name}: example {self.example} is not open")


async def _pauses(person: Visitor, crowd: Crowd) -> AsyncIterator[str]:
    """The pages in turn, each after a random pause."""
    chance = random.Random(f"{SEED} {person.query}")  # noqa: S311 - pauses are no secrets
    await asyncio.sleep(chance.uniform(0.0, crowd.beginning))
    for name in crowd.pages * crowd.rounds:
        await asyncio.sleep(chance.uniform(*crowd.pause))
        yield name


# --- sessions that are browsers ---------------------------------------------------------------------------------------


async def open_first_page(page: Page, person: Visitor, url: str) -> None:
    """Open the link to the session's own example and wait until the page is drawn.

    Args:
        page: of a browser.
        person: the session.
        url: address of the server.
    """
    await page.goto(f"{url}/examples?{person.query}&id={person.example}", wait_until="commit")
    await page.get_by_text(f"Example {person.example}", exact=False).first.wait_for(timeout=_PATIENCE)
    await page.wait_for_function(_SETTLED, polling=_POLL, timeout=_PATIENCE)


async def browse(page: Page, person: Visitor, url: str, crowd: Crowd) -> None:
    """Open every page several times by the links in the sidebar, and record its time and content.

    Args:
        page: of a browser; opened by `open_first_page`.
        person: the session.
        url: address of the server.
        crowd: how it behaves.
    """
    await open_first_page(page, person, url)
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
        if person.classes not in page.url:  # the model is not checked, since links omit defaults
            person.wrong.append(f"{name}: {person.classes} is not in {page.url}")


# --- sessions that draw nothing ---------------------------------------------------------------------------------------


async def listen(person: Visitor, url: str, crowd: Crowd) -> None:
    """Request the same pages by the browser's protocol; a page is complete when its script has finished.

    Args:
        person: the session.
        url: address of the server.
        crowd: how it behaves.
    """
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from websockets.asyncio.client import connect

    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    hashes: dict[str, str] = {}

    async def ask(name: str) -> str:
        request = BackMsg()
        request.rerun_script.query_string = person.query + (f"&id={person.example}" if name == "Examples" else "")
        request.rerun_script.page_script_hash = hashes.get(name, "")
        await socket.send(request.SerializeToString())
        shown = []
        async for message in _until_finished(socket):
            hashes.update((page.page_name, page.page_script_hash) for page in message.navigation.app_pages)
            if message.HasField("delta"):
                shown.append(str(message.delta.SerializeToString(), "utf-8", "ignore"))
        return "".join(shown).replace("\\", "")  # backslashes escape markup in captions

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
