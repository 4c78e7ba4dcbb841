"""What every network must satisfy before it is measured: its shape, one example apart from the other, weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fil_core.errors import BadRequest
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import Shape

# Of the largest output. A batch of two and of one are summed in different orders, which costs some ulps per layer;
# one that normalises over the batch is off by about 1.
_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-2}


def check_module(module: nn.Module, spec: NetworkSpec, shape: Shape) -> None:
    """Refuse a network whose examples cannot be told apart, on two random examples.

    Args:
        module: in evaluation mode, on the CPU.
        spec: what it was built from.
        shape: what it was built for.

    Raises:
        BadRequest: it has no weights or frozen ones, maps two examples to another shape than (2, outputs), or of
            sequences (2, features, outputs), or to numbers that are not finite, or its output for one example depends
            on the other or on chance.
    """
    named = f"network {spec.kind}"
    weights = dict(module.named_parameters())
    frozen = [name for name, weight in weights.items() if not weight.requires_grad]
    if frozen or not weights:
        got = f"{frozen[0]}, whose requires_grad is False" if frozen else "none"
        raise BadRequest(f"{named}: expected weights, all of which are trained; got {got}.")
    dtype = next(iter(weights.values())).dtype
    text = spec.family.needs_text
    X = _two_examples(shape, text, dtype)
    pair = _output(module, X, named)
    wanted = (2, shape.features, shape.outputs) if text else (2, shape.outputs)
    if pair.shape != wanted or not pair.isfinite().all():
        got = f"shape {tuple(pair.shape)}" if pair.shape != wanted else "NaN or infinite ones"
        raise BadRequest(f"{named}: expected finite outputs of shape {wanted} for two examples; got {got}.")
    alone = torch.cat([_output(module, x[None], named) for x in X])
    off = float((pair - alone).abs().max() / pair.abs().max().clamp(min=1e-30))
    if off > _TOLERANCE[dtype]:
        raise BadRequest(
            f"{named}: expected the output for an example to depend on it alone; in a batch of two it differs by "
            f"{off:.2g} of the largest. Leave out what normalises over a batch or draws random numbers."
        )


def _two_examples(shape: Shape, text: bool, dtype: torch.dtype) -> Tensor:
    """Random inputs, (2, features); codes of tokens for text, the second sequence ending before the first."""
    generator = torch.Generator().manual_seed(0)
    if not text:
        return torch.randn(2, shape.features, dtype=dtype, generator=generator)
    codes = torch.randint(shape.outputs, (2, shape.features), generator=generator)
    codes[1, shape.features // 2 + 1 :] = -1
    return codes.to(dtype)


def _output(module: nn.Module, X: Tensor, named: str) -> Tensor:
    try:
        with torch.no_grad():
            outputs = module(X)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise BadRequest(
            f"{named}: expected a network that maps ({len(X)}, {X.shape[1]}) numbers; calling it failed: {error}"
        ) from error
    if not isinstance(outputs, Tensor):
        raise BadRequest(f"{named}: expected outputs as one tensor; got a {type(outputs).__name__}.")
    return outputs
