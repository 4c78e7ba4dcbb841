"""Examples of a softmax model from the rank-one matrix that the other examples leave.

    R = -(sum_{j != i} w_j delta_j x_j^T + n l2 Theta) = w delta x^T = s u v^T,  x = alpha v,  delta = s u / (w alpha).

Of the label's entry, delta_y = p_y - 1, with u signed so that u_y < 0 and alpha > 0 therefore,

    f(alpha) = alpha (1 - p_y(alpha)) = s |u_y| / w,     p(alpha) = softmax(alpha Theta v),

one equation in alpha. With t the log-odds of another label, d log f / d log alpha = 1 + p_y alpha t'(alpha), and t is
convex: f may rise, fall and, of hundreds of classes, rise again. Two classes have up to two roots. More classes may
have three, but only one agrees with the other entries of delta.

Source: derived here; docs/maths.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_GRID, _STEPS = 256, 64
_CELLS = 5  # with an extremum or a root, that are looked at
_BELOW = 0.01
_EXPONENT = 800.0  # e^-800 is nothing


def roots(zeta: Tensor, label: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Every alpha > 0 with alpha (1 - p_y(alpha)) = target.

    Two classes at equal scores: alpha / 2 = target.

    >>> zero, label = torch.zeros(1, 2).double(), torch.tensor([1.0, 0.0]).double()
    >>> alpha, real = roots(zero, label, torch.tensor([3.0]).double())
    >>> alpha[0, 0].round(decimals=9).item(), real.tolist()
    (6.0, [True])

    Args:
        zeta: Theta v, (R, C), the scores at alpha = 1.
        label: one-hot, (C,).
        target: (R,), > 0.

    Returns:
        (R, 5) ascending, NaN where there are fewer; and (R,) whether there is any. Where there is none, the alpha at
        which two would meet.
    """
    gaps = (zeta - (zeta * label).sum(1, keepdim=True))[:, label == 0]
    most = gaps.amax(1)
    end = torch.maximum(2.1 * target, torch.where(most < 0, _EXPONENT / most.abs().clamp_min(1e-290), 0.0))
    log_target = target.clamp_min(1e-290).log()
    start = log_target - _BELOW  # f(alpha) <= alpha, and equal to it where p_y is nothing
    grid = start[:, None] + (end.log() - start)[:, None] * torch.linspace(0, 1, _GRID).to(zeta)
    turns = _crossings(lambda u: _values(gaps, u)[1], grid)
    grid = torch.cat([grid, torch.nan_to_num(turns, nan=float("-inf")).maximum(grid[:, :1])], 1).sort(1).values

    def off(u: Tensor) -> Tensor:
        return _values(gaps, u)[0] - log_target[:, None]

    alpha = _crossings(off, grid).exp()
    real = alpha.isfinite().any(1)
    top = grid.gather(1, off(grid).argmax(1, keepdim=True)).exp()
    first = torch.arange(_CELLS, device=alpha.device) == 0
    return torch.where(~real[:, None] & first, top, alpha), real


def _values(gaps: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """log f and its derivative in u = log alpha, each (R, P)."""
    scores = u.exp()[..., None] * gaps[:, None]
    t = scores.logsumexp(2)
    slope = (torch.softmax(scores, 2) * scores).sum(2)  # alpha t'(alpha)
    return u + torch.nn.functional.logsigmoid(t), 1 + torch.sigmoid(-t) * slope


def _crossings(function: Callable[[Tensor], Tensor], grid: Tensor) -> Tensor:
    """Where a function changes its sign between points of a grid (R, P), by bisection, (R, 5), NaN where fewer."""
    positive = function(grid) >= 0
    change = positive[:, 1:] != positive[:, :-1]
    # The first cells with a change, in order.
    order = torch.where(change, torch.arange(change.shape[1], device=grid.device), change.shape[1])
    cell = order.sort(1).values[:, :_CELLS]
    found, cell = cell < change.shape[1], cell.clamp_max(change.shape[1] - 1)
    low, high, rising = grid.gather(1, cell), grid.gather(1, cell + 1), positive.gather(1, cell + 1)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = (function(middle) >= 0) == rising
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return torch.where(found, (low + high) / 2, torch.nan)
