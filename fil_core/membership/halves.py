"""Who is in which model of an ensemble: pairs of complementary random halves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def half(n: int, member: int, seed: int) -> np.ndarray:
    """Positions of the examples that a model of an ensemble is trained on, (n // 2,), ascending.

    Models 2p and 2p + 1 have complementary halves, so that over pairs every example is in exactly half of the models;
    of an odd number of examples one is in neither. It depends on the model's number and the seed alone: an ensemble
    that grows keeps the models that it has.

    >>> both = np.concatenate([half(6, 0, seed=1), half(6, 1, seed=1)])
    >>> sorted(both.tolist())
    [0, 1, 2, 3, 4, 5]

    Args:
        n: number of examples, >= 2.
        member: number of the model, from 0.
        seed: of the ensemble.
    """
    order = np.random.default_rng([seed, member // 2]).permutation(n)
    size = n // 2
    return np.sort(order[size : 2 * size] if member % 2 else order[:size])


def inclusion(n: int, members: Sequence[int], seed: int) -> np.ndarray:
    """Who is in which of some models, (n, members) bool.

    Args:
        n: number of examples.
        members: numbers of the models.
        seed: of the ensemble.
    """
    found = np.zeros((n, len(members)), dtype=bool)
    for column, member in enumerate(members):
        found[half(n, member, seed), column] = True
    return found


def member_seed(member: int, seed: int, own: int) -> int:
    """Seed of what only one model of an ensemble draws, such as its start.

    Args:
        member: number of the model.
        seed: of the ensemble.
        own: seed that the network's spec has for it.
    """
    return int(np.random.SeedSequence([seed, member, own]).generate_state(1)[0])
