"""Reconstruction on a page: one example, its reconstructions by noise, and the error beside the bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, ExampleRequest, FilRequest, ReconstructionRequest, Result
from fil_core.analyses.example.estimates import estimates
from fil_core.analyses.reconstruction import figures as reconstruction_figures
from fil_core.analyses.reconstruction import words as reconstruction_words
from fil_core.display import charts, pictures, redaction
from pages.common import compute, naming, tables, text, tiles, widgets
from pages.common.naming import missing, named
from pages.common.units import silent, source_units
from pages.views.attacks import many_examples

_WIDTH = 260
_ATTACKS = {"with a prior": "prior", "unbiased": ""}

ATTACKERS_TEXT = """
The attacker knows every other training example, the penalty and this example's label, and sees the noisy parameters. At
the optimum all gradients sum to zero, so this example's gradient follows from those of the others, and the example from
its gradient.

- **unbiased**: the example that explains the released parameters exactly. Without noise there are at most two
  candidates, and one is the example itself. The attack chooses the one with whole numbers where all others have them,
  else the one more like the others of its label. Where no candidate explains a noisy release, it takes the point at
  which the two would merge. With an intercept the entry that is 1 for everyone tells the candidates apart, and what
  the noise made of it corrects the other entries. No reconstruction is longer than twice the longest other example, so
  with much noise the attack is no longer unbiased.
- **with a prior**: the posterior mean, with a Gaussian prior fitted to the others of the same label: their mean, and
  their variance along each eigenvector of the others' curvature. The prior is only approximately right, so with
  hundreds of features and little noise it can make the reconstruction worse.

**Softmax models.** Noise leaves no example that explains a release of several scores exactly, so the share of explained
releases is 0 with noise. The unbiased attack then answers with the maximum of the likelihood. The posterior mean is an
integral over the scores of all classes by importance sampling, with 64 points for each release. From 128 features on it
has 16 points, and leaves out one small term of the scores' covariance.

**Bounds.** No *unbiased* attack has an expected error per feature below Tr(I⁻¹)/d (the Cramér–Rao bound). The van Trees
bound, Tr((I + τ⁻²)⁻¹)/d, is for a Gaussian prior with the training features' variance τ² and this example's information
I. It is the error of the best attack on average, if all examples were like this one. A single example can lie below a
bound. The Cramér–Rao bound does not apply to biased attacks. The van Trees bound is an average, and examples nearer to
the mean than most are easier. It also assumes less than this attacker knows, who has seen the others' variance in every
direction. And a mean over a few dozen releases has a sampling error: the bars are two standard errors.
"""


def view(model_request: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer is above the controls that change it
    id, trials, seed = _controls(data)
    if id not in set(data.ids.tolist()):
        st.warning(missing(data, id))
        return
    request = ReconstructionRequest(
        data=model_request.data, model=model_request.model, ids=(id,), trials=trials, seed=seed,
        device=model_request.device,
    )  # fmt: skip
    result = compute.result(request)
    sigma, suffix = _noise_and_attack(result)
    level = result.summary["sigmas"].index(sigma)
    row, prior_std = result.table.iloc[level], result.summary["prior_std"]
    message = reconstruction_words.reconstructed(result.table, row, prior_std, prior=bool(suffix))
    sentence.markdown(message if sigma else f"{message}Increase the noise to see when the attack fails.")
    _metrics(data, row, suffix)
    guess = result.arrays["guess_prior" if suffix else "guess"][0][level]
    if data.image_shape is not None:
        _pictures(data, id, result.arrays["truth"][0], guess)
    else:
        _record(data, result.arrays["truth"][0], guess, _bounds(request, data, sigma))
    left, right = st.columns(2)
    with left:
        _error_chart(data, result, sigma)
    with right:
        st.subheader("Does any attack beat the bound?", anchor=False)
        many_examples.view(request, data, sigma, suffix)
    with st.expander("The attackers and the bounds"):
        st.markdown(ATTACKERS_TEXT)
    widgets.provenance(request, result)


def _noise_and_attack(result: Result) -> tuple[float, str]:
    """The noise level, and the suffix of the attack's columns."""
    sigmas = result.summary["sigmas"]
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    # The key holds the range: noise chosen for one example does not apply to another.
    sigma = left.select_slider(
        "Output noise σ", sigmas, value=sigmas[len(sigmas) // 2], format_func=text.number, key=f"rsigma-{sigmas[-1]!r}"
    )
    attack = right.segmented_control(
        "Attack", list(_ATTACKS), default="with a prior", key="kind", bind="query-params", required=True
    )
    return sigma, _ATTACKS[attack or "with a prior"]


def _error_chart(data: Dataset, result: Result, sigma: float) -> None:
    st.subheader("Error against noise", anchor=False)
    widgets.chart(
        reconstruction_figures.errors(result.table, sigma, result.summary["prior_std"], widgets.mode()),
        "Root mean squared error of both attacks against the output noise, beside their bounds",
        "errors",
    )
    widgets.table_twin(named(result.table.drop(columns="label"), data), key="error-numbers")


def _controls(data: Dataset) -> tuple[int, int, int]:
    one, two, three, four = st.columns([1, 1, 0.9, 1.4], vertical_alignment="bottom")
    if st.session_state.get("id") is None and "id" in st.session_state:
        del st.session_state["id"]
    usual, before = int(data.ids[0]), st.session_state.get("attack-suggested")
    if before is not None and st.session_state.get("id") == before and before not in set(data.ids.tolist()):
        st.session_state["id"] = usual  # nobody chose it: it was the first of other data
    st.session_state["attack-suggested"] = usual
    if naming.names_shown(data):
        st.session_state.setdefault("id", usual)
        naming.field(st.columns([1, 3.3])[0], data, "Example (id)")
    label = "Example (row)" if data.id_names is not None else "Example (id)"
    id = one.number_input(label, min_value=0, value=usual, step=1, key="id", bind="query-params")
    trials = two.number_input("Releases drawn", 1, 10_000, 20, step=10, key="releases-drawn", bind="query-params", help="For each noise level; the pictures show the first.")  # noqa: E501 # fmt: skip
    seed = three.number_input("Noise seed", 0, value=0, key="noise-seed", bind="query-params")
    four.button("Another example", icon=":material/shuffle:", key="another", on_click=_another, args=(data.ids,))
    return int(id), int(trials), int(seed)


def _another(ids: np.ndarray) -> None:
    st.session_state["id"] = int(np.random.default_rng().choice(ids))


def _metrics(data: Dataset, row: pd.Series, suffix: str) -> None:
    """Errors and bounds; each also as a root mean square in the units of the source, where all features have one."""
    kind = "_prior" if suffix else ""
    errors = {f"mse{kind}": row[f"mse{kind}"], **row[["bound_unbiased", "bound_prior"]]}
    roots = {name: source_units(data, float(error) ** 0.5) for name, error in errors.items()}
    note = {name: f"± {root}" if root and np.isfinite(errors[name]) else "preprocessed" for name, root in roots.items()}
    shown = {
        "MSE per feature": (text.number(row[f"mse{kind}"]), note[f"mse{kind}"]),
        "PSNR": (f"{row[f'psnr{kind}']:.1f} dB", "larger is closer"),
        "Cramér–Rao bound": (text.number(row["bound_unbiased"]), note["bound_unbiased"]),
        "van Trees bound": (text.number(row["bound_prior"]), note["bound_prior"]),
        "Explained releases": (text.percent(row["explained"], 0), "by some example"),
        "η of the example": (text.number(row["eta"]), "at σ = 1"),
    }
    widgets.metrics(shown)


def _bounds(request: ReconstructionRequest, data: Dataset, sigma: float) -> pd.DataFrame | None:
    """The Cramér–Rao bound on each feature; None without noise, where it is zero."""
    if not sigma:
        return None
    one = ExampleRequest(data=request.data, model=request.model, id=request.ids[0], device=request.device)
    return estimates(compute.example(one), data, sigma)


def _pictures(data: Dataset, id: int, truth: np.ndarray, guess: np.ndarray) -> None:
    """The example, its projection where there is one, the reconstruction, and its error."""
    projected = data.preprocessing.basis is not None
    shown = [("The example", tiles.pictures(data, np.array([id]))[0])]
    if projected:
        shown.append(("As the model sees it", _picture(data, truth)))
    shown.append(("The reconstruction", _picture(data, guess)))
    columns = st.columns(len(shown) + 1)
    for column, (title, picture) in zip(columns, shown, strict=False):
        with column:
            st.markdown(f"**{title}**")
            st.image(pictures.enlarged(picture, _WIDTH), output_format="PNG", alt=f"{title}: {naming.called(data, id)}")
    with columns[-1]:
        st.markdown("**The error**", help="Reconstruction minus example, as a share of white.")
        if widgets.redacted():
            st.info("Hidden while redacted: the map shows the outline of the picture.")
            return
        error = ((guess - truth) / data.pixel_max).reshape(data.image_shape)
        if error.ndim == 3:
            strongest = np.abs(error).argmax(2)[..., None]
            error = np.take_along_axis(error, strongest, 2)[..., 0]
        widgets.chart(
            charts.heat_map(error, widgets.mode(), signed=True),
            f"Error of the reconstruction over the pixels of example {id}",
            "error-map",
        )


def _picture(data: Dataset, values: np.ndarray) -> np.ndarray:
    """Source values as pixels, clipped to black and white; coarse while redacted."""
    picture = pictures.pixels(data, values)
    return pictures.coarse(picture) if widgets.redacted() else picture


def _record(data: Dataset, truth: np.ndarray, guess: np.ndarray, bounds: pd.DataFrame | None) -> None:
    scale = np.ptp(data.source, axis=0)
    frame = pd.DataFrame(
        {"truth": truth, "guess": guess, "error, share of the range": (guess - truth) / np.where(scale > 0, scale, 1)},
        index=pd.Index(data.source_names, name="column"),
    )
    if bounds is not None:
        frame = frame.assign(**{"bound ±": bounds["bound_source"], "spread": bounds["spread"]})
    if widgets.redacted():
        frame = redaction.hidden(frame).rename(index=redaction.feature)
    tables.table(frame, width="stretch", height=320, column_config=widgets.number_columns(frame), key="guess-record")
    if bounds is not None:
        st.caption(
            "Bound ±: no unbiased attacker who knows the other columns estimates this one with a smaller standard "
            f"deviation.{silent(bounds)}"
        )
