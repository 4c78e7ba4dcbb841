"""Slow, literal oracles: every matrix formed, every model refitted, nothing shared with the library.

A `Reference` is one training problem in the model's own coding of the targets T: reals or -1/+1 (n,) for least
squares, 0/1 (n,) for logistic, one-hot (n, C) for softmax. Parameters are flat, class-major for softmax. The softmax
loss is `logsumexp(z) - T_i . z`, whose derivative in the label is that of docs/maths.md, section 1.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.special import expit, softmax
from scipy.stats import norm


@dataclass(frozen=True)
class Reference:
    kind: str
    X: np.ndarray
    T: np.ndarray
    w: np.ndarray
    ridge: float

    @property
    def parameters(self) -> int:
        return self.X.shape[1] * (self.T.shape[1] if self.T.ndim == 2 else 1)

    # --- the objective, example by example -------------------------------------------------------------------------

    def example_gradient(self, theta: np.ndarray, i: int) -> np.ndarray:
        """Gradient of example i's loss in theta, not weighted."""
        x, t = self.X[i], self.T[i]
        if self.kind == "softmax":
            return np.kron(softmax(theta.reshape(-1, len(x)) @ x) - t, x)
        z = theta @ x
        return ((z if self.kind == "least-squares" else expit(z)) - t) * x

    def example_hessian(self, theta: np.ndarray, i: int) -> np.ndarray:
        x = self.X[i]
        if self.kind == "softmax":
            p = softmax(theta.reshape(-1, len(x)) @ x)
            return np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x))
        s = expit(theta @ x)
        return (1.0 if self.kind == "least-squares" else s * (1 - s)) * np.outer(x, x)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        Z = self.X @ theta.reshape(-1, self.X.shape[1]).T
        predict = {"least-squares": lambda z: z, "logistic": expit, "softmax": lambda z: softmax(z, axis=1)}
        residuals = predict[self.kind](Z) - self.T.reshape(Z.shape)
        return ((self.w[:, None] * residuals).T @ self.X).ravel() + self.ridge * theta

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """Sum over examples of w_i times (C x C) (x) x x^T, as one contraction."""
        Z = self.X @ theta.reshape(-1, self.X.shape[1]).T
        p = softmax(Z, axis=1) if self.kind == "softmax" else expit(Z)
        S = {
            "least-squares": lambda: np.ones((*Z.shape, 1)),
            "logistic": lambda: (p * (1 - p))[:, :, None],
            "softmax": lambda: np.einsum("nc,ce->nce", p, np.eye(p.shape[1])) - np.einsum("nc,ne->nce", p, p),
        }[self.kind]()
        H = np.einsum("nce,nk,nl->ckel", self.w[:, None, None] * S, self.X, self.X, optimize=True)
        return H.reshape(self.parameters, -1) + self.ridge * np.eye(self.parameters)

    # --- training ---------------------------------------------------------------------------------------------------

    @cached_property
    def theta(self) -> np.ndarray:
        """The optimum by Newton's method from 0, halving steps that do not shrink the gradient; to rounding."""
        return self.optimum_from(np.zeros(self.parameters))

    def optimum_from(self, theta: np.ndarray) -> np.ndarray:
        g = self.gradient(theta)
        for _ in range(200):
            step, size = np.linalg.solve(self.hessian(theta), g), 1.0
            while np.linalg.norm(self.gradient(theta - size * step)) >= np.linalg.norm(g):
                size /= 2
                if size < 1e-4:  # no step shrinks the gradient further: rounding
                    return theta
            theta = theta - size * step
            g = self.gradient(theta)
        raise AssertionError("the reference did not converge")

    # --- the Jacobian of the optimum with respect to one example -----------------------------------------------------

    def jacobian(self, i: int) -> np.ndarray:
        """By the formula of docs/maths.md, section 1, dense: features first, the label's column(s) last."""
        x, t = self.X[i], self.T[i]
        d, inverse = len(x), np.linalg.inv(self.hessian(self.theta))
        if self.kind == "softmax":
            Theta = self.theta.reshape(-1, d)
            p = softmax(Theta @ x)
            dx = np.kron((p - t)[:, None], np.eye(d)) + np.kron((np.diag(p) - np.outer(p, p)) @ Theta, x[:, None])
            return -self.w[i] * inverse @ np.hstack([dx, -np.kron(class_steps(len(p)), x[:, None])])
        z = self.theta @ x
        r, a = (z - t, 1.0) if self.kind == "least-squares" else (expit(z) - t, expit(z) * (1 - expit(z)))
        u = inverse @ x
        return -self.w[i] * np.hstack([r * inverse + a * np.outer(u, self.theta), -u[:, None]])

    def jacobian_autograd(self, i: int) -> np.ndarray:
        """By the implicit function theorem, every derivative taken by torch from the loss itself."""
        X, T, w = (torch.from_numpy(v) for v in (self.X, self.T.reshape(len(self.X), -1), self.w))
        k = T.shape[1]

        def loss(theta, x, t):
            z = theta.view(k, -1) @ x
            if self.kind == "least-squares":
                return ((z - t) ** 2).sum() / 2
            if self.kind == "logistic":
                return torch.log1p(torch.exp(z)).sum() - t @ z
            return torch.logsumexp(z, 0) - t @ z

        def objective(theta):
            return w @ torch.func.vmap(loss, (None, 0, 0))(theta, X, T) + self.ridge / 2 * theta @ theta

        def pull(x, t):  # example i's share of the stationarity condition
            return torch.func.grad(lambda theta: w[i] * loss(theta, x, t))(theta)

        theta = torch.from_numpy(self.theta)
        H = torch.func.hessian(objective)(theta)
        mixed = list(torch.func.jacrev(pull, argnums=(0, 1))(X[i], T[i]))
        if self.kind == "softmax":
            mixed[1] = mixed[1] @ torch.from_numpy(class_steps(k))
        return -torch.linalg.solve(H, torch.cat(mixed, 1)).numpy()

    def jacobian_by_refitting(self, i: int, step: float = 1e-5) -> np.ndarray:
        """Central differences of the retrained optimum in every feature and label entry of example i."""
        columns = [self._moved_optimum(i, j, step) - self._moved_optimum(i, j, -step) for j in range(self._entries())]
        return np.stack(columns, 1) / (2 * step)

    def _entries(self) -> int:
        return self.X.shape[1] + (self.T.shape[1] - 1 if self.T.ndim == 2 else 1)

    def _moved_optimum(self, i: int, j: int, by: float) -> np.ndarray:
        X, T = self.X.copy(), self.T.copy()
        if j < X.shape[1]:
            X[i, j] += by
        elif T.ndim == 2:
            T[i] += by * class_steps(T.shape[1])[:, j - X.shape[1]]
        else:
            T[i] += by
        return dataclasses.replace(self, X=X, T=T).optimum_from(self.theta)

    def feature_jacobian(self, i: int) -> np.ndarray:
        """J_x: the columns of the features alone."""
        return self.jacobian(i)[:, : self.X.shape[1]]

    # --- another value in one place ---------------------------------------------------------------------------------

    def with_row(self, i: int, x: np.ndarray) -> Reference:
        """The problem with other features for example i."""
        X = self.X.copy()
        X[i] = x
        return dataclasses.replace(self, X=X)

    def candidate(self, i: int, columns: list[int], value: np.ndarray) -> np.ndarray:
        """theta of training anew with other values in some columns of example i."""
        x = self.X[i].copy()
        x[columns] = value
        return self.with_row(i, x).optimum_from(self.theta)

    def optima_with_row(self, i: int, xs: np.ndarray) -> np.ndarray:
        """`with_row(i, x).theta` for each x of (m, d), plain Newton from theta on all at once; one score only."""
        others, (m, d) = self.without(i), xs.shape
        thetas = np.tile(self.theta, (m, 1))
        predict = expit if self.kind == "logistic" else lambda z: z
        slope = (lambda p: p * (1 - p)) if self.kind == "logistic" else np.ones_like
        for _ in range(60):
            p, own = predict(thetas @ others.X.T), predict((thetas * xs).sum(1))
            gradients = (others.w * (p - others.T)) @ others.X + self.ridge * thetas
            gradients += (self.w[i] * (own - self.T[i]))[:, None] * xs
            H = np.einsum("mj,jk,jl->mkl", others.w * slope(p), others.X, others.X, optimize=True)
            H += self.ridge * np.eye(d) + np.einsum("m,mk,ml->mkl", self.w[i] * slope(own), xs, xs)
            step = np.linalg.solve(H, gradients[:, :, None])[:, :, 0]
            thetas = thetas - step
            if np.abs(step).max() < 1e-12:
                return thetas
        raise AssertionError("the reference did not converge")

    # --- leaving one out --------------------------------------------------------------------------------------------

    def without(self, i: int) -> Reference:
        """The problem without example i, its penalty unchanged."""
        return dataclasses.replace(
            self, X=np.delete(self.X, i, 0), T=np.delete(self.T, i, 0), w=np.delete(self.w, i)
        )  # fmt: skip

    def leave_one_out_shift(self, i: int) -> float:
        """|theta_{-i} - theta| by training again."""
        return float(np.linalg.norm(self.without(i).theta - self.theta))

    def leverage(self, i: int) -> float:
        """Trace of H^-1 times example i's share of H."""
        return float(
            np.trace(np.linalg.inv(self.hessian(self.theta)) @ (self.w[i] * self.example_hessian(self.theta, i)))
        )


# --- reweighting ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    weights: np.ndarray
    theta: np.ndarray
    eta: np.ndarray


def reweighted(
    problem: Reference, labels: np.ndarray, method: str, iterations: int, *, columns: list[int] | None = None,
    least: float = 0.0, most: float = np.inf,
) -> list[Round]:  # fmt: skip
    """Maths.md section 5 line by line, every model trained from 0: round 0 at the problem's own weights, and the rest.

    `columns` are those of the features that eta is taken of; None for all of them and the label.
    """
    n = len(problem.X)

    def measured(p: Reference) -> Round:
        etas = [spectral_norm(p.jacobian(i) if columns is None else p.jacobian(i)[:, columns]) for i in range(n)]
        return Round(p.w, p.theta, np.array(etas))

    rounds = [measured(problem)]
    omega = 1 / rounds[0].eta
    for _ in range(iterations):
        omega = omega * n / sum(omega)
        omega = np.array([min(max(value, least), most) for value in omega])
        omega = omega * n / sum(omega)
        w = np.empty(n)
        for i in range(n):
            alike = [omega[j] for j in range(n) if labels[j] == labels[i]]
            mean = sum(alike) / len(alike)
            w[i] = {"sample": omega[i], "class": mean, "hybrid": mean * omega[i]}[method]
        rounds.append(measured(dataclasses.replace(problem, w=w)))
        omega = omega / rounds[-1].eta
    return rounds


# --- attacks ----------------------------------------------------------------------------------------------------------


def nearest_candidate(released: np.ndarray, candidates: np.ndarray, bonus: np.ndarray) -> int:
    """The value v whose |released - candidates[v]|^2 - bonus[v] is least; the first of several."""
    best, found = np.inf, -1
    for v in range(len(candidates)):
        distance = float(((released - candidates[v]) ** 2).sum() - bonus[v])
        if distance < best:
            best, found = distance, v
    return found


def fredrikson14(
    kind: str, theta: np.ndarray, X: np.ndarray, T: np.ndarray, columns: list[int], values: np.ndarray,
    prior: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """What the black box guesses for each example, (n,): likeliest label under each value, times the prior.

    Least squares: a normal density with the residuals' own standard deviation (n - 1). Classes: the share of a label
    among the examples for which a class is predicted, with one more example in every cell.
    """

    def predict(x: np.ndarray) -> int:
        return int(np.argmax(theta.reshape(-1, len(x)) @ x)) if kind == "softmax" else int(theta @ x > 0)

    if kind == "least-squares":
        spread = np.std([float(theta @ X[i] - T[i]) for i in range(len(X))], ddof=1)
    else:
        labels = [int(np.argmax(t)) if kind == "softmax" else int(t > 0) for t in T]
        counts = np.ones((T.shape[1] if kind == "softmax" else 2,) * 2)
        for i in range(len(X)):
            counts[labels[i], predict(X[i])] += 1
    guesses = []
    for i in range(len(X)):
        posterior = []
        for v in range(len(values)):
            x = X[i].copy()
            x[columns] = values[v]
            if kind == "least-squares":
                posterior.append(norm.logpdf(T[i], theta @ x, spread) + np.log(prior[v]))
            else:
                predicted = predict(x)
                share = counts[labels[i], predicted] / counts[:, predicted].sum()
                posterior.append(np.log(share * prior[v]))
        guesses.append(int(np.argmax(posterior)))
    return np.array(guesses)


@dataclass(frozen=True)
class Sampled:
    """A posterior by importance sampling: examples from the prior, each trained on, weighted by the release."""

    mean: np.ndarray
    spread: float
    effective: float

    @classmethod
    def of(cls, xs: np.ndarray, thetas: np.ndarray, released: np.ndarray, sigma: float) -> Sampled:
        log_weight = -((thetas - released) ** 2).sum(1) / (2 * sigma**2)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        mean = weight @ xs
        return cls(mean, float(np.sqrt(weight @ ((xs - mean) ** 2).sum(1))), float(1 / (weight**2).sum()))


def prior_of_others(problem: Reference, i: int, alike: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of the other examples alike, and their variances (d,) along the eigenvectors Q of the others' Hessian."""
    alike = alike.copy()
    alike[i] = False
    rest = problem.hessian(problem.theta) - problem.w[i] * problem.example_hessian(problem.theta, i)
    Q = np.linalg.eigh(rest)[1]
    far = (problem.X[alike] - problem.X[alike].mean(0)) @ Q
    return problem.X[alike].mean(0), (far**2).mean(0), Q


def class_steps(k: int) -> np.ndarray:
    """Directions in which a label of k classes can move, (k, k-1), by Gram and Schmidt; see docs/maths.md, section 1.

    They sum to zero and are orthogonal, and a step from one class to another has length 1 in their coordinates.
    """
    directions: list[np.ndarray] = []
    for c in range(1, k):
        v = np.eye(k)[c] - np.eye(k)[0]
        for u in directions:
            v = v - (u @ v) / (u @ u) * u
        directions.append(v / np.sqrt(v @ v / 2))
    return np.stack(directions, 1)


def spectral_norm(J: np.ndarray) -> float:
    """Largest singular value; from J and not from J^T J, whose eigenvalues have half the digits."""
    return float(np.linalg.svd(J, compute_uv=False)[0])
