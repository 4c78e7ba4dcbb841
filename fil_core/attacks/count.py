"""Counting the guesses of each attacker: how many are right, for each example and each release, and which they name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from fil_core.attacks.attackers import WHITE_BOX
from fil_core.attacks.attribute import Attribute

_TRIALS = {"cpu": 2**21, "cuda": 2**26}  # (release, example, value) triples held at a time


class Count:
    """Guesses by attacker, noise, release and example, and how many of them are right."""

    def __init__(self, attribute: Attribute, sigmas: Sequence[float], noise: Tensor, trained_on: Tensor) -> None:
        self.codes = torch.from_numpy(attribute.codes).to(noise.device)
        self.prior = torch.from_numpy(attribute.prior).to(noise)
        self.log_prior, self.trained_on = self.prior.log(), trained_on
        self.sigmas, self.noise, self.k = sigmas, noise, attribute.k
        self._by_example: dict[str, Tensor] = {}
        self._by_release: dict[str, Tensor] = {}
        self._by_value: dict[str, Tensor] = {}
        self._same: dict[str, np.ndarray] = {}

    def same(self, name: str, guess: np.ndarray) -> None:
        """An attacker who does not use the released parameters: guess (n,), the code for each example."""
        self._same[name] = guess

    def releases(self, rows: int, scores: int = 1) -> list[slice]:
        """The releases in pieces that suit a block of `rows` examples with so many numbers for each value."""
        size = max(1, _TRIALS[self.noise.device.type] // max(1, rows * self.k * scores))
        return [slice(i, i + size) for i in range(0, len(self.noise), size)]

    def add(self, name: str, s: int, releases: slice, block: slice, guess: Tensor) -> None:
        """Count the right guesses of some releases under one sigma for a block of examples.

        Args:
            name: the attacker.
            s: position of sigma among `sigmas`.
            releases: positions of t releases.
            block: positions of m examples.
            guess: (t, m), codes of the values.
        """
        if name not in self._by_example:
            S, T = len(self.sigmas), len(self.noise)
            self._by_example[name] = self.noise.new_zeros(S, len(self.codes))
            self._by_release[name] = self.noise.new_zeros(S, T)
            self._by_value[name] = self.noise.new_zeros(S, self.k)
        right = (guess == self.codes[block]).to(self.noise)
        self._by_example[name][s, block] += right.sum(0)
        self._by_release[name][s, releases] += right.sum(1)
        counted = guess[:, self.trained_on[block]] if name in WHITE_BOX else guess
        self._by_value[name][s] += torch.bincount(counted.flatten(), minlength=self.k)

    @property
    def success(self) -> dict[str, np.ndarray]:
        """Share of right guesses, (n, S)."""
        drawn = {name: (hits.T / len(self.noise)).cpu().numpy() for name, hits in self._by_example.items()}
        codes = self.codes.cpu().numpy()
        right = {name: (guess == codes).astype(float) for name, guess in self._same.items()}
        return drawn | {name: np.repeat(r[:, None], len(self.sigmas), 1) for name, r in right.items()}

    @property
    def guessed(self) -> dict[str, np.ndarray]:
        """Share of the guesses that name each value, (S, k); a white box guesses as `unseen_success` says unseen."""
        n, unseen = len(self.codes), float((~self.trained_on).sum())
        best = torch.nn.functional.one_hot(self.prior.argmax(), self.k).to(self.noise)
        shares = {}
        for name, counts in self._by_value.items():
            blind = {"whitebox": torch.full_like(best, 1 / self.k), "whitebox-prior": best}.get(name)
            extra = 0.0 if blind is None else unseen * blind
            shares[name] = ((counts / len(self.noise) + extra) / n).cpu().numpy()
        for name, guess in self._same.items():
            share = np.bincount(guess, minlength=self.k) / n
            shares[name] = np.repeat(share[None], len(self.sigmas), 0)
        return shares

    @property
    def standard_error(self) -> dict[str, np.ndarray]:
        """Standard error of that mean over releases, (S,); NaN for a single release with noise."""
        n, T = len(self.codes), len(self.noise)
        errors = {name: np.zeros(len(self.sigmas)) for name in self._same}
        for name, hits in self._by_release.items():
            error = (hits / n).std(1) / T**0.5 if T > 1 else hits.new_full((len(hits),), torch.nan)
            noiseless = torch.tensor([sigma == 0 for sigma in self.sigmas], device=hits.device)
            errors[name] = torch.where(noiseless, 0.0, error).cpu().numpy()
        return errors
