"""Kernels of Gaussian processes on rows of features: infinitely wide networks, RBF and linear.

A fully connected network of L hidden layers has k <- b^2 + W^2 <x, x'> / d at first, and k <- b^2 + W^2 F(k, a, a')
after each of them, with F of `activations` and a, a' the variances k(x, x), k(x', x') of the layer. A convolution of
2 x 2 pixels takes the mean of k over its four neighbours, zero beyond the right and lower edge, at the same place of
both images; without pooling no other pairs of places count, and the last layer takes the mean over places.

Source: Lee et al., Novak et al. (ICLR 2018, 2019); docs/maths.md, section 11.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import BadData
from fil_core.lood.activations import ACTIVATIONS, Activation
from fil_core.progress import Progress
from fil_core.specs.kernel import KernelSpec

Rows = tuple[Tensor, ...]

_BLOCK = {"cpu": 2**20, "cuda": 2**25}  # values of a block of pairs


class Kernel(ABC):
    """A kernel; all methods are differentiable in their inputs, float64 in and out.

    A kind of kernel has `of_rows`, what it takes of each row by itself, and `pairs`, which needs that of both rows.
    """

    @abstractmethod
    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row of X (n, d), (n,)."""

    def of_rows(self, X: Tensor) -> Rows:
        """What pairs need of each row of X (n, d), each (n, ...)."""
        return ()

    @abstractmethod
    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows of X (n, d) and Z (m, d), (n, m), from `of_rows` of both."""

    def block(self, X: Tensor, Z: Tensor) -> Tensor:
        """k(x, z) of all pairs of rows of X (n, d) and Z (m, d), (n, m), in one piece."""
        return self.pairs(X, Z, self.of_rows(X), self.of_rows(Z))

    @abstractmethod
    def width(self, d: int) -> int:
        """Values per pair of rows that `block` holds at a time, from the number of features."""

    def cross(self, X: Tensor, Z: Tensor, progress: Progress | None = None) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m), in blocks of bounded memory.

        Args:
            X: (n, d).
            Z: (m, d).
            progress: called with (rows done, n, text).
        """
        rows = _rows(X, len(Z) * self.width(X.shape[1]))
        if rows >= len(X):
            return self.block(X, Z)
        found, of_x, of_z = X.new_empty(len(X), len(Z)), self.of_rows(X), self.of_rows(Z)
        for start in range(0, len(X), rows):
            if progress:
                progress(start, len(X), "computing the kernel")
            part = slice(start, start + rows)
            found[part] = self.pairs(X[part], Z, _some(of_x, part), of_z)
        return found

    def gram(self, X: Tensor, progress: Progress | None = None) -> Tensor:
        """k of all pairs of rows of X, (n, n), exactly symmetric.

        Args:
            X: (n, d).
            progress: called with (rows done, n, text).
        """
        n = len(X)
        rows, K, of_x = min(n, _rows(X, n * self.width(X.shape[1]))), X.new_empty(n, n), self.of_rows(X)
        for start in range(0, n, rows):
            if progress:
                progress(start, n, "computing the kernel")
            stop = min(n, start + rows)
            part, before = slice(start, stop), slice(stop)
            K[part, before] = self.pairs(X[part], X[before], _some(of_x, part), _some(of_x, before))
            K[:start, start:stop] = K[start:stop, :start].T
            own = K[start:stop, start:stop]
            K[start:stop, start:stop] = own.tril() + own.tril(-1).T
        K.diagonal().copy_(self.diagonal(X))
        return K


def _rows(X: Tensor, width: int) -> int:
    """Rows of a block of pairs."""
    return max(1, _BLOCK[X.device.type] // max(1, width))


def _some(of_rows: Rows, rows: slice) -> Rows:
    """What is taken of some of the rows."""
    return tuple(each[rows] for each in of_rows)


@dataclass(frozen=True, slots=True)
class Linear(Kernel):
    """b^2 + W^2 <x, x'> / d."""

    weight: float
    bias: float

    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row, (n,)."""
        return self.bias**2 + self.weight**2 * X.square().sum(1) / X.shape[1]

    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m)."""
        return self.bias**2 + self.weight**2 * (X @ Z.mT) / X.shape[1]

    def width(self, d: int) -> int:
        """Values per pair of rows."""
        return 1


@dataclass(frozen=True, slots=True)
class Rbf(Kernel):
    """exp(-|x - x'|^2 / (2 length^2))."""

    length: float

    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row, (n,)."""
        return torch.ones_like(X[:, 0])

    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m)."""
        # Both are centred on the same point: squares of far numbers would cancel.
        centre = Z.detach().mean(0)
        X, Z = X - centre, Z - centre
        squared = X.square().sum(1)[:, None] + Z.square().sum(1) - 2 * (X @ Z.mT)
        return torch.exp(-squared.clamp_min(0) / (2 * self.length**2))

    def width(self, d: int) -> int:
        """Values per pair of rows."""
        return 1


@dataclass(frozen=True, slots=True)
class Rescaled(Kernel):
    """A kernel of features times a factor."""

    of: Kernel
    factor: float

    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row, (n,)."""
        return self.of.diagonal(self.factor * X)

    def of_rows(self, X: Tensor) -> Rows:
        """The features times the factor, and what the kernel takes of them."""
        scaled = self.factor * X
        return (scaled, *self.of.of_rows(scaled))

    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m)."""
        return self.of.pairs(of_x[0], of_z[0], of_x[1:], of_z[1:])

    def width(self, d: int) -> int:
        """Values per pair of rows."""
        return self.of.width(d)


@dataclass(frozen=True, slots=True)
class FullyConnected(Kernel):
    """An infinitely wide network of fully connected layers."""

    activation: Activation
    depth: int
    first: Linear

    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row, (n,)."""
        return self._layers(X)[-1]

    def _layers(self, X: Tensor) -> list[Tensor]:
        """Variances of what goes into each layer, and of the output."""
        found = [self.first.diagonal(X)]
        for _ in range(self.depth):
            found.append(self._next(found[-1], found[-1], found[-1]))
        return found

    def _next(self, k: Tensor, a: Tensor, b: Tensor) -> Tensor:
        return self.first.bias**2 + self.first.weight**2 * self.activation(k, a, b)

    def of_rows(self, X: Tensor) -> Rows:
        """Variances of what goes into each layer, each (n,)."""
        return tuple(self._layers(X)[:-1])

    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m)."""
        k = self.first.pairs(X, Z, (), ())
        for a, b in zip(of_x, of_z, strict=True):
            k = self._next(k, a[:, None], b[None])
        return k

    def width(self, d: int) -> int:
        """Values per pair of rows."""
        return 1


@dataclass(frozen=True, slots=True)
class Convolutional(Kernel):
    """An infinitely wide network of convolutions of 2 x 2 pixels, without pooling.

    Attributes:
        activation: of its layers.
        depth: number of convolutions.
        weight, bias: standard deviations.
        shape: height, width and channels of a row of features, in this order.
    """

    activation: Activation
    depth: int
    weight: float
    bias: float
    shape: tuple[int, int, int]

    def diagonal(self, X: Tensor) -> Tensor:
        """k(x, x) of each row, (n,)."""
        return self._out(self._layers(self._pixels(X))[-1])

    def _pixels(self, X: Tensor) -> Tensor:
        return X.view(len(X), *self.shape)

    def _mean(self, k: Tensor) -> Tensor:
        """b^2 + W^2 times the mean over the pixel itself, those right of it and below it, of (..., H, W)."""
        k = torch.nn.functional.pad(k, (0, 1, 0, 1))
        four = k[..., :-1, :-1] + k[..., 1:, :-1] + k[..., :-1, 1:] + k[..., 1:, 1:]
        return self.bias**2 + self.weight**2 / 4 * four

    def _out(self, k: Tensor) -> Tensor:
        return self.bias**2 + self.weight**2 * k.mean((-2, -1))

    def _layers(self, images: Tensor) -> list[Tensor]:
        """Variances at each pixel of what goes into each layer and of the last activations, (n, H, W)."""
        k = images.square().mean(-1)
        found = []
        for _ in range(self.depth):
            a = self._mean(k)
            found.append(a)
            k = self.activation(a, a, a)
        return [*found, k]

    def of_rows(self, X: Tensor) -> Rows:
        """Variances at each pixel of what goes into each layer, each (n, H, W)."""
        return tuple(self._layers(self._pixels(X))[:-1])

    def pairs(self, X: Tensor, Z: Tensor, of_x: Rows, of_z: Rows) -> Tensor:
        """k(x, z) of all pairs of rows, (n, m)."""
        x, z = self._pixels(X), self._pixels(Z)
        k = torch.einsum("nhwc,mhwc->nmhw", x, z) / self.shape[2]
        for a, b in zip(of_x, of_z, strict=True):
            k = self.activation(self._mean(k), a[:, None], b[None])
        return self._out(k)

    def width(self, d: int) -> int:
        """Values per pair of rows."""
        return self.shape[0] * self.shape[1]


_KINDS: dict[str, Callable[[KernelSpec, float], Kernel]] = {
    "rbf": lambda spec, length: Rbf(length),
    "linear": lambda spec, length: Linear(spec.weight_std, spec.bias_std),
}


def kernel_of(spec: KernelSpec, *, shape: tuple[int, ...] | None = None, length: float = 1.0) -> Kernel:
    """The kernel of a spec.

    Args:
        spec: which.
        shape: (H, W) or (H, W, channels) of a row of features where these are pixels; None where they are none.
        length: of `rbf`, where the spec leaves it to the data.

    Raises:
        BadData: a convolution, and the features are no pixels.
    """
    if spec.kind in _KINDS:
        return _KINDS[spec.kind](spec, length if spec.length is None else spec.length)
    activation = ACTIVATIONS[spec.activation]
    if not spec.convolutional:
        return FullyConnected(activation, spec.depth, Linear(spec.weight_std, spec.bias_std))
    if shape is None:
        raise BadData(
            f"kernel: expected images for {spec.kind}, whose features are pixels; got columns of a table or principal "
            f"components. Take {spec.activation}, or images without --pca."
        )
    height, width, channels = (*shape, 1)[:3]
    return Convolutional(activation, spec.depth, spec.weight_std, spec.bias_std, (height, width, channels))


def mean_distance(X: Tensor) -> float:
    """Root of the mean squared distance of two rows, over all pairs of different ones; 1 where all are the same.

    >>> mean_distance(torch.tensor([[0.0], [3.0]], dtype=torch.float64))
    3.0
    """
    n = len(X)
    if n < 2:
        return 1.0
    squared = 2 * float((X - X.mean(0)).square().sum()) / (n - 1)
    return squared**0.5 or 1.0
