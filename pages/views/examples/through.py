"""Which pixels of an example leak through the network that makes its features."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, FilError, FilRequest
from fil_core.analyses.pullback_example.request import PullbackExampleRequest
from pages.common import analysis_view, text


def view(request: FilRequest, data: Dataset, id: int) -> None:
    """The maps of its pixels, or a button that computes them.

    Args:
        request: data and model.
        data: features of pictures.
        id: of the example.
    """
    asked = PullbackExampleRequest(data=request.data, model=request.model, id=id, device=request.device)
    st.markdown(
        "**Back to the pixels, through the network**",
        help="η of each pixel alone, and the change of the picture that moves θ most, through the network and of the "
        "same model on raw pixels.",
    )
    try:
        analysis_view.view(asked, data, key="through", label="Follow its leakage back to the pixels")
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
