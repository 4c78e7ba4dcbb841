"""What whole groups of records change, of one record as of all, in blocks of groups of the same size.

Source: docs/maths.md, section 11.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.errors import BadRequest
from fil_core.lood import gaussians
from fil_core.lood.posterior import Posterior, Queries, changed_by_each, changed_by_groups, group_at_itself, twins
from fil_core.progress import Progress

_BLOCK = 2**22  # values of a block of groups
_NODES = 600  # values for each direction while areas are integrated
_SQUARES = 7  # matrices of a group's records at once: A_GG, its eigenvectors, and what finding them takes


@dataclass(frozen=True, slots=True)
class Told:
    """How well the process without each of k groups and the one with it are told apart.

    Attributes:
        kl, kl_reverse, auc: (k,), as in `gaussians`.
        squares: (k,) mean over queries and outputs of (mu_out - mu_in)^2.
        alone: (n,) KL of each record left out alone, at the same queries.
    """

    kl: Tensor
    kl_reverse: Tensor
    auc: Tensor
    squares: Tensor
    alone: Tensor


def check_room(largest: int, room: float, *, queries: int = 0) -> None:
    """Refuse a group whose matrices do not fit in memory.

    Args:
        largest: records of the largest group.
        room: bytes that are free.
        queries: that it is seen at, besides its own records.

    Raises:
        BadRequest: they do not fit; the message says how many records would.
    """
    needed = _bytes_of(largest, queries)
    if needed > room:
        fits = bisect.bisect_right(range(1, largest + 1), room, key=lambda records: _bytes_of(records, queries))
        raise BadRequest(
            f"group: expected groups of at most {fits:,} records, for which there is room in memory; the largest has "
            f"{largest:,}, whose matrices take {needed / 2**30:.1f} GiB of {max(room, 0) / 2**30:.1f}. Take smaller "
            "groups, or fewer records (--subset)."
        )


def _bytes_of(records: int, queries: int) -> float:
    """Bytes of the matrices of one group."""
    return 8.0 * records * (_SQUARES * records + 3 * queries + _NODES)


def told(
    p: Posterior, groups: Sequence[np.ndarray], queries: Queries | None, progress: Progress | None = None
) -> tuple[Told, int]:
    """How well groups are told, and the number of directions that the queries have; 1 at the groups' own records.

    A record's divergence at the records of its group is that at itself: the outputs at the others follow from the one
    at the record in the same way with it and without it.

    Args:
        p: the process.
        groups: rows of each, without repetition.
        queries: where outputs are seen; None for the records of each group together.
        progress: called with (done, total, what).
    """
    whitened = None if queries is None else queries.whitened()
    each = p.own() if whitened is None else changed_by_each(p, whitened)
    found = p.A.new_zeros(4, len(groups))
    done = 0
    seen_at = 0 if queries is None else len(queries.Q)
    for block in blocks([len(rows) for rows in groups], queries=seen_at):
        if progress:
            progress(done, len(groups), "leaving every group out")
        rows = torch.from_numpy(np.stack([groups[i] for i in block])).to(p.A.device)
        if queries is None or whitened is None:
            gap = group_at_itself(p, rows)
            squares = (gap.m * p.noise * gap.g / (1 + gap.g)).sum(1) / (rows.shape[1] * p.outputs)
        else:
            gap, squares = changed_by_groups(p, whitened, rows), _squares(queries, rows)
        found[:, block] = torch.stack([gaussians.kl(gap), gaussians.kl_reverse(gap), gaussians.auc(gap), squares])
        done += len(block)
    measures = Told(found[0], found[1], found[2], found[3], gaussians.kl(each))
    return measures, 1 if whitened is None else len(whitened)


def _squares(queries: Queries, rows: Tensor) -> Tensor:
    """Mean over queries and outputs of (mu_out - mu_in)^2, of groups (b, r), (b,)."""
    p = queries.posterior
    solved = torch.linalg.solve(p.A[rows[:, :, None], rows[:, None, :]], p.alpha[rows])  # (b, r, C)
    return (queries.moves[:, rows].permute(1, 0, 2) @ solved).square().mean((1, 2))


def blocks(sizes: Sequence[int], *, queries: int = 0) -> Iterator[np.ndarray]:
    """Positions of groups of the same size, as many at a time as fit into a block; each group once.

    Args:
        sizes: records of each group.
        queries: that they are seen at, besides their own records.
    """
    all_sizes = np.asarray(sizes)
    for size in np.unique(all_sizes):
        same = np.flatnonzero(all_sizes == size)
        step = max(1, int(_BLOCK // (size * (size + 3 * queries + _NODES))))
        yield from (same[start : start + step] for start in range(0, len(same), step))


def near_duplicates(p: Posterior, similarity: float) -> tuple[list[np.ndarray], float]:
    """Rows of groups that are connected by near-duplicates, and the largest kernel correlation of two records.

    Each record is connected with its nearest other one, if their kernel correlation is at least `similarity`.

    Args:
        p: the process.
        similarity: at most 1.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, correlation = (found[:, 0].cpu().numpy() for found in twins(p, 1))
    near = np.flatnonzero(correlation >= similarity)
    graph = coo_matrix((np.ones(len(near)), (near, rows[near])), shape=(p.n, p.n))
    _, component = connected_components(graph, directed=False)
    return [one for one in members(component) if len(one) > 1], float(correlation.max())


def members(codes: np.ndarray) -> list[np.ndarray]:
    """Rows of each code from 0 that occurs, in the order of codes; none of a row of code -1.

    >>> [rows.tolist() for rows in members(np.array([1, 0, -1, 1]))]
    [[1], [0, 3]]

    Args:
        codes: (n,) whole numbers from -1.
    """
    order = np.argsort(codes, kind="stable")
    values, starts = np.unique(codes[order], return_index=True)
    found = np.split(order, starts[1:])
    return found[1:] if len(values) and values[0] < 0 else found
