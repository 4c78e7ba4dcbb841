"""Groups left out together: against refits from the definition, and the ends, one record and all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import rankdata
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_groups import run as run_groups
from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.engine import Engine
from fil_core.engine.groups import keep_groups
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest
from fil_core.lood.groups import Told, blocks, check_room, members, near_duplicates, told
from fil_core.lood.kernels import Rbf, kernel_of
from fil_core.lood.posterior import Posterior, group_at_itself, posterior
from fil_core.specs import DataSpec, KernelSpec, Upload

N = 24
DIGITS = DataSpec(name="digits", subset=120)
DIABETES = DataSpec(name="diabetes", subset=60)
MEASURES = ["kl_lood", "kl_lood_reverse", "mean_lood", "auc"]
DRAWS = 200_000
HASH = "a" * 64


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


def process_of(outputs: int, *, copies: int = 0, noise: float = 0.2) -> Posterior:
    """24 records in three dimensions; the last ones are copies of the first."""
    drawn = torch.Generator().manual_seed(outputs)
    X = torch.randn(N, 3, dtype=torch.float64, generator=drawn) * 1.5
    Y = torch.randn(N, outputs, dtype=torch.float64, generator=drawn)
    X[N - copies :], Y[N - copies :] = X[:copies], Y[:copies]
    return posterior(Rbf(1.0), X, Y, noise=noise)


def rbf(P: Tensor, Q: Tensor) -> Tensor:
    return torch.exp(-(P[:, None] - Q[None]).square().sum(2) / 2)


def trained(p: Posterior, rows: np.ndarray, Q: Tensor) -> list[MultivariateNormal]:
    """The outputs at queries of a process trained on some rows, one distribution for each; on no rows, the prior."""
    X, Y = p.X[rows], p.Y[rows]
    inverse = torch.linalg.inv(rbf(X, X) + p.noise * torch.eye(len(X), dtype=torch.float64))
    cross = rbf(Q, X)
    covariance = rbf(Q, Q) - cross @ inverse @ cross.mT
    means = cross @ inverse @ Y
    return [MultivariateNormal(mean, (covariance + covariance.mT) / 2) for mean in means.mT]


def refits(p: Posterior, group: Sequence[int], Q: Tensor) -> tuple[list[MultivariateNormal], list[MultivariateNormal]]:
    """The outputs with and without a group."""
    every = np.arange(p.n)
    return trained(p, every, Q), trained(p, np.setdiff1d(every, group), Q)


def divergences(p: Posterior, group: Sequence[int], Q: Tensor) -> tuple[float, float, float]:
    """KL(out || in), KL(in || out), and the mean squared difference of the means."""
    given, without = refits(p, group, Q)
    pairs = list(zip(without, given, strict=True))
    squares = torch.stack([(out.mean - into.mean).square().mean() for out, into in pairs]).mean()
    kl = sum(float(kl_divergence(out, into)) for out, into in pairs)
    return kl, sum(float(kl_divergence(into, out)) for out, into in pairs), float(squares)


def measured(p: Posterior, groups: list[list[int]], Q: Tensor | None) -> Told:
    return told(p, [np.array(rows) for rows in groups], None if Q is None else p.at(Q))[0]


GROUPS = [[3], [0, 7], [20, 1, 5, 9], list(range(10, 20)), [5, 9], list(range(N - 1)), list(range(N))]
FIVE = torch.linspace(-2, 2, 15, dtype=torch.float64).view(5, 3) + torch.tensor([0.3, -0.4, 0.1])


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("queries", ["self", "five", "one"])
def test_every_measure_is_that_of_refits(outputs, queries):
    p = process_of(outputs)
    Q = {"self": None, "five": FIVE, "one": FIVE[:1]}[queries]
    found = measured(p, GROUPS, Q)
    for i, rows in enumerate(GROUPS):
        at = p.X[rows] if Q is None else Q
        expected = divergences(p, rows, at)
        got = [float(values[i]) for values in (found.kl, found.kl_reverse, found.squares)]
        assert got == pytest.approx(expected, rel=1e-8, abs=1e-12)  # the refits invert, twice
        alone = [divergences(p, [row], at)[0] for row in rows]
        assert found.alone[rows].tolist() == pytest.approx(alone, rel=1e-7, abs=1e-12)


def test_without_all_records_there_is_the_prior():
    p = process_of(2)
    every = list(range(N))
    prior = MultivariateNormal(torch.zeros(5, dtype=torch.float64), rbf(FIVE, FIVE))
    expected = sum(float(kl_divergence(prior, into)) for into in refits(p, every, FIVE)[0])
    assert float(measured(p, [every], FIVE).kl[0]) == pytest.approx(expected, rel=1e-10)


def test_copies_in_a_group_are_seen_once():
    """Their outputs are the same for certain, and a density is one of the different outputs alone."""
    p = process_of(3, copies=4)
    groups = [[0, N - 4], [2, N - 2, 0, 11], [N - 1, 3]]
    found = measured(p, groups, None)
    for i, rows in enumerate(groups):
        Q = torch.unique(p.X[rows], dim=0)
        kl, reverse, _ = divergences(p, rows, Q)
        assert float(found.kl[i]) == pytest.approx(kl, rel=1e-8)
        assert float(found.kl_reverse[i]) == pytest.approx(reverse, rel=1e-8)
        assert float(found.kl[i]) > 1.2 * float(found.alone[rows[:2]].sum())  # alone, a copy hides the other


@pytest.mark.parametrize(("outputs", "rows", "queries"), [(1, [2, 8], "self"), (3, [4, 6, 15], "self"), (2, [1, 12, 20], "five")])  # noqa: E501 # fmt: skip
def test_auc_is_that_of_drawn_likelihood_ratios(outputs, rows, queries):
    p = process_of(outputs, noise=3.0)
    Q = p.X[rows] if queries == "self" else FIVE
    given, without = refits(p, rows, Q)
    torch.manual_seed(0)

    def ratios(drawn: list[MultivariateNormal]) -> np.ndarray:
        total = torch.zeros(DRAWS, dtype=torch.float64)
        for c, one in enumerate(drawn):
            x = one.sample((DRAWS,))
            total += given[c].log_prob(x) - without[c].log_prob(x)
        return total.numpy()

    ranks = rankdata(np.concatenate([ratios(given), ratios(without)]))[:DRAWS]
    drawn = (ranks.sum() - DRAWS * (DRAWS + 1) / 2) / DRAWS**2
    found = float(measured(p, [rows], None if queries == "self" else Q).auc[0])
    assert found == pytest.approx(drawn, abs=0.0045)  # four standard errors at most
    assert 0.55 < found < 0.99


def test_no_queries_tell_more_than_the_records_of_the_group():
    """Given the outputs at these, those at any other queries are the same with the group and without it."""
    p = process_of(2)
    own = measured(p, GROUPS, None)
    for Q in (FIVE, FIVE[:1], torch.cat([p.X[:3] + 1e-2, FIVE])):
        there = measured(p, GROUPS, Q)
        for name in ("kl", "kl_reverse", "auc"):
            assert bool((getattr(there, name) <= getattr(own, name) * (1 + 1e-9)).all()), name
        assert bool((there.alone <= own.alone * (1 + 1e-9)).all())


def test_the_order_of_rows_in_a_group_changes_nothing():
    p = process_of(2)
    for Q in (None, FIVE):
        one, other = measured(p, GROUPS, Q), measured(p, [rows[::-1] for rows in GROUPS], Q)
        for name in ("kl", "kl_reverse", "auc", "squares"):
            assert torch.allclose(getattr(one, name), getattr(other, name), rtol=1e-9), name


@pytest.mark.parametrize("seed", range(4))
def test_rounding_below_the_least_eigenvalue_gives_numbers(seed):
    """Near the smallest noise that is taken; below it s A has eigenvalues below 0 by rounding."""
    drawn = torch.Generator().manual_seed(seed)
    X, Y = (torch.randn(60, size, dtype=torch.float64, generator=drawn) for size in (3, 1))
    p = posterior(kernel_of(KernelSpec(kind="linear"), shape=None), X, Y, noise=1e-10)
    gap = group_at_itself(p, torch.arange(60)[None])
    assert bool((gap.g >= 0).all()) and float(gap.g.max()) <= float(p.K.diagonal().sum()) / 1e-10 * (1 + 1e-9)
    found = measured(p, [list(range(60))], None)
    assert float(found.kl[0]) > 0 and float(found.auc[0]) == pytest.approx(1)


def in_file(engine: Engine, spec: DataSpec, groups: dict[int, str], **more) -> LoodGroupsRequest:
    """A request about groups by number of the row."""
    data = engine.dataset(spec)
    ids = data.called(data.ids)[list(groups)]
    digest = keep_groups(engine.store, pd.DataFrame({"id": ids, "group": list(groups.values())}), data, title="g.csv")
    return LoodGroupsRequest(data=spec, group=digest, **more)


@pytest.mark.parametrize("queries", ["self", "test", "test:2", "id:36"])
def test_groups_of_one_record_are_single_records(engine, queries):
    spec = DIABETES if queries == "test:2" else DIGITS
    queries = f"id:{engine.dataset(spec).ids[3]}" if queries.startswith("id") else queries
    n = engine.dataset(spec).n
    request = in_file(engine, spec, {row: f"g{row}" for row in range(n)}, queries=queries)
    one, all_of_them = engine.get(request).table, engine.get(LoodRequest(data=spec, queries=queries)).table
    assert one["first_id"].tolist() == all_of_them.index.tolist() and set(one["records"]) == {1}
    for name in MEASURES:
        np.testing.assert_allclose(one[name], all_of_them[name], rtol=1e-10, atol=1e-14)
    for name in ("kl_alone_sum", "kl_alone_max"):
        np.testing.assert_allclose(one[name], all_of_them["kl_lood"], rtol=1e-10, atol=1e-14)


def test_classes_are_groups(engine):
    result, data = engine.get(LoodGroupsRequest(data=DIGITS)), engine.dataset(DIGITS)
    table = result.table
    assert table.index.name == "group" and table["name"].tolist() == list(data.class_names)
    assert table["records"].tolist() == np.bincount(data.y.astype(int)).tolist()
    assert (result.arrays["group"] == data.y).all()
    own = engine.get(LoodRequest(data=DIGITS)).table["kl_lood"].groupby(data.y.astype(int))
    np.testing.assert_allclose(table["kl_alone_sum"], own.sum(), rtol=1e-10)
    np.testing.assert_allclose(table["kl_alone_max"], own.max(), rtol=1e-10)
    assert (table["kl_lood"] > table["kl_alone_sum"]).all()


def test_a_class_of_a_file_is_the_class(engine):
    data = engine.dataset(DIGITS)
    sevens = np.flatnonzero(data.y == 7)
    there = engine.get(in_file(engine, DIGITS, dict.fromkeys(sevens.tolist(), "seven"), queries="test")).table
    expected = engine.get(LoodGroupsRequest(data=DIGITS, queries="test")).table.iloc[[7]]
    assert there["name"].tolist() == ["seven"]
    np.testing.assert_allclose(there[MEASURES], expected[MEASURES], rtol=1e-10)


def test_twins_are_connected_by_their_nearest(engine):
    drawn = torch.Generator().manual_seed(5)
    X = torch.randn(8, 3, dtype=torch.float64, generator=drawn) * 9
    chain = X[0] + torch.tensor([[0.0], [0.1], [0.25]], dtype=torch.float64)
    p = posterior(
        Rbf(1.0), torch.cat([X[1:4], chain, X[4:6], X[4:5]]), torch.zeros(9, 1, dtype=torch.float64), noise=0.1
    )
    groups, largest = near_duplicates(p, 0.9)
    assert [rows.tolist() for rows in groups] == [[3, 4, 5], [6, 8]] and largest == 1
    found = engine.get(LoodGroupsRequest(data=DIGITS, group="twins", similarity=0.95))
    assert (found.table["records"] > 1).all() and "name" not in found.table
    assert found.summary["records"] == found.table["records"].sum() < engine.dataset(DIGITS).n
    with pytest.raises(BadData, match="Lower --similarity"):
        engine.get(LoodGroupsRequest(data=DIABETES, group="twins", similarity=0.9999, kernel=KernelSpec(kind="rbf")))


def test_blocks_hold_each_group_once_and_are_bounded():
    sizes = [1] * 10_000 + [5000, 2, 2, 700, 2]
    found = list(blocks(sizes, queries=300))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(sizes)))
    for block in found:
        (size,) = {sizes[i] for i in block}
        assert len(block) == 1 or len(block) * size * (size + 900) <= 2**22


def test_members_are_the_rows_of_each_code():
    found = members(np.array([2, -1, 0, 2, 0]))
    assert [rows.tolist() for rows in found] == [[2, 4], [0, 3]]
    assert members(np.full(3, -1)) == []


@pytest.mark.parametrize("queries", [0, 1000])
def test_a_group_that_does_not_fit_is_refused_with_what_does(queries):
    with pytest.raises(BadRequest, match=r"^group: expected groups of at most ([\d,]+) records") as refused:
        check_room(5000, 2**28, queries=queries)
    fits = int(str(refused.value).split("at most ")[1].split()[0].replace(",", ""))
    check_room(fits, 2**28, queries=queries)
    with pytest.raises(BadRequest):
        check_room(fits + 1, 2**28, queries=queries)


def test_classes_that_do_not_fit_are_refused_before_anything_is_computed(engine, monkeypatch):
    data = engine.dataset(DIGITS)
    run_groups.check(LoodGroupsRequest(data=DIGITS), data)
    monkeypatch.setattr(run_groups, "free_memory", lambda device: run_groups.bytes_of(data.n) + 1000)
    with pytest.raises(BadRequest, match="^group: expected groups of at most 0 records"):
        run_groups.check(LoodGroupsRequest(data=DIGITS), data)


def test_what_has_no_such_groups_is_refused(engine):
    with pytest.raises(BadData, match="^group: expected data with classes"):
        engine.get(LoodGroupsRequest(data=DIABETES))
    with pytest.raises(BadRequest, match="^group: expected classes, twins"):
        LoodGroupsRequest(group="sections")
    with pytest.raises(BadData, match="^group: .* not in this store"):
        engine.get(LoodGroupsRequest(data=DIGITS, group=HASH))
    assert LoodGroupsRequest(group=HASH).uploads == (Upload("group", HASH),)
    assert LoodGroupsRequest(similarity=0.5) == LoodGroupsRequest()


def test_groups_of_other_examples_are_refused(engine):
    request = in_file(engine, DIGITS, {0: "a", 1: "a"})
    with pytest.raises(BadData, match="^group: g.csv: expected groups of the examples chosen now"):
        engine.get(LoodGroupsRequest(data=DataSpec(name="digits", subset=100), group=request.group))


def test_a_file_of_groups_is_known_by_what_it_says(engine):
    data = engine.dataset(DIGITS)
    a, b, c = data.called(data.ids[[5, 2, 9]])
    table = pd.DataFrame({"id": [a, b, c, 999_999, 999_998], "group": ["x", "y", None, "x", "x"]})
    digest = keep_groups(engine.store, table, data)
    assert keep_groups(engine.store, table.iloc[[1, 0]], data) == digest
    assert keep_groups(engine.store, table.assign(group=["x", "x", "y", "x", "x"]), data) != digest
    result = engine.get(LoodGroupsRequest(data=DIGITS, group=digest))
    assert (
        result.table["name"].tolist() == ["y", "x"] and result.table["first_id"].tolist() == data.ids[[2, 5]].tolist()
    )
    assert np.flatnonzero(result.arrays["group"] >= 0).tolist() == [2, 5]
