"""The empirical neural tangent kernel of a network: inner products of the derivatives of its outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import psutil
import torch
from torch import Tensor, nn

from fil_core.errors import BadRequest
from fil_core.influence.factors import Part, inner_products
from fil_core.influence.jacobians import evaluation, outputs
from fil_core.influence.layers import NotByLayer
from fil_core.influence.ways import PROBED, Mode, Way, by_jacobians, by_layer, trained_sizes
from fil_core.progress import Progress

_SHARE = 4  # a quarter of the free memory for the work, three for the kernel itself
_ROWS = {"cpu": 256, "cuda": 2048}  # examples at once: more would be no faster, and save less by symmetry
_SAME = {torch.float64: 1e-9, torch.float32: 1e-3}  # relative; outputs of one example, alone and among others


class DerivativesTooLarge(BadRequest):
    """Not even one example's derivatives fit in memory in the mode that was asked; another mode may do with less."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """Inner products of the rows of Jacobians; row i k + a is the derivative of output a of example i.

    Attributes:
        train: (n k, n k) float64, symmetric, training examples among each other.
        cross: (m k, n k) float64, validation examples against training examples.
        mode: how it was computed: `by layer` or `jacobian` (both exact), `subsampled` or `projected`.
        coordinates: parameters, or random combinations of them, that took part.
        parameters: number of parameters that are trained.
    """

    train: Tensor
    cross: Tensor
    mode: str
    coordinates: int
    parameters: int


def kernels(
    module: nn.Module,
    X: Tensor,
    X_val: Tensor,
    *,
    mode: Mode = "exact",
    seed: int = 0,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Kernels:
    """The kernel K = J J^T of a network at its weights, in evaluation mode.

    Exact, it is computed layer by layer where the network consists of linear, convolutional and batch normalisation
    layers that are each used once, and else from Jacobians of blocks of examples; J (n k, p) is never held unless it
    fits. Products are computed in the precision of the network, and added and returned in float64.

    Args:
        module: maps (n, features) to (n, k), each example independently of the others.
        X: (n, features) training examples, of the network's precision and on its device.
        X_val: (m, features) validation examples; m may be 0.
        mode: `exact`; `subsampled`, of at most 2,000 coordinates of each parameter tensor; or `projected`, of 10,000
            random combinations of all parameters. The latter two have K as their expectation over seeds.
        seed: of what is random.
        memory: bytes for the work, beside the kernel; a quarter of the free memory if None.
        progress: told (blocks of examples done, of how many, what).

    Raises:
        DerivativesTooLarge: one example's derivatives do not fit in memory.
        BadRequest: the kernel does not, the network depends on no parameter
            that is trained, its outputs are not (n, k), or they depend on which examples they are computed with.

    Source: Jacot, Gabriel, Hongler (NeurIPS 2018); for the modes Harutyunyan et al. (ICLR 2021).
    """
    if mode not in get_args(Mode):
        raise BadRequest(f"mode: expected one of {', '.join(get_args(Mode))}; got {mode!r}.")
    with evaluation(module):
        k = _checked_outputs(module, X)
        _check_size(len(X), len(X_val), k, X.device)
        memory = free_memory(X.device) // _SHARE if memory is None else memory
        try:
            return _accumulate(by_layer(module, X, k, mode, seed), X, X_val, k, memory, progress)
        except NotByLayer:
            pass  # not within this clause, which would keep what was recorded alive
        # An exact result says by its mode that it was computed so.
        return _accumulate(by_jacobians(module, X, k, mode, seed), X, X_val, k, memory, progress)


def free_memory(device: torch.device) -> int:
    """Bytes that can be allocated on a device without swapping."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


# --- the products ---------------------------------------------------------------------------------------------------


def _accumulate(way: Way, X: Tensor, X_val: Tensor, k: int, memory: int, progress: Progress | None) -> Kernels:
    """Fill both kernels block by block, holding as many blocks of training examples as memory allows."""
    rows, at_once = _blocks(way, k, memory, X.device)
    train, cross = (X.new_empty(len(one) * k, len(X) * k, dtype=torch.float64) for one in (X, X_val))
    blocks, others = list(_slices(len(X), rows)), list(_slices(len(X_val), rows))
    groups = [blocks[start : start + at_once] for start in range(0, len(blocks), at_once)]
    total = sum(len(blocks) - start + len(others) for start in range(0, len(blocks), at_once))
    done = 0

    def parts(examples: Tensor) -> list[Part]:
        nonlocal done
        if progress:
            progress(done, total, "computing the kernel")
        done += 1
        return way.parts(examples)

    for g, group in enumerate(groups):
        held: list[tuple[slice, list[Part]]] = []
        for block in group:
            held.append((block, parts(X[block])))
            _multiply(train, block, held[-1][1], held, k)
        for block in (block for later in groups[g + 1 :] for block in later):
            _multiply(train, block, parts(X[block]), held, k)
        for block in others:
            _multiply(cross, block, parts(X_val[block]), held, k)
    _mirror(train, rows * k)
    return Kernels(train, cross, way.mode, way.coordinates, way.parameters)


def _multiply(K: Tensor, block: slice, parts: list[Part], held: list[tuple[slice, list[Part]]], k: int) -> None:
    for other, theirs in held:
        into = K[block.start * k : block.stop * k, other.start * k : other.stop * k]
        into.copy_(inner_products(parts, theirs))


def _mirror(K: Tensor, rows: int) -> None:
    """Copy the blocks below the diagonal above it, in place."""
    for block in _slices(len(K), rows):
        K[: block.start, block] = K[block, : block.start].T
        corner = K[block, block].tril()
        K[block, block] = corner + corner.tril(-1).T


def _slices(n: int, rows: int) -> Iterator[slice]:
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))


def _blocks(way: Way, k: int, memory: int, device: torch.device) -> tuple[int, int]:
    """Examples of a block, and how many blocks are held."""
    least = 2 * way.held + way.work
    if least > memory:
        fits = [f"kernel {mode} ({_size(need)})" for mode, need in way.others.items() if need <= memory]
        instead = f"Take {' or '.join(fits)}, or" if fits else "Take"
        raise DerivativesTooLarge(
            f"memory: the derivatives of one example take {_size(least)}; got {_size(memory)} for them. {instead} a "
            "network with fewer parameters or outputs."
        )
    # A quarter for the block that is computed, and for its products with another one, in two precisions.
    rows = min(memory / 4 / (way.held + way.work), math.sqrt(memory / 64) / k, _ROWS[device.type])
    rows = max(1, int(rows))
    return rows, max(1, int((memory - rows * (way.held + way.work)) / (rows * way.held)))


# --- what is refused ------------------------------------------------------------------------------------------------


def _checked_outputs(module: nn.Module, X: Tensor) -> int:
    """Number of outputs."""
    if not trained_sizes(module):
        raise BadRequest("network: expected parameters that are trained; got none. Set requires_grad of some.")
    found = outputs(module, X[:PROBED])
    if found.dim() != 2 or len(found) != len(X[:PROBED]):
        raise BadRequest(f"network: expected outputs of shape (n, k); got {tuple(found.shape)}. Flatten them.")
    alone = outputs(module, X[:1].repeat(2, *[1] * (X.dim() - 1)))[:1]  # twice: of one there are no moments
    if not torch.allclose(alone, found[:1], rtol=0, atol=_SAME[found.dtype] * float(found.abs().max())):
        raise BadRequest(
            "network: expected outputs of each example that do not depend on the others; got other outputs for the "
            "first one alone. Use batch normalisation with running statistics, or none."
        )
    return found.shape[1]


def _check_size(n: int, m: int, k: int, device: torch.device) -> None:
    """Refuse kernels for which there is no room, whatever the mode."""
    needed, free = 8 * n * k * (n + m) * k, free_memory(device) * (1 - 1 / _SHARE)
    if needed > free:
        fits = int(n * math.sqrt(free / needed))
        raise BadRequest(
            f"memory: the kernels of {n:,} training and {m:,} validation examples with {k} outputs take "
            f"{_size(needed)} in every mode, and there is room for {_size(free)}. Take at most {fits:,} training "
            f"examples, and of validation examples {int(m * fits / n):,}."
        )


def _size(memory: float) -> str:
    return f"{memory / 2**30:.2f} GiB" if memory >= 2**27 else f"{memory / 2**20:.2f} MiB"
