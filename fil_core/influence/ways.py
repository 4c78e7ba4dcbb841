"""The ways to the Jacobian of a block of examples, each with the memory that one example takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from fil_core.influence.factors import Dense, Part
from fil_core.influence.jacobians import BUCKETS, COORDINATES, Jacobians, keep_all, project, subsample
from fil_core.influence.layers import ByLayer

Mode = Literal["exact", "subsampled", "projected"]

_REDUCTIONS = {"exact": keep_all, "subsampled": subsample, "projected": project}
_REDUCED = {"cpu": 2**24, "cuda": 2**30}  # bytes of a Jacobian that is reduced at once
PROBED = 8  # examples by which memory is measured
COPIES = 3  # of a block's Jacobian: as it comes, in one piece, and what becomes of it


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the Jacobians of blocks of examples.

    Attributes:
        mode: its name.
        parts: (i, features) to the Jacobian of i examples.
        coordinates, parameters: as in `Kernels`.
        held: bytes of one example's Jacobian.
        work: bytes that it takes to compute it.
        others: modes and the bytes that one example takes with them, to name in an error.
    """

    mode: str
    parts: Callable[[Tensor], list[Part]]
    coordinates: int
    parameters: int
    held: float
    work: float
    others: dict[str, float]


def by_layer(module: nn.Module, X: Tensor, k: int, mode: Mode, seed: int) -> Way:
    """Layer by layer.

    Args:
        module: the network, in evaluation mode.
        X: (n, features), the training examples.
        k: number of outputs.
        mode: see `kernels`.
        seed: of what is random.

    Raises:
        NotByLayer: the network consists of something else, or uses a layer twice.
    """
    layers, p = ByLayer(module, len(X)), sum(trained_sizes(module))
    probe = X[:PROBED]
    held = sum(part.bytes for part in layers.check(probe)) / len(probe)
    # Signals of one output come beside what was saved; some of what is held is then put in another order.
    work = COPIES * _saved_bytes(module, probe) / len(probe) + held
    if mode == "exact":
        return Way("by layer", layers.parts, p, p, held, work, _others(module, X, k))
    return _reduced(layers.derivatives, module, X, k, mode, seed, work)


def by_jacobians(module: nn.Module, X: Tensor, k: int, mode: Mode, seed: int) -> Way:
    """From Jacobians example by example, whole or what a random reduction leaves of them.

    Args:
        module: the network, in evaluation mode.
        X: (n, features), the training examples.
        k: number of outputs.
        mode: see `kernels`.
        seed: of what is random.
    """
    return _reduced(Jacobians(module).derivatives, module, X, k, mode, seed, 0.0)


def _reduced(
    derivatives: Callable[[Tensor], list[Tensor]],
    module: nn.Module,
    X: Tensor,
    k: int,
    mode: Mode,
    seed: int,
    work: float,
) -> Way:
    """What a mode keeps of derivatives in each parameter tensor, where `work` bytes more are taken for them."""
    sizes = trained_sizes(module)
    reduce, width = _REDUCTIONS[mode](sizes, seed, X.device)
    held, least = _jacobian_bytes(module, X, k, width)
    name = "jacobian" if mode == "exact" else mode

    # What is reduced at once passes through memory several times: of a few examples it stays in the cache.
    few = len(X) if mode == "exact" else max(1, _REDUCED[X.device.type] // (k * sum(sizes) * X.element_size()))

    def parts(examples: Tensor) -> list[Part]:
        return [Dense(torch.cat([reduce(derivatives(some)) for some in examples.split(few)]))]

    return Way(name, parts, width, sum(sizes), held, least + work, _others(module, X, k))


def _others(module: nn.Module, X: Tensor, k: int) -> dict[str, float]:
    """Bytes that one example takes with each approximate mode."""
    sizes = trained_sizes(module)
    widths = {"subsampled": sum(min(size, COORDINATES) for size in sizes), "projected": min(sum(sizes), BUCKETS)}
    found = {mode: _jacobian_bytes(module, X, k, width) for mode, width in widths.items()}
    return {mode: 2 * held + work for mode, (held, work) in found.items()}


def _jacobian_bytes(module: nn.Module, X: Tensor, k: int, width: int) -> tuple[float, float]:
    """Bytes of one example's derivatives as they are held, and of computing them."""
    saved = _saved_bytes(module, X[:1])
    return float(k * width * X.element_size()), COPIES * k * (sum(trained_sizes(module)) * X.element_size() + saved)


def trained_sizes(module: nn.Module) -> list[int]:
    """Numbers of entries of the parameters that are trained."""
    return [one.numel() for one in module.parameters() if one.requires_grad]


def _saved_bytes(module: nn.Module, X: Tensor) -> int:
    """Bytes that a forward pass keeps for the way back, parameters left out."""
    own = {one.untyped_storage().data_ptr() for one in (*module.parameters(), *module.buffers())}
    saved: dict[int, int] = {}

    def pack(one: Tensor) -> Tensor:
        storage = one.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return one

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda one: one):
        module(X.detach().clone())
    return sum(saved.values())
