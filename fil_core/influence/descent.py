"""A network that is linear in its weights, trained by full-batch gradient descent, with and without some examples.

See docs/maths.md, section 8. The outputs are f(w) = f_0 + J (w - w_0), and w - w_0 = J^T alpha: all that happens lies
in the span of the training examples' gradients, and in the eigenbasis of the kernel K = J J^T every step is diagonal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import BadRequest, SingularCurvature
from fil_core.linalg.volterra import bytes_of, solve_volterra

_BYTES = 2**28  # of the sequences of the groups that are left out at the same time
_STEPS = 2048  # whose powers are held at the same time
_STABLE = 2.0  # step times largest eigenvalue below which gradient descent comes nearer to its limit in each step


@dataclass(frozen=True, slots=True)
class Descent:
    """Training of the linearised network: `1/n sum_i 1/2 |f_i - y_i|^2 + l2/2 |w - w_0|^2`, steps of size `lr`.

    Attributes:
        values: (N,) eigenvalues of the kernel of the n k training outputs, ascending, >= 0.
        vectors: (N, N) its eigenvectors, in columns.
        start: (N,) residuals f_0 - y at the start, in the eigenbasis.
        n, k: training examples and outputs; N = n k.
        lr, l2: step and decay, both of the mean loss.
    """

    values: Tensor
    vectors: Tensor
    start: Tensor
    n: int
    k: int
    lr: float
    l2: float

    @property
    def step_eigenvalue(self) -> float:
        """Step times the largest eigenvalue of the Hessian of the mean loss; descent is stable below 2."""
        return self.lr * (float(self.values[-1]) / self.n + self.l2)

    @property
    def kernel_condition(self) -> float:
        """Smallest over largest eigenvalue of the kernel, from 0 to 1."""
        return float(self.values[0] / self.values[-1]) if self.values[-1] > 0 else 0.0

    def step_eigenvalue_without(self, left_out: int) -> float:
        """An upper bound of `step_eigenvalue` when so many examples are left out."""
        return self.lr * (float(self.values[-1]) / (self.n - left_out) + self.l2)

    def dual(self, steps: int | None) -> Tensor:
        """Dual coefficients alpha after some steps in the eigenbasis, (N,); `None` for the limit of infinitely many."""
        return self._base(steps, 0)

    def residuals(self, steps: int | None) -> Tensor:
        """Residuals f - y of the training outputs after some steps, (n, k)."""
        return (self.vectors @ (self.start + self.values * self.dual(steps))).view(self.n, self.k)

    def changes(self, groups: Tensor, times: list[int | None]) -> Tensor:
        """How leaving groups of examples out changes the dual coefficients.

        The mean of the loss is then over the others; step, decay, start and number of steps stay.

        Args:
            groups: (G, m) positions of the examples that are left out together.
            times: numbers of steps; None for the limit of infinitely many.

        Returns:
            alpha without the group minus alpha with it, in the eigenbasis, (T, G, N).

        Raises:
            BadRequest: nobody would be left, or the step is too large for the spectrum.
            SingularCurvature: the limit of infinitely many steps is asked without decay, and the kernel is singular.
        """
        self._check(groups.shape[1], times)
        changes = torch.empty(len(times), *groups.shape[:1], len(self.values), dtype=self.values.dtype, device=self.values.device)  # noqa: E501 # fmt: skip
        size = groups.shape[1] * self.k
        longest = max((t for t in times if t is not None), default=1)
        chunk = max(1, _BYTES // max(bytes_of(size, longest), 8 * len(self.values) * size * size))
        for first in range(0, len(groups), chunk):
            part = groups[first : first + chunk]
            rows = (part[:, :, None] * self.k + torch.arange(self.k, device=part.device)).flatten(1)
            self._without(rows, groups.shape[1], times, changes[:, first : first + chunk])
        return changes

    def _check(self, left_out: int, times: list[int | None]) -> None:
        if left_out >= self.n:
            raise BadRequest(f"groups: expected fewer than the {self.n:,} training examples; got {left_out:,}.")
        step = self.step_eigenvalue_without(left_out)
        if step >= _STABLE:
            raise BadRequest(
                f"lr: expected a step below 2 / largest curvature; got {self.lr:g}, with which step times largest "
                f"eigenvalue is {step:.3g} and the linearised network diverges. Take lr below "
                f"{_below(_STABLE * self.lr / step)}."
            )
        if None in times and self.l2 == 0 and self.values[0] == 0:
            singular = int((self.values == 0).sum())
            raise SingularCurvature(
                f"time: expected a kernel without zero eigenvalues for infinitely many steps without decay; "
                f"{singular:,} of its {len(self.values):,} are zero (copies of an example, or more outputs than "
                "weights). Take l2 above 0 or a finite time."
            )

    def _base(self, steps: int | None, left_out: int) -> Tensor:
        """Dual coefficients with all examples, at the step and the decay of a mean over n - left_out of them."""
        rest = self.n - left_out
        decayed = self.values + rest * self.l2
        if steps is None:
            return -torch.where(decayed > 0, self.start / decayed, 0.0)
        return -self.start * _filled(decayed, self.lr / rest, steps)

    def _without(self, rows: Tensor, left_out: int, times: list[int | None], changes: Tensor) -> None:
        """Write the changes for groups whose outputs are the given rows, (G, b), into `changes`, (T, G, N)."""
        rest = self.n - left_out
        decayed = self.values + rest * self.l2
        V = self.vectors[rows]  # (G, b, N)
        finite = [t for t in times if t is not None]
        rate = self.lr / rest
        own = self._own_residuals(V, rate * decayed, max(finite)) if finite else None
        for at, t in enumerate(times):
            shift = self._base(t, left_out) - self._base(t, 0)
            if t is None:
                change = self._limit(V, decayed)
            else:
                assert own is not None
                change = rate * self._later(V, own, 1 - rate * decayed, t)
            changes[at] = change + shift

    def _own_residuals(self, V: Tensor, contraction: Tensor, steps: int) -> Tensor:
        """Residuals of the examples that are left out at each step of the descent without them, (G, b, steps)."""
        size = V.shape[1]
        pairs = (V[:, :, None] * V[:, None]).flatten(1, 2)
        blocks = [
            ((V * self.start) @ powers, (pairs * contraction) @ powers) for _, powers in _powers(1 - contraction, steps)
        ]
        g, h = (torch.cat(parts, -1) for parts in zip(*blocks, strict=True))
        return solve_volterra(g, h.unflatten(1, (size, size)))

    def _later(self, V: Tensor, own: Tensor, d: Tensor, steps: int) -> Tensor:
        """What the residuals at all steps leave after the last, `sum_tau d^(t - 1 - tau) V^T rho(tau)`, (G, N)."""
        latest_first = own[..., :steps].flip(-1)
        sums = torch.zeros_like(V)
        for first, powers in _powers(d, steps):
            sums += latest_first[..., first : first + powers.shape[1]] @ powers.mT
        return (V * sums).sum(1)

    def _limit(self, V: Tensor, decayed: Tensor) -> Tensor:
        """What the limit without each group has more than the limit with all at the same decay, (G, N)."""
        scaled = torch.where(decayed > 0, V / decayed, 0.0)
        own = scaled @ self.start
        correction = torch.linalg.solve(scaled @ V.mT, own[..., None])[..., 0]
        return torch.einsum("gb,gbj->gj", correction, scaled)


def descent(K: Tensor, residuals: Tensor, *, lr: float, l2: float) -> Descent:
    """Factorise the kernel of a network, for all that is asked of its training.

    Args:
        K: (n k, n k) kernel of the training outputs, row i k + a for output a of example i.
        residuals: (n, k) outputs at the start minus targets.
        lr: step, of the mean loss.
        l2: decay, of the mean loss.
    """
    values, vectors = torch.linalg.eigh((K + K.mT) / 2)
    rounding = len(values) * torch.finfo(values.dtype).eps * values[-1].clamp_min(0)
    values = torch.where(values > rounding, values, 0.0)
    n, k = residuals.shape
    return Descent(values, vectors, vectors.mT @ residuals.flatten(), n, k, lr, l2)


def _filled(eigenvalues: Tensor, rate: float, steps: int) -> Tensor:
    """(1 - (1 - rate l)^steps) / l, (N,), without cancellation for small l, where it is rate times steps."""
    x = rate * eigenvalues
    slow = -torch.expm1(steps * torch.log1p(-x.clamp_max(0.5)))
    fast = 1 - (1 - x) ** steps
    safe = torch.where(eigenvalues > 0, eigenvalues, 1.0)
    return torch.where(eigenvalues > 0, torch.where(x < 0.5, slow, fast) / safe, rate * steps)


def _powers(d: Tensor, steps: int) -> Iterator[tuple[int, Tensor]]:
    """d^0 ... d^(steps - 1) in blocks: (first exponent, (N, length))."""
    for first in range(0, steps, _STEPS):
        yield first, d[:, None] ** torch.arange(first, min(first + _STEPS, steps), dtype=d.dtype, device=d.device)


def _below(x: float) -> str:
    """A number of two digits that is not above x."""
    unit = 10.0 ** (math.floor(math.log10(x)) - 1)
    return f"{math.floor(x / unit) * unit:g}"
