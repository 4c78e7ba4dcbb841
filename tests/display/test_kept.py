"""Figures that are kept: the same one for the same content, another one for any other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from fil_core.display import charts
from fil_core.display.kept import Figures, kept

TABLE = pd.DataFrame({"eta": [0.1, 0.2, 0.3], "label": ["a", "b", "a"], "loss": [1.0, 2.0, 3.0]}, index=[3, 5, 8])


@pytest.fixture
def figures() -> Figures:
    return Figures()


def drawing(figures: Figures, *columns: str):
    """A function that draws, and the list of what it was called with."""
    calls: list[tuple[object, ...]] = []

    @kept(*columns, figures=figures)
    def draw(*arguments: object, **named: object) -> go.Figure:
        calls.append(arguments)
        return go.Figure()

    return draw, calls


def test_the_same_content_is_drawn_once(figures):
    draw, calls = drawing(figures)
    one = draw(TABLE, "light", log=True, names=("A", "B"), x=np.arange(3.0))
    other = draw(TABLE.copy(), "light", x=np.arange(3.0), names=("A", "B"), log=True)
    assert one is other
    assert len(calls) == len(figures) == 1


def test_any_other_content_is_drawn_anew(figures):
    draw, calls = drawing(figures)
    values = np.arange(4.0)
    different = [
        TABLE,
        TABLE.assign(eta=[0.1, 0.2, np.nextafter(0.3, 1)]),
        TABLE.assign(label=["a", "b", "b"]),
        TABLE.assign(label=["a", "c", "a"]),
        TABLE.rename(columns={"loss": "cost"}),
        TABLE.set_axis([3, 5, 9]),
        TABLE["eta"],
        values,
        values.reshape(2, 2),
        values.astype(np.float32),
        values.view(np.int64),
        values[::-1],
        np.array(["0", "1"], dtype=object),
        np.array([0, 1], dtype=object),
        "0",
        0,
        0.0,
        False,
        None,
        ("0", "1"),
        ["0", "1"],
        ("01",),
    ]
    for value in different:
        draw(value)
    assert len(calls) == len(different)
    for one, other in combinations(range(len(different)), 2):
        assert draw(different[one]) is not draw(different[other])
    draw(0, 1)
    draw(1, 0)
    draw(a=0, b=1)
    draw(a=1, b=0)
    assert len(calls) == len(different) + 4


def test_only_the_columns_that_are_drawn_count(figures):
    draw, calls = drawing(figures, "eta", "label")
    draw(TABLE)
    draw(TABLE.assign(loss=0.0))
    assert len(calls) == 1
    draw(TABLE.assign(eta=0.0))
    assert len(calls) == 2


def test_what_was_used_longest_ago_goes_first():
    figures = Figures(3 * 20_000 + 3 * 800)
    draw, calls = drawing(figures)
    arrays = [np.full(100, float(i)) for i in range(4)]
    for array in (*arrays[:3], arrays[0], arrays[3]):
        draw(array)
    assert len(figures) == 3
    calls.clear()
    draw(arrays[0])
    assert calls == []
    draw(arrays[1])
    assert len(calls) == 1


def test_a_figure_larger_than_the_place_is_not_kept():
    figures = Figures(1000)
    draw, calls = drawing(figures)
    draw(np.zeros(1000))
    draw(np.zeros(1000))
    assert len(calls) == 2
    assert len(figures) == 0


def test_two_functions_have_figures_of_their_own(figures):
    @kept(figures=figures)
    def one(value: int) -> go.Figure:
        return go.Figure(layout={"title": "one"})

    @kept(figures=figures)
    def two(value: int) -> go.Figure:
        return go.Figure(layout={"title": "two"})

    assert one(1).layout.title.text == "one"
    assert two(1).layout.title.text == "two"


def test_what_cannot_be_compared_is_refused(figures):
    draw, _ = drawing(figures)
    with pytest.raises(TypeError):
        draw(object())


def test_the_charts_of_pages_are_kept():
    table = TABLE.assign(eta=[0.11, 0.22, 0.33])
    assert charts.distribution(table, "light", log=False) is charts.distribution(table, "light", log=False)
    assert charts.distribution(table, "light", log=False) is not charts.distribution(table, "dark", log=False)
    assert charts.by_class(table, "dark") is charts.by_class(table.assign(loss=0.0), "dark")
