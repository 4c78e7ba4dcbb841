"""Leakage of a picture through a frozen network: the Jacobian of the head's optimum, pulled back to the pixels.

A network turns a picture x into features phi(x), and a linear model is trained on those alone. With J_phi the Jacobian
of its optimum in the features of one example (no label) and phi'(x) the network's own, the chain rule gives

    eta = |J_phi phi'(x)|_2 / sigma,

the root of the largest eigenvalue of phi'^T M phi', M = J_phi^T J_phi. Neither the (f, d0) matrix phi' nor the square
one is formed: products with phi' and with its transpose are passes through the network.

Source: the chain rule; docs/maths.md, section 14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fil_core.leakage.fil import Jacobians, jacobians, width
from fil_core.linalg.lanczos import leading_pairs, small_residuals
from fil_core.models import Glm, Softmax
from fil_core.progress import Progress
from fil_core.specs.checks import positive

Features = Callable[[Tensor], Tensor]
"""Pixels (m, d0) to preprocessed features (m, f), row by row, differentiable."""

RTOL = 1e-9  # of eta^2
FEW = 32  # features: up to here a pass back for each of them takes less time than Lanczos's method
_VALUES = {"cpu": 2**24, "cuda": 2**28}  # float64 values of a block's graph and vectors: 128 MB, and 2 GB on a GPU
_STEPS = 40  # vectors that Lanczos's method usually keeps
_SEED = 0  # of the part of the start that is drawn


class Pulled(NamedTuple):
    """Leakage through the network.

    Attributes:
        eta: (n,), in 1 / pixel intensity.
        residual: the largest residual of an eigenvalue eta^2, relative to it.
    """

    eta: Tensor
    residual: float


class PixelLeakage(NamedTuple):
    """What one picture gives away, and where.

    Attributes:
        eta: of the whole picture.
        pixels: (d0,) eta of each pixel alone: |J_phi phi'_j| / sigma.
        direction: (d0,) of length 1: the change of the picture that moves theta most; its largest entry is positive.
            Zeros where nothing leaks.
    """

    eta: float
    pixels: Tensor
    direction: Tensor


class Linearised:
    """A map of rows, to first order around some of them.

    The second product is a pass back through the first, in which the first's vector is the variable: both go through
    the values that one pass forward has left.
    """

    def __init__(self, features: Features, pixels: Tensor) -> None:
        """Around pixels (m, d0)."""
        self._x = pixels.detach().requires_grad_()
        with torch.enable_grad():
            self._y = features(self._x)
            self._u = torch.zeros_like(self._y, requires_grad=True)
            self._g = self.transposed(self._u, create_graph=True)

    def transposed(self, g: Tensor, *, create_graph: bool = False) -> Tensor:
        """phi'^T g, (m, f) to (m, d0)."""
        return torch.autograd.grad(self._y, self._x, g, retain_graph=True, create_graph=create_graph)[0]

    def times(self, v: Tensor) -> Tensor:
        """phi' v, (m, d0) to (m, f)."""
        return torch.autograd.grad(self._g, self._u, v, retain_graph=True)[0]


def eta_pixels(
    terms: Glm | Softmax,
    features: Features,
    pixels: np.ndarray | Tensor,
    *,
    sigma: float = 1.0,
    progress: Progress | None = None,
) -> Pulled:
    """Fisher information loss of each training picture through the features of a frozen network, without the label.

    eta_i = |J_phi,i phi'(x_i)|_2 / sigma, in 1 / pixel intensity where pixels are 0 to 1.

    Args:
        terms: of the head at its optimum, n examples of f features.
        features: pixels to these very features, preprocessing included.
        pixels: (n, d0) the pictures, in the units in which `features` takes them.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        progress: called with (pictures done, n, text).

    Returns:
        Scales as 1/sigma; 0 for an example of weight 0, or where the network is constant.

    Raises:
        BadRequest: sigma <= 0.

    Source: docs/maths.md, section 14.
    """
    positive("sigma", sigma)
    n, norms = len(pixels), _dense if terms.features <= FEW else _by_lanczos
    found: list[tuple[Tensor, Tensor]] = []
    for rows in _row_blocks(terms, features, pixels):
        if progress:
            progress(rows.start, n, "through the network")
        found.append(norms(jacobians(terms, rows), Linearised(features, _rows(pixels, rows, terms.X))))
    squares, residuals = (torch.cat(parts) for parts in zip(*found, strict=True))
    relative = torch.where(squares > 0, residuals / squares, 0.0)
    return Pulled(squares.clamp_min(0).sqrt() / sigma, float(relative.max()))


def pixel_leakage(
    terms: Glm | Softmax, features: Features, pixels: np.ndarray | Tensor, row: int, *, sigma: float = 1.0
) -> PixelLeakage:
    """Which pixels of one training picture leak through the network, and in which direction.

    Args:
        terms: as for `eta_pixels`.
        features: as for `eta_pixels`.
        pixels: as for `eta_pixels`.
        row: position of the picture.
        sigma: as for `eta_pixels`.

    Raises:
        BadRequest: sigma <= 0.
    """
    positive("sigma", sigma)
    J, one = jacobians(terms, slice(row, row + 1)), _rows(pixels, slice(row, row + 1), terms.X)
    squares = torch.zeros_like(one[0])
    per_row = 3 * _graph(features, one)
    for R in J.feature_factor()[0].split(max(1, _VALUES[one.device.type] // per_row)):
        squares += Linearised(features, one.expand(len(R), -1)).transposed(R).square().sum(0)
    found = leading_pairs(*_operator(J, Linearised(features, one)), enough=small_residuals(RTOL), most=_rank(J, one))
    v = found.vectors[0]
    direction = v * torch.sign(v[v.abs().argmax()])
    return PixelLeakage(float(found.values[0].clamp_min(0).sqrt()) / sigma, squares.sqrt() / sigma, direction)


def _by_lanczos(J: Jacobians, through: Linearised) -> tuple[Tensor, Tensor]:
    """eta^2 of a block and its residuals, (m,) each, by Lanczos's method."""
    operator, start = _operator(J, through)
    found = leading_pairs(operator, start, enough=small_residuals(RTOL), most=_rank(J, start))
    return found.values, found.residuals


def _operator(J: Jacobians, through: Linearised) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """phi'^T M phi' by its products, and where to start: what moves the head most, and a part along everything else."""
    best = J.directions()
    drawn = torch.randn(best.shape, generator=torch.Generator().manual_seed(_SEED), dtype=best.dtype).to(best)
    start = through.transposed(best + drawn * (0.1 / best.shape[1] ** 0.5))
    return lambda v: through.transposed(J.feature_products(through.times(v))), start


def _dense(J: Jacobians, through: Linearised) -> tuple[Tensor, Tensor]:
    """eta^2 of a block by a pass back for each row of a factor of M; residuals of rounding are not told."""
    A = torch.stack([through.transposed(row) for row in J.feature_factor().unbind(1)], 1)
    squares = torch.linalg.eigvalsh(A @ A.mT)[:, -1]
    return squares, torch.zeros_like(squares)


def _rank(J: Jacobians, pixels: Tensor) -> int:
    """Products after which the Krylov space is whole."""
    return min(J.f, pixels.shape[1]) + 1


def _rows(pixels: np.ndarray | Tensor, rows: slice, like: Tensor) -> Tensor:
    return torch.as_tensor(pixels[rows]).to(like)


def _graph(features: Features, pixels: Tensor) -> int:
    """Float64 values that a pass through the network keeps for each row."""
    one, two = (_kept(features, pixels[:1].expand(rows, -1)) for rows in (1, 2))
    return max(1, two - one)  # what one row more keeps: not the weights


def _kept(features: Features, pixels: Tensor) -> int:
    """Values that a pass keeps for the way back."""
    sizes: list[int] = []

    def counted(tensor: Tensor) -> Tensor:
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(counted, lambda kept: kept):
        features(pixels.detach().requires_grad_())
    return sum(sizes)


def _row_blocks(terms: Glm | Softmax, features: Features, pixels: np.ndarray | Tensor) -> Iterator[slice]:
    """Blocks of rows whose graph, vectors and Jacobians take bounded memory."""
    one = _rows(pixels, slice(0, 1), terms.X)
    d0, f = one.shape[1], terms.features
    vectors = (f + 1) * (d0 + f) if f <= FEW else _STEPS * d0
    per_row = 3 * _graph(features, one) + vectors + width(terms)
    most = max(1, _VALUES[one.device.type] // per_row)
    for start in range(0, len(pixels), most):
        yield slice(start, min(start + most, len(pixels)))
