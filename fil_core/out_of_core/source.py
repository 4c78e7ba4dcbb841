"""Examples in a .npy file that need not fit in memory: read, summed and measured a block at a time, by any Executor.

Sums are taken by a tree over blocks whose cut depends on the shape of the data alone, so that a sum has the same bits
however many processes compute it and in whichever order they finish.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from fil_core.errors import BadData, BadRequest
from fil_core.progress import Progress
from fil_core.specs.checks import count

S = TypeVar("S")

_VALUES = 2**20  # float64 values of a block: 8 MB, of which a process needs about ten
_PART = 2**21  # values of a part, the task of one process, where that is not small next to its d x d sums
_ROWS = 2**16  # most rows of a part of few columns
_PER_FEATURE = 16  # least rows of a part per feature: its sums then take an eighth of the bytes that are read for them
_POLL_SECONDS = 0.2  # between two looks at whether the work was cancelled
_IN_FLIGHT = 2**25  # bytes of answers that may wait for their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSource:
    """Rows of a matrix in a .npy file, with their targets.

    Attributes:
        features: path of the matrix, (rows, columns), numbers of any type, in C order where speed matters.
        target: number of the column that holds the targets, or the path of a second .npy with one per row.
        left_out: numbers of columns that are no features, such as an id.
        start, stop: the range of rows; a stop of None is the end.
        classes: the two target values that are the classes 0 and 1; empty for a regression.
    """

    features: str
    target: int | str
    left_out: tuple[int, ...] = ()
    start: int = 0
    stop: int | None = None
    classes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) not in {0, 2} or len(set(self.classes)) < len(self.classes):
            raise BadRequest(f"classes: expected two different target values, or none; got {self.classes!r}.")

    def shape(self) -> tuple[int, int]:
        """Number of examples and of features, from the headers of the files.

        Raises:
            BadData: a file is not there, is no .npy of numbers, or does not fit the other or the columns named.
        """
        X, y = self._open()
        rows, columns = X.shape
        stop = rows if self.stop is None else self.stop
        if not 0 <= self.start < stop <= rows:
            raise BadData(f"rows: expected a range within the {rows:,} of the file; got {self.start:,} to {stop:,}.")
        if y is not None and y.shape != (rows,):
            raise BadData(f"target: expected one number for each of {rows:,} rows; got shape {y.shape}.")
        inside = [*self.left_out, *([self.target] if isinstance(self.target, int) else [])]
        if wrong := [c for c in inside if not 0 <= c < columns]:
            raise BadData(f"columns: expected numbers from 0 to {columns - 1}; got {wrong[0]}.")
        if len(self._kept(columns)) == 0:
            raise BadData("features: expected at least one column; got none.")
        return stop - self.start, len(self._kept(columns))

    def columns(self) -> list[int]:
        """Numbers of the file's columns that are features."""
        return list(self._kept(self._open()[0].shape[1]))

    def read(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """X (m, d) and the targets (m,) of some rows, counted from `start`, float64; the targets as in the file.

        Raises:
            BadData: an entry is not finite, or a target is no class.
        """
        X, y = self._open()
        window = slice(self.start + rows.start, self.start + rows.stop)
        # The map is closed when this returns: pages of the file do not pile up in the process.
        whole = np.array(X[window], dtype=np.float64, order="C")
        target = whole[:, int(self.target)] if y is None else np.array(y[window], dtype=np.float64)
        kept = self._kept(whole.shape[1])
        features = whole if len(kept) == whole.shape[1] else np.ascontiguousarray(whole[:, kept])
        self._check(features, target, window.start)
        return features, np.ascontiguousarray(target)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The two classes as text; empty for a regression."""
        return tuple(f"{value:g}" for value in self.classes)

    def _kept(self, columns: int) -> np.ndarray:
        left_out = [*self.left_out, *([self.target] if isinstance(self.target, int) else [])]
        return np.setdiff1d(np.arange(columns), left_out)

    def _open(self) -> tuple[np.ndarray, np.ndarray | None]:
        X = _mapped(self.features, "features", 2)
        return X, None if isinstance(self.target, int) else _mapped(self.target, "target", 1)

    def _check(self, X: np.ndarray, y: np.ndarray, first: int) -> None:
        for what, finite in (("target", np.isfinite(y)), ("features", np.isfinite(X).all(axis=1))):
            if not finite.all():
                i = first + int(finite.argmin())
                raise BadData(f"{what}: expected finite numbers; row {i:,} has another. Fill in or remove such rows.")
        if self.classes and not (known := np.isin(y, self.classes)).all():
            i = int(known.argmin())
            expected = " or ".join(self.class_names)
            raise BadData(f"target: expected {expected}, the two classes; got {y[i]:g} at row {first + i:,}.")


def _mapped(path: str, what: str, dimensions: int) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadData(f"{what}: expected a .npy file of numbers; {error}.") from error
    if not isinstance(array, np.ndarray) or array.ndim != dimensions or array.dtype.kind not in "fiub":
        shape = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise BadData(f"{what}: expected a .npy file of numbers in {dimensions} dimensions; got {shape}.")
    return array


# --- blocks and parts -------------------------------------------------------------------------------------------------


def parts(n: int, d: int) -> list[slice]:
    """Slices that cover 0..n-1, one for each task of a pass; the cut depends on n and d alone.

    >>> [(part.start, part.stop) for part in parts(100_000, 2)]
    [(0, 65536), (65536, 100000)]
    """
    rows = max(_PER_FEATURE * d, min(_ROWS, _PART // d))
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def blocks(part: slice, d: int, rows_per_block: int | None) -> Iterator[slice]:
    """Slices that cover a part, each of as many rows as are held in memory at once.

    >>> [(block.start, block.stop) for block in blocks(slice(2, 7), 3, 2)]
    [(2, 4), (4, 6), (6, 7)]

    Args:
        part: the rows of one task.
        d: columns of a row, >= 1.
        rows_per_block: rows of a block, >= 1; None for 8 MB of them.

    Raises:
        BadRequest: rows_per_block < 1.
    """
    count("rows_per_block", rows_per_block)
    rows = rows_per_block or max(1, _VALUES // d)
    for start in range(part.start, part.stop, rows):
        yield slice(start, min(start + rows, part.stop))


def in_order(
    executor: Executor, work: Callable[[Any], S], tasks: Sequence[Any], *, answer_bytes: int,
    progress: Callable[[int], None] | None = None,
) -> Iterator[S]:  # fmt: skip
    """work(task) of every task, computed in any order and yielded in the order of the tasks.

    Args:
        executor: where to compute.
        work: a function at the top level of a module, so that it can be pickled.
        tasks: its arguments, one per call.
        answer_bytes: about the size of an answer, > 0; it limits how many answers wait in memory.
        progress: called with the number of tasks done, several times a second; an exception of it stops the work.

    Yields:
        The answers, in the order of the tasks.

    Raises:
        BrokenExecutor: the system ended processes twice during one task. An error of `work` is passed on. Tasks that
            have not begun are cancelled in both cases.
    """
    waiting: deque[Future[S]] = deque()
    ahead = min(256, max(4, _IN_FLIGHT // max(1, answer_bytes)))
    try:
        for done, task in enumerate(tasks):
            if progress:
                progress(done)
            while len(waiting) < ahead and done + len(waiting) < len(tasks):
                waiting.append(executor.submit(work, tasks[done + len(waiting)]))
            while progress and not waiting[0].done():
                wait([waiting[0]], _POLL_SECONDS)
                progress(done)
            try:
                answer = waiting[0].result()
            except BrokenExecutor:  # all running tasks are lost with the pool; this one is retried once, on a new pool
                answer = executor.submit(work, task).result()
            waiting.popleft()
            yield answer
    finally:
        for future in waiting:
            future.cancel()


def tree(answers: Iterator[S], add: Callable[[S, S], S]) -> S:
    """Pairwise sum of answers in order, ((a + b) + (c + d)) + ..., with at most log2 n partial sums in memory.

    >>> tree(iter("abcde"), lambda left, right: f"({left}{right})")
    '(((ab)(cd))e)'

    Args:
        answers: n >= 1 of them.
        add: the sum of two.

    Returns:
        Their sum.
    """
    sums: list[tuple[int, S]] = []  # (height, sum), heights falling
    for answer in answers:
        height = 0
        while sums and sums[-1][0] == height:
            answer = add(sums.pop()[1], answer)
            height += 1
        sums.append((height, answer))
    total = sums.pop()[1]
    while sums:
        total = add(sums.pop()[1], total)
    return total


def report(progress: Progress | None, work: list[slice], what: str) -> Callable[[int], None] | None:
    """Progress in rows from progress in parts.

    Args:
        progress: called with (rows done, rows, text); None for no progress.
        work: the parts of a pass, in order.
        what: the text.

    Returns:
        A function of the number of parts done, or None.
    """
    if progress is None:
        return None
    return lambda done: progress(work[done].start, work[-1].stop, what)
