"""Jobs on the page: running and waiting ones with progress, ended ones with their outcome."""

from __future__ import annotations

import streamlit as st

from fil_core import FilError
from fil_core.engine.jobs.job import Job
from pages.common import compute, job_status, text

_STATES = {
    "done": ":material/check: done",
    "failed": ":material/error: failed",
    "cancelled": ":material/cancel: cancelled",
    "interrupted": ":material/power_off: interrupted",
}
_TO_DO = ("failed", "cancelled", "interrupted")
_SEEN = "results-active-jobs"


def view() -> None:
    """All jobs, running ones first, refreshed every second while there are some."""
    jobs = compute.jobs().all()
    active = [job for job in jobs if not job.over]
    st.session_state[_SEEN] = {job.id for job in active}
    if active:
        st.subheader("Running", anchor=False)
        st.fragment(_active, run_every=1)()
    ended = [job for job in jobs if job.state in _TO_DO]
    if ended:
        st.subheader("Not finished", anchor=False)
        for job in ended:
            _ended(job)
    if done := [job for job in jobs if job.state == "done"]:
        with st.expander(f"Finished jobs ({len(done)})"):
            for job in done:
                _ended(job)


def _active() -> None:
    jobs = [job for job in compute.jobs().all() if not job.over]
    if {job.id for job in jobs} != st.session_state.get(_SEEN):
        st.rerun()  # redraw the whole page: a job ended, and its result is in the table below
    for job in jobs:
        share = min(1.0, job.done / job.total) if job.total else 0.0
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.progress(share, f"**{text.safe(job.title)}** · {_progress(job)}")
            st.button("Cancel", icon=":material/stop:", key=f"job-cancel-{job.id}", on_click=compute.jobs().cancel, args=(job.id,))  # noqa: E501 # fmt: skip


def _progress(job: Job) -> str:
    if job.state == "queued":
        return "waiting"
    step = text.safe(job.what or "starting")
    position = f", {text.count(job.done)} of {text.count(job.total)}" if job.total else ""
    several = f" ({job.finished} of {len(job.requests)} finished)" if len(job.requests) > 1 else ""
    return f"{step}{position}{several}{job_status.still(job)}"


def _ended(job: Job) -> None:
    with st.container(border=True):
        left, buttons = st.columns([4, 2], vertical_alignment="center")
        row = buttons.container(horizontal=True, horizontal_alignment="right")
        left.markdown(f"**{text.safe(job.title)}** · {_STATES[job.state]} · {_when(job)}")
        for message in filter(None, dict.fromkeys([*job.errors.values(), job.what])):
            left.caption(text.safe(message))
        if job.state in _TO_DO:
            row.button("Start again", icon=":material/replay:", key=f"job-again-{job.id}", on_click=_again, args=(job,))
        row.button("Remove", icon=":material/clear:", key=f"job-forget-{job.id}", on_click=compute.jobs().forget, args=(job.id,))  # noqa: E501 # fmt: skip
        if error := st.session_state.pop(f"job-refused-{job.id}", None):
            left.error(text.safe(error), icon=":material/error:")


def _again(job: Job) -> None:
    """Submit the same requests again; stored results are reused."""
    try:
        compute.submit(job.requests, job.title)
        compute.jobs().forget(job.id)
    except FilError as error:  # it does not fit into memory, or too many wait
        st.session_state[f"job-refused-{job.id}"] = str(error)


def _when(job: Job) -> str:
    ended = f"{job.ended or job.submitted:%Y-%m-%d %H:%M} UTC"
    return f"{ended} after {(job.ended - job.started).total_seconds():.0f} s" if job.ended and job.started else ended
