"""One record: who it is, its ROC curve, its outputs with it and without it, (epsilon, delta), and its twins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core.analyses.lood import figures
from fil_core.display import pictures, redaction
from pages.common import tables, text, tiles, widgets
from pages.common.naming import called, missing
from pages.views.membership.shown import AUC, KL, Shown

_WIDTH = 220
_LEAST = 1e-6  # delta from which the curve is drawn
_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.5)


def view(shown: Shown) -> None:
    """The record of the link, or the one whose LOOD is largest."""
    data, id = shown.data, shown.id
    if id not in shown.table.index:
        st.subheader("Record", anchor="record")
        st.warning(missing(data, id) + " Pick one above.", icon=":material/warning:")
        return
    row = shown.table.loc[id]
    of_class = f" · class {text.safe(shown.table['label'][id])}" if shown.subject.classes else ""
    st.subheader(f"Record {text.safe(called(data, id))}{of_class}", anchor="record")
    if id == shown.top:
        st.caption("The one whose LOOD is largest.")
    widgets.metrics(_facts(shown, row))
    left, right = st.columns(2)
    with left:
        _pictured(shown, id)
    with right:
        _roc(shown, data.row(id))
    left, right = st.columns(2)
    with left:
        _outputs(shown, data.row(id))
    with right:
        _privacy(shown, data.row(id))


def _facts(shown: Shown, row: pd.Series) -> dict[str, tuple[str, str]]:
    rate = next(name for name in shown.table if str(name).startswith("tpr_at_fpr_"))
    names = {
        AUC: "AUC", rate: f"TPR at FPR {shown.request.fpr:g}", KL: "LOOD (KL)", "memorisation": "Memorisation",
        "leverage": "Leverage",
    }  # fmt: skip
    return {
        called: (
            f"{row[name]:.3f}" if name == AUC else text.number(row[name]),
            _percentile(shown.table[name], row[name]),
        )
        for name, called in names.items()
        if name in row
    }


def _written(name: str, value: float) -> str:
    return f"{value:.3f}" if name == AUC else text.number(value)


def _percentile(values: pd.Series, value: float) -> str:
    return f"percentile {100 * float((values <= value).mean()):.1f}"


def _pictured(shown: Shown, id: int) -> None:
    """The record beside its nearest other one, and what leaving both out changes."""
    data, twin = shown.data, _twin(shown, id)
    names = {id: "The record"} | ({twin: f"Its nearest: {called(data, twin)}"} if twin is not None else {})
    if data.picture_shape is not None:
        images = tiles.pictures(data, np.array(list(names)))
        for place, image, (one, said) in zip(st.columns(2), images, names.items(), strict=False):
            with place:
                st.markdown(f"**{text.safe(said)}**")
                large = pictures.enlarged(image, _WIDTH)
                st.image(large, output_format="PNG", alt=f"Training record {called(data, one)}")
    else:
        st.markdown("**The record" + (" beside its nearest**" if twin is not None else "**"))
        attributes = _attributes(shown, names)
        tables.table(attributes, width="stretch", height=tables.fitting(len(attributes)), key="lood-record")
    if twin is not None:
        _twins(shown, id, twin)


def _twin(shown: Shown, id: int) -> int | None:
    return int(shown.table.loc[id, "twin_id"]) if "twin_id" in shown.table else None


def _attributes(shown: Shown, names: dict[int, str]) -> pd.DataFrame:
    """One row an attribute, one column a record."""
    records = shown.data.records(np.array([shown.data.row(one) for one in names]))
    if widgets.redacted():
        records = redaction.hidden(records)
    said = {
        title: [f"{value:.6g}" if isinstance(value, float) else str(value) for value in records.loc[one]]
        for one, title in names.items()
    }
    return pd.DataFrame(said, index=pd.Index(records.columns, name="attribute"))


def _twins(shown: Shown, id: int, twin: int) -> None:
    row, many = shown.table.loc[id], shown.request.twins
    alone, together = float(row[KL]), float(row["kl_with_twins"])
    with_it = "it" if many == 1 else f"its {text.count(many)} nearest records"
    times = f", **{text.number(together / alone)} ×** as much" if alone > 0 else ""
    same = f" (class {text.safe(shown.table['label'][twin])})" if shown.subject.classes else ""
    st.markdown(
        f"Its nearest record is **{text.safe(called(shown.data, twin))}**{same}, with a kernel correlation of "
        f"{row['twin_similarity']:.4f}. Left out alone, the record shows a LOOD of **{text.number(alone)}** nats; left "
        f"out together with {with_it}, **{text.number(together)}** nats{times}."
    )


def _roc(shown: Shown, row: int) -> None:
    from fil_core.analyses.lood.record import tpr_at  # it loads torch: not before it is needed

    st.markdown(
        "**How surely an attacker tells**",
        help="Exact ROC curve of the best test of whether the record was in the training data, from one draw of the "
        "outputs at the queries.",
    )
    drawn = figures.roc_of(shown.subject, row)
    widgets.chart(drawn.figure, drawn.alt, "lood-roc")
    arrays = shown.result.arrays
    rates = tpr_at(arrays["g"][row], arrays["m"][row], shown.result.summary["outputs"], _RATES)
    told = pd.DataFrame({"TPR": rates}, index=pd.Index([f"{rate:g}" for rate in _RATES], name="FPR"))
    widgets.table_twin(told, key="lood-roc-numbers")


def _outputs(shown: Shown, row: int) -> None:
    st.markdown("**Its outputs with it and without it**")
    if widgets.redacted():
        st.info("Hidden while redacted: its own output tells its label.", icon=":material/visibility_off:")
        return
    if not shown.at_itself:
        st.info(
            "With queries at the record itself (`self`), its predictive distributions are here.", icon=":material/info:"
        )
        return
    if not shown.result.arrays["variance_in"][row] > 0:
        st.info("The record is zero to the kernel: its outputs are 0 for certain.", icon=":material/info:")
        return
    means, variances, target, said = _predicted(shown, row)
    figure = figures.predictive(means, variances, target, said, widgets.mode())
    widgets.chart(figure, "Normal densities of the record's output with it and without it", "lood-outputs")
    stds = [variance**0.5 for variance in variances]
    told = pd.DataFrame({"mean": means, "standard deviation": stds}, index=["with the record", "without it"])
    widgets.table_twin(told, key="lood-outputs-numbers")


def _predicted(shown: Shown, row: int) -> tuple[tuple[float, float], tuple[float, float], float, str]:
    """Means and variances of a record's own output with it and without it, its target, and what the output is."""
    arrays, data, C = shown.result.arrays, shown.data, shown.result.summary["classes"]
    variances = (float(arrays["variance_in"][row]), float(arrays["variance_out"][row]))
    column = int(data.y[row]) if C else 0
    means = (float(arrays["mean_in"][row, column]), float(arrays["mean_out"][row, column]))
    if C:
        return means, variances, 1 - 1 / C, f"output of its own class, one-hot less 1/{C}"
    std, centre = float(data.y.std()) or 1.0, float(data.y.mean())  # of which the process has units
    means = (centre + std * means[0], centre + std * means[1])
    variances = (std**2 * variances[0], std**2 * variances[1])
    return means, variances, float(data.y[row]), "output, in units of the target"


def _privacy(shown: Shown, row: int) -> None:
    from fil_core.analyses.lood.record import indistinguishable  # likewise

    st.markdown(
        "**How private the outputs keep it: (ε, δ)**",
        help="One draw of the outputs is (ε, δ)-indistinguishable between training with the record and without it, for "
        "this record, in both directions; differential privacy would need it of every possible record.",
    )
    arrays = shown.result.arrays
    epsilon, delta = indistinguishable(arrays["g"][row], arrays["m"][row], shown.result.summary["outputs"])
    if delta[0] < _LEAST:
        st.info(
            f"δ is at most {text.number(delta[0])} at every ε: its outputs hardly depend on it.", icon=":material/info:"
        )
        return
    widgets.chart(
        figures.privacy(epsilon, delta, widgets.mode()), f"Smallest delta for epsilon from 0 to {epsilon[-1]:.3g}",
        "lood-privacy",
    )  # fmt: skip
    told = pd.DataFrame({"δ": delta[::20]}, index=pd.Index([f"{one:.3g}" for one in epsilon[::20]], name="ε"))
    widgets.table_twin(told, key="lood-privacy-numbers")
