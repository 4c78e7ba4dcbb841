"""Directions inside the simplex: shares of a whole can move only so that their sum stays."""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.errors import BadRequest


def sum_zero_basis(k: int) -> Tensor:
    """Orthonormal basis of the directions in R^k that sum to zero, (k, k-1), float64.

    >>> U = sum_zero_basis(3)  # U U^T = I - 1 1^T / k
    >>> (3 * U @ U.T).round(decimals=9).tolist()
    [[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]]

    Raises:
        BadRequest: k < 2, where there is none.
    """
    if k < 2:
        raise BadRequest(f"simplex: expected an attribute of at least two columns; got {k}.")
    full = torch.linalg.qr(torch.cat([torch.ones(k, 1), torch.eye(k)[:, 1:]], 1).double())[0]
    return full[:, 1:]
