"""The rows about all measures in one table: opening it, its correlations, and any two columns against each other."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator

from benchmarks.rows import Row, best_of
from fil_core import DataSpec, Engine, MeasuresRequest, Store
from fil_core.analyses.measures.described import described
from fil_core.analyses.measures.figures import against, correlation_map, matrix, shown_points
from fil_core.result import Result

_OPEN, _DRAWN = 2.0, 1.5  # seconds
_TIMES = 3


def joint_table(data_dir: str | None) -> Iterator[Row]:
    """The 12,665 digits 0 and 1 of MNIST: leakage of the usual model on 20 components, and nearest neighbours."""
    data = DataSpec(name="mnist", classes=("0", "1"), pca=20, data_dir=data_dir)
    request = MeasuresRequest(data=data, of=("fil", "neighbours"))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        Engine(Store(folder)).get(request)
        computed = time.perf_counter() - start
        engine = Engine(Store(folder))  # has nothing in memory
        _, reading = best_of(1, lambda: engine.dataset(data))
        result, opened = best_of(1, lambda: engine.find(request))
    names = result.summary["columns"]
    what = f"MNIST 0/1, {len(result.table):,} × {len(names)} measures"
    beside = f"computed {computed:.1f} s, parts included; data read once, {reading:.1f} s"
    yield Row(f"{what}: joint table from the store", f"<= {_OPEN:g} s", f"{opened:.2f} s", beside, opened <= _OPEN)
    yield from _drawn(result, what)


def _drawn(result: Result, what: str) -> Iterator[Row]:
    """What a page does with the table, figures as JSON included."""
    table, names = result.table, result.summary["columns"]

    def agreement() -> None:
        described(table["label"], table[names])
        # Drawn anew: a figure of the same numbers is kept.
        correlation_map.__wrapped__(matrix(result.summary["spearman"], names), names, "light").to_json()  # type: ignore[attr-defined]

    def scatter() -> None:
        points = shown_points(table, "eta", "same_distance")
        log = (False, True)
        against.__wrapped__(points, ("eta", "same_distance"), ("a", "b"), "light", log=log).to_json()  # type: ignore[attr-defined]

    for name, work in (("both correlations, tops, overlap and heat map", agreement), ("a scatter plot", scatter)):
        _, seconds = best_of(_TIMES, work)
        yield Row(f"{what}: {name}", f"<= {_DRAWN:g} s", f"{seconds:.2f} s", "", seconds <= _DRAWN)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"measures": joint_table}
