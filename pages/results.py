"""What has been computed, what is being computed, and what to do with it."""

import streamlit as st

from pages.common import compute, frame, text, widgets
from pages.views.results import actions as results_take
from pages.views.results import compare as results_compare
from pages.views.results import jobs as results_jobs
from pages.views.results import open as results_open
from pages.views.results import table as results_table


def sentence(runs: list[results_table.Stored]) -> str:
    """How much is kept, and what of it goes first."""
    store = compute.engine().store
    used = sum(run.entry.bytes for run in runs)
    kept = "1 result is" if len(runs) == 1 else f"{text.count(len(runs))} results are"
    return (
        f"**{kept} kept**, {used / 2**20:,.1f} MiB of at most {store.max_bytes / 2**30:,.1f} GiB; the oldest "
        "unused are deleted first."
    )


def empty() -> None:
    """The state before anything was measured."""
    st.info(
        "Nothing is kept yet. Whatever a page or the command line measures is stored and listed here: to be opened "
        "again, compared, reported.",
        icon=":material/inventory_2:",
    )
    st.page_link("pages/overview.py", label="Measure the digits", icon=":material/arrow_forward:", query_params={})


frame.required()
results_open.follow()
st.title("Results", anchor=False)
runs = results_table.stored()
if runs:
    st.markdown(sentence(runs))
if notice := compute.engine().store.notice:
    st.warning(text.safe(notice), icon=":material/warning:")
results_jobs.view()
results_compare.view()
if runs:
    shown = results_table.filtered(runs)
    if shown:
        ticked = results_table.selected(shown)
        results_take.actions(ticked)
        results_take.confirmation()
    else:
        st.info("No result fits. Choose another analysis or other data, or show parts too.", icon=":material/info:")
else:
    empty()
if widgets.redacted():
    st.caption("Redacted: reports and exports mask labels and attribute values, and coarsen pictures.")
