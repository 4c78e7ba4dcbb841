"""A Gaussian process refitted without some records from its definition, in forty digits; slow."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np

DIGITS = 40


@dataclass
class Outputs:
    """Outputs at m queries: mean (m, C), and the covariance (m, m) of each of the C."""

    mean: mpmath.matrix
    covariance: mpmath.matrix


class Refit:
    """A process trained on some records.

    Args:
        K: (N, N) kernel of records and queries.
        Y: (n, C) targets of the first n.
        noise: variance of the labels' noise.
        rows: numbers of the training records.
    """

    def __init__(self, K, Y, noise, rows):
        self.K, self.rows = K, list(rows)
        with mpmath.workdps(DIGITS):
            trained = mpmath.matrix(K[np.ix_(self.rows, self.rows)].tolist())
            self.inverse = (trained + mpmath.mpf(noise) * mpmath.eye(len(self.rows))) ** -1
            self.weights = self.inverse * mpmath.matrix(Y[self.rows].tolist())

    def at(self, rows):
        """Outputs at some rows of K."""
        rows = list(rows)
        with mpmath.workdps(DIGITS):
            cross = mpmath.matrix(self.K[np.ix_(rows, self.rows)].tolist())
            prior = mpmath.matrix(self.K[np.ix_(rows, rows)].tolist())
            return Outputs(cross * self.weights, prior - cross * self.inverse * cross.T)


def distance(one, other):
    """Squared distance of the means in units of the second's covariance, summed over outputs."""
    with mpmath.workdps(DIGITS):
        apart = one.mean - other.mean
        whole = apart.T * other.covariance**-1 * apart
        return mpmath.fsum(whole[c, c] for c in range(whole.rows))


def kl(one, other):
    """KL(one || other), summed over outputs."""
    with mpmath.workdps(DIGITS):
        m = one.covariance.rows
        ratio = other.covariance**-1 * one.covariance
        trace = mpmath.fsum(ratio[k, k] for k in range(m))
        return (one.mean.cols * (trace - m - mpmath.log(mpmath.det(ratio))) + distance(one, other)) / 2


def array(matrix):
    """A matrix in double precision."""
    return np.array(matrix.tolist(), dtype=float)
