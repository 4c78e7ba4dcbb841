"""Jacobians of a block of examples, held in a form whose inner products are cheap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.linalg.blocks import row_blocks


@dataclass(frozen=True, slots=True)
class Dense:
    """Derivatives of the outputs in some parameters, written out.

    Attributes:
        rows: (i, k, q), of k outputs of i examples in q parameters.
    """

    rows: Tensor

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self.rows.numel() * self.rows.element_size()

    def product(self, other: Dense) -> Tensor:
        """Inner products with the rows of another block, (i k, j k)."""
        return self.rows.flatten(0, 1) @ other.rows.flatten(0, 1).T

    def written_out(self) -> Tensor:
        """The derivatives themselves, (i, k, q)."""
        return self.rows

    def pulled(self, v: Tensor) -> Tensor:
        """J^T v, (q,), of v (i, k)."""
        return v.flatten() @ self.rows.flatten(0, 1)


@dataclass(frozen=True, slots=True)
class Outer:
    """Derivatives in a weight and bias that are applied at L positions: the weight's are S^T A for each output.

    Attributes:
        inputs: A (i, L, q), what the weight multiplies at each position.
        signals: S (i, k, L, c), derivatives of the k outputs in what the layer gives at each position.
        bias: whether there is a bias that is trained.
    """

    inputs: Tensor
    signals: Tensor
    bias: bool

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return (self.inputs.numel() + self.signals.numel()) * self.signals.element_size()

    def product(self, other: Outer) -> Tensor:
        """Inner products with the rows of another block, (i k, j k), which never form the derivatives.

        `<S^T A, S'^T A'> = sum_ll' <A_l, A'_l'> <S_l, S'_l'>`; a bias is an input that is always one.
        """
        (i, k, L, _), j = self.signals.shape, len(other.signals)
        A, S = other.inputs.flatten(0, 1).T, other.signals.flatten(0, 2).T
        product = self.signals.new_empty(i, k, j, k)
        for rows in row_blocks(i, k * L * j * k * L, product.device):
            among_inputs = self.inputs[rows].flatten(0, 1) @ A
            if self.bias:
                among_inputs += 1
            among_signals = self.signals[rows].flatten(0, 2) @ S
            if L == 1:
                shape = (-1, 1, j, 1)
                torch.mul(among_signals.view(-1, k, j, k), among_inputs.view(shape), out=product[rows])
            else:
                both = among_signals.view(-1, k, L, j, k, L).mul_(among_inputs.view(-1, 1, L, j, 1, L))
                torch.sum(both, (2, 5), out=product[rows])
        return product.view(i * k, j * k)

    def written_out(self) -> Tensor:
        """The derivatives themselves, (i, k, c q), or (i, k, c q + c) with those in the bias."""
        weight = (self.signals.transpose(2, 3) @ self.inputs.unsqueeze(1)).flatten(2)
        return torch.cat([weight, self.signals.sum(2)], 2) if self.bias else weight

    def pulled(self, v: Tensor) -> Tensor:
        """J^T v, of v (i, k): c q derivatives in the weight, and c in the bias where there is one."""
        combined = torch.einsum("ik,iklc->ilc", v, self.signals).flatten(0, 1)
        weight = (combined.T @ self.inputs.flatten(0, 1)).flatten()
        return torch.cat([weight, combined.sum(0)]) if self.bias else weight


Part = Dense | Outer


def inner_products(rows: Iterable[Part], columns: Iterable[Part]) -> Tensor:
    """J J'^T of two blocks of examples, float64, (i k, j k).

    >>> one = Dense(torch.tensor([[[1.0, 2.0]], [[0.0, 1.0]]]))
    >>> inner_products([one, one], [one, one]).tolist()
    [[10.0, 4.0], [4.0, 2.0]]

    Args:
        rows: the parts that the Jacobian of one block is cut into.
        columns: those of the other block, cut alike.
    """
    total = None
    for one, other in zip(rows, columns, strict=True):
        # Both blocks come from one network, so that parts at one place are of one kind.
        product = one.product(other).double()  # type: ignore[arg-type]
        total = product if total is None else total.add_(product)
    assert total is not None, "a network without parameters has been refused before"
    return total
