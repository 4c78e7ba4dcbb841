"""What is asked of a curvature."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fil_core.influence.influences import RANK, sweep
from fil_core.influence.point import Point
from fil_core.progress import Progress


@dataclass(frozen=True)
class Asked:
    """What is asked of a curvature.

    Attributes:
        point: the network and its training examples.
        target: gradient of the target's loss, (p,); None for the loss of each example itself.
        l2: decay.
        damping: >= 0.
        progress: called with (done, total, what).
    """

    point: Point
    target: Tensor | None
    l2: float
    damping: float
    progress: Progress | None = None

    def tell(self, done: int, total: int | None, what: str) -> None:
        """Report progress."""
        if self.progress:
            self.progress(done, total, what)

    @property
    def rank(self) -> float:
        """Of the largest eigenvalue: directions below it carry rounding alone."""
        return RANK[self.point.X.dtype]

    def swept(self, largest: float) -> list[float]:
        """Dampings from the largest eigenvalue's order of size down to a millionth of it, and the one asked for."""
        return sweep(largest, self.damping)
