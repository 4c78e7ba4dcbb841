"""Long work on the page: what runs and waits with progress and a cancel, what ended and how."""

from __future__ import annotations

import streamlit as st

from fil_core import FilError
from fil_core.engine.jobs.job import Job
from pages.common import compute, text

_STATES = {
    "done": ":material/check: done",
    "failed": ":material/error: failed",
    "cancelled": ":material/cancel: cancelled",
    "interrupted": ":material/power_off: interrupted",
}
_TO_DO = ("failed", "cancelled", "interrupted")
_SEEN = "results-active-jobs"


def view() -> None:
    """All jobs, the running ones on top, looked at again every second while there are some."""
    jobs = compute.jobs().all()
    active = [job for job in jobs if not job.over]
    st.session_state[_SEEN] = {job.id for job in active}
    if active:
        st.subheader("At work", anchor=False)
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
        st.rerun()  # the whole page: something ended, and its result is in the table below
    for job in jobs:
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        share = min(1.0, job.done / job.total) if job.total else 0.0
        left.progress(share, f"**{text.safe(job.title)}** · {_doing(job)}")
        right.button("Cancel", icon=":material/stop:", key=f"job-cancel-{job.id}", on_click=compute.jobs().cancel, args=(job.id,))  # noqa: E501 # fmt: skip


def _doing(job: Job) -> str:
    if job.state == "queued":
        return "waiting for its turn"
    said = text.safe(job.what or "starting")
    far = f", {text.count(job.done)} of {text.count(job.total)}" if job.total else ""
    return f"{said}{far}" + (f" ({job.finished} of {len(job.requests)} answered)" if len(job.requests) > 1 else "")


def _ended(job: Job) -> None:
    with st.container(border=True):
        left, again, forget = st.columns([4, 1, 1], vertical_alignment="center")
        left.markdown(f"**{text.safe(job.title)}** · {_STATES[job.state]} · {_when(job)}")
        for said in filter(None, dict.fromkeys([*job.errors.values(), job.what])):
            left.caption(text.safe(said))
        if job.state in _TO_DO:
            again.button("Start again", icon=":material/replay:", key=f"job-again-{job.id}", on_click=_again, args=(job,))  # noqa: E501 # fmt: skip
        forget.button("Forget", icon=":material/clear:", key=f"job-forget-{job.id}", on_click=compute.jobs().forget, args=(job.id,))  # noqa: E501 # fmt: skip
        if refused := st.session_state.pop(f"job-refused-{job.id}", None):
            left.error(text.safe(refused), icon=":material/error:")


def _again(job: Job) -> None:
    """Submit the same requests; what is stored already is found again."""
    try:
        compute.submit(job.requests, job.title)
        compute.jobs().forget(job.id)
    except FilError as error:  # it does not fit into memory, or too many wait
        st.session_state[f"job-refused-{job.id}"] = str(error)


def _when(job: Job) -> str:
    ended = f"{job.ended or job.submitted:%Y-%m-%d %H:%M} UTC"
    return f"{ended} after {(job.ended - job.started).total_seconds():.0f} s" if job.ended and job.started else ended
