"""Which models are attacked, how many of them, and by which attacks; every control is part of the link."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import Dataset
from fil_core.analyses.mia.request import MiaRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.analyses.signals_mia.request import SignalsMiaRequest
from fil_core.specs import ATTACKS, AttackSpec, EnsembleSpec, NetworkSpec
from fil_core.specs.attack import POPULATIONS, VARIANCES
from fil_core.specs.ensemble import LOSSES, MOST_MODELS, SCHEDULES
from pages.common import pretrained, sidebar, uploads
from pages.views.influence import controls

Asked = MiaRequest | NetworkMiaRequest | SignalsMiaRequest
MODEL, NETWORK, SIGNALS = "model", "network", "own signals"
_PIXELS = 132
_WIDE = 420
_DEFAULT = AttackSpec()
_RATES = ",".join(map(repr, _DEFAULT.fpr))


def request(data: Dataset) -> Asked | None:
    """Draw the controls and return what they ask; None where there are no signals yet.

    Raises:
        BadRequest: values that no attack can have.
    """
    of = _of()
    with st.container(horizontal=True):
        chosen = st.multiselect(
            "Attacks", ATTACKS, default=list(_DEFAULT.attacks), key="attacks", bind="query-params", width=_WIDE,
            help=_SAYS,
        )  # fmt: skip
        ensemble = EnsembleSpec() if of == SIGNALS else _ensemble()
        target = st.number_input(
            "Attacked model (empty: each in turn)", min_value=0, value=None, step=1, key="target-model",
            bind="query-params", width=250, placeholder="each in turn",
            help="A single model is attacked, counted from 0, with the others as shadow models.",
        )  # fmt: skip
    training = _network(data) if of == NETWORK else {}
    attack = _attack(tuple(chosen), None if target is None else int(target))
    common: dict[str, Any] = {"data": sidebar.data_spec(), "device": st.session_state["device"], "attack": attack}
    if of == SIGNALS:
        return _of_signals(common)
    if of == NETWORK:
        return NetworkMiaRequest(**common, ensemble=ensemble, **training)
    st.caption("The model, its λ, intercept and training weights are those of the sidebar.")
    return MiaRequest(**common, ensemble=ensemble, model=sidebar.model_spec(), release_sigma=_noise())


_SAYS = """
- `lira`: likelihood ratio of normal scores with and without the record (online)
- `lira-offline`: one-sided test against the models without it
- `rmia`, `rmia-offline`: likelier than what share of a population
- `quantile`: above the predicted quantile of outsiders like it
- `loss`, `gradient`: one threshold for all records
"""


def _of() -> str:
    offered = [MODEL, NETWORK, SIGNALS]
    chosen = st.segmented_control(
        "Attack", offered, default=NETWORK, key="mia-of", bind="query-params", required=True,
        help="model: the one of the sidebar. network: trained by gradient descent. own signals: scores of models that "
        "you have trained yourself, in any framework.",
    )  # fmt: skip
    return chosen or NETWORK


def _ensemble() -> EnsembleSpec:
    models = st.number_input(
        "Models", min_value=2, max_value=MOST_MODELS, value=EnsembleSpec().models, step=32, key="models",
        bind="query-params", width=_PIXELS, help="Each is trained on a random half of the records.",
    )  # fmt: skip
    seed = st.number_input(
        "Seed of halves", min_value=0, value=0, key="ensemble-seed", bind="query-params", width=_PIXELS
    )
    return EnsembleSpec(models=int(models), seed=int(seed))


def _network(data: Dataset) -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        made = controls.of_ensemble(data)
        loss = st.selectbox(
            "Loss", LOSSES, key="loss", bind="query-params", width=_PIXELS, disabled=not data.class_names,
            help="That the networks are trained on; a regression is trained on the squared error.",
        )  # fmt: skip
        schedule = st.selectbox(
            "Schedule", SCHEDULES, key="schedule", bind="query-params", width=_PIXELS,
            help="steps: lr falls to a tenth after half of the steps, and to a hundredth after three quarters.",
        )  # fmt: skip
    return {"network": NetworkSpec(**made), "loss": loss, "schedule": schedule}


def _noise() -> float | None:
    sigma = st.number_input(
        "Output noise σ (0 = none)", min_value=0.0, value=0.0, step=0.01, format="%.4g", key="release-noise",
        bind="query-params", width=200, help="Gaussian noise that is added to the parameters of every model.",
    )  # fmt: skip
    return float(sigma) or None


def _attack(chosen: tuple[str, ...], target: int | None) -> AttackSpec:
    with st.expander("Constants of the attacks"), st.container(horizontal=True):
        variance = st.selectbox(
            "Variance (LiRA)", VARIANCES, key="variance", bind="query-params", width=_PIXELS,
            help="Of each record, or pooled over all; pooled needs fewer models.",
        )  # fmt: skip
        gamma = st.number_input(
            "γ (RMIA)", min_value=1.0, value=_DEFAULT.gamma, key="gamma", bind="query-params", width=_PIXELS
        )
        a = st.number_input(
            "a (RMIA offline)", min_value=0.0, max_value=1.0, value=_DEFAULT.a, key="offline-a", bind="query-params",
            width=_PIXELS,
        )  # fmt: skip
        population = st.selectbox(
            "Population (RMIA)", POPULATIONS, key="population", bind="query-params", width=_PIXELS
        )
        level = st.number_input(
            "Level (quantile)", min_value=0.01, max_value=0.999, value=_DEFAULT.level, key="quantile-level",
            bind="query-params", width=_PIXELS,
        )  # fmt: skip
        rates = st.text_input(
            "False-positive rates", value=_RATES, key="rates", bind="query-params", width=180,
            help="At which true-positive rates are told.",
        )  # fmt: skip
        prior = st.number_input(
            "Prior", min_value=0.001, max_value=0.999, value=_DEFAULT.prior, key="prior", bind="query-params",
            width=_PIXELS, help="Probability that a record is in, for the precision.",
        )  # fmt: skip
    return AttackSpec(
        attacks=chosen, target_model=target, variance=variance, gamma=float(gamma), a=float(a), population=population,
        level=float(level), fpr=controls.read("fpr", rates, AttackSpec), prior=float(prior),
    )  # fmt: skip


def _of_signals(common: dict[str, Any]) -> SignalsMiaRequest | None:
    pretrained.uploader(
        "Scores of your own models", ["npz", "parquet", "csv"], "signals",
        lambda content, title: uploads.keep_signals(sidebar.data_spec(), content, title),
        "ids (n), scores (n, M): logit-scaled confidence in the true label, inclusion (n, M): who was in which. As "
        ".npz, or as a table with the columns id, score_0, inclusion_0, score_1, ...",
    )  # fmt: skip
    digest = st.session_state.get("signals")
    if not digest:
        st.info(
            "Upload the scores of every training record under models that you have trained on parts of them. On the "
            "command line `mia --out signals.npz` writes such a file.",
            icon=":material/upload_file:",
        )
        return None
    return SignalsMiaRequest(**common, signals=digest)
