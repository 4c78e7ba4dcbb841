"""Candidate parameters: the optimum with one example's attribute set to a value, n x k of them, none retrained.

For example i and value v the row x_i is removed and x' = x_i with that value is added. Least squares: a change of rank
two of (H, X^T W y), so with u = H^-1 x, u' = H^-1 x', c = (w r, -w r'), C = diag(-w, w), M = [u, u']^T [x, x']

    theta_iv - theta = [u, u'] (I + C M)^-1 c,     r = theta^T x - y,  r' = theta^T x' - y,

and u' - u is a combination of the same few columns of H^-1 for all examples: O(k d) per example after X H^-1. Logistic:
Newton from theta on the exact gradient, with the Hessian of the other rows kept at theta and the changed row's
recomputed, again rank two; all candidates of a block at once.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 6 retrain each candidate; docs/maths.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fil_core.attacks.attribute import Attribute
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.linalg import weighted_gram
from fil_core.models import Fitted, Glm
from fil_core.models.fitted import penalties
from fil_core.models.glm import logistic_terms, penalised
from fil_core.models.newton import minimise, require
from fil_core.progress import Progress
from fil_core.specs import ATTACKABLE

_BLOCK = {"cpu": 2**21, "cuda": 2**26}  # values of one block of shifts
_PASS = {"cpu": 2**22, "cuda": 2**27}  # values of one block of (training example, candidate) pairs
_SINGULAR = 1e-12  # of its size with nothing removed: a determinant below it is rounding
_CLOSE = 1e-9  # of the shift: the error after the last Newton step, estimated from the rate of convergence
_STEPS = 15  # steps with the kept Hessian before a candidate gets a Newton iteration of its own


def attackable(fitted: Fitted) -> None:
    """Refuse a model for which the attacks are not defined.

    Raises:
        BadRequest: a model of several scores.
    """
    if fitted.spec.kind not in ATTACKABLE:
        raise BadRequest(f"attack: expected a model of {' or '.join(ATTACKABLE)}; got {fitted.spec.kind}.")


def candidate_shifts(
    fitted: Fitted, dataset: Dataset, attribute: Attribute, *, rows: int | None = None, progress: Progress | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Shifts theta_iv - theta of all candidates, a block of examples at a time.

    Args:
        fitted: least squares or logistic, at its optimum.
        dataset: its n training examples, features (n, d).
        attribute: an attribute of k values.
        rows: examples in a block, >= 1; None for as many as keep the memory bounded.
        progress: called with (examples done, n, text).

    Yields:
        A block of positions, and shifts (m, k, d); exactly 0 for the true value of an example (unless binned).

    Raises:
        BadRequest: another kind of model.
        SingularCurvature: without an example the parameters are not determined (l2 = 0).
    """
    attackable(fitted)
    terms = fitted.terms(dataset)
    if not isinstance(terms, Glm):
        raise TypeError("a model of one score has Glm terms")
    n = len(terms.X)
    make = _LeastSquares(terms) if fitted.spec.kind == "least-squares" else _Logistic(fitted, terms, dataset)
    size = rows or make.rows(attribute.k)
    for start in range(0, n, size):
        if progress:
            progress(start, n, "candidates of every example")
        block = slice(start, min(start + size, n))
        yield block, make(block, _changes(terms, attribute, block), list(attribute.columns))


def _changes(terms: Glm, attribute: Attribute, block: slice) -> Tensor:
    """x' - x in the attribute's columns for each value, (m, k, s)."""
    values = torch.from_numpy(attribute.values).to(terms.X)
    return values - terms.X[block][:, None, list(attribute.columns)]


class _LeastSquares:
    def __init__(self, terms: Glm) -> None:
        self.terms = terms

    def rows(self, k: int) -> int:
        """Examples in a block."""
        return max(1, _BLOCK[self.terms.X.device.type] // (k * self.terms.X.shape[1]))

    def __call__(self, block: slice, change: Tensor, columns: list[int]) -> Tensor:
        """Shifts (m, k, d) for changes (m, k, s)."""
        t = self.terms
        x, w, r = t.X[block], t.w[block, None], t.r[block, None]
        pair = _Pair(t.curvature.solve(x.T).T, x, change, _inverse_columns(t, columns), columns)
        dr = change @ t.theta[columns]  # r' - r
        det = pair.determinant(-w, w)
        if bool((det <= _SINGULAR * (1 + w * pair.m22)).any()):
            singular = int((det <= _SINGULAR * (1 + w * pair.m22)).any(1).sum())
            raise SingularCurvature(
                f"attack: without {singular} of the examples, one at a time, the parameters are not determined; "
                "expected l2 > 0 (for instance 1e-3)."
            )
        # Coefficients of u and of u' - u, because those of u and u' nearly cancel.
        of_u = (-w * dr + w**2 * (r * pair.m22_m12 - (r + dr) * pair.m12_m11)) / det
        of_change = (-w * (1 - w * pair.m11) * (r + dr) - w**2 * pair.m12 * r) / det
        return of_u[..., None] * pair.u[:, None] + (of_change[..., None] * change) @ pair.inverse_columns


class _Pair:
    """u = H^-1 x and u' = H^-1 x' of a block of examples with k changes each, and M = [u, u']^T [x, x']."""

    def __init__(self, u: Tensor, x: Tensor, change: Tensor, inverse_columns: Tensor, columns: list[int]) -> None:
        self.u, self.inverse_columns = u, inverse_columns  # (s, d): u' = u + change @ inverse_columns
        self.m12_m11 = (change * u[:, None, columns]).sum(2)  # m12 - m11
        du = change @ inverse_columns[:, columns]  # u' - u in the attribute's columns
        self.m22_m12 = self.m12_m11 + (change * du).sum(2)  # m22 - m12
        self.m11 = (x * u).sum(1)[:, None]
        self.m12 = self.m11 + self.m12_m11
        self.m22 = self.m12 + self.m22_m12

    def determinant(self, c1: Tensor, c2: Tensor) -> Tensor:
        """det(I + diag(c1, c2) M), (m, k)."""
        return (1 + c1 * self.m11) * (1 + c2 * self.m22) - c1 * c2 * self.m12**2


def _inverse_columns(terms: Glm, columns: list[int]) -> Tensor:
    """Rows of H^-1 of the attribute's columns, (s, d)."""
    rotated = terms.curvature.vectors[columns] / terms.curvature.values
    return rotated @ terms.curvature.vectors.T


class _Logistic:
    def __init__(self, fitted: Fitted, terms: Glm, dataset: Dataset) -> None:
        self.terms, self.y = terms, fitted.targets(dataset.y)
        self.ridge = penalties(fitted.spec, dataset, fitted.intercept, terms.X.device)
        # s(z + d) - s(z) = s(z) s(-z - d) (e^d - 1) keeps its digits where s(z) is small, so z is taken negative: an
        # example that is fitted to many digits moves the parameters by less than rounding of a sum over all others.
        sign = torch.where(terms.z > 0, -1.0, 1.0).to(terms.X)
        self.signed, self.side = terms.X * sign[:, None], -terms.z.abs()
        self.s = torch.sigmoid(self.side)

    def rows(self, k: int) -> int:
        """Examples in a block."""
        return max(1, _PASS[self.terms.X.device.type] // (self.terms.X.shape[0] * max(1, k - 1)))

    def __call__(self, block: slice, change: Tensor, columns: list[int]) -> Tensor:
        """Shifts (m, k, d) for changes (m, k, s)."""
        m, k, s = change.shape
        shift = change.new_zeros(m * k, self.terms.X.shape[1])
        changed = (change != 0).any(2).flatten().nonzero()[:, 0]
        if changed.numel():
            row = (torch.arange(m, device=change.device) + block.start).repeat_interleave(k)[changed]
            shift[changed] = self._solve(_Candidates(self, row, change.reshape(m * k, s)[changed], columns))
        return shift.view(m, k, -1)

    def _solve(self, rows: _Candidates) -> Tensor:
        """Newton with the other rows' Hessian kept, until it converges; a full Newton iteration where it does not."""
        shift = rows.step(-rows.row_gradient(None))
        active = torch.arange(len(shift), device=shift.device)
        before = shift.norm(dim=1)
        for _ in range(_STEPS):
            part = rows.take(active)
            gradient = self.gradient(shift[active]) + part.row_gradient(shift[active])
            step = part.step(-gradient, shift[active])
            shift[active] += step
            size = step.norm(dim=1)
            error = size * (size / before[active].clamp_min(1e-300)).clamp_max(1)
            before[active] = size
            converged = error <= _CLOSE * shift[active].norm(dim=1)  # False where a step was not a number
            active = active[(~converged).nonzero()[:, 0]]
            if not active.numel():
                return shift
        for j in active.tolist():
            shift[j] = self._alone(rows, j)
        return shift

    def gradient(self, shift: Tensor) -> Tensor:
        """Gradient of the objective with no row changed at theta + shift, (m, d), in one pass over the examples.

        At theta it is zero but for rounding, which is left out.
        """
        d = shift @ self.signed.T
        ds = torch.expm1(d).mul_(d.add_(self.side).neg_().sigmoid_()).mul_(self.s)
        return ds.mul_(self.terms.w) @ self.signed + self.ridge * shift

    def _alone(self, rows: _Candidates, j: int) -> Tensor:
        """Full Newton iteration of one candidate, where the other rows' Hessian changes too much to be kept."""
        i = int(rows.row[j])
        X = self.terms.X.clone()
        X[i] = rows.changed[j]
        w, y = self.terms.w, self.y

        def loss(theta: Tensor) -> Tensor:
            return w @ logistic_terms(X @ theta, y)[0] + (self.ridge * theta) @ theta / 2

        def gradient(theta: Tensor) -> Tensor:
            return X.T @ (w * logistic_terms(X @ theta, y)[1]) + self.ridge * theta

        def hessian(theta: Tensor) -> Tensor:
            return penalised(weighted_gram(X, w * logistic_terms(X @ theta, y)[2]), self.ridge)

        scale = float(w @ X.norm(dim=1))
        optimum = minimise(loss, gradient, hessian, self.terms.theta, tolerance=1e-10 * scale)
        require(optimum, "The attacker's model of a candidate")
        return optimum.theta - self.terms.theta


class _Candidates:
    """Candidates of a logistic model: the row removed, the row added, and H^-1 of both."""

    def __init__(self, model: _Logistic, row: Tensor, change: Tensor, columns: list[int]) -> None:
        t = model.terms
        self.model, self.row = model, row
        self.x = t.X[row]
        self.changed = self.x.clone()
        self.changed[:, columns] += change
        self.w, self.y = t.w[row], model.y[row]
        self.u = t.curvature.solve(self.x.T).T
        self.u_changed = self.u + change @ _inverse_columns(t, columns)

    def take(self, rows: Tensor) -> _Candidates:
        """The candidates at some positions."""
        part = object.__new__(_Candidates)
        part.model = self.model
        for name in ("row", "x", "changed", "w", "y", "u", "u_changed"):
            setattr(part, name, getattr(self, name)[rows])
        return part

    def _at(self, x: Tensor, shift: Tensor | None) -> tuple[Tensor, Tensor]:
        """First and second derivative of the loss of rows x at theta + shift, (m,) each."""
        t = self.model.terms
        z = x @ t.theta if shift is None else x @ t.theta + (x * shift).sum(1)
        return logistic_terms(z, self.y)[1:]

    def row_gradient(self, shift: Tensor | None) -> Tensor:
        """Gradient of the added row's loss less that of the removed row's at theta + shift, (m, d)."""
        removed, added = (self._at(x, shift)[0] * self.w for x in (self.x, self.changed))
        return added[:, None] * self.changed - removed[:, None] * self.x

    def step(self, b: Tensor, shift: Tensor | None = None) -> Tensor:
        """(H - w a x x^T + w a' x' x'^T)^-1 b, a' at theta + shift, by the Woodbury identity."""
        c1 = -self.w * self._at(self.x, None)[1]
        c2 = self.w * self._at(self.changed, shift)[1]
        m11, m12 = (self.x * self.u).sum(1), (self.changed * self.u).sum(1)
        m22 = (self.changed * self.u_changed).sum(1)
        v = self.model.terms.curvature.solve(b.T).T
        f1, f2 = (self.u * b).sum(1), (self.u_changed * b).sum(1)
        det = (1 + c1 * m11) * (1 + c2 * m22) - c1 * c2 * m12**2
        g1 = c1 * ((1 + c2 * m22) * f1 - c2 * m12 * f2) / det
        g2 = c2 * ((1 + c1 * m11) * f2 - c1 * m12 * f1) / det
        return v - g1[:, None] * self.u - g2[:, None] * self.u_changed


__all__ = ["attackable", "candidate_shifts"]
