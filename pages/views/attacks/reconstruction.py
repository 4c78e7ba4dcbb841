"""Reconstruction on a page: one example, what attackers make of it under noise, and many examples beside the bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, FilRequest, ReconstructionRequest, Result
from fil_core.analyses.reconstruction import figures as reconstruction_figures
from fil_core.analyses.reconstruction import words as reconstruction_words
from fil_core.display import charts, pictures
from pages.common import compute, text, tiles, widgets

_WIDTH = 260
_BATCH = 10  # examples of a sweep that are computed, and kept, together
_ATTACKS = {"with a prior": "prior", "unbiased": ""}

WHO = """
The attacker knows every other training example, the penalty and this example's label, and sees the noisy parameters. At
the optimum all gradients cancel, so the others' gradient is minus this example's own, and the example follows.

- **unbiased**: the example that explains the released parameters exactly. Without noise one of at most two such is the
  example itself; the one with whole numbers where all others have them, or else the one more like the others of its
  label, is taken. Where nothing explains a noisy release, the point where the two would meet is. No guess is longer
  than twice the longest other example, so that with much noise the attack is not unbiased any more.
- **with a prior**: the mean of the posterior, when examples are taken to be spread like the others of the same label: a
  Gaussian with their mean, and their variance along each eigenvector of the others' curvature. It is wrong in the
  details, so that with hundreds of features and little noise it can mislead more than it helps.

**Floors.** No *unbiased* attack has a smaller expected error than Tr(I⁻¹)/d (Cramér–Rao). The floor with a prior,
Tr((I + τ⁻²)⁻¹)/d, is van Trees' for a Gaussian prior of the training features' variance τ², with the information I of
this example: what the best attack would reach, on average, if all examples were like it. A single example can lie below
a floor: the first does not bind biased attacks; the second is an average, and examples nearer to the middle than most
are easier; it also grants the attacker less than this one knows, who has seen the others' spread in every direction.
And a mean over a few dozen releases scatters by itself: the bars are two standard errors.
"""


def view(asked: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer stands above the controls that change it
    id, trials, seed = _controls(data)
    if id not in set(data.ids.tolist()):
        st.warning(
            f"Example {id} is not among the {data.n:,} training examples in use: it may be held out for testing, of "
            "another class, or left out by the row limit."
        )
        return
    request = ReconstructionRequest(
        data=asked.data, model=asked.model, ids=(id,), trials=trials, seed=seed, device=asked.device
    )
    found = compute.result(request)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        sigmas = found.summary["sigmas"]
        # The name carries the range: noise chosen for one example means nothing for another.
        sigma = st.select_slider(
            "Output noise σ",
            sigmas,
            value=sigmas[len(sigmas) // 2],
            format_func=text.number,
            key=f"rsigma-{sigmas[-1]!r}",
        )
    with right:
        attack = st.segmented_control(
            "Attack", list(_ATTACKS), default="with a prior", key="kind", bind="query-params", required=True
        )
    suffix = _ATTACKS[attack or "with a prior"]
    level = sigmas.index(sigma)
    row = found.table.iloc[level]
    said = reconstruction_words.reconstructed(found.table, row, found.summary["prior_std"], prior=bool(suffix))
    sentence.markdown(said if sigma else f"{said}Move the noise to see how soon the attack loses it.")
    _figures(found, row, suffix)
    answers = found.arrays["guess_prior" if suffix else "guess"][0]
    if data.image_shape is not None:
        _pictures(data, id, found.arrays["truth"][0], answers[level])
    else:
        _record(data, found.arrays["truth"][0], answers[level])
    left, right = st.columns(2)
    with left:
        st.subheader("Error against noise", anchor=False)
        widgets.chart(
            reconstruction_figures.errors(found.table, sigma, found.summary["prior_std"], widgets.mode()),
            "Root mean squared error of both attacks against the output noise, beside their bounds",
            "errors",
        )
        widgets.table_twin(found.table.drop(columns="label"), key="error-numbers")
    with right:
        st.subheader("Is the floor kept?", anchor=False)
        _many(request, data, sigma, suffix)
    with st.expander("Who the attackers are, and what the bounds promise"):
        st.markdown(WHO)
    widgets.provenance(request, found)


def _controls(data: Dataset) -> tuple[int, int, int]:
    one, two, three, four = st.columns([1, 1, 1, 1], vertical_alignment="bottom")
    if st.session_state.get("id") is None and "id" in st.session_state:
        del st.session_state["id"]
    id = one.number_input("Example (id)", min_value=0, value=int(data.ids[0]), step=1, key="id", bind="query-params")
    trials = two.number_input("Releases drawn", 1, 10_000, 20, step=10, key="releases-drawn", bind="query-params", help="For each noise; the pictures show the first.")  # noqa: E501 # fmt: skip
    seed = three.number_input("Their seed", 0, value=0, key="noise-seed", bind="query-params")
    four.button("Another example", icon=":material/shuffle:", key="another", on_click=_another, args=(data.ids,))
    return int(id), int(trials), int(seed)


def _another(ids: np.ndarray) -> None:
    st.session_state["id"] = int(np.random.default_rng().choice(ids))


def _figures(found: Result, row: pd.Series, suffix: str) -> None:
    kind = "_prior" if suffix else ""
    shown = {
        "Mean squared error": text.number(row[f"mse{kind}"]),
        "PSNR": f"{row[f'psnr{kind}']:.1f} dB",
        "Floor, unbiased": text.number(row["bound_unbiased"]),
        "Floor, with a prior": text.number(row["bound_prior"]),
        "Explained releases": f"{row['explained']:.0%}",
        "η of the example": text.number(row["eta"]),
    }
    for column, (name, value) in zip(st.columns(len(shown)), shown.items(), strict=True):
        column.metric(name, value, border=True)


def _pictures(data: Dataset, id: int, truth: np.ndarray, guess: np.ndarray) -> None:
    """The example, what the model saw of it, the attack's answer, and where that is wrong."""
    projected = data.preprocessing.basis is not None
    shown = [("The example", tiles.pictures(data, np.array([id]))[0])]
    if projected:
        shown.append(("As the model sees it", _picture(data, truth)))
    shown.append(("The attack's guess", _picture(data, guess)))
    columns = st.columns(len(shown) + 1)
    for column, (title, picture) in zip(columns, shown, strict=False):
        with column:
            st.markdown(f"**{title}**")
            st.image(pictures.enlarged(picture, _WIDTH), output_format="PNG", alt=f"{title}: {id}")
    with columns[-1]:
        st.markdown("**Where it is wrong**", help="Guess less truth, in shares of white.")
        if widgets.redacted():
            st.info("Hidden while redacted: the map shows the picture's outline.")
            return
        error = ((guess - truth) / data.pixel_max).reshape(data.image_shape)
        if error.ndim == 3:
            strongest = np.abs(error).argmax(2)[..., None]
            error = np.take_along_axis(error, strongest, 2)[..., 0]
        widgets.chart(
            charts.heat_map(error, widgets.mode(), signed=True),
            f"Error of the guess over the pixels of {id}",
            "error-map",
        )


def _picture(data: Dataset, values: np.ndarray) -> np.ndarray:
    """Source values as pixels, cut off at black and white; coarse when the screen is to be shared."""
    picture = pictures.pixels(data, values)
    return pictures.coarse(picture) if widgets.redacted() else picture


def _record(data: Dataset, truth: np.ndarray, guess: np.ndarray) -> None:
    scale = np.ptp(data.source, axis=0)
    frame = pd.DataFrame(
        {"truth": truth, "guess": guess, "error, share of the range": (guess - truth) / np.where(scale > 0, scale, 1)},
        index=pd.Index(data.source_names, name="column"),
    )
    if widgets.redacted():
        frame = frame.astype(object).mask(frame.notna(), widgets.MASK)
    st.dataframe(frame, width="stretch", height=320, column_config=widgets.number_columns(frame), key="guess-record")


def _many(request: ReconstructionRequest, data: Dataset, sigma: float, suffix: str) -> None:
    """Floor against measured error for a seeded draw of examples."""
    one, two = st.columns(2)
    count = int(one.selectbox("Examples", [20, 50, 100, 200], key="many"))
    drawn = int(two.number_input("Releases for each", 10, 1000, 50, step=10, key="many-trials"))
    if sigma == 0:
        st.info("Without noise the bounds are 0, and there is nothing to compare. Choose a noise above.")
        return
    ids = np.random.default_rng(0).choice(data.ids, min(count, data.n), replace=False)
    batches = [tuple(int(i) for i in ids[k : k + _BATCH]) for k in range(0, len(ids), _BATCH)]
    requests = [dataclasses.replace(request, ids=batch, sigmas=(sigma,), trials=drawn) for batch in batches]
    answers = compute.sweep(requests, f"Attack {len(ids)} examples at σ = {text.number(sigma)}", key="many-run")
    tables = [answer.table for answer in answers if answer is not None]
    if not tables:
        st.caption("Attack many examples at this noise, to see each one's error against its floor.")
        return
    points = pd.concat(tables).query("eta > 0")
    points = points[np.isfinite(points["bound_unbiased"])]
    kind = ("bound_prior", "mse_prior") if suffix else ("bound_unbiased", "mse")
    widgets.chart(
        reconstruction_figures.promised(points, *kind, widgets.mode()),
        f"Measured error against the floor for {len(points)} examples",
        "promised",
    )
    below = points[points[kind[1]] < points[kind[0]]]
    clear = int((below[kind[1]] + 2 * below[f"{kind[1]}_error"] < below[kind[0]]).sum())
    of = text.count(len(points))
    st.caption(
        f"{text.count(len(below))} of {of} examples lie below their floor, {text.count(clear)} of them by more than "
        "two standard errors; why that can be is said below."
    )
    st.dataframe(
        points[["eta", *kind, "explained"]].sort_values(kind[0]), height=200, width="stretch",
        column_config=widgets.number_columns(points), key="many-rows",
    )  # fmt: skip
    widgets.export(points.drop(columns="label"), "reconstruction", key="many-export")
