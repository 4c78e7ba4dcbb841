"""One training example: picture or record, which parts leak, bounds on its reconstruction, nearest neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, ExampleRequest, FilRequest, Result
from fil_core.analyses.example.estimates import estimates, noise_of_half
from fil_core.display import charts, pictures, redaction
from pages.common import compute, tables, text, tiles, widgets
from pages.common.naming import called, missing, named
from pages.common.units import silent
from pages.views.examples import dossier, review, through

_WIDTH = 300


def panel(request: FilRequest, data: Dataset, table: pd.DataFrame, id: int) -> None:
    """Everything about one example; a warning for an id that is not in the training set."""
    if id not in table.index:
        st.warning(missing(data, id) + " Pick one below.")
        return
    row = table.loc[id]
    result = compute.example(ExampleRequest(data=request.data, model=request.model, id=id, device=request.device))
    with st.container(border=True):
        head, buttons = st.columns([1, 1], vertical_alignment="center")
        shows_class = data.class_names and not widgets.redacted()
        of_class = f" · class {text.safe(row.label)}" if shows_class else ""
        head.subheader(f"Example {text.safe(called(data, id))}{of_class}", anchor=False)
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            attack = st.button("Attack this example", icon=":material/visibility:", key="attack-this")
            st.button("Close", icon=":material/close:", key="close", on_click=_close)
        st.markdown(_sentence(row, table))
        if data.flipped is not None and data.flipped[data.row(id)] and not widgets.redacted():
            st.caption("This label was replaced on purpose.")
        if attack:
            # Both pages bind the id to the link, and a bound parameter cannot be set from outside its widget.
            st.session_state["attack-id"] = id
            st.switch_page("pages/attacks.py", query_params={"attack": "reconstruction"})
        _metrics(row, table)
        (_pictures if data.image_shape is not None else _record)(data, result, id)
        if data.pictures is not None:
            through.view(request, data, id)
        left, right = st.columns(2)
        with left:
            _bounds(result)
        with right:
            _neighbours(data, table, result)
        dossier.view(request, data, id)
        review.button(request, id)


def _close() -> None:
    st.session_state["id"] = None


def _sentence(row: pd.Series, table: pd.DataFrame) -> str:
    times = row.eta / max(float(table["eta"][table["eta"] > 0].median()), 1e-300)  # of the examples that are trained on
    prediction = (
        ""
        if "correct" not in row
        else " The model predicts its class correctly."
        if row.correct
        else f" The model predicts **{text.safe(row.prediction)}**."
    )
    return (
        f"Ranked **{int(row['rank']):,} of {len(table):,}** (percentile {row.percentile:.1f}): its η is "
        f"**{text.number(row.eta)}**, {times:.2f} × the median.{prediction}{_change(row)}"
    )


def _change(row: pd.Series) -> str:
    """How its weight changed its eta, where the examples have weights."""
    if "change" not in row:
        return ""
    if row.eta == 0:
        return f" It is **left out of the training**; with equal weights its η was {text.number(row.eta_before)}."
    return (
        f" It is trained with a weight of **{row.weight:.2f}**;" if "weight" in row else " Training is weighted;"
    ) + f" with equal weights its η was {text.number(row.eta_before)}, so this is **{row.change:.2f} ×** as much."


def _metrics(row: pd.Series, table: pd.DataFrame) -> None:
    names = {"eta": "η", "dfil": "dFIL", "loss": "Loss", "loo_shift": "Shift of θ if left out", "leverage": "Leverage"}
    shown = {key: name for key, name in names.items() if key in table}
    percentiles = {key: 100 * float((table[key] <= row[key]).mean()) for key in shown}
    known = {
        name: (text.number(row[key]), f"percentile {percentiles[key]:.1f}")
        if pd.notna(row[key])
        else (tables.MISSING, "not unique without it")
        for key, name in shown.items()
    }
    widgets.metrics(known, border=False)


def _pictures(data: Dataset, result: Result, id: int) -> None:
    one, two, three = st.columns(3)
    with one:
        _picture(data, id)
    for column, title, name, signed, help in (
        (
            two,
            "Which pixels leak",
            "feature_eta",
            False,
            "How far θ moves when only this preprocessed pixel changes.",
        ),
        (
            three,
            "Most exposed direction",
            "direction",
            True,
            "The change of the picture that moves θ most; its sign is arbitrary.",
        ),
    ):
        with column:
            st.markdown(f"**{title}**", help=help)
            if widgets.redacted():
                st.info("Hidden while redacted: these maps show the outline of the picture.")
                continue
            assert data.image_shape is not None  # else `_record` draws it
            values = pictures.strongest(result.arrays[name], data.image_shape)
            widgets.chart(
                charts.heat_map(values, widgets.mode(), signed=signed),
                f"{title}: heat map over the pixels of example {id}",
                f"map-{name}",
            )


def _picture(data: Dataset, id: int) -> None:
    picture = tiles.pictures(data, np.array([id]))[0]
    st.markdown("**The example**")
    st.image(pictures.enlarged(picture, _WIDTH), output_format="PNG", alt=f"Training example {called(data, id)}")


def _record(data: Dataset, result: Result, id: int) -> None:
    if data.pictures is not None:  # whose features have no pixels
        _picture(data, id)
    names = tuple(map(redaction.feature, data.source_names)) if widgets.redacted() else data.source_names
    left, right = st.columns(2)
    with left:
        _columns(data, result, id, names)
    with right:
        _attributes(result, id, names)


def _columns(data: Dataset, result: Result, id: int, names: tuple[str, ...]) -> None:
    """Value, leakage and bound of each column."""
    st.markdown("**The record**")
    bounds = estimates(result, data, _noise(data, result))
    values = data.source[data.row(id)]
    record = pd.DataFrame(
        {
            "value": [widgets.MASK if widgets.redacted() else f"{v:.6g}" for v in values],
            "η of the column": result.arrays["feature_eta"],
            "±": bounds["bound_source"].to_numpy(),
            "spread": bounds["spread"].to_numpy(),
            "±, preprocessed": bounds["bound"].to_numpy(),
            "leaking direction": result.arrays["direction"],
        },
        index=pd.Index(names, name="column"),
    )
    tables.table(record, width="stretch", height=320, column_config=widgets.number_columns(record), key="record")
    st.caption(
        "±: no unbiased attacker estimates the column with a smaller standard deviation at this noise, in the units of "
        f"the source; spread: its standard deviation among the training examples.{silent(bounds)}"
    )


def _attributes(result: Result, id: int, names: tuple[str, ...]) -> None:
    """Leakage of each attribute, a categorical one as a whole."""
    groups = result.summary["attribute_eta"]
    columns = zip(names, result.arrays["feature_eta"], strict=True)
    single = {n: float(e) for n, e in columns if not any(n.startswith(f"{g}=") for g in groups)}
    shown = dict(sorted({**single, **groups}.items(), key=lambda item: -item[1])[:16])
    st.markdown("**Which attributes leak**", help="η of an attribute: how far θ moves when only its columns change.")
    widgets.chart(
        charts.bars(list(shown), list(shown.values()), "η of the attribute, in 1/feature", widgets.mode()),
        f"Bars of eta by attribute for example {id}",
        "attributes",
    )


def _noise(data: Dataset, result: Result) -> float:
    """The noise of the bounds on single columns: a slider around the one at which they begin to say something."""
    half = noise_of_half(result, data)
    levels = [float(level) for level in half * np.logspace(-3, 3, 25)]
    # The key holds the range: a noise chosen for another example does not apply.
    return st.select_slider(
        "Output noise σ", levels, value=levels[len(levels) // 2], format_func=text.number, key=f"record-sigma-{half!r}"
    )


def _bounds(result: Result) -> None:
    st.markdown(
        "**How precisely can it be reconstructed?**",
        help="Lower bounds on the error of an attacker who knows all other examples: Cramér–Rao for unbiased "
        "attackers; van Trees for a Gaussian prior with the variance of the training data, which holds on average.",
    )
    std = result.summary["prior_std"]
    widgets.chart(
        charts.bounds(
            result.arrays["sigmas"],
            np.sqrt(result.arrays["bound_unbiased"]) / std,
            np.sqrt(result.arrays["bound_prior"]) / std,
            widgets.mode(),
        ),
        "Bounds on the reconstruction error against the output noise: Cramér–Rao and van Trees",
        "bounds",
    )


def _neighbours(data: Dataset, table: pd.DataFrame, result: Result) -> None:
    near = result.table
    st.markdown(f"**The {len(near)} nearest training examples**")
    if data.picture_shape is not None:
        picked = tiles.tiles(data, table, [int(i) for i in near.index], key="near")
        if picked is not None:
            st.session_state["open"] = picked
            st.rerun()
    else:
        shown = named(near[["distance"]].join(table[["label", "rank", "eta"]]), data)
        tables.table(shown, width="stretch", column_config=widgets.number_columns(shown), key="near-rows")
