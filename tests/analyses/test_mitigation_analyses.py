"""Reweighting, weights that are handed in, and releases laid side by side, through the engine and its store."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit import run as fit_run
from fil_core.analyses.health import CONSTANT_WEIGHTS
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.releases import attack_by_decile, compared_releases, noise_for, release_row
from fil_core.analyses.table import key
from fil_core.attacks.attribute import attribute_of
from fil_core.data import resolve
from fil_core.engine import Engine
from fil_core.engine.store.export import to_csv_bytes, to_flat_parquet_bytes
from fil_core.engine.weights import keep_weights, read_weights
from fil_core.errors import BadData, BadRequest
from fil_core.leakage.comparison import deciles
from fil_core.leakage.fil import fil
from fil_core.leakage.utility import expected_accuracy, expected_squared_error
from fil_core.mitigations import irfil as reweighting
from fil_core.mitigations.irfil import without_leakiest
from fil_core.mitigations.releases import default_sigma, evenly_ranked, successors
from fil_core.models import fit
from fil_core.result import Result
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Dropping, GivenWeights, Irfil

DIABETES, DIGITS = DataSpec(name="diabetes", subset=120), DataSpec(name="digits", classes=("3", "8"), subset=120)
TEN = DataSpec(name="digits", subset=200, pca=8)
RIDGE, LOGISTIC, SOFTMAX = ModelSpec(l2=1e-3), ModelSpec(kind="logistic"), ModelSpec(kind="softmax")
EVEN = Irfil(iterations=6)
CASES = {"regression": (DIABETES, RIDGE), "two classes": (DIGITS, LOGISTIC), "ten classes": (TEN, SOFTMAX)}
each_case = pytest.mark.parametrize(("data", "model"), CASES.values(), ids=CASES)

# Rounds of reweighting start where the one before ended, a weighted model of its own starts from zero; both end within
# rounding of the same optimum.
SAME = 1e-9


def weighted(model: ModelSpec, how) -> ModelSpec:
    return dataclasses.replace(model, weights=how)


@pytest.fixture
def engine():
    return Engine()


# --- rounds of reweighting --------------------------------------------------------------------------------------------


@each_case
def test_the_result_of_reweighting_holds_every_round(data, model, engine):
    result, dataset = engine.get(IrfilRequest(data=data, model=model, weights=EVEN)), engine.dataset(data)
    table, arrays, s = result.table, result.arrays, result.summary
    assert table.columns.tolist() == ["label", "eta_before", "eta_after", "weight"]
    assert table.index.name == "id" and (table.index == dataset.ids).all()
    assert (table["label"] == dataset.labels).all()
    assert arrays["eta"].shape == arrays["weights"].shape == (7, dataset.n)
    theta = (10, dataset.d) if model.kind == "softmax" else (dataset.d,)
    assert arrays["theta"].shape == (7, *theta)
    for column, name, t in (("eta_before", "eta", 0), ("eta_after", "eta", -1), ("weight", "weights", -1)):
        assert (table[column].to_numpy() == arrays[name][t]).all()
    expected = {
        "eta_mean": arrays["eta"].mean(1), "eta_std": arrays["eta"].std(1, ddof=1), "eta_max": arrays["eta"].max(1),
        "eta_min": arrays["eta"].min(1), "eta_median": np.median(arrays["eta"], 1),
    }  # fmt: skip
    for name, values in expected.items():
        assert isinstance(s[name], list)
        assert s[name] == pytest.approx(values.tolist(), rel=1e-12)
    for name in ("train_score", "test_score"):
        assert isinstance(s[name], list) and len(s[name]) == 7
    assert s["more_leaky"] == (table["eta_after"] > table["eta_before"]).sum() > 0
    assert (s["n"], s["d"]) == (dataset.n, dataset.d)
    assert s["score"] == ("accuracy" if dataset.class_names else "mean squared error")
    assert isinstance(s["converged"], bool) and isinstance(s["why"], str)


def test_warnings_say_that_weights_are_taken_as_constants_and_why_it_is_not_even(engine):
    whole = engine.get(IrfilRequest(data=TEN, model=SOFTMAX, weights=EVEN))
    short = engine.get(IrfilRequest(data=TEN, model=SOFTMAX, weights=Irfil(iterations=1)))
    assert whole.summary["converged"] is True and short.summary["converged"] is False
    assert whole.provenance["warnings"] == [CONSTANT_WEIGHTS]
    assert short.provenance["warnings"] == [CONSTANT_WEIGHTS, short.summary["why"]]
    assert "takes the weights as constants" in CONSTANT_WEIGHTS


@each_case
def test_eta_of_a_reweighted_model_is_that_of_the_last_round(data, model, engine):
    rounds = engine.get(IrfilRequest(data=data, model=model, weights=EVEN))
    plain = engine.get(FilRequest(data=data, model=model)).table["eta"]
    table = engine.get(FilRequest(data=data, model=weighted(model, EVEN))).table
    assert plain.to_numpy() == pytest.approx(rounds.table["eta_before"].to_numpy(), rel=SAME)
    assert table["eta"].to_numpy() == pytest.approx(rounds.table["eta_after"].to_numpy(), rel=SAME)
    assert (table["weight"].to_numpy() == rounds.table["weight"].to_numpy()).all()
    release = engine.get(ReleaseRequest(data=data, model=weighted(model, EVEN)))
    assert release.table["eta"].to_numpy() == pytest.approx(table["eta"].to_numpy(), rel=SAME)
    assert release.summary["test_score"] == pytest.approx(rounds.summary["test_score"][-1], rel=SAME)


def test_an_attribute_of_the_weights_is_no_attribute_of_the_question(engine):
    how = dataclasses.replace(EVEN, attribute=("bmi", "bp"))
    rounds = engine.get(IrfilRequest(data=DIABETES, model=RIDGE, weights=how))
    asked = FilRequest(data=DIABETES, model=weighted(RIDGE, how), attribute=("bmi", "bp"))
    assert engine.get(asked).table["eta"].to_numpy() == pytest.approx(rounds.table["eta_after"].to_numpy(), rel=SAME)
    whole = engine.get(dataclasses.replace(asked, attribute=())).table["eta"]
    assert whole.std() / whole.mean() > 3 * rounds.summary["eta_std"][-1] / rounds.summary["eta_mean"][-1]


@pytest.mark.parametrize(
    "request_",
    [
        IrfilRequest(data=DIABETES, weights=Irfil(attribute=("nobody",))),
        FilRequest(data=DIABETES, model=ModelSpec(weights=Irfil(attribute=("nobody",)))),
        FilRequest(data=DIABETES, model=ModelSpec(weights=Dropping(k=3, attribute=("nobody",)))),
        ReleaseRequest(data=DIABETES, attribute="nobody"),
        ReleaseRequest(data=DIABETES, attribute="bmi"),
        ReleaseRequest(data=DIABETES, ids=(10**6,)),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_trained(request_, monkeypatch):
    monkeypatch.setattr(fit_run, "fit", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(BadData, match="expected"):
        Engine().get(request_)


def test_classes_of_a_regression_cannot_be_weighted(engine, monkeypatch):
    monkeypatch.setattr(fit_run, "fit", lambda *_, **__: pytest.fail("trained"))
    for method in ("class", "hybrid"):
        how = Irfil(method=method)
        for request in (
            IrfilRequest(data=DIABETES, model=RIDGE, weights=how),
            FilRequest(data=DIABETES, model=weighted(RIDGE, how)),
        ):
            with pytest.raises(BadRequest, match="method: expected sample for a real-valued target"):
                engine.get(request)


@pytest.fixture
def fits(monkeypatch):
    """Counts of models trained: by the engine, and by rounds of reweighting."""
    counts = {"engine": 0, "rounds": 0}

    def counting(name, true):
        def wrapped(*arguments, **options):
            counts[name] += 1
            return true(*arguments, **options)

        return wrapped

    monkeypatch.setattr(fit_run, "fit", counting("engine", fit_run.fit))
    monkeypatch.setattr(reweighting, "fit", counting("rounds", reweighting.fit))
    return counts


def test_what_was_trained_once_is_not_trained_again(fits):
    how = Irfil(iterations=3)
    Engine().get(FilRequest(data=DIGITS, model=LOGISTIC))
    assert fits == {"engine": 1, "rounds": 0}
    Engine().get(IrfilRequest(data=DIGITS, model=LOGISTIC, weights=how))  # round 0 is stored
    assert fits == {"engine": 1, "rounds": 3}
    Engine().get(FilRequest(data=DIGITS, model=weighted(LOGISTIC, how)))  # the weights are
    assert fits == {"engine": 2, "rounds": 3}
    Engine().get(ReleaseRequest(data=DIGITS, model=weighted(LOGISTIC, how)))  # and the weighted model
    Engine().get(ExampleRequest(data=DIGITS, model=weighted(LOGISTIC, how), id=int(Engine().dataset(DIGITS).ids[0])))
    assert fits == {"engine": 2, "rounds": 3}
    Engine().get(FilRequest(data=DIGITS, model=weighted(LOGISTIC, Dropping(k=3))))  # from eta, which is stored
    assert fits == {"engine": 3, "rounds": 3}


def test_force_trains_everything_again(fits):
    asked = FilRequest(data=DIABETES, model=weighted(RIDGE, Irfil(iterations=2)))
    first = Engine().get(asked)
    assert fits == {"engine": 2, "rounds": 2}
    again = Engine().get(asked, force=True)
    assert fits == {"engine": 4, "rounds": 4}
    assert again.table.equals(first.table)


# --- without the leakiest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attribute", [(), ("sex",)])
def test_the_leakiest_are_left_out(attribute, engine):
    before = engine.get(FilRequest(data=DIABETES, model=RIDGE, attribute=attribute)).table["eta"]
    asked = FilRequest(data=DIABETES, model=weighted(RIDGE, Dropping(k=5, attribute=attribute)))
    table, dataset = engine.get(asked).table, engine.dataset(DIABETES)
    gone = before.nlargest(5).index
    assert (table.loc[gone, ["weight", "eta"]] == 0).all(axis=None)
    left = ~dataset_rows(dataset, gone)
    assert table["weight"][left].to_numpy() == pytest.approx(np.full(115, 120 / 115), rel=1e-12)
    rest = dataclasses.replace(
        dataset, X=np.ascontiguousarray(dataset.X[left]), y=dataset.y[left], ids=dataset.ids[left],
        source=dataset.source[left],
    )  # fmt: skip
    assert table["eta"][left].to_numpy() == pytest.approx(fil(fit(RIDGE, rest), rest).numpy(), rel=1e-9)


def dataset_rows(dataset, ids) -> np.ndarray:
    return np.isin(dataset.ids, ids)


def test_somebody_must_be_left(engine):
    for k in (120, 10**6):
        with pytest.raises(BadRequest, match="drop: expected fewer than the 120 training examples"):
            engine.get(FilRequest(data=DIABETES, model=weighted(RIDGE, Dropping(k=k))))


def test_a_class_must_be_left(engine, monkeypatch):
    monkeypatch.setattr(
        "fil_core.analyses.fit.run.without_leakiest", lambda eta, _: (engine.dataset(DIGITS).y == 0).astype(float)
    )
    with pytest.raises(BadRequest, match="class 8 has none left"):
        engine.get(FilRequest(data=DIGITS, model=weighted(LOGISTIC, Dropping(k=60))))


# --- weights that are handed in ---------------------------------------------------------------------------------------


def table_of(dataset, weights=None) -> pd.DataFrame:
    weights = np.random.default_rng(4).uniform(0.1, 3, dataset.n) if weights is None else weights
    return pd.DataFrame({"id": dataset.ids, "weight": weights})


WRITERS = {
    "w.csv": lambda table: table.to_csv(index=False).encode(),
    "w.CSV": lambda table: to_csv_bytes(table.set_index("id")),
    "w.parquet": lambda table: to_flat_parquet_bytes(table.set_index("id")),
    "more.parquet": lambda table: table.assign(label="x", eta_before=1.0).to_parquet(index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_weights_come_back_from_a_file_in_any_order(name, engine, tmp_path):
    dataset = engine.dataset(DIGITS)
    table = table_of(dataset)
    path, content = tmp_path / name, WRITERS[name](table.sample(frac=1, random_state=1))
    path.write_bytes(content)
    expected = keep_weights(engine.store, table, dataset)
    assert keep_weights(engine.store, read_weights(str(path)), dataset) == expected  # from a path
    assert keep_weights(engine.store, read_weights(name, content), dataset) == expected  # or handed in
    found = engine.get(FilRequest(data=DIGITS, model=weighted(LOGISTIC, expected))).table
    assert (found["weight"].to_numpy() == table["weight"].to_numpy()).all()
    direct = fil(fit(LOGISTIC, dataset, weights=table["weight"].to_numpy()), dataset).numpy()
    assert found["eta"].to_numpy() == pytest.approx(direct, rel=1e-12)


def test_weights_are_named_by_what_they_are_and_for_whom(engine):
    dataset, other = engine.dataset(DIGITS), engine.dataset(dataclasses.replace(DIGITS, pca=5))
    one = keep_weights(engine.store, table_of(dataset), dataset)
    nudged = table_of(dataset)
    nudged.loc[3, "weight"] *= 1 + 1e-15
    assert keep_weights(engine.store, nudged, dataset) != one
    assert (dataset.ids == other.ids).all()
    assert keep_weights(engine.store, table_of(other), other) != one


def test_weights_of_reweighting_may_be_handed_in(engine):
    rounds = engine.get(IrfilRequest(data=DIGITS, model=LOGISTIC, weights=EVEN)).table
    given = keep_weights(engine.store, rounds.reset_index()[["id", "weight"]], engine.dataset(DIGITS))
    one, other = (engine.get(FilRequest(data=DIGITS, model=weighted(LOGISTIC, how))).table for how in (given, EVEN))
    assert one.equals(other)


def spoiled(how):
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype({"id": object, "weight": object})
        how(table)
        return table

    return spoil


BAD = {
    "a row is missing": (lambda t: t.drop(index=2), "expected the ids of the 120 training examples; got 1 missing"),
    "all rows are": (lambda t: t[:0], "got 120 missing|got a header and 0 rows"),
    "an unknown id": (
        spoiled(lambda t: t.__setitem__("id", [10**6, *t["id"][1:]])),
        r"1 missing .*1 unknown \(1000000",
    ),
    "an id that is no whole number": (spoiled(lambda t: t.__setitem__("id", t["id"] + 0.5)), "120 missing .* 120 unk"),
    "a row more": (lambda t: pd.concat([t, pd.DataFrame({"id": [-1], "weight": [1.0]})]), r"got 1 unknown \(-1\)"),
    "an id twice": (lambda t: pd.concat([t, t[:1]]), "expected each id once; got .* twice"),
    "a weight that is none": (lambda t: t.assign(weight=t["weight"].where(t.index != 2)), "row 3 has none .1 row."),
    "a text": (spoiled(lambda t: t.__setitem__("weight", ["a", *t["weight"][1:]])), "row 1 has none"),
    "an id that is a text": (
        spoiled(lambda t: t.__setitem__("id", ["a", *t["id"][1:]])),
        r"1 missing .*1 unknown \(a\)",
    ),
}
NO_WEIGHTS = {
    "negative": (lambda t: t.assign(weight=t["weight"].where(t.index != 2, -1e-9)), "finite numbers >= 0"),
    "infinite": (lambda t: t.assign(weight=t["weight"].where(t.index != 2, np.inf)), "finite numbers >= 0"),
    "all zero": (lambda t: t.assign(weight=0.0), "not all zero"),
}


@pytest.mark.parametrize("through", ["table", "csv"])
@pytest.mark.parametrize(
    ("spoil", "message", "error"),
    [(*case, BadData) for case in BAD.values()] + [(*case, BadRequest) for case in NO_WEIGHTS.values()],
    ids=[*BAD, *NO_WEIGHTS],
)
def test_weights_that_do_not_fit_are_refused(spoil, message, error, through, engine):
    dataset = engine.dataset(DIGITS)
    table = spoil(table_of(dataset))
    with pytest.raises(error, match=f"weights: .*({message})"):
        if through == "csv":  # where a table without a row is none
            table = read_weights("w.csv", table.to_csv(index=False).encode())
        keep_weights(engine.store, table, dataset)
    assert not engine.store.entries()


def test_an_emptied_class_is_refused_when_weights_are_handed_in(engine):
    dataset = engine.dataset(DIGITS)
    with pytest.raises(BadRequest, match="class 3 has none left"):
        keep_weights(engine.store, table_of(dataset, dataset.y), dataset)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.csv", b"", "w.csv cannot be read as a table"),
        ("w.parquet", b"", "w.parquet cannot be read as a table"),
        ("w.parquet", b"id,weight\n1,2\n", "w.parquet cannot be read as a table"),
        ("w.csv", bytes(range(256)) * 4, "w.csv cannot be read as a table"),
        ("/some/where/w.csv", b"id,w\n1,2\n", "in w.csv; weight not found among id, w"),
        ("w.csv", b"weight,x\n1,2\n", "in w.csv; id not found among weight, x"),
        ("w.csv", b"weight\n1\n", "w.csv: expected at least two columns"),
        ("w.csv", b"id,weight\n1,2\n3\n", "w.csv: expected 2 entries in the last row"),
        ("w.csv", b"a,b\n1,2\n", "in w.csv; id and weight not found among a, b"),
        ("nowhere/w.csv", None, "w.csv cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_of_weights_is_refused(name, content, message):
    with pytest.raises(BadData, match=f"weights: .*{message}"):
        read_weights(name, content)


def test_weights_may_stand_between_semicolons():
    assert read_weights("w.csv", b"id;weight\n1;2\n").to_dict("list") == {"id": ["1"], "weight": [2]}


def test_weights_for_other_examples_are_refused(engine):
    given = keep_weights(engine.store, table_of(engine.dataset(DIGITS)), engine.dataset(DIGITS))
    for other in (dataclasses.replace(DIGITS, pca=5), dataclasses.replace(DIGITS, seed=1)):
        with pytest.raises(BadData, match="were uploaded for .* with another choice of examples or features"):
            engine.get(FilRequest(data=other, model=weighted(LOGISTIC, given)))


def test_weights_that_the_store_has_lost_are_asked_for_again(engine):
    dataset = engine.dataset(DIGITS)
    given = keep_weights(engine.store, table_of(dataset), dataset)
    request = FilRequest(data=DIGITS, model=weighted(LOGISTIC, given))
    engine.store.delete(given.digest)
    with pytest.raises(BadData, match=f"weights: {given.digest[:16]}… are not in this store; give"):
        engine.get(request)
    assert keep_weights(engine.store, table_of(dataset), dataset) == given
    assert engine.get(request).summary["n"] == 120


def test_a_digest_that_names_something_else_names_no_weights(engine):
    asked = FilRequest(data=DIABETES, model=RIDGE)
    engine.get(asked)
    digest = key(dataclasses.replace(asked, data=resolve(DIABETES)), engine.dataset(DIABETES).fingerprint)
    assert digest in engine.store
    with pytest.raises(BadData, match="are not in this store"):
        engine.get(dataclasses.replace(asked, model=weighted(RIDGE, GivenWeights(digest=digest))))


# --- what any release gives away and is worth -------------------------------------------------------------------------


@each_case
@pytest.mark.parametrize("how", [None, EVEN, Dropping(k=4)], ids=["equal", "reweighted", "dropped"])
def test_a_release_is_as_leaky_as_its_noise_lets_it(how, data, model, engine):
    model = weighted(model, how)
    at_one = engine.get(FilRequest(data=data, model=model)).table
    for sigma in (1e-3, 0.5):
        result = engine.get(ReleaseRequest(data=data, model=model, sigma=sigma, draws=2))
        assert result.table.columns.tolist() == ["label", "weight", "eta"]
        assert result.table["eta"].to_numpy() == pytest.approx(at_one["eta"].to_numpy() / sigma, rel=1e-12)
        assert result.summary["eta_max"] == pytest.approx(at_one["eta"].max() / sigma, rel=1e-12)
        assert result.summary["sigma"] == sigma and result.summary["attack"] == {}
        assert (
            result.summary["trained_on"] == (at_one["weight"] > 0).sum() == at_one.shape[0] - 4 * (how == Dropping(k=4))
        )
        assert (CONSTANT_WEIGHTS in result.provenance["warnings"]) == (how is not None)


@each_case
@pytest.mark.parametrize("sigma", [0.5, 3.0])
def test_what_a_release_is_worth(sigma, data, model, engine):
    """The closed forms by hand, and what some thousand releases drawn here score."""
    model = weighted(model, Dropping(k=3))
    s = engine.get(ReleaseRequest(data=data, model=model, sigma=sigma, draws=2000)).summary
    dataset = engine.dataset(data)
    eta = engine.get(FilRequest(data=data, model=model.equally_weighted)).table["eta"]
    fitted = fit(model, dataset, weights=without_leakiest(eta.to_numpy(), 3))
    theta, X, y = fitted.theta.numpy(), dataset.X_test, dataset.y_test
    z, norms = X @ theta.T, np.linalg.norm(X, axis=1)
    rng = np.random.default_rng(99)
    releases = theta + sigma * rng.standard_normal((4000, *theta.shape))
    if model.kind == "softmax":
        expected = expected_accuracy(z, norms, y, sigma)
        scores = ((releases @ X.T).argmax(1) == y).mean(1)
    elif dataset.class_names:
        expected = norm.cdf(np.where(y == 1, z, -z) / (sigma * norms)).mean()
        scores = ((releases @ X.T > 0) == y).mean(1)
    else:
        expected = expected_squared_error(z - y, norms, sigma)
        assert expected == pytest.approx(np.mean((z - y) ** 2) + sigma**2 * np.mean(norms**2), rel=1e-12)
        scores = ((releases @ X.T - y) ** 2).mean(1)
    assert s["expected_score"] == pytest.approx(expected, rel=1e-9)
    assert s["expected_score"] == pytest.approx(scores.mean(), abs=4 * scores.std() / 4000**0.5)
    assert len(np.unique(scores)) > 2
    # A standard deviation of N draws is off by a share of 1 / sqrt(2 N): 1.6 % and 1.1 %, of which 8 % is four.
    assert s["score_std"] == pytest.approx(scores.std(ddof=1), rel=0.08)
    quiet = (z.argmax(1) if z.ndim == 2 else z > 0) == y if dataset.class_names else (z - y) ** 2
    assert s["test_score"] == pytest.approx(quiet.mean(), rel=1e-9)
    assert s["train_score"] == pytest.approx(fitted.score(dataset.X, dataset.y), rel=1e-9)


def test_draws_and_seed_reach_the_spread_of_the_score(engine):
    base = ReleaseRequest(data=DIABETES, model=RIDGE, sigma=0.05, draws=20)
    one, other, more = (
        engine.get(dataclasses.replace(base, **change)).summary
        for change in ({}, {"seed": 1}, {"draws": 40})
    )  # fmt: skip
    assert len({one["score_std"], other["score_std"], more["score_std"]}) == 3
    assert one["expected_score"] == other["expected_score"] == more["expected_score"]
    assert engine.get(dataclasses.replace(base, draws=1)).summary["score_std"] is None  # one has no spread
    assert engine.get(dataclasses.replace(base, model=RIDGE, sigma=1e-30)).summary["score_std"] == 0


def test_column_names_are_read_as_a_person_writes_them():
    assert read_weights("w.csv", b" Id, Weight,label\r\n1,2,x\r\n").to_dict("records") == [{"id": "1", "weight": 2}]


@pytest.mark.parametrize("scale", [1e-200, 1e-4, 1e4, 1e200])
def test_weights_of_another_scale_are_told_what_they_should_be(scale, engine):
    """The penalty counts n examples, so weights of any other mean are another model's."""
    data = engine.dataset(DIABETES)
    with pytest.raises(BadRequest, match="a mean about 1"):
        keep_weights(engine.store, pd.DataFrame({"id": data.ids, "weight": np.full(data.n, scale)}), data)


@pytest.mark.parametrize("how", [None, EVEN])
@pytest.mark.parametrize(
    ("data", "attribute"), [(DIABETES, "sex"), (DataSpec(name="synthetic:150x9"), "attribute")], ids=["two", "four"]
)
def test_the_attack_on_an_attribute_is_that_of_its_own_analysis(data, attribute, how, engine):
    """Two values have a closed form; four are drawn, with the same seed."""
    model = weighted(RIDGE, how)
    options = dict(data=data, model=model, attribute=attribute, trials=30, seed=5)
    release = engine.get(ReleaseRequest(sigma=1e-2, **options))
    own = engine.get(AttributeRequest(sigmas=(1e-2,), attackers=("whitebox", "whitebox-prior"), **options))
    shares = {name: own.table[f"success_{name}_0.01"].to_numpy() for name in ("whitebox", "whitebox-prior")}
    attack = release.summary["attack"]
    success = shares[attack["attacker"]]
    assert success.mean() == max(share.mean() for share in shares.values())
    codes = own.arrays["codes"]
    assert attack["balanced"] == pytest.approx(np.mean([success[codes == v].mean() for v in np.unique(codes)]))
    assert release.table["attack"].to_numpy() == pytest.approx(success, abs=1e-15)
    assert attack["value"] == pytest.approx(success.mean(), rel=1e-12)
    assert attack["closed_form"] is (attribute == "sex")
    assert (attack["kind"], attack["name"]) == ("attribute", attribute)
    assert attack["nothing_learnt"] == pytest.approx(max(own.summary["prior"]))
    assert release.table["eta"].to_numpy() == pytest.approx(own.table["eta"].to_numpy() / 1e-2, rel=1e-12)


def test_of_who_was_dropped_the_attribute_is_guessed_blindly(engine):
    how = Dropping(k=30, attribute=("sex",))
    release = engine.get(ReleaseRequest(data=DIABETES, model=weighted(RIDGE, how), sigma=1e-2, attribute="sex"))
    gone = (release.table["weight"] == 0).to_numpy()
    # The stronger white box knows the shares, and guesses what most have.
    assert gone.sum() == 30 and release.summary["attack"]["attacker"] == "whitebox-prior"
    sex = attribute_of(engine.dataset(DIABETES), "sex")
    assert (release.table["attack"][gone] == (sex.codes == sex.prior.argmax())[gone]).all()
    assert release.table["attack"][~gone].nunique() > 30  # a chance of each one's own


@pytest.mark.parametrize("sigma", [1e-3, 3e-2, 1.0, 1e3])
def test_no_release_is_attacked_worse_than_by_guessing_the_most_frequent_value(sigma, engine):
    """vkorc1-like: a value that most have, where the white box without the shares falls below guessing."""
    release = engine.get(ReleaseRequest(data=DataSpec(name="synthetic:150x9"), model=RIDGE, sigma=sigma,
                                        attribute="attribute", trials=200))  # fmt: skip
    attack = release.summary["attack"]
    assert attack["value"] > attack["nothing_learnt"] - 0.02  # two standard errors of the draws


@pytest.mark.parametrize("sigmas", [(0.0, 1e-2, 1.0)])
def test_no_attack_learns_who_was_dropped_under_any_noise(engine, sigmas):
    how = Dropping(k=30, attribute=("sex",))
    asked = AttributeRequest(data=DIABETES, model=weighted(RIDGE, how), attribute="sex", sigmas=sigmas)
    found = engine.get(asked)
    gone = engine.get(FilRequest(data=DIABETES, model=weighted(RIDGE, how))).table["weight"] == 0
    white = [c for c in found.table if c.startswith("success_whitebox_")]
    assert len(white) == 3 and (found.table.loc[gone, white] == 0.5).all(axis=None)
    frequent = found.table["value"] == found.summary["levels"][int(np.argmax(found.summary["prior"]))]
    for column in (c for c in found.table if c.startswith("success_whitebox-prior_")):
        assert (found.table.loc[gone, column] == frequent[gone]).all()
    accuracy = found.summary["accuracy"]["whitebox"]
    assert accuracy == sorted(accuracy, reverse=True)
    assert accuracy[0] == pytest.approx(found.table[white[0]].mean(), abs=1e-12)


def test_more_noise_is_a_safer_attribute(engine):
    asked = ReleaseRequest(data=DIABETES, model=RIDGE, attribute="sex", draws=2)
    values = [
        engine.get(dataclasses.replace(asked, sigma=s)).summary["attack"]["value"] for s in (1e-6, 1e-2, 0.1, 1e3)
    ]
    most = attribute_of(engine.dataset(DIABETES), "sex").prior.max()  # all that is left is how common each value is
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1, abs=1e-9) and values[-1] == pytest.approx(most, abs=1e-3)


@pytest.mark.parametrize(("data", "model"), [(DIABETES, RIDGE), (DIGITS, LOGISTIC)], ids=["table", "images"])
def test_reconstruction_tends_to_what_nobody_needs_a_release_for(data, model, engine):
    eta = engine.get(FilRequest(data=data, model=model)).table["eta"]
    ids = evenly_ranked(eta, 5)
    asked = ReleaseRequest(data=data, model=weighted(model, Dropping(k=2)), ids=ids, trials=40, draws=2)
    tiny, huge = (engine.get(dataclasses.replace(asked, sigma=s)) for s in (1e-9, 1e9))
    gone = [id for id in ids if tiny.table["weight"][id] == 0]
    kept = [id for id in ids if id not in gone]
    assert gone == [eta.idxmax()]
    for result in (tiny, huge):
        assert result.table["attack"].notna().sum() == 5
        assert result.table["attack"][gone].to_numpy() == pytest.approx(1, abs=1e-12)
        attack = result.summary["attack"]
        assert (attack["kind"], attack["name"], attack["nothing_learnt"]) == ("reconstruction", "5 examples", 1)
        assert attack["closed_form"] is False
    assert (tiny.table["attack"][kept] < 0.01).all()
    # Such a release says nothing: the answer is the prior's mean, but that it is drawn back into a ball, which makes a
    # third of a percent at most.
    assert huge.table["attack"][kept].to_numpy() == pytest.approx(1, abs=5e-3)
    assert tiny.summary["attack"]["value"] < 1
    assert huge.summary["attack"]["value"] == pytest.approx(1, abs=5e-3)


def test_reconstruction_is_that_of_its_own_analysis(engine):
    ids = tuple(int(id) for id in engine.dataset(DIGITS).ids[[3, 30]])
    options = dict(data=DIGITS, model=weighted(LOGISTIC, EVEN), ids=ids, trials=15, seed=3)
    table = engine.get(ReconstructionRequest(sigmas=(0.02,), **options)).table
    release = engine.get(ReleaseRequest(sigma=0.02, draws=2, **options))
    dataset = engine.dataset(DIGITS)
    unseen = []
    for id in ids:
        i = dataset.row(id)
        alike = dataset.y == dataset.y[i]
        alike[i] = False
        unseen.append(np.mean((dataset.X[i] - dataset.X[alike].mean(0)) ** 2))
    shares = np.sqrt(table["mse_prior"].to_numpy() / unseen)
    assert release.table["attack"][list(ids)].to_numpy() == pytest.approx(shares, rel=1e-9)
    whole = np.sqrt(table["mse_prior"].sum() / np.sum(unseen))
    assert release.summary["attack"]["value"] == pytest.approx(whole, rel=1e-9)


# --- every other analysis of a weighted model -------------------------------------------------------------------------


@pytest.mark.parametrize("how", [EVEN, dataclasses.replace(EVEN, attribute=("sex",)), Dropping(k=4)])
def test_attacks_and_examples_of_a_weighted_model(how, engine):
    model, dataset = weighted(RIDGE, how), engine.dataset(DIABETES)
    eta = engine.get(FilRequest(data=DIABETES, model=model)).table["eta"]
    id = int(eta.idxmax())  # who has a weight in every case
    attribute = engine.get(AttributeRequest(data=DIABETES, model=model, attribute="sex", sigmas=(0.0, 1e-2), trials=5))
    assert np.isfinite(attribute.table.select_dtypes("number")).all(axis=None)
    asked = ReconstructionRequest(data=DIABETES, model=model, ids=(id,), sigmas=(0.0, 1e-2), trials=5)
    reconstructed = engine.get(asked)
    assert np.isfinite(reconstructed.table.select_dtypes("number")).all(axis=None)
    # She knows the weights too, so that without noise the example is read off as ever.
    assert reconstructed.table["mse"].iloc[0] < 1e-12 * np.mean(dataset.X[dataset.row(id)] ** 2)
    example = engine.get(ExampleRequest(data=DIABETES, model=model, id=id))
    for array in example.arrays.values():
        assert np.isfinite(array).all()
    assert 0 < example.arrays["feature_eta"].max() <= eta[id] * (1 + 1e-9)


def test_nobody_reconstructs_who_was_dropped(engine):
    eta = engine.get(FilRequest(data=DIGITS, model=LOGISTIC)).table["eta"]
    asked = ReconstructionRequest(data=DIGITS, model=weighted(LOGISTIC, Dropping(k=2)), ids=(int(eta.idxmax()),))
    for sigmas in ((), (0.0,), (0.1,)):
        with pytest.raises(BadRequest, match="expected examples of weight > 0; the parameters do not depend on"):
            engine.get(dataclasses.replace(asked, sigmas=sigmas))
    example = engine.get(ExampleRequest(data=DIGITS, model=asked.model, id=asked.ids[0]))
    assert (example.arrays["feature_eta"] == 0).all()
    assert np.isinf(example.arrays["bound_unbiased"]).all()


# --- side by side -----------------------------------------------------------------------------------------------------


def test_side_by_side_changes_one_thing_at_a_time():
    base = ReleaseRequest(data=DIABETES, model=ModelSpec(l2=0.01), sigma=0.2, attribute="sex", trials=7, draws=9)
    hows = [Irfil(), Irfil(method="class", min_weight=0.5, max_weight=2)]
    found = compared_releases(base, n=353, irfil=hows)
    assert [(m.name, m.family) for m in found] == [
        ("as it is", "as it is"),
        ("IRFIL, sample", "reweighting"),
        ("IRFIL, class, weights ≥ 0.5 and ≤ 2", "reweighting"),
        ("σ = 0.6", "more noise"),
        ("σ = 2", "more noise"),
        ("λ = 0.1", "larger penalty"),
        ("λ = 1", "larger penalty"),
        ("without the top 4", "dropping"),
        ("without the top 18", "dropping"),
        ("without the top 35", "dropping"),
    ]
    assert found[0].release == base
    assert [m.release.model.weights for m in found[1:3]] == hows
    assert [m.release.sigma for m in found] == pytest.approx([0.2] * 3 + [0.6, 2] + [0.2] * 5)
    assert [m.release.model.l2 for m in found] == pytest.approx([0.01] * 5 + [0.1, 1] + [0.01] * 3)
    dropped = [m.release.model.weights for m in found[-3:]]
    assert dropped == [Dropping(k=k, attribute=("sex",)) for k in (4, 18, 35)]
    for m in found:
        plain = dataclasses.replace(m.release, sigma=0.2, model=dataclasses.replace(base.model, l2=0.01))
        assert plain == base


def test_side_by_side_takes_what_is_named_and_what_suits_the_data():
    base = ReleaseRequest(model=ModelSpec(l2=0), sigma=1)
    assert [m.release.model.l2 for m in compared_releases(base, n=5, drops=()) if m.family == "larger penalty"] == [
        1e-3, 1e-2, 1e-1,
    ]  # fmt: skip
    assert [m.release.model.weights for m in compared_releases(base, n=9) if m.family == "dropping"] == [Dropping(k=1)]
    chosen = compared_releases(base, n=9, sigmas=(3.0,), l2s=(0.5,), drops=(2, 1))
    assert [m.name for m in chosen] == ["as it is", "σ = 3", "λ = 0.5", "without the top 2", "without the top 1"]
    assert [m.family for m in compared_releases(base, n=9, sigmas=(), l2s=(), drops=())] == ["as it is"]


@pytest.mark.parametrize("bad", [{"sigmas": (0.0,)}, {"l2s": (-1.0,)}, {"drops": (0,)}])
def test_side_by_side_refuses_what_is_out_of_range(bad):
    with pytest.raises(BadRequest, match="expected"):
        compared_releases(ReleaseRequest(), n=10, **bad)


def test_the_noise_for_a_largest_eta(engine):
    base = ReleaseRequest(data=DIABETES, model=RIDGE, sigma=0.3, draws=2)
    at_one = engine.get(FilRequest(data=DIABETES, model=RIDGE)).summary["eta_max"]
    wanted = noise_for(base, at_one, 0.7)
    assert (wanted.name, wanted.family) == ("largest η 0.7", "more noise")
    assert engine.get(wanted.release).summary["eta_max"] == pytest.approx(0.7, rel=1e-12)
    with pytest.raises(BadRequest, match="target eta: expected a finite number > 0"):
        noise_for(base, at_one, 0.0)
    with pytest.raises(BadRequest, match="target eta: expected at least"):
        noise_for(base, 5.0, 1e-30)  # sigma = 5e30, more than there may be


def test_every_mitigation_has_the_same_columns(engine):
    base = ReleaseRequest(data=DIABETES, model=RIDGE, sigma=0.05, attribute="sex", draws=3)
    rows = []
    for m in compared_releases(base, n=120, irfil=[EVEN], sigmas=(0.1,), l2s=(0.01,), drops=(5,)):
        result = engine.get(m.release)
        rows.append(release_row(m, result))
        unanswered = release_row(m, None)
        assert list(unanswered) == list(rows[-1])
        known = ("name", "family", "sigma", "l2", "weights")
        assert {n: v for n, v in unanswered.items() if v is not None} == {n: rows[-1][n] for n in known}
        assert rows[-1]["attack"] == result.summary["attack"]["value"]
        for name in ("eta_max", "eta_mean", "eta_std", "trained_on", "test_score", "expected_score", "score_std"):
            assert rows[-1][name] == result.summary[name] is not None
    assert [row["weights"] for row in rows] == ["equal", EVEN.text, "equal", "equal", "drop:5:attribute=sex"]
    assert [row["trained_on"] for row in rows] == [120] * 4 + [115]
    whole = release_row(compared_releases(base, n=9)[0], engine.get(dataclasses.replace(base, attribute="")))
    assert whole["attack"] is None and whole["nothing_learnt"] is None


def test_an_attack_is_averaged_in_tenths_of_who_was_how_leaky():
    eta, attack = np.array([20.0 - i for i in range(20)]), np.arange(20) / 20
    assert [group.tolist() for group in deciles(eta)] == [[19 - 2 * i, 18 - 2 * i] for i in range(10)]
    assert sorted(len(group) for group in deciles(np.ones(23))) == [2] * 7 + [3] * 3
    assert np.concatenate(deciles(np.ones(23))).tolist() == list(range(23))

    def released(kind: str, values: np.ndarray) -> Result:
        return Result(pd.DataFrame({"attack": values}), {}, {"attack": {"kind": kind}}, {})

    shares = attack_by_decile(eta, released("attribute", attack))
    assert shares == pytest.approx([(18.5 - 2 * i) / 20 for i in range(10)])
    # Errors are averaged as squares, over those that were attacked.
    some = np.where(np.isin(np.arange(20), [18, 0, 1]), attack, np.nan)
    errors = attack_by_decile(eta, released("reconstruction", some))
    assert errors[0] == pytest.approx(0.9) and errors[-1] == pytest.approx(np.sqrt((0 + 0.05**2) / 2))
    assert np.isnan(errors[1:-1]).all()


def test_successors_are_the_leakiest_that_are_left():
    ids = [10, 20, 30, 40, 50]
    before = pd.Series([5.0, 1.0, 4.0, 3.0, 3.0], index=ids)
    after = pd.Series([0.0, 9.0, 4.5, 3.0, 3.5], index=ids)
    found = successors(before, after, 3)
    assert found.index.name == "id" and found.index.tolist() == [20, 30, 50]
    assert found["rank_before"].tolist() == [5, 2, 4]  # of equal ones the earlier is first
    assert found["rank_after"].tolist() == [1, 2, 3]
    assert found["eta_before"].tolist() == [1, 4, 3] and found["eta_after"].tolist() == [9, 4.5, 3.5]
    assert successors(before, after, 99).index.tolist() == [20, 30, 50, 40]  # 10 is not trained on any more


def test_noise_around_eta_is_one_digit():
    assert default_sigma(0.0123) == 0.01
    assert default_sigma(1.75e-3) == 2e-3
    assert default_sigma(96.0) == 100
    assert default_sigma(2.0, prior_std=0.5) == 0.03
    for eta in np.geomspace(1e-6, 1e6, 25):
        assert 2 / 3 - 1e-9 <= default_sigma(eta) / eta <= 1.35
    for bad in (0.0, float("nan"), float("inf")):
        with pytest.raises(BadRequest, match="eta: expected a finite number > 0"):
            default_sigma(bad)


def test_examples_are_spread_over_ranks():
    eta = pd.Series([3.0, 1.0, 5.0, 2.0, 4.0], index=[11, 22, 33, 44, 55])
    assert evenly_ranked(eta, 3) == (33, 11, 22)
    assert evenly_ranked(eta, 2) == (33, 22)
    assert evenly_ranked(eta, 1) == (33,)
    assert evenly_ranked(eta, 0) == ()
    assert evenly_ranked(eta, 99) == (33, 55, 11, 44, 22)
    assert all(type(id) is int for id in evenly_ranked(eta, 3))
    many = pd.Series(np.random.default_rng(0).permutation(1000))
    ranks = many.rank(ascending=False)[list(evenly_ranked(many, 20))].to_numpy()
    assert (ranks[0], ranks[-1]) == (1, 1000)
    assert np.diff(ranks) == pytest.approx(np.full(19, 999 / 19), abs=1)
