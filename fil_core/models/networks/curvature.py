"""The largest curvature of a loss, by the method of Lanczos."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import vjp

_LANCZOS = 32  # products with the Hessian, at most
_SETTLED = 1e-4  # relative change of the largest eigenvalue after which, seen twice, there are no more products
_EXHAUSTED = 1e-7  # of a product that lies outside of those before: less is rounding

Weights = dict[str, Tensor]


def largest_eigenvalue(gradient: Callable[[Weights], Weights], weights: Weights) -> float:
    """Largest eigenvalue of the Hessian whose gradient is given, by the method of Lanczos from a fixed start.

    Args:
        gradient: of a function of weights.
        weights: where.

    Returns:
        The eigenvalue; infinite where a product with the Hessian is beyond the largest number of the precision.
    """
    generator = torch.Generator().manual_seed(0)
    names = list(weights)
    draw = [torch.randn(weights[name].shape, generator=generator, dtype=weights[name].dtype) for name in names]
    v = torch.cat([one.flatten() for one in draw]).to(weights[names[0]].device)
    sizes = [weights[name].numel() for name in names]

    pulled_back = vjp(gradient, weights)[1]  # once for all products: the Hessian is symmetric

    def product(flat: Tensor) -> Tensor:
        direction = {n: p.view_as(weights[n]) for n, p in zip(names, flat.split(sizes), strict=True)}
        (image,) = pulled_back(direction)
        return torch.cat([image[name].flatten() for name in names])

    basis, rows = (v / v.norm())[None], min(_LANCZOS, len(v))
    T = torch.zeros(rows, rows, dtype=torch.float64)
    found, settled = 0.0, 0
    for j in range(rows):
        image = product(basis[-1])
        along = basis @ image
        u = image - along @ basis
        again = basis @ u  # twice is enough: what rounding left would else return as eigenvalues that are none
        u = u - again @ basis
        T[: j + 1, j] = (along + again).double().cpu()
        before, found = found, float(torch.linalg.eigvalsh(T[: j + 1, : j + 1], UPLO="U")[-1])
        settled = settled + 1 if abs(found - before) <= _SETTLED * abs(found) else 0
        if settled == 2 or float(u.norm()) <= _EXHAUSTED * float(image.norm()):
            break
        basis = torch.cat([basis, (u / u.norm())[None]])
    return found
