"""The rows about influence functions: what dattri, a library for data attribution, takes for a softmax regression.

dattri's score of a training example i for a target t is `g_t^T (C + l2 I)^-1 g_i`, with C the Hessian of the mean loss:
n times the influence of docs/maths.md, section 8, with the same sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.rows import SEED, Row, best_of
from fil_core import DataSpec, ModelSpec, fit, load

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


def competitor(data_dir: str | None) -> Iterator[Row]:
    """Ten classes of MNIST on 50 components: dattri's scores beside the formula, and its seconds."""
    l2 = 1e-3
    for n, m in ((200, 20), (5000, 100)):
        spec = DataSpec(name="mnist", subset=n, pca=50, data_dir=data_dir)
        dataset = load(spec)
        theta = fit(ModelSpec(kind="softmax", l2=l2), dataset).theta.numpy()
        rows = np.random.default_rng(SEED).choice(len(dataset.X_test), m, replace=False)
        arrays = (theta, dataset.X, dataset.y.astype(int), dataset.X_test[rows], dataset.y_test[rows].astype(int))
        true = direct_scores(*arrays, l2=l2)
        yield _row(arrays, true, "explicit", l2=l2, solver="explicit")
        # Ten steps leave about 1e-5; as many as there are parameters take minutes for 100 targets.
        for steps in (10, theta.size) if n == 200 else (10,):
            yield _row(arrays, true, f"conjugate gradients, {steps} steps", l2=l2, solver="cg", steps=steps)


def _row(arrays: tuple[np.ndarray, ...], true: np.ndarray, how: str, **options: Any) -> Row:
    import dattri.algorithm  # noqa: F401 # loads for seconds, which are not to be counted

    with redirect_stderr(StringIO()):  # where it draws its progress
        scores, seconds = best_of(1, lambda: dattri_scores(*arrays, **options))
    wrong = float(np.abs(scores - true).max() / np.abs(true).max())
    n, m = true.shape
    return Row(
        f"dattri, {n:,} × {m} of MNIST, {arrays[0].size} parameters: {how}", "",
        f"{seconds:.2f} s", f"from the formula by {wrong:.0e} of the largest",
    )  # fmt: skip


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {"influence": competitor}
