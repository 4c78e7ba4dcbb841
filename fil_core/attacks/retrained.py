"""The softmax optimum with any x in an example's place, and the x that explains a release best.

With the others' loss as the quadratic of curvature H_o around its minimum c, training with x gives

    T*(x) = c - w H_o^-1 (g (x) x),   g = V^T (p - y) at the scores s:   s + w Q g(s) = c x,   Q_ce = x^T (H_o^-1)_ce x,

and, with S = dg/ds and a_c = sum_e g_e (H_o^-1)_ec x,

    ds/dx = Z = (I + w Q S)^-1 (T* - w a),     dT*/dx = -w [ H_o^-1 (g (x) I) + H_o^-1 (S Z (x) x) ].

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.attacks.others_curvature import OthersCurvature
from fil_core.models.softmax import curvature_in_scores, softmax_terms

_STEPS = 60  # Newton steps to the scores
_CLOSE = 1e-8  # relative: the step after one so small is below rounding


@dataclass(frozen=True, slots=True)
class Example:
    """What of an example under attack its retraining needs.

    Attributes:
        y: its label, one-hot (C,). w: its weight.
        basis: V, (C, C-1).
        others: the others' curvature.
        free: number of entries of x that are not known, the first ones.
    """

    y: Tensor
    w: Tensor
    basis: Tensor
    others: OthersCurvature
    free: int

    def derivatives(self, s: Tensor) -> tuple[Tensor, Tensor]:
        """g (B, k) and S (B, k, k) at scores s (B, k)."""
        _, delta, p = softmax_terms(s @ self.basis.T, self.y.expand(len(s), -1))
        return delta @ self.basis, curvature_in_scores(p, self.basis)

    def retrained(self, x: Tensor, centre: Tensor) -> Retrained:
        """T*(x) of x (B, d) around centres (B, k, d)."""
        Kx = self.others.inverse.times(x)
        Q = torch.einsum("bcej,bj->bce", Kx, x)
        s = self._scores((centre @ x[..., None])[..., 0], self.w * Q)
        g, S = self.derivatives(s)
        T = centre - self.w * torch.einsum("bcej,be->bcj", Kx, g)
        return Retrained(self, x.clone(), s, g, S, Kx, Q, T)

    def _scores(self, start: Tensor, wQ: Tensor) -> Tensor:
        """s with s + w Q g(s) = start, (B, k), by Newton's method, a step halved until the residual falls."""

        def residual(s: Tensor, wQ: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
            g, S = self.derivatives(s)
            return s + (wQ @ g[..., None])[..., 0] - start, S

        s, eye = start.clone(), torch.eye(wQ.shape[1]).to(wQ)
        (off, S), share = residual(s, wQ, start), torch.ones_like(s[:, :1])
        active = torch.arange(len(s), device=s.device)
        for _ in range(_STEPS):
            step = torch.linalg.solve(eye + wQ[active] @ S, off[..., None])[..., 0]
            trial = s[active] - share * step
            off_there, S_there = residual(trial, wQ[active], start[active])
            small = step.norm(dim=1, keepdim=True) <= _CLOSE * (1 + trial.norm(dim=1, keepdim=True))
            better = small | (off_there.norm(dim=1, keepdim=True) < off.norm(dim=1, keepdim=True))
            s[active] = torch.where(better, trial, s[active])
            share = torch.where(better, 1.0, share / 2)
            off, S = torch.where(better, off_there, off), torch.where(better[..., None], S_there, S)
            on = ~small[:, 0]  # Newton's next step would be below rounding
            active, off, S, share = active[on], off[on], S[on], share[on]
            if not active.numel():
                break
        return s


@dataclass(frozen=True, slots=True)
class Retrained:
    """The optima with some x, (B, d), in the example's place.

    Attributes:
        example: the example under attack.
        x: (B, d). s: its scores, (B, k). g, S: the loss's derivatives there.
        Kx: blocks of H_o^-1 times x, (B, k, k, d). Q: (B, k, k).
        T: the parameters, (B, k, d).
    """

    example: Example
    x: Tensor
    s: Tensor
    g: Tensor
    S: Tensor
    Kx: Tensor
    Q: Tensor
    T: Tensor

    def rows(self, rows: Tensor) -> Retrained:
        """Some of them."""
        parts = (getattr(self, name)[rows] for name in ("x", "s", "g", "S", "Kx", "Q", "T"))
        return Retrained(self.example, *parts)

    def replaced(self, rows: Tensor, other: Retrained) -> None:
        """Take over `other` at some rows."""
        for name in ("x", "s", "g", "S", "Kx", "Q", "T"):
            getattr(self, name)[rows] = getattr(other, name)

    def slope(self) -> Tensor:
        """Z = ds/dx over the entries that are not known, (B, k, f)."""
        a = torch.einsum("beaj,be->baj", self.Kx, self.g)
        eye = torch.eye(self.Q.shape[1]).to(self.Q)
        Z = torch.linalg.solve(eye + self.example.w * self.Q @ self.S, self.T - self.example.w * a)
        return Z[..., : self.example.free]

    def gram(self, Z: Tensor) -> Tensor:
        """J^T J of J = dT*/dx, (B, f, f)."""
        e, SZ = self.example, self.S @ Z
        K2x = e.others.square.times(self.x)
        A = torch.einsum("bc,bcej->bej", self.g, K2x)[..., : e.free]
        B = torch.einsum("bcej,bj->bce", K2x, self.x)
        cross = A.mT @ SZ
        return e.w**2 * (e.others.square.form(self.g)[:, : e.free, : e.free] + cross + cross.mT + SZ.mT @ B @ SZ)

    def pulled_back(self, Z: Tensor, r: Tensor) -> Tensor:
        """J^T r of r (B, k, d), (B, f)."""
        e, Y = self.example, self.example.others.solve(r)
        own = torch.einsum("bc,bcj->bj", self.g, Y)[:, : e.free]
        through = torch.einsum("bck,bc->bk", self.S @ Z, (Y @ self.x[..., None])[..., 0])
        return -e.w * (own + through)

    def log_volume(self) -> Tensor:
        """-log det(J^T J) / 2, (B,)."""
        return -torch.linalg.slogdet(self.gram(self.slope()))[1] / 2
