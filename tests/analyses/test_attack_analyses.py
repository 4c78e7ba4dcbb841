"""The attacks through the engine: their tables, arrays, checks and the store."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.attackers import ATTACKERS
from fil_core.attacks.reconstruction import reconstruct
from fil_core.attacks.success import success_probability
from fil_core.engine import Engine
from fil_core.errors import BadData, BadRequest
from fil_core.leakage.fil import feature_eta
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec, canonical

DIABETES, DIGITS = DataSpec(name="diabetes"), DataSpec(name="digits", classes=("3", "8"))
SEX = AttributeRequest(data=DIABETES, model=ModelSpec(l2=1e-3), attribute="sex", trials=20)
TWO = ReconstructionRequest(data=DIGITS, model=ModelSpec(kind="logistic"), ids=(8, 13), sigmas=(0.0, 1e-3), trials=20)


def test_the_table_of_an_attribute_joins_that_of_fil():
    engine = Engine()
    result = engine.get(SEX)
    fil = engine.get(FilRequest(data=DIABETES, model=ModelSpec(l2=1e-3), attribute=("sex",)))
    joined = fil.table.join(result.table, suffixes=("", "_attack"))
    assert len(joined) == result.summary["n"] == 353
    assert joined["eta_attack"].to_numpy() == pytest.approx(joined["eta"].to_numpy())
    sigmas = result.summary["sigmas"]
    for name in ATTACKERS:
        for s, sigma in enumerate(sigmas):
            column = result.table[f"success_{name}_{sigma:g}"]
            assert column.between(0, 1).all()
            assert column.mean() == pytest.approx(result.summary["accuracy"][name][s])
    assert set(result.table["value"]) == {"1", "2"} == set(result.summary["levels"])


def test_the_table_and_arrays_of_an_attribute_hold_what_a_page_needs():
    engine = Engine()
    asked = dataclasses.replace(SEX, sigmas=(0.0, 1e-3), attackers=("whitebox-prior", "ideal"))
    result, dataset = engine.get(asked), engine.dataset(DIABETES)
    table, codes = result.table, result.arrays["codes"]
    assert table.columns.tolist() == [
        "label", "value", "eta",
        "success_ideal_0", "success_ideal_0.001", "success_whitebox-prior_0", "success_whitebox-prior_0.001",
    ]  # fmt: skip
    assert table.index.name == "id"
    assert (table.index == dataset.ids).all()
    assert (table["label"] == dataset.labels).all()
    assert (table["value"] == np.where(dataset.source[:, 1] == 1, "1", "2")).all()
    assert (codes == dataset.source[:, 1] - 1).all()
    assert result.arrays["prior"] == pytest.approx([(codes == 0).mean(), (codes == 1).mean()], rel=1e-14)
    found = success_probability(result.arrays["gram"], codes, 1e-3, result.arrays["prior"])
    assert table["success_whitebox-prior_0.001"].to_numpy() == pytest.approx(found, rel=1e-12)


def test_two_sigmas_never_share_a_column():
    asked = dataclasses.replace(SEX, sigmas=(1e-3, 1.0000001e-3), attackers=("whitebox",))
    assert sum(column.startswith("success_") for column in Engine().get(asked).table.columns) == 2


def test_four_values_have_no_gram_matrices_to_keep():
    data = DataSpec(name="synthetic:200x9")
    result = Engine().get(AttributeRequest(data=data, attribute="attribute", sigmas=(0.0,), trials=5))
    assert set(result.arrays) == {"codes", "prior", *(f"guessed_{name}" for name in ATTACKERS)}
    assert result.summary["levels"] == ["a", "b", "c", "d"]
    assert result.summary["exact"] == {}


def test_noise_is_laid_around_eta_unless_it_is_named():
    engine = Engine()
    sigmas = np.array(engine.get(SEX).summary["sigmas"])
    mean = engine.get(SEX).summary["eta_mean"]
    assert sigmas[0] == 0 and sigmas[1] == pytest.approx(mean * 10**-1.5, rel=1e-2)
    assert sigmas[-1] == pytest.approx(mean * 10**1.5, rel=1e-2)
    named = dataclasses.replace(SEX, sigmas=(0.1, 0.0, 1e-3))
    assert engine.get(named).summary["sigmas"] == [0.1, 0.0, 1e-3]


def test_what_is_stored_is_what_was_computed():
    engine = Engine()
    for request in (SEX, TWO):
        assert engine.find(request) is None
        computed, found = engine.get(request), Engine().find(request)
        assert found is not None and found.summary == computed.summary and found.provenance == computed.provenance
        assert found.table.equals(computed.table)
        assert all((found.arrays[name] == array).all() for name, array in computed.arrays.items())


def test_the_second_time_nothing_is_computed(monkeypatch):
    first = [Engine().get(request) for request in (SEX, TWO)]
    monkeypatch.setattr(Engine, "compute", lambda *_, **__: pytest.fail("computed again"))
    for request, one in zip((SEX, TWO), first, strict=True):
        again = Engine().get(dataclasses.replace(request, device="cpu"))  # where is no part of what
        assert again.table.equals(one.table)
        assert again.provenance == one.provenance


@pytest.mark.parametrize("changed", [{"seed": 1}, {"trials": 21}, {"sigmas": (0.0, 2e-3)}])
def test_another_seed_number_of_trials_or_noise_is_another_result(changed):
    engine = Engine()
    for request in (SEX, TWO):
        engine.get(request)
        assert engine.find(dataclasses.replace(request, **changed)) is None


@pytest.mark.parametrize(
    "request_",
    [
        dataclasses.replace(SEX, attribute="nobody"),
        dataclasses.replace(SEX, attribute="bmi"),
        dataclasses.replace(SEX, attribute="progression"),
        dataclasses.replace(SEX, data=DIGITS),
        dataclasses.replace(TWO, ids=(8, 0)),
        dataclasses.replace(TWO, ids=(2**63 - 1,)),
    ],
    ids=["unknown", "continuous", "label", "images", "held out", "huge"],
)
def test_bad_requests_are_refused_before_anything_is_trained(request_, monkeypatch):
    monkeypatch.setattr(Engine, "_optimum", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(BadData, match="expected"):
        Engine().get(request_)


def test_an_id_that_no_array_can_hold_is_refused_with_its_request():
    with pytest.raises(BadRequest, match="ids: expected"):
        dataclasses.replace(TWO, ids=(10**30,))


@pytest.mark.parametrize("pca", [None, 10])
def test_psnr_is_that_of_the_pixels(pca):
    data = dataclasses.replace(DIGITS, pca=pca)
    engine = Engine()
    result = engine.get(dataclasses.replace(TWO, data=data, sigmas=(1e-3,), trials=1))
    dataset = engine.dataset(data)
    for k, id in enumerate(TWO.ids):
        truth = dataset.preprocessing.backward(dataset.X[dataset.row(id)])
        assert result.arrays["truth"][k] == pytest.approx(truth, abs=1e-9)
        for kind in ("", "_prior"):
            error = result.arrays[f"guess{kind}"][k, 0] - truth
            psnr = 10 * np.log10(16**2 / np.mean(error**2))  # white is 16 in these digits
            assert result.table.loc[id, f"psnr{kind}"] == pytest.approx(psnr, abs=1e-6)


def test_the_table_of_a_reconstruction_has_a_row_for_each_example_and_noise():
    table = Engine().get(TWO).table
    assert table.index.tolist() == [8, 8, 13, 13] and table["sigma"].tolist() == [0, 1e-3] * 2
    quiet, noisy = table[table["sigma"] == 0], table[table["sigma"] > 0]
    assert (quiet["psnr"] > 60).all() and (quiet[["bound_unbiased", "bound_prior"]] == 0).all(axis=None)
    assert (noisy["bound_prior"] <= noisy["bound_unbiased"]).all()
    assert (quiet["mse_error"] == 0).all() and (noisy["mse_error"] > 0).all()


def test_noise_of_a_reconstruction_is_laid_around_what_moves_its_features():
    engine = Engine()
    one = dataclasses.replace(TWO, ids=TWO.ids[:1], sigmas=())
    summary = engine.get(one).summary
    sigmas, data = np.array(summary["sigmas"]), engine.dataset(DIGITS)
    spread = np.sqrt(data.X.var(0).mean())
    of_features = feature_eta(fit(TWO.model, data), data)
    around = spread * float(of_features[data.row(one.ids[0])])
    assert summary["prior_std"] == pytest.approx(np.sqrt(engine.dataset(DIGITS).X.var(0).mean()), rel=1e-9)
    assert sigmas[0] == 0
    # Three digits are kept of each.
    assert sigmas[-1] == pytest.approx(10 * around, rel=5e-3)
    assert np.diff(np.log(sigmas[1:])) == pytest.approx(np.log(sigmas[-1] / sigmas[1]) / 10, rel=2e-2)
    bounds = engine.get(one).table["bound_unbiased"].to_numpy()
    assert bounds[1] <= 1.02e-4 * spread**2 and bounds[-1] > spread**2  # from what is known to what is lost
    # Of one that is fitted to many digits no noise above rounding leaves the features: around the whole example then.
    fitted_well = ReconstructionRequest(
        data=DataSpec(name="breast-cancer"), model=ModelSpec(l2=1e-3, kind="logistic"), ids=(0,), trials=2
    )
    result = engine.get(fitted_well)
    spread, eta = result.summary["prior_std"], result.table["eta"].iloc[0]
    assert result.summary["sigmas"][-1] == pytest.approx(10 * spread * eta, rel=5e-3)
    both = engine.get(dataclasses.replace(TWO, sigmas=()))
    assert both.table.loc[one.ids[0], "sigma"].tolist() == summary["sigmas"]  # each example has a grid of its own


def test_the_arrays_of_a_reconstruction_are_the_first_answers_in_pixels():
    engine = Engine()
    result, dataset = engine.get(TWO), engine.dataset(DIGITS)
    assert result.arrays["guess"].shape == result.arrays["guess_prior"].shape == (2, 2, 64)
    for k, id in enumerate(TWO.ids):
        pixels = dataset.source[dataset.row(id)].astype(float)
        # Without noise they come back as they are, but for what the release keeps of 1e-12.
        assert result.arrays["truth"][k] == pytest.approx(pixels, abs=1e-12)
        assert result.arrays["guess"][k, 0] == pytest.approx(pixels, abs=1e-8)
        assert np.abs(result.arrays["guess"][k, 1] - pixels).max() > 1e-3


def test_the_floors_of_a_reconstruction_are_those_of_the_fil_table():
    engine = Engine()
    table = engine.get(dataclasses.replace(TWO, sigmas=(0.1,), prior_std=0.5)).table
    fil = engine.get(FilRequest(data=DIGITS, model=TWO.model, sigma=0.1, prior_std=0.5)).table
    for name in ("bound_unbiased", "bound_prior"):
        assert table[name].to_numpy() == pytest.approx(fil.loc[list(TWO.ids), name].to_numpy(), rel=1e-9)
    whole = engine.get(FilRequest(data=DIGITS, model=TWO.model)).table["eta"]
    assert (table["eta"] <= whole[list(TWO.ids)] * (1 + 1e-9)).all()


def test_the_errors_of_a_reconstruction_are_means_over_releases_and_their_standard_errors():
    engine = Engine()
    table, dataset = engine.get(TWO).table, engine.dataset(DIGITS)
    found = reconstruct(fit(TWO.model, dataset), dataset, [dataset.row(8)], sigmas=[1e-3], trials=20, prior_std=1.0)[0]
    row = table[table["sigma"] == 1e-3].loc[8]
    for suffix, errors in (("", found.squared_error[0]), ("_prior", found.squared_error_prior[0])):
        assert row[f"mse{suffix}"] == pytest.approx(errors.mean(), rel=1e-9)
        assert row[f"mse{suffix}_error"] == pytest.approx(errors.std(ddof=1) / 20**0.5, rel=1e-9)


def test_a_table_of_numbers_is_rated_by_its_widest_feature():
    engine = Engine()
    result = engine.get(ReconstructionRequest(data=DIABETES, model=ModelSpec(l2=1e-3), ids=(0,), sigmas=(0.01,)))
    peak = np.ptp(engine.dataset(DIABETES).X, axis=0).max()
    row = result.table.iloc[0]
    assert row["psnr"] == pytest.approx(10 * np.log10(peak**2 / row["mse"]))


def test_bins_are_said_in_the_warnings():
    result = Engine().get(dataclasses.replace(SEX, attribute="bmi", bins=3))
    assert any(
        "bmi is continuous" in warning and "3 quantile bins" in warning for warning in result.provenance["warnings"]
    )


def test_requests_that_ask_the_same_are_the_same():
    lists = AttributeRequest(attribute="sex", attackers=["ideal"], sigmas=[1, 0])
    assert lists == AttributeRequest(attribute="sex", attackers=("ideal",), sigmas=(1.0, 0.0))
    assert json.dumps(canonical(lists)["sigmas"]) == "[1.0, 0.0]"
    assert "device" not in canonical(lists)
    one, other = (ReconstructionRequest(ids=[np.int64(3)], prior_std=std) for std in (1, 1.0))
    assert one.ids == (3,)
    assert one == other
    assert json.dumps(canonical(one)) == json.dumps(canonical(other))


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        (AttributeRequest, dict(attribute=""), "attribute: expected the name"),
        (AttributeRequest, dict(attribute="sex", attackers=("nobody",)), "attackers: expected one of"),
        (AttributeRequest, dict(attribute="sex", attackers=()), "attackers: expected some of"),
        (AttributeRequest, dict(attribute="sex", attackers=("ideal", "ideal")), "each once"),
        (AttributeRequest, dict(attribute="sex", sigmas=(0.1, 0.1)), "got 0.1 more than once"),
        (AttributeRequest, dict(attribute="sex", sigmas=(-0.1,)), "sigmas: expected a finite number"),
        (AttributeRequest, dict(attribute="sex", sigmas=(float("inf"),)), "sigmas: expected a finite number"),
        (AttributeRequest, dict(attribute="sex", trials=0), "trials: expected a whole number"),
        (AttributeRequest, dict(attribute="sex", trials=10**6), "trials: expected at most"),
        (AttributeRequest, dict(attribute="sex", seed=-1), "seed: expected a whole number"),
        (AttributeRequest, dict(attribute="sex", seed=2**63), "seed: expected a whole number from 0 to"),
        (AttributeRequest, dict(attribute="sex", sigmas=tuple(range(1, 202))), "at most 200 numbers"),
        (AttributeRequest, dict(attribute="sex", sigmas=(1e200,)), "sigmas: expected a finite number"),
        (AttributeRequest, dict(attribute="sex", attackers="ideal"), "attackers: expected several names"),
        (AttributeRequest, dict(attribute="sex", bins=0), "bins: expected a whole number"),
        (AttributeRequest, dict(attribute="sex", bins=2.5), "bins: expected a whole number"),
        (AttributeRequest, dict(attribute="sex", device="tpu"), "device: expected one of"),
        (AttributeRequest, dict(attribute=("sex",)), "attribute: expected the name"),
        (ReconstructionRequest, dict(ids=(1,), sigmas=(float("nan"),)), "sigmas: expected a finite number"),
        (ReconstructionRequest, dict(ids="12"), "ids: expected"),
        (ReconstructionRequest, dict(ids=()), "ids: expected at least one"),
        (ReconstructionRequest, dict(ids=(1, 1)), "each number once"),
        (ReconstructionRequest, dict(ids=(-1,)), "ids: expected a whole number >= 0"),
        (ReconstructionRequest, dict(ids=(1.5,)), "ids: expected"),
        (ReconstructionRequest, dict(ids=(1,), prior_std=0.0), "prior_std: expected"),
        (ReconstructionRequest, dict(ids=(1,), trials=2.5), "trials: expected"),
    ],
)  # fmt: skip
def test_requests_refuse_what_makes_no_sense(kind, bad, message):
    with pytest.raises(BadRequest, match=message):
        kind(**bad)
