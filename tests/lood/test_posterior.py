"""A Gaussian process without each record, against refitting it from the definition."""

from __future__ import annotations

import dataclasses
import functools
import itertools

import mpmath
import numpy as np
import pytest
import torch

from fil_core.analyses.lood.run import memorisation
from fil_core.errors import BadData
from fil_core.lood import posterior as module
from fil_core.lood.gaussians import Gap, auc, kl, kl_reverse
from fil_core.lood.kernels import Rbf, kernel_of
from fil_core.lood.posterior import at_first_of, group_at_itself, posterior, twins
from fil_core.specs import KernelSpec
from tests.lood import literal_lood as literal

DIMENSIONS = 4


@dataclasses.dataclass(frozen=True)
class Problem:
    """Records, three queries, and the kernel of all of them; `repeated` makes some records nearly the same."""

    kind: str = "rbf"
    n: int = 7
    outputs: int = 3
    noise: float = 0.3
    repeated: bool = False

    @functools.cached_property
    def data(self):
        rng = np.random.default_rng(self.n)
        X, Y = rng.standard_normal((self.n, DIMENSIONS)), rng.standard_normal((self.n, self.outputs))
        if self.repeated:
            X[1], X[3] = X[0], X[2] + 1e-6
        return X, Y, rng.standard_normal((3, DIMENSIONS))

    @functools.cached_property
    def trained(self):
        X, Y, _ = (torch.from_numpy(each) for each in self.data)
        spec = KernelSpec(kind=self.kind, weight_std=1.2, bias_std=0.3)
        return posterior(kernel_of(spec, length=1.5), X, Y, noise=self.noise)

    @functools.cached_property
    def queries(self):
        return torch.from_numpy(self.data[2])

    @functools.cached_property
    def K(self):
        return self.trained.kernel.gram(torch.cat([self.trained.X, self.queries])).numpy()

    @property
    def at_queries(self):
        return range(self.n, self.n + 3)

    def refitted(self, at, without=()):
        """Outputs at some rows of K, of a process that never saw some records."""
        without = frozenset(without)
        if without not in self.refits:
            rows = [i for i in range(self.n) if i not in without]
            self.refits[without] = literal.Refit(self.K, self.data[1], self.noise, rows)
        return self.refits[without].at(at)

    @functools.cached_property
    def refits(self):
        return {}

    def pair(self, at, without):
        return self.refitted(at), self.refitted(at, without)


PROBLEMS = {
    "several outputs": Problem(),
    "one output": Problem(outputs=1),
    "relu": Problem("relu"),
    "linear": Problem("linear", n=6, outputs=2),
    "repeated records": Problem(repeated=True),
    "two records": Problem(n=2),
    "three records": Problem("relu", n=3, outputs=1),
    "little noise": Problem("relu", noise=1e-4),
    "much noise": Problem("gelu", noise=1e4),
}
EACH = pytest.mark.parametrize("p", [pytest.param(p, id=name) for name, p in PROBLEMS.items()])


def close(found, expected):
    """Double precision, of matrices whose condition is at most 1e5."""
    expected = np.vectorize(float, otypes=[float])(expected)
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-10)


def check(gap, pairs):
    """Divergences and the distance of means of gaps, one a pair of outputs with and without."""
    close(kl(gap), [literal.kl(without, given) for given, without in pairs])
    close(kl_reverse(gap), [literal.kl(given, without) for given, without in pairs])
    close(gap.m.sum(-1) if gap.grouped else gap.m, [literal.distance(without, given) for given, without in pairs])


def wider(pairs):
    """How much wider outputs at one query are without, less 1."""
    with mpmath.workdps(literal.DIGITS):
        return [without.covariance[0, 0] / given.covariance[0, 0] - 1 for given, without in pairs]


# --- each record ----------------------------------------------------------------------------------------------------


@EACH
def test_each_record_at_itself(p):
    pairs = [p.pair([i], [i]) for i in range(p.n)]
    check(p.trained.own(), pairs)
    close(p.trained.own().g, wider(pairs))
    close(p.trained.mean, [literal.array(given.mean)[0] for given, _ in pairs])
    close(p.trained.mean_without, [literal.array(without.mean)[0] for _, without in pairs])
    close(p.noise * p.trained.leverage, [given.covariance[0, 0] for given, _ in pairs])


@EACH
def test_leverage_is_how_far_a_label_moves_its_own_output(p):
    Y = p.data[1]
    more = Y + np.eye(p.n)[:, :, None]  # one label after the other is larger by one, in every output
    moved = [posterior(p.trained.kernel, p.trained.X, torch.from_numpy(each), noise=p.noise).mean for each in more]
    for i, mean in enumerate(moved):
        np.testing.assert_allclose(mean[i] - p.trained.mean[i], p.trained.leverage[i].expand(p.outputs), atol=1e-11)


@EACH
def test_each_record_at_each_query(p):
    single = p.trained.at(p.queries).single()
    assert single.g.shape == single.m.shape == (3, p.n)
    for row, at in enumerate(p.at_queries):
        pairs = [p.pair([at], [i]) for i in range(p.n)]
        check(Gap(single.g[row], single.m[row], p.outputs), pairs)
        close(single.g[row], wider(pairs))


@EACH
def test_each_record_at_all_queries_together(p):
    queries = p.trained.at(p.queries)
    pairs = [p.pair(p.at_queries, [i]) for i in range(p.n)]
    gap, directions = queries.joint()
    assert directions == 3
    check(gap, pairs)
    close(queries.mean_squares(), [np.mean(literal.array(given.mean - without.mean) ** 2) for given, without in pairs])
    for i, (given, without) in enumerate(pairs):
        moved = literal.array(given.mean - without.mean)
        np.testing.assert_allclose(queries.shift(i), moved, rtol=1e-9, atol=1e-12 * np.abs(moved).max())


@EACH
def test_outputs_at_queries(p):
    given, queries = p.refitted(p.at_queries), p.trained.at(p.queries)
    np.testing.assert_allclose(p.trained.predict(p.queries), literal.array(given.mean), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(queries.covariance(), literal.array(given.covariance), rtol=1e-9, atol=1e-12)
    close(queries.variance(), np.diag(literal.array(given.covariance)))
    assert torch.equal(queries.covariance(), queries.covariance().mT)


def test_queries_among_the_records():
    p = PROBLEMS["several outputs"]
    gap, directions = p.trained.at(p.trained.X[[4, 1]]).joint()
    assert directions == 2
    check(gap, [p.pair([4, 1], [i]) for i in range(p.n)])
    single = p.trained.at(p.trained.X).single()
    close(single.g.diagonal(), p.trained.own().g)
    close(single.m.diagonal(), p.trained.own().m)


def test_queries_that_repeat_have_fewer_directions():
    p = PROBLEMS["several outputs"]
    once, _ = p.trained.at(p.queries).joint()
    twice, directions = p.trained.at(torch.cat([p.queries, p.queries[:2]])).joint()
    assert directions == 3
    close(twice.g, once.g)
    close(twice.m, once.m)


def test_a_linear_kernel_has_as_many_directions_as_features():
    p = PROBLEMS["linear"]
    many = torch.from_numpy(np.random.default_rng(0).standard_normal((20, DIMENSIONS)))
    gap, directions = p.trained.at(many).joint()
    assert directions == DIMENSIONS + 1  # and the bias
    close(gap.g, p.trained.own().g)  # so many queries tell all there is


@EACH
def test_blocks_of_rows_change_nothing(p, monkeypatch):
    whole = [p.trained.leverage, p.trained.predict(p.queries), *twins(p.trained, 1)]
    monkeypatch.setattr(module, "_BLOCK", 2 * p.n)
    parts = [p.trained.leverage, p.trained.predict(p.queries), *twins(p.trained, 1)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)


# --- groups ---------------------------------------------------------------------------------------------------------

GROUPS = {
    name: [list(rows) for size in (1, 2, 3) for rows in itertools.combinations(range(p.n), size) if size < p.n][::4]
    for name, p in PROBLEMS.items()
}


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("name", PROBLEMS)
def test_groups(name, size):
    p, groups = PROBLEMS[name], [rows for rows in GROUPS[name] if len(rows) == size]
    if not groups:
        groups = [[0]]  # two records have no other
    rows = torch.tensor(groups)
    itself = group_at_itself(p.trained, rows)
    if not (p.repeated or p.noise > 1):  # outputs of the same record twice have no density; 1 - h cancels
        check(itself, [p.pair(group, group) for group in groups])
    check(p.trained.at(p.queries).group(rows), [p.pair(p.at_queries, group) for group in groups])
    check(p.trained.at(p.queries[:1]).group(rows), [p.pair(p.at_queries[:1], group) for group in groups])
    first = at_first_of(p.trained, rows)
    pairs = [p.pair(group[:1], group) for group in groups]
    check(first, pairs)
    close(first.g, wider(pairs))


def test_a_group_of_one_is_a_record():
    p = PROBLEMS["several outputs"].trained
    for gap in (group_at_itself(p, torch.arange(p.n)[:, None]), at_first_of(p, torch.arange(p.n)[:, None])):
        close(gap.g.reshape(-1), p.own().g)
        close(gap.m.reshape(-1), p.own().m)


def test_repeated_records_show_when_they_are_left_out_together():
    p = Problem(repeated=True, noise=1e-6).trained
    alone, together = kl(p.own()), kl(at_first_of(p, torch.tensor([[0, 1], [1, 0]])))
    assert (together > 5 * alone[:2]).all()
    close(kl(group_at_itself(p, torch.tensor([[0, 1]]))), together[:1])  # two outputs that are the same tell no more


# --- identities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["relu", "erf", "gelu", "rbf", "linear"])
@pytest.mark.parametrize("noise", [1e-3, 0.1, 10.0])
def test_nothing_tells_more_of_a_record_than_the_record_itself(kind, noise):
    rng = np.random.default_rng(0)
    X, Y, Q = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((30, 5), (30, 2), (40, 5)))
    p = posterior(kernel_of(KernelSpec(kind=kind, bias_std=0.1)), X, Y, noise=noise)
    own, queries = p.own(), p.at(torch.cat([Q, X[:6] + 1e-3, 3 * X[6:9]]))
    most = 1 + 1e-9  # rounding
    assert bool((queries.single().g <= own.g * most).all()) and bool((queries.single().m <= own.m * most).all())
    joint, _ = queries.joint()
    assert bool((kl(joint) <= kl(own) * most).all()) and bool((auc(joint) <= auc(own) + 1e-12).all())
    assert bool((joint.g >= queries.single().g.amax(0) / most).all())
    with_itself, _ = p.at(torch.cat([Q[:5], X[:1]])).joint()
    assert float(kl(with_itself)[0]) == pytest.approx(float(kl(own)[0]), rel=1e-7)


def test_the_order_of_records_does_not_matter():
    p = PROBLEMS["relu"].trained
    order = torch.randperm(p.n, generator=torch.Generator().manual_seed(0))
    other = posterior(p.kernel, p.X[order], p.Y[order], noise=p.noise)
    close(kl(other.own()), kl(p.own())[order])


# --- how much noise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [1e-10, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e10])
def test_leverage_of_very_small_and_very_large_noise(noise):
    p = Problem("rbf", noise=noise)
    with mpmath.workdps(literal.DIGITS):
        K = mpmath.matrix(p.K[: p.n, : p.n].tolist())
        inverse = (K + mpmath.mpf(noise) * mpmath.eye(p.n)) ** -1
        h = [noise * inverse[i, i] for i in range(p.n)]
        leverage, g = ([1 - each for each in h], [1 / each - 1 for each in h])
    close(p.trained.leverage, leverage)
    close(p.trained.own().g, g)


def test_repeated_records_without_noise_are_refused():
    with pytest.raises(BadData, match="expected a noise above rounding"):
        Problem(repeated=True, noise=1e-25).trained  # noqa: B018


def test_a_kernel_that_overflows_is_refused():
    X = 1e200 * torch.ones(2, 3, dtype=torch.float64)
    with pytest.raises(BadData, match="finite"):
        posterior(kernel_of(KernelSpec(kind="linear")), X, X[:, :1], noise=1.0)


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_record_that_is_zero_to_the_kernel_shows_nothing(outputs):
    rng = np.random.default_rng(0)
    X, Y = torch.from_numpy(rng.standard_normal((6, 4))), torch.from_numpy(rng.standard_normal((6, outputs)))
    X[2] = 0
    p = posterior(kernel_of(KernelSpec(kind="relu")), X, Y, noise=0.1)
    own, first = p.own(), at_first_of(p, torch.tensor([[2, 0], [0, 2]]))
    joint, directions = p.at(X[:4]).joint()
    assert (own.g[2], own.m[2], first.g[0], first.m[0], joint.g[2], joint.m[2]) == (0,) * 6
    assert directions == 3 and bool((p.at(X).single().g[2] == 0).all())
    close(first.g[1], own.g[0])
    assert twins(p, 2)[1][2].tolist() == [0, 0]


# --- twins, labels --------------------------------------------------------------------------------------------------


@EACH
def test_twins_are_the_most_correlated(p):
    rows, similarity = twins(p.trained, p.n - 1)
    K = p.trained.K.numpy()
    for i in range(p.n):
        correlation = {j: K[i, j] / np.sqrt(K[i, i] * K[j, j]) for j in range(p.n) if j != i}
        order = sorted(correlation, key=correlation.__getitem__, reverse=True)
        assert similarity[i].tolist() == pytest.approx([correlation[j] for j in order], abs=1e-14)
        assert sorted(rows[i].tolist()) == sorted(order)
        assert correlation[int(rows[i, 0])] == pytest.approx(correlation[order[0]], abs=1e-14)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("noise", [0.01, 0.5])
def test_memorisation_by_drawing(classes, noise, make_dataset):
    data, draws = make_dataset(classes=classes, n=10), 50_000
    X, Y = torch.from_numpy(data.X), torch.from_numpy(np.eye(classes)[data.y.astype(int)] - 1 / classes)
    p = posterior(kernel_of(KernelSpec(kind="rbf"), length=2.0), X, Y, noise=noise)
    K, rng = p.K.numpy(), np.random.default_rng(0)
    found = memorisation(p, data).numpy()
    for i, label in enumerate(data.y.astype(int)):
        shares = []
        for rows in (range(10), [j for j in range(10) if j != i]):
            at = literal.Refit(K, Y.numpy(), noise, rows).at([i])
            spread = float(at.covariance[0, 0]) ** 0.5
            drawn = literal.array(at.mean)[0] + spread * rng.standard_normal((draws, classes))
            shares.append(float((drawn.argmax(1) == label).mean()))
        error = np.sqrt(sum(share * (1 - share) + 1 / draws for share in shares) / draws)
        assert abs(found[i] - (shares[0] - shares[1])) < 4 * error
    assert np.abs(found).max() > 0.05


def test_a_kernel_that_is_singular_to_rounding_is_refused():
    """Of two records that are the same, KL tends to 1 - log 2 as s falls; below 1e-13 of the kernel it is rounding."""
    X = torch.randn(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    X[1], Y = X[0], torch.ones(12, 2, dtype=torch.float64)
    for noise in (1e-6, 1e-8):
        assert float(kl(posterior(Rbf(1.0), X, Y, noise=noise).own())[0]) == pytest.approx(1 - np.log(2), rel=1e-4)
    for noise in (1e-15, 1e-16):
        with pytest.raises(BadData):
            posterior(Rbf(1.0), X, Y, noise=noise)


@pytest.mark.parametrize("noise", [1e6, 1e12, 1e16])
def test_the_change_of_the_mean_keeps_its_digits_at_large_noise(noise):
    """Far above the kernel, mu_in - mu_out = y k(x, x) / s for a record that nothing else is like."""
    X = torch.eye(3, dtype=torch.float64) * 40
    p = posterior(Rbf(1.0), X, torch.ones(3, 1, dtype=torch.float64), noise=noise)
    np.testing.assert_allclose(p.own_shift.numpy(), 1 / (1 + noise), rtol=1e-12)
