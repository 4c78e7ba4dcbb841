"""The best linear guess of which canaries were in, from a noisy release of the parameters.

Where the optimum moves by a shift of its own for each canary that is in, a release is

    released = base + sum_i b_i D_i + sigma noise,     b_i in {0, 1} fair coins, D (m, p)

and the linear estimate of b of least mean squared error, with prior mean 1/2 and variance 1/4, is

    b^ = 1/2 + D (D^T D + 4 sigma^2 I)^-1 rest = 1/2 + (D D^T + 4 sigma^2 I)^-1 D rest,
    rest = released - base - D^T 1 / 2

Source: Kay, Estimation Theory (1993), Theorem 12.1; docs/maths.md, section 12.
"""

from __future__ import annotations

import numpy as np

from fil_core.errors import BadData
from fil_core.specs.checks import positive


def decode(released: np.ndarray, base: np.ndarray, shifts: np.ndarray, *, sigma: float) -> np.ndarray:
    """Scores of m canaries, larger for one that is rather in.

    With D = U diag(s) V^T, of at most min(m, p) terms: b^ = 1/2 + U diag(s / (s^2 + 4 sigma^2)) V^T rest. At sigma = 0
    it is least squares with the pseudo-inverse: exact where the rows of D are independent; of dependent ones only the
    part of b - 1/2 within the range of D is told, so that two canaries of the same shift get the same score.

    >>> decode(np.array([3.0, 0.0]), np.zeros(2), np.array([[3.0, 0.0], [0.0, 1.0]]), sigma=0.0).round(12).tolist()
    [1.0, 0.0]

    Args:
        released: (..., p) parameters with the noise, of one release or more.
        base: (p,) the optimum without any canary.
        shifts: D (m, p), how far each canary moves it.
        sigma: standard deviation of the noise of each parameter, >= 0.

    Returns:
        b^, (..., m); not confined to [0, 1].

    Raises:
        BadData: shapes that do not go together, or numbers that are not finite.
        BadRequest: sigma < 0.
    """
    positive("sigma", sigma, zero=True)
    released, base, shifts = (np.asarray(each, dtype=np.float64) for each in (released, base, shifts))
    _check(released, base, shifts)
    U, s, Vt = np.linalg.svd(shifts, full_matrices=False)
    told = s > max(shifts.shape) * np.finfo(np.float64).eps * s.max(initial=0.0)  # others are rounding
    gain = np.divide(s, s**2 + 4 * sigma**2, out=np.zeros_like(s), where=told)
    rest = released - base - shifts.sum(0) / 2
    return 0.5 + ((rest @ Vt.T) * gain) @ U.T


def _check(released: np.ndarray, base: np.ndarray, shifts: np.ndarray) -> None:
    if shifts.ndim != 2 or base.shape != shifts.shape[1:] or released.shape[-1:] != base.shape:
        raise BadData(
            "decoder: expected releases (..., p), a base (p,) and shifts (canaries, p); got "
            f"{released.shape}, {base.shape} and {shifts.shape}."
        )
    if not all(np.isfinite(each).all() for each in (released, base, shifts)):
        raise BadData("decoder: expected finite parameters and shifts; got NaN or infinity.")
