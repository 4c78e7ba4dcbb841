"""Both influence analyses from a request to their result, against formulas and training again written out here."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from torch.func import functional_call, grad, hessian, jacrev

from fil_core.analyses.influence.request import CURVATURES, InfluenceRequest
from fil_core.analyses.influence.words import sentence
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import weights_of
from fil_core.analyses.network_influence.request import NETWORK_CURVATURES, NetworkInfluenceRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.linalg.correlation import pearson
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import trainable
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec

DATA = DataSpec(name="digits", classes=("3", "8"), subset=40, pca=4)
M = 15  # test rows that count
LOGISTIC = ModelSpec(kind="logistic", l2=0.02, intercept=True)
NETWORK = NetworkSpec(width=3, lr=0.3, time=30, l2=0.02)
DAMPING = 0.05
CLOSE = {"rtol": 1e-6, "atol": 1e-9}
OPTIMA = {"rtol": 1e-5, "atol": 1e-8}  # two ways to an optimum


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


@pytest.fixture(scope="module")
def data(engine):
    return engine.dataset(DATA)


def rows_of(target: str, data) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of the examples that a target means, which is not `self`."""
    kind, _, names = target.partition(":")
    if kind in ("id", "ids"):
        rows = np.isin(data.ids, [int(name) for name in names.split(",")])
        return data.X[rows], data.y[rows]
    X, y = data.X_test[:M], data.y_test[:M]
    keep = {
        "test-loss": lambda: slice(None),
        "test": lambda: [int(names)],
        "class": lambda: y == data.class_names.index(names),
    }[kind]()
    return X[keep], y[keep]


def targets(data) -> list[str]:
    return ["self", "test-loss", "test:3", f"id:{data.ids[5]}", f"ids:{data.ids[7]},{data.ids[2]}", "class:8"]


TARGETS = range(6)


class Logistic:
    """The objective sum_i w_i l_i + n l2 / 2 |theta without the constant|^2 of logistic regression."""

    def __init__(self, data) -> None:
        self.data = data

    def losses(self, theta: torch.Tensor, X: np.ndarray, y: np.ndarray) -> torch.Tensor:
        z = torch.from_numpy(np.hstack([X, np.ones((len(X), 1))])) @ theta
        return torch.nn.functional.softplus(z) - torch.from_numpy(y) * z

    def objective(self, theta: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        ridge = self.data.n * LOGISTIC.l2 / 2 * theta[:-1].square().sum()
        return w @ self.losses(theta, self.data.X, self.data.y) + ridge

    def optimum(self, w: np.ndarray) -> torch.Tensor:
        weights = torch.from_numpy(w)

        def value(theta: np.ndarray) -> tuple[float, np.ndarray]:
            at = torch.from_numpy(theta)
            return float(self.objective(at, weights)), grad(self.objective)(at, weights).numpy()

        found = torch.from_numpy(minimize(value, np.zeros(self.data.d + 1), jac=True, method="BFGS").x)
        for _ in range(3):  # Newton's method ends what BFGS began
            found = found - torch.linalg.solve(
                hessian(self.objective)(found, weights), grad(self.objective)(found, weights)
            )
        return found

    def without(self, *rows: int) -> np.ndarray:
        w = np.ones(self.data.n)
        w[list(rows)] = 0
        return w


@pytest.mark.parametrize("which", TARGETS)
def test_a_linear_model_and_every_target(engine, data, which):
    target, model = targets(data)[which], Logistic(data)
    left_out = InfluenceRequest(data=DATA, model=LOGISTIC, target=target, validation_size=M, truth=True, examples=4)
    found = engine.get(left_out)
    ones = np.ones(data.n)
    theta = model.optimum(ones)
    G = jacrev(model.losses)(theta, data.X, data.y)
    aimed = G if target == "self" else jacrev(model.losses)(theta, *rows_of(target, data)).mean(0).expand_as(G)
    H = hessian(model.objective)(theta, torch.from_numpy(ones))
    expected = (torch.linalg.solve(H, G.T).T * aimed).sum(1)
    np.testing.assert_allclose(found.table["influence"], expected, **OPTIMA)
    np.testing.assert_allclose(found.table["loss"], model.losses(theta, data.X, data.y), **OPTIMA)
    known = np.flatnonzero(found.table["leave_one_out"].notna())
    assert len(known) == 4
    for row in known:
        of = (data.X[row : row + 1], data.y[row : row + 1]) if target == "self" else rows_of(target, data)
        moved = model.optimum(model.without(row))
        change = float((model.losses(moved, *of) - model.losses(theta, *of)).mean())
        assert found.table["leave_one_out"].iloc[row] == pytest.approx(change, rel=1e-5, abs=1e-9)
    assert found.summary["compared"] == 4
    true = found.table["leave_one_out"].to_numpy()[known]
    assert found.summary["pearson"] == pytest.approx(np.corrcoef(expected[known], true)[0, 1], rel=1e-6)
    assert found.summary["slope"] == pytest.approx(float(expected[known].numpy() @ true / (expected[known] @ expected[known])), rel=1e-5)  # noqa: E501 # fmt: skip


def test_many_left_out_of_a_linear_model(engine, data):
    model, group = Logistic(data), tuple(map(int, data.ids[[4, 9, 11]]))
    asked = InfluenceRequest(
        data=DATA, model=LOGISTIC, validation_size=M, truth=True, examples=3, group=group, remove=5, subsets=4,
        share=0.6, draw_seed=2,
    )  # fmt: skip
    found, of = engine.get(asked), rows_of("test-loss", data)
    table, s = found.table, found.summary
    before = float(model.losses(model.optimum(np.ones(data.n)), *of).mean())

    def change(w: np.ndarray) -> float:
        return float(model.losses(model.optimum(w), *of).mean()) - before

    assert s["group"]["leave_group_out"] == pytest.approx(change(model.without(4, 9, 11)), rel=1e-5)
    assert s["group"]["influence"] == pytest.approx(float(table["influence"].iloc[[4, 9, 11]].sum()), rel=1e-12)
    order = np.argsort(table["influence"].to_numpy())
    assert s["removed"]["harmful"] == pytest.approx(change(model.without(*order[:5])), rel=1e-5)
    assert s["removed"]["helpful"] == pytest.approx(change(model.without(*order[-5:])), rel=1e-5)
    assert s["removed"]["harmful"] < s["removed"]["random"] < s["removed"]["helpful"]
    true, predicted = [], []
    for draw in range(4):
        kept = np.zeros(data.n)
        kept[np.random.default_rng([2, draw]).choice(data.n, 24, replace=False)] = 1
        true.append(change(kept * data.n / 24))
        predicted.append(float((table["influence"].to_numpy() * (1 - kept)).sum()))
    assert s["subsets"] == 4 and s["lds"] == pytest.approx(pearson(*(pd.Series(one).rank().to_numpy() for one in (predicted, true))))  # noqa: E501 # fmt: skip


class Trained:
    """A small network, trained by gradient descent written out, and its losses and curvature at the end."""

    def __init__(self, data, spec: NetworkSpec) -> None:
        self.spec, self.at = spec, problem(spec, data, torch.device("cpu"))
        self.start = trainable(self.at.module)

    def after(self, w: np.ndarray) -> dict[str, torch.Tensor]:
        """Weights after training on sum_i w_i l_i."""
        weights, w_ = self.start, torch.from_numpy(w)
        loss = grad(lambda at: w_ @ self.losses(at, self.at.X, self.at.Y))
        for _ in range(int(self.spec.time)):
            slopes = loss(weights)
            weights = {
                name: value - self.at.step * (slopes[name] + self.spec.l2 * (value - self.start[name]))
                for name, value in weights.items()
            }
        return weights

    def losses(self, weights: dict[str, torch.Tensor], X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
        return self.at.losses(functional_call(self.at.module, weights, (X,)), Y)

    def flat(self, weights: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat([value.flatten() for value in weights.values()])

    def named(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        parts = theta.split([value.numel() for value in self.start.values()])
        return {name: part.view_as(value) for (name, value), part in zip(self.start.items(), parts, strict=True)}

    def of_rows(self, X: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Of two classes, whose targets are 0 and 1."""
        return torch.from_numpy(X), torch.from_numpy(y)[:, None].double()

    def formula(self, curvature: str, aimed: torch.Tensor | None, theta: torch.Tensor) -> torch.Tensor:
        """g_t^T (n B)^-1 g_i with B = C + (l2 + damping) I formed; `aimed` None for each example itself."""
        X, Y = self.at.X, self.at.Y
        G = jacrev(lambda at: self.losses(self.named(at), X, Y))(theta)
        n, p = G.shape
        if curvature == "identity":
            return (G * (G if aimed is None else aimed)).sum(1) / n
        J = jacrev(lambda at: functional_call(self.at.module, self.named(at), (X,)).flatten())(theta)
        F = G.T @ G
        sizes = [self.start[f"{layer}.weight"].numel() + self.start[f"{layer}.bias"].numel() for layer in (0, 2)]
        C = {
            "hessian": hessian(lambda at: self.losses(self.named(at), X, Y).sum())(theta),
            "ggn": J.T @ J,
            "empirical-fisher": F,
            "empirical-fisher-block": F * torch.block_diag(*(torch.ones(s, s, dtype=F.dtype) for s in sizes)),
            "diagonal": F.diag().diag(),
        }[curvature]
        U = torch.linalg.solve(C + n * (self.spec.l2 + DAMPING) * torch.eye(p, dtype=F.dtype), G.T).T
        return (U * (G if aimed is None else aimed)).sum(1)


@pytest.fixture(scope="module")
def trained(data) -> Trained:
    return Trained(data, NETWORK)


@pytest.fixture(scope="module")
def full(trained, data) -> dict[str, torch.Tensor]:
    return trained.after(np.full(data.n, 1 / data.n))


def asked(target: str, **fields) -> NetworkInfluenceRequest:
    return NetworkInfluenceRequest(
        data=DATA, network=NETWORK, target=target, validation_size=M, damping=DAMPING, **fields
    )


def aimed_at(target: str, trained: Trained, weights, data) -> torch.Tensor | None:
    if target == "self":
        return None
    X, Y = trained.of_rows(*rows_of(target, data))
    return trained.flat(grad(lambda at: trained.losses(at, X, Y).mean())(weights))


@pytest.mark.parametrize("which", TARGETS)
@pytest.mark.parametrize("curvature", CURVATURES)
def test_every_curvature_of_a_network_and_every_target(engine, data, trained, full, curvature, which):
    target = targets(data)[which]
    found = engine.get(asked(target, curvature=curvature))
    expected = trained.formula(curvature, aimed_at(target, trained, full, data), trained.flat(full))
    np.testing.assert_allclose(found.table["influence"], expected, **CLOSE)
    assert list(found.table.index) == list(data.ids)
    chosen = found.arrays["dampings"].tolist().index(found.summary["damping"])
    assert found.summary["damping"] == (0.01 if curvature == "identity" else DAMPING)
    assert (found.arrays["by_damping"][chosen] == found.table["influence"].to_numpy()).all()
    np.testing.assert_allclose(found.table["loss"], trained.losses(full, trained.at.X, trained.at.Y), **CLOSE)


def test_what_no_mini_batch_had_has_no_sign(engine):
    # Twelve steps of one example leave most out, whose influence is 0 and whose truth is rounding.
    network = dataclasses.replace(NETWORK, batch=1, batch_seed=3, time=12)
    found = engine.get(NetworkInfluenceRequest(data=DATA, network=network, truth=True))
    table = found.table[found.table["influence"] != 0]
    assert 0 < len(table) <= 12 < len(found.table)
    unused = found.table["leave_one_out"][found.table["influence"] == 0]
    assert unused.abs().max() < 1e-15
    agree = np.sign(table["influence"]) == np.sign(table["leave_one_out"])
    assert found.summary["sign_agreement"] == agree.mean()
    assert found.summary["always_positive"] == (table["leave_one_out"] > 0).mean()


def test_a_subset_or_group_without_an_optimum_costs_its_own_value_alone(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path))
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(30, 4)), draw.normal(size=30)
    X[1:, 3] = 0  # row 0 alone has a value there, and no penalty
    np.savez(tmp_path / "lever.npz", X=X[:24], y=y[:24], X_test=X[24:], y_test=y[24:])
    data = DataSpec(name=add(tmp_path / "lever.npz", Choices(task="regression")).name, preprocess="none")
    model = ModelSpec(kind="least-squares", l2=0.0, intercept=False)
    request = InfluenceRequest(data=data, model=model, truth=True, subsets=8, group=(0, 1), remove=5)
    found = engine.get(request)
    said = sentence(Subject(request, found, engine.dataset(data), "", False, 1), str)
    assert "nan" not in said.lower() and "Leaving the group of 2 out" in said and "really changed without" in said
    lost = sum(0 not in np.random.default_rng([0, i]).choice(24, 12, replace=False) for i in range(8))
    assert 0 < lost < 8 and found.summary["subsets"] == 8 - lost
    assert np.isnan(found.summary["group"]["leave_group_out"])
    assert any("the group" in one and f"{lost} of 8 subsets" in one for one in found.provenance["warnings"])
    assert np.isfinite(found.table["leave_one_out"].iloc[1:]).all() and np.isfinite(found.summary["pearson"])


@pytest.mark.parametrize("curvature", ["hessian", "ggn"])
def test_every_solver_says_the_same(engine, data, curvature):
    solvers = ["direct", "krylov", *(["sample-space"] if curvature == "ggn" else [])]
    found = [engine.get(asked("test-loss", curvature=curvature, solver=solver)) for solver in solvers]
    assert [one.summary["method"] for one in found] == ["direct", "Krylov", "sample space"][: len(solvers)]
    for one in found[1:]:
        np.testing.assert_allclose(one.table["influence"], found[0].table["influence"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("solver", ["direct", "krylov", "sample-space"])
@pytest.mark.parametrize("target", ["self", "test-loss"])
def test_single_precision(engine, target, solver):
    for curvature in NETWORK_CURVATURES if solver == "sample-space" else ("hessian", "ggn"):
        solved = curvature == "ggn" or (curvature == "hessian" and solver != "sample-space")
        one = asked(target, curvature=curvature, solver=solver if solved else "auto")
        single = dataclasses.replace(one, network=dataclasses.replace(NETWORK, precision="float32"))
        found, exact = (engine.get(each).table["influence"].to_numpy() for each in (single, one))
        # 30 steps in float32, and a damped curvature whose condition is about a hundred.
        np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-4 * np.abs(exact).max())
        assert engine.get(single).provenance["dtype"] == "float32"


@pytest.mark.parametrize("which", TARGETS)
def test_metagradient_tracin_and_the_truth_of_every_target(engine, data, trained, full, which):
    target, n = targets(data)[which], data.n
    found = engine.get(asked(target, truth=True, examples=3))
    known = np.flatnonzero(found.table["leave_one_out"].notna())
    assert len(known) == 3 and found.summary["compared"] == 3

    def loss(weights, row: int) -> float:
        of = (data.X[row : row + 1], data.y[row : row + 1]) if target == "self" else rows_of(target, data)
        return float(trained.losses(weights, *trained.of_rows(*of)).mean())

    for row in known:
        w = np.full((3, n), 1 / n)
        w[:, row] *= [0, 1 + 1e-4, 1 - 1e-4]
        without, more, less = (loss(trained.after(one), row) for one in w)
        one = found.table.iloc[row]
        assert one["leave_one_out"] == pytest.approx(without - loss(full, row), rel=1e-7, abs=1e-12)
        # Central differences leave an error of about 1e-8, and rounding over the step.
        assert one["influence"] == pytest.approx((less - more) / 2e-4, rel=1e-5, abs=1e-9)
    total = torch.zeros(n, dtype=torch.float64)
    for steps in (10, 20, 30):
        weights = Trained(data, dataclasses.replace(NETWORK, time=steps)).after(np.full(n, 1 / n))
        aim = aimed_at(target, trained, weights, data)
        total += trained.at.step * n * trained.formula("identity", aim, trained.flat(weights))
    traced = engine.get(asked(target, curvature="tracin", checkpoints=3))
    np.testing.assert_allclose(traced.table["influence"], total, **CLOSE)


def test_many_left_out_of_a_network(engine, data, trained, full):
    group, n = tuple(map(int, data.ids[[4, 9]])), data.n
    found = engine.get(asked("test-loss", truth=True, examples=3, group=group, remove=5, subsets=4, share=0.6, draw_seed=2))  # noqa: E501 # fmt: skip
    of, s, influence = trained.of_rows(*rows_of("test-loss", data)), found.summary, found.table["influence"].to_numpy()

    def change(w: np.ndarray) -> float:
        return float((trained.losses(trained.after(w), *of) - trained.losses(full, *of)).mean())

    def without(rows) -> float:
        w = np.full(n, 1 / n)
        w[rows] = 0
        return change(w)

    assert s["group"]["leave_group_out"] == pytest.approx(without([4, 9]), rel=1e-7)
    assert s["group"]["influence"] == pytest.approx(influence[[4, 9]].sum(), rel=1e-12)
    order = np.argsort(influence)
    assert s["removed"]["harmful"] == pytest.approx(without(order[:5]), rel=1e-7)
    assert s["removed"]["helpful"] == pytest.approx(without(order[-5:]), rel=1e-7)
    kept = np.stack([np.isin(np.arange(n), np.random.default_rng([2, d]).choice(n, 24, replace=False)) for d in range(4)])  # noqa: E501 # fmt: skip
    true, predicted = [change(row / 24) for row in kept], (~kept) @ influence
    assert s["lds"] == pytest.approx(pearson(*(pd.Series(one).rank().to_numpy() for one in (predicted, true))))
    draws = [np.isin(np.arange(n), np.random.default_rng([2, d]).choice(n, n - 5, replace=False)) for d in range(5)]
    assert s["removed"]["random"] == pytest.approx(np.mean([change(row / n) for row in draws]), rel=1e-7)


def test_the_run_is_that_of_training(engine, data, full):
    run = engine.get(training_run(asked("self")))
    for name, value in weights_of(run, torch.device("cpu")).items():
        torch.testing.assert_close(value, full[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("target", ["self", "test-loss"])
def test_sentences(engine, target):
    text = DataSpec(name="grammar:40")
    spec = NetworkSpec(kind="lstm", width=3, embedding=2, lr=0.3, time=3)
    data, request = engine.dataset(text), NetworkInfluenceRequest(data=text, network=spec, target=target, truth=True, examples=3)  # noqa: E501 # fmt: skip
    found, model = engine.get(request), Trained(data, spec)
    n, known = data.n, np.flatnonzero(found.table["leave_one_out"].notna())
    assert model.at.step == pytest.approx(0.3 * n / (data.X >= 0).sum())
    weights = model.after(np.full(n, 1 / n))

    def loss(at, row: int) -> float:
        X = torch.from_numpy(data.X[row : row + 1] if target == "self" else data.X_test)
        tokens = functional_call(model.at.module, at, (X,)).log_softmax(-1).gather(-1, X.long().clamp_min(0)[..., None])
        return float(-tokens[..., 0][X >= 0].sum() / len(X))

    for row in known:
        w = np.full((3, n), 1 / n)
        w[:, row] *= [0, 1 + 1e-4, 1 - 1e-4]
        without, more, less = (loss(model.after(one), row) for one in w)
        one = found.table.iloc[row]
        assert one["leave_one_out"] == pytest.approx(without - loss(weights, row), rel=1e-7, abs=1e-11)
        assert one["influence"] == pytest.approx((less - more) / 2e-4, rel=1e-5, abs=1e-9)
    fisher = NetworkInfluenceRequest(data=text, network=spec, target=target, curvature="empirical-fisher", damping=DAMPING)  # noqa: E501 # fmt: skip
    theta = model.flat(weights)

    def losses(at, X):
        return model.losses(model.named(at), X, X)

    G = jacrev(lambda at: losses(at, model.at.X))(theta)
    aimed = G if target == "self" else grad(lambda at: losses(at, model.at.X_test).mean())(theta)
    U = torch.linalg.solve(G.T @ G + n * DAMPING * torch.eye(len(theta), dtype=G.dtype), G.T).T
    np.testing.assert_allclose(engine.get(fisher).table["influence"], (U * aimed).sum(1), rtol=1e-6, atol=1e-9)
    lengths = (data.X[known] >= 0).sum(1)
    expected = abs(np.corrcoef(lengths, found.table["leave_one_out"].iloc[known])[0, 1])
    assert abs(found.summary["length_pearson"]) == pytest.approx(expected, rel=1e-9)


@pytest.fixture
def people(tmp_path) -> DataSpec:
    """Rows with names, some of which look like numbers."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(30, 3)), columns=["a", "b", "c"])
    table["ill"] = np.where(table["a"] + random.normal(size=30) > 0, "yes", "no")
    table["who"] = [f"P{i:02d}" if i % 2 else str(100 - i) for i in range(30)]
    table.to_csv(tmp_path / "people.csv", index=False)
    return DataSpec(name=add(tmp_path / "people.csv", Choices(target="ill", id="who", test_fraction=0.2)).name)


def test_examples_are_called_by_their_names(engine, people):
    data = engine.dataset(people)
    names = [str(one) for one in data.called(data.ids)]
    by_row = InfluenceRequest(data=people, model=LOGISTIC, target=f"id:row:{data.ids[3]}", group=tuple(map(int, data.ids[:2])))  # noqa: E501 # fmt: skip
    by_name = dataclasses.replace(by_row, target=f"id:{names[3]}")
    expected = engine.get(by_row).table["influence"]
    pd.testing.assert_series_equal(engine.get(by_name).table["influence"], expected, check_exact=True)
    both = dataclasses.replace(by_name, target=f"ids:{names[3]},{names[0]}")
    other = dataclasses.replace(by_name, target=f"id:{names[0]}")
    mean = (expected + engine.get(other).table["influence"]) / 2
    np.testing.assert_allclose(engine.get(both).table["influence"], mean, rtol=1e-9, atol=1e-14)
    network = NetworkInfluenceRequest(data=people, network=NETWORK, target=f"id:{names[3]}", curvature="identity")
    row = dataclasses.replace(network, target=f"id:row:{data.ids[3]}")
    pd.testing.assert_frame_equal(engine.get(network).table, engine.get(row).table, check_exact=True)


@pytest.mark.parametrize("request_", [
    InfluenceRequest(data=DataSpec(name="digits", classes=("4", "9"), subset=120, label_noise=0.1), model=LOGISTIC),
    NetworkInfluenceRequest(
        data=DataSpec(name="digits", classes=("4", "9"), subset=120, label_noise=0.1),
        network=NetworkSpec(width=16, lr=0.1, time=100), curvature="empirical-fisher",
    ),
], ids=["linear", "network"])  # fmt: skip
def test_replaced_labels_are_found(engine, request_):
    found = engine.get(request_)
    flipped = found.table["replaced"].to_numpy()
    scores = {name: found.table[name] for name in ("loss", "self_influence")} | {"harmful": -found.table["influence"]}
    assert 0 < flipped.sum() < 20
    for name, values in scores.items():
        pairs = values.to_numpy()[flipped][:, None] - values.to_numpy()[~flipped][None]
        area = (pairs > 0).mean() + (pairs == 0).mean() / 2
        assert found.summary["auroc"][name] == pytest.approx(area, rel=1e-12)
        assert area > 0.5 + 3 * found.summary["auroc_chance"]


@pytest.mark.parametrize("curvature", ["hessian", "empirical-fisher", "metagradient"])
def test_threads_do_not_change_results(tmp_path, curvature):
    before, found = torch.get_num_threads(), []
    wide = dataclasses.replace(NETWORK, width=30, time=10)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            of_network = asked("test-loss", curvature=curvature)
            requests = [dataclasses.replace(of_network, network=wide)]
            if curvature in CURVATURES:
                requests.append(InfluenceRequest(data=DATA, model=LOGISTIC, curvature=curvature, damping=DAMPING))
            found.append([Engine(Store(tmp_path / str(threads))).get(one) for one in requests])
        finally:
            torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        largest = one.table["influence"].abs().max()
        np.testing.assert_allclose(one.table["influence"], other.table["influence"], rtol=1e-9, atol=1e-9 * largest)


def test_the_only_one_of_a_class_has_no_leave_one_out_loss_and_the_loss_of_the_others_is_their_own(tmp_path):
    data = DataSpec(name="points:classes:0,0;1,0;2,0;3,0;2.5,1")
    model = ModelSpec(kind="softmax", l2=0.1, intercept=True)
    engine = Engine(Store(tmp_path))
    request = LeaveOneOutRequest(data=data, model=model, target="self")
    found = engine.get(request)
    assert np.isnan(found.table["leave_one_out"]).tolist() == [False] * 4 + [True]
    assert any("1 example," in warning for warning in found.provenance["warnings"])
    subject = Subject(request, found, engine.dataset(data), "", False, 1)
    assert "its own loss" in analysis_of(request).sentence(subject, str)
