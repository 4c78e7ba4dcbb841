"""The rows about influence: every curvature and the whole run of training beside really leaving each example out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from benchmarks.rows import Row, processor_seconds
from fil_core import DataSpec, Engine, InfluenceRequest, ModelSpec, NetworkFitRequest, NetworkInfluenceRequest, Store
from fil_core.influence.detection import auroc
from fil_core.influence.outliers import forest_scores, l2_norms
from fil_core.result import Result
from fil_core.specs import NetworkSpec

_CURVATURES = ("hessian", "ggn", "empirical-fisher", "empirical-fisher-block", "diagonal", "identity", "tracin")
_DIGITS = DataSpec(name="digits", classes=("4", "9"), subset=150)
_MLP = NetworkSpec(width=32, lr=0.1, time=500)


def of_linear_models(data_dir: str | None) -> Iterator[Row]:
    """Ten digits, softmax: the mean test loss without each of 1,437 examples, exactly, and by every curvature."""
    what, spec = "digits, softmax, λ = 1e-3, mean test loss", ModelSpec(kind="softmax", l2=1e-3)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(folder))

        def asked(curvature: str) -> Result:
            return engine.get(InfluenceRequest(data=DataSpec(name="digits"), model=spec, curvature=curvature, truth=True))  # noqa: E501 # fmt: skip

        result, seconds = processor_seconds(lambda: asked("hessian"))
        s = result.summary
        yield Row(f"{what}: Spearman of influence with all exact leave-one-outs", ">= .99", f"{s['spearman']:.4f}", f"{seconds:.1f} s of processor, fit and truth included", s["spearman"] >= 0.99)  # noqa: E501 # fmt: skip
        near = abs(s["slope"] - 1) <= 0.05 and abs(s["corrected_slope"] - 1) <= 0.05
        yield Row("– slope of the truth, raw and leverage-corrected", "within 5 % of 1", f"{s['slope']:.3f}, {s['corrected_slope']:.3f}", f"relative errors {s['relative_error']:.3f}, {s['corrected_relative_error']:.3f}", near)  # noqa: E501 # fmt: skip
        yield from _ladder({name: asked(name) for name in ("empirical-fisher", "diagonal", "identity")})


def of_networks(data_dir: str | None) -> Iterator[Row]:
    """An MLP on two digits below the edge of stability and at it; an LSTM on sixty lines."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(folder))
        yield from _beside_the_truth(engine, "MLP 64-32-1, digits 4/9, n = 150, lr .1, t = 500", _DIGITS, _MLP, at_least=0.95, seconds=5)  # noqa: E501 # fmt: skip
        edge = NetworkSpec(width=32, lr=0.5, time=2000)
        request = NetworkInfluenceRequest(data=_DIGITS, network=edge, truth=True, examples=50)
        s = engine.get(request).summary
        yield Row(
            "the same, lr .5, t = 2,000, 50 left out: step × curvature", "light red at >= 2", f"{s['step_eigenvalue']:.3f}",  # noqa: E501
            f"the loss rose {s['rises']:,} times; metagradient: Pearson {s['pearson']:.2f}, slope {s['slope']:.2g}",
            s["step_eigenvalue"] >= 2 and not s["monotone"],
        )  # fmt: skip
        lines = DataSpec(name="sonnets", subset=60, vocabulary=64, data_dir=data_dir)
        lstm = NetworkSpec(kind="lstm", embedding=8, width=12, lr=0.1, time=200)
        yield from _beside_the_truth(engine, "LSTM, 60 lines of the sonnets, lr .1, t = 200", lines, lstm, at_least=0.95, all_in=300)  # noqa: E501 # fmt: skip


def _beside_the_truth(
    engine: Engine, what: str, data: DataSpec, network: NetworkSpec, *, at_least: float, seconds: float | None = None,
    all_in: float | None = None,
) -> Iterator[Row]:  # fmt: skip
    """The metagradient with its seconds, then every curvature, beside training without each example."""
    start = time.perf_counter()
    engine.get(NetworkFitRequest(data=data, network=network))
    _, alone = processor_seconds(lambda: engine.get(NetworkInfluenceRequest(data=data, network=network)))
    found = {
        name: engine.get(NetworkInfluenceRequest(data=data, network=network, curvature=name, truth=True))
        for name in ("metagradient", *_CURVATURES)
    }
    total = time.perf_counter() - start
    s = found.pop("metagradient").summary
    low, high = s["pearson_interval"]
    reference = f"{low:.3f} to {high:.3f}; slope {s['slope']:.3f}, step × curvature {s['step_eigenvalue']:.2f}"
    yield Row(f"{what}: Pearson of the metagradient with training without each", f">= {at_least}", f"{s['pearson']:.4f}", reference, s["pearson"] >= at_least)  # noqa: E501 # fmt: skip
    limit = "" if seconds is None else f"<= {seconds:g} s"
    yield Row("– the metagradient, training not included", limit, f"{alone:.1f} s of processor", "", None if seconds is None else alone <= seconds)  # noqa: E501 # fmt: skip
    yield from _ladder(found)
    controls = f"random {s['random_pearson']:.2f}" + ("" if s["length_pearson"] is None else f", length {s['length_pearson']:.2f}")  # noqa: E501 # fmt: skip
    limit = "" if all_in is None else f"<= {all_in:g} s"
    yield Row("– controls: Pearson; all of this with the truth", limit, f"{controls}; {total:.0f} s", "", None if all_in is None else total <= all_in)  # noqa: E501 # fmt: skip


def _ladder(found: dict[str, Result]) -> Iterator[Row]:
    """Agreement by curvature: at the damping that was asked for, and at the one that the truth would choose."""
    summaries = {name: result.summary for name, result in found.items()}
    pearsons = ", ".join(f"{name} {s['pearson']:.3f}" for name, s in summaries.items())
    slopes = ", ".join(f"{s['slope']:.2g}" for s in summaries.values())
    ranks = ", ".join(f"{s['spearman']:.3f}" for s in summaries.values())
    yield Row("– other curvatures: Pearson", "", pearsons, f"Spearman {ranks}; slopes {slopes}")
    best = {name: result.arrays for name, result in found.items() if len(result.arrays["dampings"]) > 1}
    chosen = {name: int(np.nanargmax(arrays["pearson_by_damping"])) for name, arrays in best.items()}
    yield Row(
        "– the same at the damping that fits the truth best", "",
        ", ".join(f"{name} {best[name]['pearson_by_damping'][at]:.3f}" for name, at in chosen.items()),
        "dampings " + ", ".join(f"{best[name]['dampings'][at]:.0e}" for name, at in chosen.items()),
    )  # fmt: skip


def of_a_language_model(data_dir: str | None) -> Iterator[Row]:
    """1.1 million weights on all lines of the sonnets, float32: training, then three measures of every line."""
    data = DataSpec(name="sonnets", data_dir=data_dir)
    network = NetworkSpec(kind="lstm", width=200, embedding=200, lr=2, batch=32, time=300, precision="float32")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Store(folder))
        result, seconds = processor_seconds(lambda: engine.get(NetworkFitRequest(data=data, network=network)))
        s = result.summary
        what = f"LSTM of {s['parameters']:,} weights, {s['n']:,} lines of the sonnets, float32"
        yield Row(f"{what}: test perplexity after 300 batches of 32", f"<= {s['trigram_perplexity']:.0f}", f"{s['test_score']:.1f}", f"trigrams {s['trigram_perplexity']:.1f}; {seconds:.0f} s of processor", s["test_score"] <= s["trigram_perplexity"])  # noqa: E501 # fmt: skip
        taken = {}
        for name in ("tracin", "metagradient", "empirical-fisher"):
            request = NetworkInfluenceRequest(data=data, network=network, curvature=name)
            _, taken[name] = processor_seconds(lambda: engine.get(request))  # noqa: B023 # called at once
        total, each = sum(taken.values()), ", ".join(f"{name} {seconds:.0f} s" for name, seconds in taken.items())
        yield Row("– TracIn, metagradient and empirical Fisher of every line", "<= 900 s", f"{total:.0f} s of processor", each, total <= 900)  # noqa: E501 # fmt: skip


_MOONS, _PLANTED, _DRAWS = 250, 20, 8


def planted_noise(data_dir: str | None) -> Iterator[Row]:
    """Two half-moons, 20 of 250 labels replaced, found by the gradients of a network that was trained on them."""
    shares, areas = [], []
    for seed in range(_DRAWS):
        X, y = make_moons(_MOONS, noise=0.05, random_state=seed)
        planted = np.zeros(_MOONS, dtype=bool)
        planted[np.random.default_rng(seed).choice(_MOONS, _PLANTED, replace=False)] = True
        G = _gradients(torch.from_numpy(X), torch.from_numpy(np.where(planted, 1 - y, y)).double())
        scores = [forest_scores(G, seed=seed).numpy(), l2_norms(G).numpy()]
        shares.append([planted[np.argsort(-each)[:_PLANTED]].mean() for each in scores])
        areas.append([auroc(each, planted) for each in scores])
    (forest, norm), (of_forest, of_norm) = np.mean(shares, 0), np.mean(areas, 0)
    yield Row(
        f"half-moons, {_PLANTED} of {_MOONS} labels replaced, {_DRAWS} draws: share found by the forest on gradients",
        ">= .9", f"{forest:.3f}", f"norm of the gradient {norm:.3f}; AUROC {of_forest:.3f}, {of_norm:.3f}; chance .08",
        bool(forest >= 0.9),
    )  # fmt: skip


def _gradients(X: Tensor, y: Tensor) -> Tensor:
    """Of every example's loss, (n, p), after 300 steps of Adam of a layer of 100 units."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 1)).double()

    def loss(at: dict[str, Tensor], x: Tensor, t: Tensor) -> Tensor:
        return nn.functional.binary_cross_entropy_with_logits(functional_call(module, at, (x,))[:, 0], t)

    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(300):
        optimiser.zero_grad()
        loss(dict(module.named_parameters()), X, y).backward()
        optimiser.step()
    weights = {name: one.detach() for name, one in module.named_parameters()}
    of_each: Sequence[Tensor] = list(vmap(grad(loss), (None, 0, 0))(weights, X[:, None], y[:, None]).values())
    return torch.cat([part.flatten(1) for part in of_each], 1)


GROUPS: dict[str, Callable[[str | None], Iterable[Row]]] = {
    "influence": of_linear_models,
    "influence-networks": of_networks,
    "influence-text": of_a_language_model,
    "half-moons": planted_noise,
}
