"""Training a network on public pictures, so that its last hidden layer makes features of private ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fil_core.errors import BadRequest
from fil_core.models.networks.losses import Losses
from fil_core.models.networks.order import batches
from fil_core.progress import Progress

LEARNING_RATE = 1e-3
BATCH = 100
_LOOK = 20  # steps after which the loss is looked at


def train(
    module: nn.Module, X: Tensor, Y: Tensor, *, losses: Losses, steps: int, seed: int, progress: Progress | None = None
) -> None:
    """Train a network by Adam in mini-batches of 100, in place.

    The step falls to zero along half a cosine. Batch normalisation sees each mini-batch, and what it has learned of the
    mean and variance is what it uses afterwards.

    Args:
        module: at its start; in evaluation mode afterwards.
        X: (n, d) pixels.
        Y: (n, k) targets.
        losses: of every example, from outputs and targets.
        steps: number of mini-batches.
        seed: of their order.
        progress: called with (done, total, what).

    Raises:
        BadRequest: the loss does not stay finite.

    Source: Kingma and Ba (ICLR 2015).
    """
    # Adam rather than descent: pixels from 0 to 1 have a large mean, along which descent with one step is slow.
    optimiser = torch.optim.Adam(module.parameters(), lr=LEARNING_RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    module.train()
    for step, rows in enumerate(batches(len(X), min(BATCH, len(X)), steps, seed)):
        if len(rows) == 1:  # of which batch normalisation has no variance
            continue
        rows = rows.to(X.device)
        optimiser.zero_grad()
        loss = losses(module(X[rows]), Y[rows]).mean()
        loss.backward()
        optimiser.step()
        falling.step()
        if step % _LOOK == 0:
            _look(loss.detach(), step, steps, progress)
    module.eval()


def _look(loss: Tensor, step: int, steps: int, progress: Progress | None) -> None:
    if not bool(loss.isfinite()):
        raise BadRequest(
            f"extractor: expected a loss that stays finite; it is {float(loss)} before step {step + 1:,}. Take another "
            "--extractor-seed, or another network."
        )
    if progress is not None:
        progress(step, steps, f"training the network on public pictures, loss {float(loss):.3g}")
