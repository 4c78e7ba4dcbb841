"""Ways of weighting: their texts, what they refuse, and that they are part of a request's identity."""

from __future__ import annotations

import dataclasses
import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.table import key
from fil_core.errors import BadRequest
from fil_core.specs import ModelSpec, canonical
from fil_core.specs.weights import DEFAULT_ITERATIONS, METHODS, Dropping, GivenWeights, Irfil, weighting

DIGEST = "0123456789abcdef" * 4

# A comma separates names and the ends of a name are stripped; anything else may stand in one.
names = st.text(
    st.one_of(st.sampled_from(":=.;|'\"η "), st.characters(exclude_characters=",")), min_size=1, max_size=12
)
attributes = st.lists(names.filter(lambda name: name == name.strip()), max_size=3).map(tuple)
irfils = st.builds(
    Irfil,
    method=st.sampled_from(METHODS),
    iterations=st.integers(1, 1000),
    attribute=attributes,
    min_weight=st.none() | st.just(0.0) | st.floats(1e-30, 1, exclude_max=True),
    max_weight=st.none() | st.floats(1, 1e30, exclude_min=True),
    spread=st.just(0.0) | st.floats(1e-30, 1e30),
)
droppings = st.builds(Dropping, k=st.integers(1, 10**9), attribute=attributes)
givens = st.builds(GivenWeights, digest=st.text("0123456789abcdef", min_size=64, max_size=64))


@given(how=st.one_of(irfils, droppings, givens))
@example(how=Irfil(attribute=("a=b:c", "min=0.1", "kind:attribute=x")))
@example(how=Dropping(k=1, attribute=("attribute=", ":attribute=:", "irfil:sample:15")))
@example(how=Irfil(spread=1e-30, min_weight=0.1 + 0.2, max_weight=1.0000000000000002))
def test_a_text_names_exactly_what_it_came_from(how):
    again = weighting(how.text)
    assert again == how
    assert type(again) is type(how)
    assert again.text == how.text


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("irfil", Irfil()),
        ("irfil:sample:15", Irfil(method="sample", iterations=15)),
        ("irfil:class", Irfil(method="class")),
        ("irfil::7", Irfil(iterations=7)),
        ("irfil:hybrid:min=.5", Irfil(method="hybrid", min_weight=0.5)),
        ("irfil:class:15:min=0.1:max=10", Irfil(method="class", min_weight=0.1, max_weight=10)),
        ("irfil:sample:3:max=10:min=0:spread=1e-3", Irfil(iterations=3, min_weight=0, max_weight=10, spread=0.001)),
        ("irfil:sample:3:attribute=sex, bmi ,", Irfil(iterations=3, attribute=("sex", "bmi"))),
        ("irfil:attribute=sex", Irfil(attribute=("sex",))),
        ("drop:100", Dropping(k=100)),
        ("drop:1:attribute=a:b", Dropping(k=1, attribute=("a:b",))),
        (f"given:{DIGEST}", GivenWeights(digest=DIGEST)),
        ("  drop:3\n", Dropping(k=3)),
        ("", None),
        ("  ", None),
        ("equal", None),
    ],
)
def test_texts_that_a_person_writes(text, how):
    assert weighting(text) == how


def test_a_text_says_no_more_than_was_chosen():
    assert Irfil().text == f"irfil:sample:{DEFAULT_ITERATIONS}" == "irfil:sample:15"
    full = Irfil(method="class", iterations=2, min_weight=0, max_weight=4, spread=0.5, attribute=("a", "b"))
    assert full.text == "irfil:class:2:min=0.0:max=4.0:spread=0.5:attribute=a,b"
    assert Dropping(k=2, attribute=("a",)).text == "drop:2:attribute=a"
    assert GivenWeights(digest=DIGEST).text == f"given:{DIGEST}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("irfl:sample:15", "expected equal, irfil:METHOD:ITERATIONS, drop:K or given:DIGEST"),
        ("IRFIL:sample:15", "expected equal, irfil:METHOD"),
        ("weights.txt", "or a .csv or .parquet file; got 'weights.txt'"),
        ("irfil:nobody:15", "method: expected one of sample, class, hybrid; got 'nobody'"),
        ("irfil:sample:0", "iterations: expected a whole number from 1 to 1,000; got 0"),
        ("irfil:sample:-3", "iterations: expected a whole number from 1 to 1,000; got -3"),
        ("irfil:sample:1001", "iterations: expected a whole number from 1 to 1,000; got 1001"),
        ("irfil:sample:1.5", "iterations: expected a whole number; got '1.5'"),
        ("irfil:sample:", "iterations: expected a whole number; got ''"),
        ("irfil:sample:many", "iterations: expected a whole number; got 'many'"),
        ("irfil:sample:15:20", "at the end; got '20'"),
        ("irfil:sample:15:least=0.1", "at the end; got 'least=0.1'"),
        ("irfil:sample:15:min=a", "min: expected a number; got 'a'"),
        ("irfil:sample:15:min", "at the end; got 'min'"),
        ("irfil:sample:15:min=0.1:min=0.2", "(each once) or attribute= at the end; got 'min=0.2'"),
        ("equal:foo", "weights: expected equal, irfil"),
        (":drop:5", "weights: expected equal, irfil"),
        ("irfil:sample:15:attribute", "attribute= at the end"),
        ("irfil:sample:15:min=2:max=1.5", "expected min_weight <= max_weight; got 2.0 and 1.5"),
        ("irfil:sample:15:min=1", "min_weight: expected a number below 1"),
        ("irfil:sample:15:max=1", "max_weight: expected a number above 1"),
        ("irfil:sample:15:max=0.5", "max_weight: expected a number above 1"),
        ("irfil:sample:15:max=0", "max_weight: expected a finite number > 0"),
        ("irfil:sample:15:min=-1", "min_weight: expected a finite number >= 0"),
        ("irfil:sample:15:min=nan", "min_weight: expected a finite number >= 0"),
        ("irfil:sample:15:max=nan", "max_weight: expected a finite number > 0"),
        ("irfil:sample:15:max=inf", "max_weight: expected a finite number > 0"),
        ("irfil:sample:15:spread=-1", "spread: expected a finite number >= 0"),
        ("irfil:sample:15:spread=nan", "spread: expected a finite number >= 0"),
        ("drop:", "k: expected a whole number; got ''"),
        ("drop", "k: expected a whole number; got ''"),
        ("drop:0", "k: expected a whole number >= 1; got 0"),
        ("drop:-1", "k: expected a whole number >= 1; got -1"),
        ("drop:1.5", "k: expected a whole number; got '1.5'"),
        ("drop:5:min=1", "k: expected a whole number; got '5:min=1'"),
        ("given:", "expected given: and 64 lower-case hex characters; got ''"),
        (f"given:{DIGEST[1:]}", "64 lower-case hex characters"),
        (f"given:{DIGEST}0", "64 lower-case hex characters"),
        (f"given:{DIGEST.upper()}", "64 lower-case hex characters"),
        (f"given:{'g' * 64}", "64 lower-case hex characters"),
        (f"given:../{DIGEST[3:]}", "64 lower-case hex characters"),
    ],
)
def test_a_text_that_names_nothing_is_told_what_one_looks_like(text, expected):
    with pytest.raises(BadRequest) as refusal:
        weighting(text)
    assert expected in str(refusal.value)
    assert str(refusal.value).count("\n") == 0


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        (Irfil, dict(method="Sample"), "method: expected one of sample, class, hybrid"),
        (Irfil, dict(method=None), "method: expected one of"),
        (Irfil, dict(iterations=None), "iterations: expected a whole number from 1 to 1,000; got None"),
        (Irfil, dict(iterations=0), "iterations: expected a whole number from 1 to 1,000"),
        (Irfil, dict(iterations=1001), "iterations: expected a whole number from 1 to 1,000"),
        (Irfil, dict(iterations=2.0), "iterations: expected a whole number from 1 to 1,000"),
        (Irfil, dict(iterations=True), "iterations: expected a whole number from 1 to 1,000"),
        (Irfil, dict(attribute="sex"), "attribute: expected several names, such as ('sex',)"),
        (Irfil, dict(min_weight=2, max_weight=1.5), "expected min_weight <= max_weight"),
        (Irfil, dict(min_weight=1), "min_weight: expected a number below 1, the mean of all weights"),
        (Irfil, dict(max_weight=1.0), "max_weight: expected a number above 1, the mean of all weights"),
        (Irfil, dict(min_weight=float("nan")), "min_weight: expected a finite number"),
        (Irfil, dict(max_weight=float("nan")), "max_weight: expected a finite number"),
        (Irfil, dict(min_weight=-0.1), "min_weight: expected a finite number >= 0"),
        (Irfil, dict(min_weight="0.1"), "min_weight: expected a finite number >= 0"),
        (Irfil, dict(max_weight=0), "max_weight: expected a finite number > 0"),
        (Irfil, dict(spread=-1e-3), "spread: expected a finite number >= 0"),
        (Irfil, dict(spread=float("inf")), "spread: expected a finite number >= 0"),
        (Dropping, dict(k=0), "k: expected a whole number >= 1; got 0"),
        (Dropping, dict(k=None), "k: expected a whole number >= 1; got none"),
        (Dropping, dict(k=1.0), "k: expected a whole number >= 1"),
        (Dropping, dict(k=True), "k: expected a whole number >= 1"),
        (Dropping, dict(k=1, attribute="sex"), "attribute: expected several names"),
        (GivenWeights, dict(digest=""), "64 lower-case hex characters"),
        (GivenWeights, dict(digest=None), "64 lower-case hex characters"),
        (GivenWeights, dict(digest=DIGEST + "\n"), "64 lower-case hex characters"),
        (IrfilRequest, dict(model=ModelSpec(weights=Irfil())), "expected one with equal weights to start from"),
        (IrfilRequest, dict(model=ModelSpec(weights=Dropping(k=3))), "got one with drop:3"),
        (IrfilRequest, dict(device="tpu"), "device: expected one of"),
        (ReleaseRequest, dict(sigma=0), "sigma: expected a finite number > 0"),
        (ReleaseRequest, dict(sigma=float("nan")), "sigma: expected a finite number > 0"),
        (ReleaseRequest, dict(attribute=("sex",)), "attribute: expected the name of one attribute"),
        (ReleaseRequest, dict(ids=(1, 1)), "each number once"),
        (ReleaseRequest, dict(ids=(1.5,)), "ids: expected"),
        (ReleaseRequest, dict(ids="12"), "ids: expected several numbers"),
        (ReleaseRequest, dict(trials=0), "trials: expected a whole number"),
        (ReleaseRequest, dict(draws=0), "draws: expected a whole number"),
        (ReleaseRequest, dict(draws=10**6), "draws: expected at most 100,000"),
        (ReleaseRequest, dict(seed=-1), "seed: expected a whole number"),
        (ReleaseRequest, dict(device="tpu"), "device: expected one of"),
    ],
)  # fmt: skip
def test_specs_and_requests_refuse_what_makes_no_sense(kind, bad, message):
    with pytest.raises(BadRequest) as refusal:
        kind(**bad)
    assert message in str(refusal.value)


# --- identity ---------------------------------------------------------------------------------------------------------

DIFFERENT = [
    None,
    Irfil(),
    Irfil(method="class"),
    Irfil(iterations=14),
    Irfil(attribute=("sex",)),
    Irfil(attribute=("sex", "bmi")),
    Irfil(min_weight=0.1),
    Irfil(max_weight=10),
    Irfil(spread=0.1),
    Dropping(k=15),
    Dropping(k=16),
    Dropping(k=15, attribute=("sex",)),
    GivenWeights(digest=DIGEST),
    GivenWeights(digest=DIGEST[::-1]),
]
REQUESTS = [
    FilRequest(),
    AttributeRequest(attribute="sex"),
    ReconstructionRequest(ids=(1,)),
    ReleaseRequest(),
]


def weighted(request, how):
    return dataclasses.replace(request, model=dataclasses.replace(request.model, weights=how))


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_other_weights_are_another_request(request_):
    for one, other in itertools.combinations([weighted(request_, how) for how in DIFFERENT], 2):
        assert one != other
        assert canonical(one) != canonical(other)
        assert key(one, "data") != key(other, "data")


def test_other_ways_of_reweighting_are_other_requests():
    hows = [how for how in DIFFERENT if isinstance(how, Irfil)]
    assert len({key(IrfilRequest(weights=how), "data") for how in hows}) == len(hows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Irfil(min_weight=0, max_weight=2, spread=1), Irfil(min_weight=0.0, max_weight=2.0, spread=1.0)),
        (Irfil(attribute=["sex", 3]), Irfil(attribute=("sex", "3"))),
        (Dropping(k=3, attribute=["sex"]), Dropping(k=3, attribute=("sex",))),
        (weighting("irfil:class:15:max=4:min=0.25"), Irfil(method="class", min_weight=0.25, max_weight=4)),
    ],
)
def test_weights_that_are_the_same_are_the_same_request(one, other):
    assert one == other
    assert hash(one) == hash(other)
    for request in REQUESTS:
        assert json.dumps(canonical(weighted(request, one))) == json.dumps(canonical(weighted(request, other)))
        assert key(weighted(request, one), "data") == key(weighted(request, other), "data")


def test_a_model_remembers_its_equally_weighted_self():
    for kind in ("least-squares", "logistic", "softmax"):
        plain = ModelSpec(kind=kind, l2=0.02)
        assert plain.equally_weighted == plain
        for how in DIFFERENT:
            assert ModelSpec(kind=kind, l2=0.02, weights=how).equally_weighted == plain
