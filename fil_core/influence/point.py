"""A network at some weights: gradients of single examples, and products with the curvature of the mean loss.

Nothing of size n x p or p x p is formed unless it is asked for; rows and directions are taken a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jvp, vjp, vmap

from fil_core.models.networks.losses import Losses, of_tokens
from fil_core.models.networks.training import Weights, activation_bytes

Own = Literal["hessian", "ggn"]

_BYTES = {"cpu": 2**28, "cuda": 2**31}  # of what is held at a time for a block of rows or directions
_TRACED = 8  # times the activations of a forward pass: tangents, what is kept for the way back, and temporaries


@dataclass(frozen=True)
class Point:
    """A network at some weights, with the examples that it is trained on.

    Attributes:
        module: the network.
        weights: by name; every vector over all weights, (p,), follows their order.
        X, Y: (n, d) inputs and (n, ...) targets of the training examples.
        losses: of every example, from outputs and targets.
    """

    module: nn.Module
    weights: Weights
    X: Tensor
    Y: Tensor
    losses: Losses

    @cached_property
    def sizes(self) -> list[int]:
        """Number of entries of each tensor of weights."""
        return [value.numel() for value in self.weights.values()]

    @property
    def p(self) -> int:
        """Number of weights."""
        return sum(self.sizes)

    @property
    def n(self) -> int:
        """Number of training examples."""
        return len(self.X)

    @cached_property
    def _activations(self) -> int:
        """Bytes of what the layers put out for one example, and of its outputs' derivatives."""
        return activation_bytes(self.module, self.X[:1])

    def layers(self) -> list[slice]:
        """The entries of (p,) that belong to each layer: tensors whose names differ only in their last part."""
        found: dict[str, list[int]] = {}
        edges = [0, *torch.tensor(self.sizes).cumsum(0).tolist()]
        for j, name in enumerate(self.weights):
            found.setdefault(name.rpartition(".")[0] or name, []).append(j)
        # The tensors of a layer follow one another in a module; where they do not, each is a block of its own.
        joined = all(columns == list(range(columns[0], columns[-1] + 1)) for columns in found.values())
        blocks = found.values() if joined else [[j] for j in range(len(self.sizes))]
        return [slice(edges[columns[0]], edges[columns[-1] + 1]) for columns in blocks]

    def named(self, v: Tensor) -> Weights:
        """A vector (p,), or several (k, p), as weights by name, each (...) or (k, ...)."""
        parts = zip(self.weights.items(), v.split(self.sizes, -1), strict=True)
        return {name: part.reshape(*v.shape[:-1], *w.shape) for (name, w), part in parts}

    def flat(self, weights: Weights) -> Tensor:
        """Weights by name as a vector (p,)."""
        return torch.cat([weights[name].flatten() for name in self.weights])

    def rows(self, X: Tensor, *, width: int = 0, copies: int = 1) -> Iterator[slice]:
        """Blocks of rows of X for which what is held stays small.

        Args:
            X: (n, d).
            width: numbers per row that are held besides what layers put out.
            copies: how many times a block is held, for as many directions.
        """
        each = copies * (_TRACED * self._activations + width * self.X.element_size())
        size = max(1, int(_BYTES[X.device.type] / max(1, each)))
        for first in range(0, len(X), size):
            yield slice(first, min(first + size, len(X)))

    def gradients(self, X: Tensor, Y: Tensor) -> Iterator[Tensor]:
        """Gradients of the losses of single examples, (b, p) for one block of rows after the other."""

        def loss(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
            return self.losses(functional_call(self.module, weights, (x[None],)), y[None])[0]

        of_each = vmap(grad(loss), (None, 0, 0))
        for block in self.rows(X, width=2 * self.p):
            found = of_each(self.weights, X[block], Y[block])
            yield torch.cat([found[name].flatten(1) for name in self.weights], 1)

    def mean_gradient(self, X: Tensor, Y: Tensor) -> Tensor:
        """Gradient of the mean loss over some examples, (p,)."""
        total = torch.zeros(self.p, dtype=self.X.dtype, device=self.X.device)
        for block in self.rows(X):
            total += self.flat(grad(self._summed(X[block], Y[block]))(self.weights))
        return total / len(X)

    def _summed(self, X: Tensor, Y: Tensor) -> Callable[[Weights], Tensor]:
        def loss(weights: Weights) -> Tensor:
            return self.losses(functional_call(self.module, weights, (X,)), Y).sum()

        return loss

    def products(self, V: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        """Inner products of the gradients of single examples with some directions, (n, k), from a forward pass each.

        Args:
            V: (k, p).
            X: (n, d) inputs of the examples.
            Y: (n, ...) their targets.
        """
        return torch.cat([self._products(V, X[block], Y[block]) for block in self.rows(X, copies=len(V))])

    def _products(self, V: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        def along(v: Tensor) -> Tensor:
            def losses(weights: Weights) -> Tensor:
                return self.losses(functional_call(self.module, weights, (X,)), Y)

            return _along(losses, self.weights, self.named(v))[1]

        return vmap(along, out_dims=1)(V)

    def token_products(self, u: Tensor) -> Tensor:
        """Inner products of a direction with the gradient of the loss of each token of the training sequences, (n, T).

        Args:
            u: (p,).

        Returns:
            Each row sums to the product with the sequence's gradient; NaN where a sequence has ended.
        """
        direction, parts = self.named(u), []
        for block in self.rows(self.X):
            X, Y = self.X[block], self.Y[block]

            def losses(weights: Weights, X: Tensor = X, Y: Tensor = Y) -> Tensor:
                return of_tokens(functional_call(self.module, weights, (X,)), Y)

            parts.append(torch.where(Y >= 0, _along(losses, self.weights, direction)[1], torch.nan))
        return torch.cat(parts)

    def combined(self, c: Tensor) -> Tensor:
        """The sum of the training examples' gradients, each times a number, (p,).

        Args:
            c: (n,).
        """
        total = torch.zeros(self.p, dtype=self.X.dtype, device=self.X.device)
        for block in self.rows(self.X):
            X, Y, share = self.X[block], self.Y[block], c[block]

            def loss(weights: Weights, X: Tensor = X, Y: Tensor = Y, share: Tensor = share) -> Tensor:
                return (self.losses(functional_call(self.module, weights, (X,)), Y) * share).sum()

            total += self.flat(grad(loss)(self.weights))
        return total

    def curved(self, V: Tensor, kind: Own) -> Tensor:
        """Products of the Hessian, or of the Gauss-Newton matrix, of the mean training loss with directions, (k, p).

        Args:
            V: (k, p).
            kind: which.
        """
        return torch.cat([self._curved(part, kind) for part in V.split(self._directions())])

    def _directions(self) -> int:
        """How many directions are multiplied at the same time."""
        each = self.p * self.X.element_size() + min(self.n, 64) * _TRACED * self._activations
        return max(1, min(256, int(_BYTES[self.X.device.type] / each)))

    def _curved(self, V: Tensor, kind: Own) -> Tensor:
        product = self._hessian if kind == "hessian" else self._gauss_newton
        total = torch.zeros_like(V)
        for block in self.rows(self.X, copies=len(V)):
            X, Y = self.X[block], self.Y[block]
            total += vmap(lambda v, X=X, Y=Y: product(v, X, Y))(V)
        return total / self.n

    def _hessian(self, v: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        return self.flat(jvp(grad(self._summed(X, Y)), (self.weights,), (self.named(v),))[1])

    def _gauss_newton(self, v: Tensor, X: Tensor, Y: Tensor) -> Tensor:
        def outputs(weights: Weights) -> Tensor:
            return functional_call(self.module, weights, (X,))

        put_out, moved = _along(outputs, self.weights, self.named(v))
        curved = self._in_outputs(put_out, Y, moved)
        return self.flat(vjp(outputs, self.weights)[1](curved)[0])

    def _in_outputs(self, outputs: Tensor, Y: Tensor, moved: Tensor) -> Tensor:
        """The loss's second derivative in the outputs times a change of the outputs."""

        def loss(put_out: Tensor) -> Tensor:
            return self.losses(put_out, Y).sum()

        return jvp(grad(loss), (outputs,), (moved,))[1]

    def quadratic(self, U: Tensor, X: Tensor, Y: Tensor, kind: Own) -> Tensor:
        """u_i^T C_i u_i with C_i the Hessian, or the Gauss-Newton matrix, of the loss of example i alone, (n,).

        Args:
            U: (n, p), one direction for each example.
            X: (n, d).
            Y: (n, ...).
            kind: which.
        """

        def of_one(u: Tensor, x: Tensor, y: Tensor) -> Tensor:
            def outputs(weights: Weights) -> Tensor:
                return functional_call(self.module, weights, (x[None],))

            def loss(weights: Weights) -> Tensor:
                return self.losses(outputs(weights), y[None]).sum()

            direction = self.named(u)

            def slope(weights: Weights) -> Tensor:
                return _along(loss, weights, direction)[1]

            if kind == "hessian":
                return _along(slope, self.weights, direction)[1]
            put_out, moved = _along(outputs, self.weights, direction)
            return (moved * self._in_outputs(put_out, y[None], moved)).sum()

        blocks = self.rows(X, width=3 * self.p)
        return torch.cat([vmap(of_one)(U[block], X[block], Y[block]) for block in blocks])

    def dense(self, kind: Own) -> Tensor:
        """The Hessian, or the Gauss-Newton matrix, of the mean training loss, (p, p), symmetric."""
        unit = torch.eye(self.p, dtype=self.X.dtype, device=self.X.device)
        C = self.curved(unit, kind)
        return (C + C.T) / 2

    def gram(self, columns: list[slice], *, most: int) -> Tensor:
        """Inner products of the gradients of the training examples, (L, n, n) float64, for each block of columns.

        Args:
            columns: L blocks of the entries of (p,), such as `layers()`, or one of all.
            most: bytes of the gradients that are held at a time; what does not fit is computed again.
        """
        n, X, Y = self.n, self.X, self.Y
        K = torch.zeros(len(columns), n, n, dtype=torch.float64, device=X.device)
        size = max(1, min(n, most // (2 * self.p * X.element_size())))
        blocks = [slice(first, min(first + size, n)) for first in range(0, n, size)]
        for i, block in enumerate(blocks):
            held = torch.cat(list(self.gradients(X[block], Y[block])))
            for other in blocks[i:]:
                first = other.start
                for part in [held] if other is block else self.gradients(X[other], Y[other]):
                    beside = slice(first, first + len(part))
                    for k, c in zip(K, columns, strict=True):
                        k[block, beside] = (held[:, c] @ part[:, c].T).double()
                        k[beside, block] = k[block, beside].T.clone()  # the diagonal blocks lie in the same memory
                    first = beside.stop
        return K


def _along(of: Callable[[Weights], Tensor], weights: Weights, direction: Weights) -> tuple[Tensor, Tensor]:
    """A function of weights and its derivative along a direction."""
    value, moved = jvp(of, (weights,), (direction,))[:2]
    return value, moved
