"""Long work on the page: what runs and waits with progress and a cancel, what ended and how."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from fil_core import FilError
from pages.common import compute, text

if TYPE_CHECKING:
    from fil_core.engine.jobs import Job

_ACTIVE = ("queued", "running")
_STATES = {
    "done": ":material/check: done",
    "failed": ":material/error: failed",
    "cancelled": ":material/cancel: cancelled",
    "interrupted": ":material/power_off: interrupted, the server ended meanwhile",
}
_TO_DO = ("failed", "cancelled", "interrupted")
_SEEN = "runs-active-jobs"


def view() -> None:
    """All jobs, the running ones on top, looked at again every second while there are some."""
    jobs = compute.jobs().all()
    active = [job for job in jobs if job.state in _ACTIVE]
    st.session_state[_SEEN] = {job.id for job in active}
    if active:
        st.subheader("At work", anchor=False)
        st.fragment(_active, run_every=1)()
    ended = [job for job in jobs if job.state in _TO_DO]
    if ended:
        st.subheader("Not finished", anchor=False)
        for job in ended:
            _ended(job)
    if done := [job for job in jobs if job.state not in (*_ACTIVE, *_TO_DO)]:
        with st.expander(f"Finished jobs ({len(done)})"):
            for job in done:
                _ended(job)


def _active() -> None:
    jobs = [job for job in compute.jobs().all() if job.state in _ACTIVE]
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
    return f"{said}, {text.count(job.done)} of {text.count(job.total)}" if job.total else said


def _ended(job: Job) -> None:
    with st.container(border=True):
        left, again, forget = st.columns([4, 1, 1], vertical_alignment="center")
        left.markdown(f"**{text.safe(job.title)}** · {_STATES.get(job.state, text.safe(job.state))} · {_when(job)}")
        for sentence in dict.fromkeys(job.errors.values()):
            left.caption(text.safe(sentence))
        if job.state in _TO_DO:
            again.button("Start again", icon=":material/replay:", key=f"job-again-{job.id}", on_click=_again, args=(job,))  # noqa: E501 # fmt: skip
        forget.button("Forget", icon=":material/clear:", key=f"job-forget-{job.id}", on_click=compute.jobs().forget, args=(job.id,))  # noqa: E501 # fmt: skip
        if refused := st.session_state.pop(f"job-refused-{job.id}", None):
            left.error(text.safe(refused), icon=":material/error:")


def _again(job: Job) -> None:
    """Submit the same requests; what is stored already is found again."""
    try:
        compute.jobs().submit(job.requests, title=job.title)
        compute.jobs().forget(job.id)
    except FilError as error:  # it does not fit into memory, or too many wait
        st.session_state[f"job-refused-{job.id}"] = str(error)


def _when(job: Job) -> str:
    ended = _moment(job.ended or job.submitted)
    took = (_moment(job.ended) - _moment(job.started)).total_seconds() if job.ended and job.started else None
    return f"{ended:%Y-%m-%d %H:%M} UTC" + (f" after {took:.0f} s" if took is not None else "")


def _moment(value: datetime | float) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
