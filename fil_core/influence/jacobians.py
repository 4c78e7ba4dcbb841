"""Jacobians of any network, example by example, in all parameters or in a random part of them; outputs in chunks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from fil_core.errors import BadRequest

COORDINATES = 2_000  # per parameter tensor, as Harutyunyan et al. (ICLR 2021) take
BUCKETS = 10_000  # of a projection

# Derivatives in each parameter tensor, (i, k, size) each, to (i, k, coordinates).
Reduce = Callable[[list[Tensor]], Tensor]


@contextmanager
def evaluation(module: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode; each of its modules gets its own mode back."""
    modes = [(one, one.training) for one in module.modules()]
    module.eval()
    try:
        yield module
    finally:
        for one, mode in modes:
            one.training = mode


def outputs(module: nn.Module, X: Tensor, chunk: int = 256) -> Tensor:
    """Outputs of a network in evaluation mode, (n, k), without a graph.

    Args:
        module: maps (n, features) to (n, k).
        X: (n, features), n >= 1; not written to, even where the network works in place.
        chunk: examples at once.
    """
    with evaluation(module), torch.no_grad():
        return torch.cat([module(X[start : start + chunk].clone()) for start in range(0, len(X), chunk)])


class Jacobians:
    """Derivatives of the outputs of each example by itself, by reverse mode."""

    def __init__(self, module: nn.Module) -> None:
        """Take the parameters to train.

        Args:
            module: the network, in evaluation mode.
        """
        self._module = module
        self._trained = {name: one.detach() for name, one in module.named_parameters() if one.requires_grad}

    def derivatives(self, X: Tensor) -> list[Tensor]:
        """The Jacobian of a block of examples, X (i, features): (i, k, size) in each parameter tensor."""

        def one(trained: dict[str, Tensor], x: Tensor) -> Tensor:
            return functional_call(self._module, trained, (x.unsqueeze(0),)).squeeze(0)

        try:
            found = vmap(jacrev(one), (None, 0))(self._trained, X.detach().clone())
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise BadRequest(
                "network: expected one whose derivatives torch.func.vmap can take for each example, or one of linear, "
                f"convolutional and batch normalisation layers, each used once; got {type(self._module).__name__}. "
                f"PyTorch says: {error}"
            ) from error
        return [found[name].flatten(2) for name in self._trained]


def keep_all(sizes: Sequence[int], seed: int, device: torch.device) -> tuple[Reduce, int]:
    """All derivatives, and how many they are; the arguments are those of the random reductions.

    Args:
        sizes: of the parameter tensors.
        seed: without effect.
        device: without effect.
    """
    del seed, device
    return lambda derivatives: torch.cat(derivatives, 2), sum(sizes)


def subsample(sizes: Sequence[int], seed: int, device: torch.device) -> tuple[Reduce, int]:
    """At most 2,000 coordinates of each parameter tensor, and how many they are.

    Each is multiplied by sqrt(size / 2,000), so that inner products keep their expectation; Harutyunyan et al. (ICLR
    2021) take the coordinates as they are, by which large tensors count for less than they do in the network.

    Args:
        sizes: of the parameter tensors.
        seed: of the choice, which is without replacement.
        device: where the derivatives are.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = [torch.randperm(size, generator=generator)[:COORDINATES].to(device) for size in sizes]
    scales = [math.sqrt(size / len(some)) for size, some in zip(sizes, chosen, strict=True)]

    def reduce(derivatives: list[Tensor]) -> Tensor:
        each = zip(derivatives, chosen, scales, strict=True)
        return torch.cat([one.index_select(2, some) * scale for one, some, scale in each], 2)

    return reduce, sum(map(len, chosen))


def project(sizes: Sequence[int], seed: int, device: torch.device) -> tuple[Reduce, int]:
    """Signed sums of the derivatives over 10,000 buckets, and how many buckets there are.

    A projection with one entry of +-1 per parameter: the parameters are cut into runs of as many as there are buckets,
    and each run is shifted at random. Two parameters then share a bucket with probability 1/q at most, so that inner
    products have the expectation, and at most the variance `(|a|^2 |b|^2 + <a, b>^2 - 2 sum_j a_j^2 b_j^2) / q`, of a
    dense projection on q coordinates with entries +-1/sqrt(q), in 1/q of its time. Exact where there are at most 10,000
    parameters.

    Args:
        sizes: of the parameter tensors.
        seed: of shifts and signs.
        device: where the derivatives are.

    Source: Charikar, Chen, Farach-Colton (ICALP 2002), with shifts in place of a hash function.
    """
    p, generator = sum(sizes), torch.Generator().manual_seed(seed)
    q = min(p, BUCKETS)
    shifts = torch.randint(q, (-(-p // q),), generator=generator).tolist()
    signs = torch.randint(0, 2, (p,), generator=generator, dtype=torch.int8).mul_(2).sub_(1).to(device)

    def reduce(derivatives: list[Tensor]) -> Tensor:
        signed = torch.cat(derivatives, 2).mul_(signs)
        sums = signed.new_zeros(*signed.shape[:2], q)
        for shift, run in zip(shifts, signed.split(q, 2), strict=True):
            sums[..., shift : shift + run.shape[2]] += run[..., : q - shift]
            if run.shape[2] > q - shift:
                sums[..., : run.shape[2] - (q - shift)] += run[..., q - shift :]
        return sums

    return reduce, q
