"""Run the benchmarks: `python -m benchmarks [--only NAME] [--data-dir DIR]`.

Prints one line per figure: what, target, measured, the reference, and pass or MISS. The exit status is always 0, since
a slow machine does not break the build; the last lines name what was missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence

import torch

from benchmarks import (
    attribute_inference,
    blocks,
    candidates,
    competitor,
    fil,
    influence,
    lood,
    many_classes,
    measures,
    membership,
    mitigations,
    networks,
    own,
    reconstruction,
    sessions,
    shift,
)
from benchmarks.browser import browser_rows
from benchmarks.rows import Row
from fil_core import DataUnavailable

_GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    **fil.GROUPS,
    **attribute_inference.GROUPS,
    **candidates.GROUPS,
    **reconstruction.GROUPS,
    **mitigations.GROUPS,
    **blocks.GROUPS,
    **own.GROUPS,
    **sessions.GROUPS,
    **networks.GROUPS,
    **influence.GROUPS,
    **lood.GROUPS,
    **membership.GROUPS,
    **competitor.GROUPS,
    **measures.GROUPS,
    **shift.GROUPS,
    **many_classes.GROUPS,
    "browser": browser_rows,
}
_WIDTHS = (76, 26, 26, 62)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen groups and print their rows one by one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, memory and agreement, measured.")
    parser.add_argument("--only", metavar="NAME", action="append", choices=list(_GROUPS), help=f"one of {', '.join(_GROUPS)}; may be given again")  # noqa: E501 # fmt: skip
    parser.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    options = parser.parse_args(argv)
    print(f"{_machine()}\n")
    _print("what", "target", "measured", "reference beside it", "")
    rows = []
    for name in options.only or _GROUPS:
        for row in _rows(_GROUPS[name], options.data_dir):
            _print(row.what, row.target, row.measured, row.reference, _VERDICTS[row.passed])
            rows.append(row)
    print(f"\n{_summary(rows)}\n{_load()}")
    return 0


def _rows(group: Callable[[str | None], Iterable[Row]], data_dir: str | None) -> Iterable[Row]:
    try:
        yield from group(data_dir)
    except DataUnavailable as error:
        yield Row(f"{group.__name__.replace('_', ' ')}, the rest of it", "", "no data files here", str(error))


_VERDICTS = {True: "pass", False: "MISS", None: "-"}


def _print(*cells: str) -> None:
    *columns, last = cells
    print("  ".join(f"{cell:<{width}}" for cell, width in zip(columns, _WIDTHS, strict=True)), last, flush=True)


def _summary(rows: Sequence[Row]) -> str:
    missed = [row.what for row in rows if row.passed is False]
    passed, open_ = sum(row.passed is True for row in rows), sum(row.passed is None for row in rows)
    counts = f"{passed} pass, {len(missed)} missed, {open_} without a target or not measured here."
    return "\n  MISSED: ".join([counts, *missed])


def _machine() -> str:
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA GPU"
    return (
        f"torch {torch.__version__} on {torch.get_num_threads()} threads of {os.cpu_count()} cores "
        f"({platform.machine()}), {cuda}, float64. {_load()}"
    )


def _load() -> str:
    """How busy the machine is, which limits what the times below mean."""
    return f"Load over the last minute: {os.getloadavg()[0]:.1f} (this run's own threads included)."


if __name__ == "__main__":
    sys.exit(main())
