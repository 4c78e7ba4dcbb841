"""The query at which a record shows most: ascent inside a box, from noise, from other records, or from the record.

    log g(q) = 2 log |b(q)| - log A_ii - log v(q),    b(q) = k(q, X) A_i,    v(q) = k(q, q) - k(q, X) A k(X, q)

grows with KL LOOD and AUC, and has no labels. The record itself is always a maximum: what the outputs at any queries
tell of the record, those at the record tell too, since given its own output the others are the same with and without
it. So an ascent that finds the maximum has reconstructed the record, up to what the kernel does not see, such as the
brightness for ReLU without bias. The mean LOOD, of which b(q)^2 is the part that depends on q, may be larger elsewhere.

Source: Ye, Borovykh, Hayou, Shokri (ICLR 2024); docs/maths.md, section 11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from fil_core.lood.posterior import Posterior

Start = Literal["noise", "data", "record"]
Objective = Literal["kl_lood", "mean_lood"]

_REACHED = 1e-9  # relative: as large as at the record itself
_MEMORY = 20  # steps that the quasi-Newton method remembers


@dataclass(frozen=True, slots=True)
class Box:
    """Where queries may lie: in units of some source between two bounds, in coordinates from 0 to 1.

    Attributes:
        lower: (D,) bounds in units of the source.
        width: (D,) upper less lower bounds, >= 0; where it is 0, a coordinate stays where it is.
        records: (n, D) the training records in units of the source.
        features: source units (..., D) to features (..., d), differentiable.
    """

    lower: Tensor
    width: Tensor
    records: Tensor
    features: Callable[[Tensor], Tensor]

    @property
    def free(self) -> Tensor:
        """(D,) bool, which coordinates may change."""
        return self.width > 0

    @property
    def of_records(self) -> Tensor:
        """Coordinates of the training records, (n, D)."""
        return (self.records - self.lower) / torch.where(self.free, self.width, 1.0)

    def source(self, coordinates: Tensor) -> Tensor:
        """Coordinates (..., D) in units of the source; those that may not change are the first record's."""
        return torch.where(self.free, self.lower + coordinates * self.width, self.records[0])

    def to_features(self, coordinates: Tensor) -> Tensor:
        """Coordinates (..., D) as features (..., d)."""
        return self.features(self.source(coordinates))


@dataclass(frozen=True, slots=True)
class Ascent:
    """The best of some ascents.

    Attributes:
        query: (D,) coordinates in the box.
        steps: of all ascents together.
        restarts: how many ascents there were.
        reached: whether it ended at least as high as at the record itself.
    """

    query: Tensor
    steps: int
    restarts: int
    reached: bool


def ascend(
    p: Posterior, row: int, box: Box, *, start: Start, objective: Objective, steps: int, restarts: int, seed: int
) -> Ascent:
    """Look for the query at which a record shows most.

    Args:
        p: the process.
        row: of the record.
        box: where queries may lie.
        start: `noise`, uniform in the box; `data`, the other records at which this one shows most, one after the other;
            `record`, itself.
        objective: what is maximised.
        steps: of one ascent, at most.
        restarts: ascents at most; none of KL LOOD after one that reaches the record's own, the largest there is.
        seed: of the noise.
    """
    value, itself = _objective(p, row, box, objective), box.of_records[row]
    goal, known = float(value(itself)), objective == "kl_lood"  # the largest there is
    best, height, taken, tried = itself, -np.inf, 0, 0
    for first in _starts(p, row, box, start, objective, seed):
        tried += 1
        end, moved = _climb(value, first, box, steps)
        taken += moved
        if (reached := float(value(end))) > height:
            best, height = end, reached
        if (known and height >= goal - _REACHED) or tried == restarts:
            break
    return Ascent(best, taken, tried, height >= goal - _REACHED)


def _objective(p: Posterior, row: int, box: Box, objective: Objective) -> Callable[[Tensor], Tensor]:
    """The logarithm of what is maximised, of coordinates (D,)."""
    own, of_records = p.A[:, row], p.kernel.of_rows(p.X)

    def value(coordinates: Tensor) -> Tensor:
        q = box.to_features(coordinates[None])
        k = p.kernel.pairs(q, p.X, p.kernel.of_rows(q), of_records)[0]
        moved = 2 * torch.log((k @ own).abs())
        if objective == "mean_lood":
            return moved
        return moved - torch.log(p.kernel.diagonal(q)[0] - k @ (p.A @ k)) - torch.log(own[row])

    return value


def _starts(p: Posterior, row: int, box: Box, start: Start, objective: Objective, seed: int) -> Iterator[Tensor]:
    """Where ascents begin, the most promising first."""
    if start == "record":
        yield box.of_records[row]
    elif start == "data":
        for other in _shown_at(p, row, objective).argsort(descending=True).tolist():
            if other != row:
                yield box.of_records[other]
    else:
        drawn = np.random.default_rng([seed, row])
        while True:
            noise = torch.from_numpy(drawn.random(box.of_records.shape[1])).to(box.of_records)
            yield torch.where(box.free, noise, box.of_records[row])


def _shown_at(p: Posterior, row: int, objective: Objective) -> Tensor:
    """How much a record shows at each other record, (n,), up to a factor."""
    squared = p.A[row].square()
    if objective == "mean_lood":
        return squared
    leverage = p.leverage
    return torch.where(leverage > 0, squared / leverage.clamp_min(1e-300), 0.0)


def _climb(value: Callable[[Tensor], Tensor], first: Tensor, box: Box, steps: int) -> tuple[Tensor, int]:
    """The end of one ascent by L-BFGS-B, (D,), and its number of steps."""
    from scipy.optimize import minimize

    free = box.free.nonzero()[:, 0]

    def lowered(coordinates: np.ndarray) -> tuple[float, np.ndarray]:
        moved = torch.from_numpy(coordinates).to(first).requires_grad_(True)
        with torch.enable_grad():
            height = value(first.index_put((free,), moved))
            height.backward()
        gradient = moved.grad
        if gradient is None or not bool(torch.isfinite(height)):
            return np.inf, np.zeros_like(coordinates)  # where the kernel is zero, nothing shows
        return -float(height.detach()), -torch.nan_to_num(gradient).cpu().numpy()

    found = minimize(
        lowered, first[free].cpu().numpy(), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(free),
        options={"maxiter": steps, "maxfun": 20 * steps, "maxcor": _MEMORY, "ftol": 1e-14, "gtol": 1e-10},
    )  # fmt: skip
    return first.index_put((free,), torch.from_numpy(found.x).to(first)), int(found.nit)
