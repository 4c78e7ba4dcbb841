"""The rows about attribute inference: success beside published values, and time beside refitted candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from benchmarks.reference_attacks import refitted, seconds_each, shared_trials, solver_again
from benchmarks.rows import SEED, Row, best_of, extra_memory, mib, sample
from fil_core import (
    Attribute,
    Dataset,
    DataSpec,
    Fitted,
    ModelSpec,
    attribute_of,
    candidate_shifts,
    fil,
    fit,
    infer,
    load,
    success_probability,
)

WHITE_BOXES = ("whitebox", "whitebox-prior")
_ROUNDING = 5e-4  # of a published share with three decimals
_TRIALS = 100  # releases, each shared by all examples

# --- attribute inference: IWPC -------------------------------------------------------------------------------------

_NOISELESS = {"baseline": 0.3673, "ideal": 0.659, "fredrikson14": 0.488, "whitebox": 1.0}
_WITH_INTERCEPT = 0.685
_BLACK_BOX = {1e-5: 0.486, 1e-1: 0.480, 1.0: 0.451}
_NOISY = {1e-4: 0.985, 1e-3: 0.546, 1e-2: 0.335}
_DECILES = (0.37, 0.84)  # success in the lowest and the highest decile of eta, at sigma = 1e-3
_PENALTIES = (1e-5, 1e-3, 1e-2, 1e-1)


def attribute_iwpc(data_dir: str | None) -> Iterator[Row]:
    """VKORC1 of the IWPC patients, a genotype of three values, from a least-squares model of their dose."""
    dataset = load(DataSpec(name="iwpc", data_dir=data_dir))
    attribute = attribute_of(dataset, "vkorc1")
    yield from _withoutnoise(dataset, attribute)
    yield from _withnoise(dataset, attribute)
    yield _between_penalties(dataset, attribute)
    yield from _against_refits(dataset, attribute)


def _withoutnoise(dataset: Dataset, attribute: Attribute) -> Iterator[Row]:
    fitted = fit(ModelSpec(l2=1e-3), dataset)
    found = infer(fitted, dataset, attribute, attackers=tuple(_NOISELESS))
    for name, true in _NOISELESS.items():
        yield _share(f"IWPC, VKORC1, no noise, l2 = 0.001: {name}", float(found.accuracy[name][0]), true)
    found = infer(fitted, dataset, attribute, attackers=("ideal",), intercept=True)
    what = "IWPC, VKORC1, no noise, l2 = 0.001: ideal with an intercept"
    yield _share(what, float(found.accuracy["ideal"][0]), _WITH_INTERCEPT)
    for l2, true in _BLACK_BOX.items():
        found = infer(fit(ModelSpec(l2=l2), dataset), dataset, attribute, attackers=("fredrikson14",))
        yield _share(
            f"IWPC, VKORC1, no noise, l2 = {l2:g}: fredrikson14", float(found.accuracy["fredrikson14"][0]), true
        )


def _share(what: str, found: float, true: float) -> Row:
    return Row(what, f"{true:g}, within 6e-4", f"{found:.4f}", "", abs(found - true) <= 6e-4)


def _withnoise(dataset: Dataset, attribute: Attribute) -> Iterator[Row]:
    what = "IWPC, VKORC1, l2 = 0.01"
    fitted, sigmas = fit(ModelSpec(l2=1e-2), dataset), tuple(_NOISY)
    found = infer(fitted, dataset, attribute, sigmas=sigmas, trials=_TRIALS)
    base = float(found.accuracy["baseline"][0])
    for name in WHITE_BOXES:
        columns = (found.accuracy[name], found.standard_error[name], found.exact[name])
        for sigma, trial, error, exact in zip(sigmas, *map(np.ndarray.tolist, columns), strict=True):
            if name == "whitebox":
                target, passed = f"about {_NOISY[sigma]:g}", abs(trial - _NOISY[sigma]) <= 3 * error + _ROUNDING
            else:
                target, passed = f">= {base:.4f} - 1 s.e.", trial >= base - error
            measured = f"{trial:.4f} +- {error:.4f} ({_TRIALS})"
            yield Row(f"{what}, sigma = {sigma:g}: {name}", target, measured, f"exact {exact:.4f}", passed)
    yield from _deciles(fitted, dataset, attribute, what)
    assert found.gram is not None
    scan = np.logspace(-5, 1, 31)
    exact = [success_probability(found.gram, attribute.codes, s, attribute.prior).mean() for s in scan]
    worst = int(np.argmin(exact))
    yield Row(
        f"{what}: whitebox-prior, most below the baseline",
        "",
        f"{max(0.0, base - exact[worst]):.4f} at {scan[worst]:.2g}",
        f"exact accuracy {exact[worst]:.4f}; 31 sigmas from 1e-5 to 10",
    )


def _deciles(fitted: Fitted, dataset: Dataset, attribute: Attribute, what: str) -> Iterator[Row]:
    """Success in the lowest and the highest decile of eta."""
    sigma, shift = 1e-3, all_shifts(fitted, dataset, attribute)
    exact = success_probability((shift @ shift.mT).numpy(), attribute.codes, sigma)
    right = shared_trials(shift, torch.from_numpy(attribute.codes), _noise(dataset.d), sigma).double()
    order = np.array_split(fil(fitted, dataset, columns=attribute.columns).argsort().numpy(), 10)
    for name, rows, true in zip(("lowest", "highest"), (order[0], order[-1]), _DECILES, strict=True):
        share, error = float(exact[rows].mean()), _standard_error(right[:, rows].mean(1))
        yield Row(
            f"{what}, sigma = {sigma:g}: whitebox, {name} decile of eta",
            f"about {true:g}",
            f"{share:.3f}, exact",
            f"{_TRIALS} trials {float(right[:, rows].mean()):.3f} +- {error:.3f}",
            abs(share - true) <= 3 * error + 10 * _ROUNDING,
        )


def _between_penalties(dataset: Dataset, attribute: Attribute) -> Row:
    """How far mean eta / sigma alone determines the success of the attack."""
    etas = np.logspace(-2, 2, 41)
    curves = []
    for l2 in _PENALTIES:
        fitted = fit(ModelSpec(l2=l2), dataset)
        mean = float(fil(fitted, dataset, columns=attribute.columns).mean())
        shift = all_shifts(fitted, dataset, attribute)
        gram = (shift @ shift.mT).numpy()
        curves.append([success_probability(gram, attribute.codes, mean / eta).mean() for eta in etas])
    apart = np.ptp(curves, axis=0)
    worst = int(apart.argmax())
    at = ", ".join(f"{curve[worst]:.3f}" for curve in curves)
    return Row(
        "IWPC, VKORC1: whitebox, most between penalties at equal mean eta",
        "",
        f"{apart[worst]:.3f} at eta {etas[worst]:.2g}",
        f"l2 = {', '.join(f'{l2:g}' for l2 in _PENALTIES)}: {at}",
    )


def _against_refits(dataset: Dataset, attribute: Attribute) -> Iterator[Row]:
    """Three noises of 100 releases against candidates that are trained, and compared, one at a time."""
    model, sigmas = ModelSpec(l2=1e-2), tuple(_NOISY)
    fitted = fit(model, dataset)
    _, seconds = best_of(
        3, lambda: infer(fit(model, dataset), dataset, attribute, attackers=WHITE_BOXES, sigmas=sigmas, trials=_TRIALS)
    )
    released = fitted.theta + torch.cat([sigma * _noise(dataset.d) for sigma in sigmas])
    rows = sample(dataset.n, 7)
    refits = seconds_each(refitted, fitted, dataset, attribute, rows, released)
    solves = seconds_each(solver_again(fitted, dataset), fitted, dataset, attribute, rows, released)
    what = f"IWPC: fit, {dataset.n:,} x {attribute.k} candidates, {len(released)} releases, both white boxes"
    whole = refits * dataset.n
    yield Row(
        what,
        ">= 50 x refitting",
        f"{whole / seconds:,.0f} x ({seconds:.2f} s)",
        f"refits {refits * 1e3:.2f} ms per example: {whole:.1f} s",
        whole >= 50 * seconds,
    )
    whole = solves * dataset.n
    yield Row(
        f"{what}, X^T X kept",
        "",
        f"{whole / seconds:,.0f} x",
        f"solves {solves * 1e3:.2f} ms per example: {whole:.1f} s",
    )


def all_shifts(fitted: Fitted, dataset: Dataset, attribute: Attribute) -> Tensor:
    """Candidates of every example less the parameters, (n, k, d).

    Args:
        fitted: the model. dataset: its n training examples. attribute: with k values.
    """
    return torch.cat([shift for _, shift in candidate_shifts(fitted, dataset, attribute)])


def _noise(d: int) -> Tensor:
    return torch.randn(_TRIALS, d, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)


def _standard_error(values: Tensor) -> float:
    return float(values.std() / len(values) ** 0.5)


# --- attribute inference: UCI Adult --------------------------------------------------------------------------------

_MARITAL = {0.0: 1.0, 1e-4: 0.97, 1e-3: 0.638, 1e-2: 0.525}


def fit_and_candidates(model: ModelSpec, dataset: Dataset) -> Tensor:
    """The work that is timed on UCI Adult: training, then the candidates of all examples in memory at once."""
    return all_shifts(fit(model, dataset), dataset, attribute_of(dataset, "marital-status"))


def attribute_adult(data_dir: str | None) -> Iterator[Row]:
    """Marital status of all examples of UCI Adult, two values, from models of their income."""
    data, model = DataSpec(name="uci-adult", data_dir=data_dir), ModelSpec(l2=1e-3)
    dataset = load(data)
    attribute, what = attribute_of(dataset, "marital-status"), "UCI Adult, marital status"
    shift, seconds = best_of(3, lambda: fit_and_candidates(model, dataset))
    fitted, codes = fit(model, dataset), torch.from_numpy(attribute.codes)
    found = infer(fitted, dataset, attribute, attackers=("whitebox",), sigmas=tuple(_MARITAL))
    for (sigma, true), exact in zip(_MARITAL.items(), found.accuracy["whitebox"].tolist(), strict=True):
        shares = shared_trials(shift, codes, _noise(dataset.d), sigma).double().mean(1)
        error = _standard_error(shares)
        yield Row(
            f"{what}, least squares, sigma = {sigma:g}: whitebox",
            f"{'about ' if sigma else ''}{true:g}",
            f"{exact:.4f}, exact",
            f"{_TRIALS} trials {float(shares.mean()):.4f} +- {error:.4f}",
            abs(exact - true) <= 3 * error + _ROUNDING,
        )
    what = f"UCI Adult, least squares: fit and all {dataset.n:,} x {attribute.k} candidates"
    yield from _candidate_times(what, fitted, dataset, attribute, seconds)
    extra = extra_memory(fit_and_candidates, model, data)
    kept = f"the candidates themselves {mib(shift.nbytes)}"
    yield Row(f"{what}: memory", "<= 2 GiB", mib(extra), kept, extra <= 2**31)
    model = ModelSpec(kind="logistic", l2=1e-3)
    _, seconds = best_of(1, lambda: fit_and_candidates(model, dataset))
    yield from _candidate_times(
        what.replace("least squares", "logistic"), fit(model, dataset), dataset, attribute, seconds
    )


def _candidate_times(
    what: str, fitted: Fitted, dataset: Dataset, attribute: Attribute, seconds: float
) -> Iterator[Row]:
    least_squares = fitted.spec.kind == "least-squares"
    each = seconds_each(refitted, fitted, dataset, attribute, sample(dataset.n, 10))
    whole = each * dataset.n
    beside = f"refits {each * 1e3:,.0f} ms per example: {whole:,.0f} s"
    ratio = f"{whole / seconds:,.0f} x"
    if not least_squares:
        yield Row(what, "", f"{seconds:.1f} s, {ratio}", beside)
        return
    yield Row(what, "<= 3 s", f"{seconds:.2f} s, best of 3", "", seconds <= 3)
    yield Row(f"{what} against refits", ">= 500 x refitting", ratio, beside, whole >= 500 * seconds)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "attribute-iwpc": attribute_iwpc,
    "attribute-adult": attribute_adult,
}
