"""The rows about the attacks: what they achieve, beside published and refitted values, and how long they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.reference_attacks import nearest, refitted, seconds_each, shared_trials, solver_again
from benchmarks.rows import SEED, Row, best_of, extra_memory, mib, sample
from fil_core import (
    Attribute,
    Dataset,
    DataSpec,
    Fitted,
    ModelSpec,
    ReconstructionRequest,
    Result,
    attribute_of,
    candidate_shifts,
    fil,
    fit,
    infer,
    load,
    reconstruct,
    success_probability,
)
from fil_core.analyses.analysis import Inputs
from fil_core.analyses.reconstruction.parts import one_by_one
from fil_core.analyses.reconstruction.run import run_reconstruction, together
from fil_core.specs import ModelKind

_KINDS: tuple[ModelKind, ...] = ("least-squares", "logistic")
_WHITE = ("whitebox", "whitebox-prior")
_ROUNDING = 5e-4  # of a published share with three decimals
_TRIALS = 100  # releases, each shared by all examples

# --- attribute inference: IWPC -------------------------------------------------------------------------------------

_NOISELESS = {"baseline": 0.3673, "ideal": 0.659, "fredrikson14": 0.488, "whitebox": 1.0}
_WITH_INTERCEPT = 0.685
_BLACK_BOX = {1e-5: 0.486, 1e-1: 0.480, 1.0: 0.451}
_NOISY = {1e-4: 0.985, 1e-3: 0.546, 1e-2: 0.335}
_DECILES = (0.37, 0.84)  # success against the least and the most exposed tenth, at sigma = 1e-3
_PENALTIES = (1e-5, 1e-3, 1e-2, 1e-1)


def attribute_iwpc(data_dir: str | None) -> Iterator[Row]:
    """VKORC1 of the IWPC patients, a genotype of three values, from a least-squares model of their dose."""
    dataset = load(DataSpec(name="iwpc", data_dir=data_dir))
    attribute = attribute_of(dataset, "vkorc1")
    yield from _without_noise(dataset, attribute)
    yield from _with_noise(dataset, attribute)
    yield _between_penalties(dataset, attribute)
    yield from _against_refits(dataset, attribute)


def _without_noise(dataset: Dataset, attribute: Attribute) -> Iterator[Row]:
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


def _with_noise(dataset: Dataset, attribute: Attribute) -> Iterator[Row]:
    what = "IWPC, VKORC1, l2 = 0.01"
    fitted, sigmas = fit(ModelSpec(l2=1e-2), dataset), tuple(_NOISY)
    found = infer(fitted, dataset, attribute, sigmas=sigmas, trials=_TRIALS)
    base = float(found.accuracy["baseline"][0])
    for name in _WHITE:
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
    """Success against the least and the most exposed tenth."""
    sigma, shift = 1e-3, all_shifts(fitted, dataset, attribute)
    exact = success_probability((shift @ shift.mT).numpy(), attribute.codes, sigma)
    right = shared_trials(shift, torch.from_numpy(attribute.codes), _noise(dataset.d), sigma).double()
    order = np.array_split(fil(fitted, dataset, columns=attribute.columns).argsort().numpy(), 10)
    for name, rows, true in zip(("lowest", "highest"), (order[0], order[-1]), _DECILES, strict=True):
        share, error = float(exact[rows].mean()), _standard_error(right[:, rows].mean(1))
        yield Row(
            f"{what}, sigma = {sigma:g}: whitebox, {name} tenth of eta",
            f"about {true:g}",
            f"{share:.3f}, exact",
            f"{_TRIALS} trials {float(right[:, rows].mean()):.3f} +- {error:.3f}",
            abs(share - true) <= 3 * error + 10 * _ROUNDING,
        )


def _between_penalties(dataset: Dataset, attribute: Attribute) -> Row:
    """Whether mean eta / sigma alone says how well the attack does."""
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
        3, lambda: infer(fit(model, dataset), dataset, attribute, attackers=_WHITE, sigmas=sigmas, trials=_TRIALS)
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
        f"refits {refits * 1e3:.2f} ms an example: {whole:.1f} s",
        whole >= 50 * seconds,
    )
    whole = solves * dataset.n
    yield Row(
        f"{what}, X^T X kept",
        "",
        f"{whole / seconds:,.0f} x",
        f"solves {solves * 1e3:.2f} ms an example: {whole:.1f} s",
    )


def all_shifts(fitted: Fitted, dataset: Dataset, attribute: Attribute) -> Tensor:
    """Candidates of every example, (n, k, d)."""
    return torch.cat([shift for _, shift in candidate_shifts(fitted, dataset, attribute)])


def _noise(d: int) -> Tensor:
    return torch.randn(_TRIALS, d, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)


def _standard_error(values: Tensor) -> float:
    return float(values.std() / len(values) ** 0.5)


# --- attribute inference: UCI Adult --------------------------------------------------------------------------------

_MARITAL = {0.0: 1.0, 1e-4: 0.97, 1e-3: 0.638, 1e-2: 0.525}


def fit_and_candidates(model: ModelSpec, dataset: Dataset) -> Tensor:
    """What is timed on UCI Adult: training, then the candidates of every example, all kept."""
    return all_shifts(fit(model, dataset), dataset, attribute_of(dataset, "marital-status"))


def attribute_adult(data_dir: str | None) -> Iterator[Row]:
    """Marital status of everyone in UCI Adult, two values, from models of their income."""
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
    beside = f"refits {each * 1e3:,.0f} ms an example: {whole:,.0f} s"
    ratio = f"{whole / seconds:,.0f} x"
    if not least_squares:
        yield Row(what, "", f"{seconds:.1f} s, {ratio}", beside)
        return
    yield Row(what, "<= 3 s", f"{seconds:.2f} s, best of 3", "", seconds <= 3)
    yield Row(f"{what} against refits", ">= 500 x refitting", ratio, beside, whole >= 500 * seconds)


# --- candidates ----------------------------------------------------------------------------------------------------

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
    """Closed form against draws, for examples and noises that leave something to chance."""
    mean = float(fil(fitted, dataset, columns=attribute.columns).mean())
    gram, prior = (shift @ shift.mT).numpy(), torch.from_numpy(attribute.prior)
    generator = torch.Generator().manual_seed(SEED)
    off: dict[str, list[float]] = {name: [] for name in _WHITE}
    for i in sample(dataset.n, _PAIRS // 3):
        thetas = torch.stack([refitted(fitted, dataset, attribute, i, v) for v in range(attribute.k)])
        for sigma in (0.3 * mean, mean, 3 * mean):
            noise = torch.randn(_DRAWS, dataset.d, generator=generator, dtype=torch.float64)
            for name in _WHITE:
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
    """Difference in standard errors of the share, at least half a draw's worth where chance has no say."""
    return abs(closed - share) / max((closed * (1 - closed) / _DRAWS) ** 0.5, 0.5 / _DRAWS)


# --- reconstruction ------------------------------------------------------------------------------------------------

_SHARP = 1e-9  # a noise so small that the attack is as good as linear
_RIGHT = 1e-6  # of |x|, less than which is the example itself


def reconstruction(data_dir: str | None) -> Iterator[Row]:
    """Digits 0 and 1 of MNIST, from 20 principal components and from all pixels."""
    for pca, examples, trials in ((20, 20, 100), (None, 2, 20)):
        dataset = load(DataSpec(name="mnist", classes=("0", "1"), pca=pca, data_dir=data_dir))
        for kind in _KINDS:
            fitted = fit(ModelSpec(kind=kind, l2=1e-3), dataset)
            what = f"MNIST 0/1, {f'{pca} components' if pca else '784 pixels'}, {kind}"
            yield _exact_row(what, fitted, dataset)
            if pca:
                yield _picked_row(what, fitted, dataset)
                yield _floor_row(what, fitted, dataset)
            yield from _noise_rows(what, fitted, dataset, examples, trials)


def _digits(dataset: Dataset, each: int) -> list[int]:
    """Positions of so many examples of each class, in the order of the seeded sample."""
    order = np.array(sample(dataset.n, dataset.n))
    return [int(i) for c in range(2) for i in order[dataset.y[order] == c][:each]]


def _attack(fitted: Fitted, dataset: Dataset, rows: list[int], sigmas: tuple[float, ...], trials: int) -> Result:
    ids = tuple(int(dataset.ids[i]) for i in rows)
    request = ReconstructionRequest(model=fitted.spec, ids=ids, sigmas=sigmas, trials=trials)
    inputs = Inputs(dataset, fitted.theta.device, optimum=fitted)
    return together([run_reconstruction(one, inputs) for one in one_by_one(request)])


def _exact_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    rows = _digits(dataset, 6)
    psnr = _attack(fitted, dataset, rows, (0.0,), 1).table["psnr"]
    low, middle = float(psnr.min()), float(psnr.median())
    measured, beside = f"{low:.0f} dB", f"lowest of {len(rows)} digits; median {middle:.0f} dB"
    return Row(f"{what}: PSNR without noise", ">= 60 dB", measured, beside, low >= 60)


def _picked(fitted: Fitted, dataset: Dataset, rows: list[int]) -> np.ndarray:
    """Whether of the two explanations of a release without noise the example itself is taken, (m,)."""
    found = reconstruct(fitted, dataset, rows, sigmas=(0.0,), trials=1, prior_std=1.0)
    return np.array([np.linalg.norm(one.guess[0] - one.truth) <= _RIGHT * np.linalg.norm(one.truth) for one in found])


def _picked_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    rows = _digits(dataset, 100)
    right = _picked(fitted, dataset, rows)
    by_class = [f"{right[dataset.y[rows] == c].sum()} of digit {c}" for c in range(2)]
    return Row(
        f"{what}: exact explanation picked right",
        "",
        f"{right.mean():.1%} of {len(rows)}",
        f"{' and '.join(by_class)} among 100 each",
    )


def _floor_row(what: str, fitted: Fitted, dataset: Dataset) -> Row:
    """One digit of each class, the first whose explanation is picked right: a wrong one is no small error."""
    rows = _digits(dataset, 6)
    right = np.array(rows)[_picked(fitted, dataset, rows)]
    rows = [int(right[dataset.y[right] == c][0]) for c in range(2)]
    table = _attack(fitted, dataset, rows, (_SHARP,), 2000).table
    ratio, error = table["mse"] / table["bound_unbiased"], table["mse_error"] / table["bound_unbiased"]
    return Row(
        f"{what}: mse / bound_unbiased, sigma = {_SHARP:g}",
        "0.9 to 1.1",
        ", ".join(f"{r:.3f}" for r in ratio),
        f"2,000 releases of one digit of each class; standard error {error.max():.3f}",
        bool(ratio.between(0.9, 1.1).all()),
    )


def _noise_rows(what: str, fitted: Fitted, dataset: Dataset, examples: int, trials: int) -> Iterator[Row]:
    """The command's own noises: none, and 11 from nearly none to ten times what the features' spread would hide."""
    rows, times = _digits(dataset, examples // 2), 2 if trials == _TRIALS else 1
    result, seconds = best_of(times, lambda: _attack(fitted, dataset, rows, (), trials))
    table = result.table[result.table["sigma"] > 0]
    sigmas = sorted(set(table["sigma"]))
    yield Row(
        f"{what}: {len(sigmas)} sigmas x {trials} releases",
        "",
        f"{seconds / len(rows):.2f} s an example",
        f"over {len(rows)} digits, what they share included; best of {times}",
    )
    if trials < _TRIALS:
        return
    middle = sigmas[len(sigmas) // 2]
    at = table[table["sigma"] == middle]
    psnr = f"PSNR {at['psnr_prior'].mean():.1f} dB, unbiased {at['psnr'].mean():.1f} dB"
    beside = f"geometric mean of {len(rows)} digits, sigma = {middle:g}"
    yield Row(f"{what}: mse_prior / bound_prior", "", _geometric(at, "mse_prior", "bound_prior"), beside)
    yield Row(f"{what}: mse / mse_prior", "", _geometric(at, "mse", "mse_prior"), f"{beside}; {psnr}")


def _geometric(table: pd.DataFrame, above: str, below: str) -> str:
    ratio = table[above] / table[below]
    return f"{np.exp(np.log(ratio).mean()):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "attribute-iwpc": attribute_iwpc,
    "attribute-adult": attribute_adult,
    "candidates": candidates,
    "reconstruction": reconstruction,
}
