"""What has been computed, what is being computed, and what to do with it."""

import streamlit as st

from pages.common import compute, frame, text, widgets
from pages.views.results import actions as runs_take
from pages.views.results import compare as runs_compare
from pages.views.results import jobs as runs_jobs
from pages.views.results import open as runs_open
from pages.views.results import table as runs_table


def sentence(runs: list[runs_table.Run]) -> str:
    """How much is kept, and what of it goes first."""
    store = compute.engine().store
    used = sum(run.entry.bytes for run in runs)
    kept = "1 result is" if len(runs) == 1 else f"{text.count(len(runs))} results are"
    return (
        f"**{kept} kept**, {used / 2**20:,.1f} MiB of at most {store.max_bytes / 2**30:,.1f} GiB; those unused for "
        "longest go first."
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
runs_open.follow()
st.title("Runs", anchor=False)
runs = runs_table.stored()
if runs:
    st.markdown(sentence(runs))
if notice := compute.engine().store.notice:
    st.warning(text.safe(notice), icon=":material/warning:")
runs_jobs.view()
runs_compare.view()
if runs:
    shown = runs_table.filtered(runs)
    if shown:
        ticked = runs_table.selected(shown)
        runs_take.actions(ticked)
        runs_take.confirmation()
    else:
        st.info("No result fits. Choose another analysis or other data, or show parts too.", icon=":material/info:")
else:
    empty()
if widgets.redacted():
    st.caption("Redacted: reports and exports mask labels and attribute values, and coarsen pictures.")
