"""What the models of an axis cost, besides the training of networks, which is a part."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.cost import leaving_out, measuring
from fil_core.analyses.fit.cost import training
from fil_core.analyses.overfit.request import DEGREE, OverfitRequest, axis, models_of, networks_of
from fil_core.specs import ModelSpec, NetworkSpec
from fil_core.specs.networks import outputs

_SVD = 10.0  # multiply-adds of a decomposition, of rows, columns and the smaller of both
_COPIES = 4.0
_DENSE = 1_500.0  # weights up to which the true Hessian is formed
_BLOCK = 2.0**24


def cost(request: OverfitRequest, sizes: Sizes) -> Cost:
    """Training and measuring each model; held-out rows count as half of the training rows."""
    values = [value for value, _ in axis(request)]
    models = [_model(request, *one, sizes) for one in zip(values, models_of(request), strict=False)]
    each = models + [_network(spec, sizes) for spec in networks_of(request)]
    return Cost(sum(one.operations for one in each), max(one.values for one in each))


def _model(request: OverfitRequest, value: float, spec: ModelSpec, sizes: Sizes) -> Cost:
    """A linear model; over degrees its Jacobians are formed example by example."""
    if request.over != DEGREE:
        return training(spec, sizes) + measuring(spec, sizes).times(1.5) + leaving_out(spec, sizes)
    inputs = dataclasses.replace(sizes, d=sizes.d * int(value))
    scores = spec.family.scores(sizes.classes)
    parameters, columns = float(scores) * inputs.d, float(sizes.d + scores)
    each = parameters * (scores * inputs.d + 2 * scores * columns + columns**2 + parameters * columns)
    held = min(_BLOCK, sizes.n * parameters * columns) + 2.0 * sizes.n * inputs.d
    return training(spec, inputs) + leaving_out(spec, inputs) + Cost(1.5 * sizes.n * each, _COPIES * held)


def _network(spec: NetworkSpec, sizes: Sizes) -> Cost:
    """A trained network: one decomposition, and the mixed derivatives of each example."""
    d, k = sizes.d, outputs(sizes.classes)
    p, rows = spec.family.parameters(spec, d, k), float(sizes.n) * k
    rank, columns = min(rows, p), float(d + k)
    operations = _SVD * rows * p * rank + 3.0 * sizes.n * rank * p * columns
    operations += 12.0 * sizes.n * min(p, _DENSE) ** 2
    return Cost(operations, 3 * rows * p + 3 * rank**2 + _COPIES * p * columns)
