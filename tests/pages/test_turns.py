"""Pages are drawn in the order in which they were asked for, a few at a time, and none waits for one that computes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from live import run

from pages.server import wall
from pages.server.turns import Turns


def begun(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def waiting(turns: Turns, people: int) -> None:
    """Wait until so many are in the queue."""
    until = time.monotonic() + 10
    while len(turns._queue) != people:
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.mark.parametrize("places", [1, 2])
def test_first_come_first_served_and_never_more_than_there_are_places(places):
    turns, order, at_once = Turns(places, seconds=60), [], []
    full = threading.Event()
    holders = []
    for _ in range(places):

        def hold() -> None:
            with turns.turn():
                full.wait()

        holders.append(begun(hold))
    while len(turns._begun) < places:
        time.sleep(0.001)
    people = []
    for i in range(20):

        def draw(i: int = i) -> None:
            with turns.turn():
                order.append(i)
                at_once.append(len(turns._begun))
                time.sleep(0.002)

        people.append(begun(draw))
        waiting(turns, i + 1)
    assert order == []
    full.set()
    for thread in (*holders, *people):
        thread.join(10)
    # Two that are let in together may write down their numbers in either order.
    assert all(abs(i - place) < places for place, i in enumerate(order))
    assert sorted(order) == list(range(20))
    assert max(at_once) <= places
    assert not turns._begun
    assert not turns._queue


def test_a_long_one_does_not_hold_up_the_others():
    turns, end, seen = Turns(1, seconds=0.2), threading.Event(), []

    def compute() -> None:
        with turns.turn():
            end.wait(10)
            seen.append("computed")

    def draw() -> None:
        with turns.turn():
            seen.append("drawn")

    computing = begun(compute)
    while not turns._begun:
        time.sleep(0.001)
    start = time.monotonic()
    drawing = begun(draw)
    drawing.join(5)
    assert seen == ["drawn"]
    assert 0.1 < time.monotonic() - start < 2
    end.set()
    computing.join(5)
    assert seen == ["drawn", "computed"]


def test_an_error_gives_the_place_up():
    turns = Turns(1, seconds=60)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), turns.turn():
            raise ValueError("broken")
    assert not turns._begun


def test_the_server_lets_threads_finish(monkeypatch):
    set_to: list[float] = []
    monkeypatch.setattr("sys.setswitchinterval", set_to.append)

    async def live() -> None:
        async with wall.lifespan(None):
            assert len(set_to) == 1
            assert set_to[0] > 0.005  # the interpreter's own

    run(live())
