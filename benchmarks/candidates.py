"""The rows about the candidates of an attack: against refits, and the closed form of success against draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.attribute_inference import WHITE_BOXES, all_shifts
from benchmarks.reference_attacks import nearest, refitted
from benchmarks.rows import SEED, Row, sample
from fil_core import (
    Attribute,
    Dataset,
    DataSpec,
    Fitted,
    ModelSpec,
    attribute_of,
    fil,
    fit,
    load,
    success_probability,
)
from fil_core.specs import ModelKind

_REFITS, _PAIRS, _DRAWS = 30, 24, 20_000


@dataclass(frozen=True, slots=True)
class _Case:
    """An attribute of a data set under a model, and how closely its candidates should agree with refits."""

    what: str
    data: DataSpec
    kind: ModelKind
    attribute: str
    within: float


def candidates(data_dir: str | None) -> Iterator[Row]:
    """Candidates against refits, and the closed form against draws around refits."""
    iwpc, adult = (DataSpec(name=name, data_dir=data_dir) for name in ("iwpc", "uci-adult"))
    subset = DataSpec(name="uci-adult", subset=3000, data_dir=data_dir)
    cases = (
        _Case("IWPC, least squares", iwpc, "least-squares", "vkorc1", 1e-8),
        _Case("UCI Adult, least squares", adult, "least-squares", "marital-status", 1e-8),
        _Case("UCI Adult, 3,000 rows, logistic", subset, "logistic", "marital-status", 1e-6),
    )
    for case in cases:
        dataset = load(case.data)
        fitted, attribute = fit(ModelSpec(kind=case.kind, l2=1e-3), dataset), attribute_of(dataset, case.attribute)
        shift = all_shifts(fitted, dataset, attribute)
        yield _refit_row(case, fitted, dataset, attribute, shift)
        if case.kind == "least-squares":
            yield from _draws_rows(case, fitted, dataset, attribute, shift)


def _refit_row(case: _Case, fitted: Fitted, dataset: Dataset, attribute: Attribute, shift: Tensor) -> Row:
    rows = sample(dataset.n, _REFITS)
    # Never the value that the example has, whose candidate is the model itself.
    values = [(int(attribute.codes[i]) + 1 + j % (attribute.k - 1)) % attribute.k for j, i in enumerate(rows)]
    size, worst, moved = float(fitted.theta.norm()), 0.0, []
    for i, v in zip(rows, values, strict=True):
        off = fitted.theta + shift[i, v] - refitted(fitted, dataset, attribute, i, v)
        worst = max(worst, float(off.norm()) / size)
        moved.append(float(shift[i, v].norm()) / size)
    return Row(
        f"{case.what}: candidates against refits",
        f"<= {case.within:.0e} of |theta|",
        f"{worst:.1e}",
        f"worst of {len(rows)}; they move by {min(moved):.1e} to {max(moved):.1e}",
        worst <= case.within,
    )


def _draws_rows(case: _Case, fitted: Fitted, dataset: Dataset, attribute: Attribute, shift: Tensor) -> Iterator[Row]:
    """Closed form against draws, at noises where success is neither certain nor impossible."""
    mean = float(fil(fitted, dataset, columns=attribute.columns).mean())
    gram, prior = (shift @ shift.mT).numpy(), torch.from_numpy(attribute.prior)
    generator = torch.Generator().manual_seed(SEED)
    off: dict[str, list[float]] = {name: [] for name in WHITE_BOXES}
    for i in sample(dataset.n, _PAIRS // 3):
        thetas = torch.stack([refitted(fitted, dataset, attribute, i, v) for v in range(attribute.k)])
        for sigma in (0.3 * mean, mean, 3 * mean):
            noise = torch.randn(_DRAWS, dataset.d, generator=generator, dtype=torch.float64)
            for name in WHITE_BOXES:
                use = name == "whitebox-prior"
                bonus = 2 * sigma**2 * prior.log() if use else 0.0
                right = nearest(thetas, fitted.theta + sigma * noise, bonus) == int(attribute.codes[i])
                closed = success_probability(
                    gram[i : i + 1], attribute.codes[i : i + 1], sigma, attribute.prior if use else None
                )
                off[name].append(_off(float(closed[0]), float(right.double().mean())))
    for name, values in off.items():
        yield Row(
            f"{case.what}, {name}: closed form, {_DRAWS:,} draws",
            "<= 3 standard errors",
            f"{max(values):.1f}",
            f"worst of {len(values)} pairs of example and sigma; rms {np.mean(np.square(values)) ** 0.5:.2f}",
            max(values) <= 3,
        )


def _off(closed: float, share: float) -> float:
    """Difference in standard errors of the share, which is taken as at least half a draw."""
    return abs(closed - share) / max((closed * (1 - closed) / _DRAWS) ** 0.5, 0.5 / _DRAWS)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"candidates": candidates}
