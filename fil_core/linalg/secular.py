"""Largest eigenpair of *diagonal plus rank two*, for many examples at once, in O(d) per step.

The matrices are `M_i = t_i diag(D) + V_i C_i V_i^T` with `V = [p, q]` and `C = [[c, s], [s, 0]]`: one positive and one
negative direction on top of poles that all examples share. For mu above every pole put `R = mu - t D` and
`G(mu) = V^T R^-1 V`. Then mu is the largest eigenvalue exactly where `kappa(mu)`, the top eigenvalue of `C G(mu)`,
is 1, and

    1 / kappa(mu) = min { x^T R x : x^T V C V^T x = 1 }

is a minimum of functions linear in mu, hence concave and increasing. Newton's method on it, started anywhere left of
the root, therefore rises to the root without a bracket, quadratically; each iterate is the Rayleigh quotient of
`x = R^-1 V z`, so the last one is accurate to rounding. Usually five to eight steps.

Interlacing leaves one case: the negative direction can pull the largest eigenvalue below the top pole, never below the
second. There the top coordinate leaves the diagonal and joins the low-rank part, which couples to it through V alone
(`C` grows to 3 x 3), all remaining poles are below the root, and the same argument holds. The top coordinate's diagonal
entry of M is written as a sum of squares: what remains of the top pole can be many orders smaller than the pole.

Source: the secular equation of Golub (1973) for rank one; the concavity argument for an indefinite rank-two term is our
own; docs/maths.md, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, overload

import torch
from torch import Tensor

from fil_core.linalg.blocks import row_blocks

_STEPS = 100  # an iteration that is quadratic and monotone needs ten; the bound only keeps NaN from looping


@overload
def leading_eigenpairs(
    D: Tensor, t: Tensor, p: Tensor, q: Tensor, c: Tensor, s: Tensor, *, vectors: Literal[True]
) -> tuple[Tensor, Tensor]: ...


@overload
def leading_eigenpairs(
    D: Tensor, t: Tensor, p: Tensor, q: Tensor, c: Tensor, s: Tensor, *, vectors: bool = False
) -> tuple[Tensor, Tensor | None]: ...


def leading_eigenpairs(
    D: Tensor, t: Tensor, p: Tensor, q: Tensor, c: Tensor, s: Tensor, *, vectors: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Largest eigenvalue, and on request its eigenvector, of each M_i.

    M_i = t_i diag(D) + c_i p_i p_i^T + s_i (p_i q_i^T + q_i p_i^T)

    >>> row = lambda *values: torch.tensor(values, dtype=torch.float64)
    >>> p, q = row(1.0, 0.0)[None], row(0.0, 1.0)[None]  # M = [[1 + c, s], [s, 1]]
    >>> mu, _ = leading_eigenpairs(row(1.0, 1.0), row(1.0), p, q, row(3.0), row(2.0))
    >>> mu.round(decimals=9).tolist()  # 1 + (c + sqrt(c^2 + 4 s^2)) / 2
    [5.0]

    Args:
        D: (d,) poles, >= 0, in any order.
        t: (n,) factors of the poles, >= 0.
        p: (n, d), or (1, d) where all examples share the vector.
        q: (n, d), or (1, d), likewise.
        c: (n,), >= 0.
        s: (n,), any sign. Each M_i must be positive semi-definite.
        vectors: also return unit eigenvectors; takes another (n, d).

    Returns:
        (n,) eigenvalues, >= 0, and (n, d) eigenvectors or None.
    """
    order = torch.argsort(D, descending=True, stable=True)
    if bool((D.diff() > 0).any()):  # those of a Curvature are sorted already, which saves a copy of p
        D, p, q = D[order], p[:, order], q[:, order]
    n, d = t.numel(), D.numel()
    mu = torch.empty_like(t)
    X = t.new_empty(n, d) if vectors else None
    for block in row_blocks(n, d, D.device):
        part = _Block(D, t[block], _rows(p, block), _rows(q, block), c[block], s[block])
        mu[block] = part.largest()
        if X is not None:
            X[block, order] = part.eigenvectors(mu[block])
    return mu, X


def _rows(v: Tensor, block: slice | Tensor) -> Tensor:
    return v if v.shape[0] == 1 else v[block]


class _Block:
    """The matrices of one block of examples, the poles in descending order."""

    def __init__(self, D: Tensor, t: Tensor, p: Tensor, q: Tensor, c: Tensor, s: Tensor) -> None:
        self.D, self.t, self.p, self.q, self.c, self.s = D, t, p, q, c, s
        self.eps = torch.finfo(D.dtype).eps

    def pick(self, rows: Tensor) -> _Block:
        return _Block(self.D, self.t[rows], _rows(self.p, rows), _rows(self.q, rows), self.c[rows], self.s[rows])

    def largest(self) -> Tensor:
        corner = self._corner()
        if self.D.numel() == 1:
            return corner
        top, second = self.t * self.D[0], self.t * self.D[1]
        low = torch.maximum(corner, self._other_diagonal().amax(1))
        start = torch.maximum(low, self._quotient_of_p(top))
        # The two-term form is the cheaper one, but next to its pole the determinant of G cancels; the other has none.
        above = start > 1.01 * top
        mu = torch.where(above, start, torch.maximum(low, second * (1 + 4 * self.eps)))
        self._iterate(mu, above, _Block._two_terms)
        self._iterate(mu, ~above, _Block._three_terms)
        return mu

    def _iterate(self, mu: Tensor, active: Tensor, secular: Callable[[_Block, Tensor], tuple[Tensor, Tensor]]) -> None:
        """Newton's method in place on the active rows, each until it converges."""
        rows = active.nonzero().squeeze(1)
        part = self.pick(rows)
        for _ in range(_STEPS):
            if rows.numel() == 0:
                return
            kappa, step = secular(part, mu[rows])
            # In exact arithmetic no iterate passes the root: kappa <= 1 means that only rounding is left.
            step = torch.where(kappa > 1, step, torch.zeros_like(step))
            mu[rows] += step
            moving = step > 2 * self.eps * mu[rows]
            if not bool(moving.all()):
                rows, part = rows[moving], part.pick(moving.nonzero().squeeze(1))

    def _corner(self) -> Tensor:
        """M_11 = t D_1 + c p_1^2 + 2 s p_1 q_1 as a sum of squares, so that nothing is lost where the terms cancel."""
        p, q, top = self.p[:, 0], self.q[:, 0], self.t * self.D[0]
        ratio = torch.where(top > 0, self.s * q / top.clamp_min(torch.finfo(top.dtype).tiny), torch.zeros_like(top))
        return top * (1 + ratio * p) ** 2 + p * p * (self.c - self.s * q * ratio).clamp_min(0)

    def _other_diagonal(self) -> Tensor:
        p, q = self.p[:, 1:], self.q[:, 1:]
        low_rank = (self.c[:, None] * p).addcmul_(2 * self.s[:, None], q).mul_(p)
        return low_rank.addcmul_(self.t[:, None], self.D[1:])

    def _quotient_of_p(self, top: Tensor) -> Tensor:
        """Rayleigh quotient of p where it is well above the top pole, else 0."""
        square = self.p * self.p
        pp = square.sum(1)
        quotient = self.t * (square @ self.D) / pp + self.c * pp + 2 * self.s * _dots(self.p, self.q)
        return torch.where(quotient > 2 * top, quotient, torch.zeros_like(top))

    def _two_terms(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """kappa at mu above every pole, and the Newton step."""
        W = torch.addcmul(mu[:, None], self.t[:, None], self.D, value=-1).reciprocal_()
        pp, pq, qq = _grams(W, self.p, self.q)
        trace = self.c * pp + 2 * self.s * pq
        # kappa is the larger root of k^2 - trace k - minus_det, computed without cancellation.
        minus_det = self.s * self.s * (pp * qq - pq * pq).clamp_min(0)
        root = (trace * trace / 4 + minus_det).sqrt()
        kappa = torch.where(trace > 0, trace / 2 + root, minus_det / (root - trace / 2))
        z1, z2 = kappa - self.s * pq, self.s * pp
        return _newton(kappa, _form(z1, z2, pp, pq, qq), _form(z1, z2, *_grams(W * W, self.p, self.q)))

    def _three_terms(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """The same with the top coordinate in the low-rank part, for mu above the second pole."""
        W, w = self._rest(mu)
        pp, pq, qq = _grams(W, self.p[:, 1:], self.q[:, 1:])
        kappa, z = self._core(pp, pq, qq, w)
        z1, z2, z3 = z.unbind(1)
        upper = _form(z1, z2, pp, pq, qq) + z3 * z3 * w
        lower = _form(z1, z2, *_grams(W * W, self.p[:, 1:], self.q[:, 1:])) + z3 * z3 * w * w
        return _newton(kappa, upper, lower)

    def _rest(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """1/R on the coordinates 2..d, (n, d-1), and on the first, whose pole is lowered to the second, (n,)."""
        gap = mu[:, None] - self.t[:, None] * self.D[1:]
        W = 1.0 / torch.maximum(gap, (self.eps * mu).clamp_min(torch.finfo(mu.dtype).tiny ** 0.25)[:, None])
        return W, W[:, 0]

    def _core(self, pp: Tensor, pq: Tensor, qq: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Top eigenvalue of C G for the 3 x 3 C, and its right eigenvector, through L^T C L with G = L L^T."""
        p1, q1, zero = self.p[:, 0].expand_as(w), self.q[:, 0].expand_as(w), torch.zeros_like(w)
        coupling, corner = (self.c * p1 + self.s * q1, self.s * p1), self._corner() - self.t * self.D[1]
        C = _matrix((self.c, self.s, coupling[0]), (self.s, zero, coupling[1]), (*coupling, corner))
        l11 = pp.sqrt()
        l21 = torch.where(pp > 0, pq / l11, zero)
        l22 = (qq - l21 * l21).clamp_min(0).sqrt()
        L = _matrix((l11, zero, zero), (l21, l22, zero), (zero, zero, w.sqrt()))
        k, Y = torch.linalg.eigh(L.mT @ C @ L)
        z = (C @ L @ Y[:, :, -1:]).squeeze(-1)
        return k[:, -1], z

    def eigenvectors(self, mu: Tensor) -> Tensor:
        """R^-1 V z, normalised, (n, d), in the three-term form, which holds wherever the root lies."""
        if self.D.numel() == 1:
            return torch.ones_like(mu)[:, None]
        W, w = self._rest(mu)
        p, q = self.p[:, 1:], self.q[:, 1:]
        _, z = self._core(*_grams(W, p, q), w)
        X = torch.cat([(w * z[:, 2])[:, None], W * (z[:, :1] * p + z[:, 1:2] * q)], 1)
        return self._repaired(mu, X / X.norm(dim=1, keepdim=True))

    def _repaired(self, mu: Tensor, X: Tensor) -> Tensor:
        """X, but from a dense M where the root is a pole orthogonal to V, so that R^-1 V z is not its eigenvector."""
        along_p, along_q = (self.p * X).sum(1), (self.q * X).sum(1)
        quotient = self.t * (X * X @ self.D) + self.c * along_p**2 + 2 * self.s * along_p * along_q
        for i in (~(quotient >= (1 - 1e-10) * mu)).nonzero().squeeze(1):  # NaN, where V vanishes, is not >= either
            one = self.pick(i[None])
            cross = torch.outer(one.p[0], one.q[0])
            M = torch.diag(one.t * one.D) + one.c * torch.outer(one.p[0], one.p[0]) + one.s * (cross + cross.T)
            X[i] = torch.linalg.eigh(M)[1][:, -1]
        return X


def _matrix(*rows: tuple[Tensor, ...]) -> Tensor:
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def _grams(W: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three entries of V^T diag(W) V for each row of W."""
    Wp = W * p
    return (Wp * p).sum(1), _dots(Wp, q), _dots(W, q * q)


def _dots(A: Tensor, v: Tensor) -> Tensor:
    """Inner product of each row of A with the same row of v, or with its only row."""
    return A @ v[0] if v.shape[0] == 1 else (A * v).sum(1)


def _form(z1: Tensor, z2: Tensor, pp: Tensor, pq: Tensor, qq: Tensor) -> Tensor:
    return z1 * z1 * pp + 2 * z1 * z2 * pq + z2 * z2 * qq


def _newton(kappa: Tensor, upper: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
    """kappa, and (kappa - 1) z^T G z / z^T V^T R^-2 V z; where V vanishes there is no root and both are zero."""
    step = (kappa - 1) * upper / lower
    return torch.nan_to_num(kappa, nan=0.0), torch.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0)
