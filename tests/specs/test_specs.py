"""Requests: what they accept, what they refuse and in which words, and what makes two of them the same."""

from __future__ import annotations

import dataclasses
import json

import pytest

from fil_core.analyses import table
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import ENTRIES, analysis_of, key, request_of
from fil_core.errors import BadRequest, FilError
from fil_core.specs import DEFAULT_L2, DataSpec, ModelSpec, canonical, plain

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DataSpec(classes=("0",)), "at least two labels"),
        (lambda: DataSpec(classes=("0", "0")), "different labels"),
        (lambda: DataSpec(classes=(0, "0")), "different labels"),
        (lambda: DataSpec(subset=0), "subset: expected a whole number >= 1; got 0"),
        (lambda: DataSpec(subset=-5), "subset"),
        (lambda: DataSpec(subset=2.5), "subset"),
        (lambda: DataSpec(subset=True), "subset"),
        (lambda: DataSpec(label_noise=-0.1), "label_noise: expected a finite number >= 0 .*0.5\\); got -0.1"),
        (lambda: DataSpec(label_noise=0.51), "label_noise"),
        (lambda: DataSpec(label_noise=NAN), "label_noise"),
        (lambda: DataSpec(label_noise="0.1"), "label_noise"),
        (lambda: DataSpec(label_noise=True), "label_noise"),
        (lambda: DataSpec(pca=0), "pca: expected a whole number >= 1"),
        (lambda: DataSpec(seed=-1), "seed"),
        (lambda: DataSpec(seed=0.5), "seed"),
        (
            lambda: DataSpec(preprocess="whiten"),
            "preprocess: expected one of unit-ball, standardise, none; got 'whiten'",
        ),
        (lambda: ModelSpec(kind="svm"), "model: expected one of least-squares, logistic, softmax; got 'svm'"),
        (lambda: ModelSpec(l2=-1e-9), "l2: expected a finite number >= 0"),
        (lambda: ModelSpec(l2=NAN), "l2"),
        (lambda: ModelSpec(l2=INFINITE), "l2"),
        (lambda: ModelSpec(l2="1"), "l2"),
        (lambda: ModelSpec(kind="softmax", l2=0.0), "l2: expected a number > 0 for softmax"),
        (lambda: FilRequest(sigma=0.0), "sigma: expected a finite number > 0 \\(.*\\); got 0.0"),
        (lambda: FilRequest(sigma=-1.0), "sigma"),
        (lambda: FilRequest(sigma=NAN), "sigma"),
        (lambda: FilRequest(sigma=INFINITE), "sigma"),
        (lambda: FilRequest(prior_std=0.0), "prior_std"),
        (lambda: FilRequest(prior_std=NAN), "prior_std"),
        (lambda: FilRequest(device="tpu"), "device"),
        (lambda: FilRequest(simplex=True), "simplex: expected an attribute"),
        (lambda: ExampleRequest(neighbours=0), "neighbours"),
        (lambda: ExampleRequest(id=-1), "example: expected a whole number >= 0"),
        (lambda: ExampleRequest(device="gpu"), "device"),
    ],
)
def test_values_out_of_range_are_refused_in_words(make, text):
    with pytest.raises(BadRequest, match=text) as error:
        make()
    assert isinstance(error.value, FilError)
    assert "\n" not in str(error.value)


def test_the_default_penalty_is_the_models_own():
    assert {kind: ModelSpec(kind=kind).l2 for kind in DEFAULT_L2} == DEFAULT_L2
    assert ModelSpec(kind="logistic") == ModelSpec(kind="logistic", l2=1e-3)
    assert ModelSpec(kind="logistic", l2=0).penalty == 0.0  # zero is a choice, not a missing value


def test_labels_and_attributes_become_texts():
    assert DataSpec(classes=(3, "8")).classes == ("3", "8")
    assert FilRequest(attribute=(11, "sex")).attribute == ("11", "sex")


def test_requests_are_frozen_and_hashable():
    requests = {FilRequest(), FilRequest(), FilRequest(sigma=2.0), ExampleRequest(), FitRequest()}
    assert len(requests) == 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        FilRequest().sigma = 3.0


@pytest.mark.parametrize("request_", [FilRequest(), ExampleRequest(), FitRequest()])
def test_the_canonical_form_is_json_and_leaves_out_where_to_compute(request_):
    form = canonical(request_)
    assert json.loads(json.dumps(form)) == form
    assert form["type"] == type(request_).__name__
    assert form["data"]["type"] == "DataSpec"
    assert "device" not in form
    assert "data_dir" not in form["data"]


def variants(request_):
    """The request with each of its own, its data's and its model's fields changed, by field."""
    data = {"name": "mnist", "classes": ("3", "8"), "subset": 7, "seed": 1, "preprocess": "none", "pca": 2}
    data["label_noise"] = 0.1
    model = {"kind": "logistic", "l2": 0.5}
    own = {
        FilRequest: {"attribute": ("0",), "sigma": 2.0, "prior_std": 0.1},
        ExampleRequest: {"id": 1, "neighbours": 3},
        FitRequest: {},
    }[type(request_)]
    made = {f"data.{k}": {"data": dataclasses.replace(request_.data, **{k: v})} for k, v in data.items()}
    made |= {f"model.{k}": {"model": ModelSpec(**({"l2": 0.0} | {k: v}))} for k, v in model.items()}
    made |= {k: {k: v} for k, v in own.items()}
    return {name: dataclasses.replace(request_, **change) for name, change in made.items()}


@pytest.mark.parametrize("request_", [FilRequest(), ExampleRequest(), FitRequest()])
def test_every_choice_that_changes_the_result_changes_its_key(request_):
    keys = {name: key(changed, "content") for name, changed in variants(request_).items()}
    keys |= {"as it is": key(request_, "content"), "other content": key(request_, "other")}
    assert len(set(keys.values())) == len(keys)


# Computed before data had label noise, when the analysis was in version 4: only a new version of it may make what
# was stored then be computed again.
@pytest.mark.parametrize(
    ("request_", "stored"),
    [
        (FilRequest(), "b8b4bc871a59ac17276628ca60ae6df13b337d6718bcd7ceb117ee93c6650410"),
        (
            FilRequest(
                data=DataSpec(classes=("4", "9"), subset=80, seed=3, preprocess="unit-ball"),
                model=ModelSpec(kind="logistic", l2=1e-3),
                sigma=2.0,
            ),
            "6e78e54f08cbd5d092c8015493e8292d25477f1a97046e78c2b02fb697360d45",
        ),
    ],
)
def test_the_key_without_label_noise_is_what_it_was_before_there_was_any(request_, stored, monkeypatch):
    monkeypatch.setattr(table, "analysis_of", lambda _: dataclasses.replace(analysis_of(FilRequest()), version=4))
    assert key(request_, "content") == stored
    assert "label_noise" not in canonical(request_)["data"]
    without = dataclasses.replace(request_, data=dataclasses.replace(request_.data, label_noise=0))
    assert without == request_ and without.data.label_noise is None


def test_requests_with_and_without_label_noise_are_read_back():
    noisy = FilRequest(data=DataSpec(label_noise=0.1))
    assert canonical(noisy)["data"]["label_noise"] == 0.1
    assert plain(FilRequest())["data"]["label_noise"] is None
    for asked in (noisy, FilRequest()):
        assert request_of(canonical(asked)) == asked == request_of(plain(asked))


def test_simplex_changes_the_key():
    plain = FilRequest(attribute=("0", "1"))
    assert key(plain, "c") != key(dataclasses.replace(plain, simplex=True), "c")


def test_where_to_compute_does_not_change_the_key():
    here = FilRequest(data=DataSpec(data_dir="/a"), device="cpu")
    there = FilRequest(data=DataSpec(data_dir="/b"), device="cuda")
    assert key(here, "content") == key(there, "content")


def test_requests_of_different_types_have_different_keys_and_a_new_version_forgets(monkeypatch):
    assert len({key(r, "content") for r in (FilRequest(), ExampleRequest(), FitRequest())}) == 3
    before = key(FilRequest(), "content")
    monkeypatch.setitem(ENTRIES, FilRequest, dataclasses.replace(ENTRIES[FilRequest], version=99))
    assert key(FilRequest(), "content") != before


def test_equal_requests_have_one_key() -> None:
    from fil_core.analyses.table import key

    one = FilRequest(model=ModelSpec(kind="logistic", l2=1), sigma=2, prior_std=3)
    other = FilRequest(model=ModelSpec(kind="logistic", l2=1.0), sigma=2.0, prior_std=3.0)
    assert one == other
    assert key(one, "0" * 64) == key(other, "0" * 64)


@pytest.mark.parametrize("make", [lambda: FilRequest(attribute="12"), lambda: DataSpec(classes="01")])
def test_a_bare_text_is_not_taken_apart(make) -> None:
    with pytest.raises(BadRequest, match="expected several names"):
        make()
