"""Attackers who know all training examples but one guess that one from released parameters: what the bound means.

    theta~ = theta* + N(0, sigma^2 I),   guess = argmin_z |theta*(z) - theta~|,

with z the unknown features, and the target of a regression. To first order the guesses scatter around the truth with
the covariance sigma^2 (J^T J)^-1, below which no unbiased attacker comes.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.models import Fitted

_STEPS, _NEWTON = 60, 60
_FAR = 1e4  # times the largest feature, beyond which a search is not followed
_ROUNDING = 1e-12  # of the length of the parameters
_DAMPING = 1e-13  # of the trace of H, so that one that rounding makes singular has a step
_FOUND = 1e-8  # of the gradient, relative to its parts, at an optimum
_HALVINGS = 12
_ENOUGH = 1e-10  # of the misfit
_SINGULAR = 1e-10  # smallest over largest singular value of J


@dataclass(frozen=True, slots=True)
class Guesses:
    """Guesses of one training example.

    Attributes:
        truth: (k,) the unknown: its features, and the target of a regression.
        covariance: (k, k) of the Cramér–Rao bound.
        guesses: (m, k), one for each release; NaN where the search did not come to an end.
        misfit: (m,) distance of the released parameters from those that the guess would give.
    """

    truth: np.ndarray
    covariance: np.ndarray
    guesses: np.ndarray
    misfit: np.ndarray

    def distance(self) -> np.ndarray:
        """Squared Mahalanobis distance of each guess from the truth under the bound, (m,)."""
        away = self.guesses - self.truth
        return np.einsum("mk,mk->m", away, np.linalg.solve(self.covariance, away.T).T)


@dataclass(frozen=True, slots=True)
class _Problem:
    """All examples but one, and what varies in that one.

    Attributes:
        X: (n, p) inputs, y: (n,) targets, w: (n,) weights, ridge: (p,) penalties.
        row: the unknown example. free: (f,) its unknown columns. logistic: else least squares.
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    ridge: np.ndarray
    row: int
    free: np.ndarray
    logistic: bool

    @property
    def k(self) -> int:
        """How many numbers are unknown."""
        return len(self.free) + (not self.logistic)

    @property
    def truth(self) -> np.ndarray:
        """The unknown."""
        x = self.X[self.row, self.free]
        return x if self.logistic else np.append(x, self.y[self.row])

    def inputs(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (m, p) and targets (m,) of the unknown example under guesses (m, k)."""
        x = np.tile(self.X[self.row], (len(z), 1))
        x[:, self.free] = z[:, : len(self.free)]
        return x, np.full(len(z), self.y[self.row]) if self.logistic else z[:, -1]

    def optimum(self, z: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Optima (m, p) with guesses in place of the example, and their Hessians (m, p, p), by Newton's method.

        NaN where it does not come to an end.
        """
        x, y = self.inputs(z)
        theta = np.tile(start, (len(z), 1)) if start.ndim == 1 else start.copy()
        others = np.arange(len(self.X)) != self.row
        X, t, w = self.X[others], self.y[others], self.w[others]
        for _ in range(_NEWTON if self.logistic else 1):
            r, a = self._derivatives(theta @ X.T, t)
            r_own, a_own = self._derivatives((theta * x).sum(1), y)
            own = self.w[self.row]
            gradient = (w * r) @ X + own * r_own[:, None] * x + self.ridge * theta
            H = np.einsum("mn,np,nq->mpq", w * a, X, X, optimize=True) + np.diag(self.ridge)
            H += own * a_own[:, None, None] * x[:, :, None] * x[:, None, :]
            damping = _DAMPING * np.trace(H, axis1=1, axis2=2)
            step = np.linalg.solve(H + damping[:, None, None] * np.eye(H.shape[1]), gradient[:, :, None])[:, :, 0]
            theta = np.nan_to_num(theta - step, nan=0.0, posinf=0.0, neginf=0.0)
            if np.abs(step).max() <= 1e-13 * max(1.0, np.abs(theta).max()):
                break
        scale = (w * np.abs(r)) @ np.abs(X) + own * np.abs(r_own)[:, None] * np.abs(x) + np.abs(self.ridge * theta)
        lost = (np.abs(gradient) > _FOUND * (scale + _FOUND)).any(1) if self.logistic else np.zeros(len(z), dtype=bool)
        theta[lost] = np.nan
        return theta, H

    def _derivatives(self, z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.logistic:
            return z - y, np.ones_like(z)
        s = np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
        return s - y, s * (1 - s)

    def jacobian(self, z: np.ndarray, theta: np.ndarray, H: np.ndarray) -> np.ndarray:
        """d theta* / d z at guesses, (m, p, k)."""
        x, y = self.inputs(z)
        r, a = self._derivatives((theta * x).sum(1), y)
        inner = a[:, None, None] * x[:, :, None] * theta[:, None, :] + r[:, None, None] * np.eye(x.shape[1])
        inner = inner[:, :, self.free]
        if not self.logistic:
            inner = np.concatenate([inner, -x[:, :, None]], 2)
        found: np.ndarray = -self.w[self.row] * np.linalg.solve(H, inner)
        return found


def informed_guesses(
    fitted: Fitted, dataset: Dataset, row: int, *, sigma: float, draws: int, seed: int, known: tuple[int, ...] = ()
) -> Guesses:
    """Guesses of one training example by attackers who know all others, the penalty, and the label of a class.

    Args:
        fitted: a least-squares or logistic optimum on few examples of few features.
        dataset: what it was trained on.
        row: position of the example.
        sigma: standard deviation of the output noise, > 0, in units of theta.
        draws: number of releases.
        seed: of their noise.
        known: columns that the attackers know, such as one that is constant.

    Raises:
        BadData: the released parameters do not determine what is unknown.
        BadRequest: the noise is below rounding.
    """
    problem = _problem(fitted, dataset, row, known)
    truth = problem.truth
    theta, H = problem.optimum(truth[None], fitted.theta.cpu().numpy())
    J = problem.jacobian(truth[None], theta, H)[0]
    singular = np.linalg.svd(J, compute_uv=False)
    if J.shape[0] < problem.k or not singular[-1] > _SINGULAR * singular[0]:
        raise BadData(
            f"example: expected one that {J.shape[0]} released parameters determine; {problem.k} numbers of it are "
            "unknown, and some of them move no parameter. Its bound is infinite."
        )
    if sigma <= _ROUNDING * np.linalg.norm(theta[0]):
        raise BadRequest(f"sigma: expected noise above the rounding of the parameters; got {sigma:g}. Take more.")
    noise = sigma * np.random.default_rng(seed).standard_normal((draws, J.shape[0]))
    search = _nearest if problem.logistic else _exact
    guesses, misfit = search(problem, theta[0] + noise, theta[0])
    return Guesses(truth, sigma**2 * np.linalg.inv(J.T @ J), guesses, misfit)


def _problem(fitted: Fitted, dataset: Dataset, row: int, known: tuple[int, ...]) -> _Problem:
    X = fitted.design(dataset.X).cpu().numpy()
    ridge = np.full(X.shape[1], dataset.n * fitted.spec.penalty)
    if fitted.intercept:
        ridge[-1] = 0.0
    free = np.array([j for j in range(dataset.d) if j not in known])
    y, w = fitted.targets(dataset.y).cpu().numpy(), fitted.weights.cpu().numpy()
    return _Problem(X, y, w, ridge, row, free, fitted.spec.kind == "logistic")


def _exact(problem: _Problem, released: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The guesses of least squares that give the released parameters exactly; NaN where none does.

    At an optimum w r x = v, what the other examples leave of the gradient. A column c that is known, such as the
    constant, tells r = v_c / (w x_c), and r the others and the target.
    """
    others = np.arange(len(problem.X)) != problem.row
    X, y, w = problem.X[others], problem.y[others], problem.w[others]
    v = -((w * (released @ X.T - y)) @ X + problem.ridge * released)
    known = np.setdiff1d(np.arange(problem.X.shape[1]), problem.free)
    c = known[np.abs(problem.X[problem.row, known]).argmax()]
    x, _ = problem.inputs(np.tile(problem.truth, (len(released), 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = v[:, c] / (problem.w[problem.row] * x[:, c])
        x[:, problem.free] = v[:, problem.free] / (problem.w[problem.row] * r)[:, None]
        guesses = np.column_stack([x[:, problem.free], (released * x).sum(1) - r])
    guesses[~np.isfinite(guesses).all(1)] = np.nan
    theta, _ = problem.optimum(np.nan_to_num(guesses), start)
    return guesses, np.linalg.norm(released - theta, axis=1)


def _nearest(problem: _Problem, released: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The guesses whose parameters come nearest to the released ones, by damped Gauss-Newton steps from the truth."""
    z = np.tile(problem.truth, (len(released), 1))
    theta, H = problem.optimum(z, start)
    misfit = np.linalg.norm(released - theta, axis=1)
    settled = np.zeros(len(z), dtype=bool)
    farthest = _FAR * (1 + np.abs(problem.X).max())  # beyond it no feature is told from another
    for _ in range(_STEPS):
        step = np.einsum("mkp,mp->mk", np.linalg.pinv(problem.jacobian(z, theta, H)), released - theta)
        before, size = misfit.copy(), np.ones(len(z))
        left = ~settled & np.isfinite(step).all(1)
        for _ in range(_HALVINGS):
            tried = z + (size * left)[:, None] * np.nan_to_num(step)
            near = (np.abs(tried) <= farthest).all(1)
            theta_tried, H_tried = problem.optimum(np.where(near[:, None], tried, z), theta)
            away = np.linalg.norm(released - theta_tried, axis=1)
            better = left & near & (away <= misfit)  # never of one whose optimum was not found
            z[better], theta[better], H[better] = tried[better], theta_tried[better], H_tried[better]
            misfit[better] = away[better]
            left &= ~better
            size[left] /= 2
            if not left.any():
                break
        settled |= before - misfit <= _ENOUGH * (_ENOUGH + misfit)
        if settled.all():
            break
    z[~settled] = np.nan
    return z, misfit
