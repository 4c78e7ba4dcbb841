"""Which Gaussian process is asked about, and where its outputs are seen; every control is part of the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fil_core import Dataset
from fil_core.analyses.lood.request import LoodRequest
from fil_core.specs import KernelSpec
from fil_core.specs.kernel import KERNELS, MOST_LAYERS
from fil_core.specs.targets import SELF, TEST
from pages.common import pointed, sidebar, widgets

RELATIVE, ABSOLUTE = "relative", "absolute"
_BEFORE = "kernel-before"
_NOISE = "noise-as"
CONTROLS = (
    "lood-kernel", "kernel-depth", "weight-std", "bias-std", "length", _NOISE, "noise", "relative-noise",
)  # fmt: skip
_PIXELS = 132  # of a control: six stand in a row on a screen of 1440
_MOST_STD, _MOST_TWINS = 1e3, 100
_DEFAULT = KernelSpec()
_QUERIES = """
Where the attacker sees one draw of the outputs:
- `self`: of each record at itself, where it shows most
- `test`: at all test rows together
- `test:ROW`: at one test row, counted from 0
- `id:EXAMPLE`, `ids:EXAMPLE,EXAMPLE`: at training records

Queries that are not in the list can be typed.
"""


def request(data: Dataset) -> LoodRequest:
    """Draw the controls and return what they ask.

    Raises:
        BadRequest: a value that no kernel can have, or no query.
    """
    with st.container(horizontal=True):
        made = kernel(data)
        seen = _queries(data)
        rate = st.number_input(
            "FPR", min_value=0.0, max_value=0.5, value=0.001, step=0.001, format="%.3g", key="fpr",
            bind="query-params", width=_PIXELS,
            help="The true-positive rate is told at this false-positive rate.",
        )  # fmt: skip
        twins = _twins() if seen == SELF else 1
    return LoodRequest(
        data=sidebar.data_spec(),
        kernel=KernelSpec(**made),
        queries=seen,
        fpr=float(rate),
        twins=twins,
        device=st.session_state["device"],
    )


def kernel(data: Dataset) -> dict[str, Any]:
    """Draw the controls of the kernel and its noise, as they were on the page before.

    Returns:
        The fields of its spec.
    """
    _recall()
    kinds = [name for name in KERNELS if not KernelSpec(kind=name).convolutional or pixels(data)]
    if st.session_state.get("lood-kernel") not in (None, *kinds):
        del st.session_state["lood-kernel"]
    kind = st.selectbox(
        "Kernel", kinds, key="lood-kernel", bind="query-params", width=_PIXELS,
        help="relu, erf, gelu: infinitely wide networks with this activation; conv-: with convolutions of 2 × 2 "
        "pixels; rbf: exp(−‖x − x′‖² / 2ℓ²); linear: b² + W²⟨x, x′⟩/d.",
    )  # fmt: skip
    made = {"kind": kind} | {name: control() for name, control in _CONTROLS.items() if name in KERNELS[kind]}
    made |= _noise()
    st.session_state[_BEFORE] = {name: st.session_state[name] for name in CONTROLS if name in st.session_state}
    return made


def _recall() -> None:
    """The values of the page before, where neither the link nor a result that was opened says another."""
    state, linked = st.session_state, st.query_params
    if _NOISE not in state and _NOISE not in linked:  # a result that was opened says but the number
        for name, said in (("noise", ABSOLUTE), ("relative-noise", RELATIVE)):
            if name in state or name in linked:
                state[_NOISE] = said
                break
    for name, value in state.get(_BEFORE, {}).items():
        if name not in state and name not in linked:
            state[name] = value


def pixels(data: Dataset) -> bool:
    """Whether the features are pixels, which convolutions need."""
    from fil_core.lood.process import image_shape  # it loads torch: not for a table

    return data.image_shape is not None and image_shape(data) is not None


def _depth() -> int:
    depth = st.number_input(
        "Hidden layers", min_value=1, max_value=MOST_LAYERS, value=_DEFAULT.depth, key="kernel-depth",
        bind="query-params", width=_PIXELS,
    )  # fmt: skip
    return int(depth)


def _weight_std() -> float:
    std = st.number_input(
        "Weight std W", min_value=0.0, max_value=_MOST_STD, value=_DEFAULT.weight_std, step=0.1, format="%.4g",
        key="weight-std", bind="query-params", width=_PIXELS,
        help="Standard deviation of the weights of a layer, times the square root of its inputs.",
    )  # fmt: skip
    return float(std)


def _bias_std() -> float:
    std = st.number_input(
        "Bias std b", min_value=0.0, max_value=_MOST_STD, value=_DEFAULT.bias_std, step=0.1, format="%.4g",
        key="bias-std", bind="query-params", width=_PIXELS,
        help="Standard deviation of the biases; 0 for none.",
    )  # fmt: skip
    return float(std)


def _length() -> float | None:
    length = st.number_input(
        "Length ℓ (0 = auto)", min_value=0.0, value=0.0, step=0.5, format="%.4g", key="length", bind="query-params",
        width=_PIXELS,
        help="In units of features. Automatic: the root of the mean squared distance of two training records.",
    )  # fmt: skip
    return float(length) or None


_CONTROLS: dict[str, Callable[[], Any]] = {
    "depth": _depth,
    "weight_std": _weight_std,
    "bias_std": _bias_std,
    "length": _length,
}


def _noise() -> dict[str, Any]:
    """How the noise is measured, and how much there is."""
    said = st.selectbox(
        "Noise", (RELATIVE, ABSOLUTE), key=_NOISE, bind="query-params", width=_PIXELS,
        help="The variance s of the labels' noise, added to the kernel's diagonal: relative to the mean of that "
        "diagonal, or absolute. Kernels are compared fairly at the same relative noise.",
    )  # fmt: skip
    if said == ABSOLUTE:
        noise = st.number_input(
            "Noise s", min_value=0.0, value=_DEFAULT.relative_noise, step=0.01, format="%.4g", key="noise",
            bind="query-params", width=_PIXELS, help="Above 0, in units of the kernel.",
        )  # fmt: skip
        return {"noise": float(noise)}
    noise = st.number_input(
        "× mean diagonal", min_value=0.0, value=_DEFAULT.relative_noise, step=0.01, format="%.4g",
        key="relative-noise", bind="query-params", width=_PIXELS, help="s over the mean of k(x, x), above 0.",
    )  # fmt: skip
    return {"relative_noise": float(noise)}


def _queries(data: Dataset) -> str:
    chosen = st.session_state.get("queries") or st.query_params.get("queries") or SELF
    first = data.written(int(data.ids[0]), named=not widgets.redacted())
    usual = [SELF, *([TEST, f"{TEST}:0"] if len(data.X_test) else []), f"id:{first}"]
    offered = usual if chosen in usual else [*usual, chosen]
    written = st.selectbox(
        "Queries", offered, key="queries", bind="query-params", accept_new_options=True, width=_PIXELS, help=_QUERIES
    )  # fmt: skip
    pointed.field(written or SELF, data, key="queries")
    return written or SELF


def _twins() -> int:
    twins = st.number_input(
        "Twins", min_value=1, max_value=_MOST_TWINS, value=1, key="twins", bind="query-params", width=_PIXELS,
        help="Each record is also left out together with so many of its nearest other records, by the kernel.",
    )  # fmt: skip
    return int(twins)
