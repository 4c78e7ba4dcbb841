"""The page Membership: attacks on trained models, own signals, and audits; what they say, refuse and hide."""

from __future__ import annotations

import json

import pytest
from harness import app, fresh_server, plain, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, ModelSpec
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.audit.words import sentence as audit_sentence
from fil_core.analyses.mia.request import MiaRequest
from fil_core.analyses.mia.words import sentence
from fil_core.analyses.mia_against.request import AgainstRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.analyses.subject import Subject
from fil_core.engine.store import Store
from fil_core.specs import AuditSpec, EnsembleSpec, KernelSpec, NetworkSpec
from pages.common import text
from tests.analyses.example_requests import keep_uploads

MEMBERSHIP = "pages/membership.py"
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=60)
LINK = {"data": "digits", "classes": ["3", "8"], "subset": "60", "model": "logistic", "l2": "0.01"}
TRAINED = LINK | {"view": "trained models", "mia-of": "model", "models": "16"}
LOGISTIC = ModelSpec(kind="logistic", l2=0.01)
ASKED = MiaRequest(data=PAIR, model=LOGISTIC, ensemble=EnsembleSpec(models=16))
NETWORK = NetworkSpec(width=16, lr=0.5, time=30, batch=32, precision="float32")
OF_NETWORK = TRAINED | {"mia-of": "network", "width": "16", "time": "30"}


def page(link: dict[str, object] = TRAINED, **more: object) -> AppTest:
    return app(MEMBERSHIP, **(link | more))  # type: ignore[arg-type]


def metrics(at: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in at.metric}


def alts(at: AppTest) -> dict[str, dict]:
    return {one.proto.alt: json.loads(one.proto.spec) for one in at.get("plotly_chart")}


def fine(at: AppTest) -> bool:
    return not at.exception and not at.error


def test_the_sentence_the_metrics_and_the_record_are_the_results_own() -> None:
    at = page()
    result = Engine().find(ASKED)
    assert result is not None and fine(at)
    s, table, told = result.summary, result.table, metrics(at)
    about = Subject(ASKED, result, Engine().dataset(PAIR), "", False, 1)
    assert sentence(about, str) in words(at)
    assert told["LiRA: AUC"] == f"{s['auc']['lira']:.3f}"
    assert told["TPR at FPR 0.01"] == text.percent(s["tpr_at_fpr"]["lira"]["0.01"][0])
    top = table["auc"].idxmax()
    assert told["AUC over the models"] == f"{table['auc'][top]:.3f}"
    histogram = next(spec for alt, spec in alts(at).items() if alt.startswith("Histograms"))
    row = Engine().dataset(PAIR).row(int(top))
    had = int(result.arrays["inclusion"][row].sum())
    assert {trace["name"] for trace in histogram["data"] if trace["type"] == "bar"} == {
        f"{had} models with the record", f"{16 - had} models without it",
    }  # fmt: skip
    every = next(d.value for d in at.dataframe if "TPR" in d.value.columns)
    assert len(every) == 9 and every["AUC"].iloc[0] == s["auc"]["lira"]


def test_a_record_of_the_link_is_opened_and_one_that_is_not_there_is_said() -> None:
    id = int(Engine().dataset(PAIR).ids[7])
    assert any(f"Record {id} " in plain(one.value) for one in page(id=str(id)).subheader)
    assert any("not among the 60" in plain(one.value) for one in page(id="1").warning)


def test_networks_are_trained_and_beside_them_what_closed_forms_say() -> None:
    at = page(OF_NETWORK)
    asked = NetworkMiaRequest(data=PAIR, network=NETWORK, ensemble=EnsembleSpec(models=16))
    assert fine(at) and Engine().find(asked) is not None
    at.button(key="against-compute").click().run(timeout=60)
    against = AgainstRequest(
        data=PAIR, model=LOGISTIC, network=NETWORK, kernel=KernelSpec(kind="relu", depth=1),
        ensemble=EnsembleSpec(models=16),
    )  # fmt: skip
    assert Engine().find(against) is not None and "agrees best" in words(at)


def test_a_preset_sets_every_control() -> None:
    at = page(OF_NETWORK)
    at.button(key="preset-small-squared").click()
    at.session_state["models"] = 16
    at.run(timeout=120)
    state = at.session_state
    assert (state["width"], state["lr"], state["time"], state["batch"]) == (256, 2.0, "1500", 32)
    assert state["loss"] == "squared" and state["no-bias"] is True and state["models"] == 128


def test_attacks_that_cannot_be_run_are_refused_where_the_answer_would_be() -> None:
    at = page(attacks="gradient")
    assert fine(at)
    nobody = page(**{"target-model": "16"})
    assert "from 0 to 15" in plain(nobody.error[0].value)


def test_own_signals_are_asked_for_and_attacked() -> None:
    link = {"data": "digits", "classes": ["3", "8"], "subset": "80", "view": "trained models", "mia-of": "own signals"}
    at = page(link)
    assert fine(at) and any("Upload the scores" in one.value for one in at.info) and not metrics(at)
    name = keep_uploads(Store())
    shown = page(link, signals=name)
    assert fine(shown) and metrics(shown)["LiRA: AUC"]
    other = page(link | {"subset": "60"}, signals=name)
    assert any("another choice" in plain(one.value) for one in other.error)


def test_redacted_nothing_tells_a_label() -> None:
    at = page(redact="true")
    assert fine(at)
    assert not any("class 3" in plain(one.value) or "class 8" in plain(one.value) for one in at.subheader)
    table = next(d.value for d in at.dataframe if "in_mean" in d.value.columns)
    assert set(table["label"]) == {"▒▒▒"} or "label" not in table or table["label"].nunique() == 1


AUDIT = LINK | {"view": "audit", "canaries": "12", "runs": "8", "release-noise": "0.5"}


def test_an_audit_is_run_and_says_whether_the_promise_holds() -> None:
    at = page(AUDIT)
    assert fine(at)
    at.button(key="audit-compute").click().run(timeout=60)
    asked = AuditRequest(data=PAIR, model=LOGISTIC, audit=AuditSpec(canaries=12, runs=8), release_sigma=0.5)
    result = Engine().find(asked)
    assert result is not None and fine(at)
    about = Subject(asked, result, Engine().dataset(PAIR), "", False, 1)
    assert plain(audit_sentence(about, text.safe)) in plain(words(at))
    at.button(key="audits-compute").click().run(timeout=120)
    assert fine(at) and "As it is, one run shows" in plain(words(at))


def test_more_canaries_than_rows_are_refused() -> None:
    at = page(AUDIT, canaries="61")
    at.button(key="audit-compute").click().run(timeout=60)
    assert any("60" in plain(one.value) and "61" in plain(one.value) for one in at.error)


@pytest.mark.parametrize("view", ["trained models", "audit"])
def test_sentences_are_refused_in_words(view: str) -> None:
    at = app(MEMBERSHIP, data="grammar", view=view)
    assert not at.exception and len(at.error) + len(at.warning) + len(at.info) > 0
