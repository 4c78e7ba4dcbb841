"""The half of the page about influence functions: who helps and who harms a loss, and whether that is true."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset, FilError
from pages.common import compute, text, widgets
from pages.views.influence.answer import found
from pages.views.influence.functions import answer, asked, everyone, figures, ranked


def view(data: Dataset) -> None:
    """The answer, the controls that change it, the figures, and the examples at both ends."""
    st.subheader("Whom does leaving an example out help or harm?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    request = asked.request(data)
    truth = st.container()
    with top:
        alone = found(request, data, asked.offer_small)
    result = alone
    with truth:
        try:
            if (beside := asked.with_truth(request, data)) is not None:
                runs = beside.examples or data.n
                label = f"Train {text.counted(runs, 'time')} without one example"
                if (compared := compute.offered(beside, label, key="influence-truth")) is not None:
                    request, result = beside, compared
        except FilError as error:  # the prediction is shown all the same
            st.error(text.safe(error), icon=":material/error:")
    with top:
        answer.view(request, data, result)
    figures.view(request, data, result)
    ranked.view(request, data, result)
    everyone.view(request, data, result)
    widgets.provenance(request, result)
