"""Candidate parameters: the optimum with one example's attribute set to a value, n x k of them, none retrained.

For example i and value v the row x_i is removed and x' = x_i with that value is added. Least squares: a change of rank
two of (H, X^T W y), so with u = H^-1 x, u' = H^-1 x', c = (w r, -w r'), C = diag(-w, w), M = [u, u']^T [x, x']

    theta_iv - theta = [u, u'] (I + C M)^-1 c,     r = theta^T x - y,  r' = theta^T x' - y,

and u' - u is a combination of the same few columns of H^-1 for all examples: O(k d) per example after X H^-1. Other
models: by Newton's method, see `candidates_newton`.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 6 retrain each candidate; docs/maths.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fil_core.attacks.attribute import Attribute
from fil_core.attacks.candidates_logistic import LogisticCandidates, inverse_columns
from fil_core.attacks.candidates_softmax import SoftmaxCandidates
from fil_core.dataset import Dataset
from fil_core.errors import SingularCurvature
from fil_core.models import Fitted, Glm, Softmax
from fil_core.progress import Progress

_BLOCK = {"cpu": 2**21, "cuda": 2**26}  # values of one block of shifts
_SINGULAR = 1e-12  # of its size with nothing removed: a determinant below it is rounding


def candidate_shifts(
    fitted: Fitted, dataset: Dataset, attribute: Attribute, *, rows: int | None = None, progress: Progress | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Shifts theta_iv - theta of all candidates, a block of examples at a time.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: its n training examples, features (n, d).
        attribute: an attribute of k values.
        rows: examples in a block, >= 1; None for as many as keep the memory bounded.
        progress: called with (examples done, n, text).

    Yields:
        A block of positions, and shifts (m, k, D) in the coordinates of the family (see `models.terms.Model`), in which
        lengths are those of theta; exactly 0 for the true value of an example (unless binned).

    Raises:
        SingularCurvature: without an example the parameters are not determined (l2 = 0).
    """
    terms = fitted.terms(dataset)
    n = len(terms.X)
    make = _candidates(fitted, terms, dataset)
    size = rows or make.rows(attribute.k)
    for start in range(0, n, size):
        if progress:
            progress(start, n, "candidates of every example")
        block = slice(start, min(start + size, n))
        yield block, make(block, _changes(terms, attribute, block), list(attribute.columns))


def _candidates(
    fitted: Fitted, terms: Glm | Softmax, dataset: Dataset
) -> _LeastSquares | LogisticCandidates | SoftmaxCandidates:
    if isinstance(terms, Softmax):
        return SoftmaxCandidates(fitted, terms, dataset)
    if fitted.spec.family.exact_leave_one_out:
        return _LeastSquares(terms)
    return LogisticCandidates(fitted, terms, dataset)


def _changes(terms: Glm | Softmax, attribute: Attribute, block: slice) -> Tensor:
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
        pair = _Pair(t.curvature.solve(x.T).T, x, change, inverse_columns(t, columns), columns)
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
