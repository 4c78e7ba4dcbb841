"""Linear models of one score z = theta^T x: the losses, their derivatives, and the two fits."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fil_core.errors import NotConverged
from fil_core.linalg import Curvature, weighted_gram
from fil_core.models.newton import Optimum, minimise, require
from fil_core.models.terms import Glm, Model

RELATIVE_TOLERANCE = 1e-10  # of the sum of gradient norms at theta = 0; Newton's last step reaches 1e-14

# Largest change of a score in Newton's next step: about 1e-8 at an optimum, and about 1 where parameters diverge.
_LARGEST_STEP = 1e-3


def least_squares_terms(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss (z-y)^2 / 2 and its first and second derivative in z, each (n,).

    >>> z, y = torch.tensor([3.0]), torch.tensor([1.0])
    >>> [float(term) for term in least_squares_terms(z, y)]
    [2.0, 2.0, 1.0]
    """
    r = z - y
    return r * r / 2, r, torch.ones_like(r)


def logistic_terms(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss log(1 + e^z) - y z, y in {0, 1}, and its first and second derivative in z, each (n,).

    At z = 0 they are log 2, 1/2 - y and 1/4:

    >>> z, y = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    >>> [round(float(term), 6) for term in logistic_terms(z, y)]
    [0.693147, -0.5, 0.25]

    Far on the right side the residual of y = 1 is -e^-z, all digits of it:

    >>> z = torch.full((1,), 40.0, dtype=torch.float64)
    >>> float(logistic_terms(z, y)[1] / torch.exp(-z))
    -1.0
    """
    # With t = z for y = 0 and t = -z for y = 1 the loss is log(1 + e^t) and r = s(t) or -s(t): nothing cancels, where
    # s(z) - 1 would. Torch's softplus is linear above 20, which is a jump of 2e-9.
    sign = 1 - 2 * y
    t = sign * z
    s = torch.sigmoid(t)
    return torch.logaddexp(t, torch.zeros_like(t)), sign * s, s * torch.sigmoid(-t)


def penalised(H: Tensor, ridge: float | Tensor) -> Tensor:
    """H + ridge I, in place; ridge is one number, or one for each entry of the diagonal.

    >>> penalised(torch.ones(2, 2), 0.5).tolist()
    [[1.5, 1.0], [1.0, 1.5]]
    """
    H.diagonal().add_(ridge)
    return H


def fit_least_squares(
    X: Tensor,
    y: Tensor,
    w: Tensor | None,
    ridge: float | Tensor,
    progress: Callable | None = None,
    start: Tensor | None = None,
) -> tuple[Optimum, Curvature]:
    """Minimise sum_i w_i (theta^T x_i - y_i)^2 / 2 + ridge / 2 |theta|^2 in closed form.

    Args:
        X: (n, d).
        y: (n,).
        w: (n,), >= 0; None for ones.
        ridge: n * l2, >= 0, or one penalty for each of the d entries.
        progress: called with (0, None, what).
        start: ignored, since the solution is in closed form.

    Returns:
        theta (d,) and the factorised H = X^T W X + ridge I.

    Raises:
        SingularCurvature: ridge = 0 and the columns of X are dependent.
    """
    if progress:
        progress(0, None, "training: factorising the curvature")
    return solve_normal_equations(penalised(weighted_gram(X, w), ridge), X.T @ (y if w is None else w * y))


def solve_normal_equations(H: Tensor, b: Tensor) -> tuple[Optimum, Curvature]:
    """Theta with H theta = b, and H factorised.

    >>> H, b = torch.diag(torch.tensor([2.0, 4.0], dtype=torch.float64)), torch.ones(2, dtype=torch.float64)
    >>> solve_normal_equations(H, b)[0].theta.tolist()
    [0.5, 0.25]

    Args:
        H: (d, d), positive definite.
        b: (d,).

    Raises:
        SingularCurvature: H has no inverse in float64.
        NotConverged: H is so ill-conditioned that the solution leaves a large residual.
    """
    curvature = Curvature.factor(H)
    theta = curvature.solve(b)
    theta = theta - curvature.solve(H @ theta - b)  # one refinement recovers digits lost to a large condition number
    scale = float(H.norm()) * float(theta.norm()) + float(b.norm())
    optimum = Optimum(theta, float((H @ theta - b).norm()), RELATIVE_TOLERANCE * max(scale, 1e-300), 1)
    require(optimum, "Least squares")
    return optimum, curvature


def fit_logistic(
    X: Tensor,
    y: Tensor,
    w: Tensor | None,
    ridge: float | Tensor,
    progress: Callable | None = None,
    start: Tensor | None = None,
) -> tuple[Optimum, Curvature]:
    """Minimise sum_i w_i [log(1 + e^z_i) - y_i z_i] + ridge / 2 |theta|^2 by Newton's method.

    Args:
        X: (n, d).
        y: (n,), in {0, 1}.
        w: (n,), >= 0; None for ones.
        ridge: n * l2, >= 0, or one penalty for each of the d entries.
        progress: called with (step, None, what).
        start: (d,) starting point; None for zeros.

    Returns:
        theta (d,) and the factorised Hessian there.

    Raises:
        NotConverged: ridge = 0 and the classes, or a part of them, are separable, so that no optimum exists.
        SingularCurvature: ridge = 0 and the columns of X are dependent.
    """
    weights = torch.ones_like(y) if w is None else w
    free = not bool(torch.as_tensor(ridge).any())

    def loss(theta: Tensor) -> Tensor:
        return weights @ logistic_terms(X @ theta, y)[0] + (ridge * theta) @ theta / 2

    def gradient(theta: Tensor) -> Tensor:
        z = X @ theta
        if free and bool(((2 * y - 1) * z > 0).all()):
            raise NotConverged(
                "The two classes are linearly separable, so at l2 = 0 the parameters grow without end; expected l2 > 0."
            )
        return X.T @ (weights * logistic_terms(z, y)[1]) + ridge * theta

    def hessian(theta: Tensor) -> Tensor:
        return penalised(weighted_gram(X, weights * logistic_terms(X @ theta, y)[2]), ridge)

    zero = X.new_zeros(X.shape[1])
    scale = float(weights @ (logistic_terms(X @ zero, y)[1].abs() * X.norm(dim=1)))
    optimum = minimise(
        loss, gradient, hessian, zero if start is None else start, tolerance=RELATIVE_TOLERANCE * max(scale, 1e-300),
        progress=progress,
    )  # fmt: skip
    require(optimum, "Logistic regression")
    curvature = Curvature.factor(hessian(optimum.theta))
    if free and float((X @ curvature.solve(gradient(optimum.theta))).abs().max()) > _LARGEST_STEP:
        raise NotConverged(
            "The classes of some examples can be separated linearly, so at l2 = 0 parameters grow without end although "
            "the gradient vanishes; expected l2 > 0."
        )
    return optimum, curvature


def _terms_in(of_scores: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]) -> Callable[..., Glm]:
    def terms(
        X: Tensor, w: Tensor, theta: Tensor, y: Tensor, z: Tensor, curvature: Curvature, intercept: bool = False
    ) -> Glm:
        return Glm(X, w, theta, z, *of_scores(z, y), curvature, intercept)

    return terms


def _derivatives_in(
    of_scores: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]],
) -> Callable[..., tuple[Tensor, Tensor]]:
    def derivatives(X: Tensor, y: Tensor, theta: Tensor, w: Tensor, ridge: float | Tensor) -> tuple[Tensor, Tensor]:
        _, r, a = of_scores(X @ theta, y)
        return X.T @ (w * r) + ridge * theta, penalised(weighted_gram(X, w * a), ridge)

    return derivatives


def _sign(z: Tensor, classes: int) -> Tensor:
    return (z > 0).long() if classes else z


LEAST_SQUARES = Model(
    fit=fit_least_squares,
    minimum=lambda *asked: fit_least_squares(*asked)[0],
    code=lambda y, classes: 2 * y - 1 if classes else y,
    terms=_terms_in(least_squares_terms),
    predict=_sign,
    derivatives=_derivatives_in(least_squares_terms),
    shape=lambda classes, d: (d,),
    coordinates=lambda theta: theta,
)
LOGISTIC = Model(
    fit=fit_logistic,
    minimum=lambda *asked: fit_logistic(*asked)[0],
    code=lambda y, classes: y,
    terms=_terms_in(logistic_terms),
    predict=_sign,
    derivatives=_derivatives_in(logistic_terms),
    shape=lambda classes, d: (d,),
    coordinates=lambda theta: theta,
)
