"""Kernels beside one another: leakage against accuracy."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import BadRequest
from fil_core.analyses.architectures.request import ABSOLUTE, RELATIVE, ArchitecturesRequest
from fil_core.specs import KERNELS, KernelSpec
from fil_core.specs.texts import read_several
from pages.common import analysis_view
from pages.views.membership.controls import pixels
from pages.views.membership.shown import Shown

_KERNELS, _DEPTHS, _NOISES = ["relu", "erf", "gelu"], "1, 2, 5", "0.01, 0.1, 1"


def view(shown: Shown) -> None:
    """The section."""
    st.subheader("Which kernel leaks less at the same accuracy", anchor=False)
    analysis_view.view(_asked(shown), shown.data, key="architectures", label="Compare them")


def _asked(shown: Shown) -> ArchitecturesRequest:
    """The controls.

    Raises:
        BadRequest: no number where one is expected, or out of range.
    """
    offered = [name for name in KERNELS if not KernelSpec(kind=name).convolutional or pixels(shown.data)]
    with st.container(horizontal=True):
        kernels = st.multiselect("Kernels", offered, default=_KERNELS, key="kernels", bind="query-params", width=300)
        depths = st.text_input("Hidden layers", value=_DEPTHS, key="depths", bind="query-params", width=140)
        noises = st.text_input("Noises", value=_NOISES, key="noises", bind="query-params", width=160)
        equal = st.selectbox(
            "Noises are", (RELATIVE, ABSOLUTE), key="equal", bind="query-params", width=180,
            help="relative-noise: s over the mean of the kernel's diagonal, so that kernels of different size compare; "
            "noise: s itself.",
        )  # fmt: skip
    spec = shown.request.kernel
    return ArchitecturesRequest(
        data=shown.request.data, device=shown.request.device, kernels=tuple(kernels),
        depths=_several("depths", depths, int), noises=_several("noises", noises, float),
        equal=equal, weight_std=spec.weight_std,
        bias_std=spec.bias_std,
    )  # fmt: skip


def _several(name: str, written: str, kind: type[int] | type[float]) -> tuple[Any, ...]:
    try:
        return read_several(written, kind, "whole numbers" if kind is int else "numbers")
    except ValueError as error:
        raise BadRequest(f"{name}: {error}.") from None
