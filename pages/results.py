"""Stored results and running jobs: open, compare, report, export, delete."""

import streamlit as st

from pages.common import compute, frame, text, widgets
from pages.views.results import actions as results_actions
from pages.views.results import compare as results_compare
from pages.views.results import jobs as results_jobs
from pages.views.results import open as results_open
from pages.views.results import table as results_table


def sentence(results: list[results_table.Stored]) -> str:
    """How many results are stored, how large they are, and which are deleted first."""
    store = compute.engine().store
    used = sum(result.entry.bytes for result in results)
    whole = sum(not result.part for result in results)
    stored = "1 result is" if whole == 1 else f"{text.count(whole)} results are"
    parts = f", and {text.counted(len(results) - whole, 'part')} of results" if whole < len(results) else ""
    return (
        f"**{stored} stored**{parts}, {used / 2**20:,.1f} MiB of at most {store.max_bytes / 2**30:,.1f} GiB; "
        "those unused for longest are deleted first."
    )


def empty() -> None:
    """The state before anything was measured."""
    st.info(
        "Nothing is stored yet. Results of pages and of the command line are listed here: open, compare or report "
        "them.",
        icon=":material/inventory_2:",
    )
    st.page_link("pages/overview.py", label="Measure the digits", icon=":material/arrow_forward:", query_params={})


frame.required()
results_open.follow()
st.title("Results", anchor=False)
results = results_table.stored()
if results:
    st.markdown(sentence(results))
if notice := compute.engine().store.notice:
    st.warning(text.safe(notice), icon=":material/warning:")
results_actions.damaged()
results_jobs.view()
results_compare.view()
if results:
    shown = results_table.filtered(results)
    if shown:
        ticked = results_table.selected(shown)
        results_actions.actions(ticked)
        results_actions.confirmation()
    else:
        st.info(
            "No result matches. Change what is to be found, choose another analysis or other data, or show parts too.",
            icon=":material/info:",
        )
else:
    empty()
if widgets.redacted():
    st.caption("Redacted: reports and exports mask labels and attribute values and coarsen pictures.")
