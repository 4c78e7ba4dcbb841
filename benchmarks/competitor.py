"""Influence of a softmax regression on many targets: beside dattri, a library for data attribution.

dattri's score of a training example i for a target t is `g_t^T (C + l2 I)^-1 g_i`, with C the Hessian of the mean loss:
n times the influence of docs/maths.md, section 9, with the same sign.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from io import StringIO
from typing import Literal

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.rows import SEED, Row, best_of, processor_seconds
from fil_core import DataSpec, ModelSpec, fit, load
from fil_core.dataset import Dataset
from fil_core.influence.linear import on_targets
from fil_core.linalg import Curvature
from fil_core.models import Fitted
from fil_core.models.newton import Optimum

Solver = Literal["explicit", "cg"]


def dattri_scores(
    theta: np.ndarray, X: np.ndarray, y: np.ndarray, X_t: np.ndarray, y_t: np.ndarray, *, l2: float, solver: Solver,
    steps: int = 10,
) -> np.ndarray:  # fmt: skip
    """Influence functions of a softmax regression by dattri, (n, m).

    All examples are one batch, since dattri solves anew for each pair of batches. Its answers are float32.

    Args:
        theta: (C, d) at the optimum.
        X: (n, d). y: (n,) classes.
        X_t: (m, d). y_t: (m,) classes.
        l2: penalty of the mean loss.
        solver: the Hessian formed and factorised, or conjugate gradients for each target.
        steps: of conjugate gradients at most; ten is dattri's default.
    """
    from dattri.algorithm.influence_function import IFAttributorCG, IFAttributorExplicit
    from dattri.task import AttributionTask

    model = nn.Linear(theta.shape[1], len(theta), bias=False).double()

    def loss(params: dict[str, Tensor], batch: tuple[Tensor, Tensor]) -> Tensor:
        return nn.functional.cross_entropy(functional_call(model, params, (batch[0],)), batch[1])

    task = AttributionTask(loss_func=loss, model=model, checkpoints={"weight": torch.tensor(theta)})
    if solver == "explicit":
        attributor = IFAttributorExplicit(task=task, regularization=l2)
    else:
        attributor = IFAttributorCG(task=task, max_iter=steps, regularization=l2)
    train, targets = (
        DataLoader(TensorDataset(torch.tensor(a), torch.tensor(b)), batch_size=len(a))
        for a, b in ((X, y), (X_t, y_t))
    )  # fmt: skip
    attributor.cache(train)
    return attributor.attribute(train, targets).detach().numpy()


def direct_scores(
    theta: np.ndarray, X: np.ndarray, y: np.ndarray, X_t: np.ndarray, y_t: np.ndarray, *, l2: float
) -> np.ndarray:
    """The same by its formula in float64, every gradient and the Hessian (C d, C d) written out.

    Args:
        theta, X, y, X_t, y_t, l2: as for `dattri_scores`.
    """
    p = torch.tensor(X @ theta.T).softmax(1).numpy()
    eye = np.eye(len(theta))
    inner = p[:, :, None] * eye - p[:, :, None] * p[:, None, :]
    H = np.einsum("ncd,ni,nj->cidj", inner, X, X).reshape(theta.size, theta.size) / len(X) + l2 * np.eye(theta.size)
    G = ((p - eye[y])[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    p_t = torch.tensor(X_t @ theta.T).softmax(1).numpy()
    G_t = ((p_t - eye[y_t])[:, :, None] * X_t[:, None, :]).reshape(len(X_t), -1)
    return G @ np.linalg.solve(H, G_t.T)


def by_components(data_dir: str | None) -> Iterator[Row]:
    """Ten classes of MNIST on 50 components: dattri's scores and ours beside the formula."""
    for n, m in ((200, 20), (5000, 100)):
        dataset = load(DataSpec(name="mnist", subset=n, pca=50, data_dir=data_dir))
        fitted = fit(ModelSpec(kind="softmax", l2=_L2), dataset)
        arrays = _arrays(fitted, dataset, m)
        true = direct_scores(*arrays, l2=_L2)
        what = f"{n:,} × {m} of MNIST, {arrays[0].size} parameters"
        found, seconds = best_of(3, lambda: on_targets(fitted, dataset, arrays[3:]))  # noqa: B023 # called at once
        wrong = _apart(n * found.numpy(), true)
        yield Row(f"influence, {what}", "", f"{seconds:.3f} s", f"from the formula by {wrong:.0e} of the largest", wrong <= _SAME)  # noqa: E501 # fmt: skip
        # Ten steps leave about 1e-5; as many as there are parameters take minutes for 100 targets.
        for solver, steps in [("explicit", 10), ("cg", 10), *([("cg", arrays[0].size)] if n == 200 else [])]:
            how = "explicit" if solver == "explicit" else f"conjugate gradients, {steps} steps"
            scores, seconds = _timed(arrays, solver, steps)
            yield Row(f"dattri, {what}: {how}", "", f"{seconds:.2f} s of processor", f"from the formula by {_apart(scores, true):.0e} of the largest")  # noqa: E501 # fmt: skip


def all_pixels(data_dir: str | None) -> Iterator[Row]:
    """100 test digits, 784 pixels: one run each at the same parameters, in seconds of the processor."""
    for n in (1000, 5000):
        dataset = load(DataSpec(name="mnist", subset=n, data_dir=data_dir))
        fitted = _at_an_optimum(dataset)
        arrays = _arrays(fitted, dataset, 100)
        found, seconds = processor_seconds(lambda: on_targets(fitted, dataset, arrays[3:]).numpy())  # noqa: B023
        what = f"{n:,} × 100 of MNIST, all pixels, {arrays[0].size:,} parameters"
        yield Row(f"influence, {what}: Hessian, Cholesky, scores", "", f"{seconds:.1f} s of processor", f"{torch.get_num_threads()} threads")  # noqa: E501 # fmt: skip
        for solver, how in (("explicit", "explicit"), ("cg", "conjugate gradients, 10 steps (its default)")):
            answer = _apart_from_us(arrays, solver)
            if answer is None:
                yield Row(f"dattri, the same: {how}", ">= 5 times slower", "out of memory", f"limit {_ROOM:.0f} GiB")
                continue
            scores, theirs = answer
            yield Row(
                f"dattri, the same: {how}", ">= 5 times slower", f"{theirs / seconds:.1f} times, {theirs:.1f} s",
                f"from ours by {_apart(scores, n * found):.0e} of the largest", theirs >= 5 * seconds,
            )  # fmt: skip


_L2 = 1e-3
_SAME = 1e-9  # of the largest score: both are solutions in float64
_ROOM = 16.0  # GiB of addresses that dattri may take


def _at_an_optimum(dataset: Dataset) -> Fitted:
    """Softmax regression by scikit-learn, without a factorised curvature: that is what is measured."""
    trained = LogisticRegression(C=1 / (dataset.n * _L2), fit_intercept=False, tol=1e-6, max_iter=1000)
    theta = torch.from_numpy(trained.fit(dataset.X, dataset.y.astype(int)).coef_)
    none, ones = torch.empty(0, dtype=theta.dtype), torch.ones(dataset.n, dtype=theta.dtype)
    return Fitted(ModelSpec(kind="softmax", l2=_L2), Optimum(theta, 0.0, 0.0, 0), Curvature(none, none), len(theta), ones)  # noqa: E501 # fmt: skip


def _arrays(fitted: Fitted, dataset: Dataset, m: int) -> tuple[np.ndarray, ...]:
    """Parameters, training rows, and m test rows, as `dattri_scores` takes them."""
    rows = np.random.default_rng(SEED).choice(len(dataset.X_test), m, replace=False)
    theta, y = fitted.theta.numpy(), dataset.y.astype(int)
    return theta, dataset.X, y, dataset.X_test[rows], dataset.y_test[rows].astype(int)


def _apart(scores: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(scores - true).max() / np.abs(true).max())


def _timed(arrays: tuple[np.ndarray, ...], solver: Solver, steps: int = 10) -> tuple[np.ndarray, float]:
    """dattri's scores and its seconds of processor, since the machine may be busy, without those of loading it."""
    import dattri.algorithm  # noqa: F401

    with redirect_stderr(StringIO()):  # where it draws its progress
        return processor_seconds(lambda: dattri_scores(*arrays, l2=_L2, solver=solver, steps=steps))


def _apart_from_us(arrays: tuple[np.ndarray, ...], solver: Solver) -> tuple[np.ndarray, float] | None:
    """The same in a process of its own, whose memory is limited; None where that is not enough."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_limited) as pool:
        try:
            return pool.submit(_timed, arrays, solver).result()
        except RuntimeError as error:
            if "memory" not in str(error):  # PyTorch's word
                raise
            return None


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (int(_ROOM * 2**30),) * 2)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "influence-dattri": by_components,
    "influence-pixels": all_pixels,
}
