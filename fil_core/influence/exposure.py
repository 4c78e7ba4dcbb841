"""Exposure of a planted secret: how far its rank among sequences of its kind is from chance."""

from __future__ import annotations

import numpy as np

from fil_core.errors import BadRequest


def rank_among(true: float, candidates: np.ndarray) -> float:
    """Rank of a sequence among others of its kind by loss: 1 where it is the likeliest, R + 1 where the least likely.

    1 + the number of candidates of smaller loss + half of those of equal loss: what the rank is on average if ties are
    broken at random.

    >>> rank_among(1.0, np.array([0.5, 1.0, 1.0, 2.0]))
    3.0

    Args:
        true: loss of the sequence, in nats or any other unit that orders sequences.
        candidates: (R,) losses of the others, R >= 1; not of itself.

    Raises:
        BadRequest: there is no candidate, or a loss is NaN.
    """
    losses = np.asarray(candidates, dtype=np.float64)
    if losses.ndim != 1 or not losses.size:
        raise BadRequest(f"candidates: expected the losses of at least one, (R,); got shape {losses.shape}. Draw some.")
    if np.isnan(losses).any() or np.isnan(true):
        # A comparison with NaN is false: it would pass for the likeliest of all.
        raise BadRequest("candidates: expected losses that are numbers; got NaN. Take a model whose loss is finite.")
    return float(1 + np.sum(losses < true) + np.sum(losses == true) / 2)


def exposure(true: float, candidates: np.ndarray) -> float:
    """Exposure of a sequence, `log2(R + 1) - log2(rank)`, in bits.

    Ties count half (`rank_among`), so that a model that tells nothing apart gives about one bit and not all or nothing.

    >>> exposure(0.5, np.array([1.0, 2.0, 3.0])), exposure(4.0, np.array([1.0, 2.0, 3.0]))
    (2.0, 0.0)
    >>> exposure(1.0, np.array([0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 2.0]))  # rank 4 of 8
    1.0

    Args:
        true: loss of the planted sequence, in nats or any other unit that orders sequences.
        candidates: (R,) losses of other sequences of its format, R >= 1; not of itself.

    Returns:
        Between 0, where all candidates are more likely, and log2(R + 1), where none is as likely: then a search among
        that many finds it, and only more candidates could show a larger exposure. Of a sequence that was never seen,
        whose rank is uniform, the mean is about log2(e) = 1.44.

    Raises:
        BadRequest: there is no candidate, or a loss is NaN.

    Source: Carlini et al., The Secret Sharer (USENIX Security 2019), section 4.
    """
    return float(np.log2(np.size(candidates) + 1) - np.log2(rank_among(true, candidates)))
