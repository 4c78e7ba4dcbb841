"""What eta of a training example is due to, and Cook's distance beside it."""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.leakage.fil import blocks
from fil_core.leakage.glm import GlmJacobians
from fil_core.models import Fitted, Glm


def eta_parts(fitted: Fitted, dataset: Dataset) -> dict[str, Tensor]:
    """eta^2 of each training example as a sum of three, and its leverage.

    With v the direction of theta that the example moves most and u = H^-1 x,

        eta^2 = w^2 [ r^2 |H^-1 v|^2  +  (a^2 |theta|^2 + 1) (v^T u)^2  +  2 a r (v^T u) (v^T H^-1 theta) ],

    what the residual gives away, what the leverage does, and what both do together, which may be negative.

    Args:
        fitted: a least-squares or logistic optimum.
        dataset: the n examples it was trained on.

    Returns:
        `residual_part`, `leverage_part`, `interaction_part` and `leverage`, (n,) each, at sigma = 1.

    Source: docs/maths.md, section 13.
    """
    found: list[tuple[Tensor, ...]] = []
    for _, J in blocks(fitted.terms(dataset)):
        assert isinstance(J, GlmJacobians)
        found.append((*J.parts(), J.leverage()))
    names = ("residual_part", "leverage_part", "interaction_part", "leverage")
    return {name: torch.cat(parts) for name, parts in zip(names, zip(*found, strict=True), strict=True)}


def cooks_distance(fitted: Fitted, dataset: Dataset) -> Tensor:
    """How far leaving an example out moves all fitted scores, in units of their own uncertainty, (n,), >= 0.

    D_i = r^2 x^T H^-1 x / (p s^2 (1 - h)^2), of least squares with s^2 = sum r^2 / (n - p); of a logistic model with
    s^2 = 1, in one Newton step. With a penalty H has it, so that D is that of the penalised fit.

    Args:
        fitted: a least-squares or logistic optimum.
        dataset: the n examples it was trained on.

    Returns:
        NaN where it is not defined: for least squares of no more examples than parameters, and at a leverage of 1.

    Source: Cook (Technometrics 1977); Pregibon (Annals of Statistics 1981).
    """
    terms = fitted.terms(dataset)
    assert isinstance(terms, Glm)
    n, p = int((terms.w > 0).sum()), terms.X.shape[1]  # those left out are no observations
    spread = (terms.X @ terms.curvature.vectors).square() @ terms.curvature.inverse_values
    h = terms.w * terms.a * spread
    free, squares = n - p, float((terms.w * terms.r.square()).sum())
    scale = 1.0 if fitted.spec.kind == "logistic" else squares / free if free > 0 else 0.0
    if not scale > 0:
        return torch.full_like(h, torch.nan)
    distance = terms.w**2 * terms.r.square() * spread / (p * scale * (1 - h).square())
    return torch.where(1 - h > 1e-9, distance, torch.nan)
