"""Status of a job on a page: progress, a cancel button, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import streamlit as st

from fil_core.display.numbers import duration
from fil_core.engine.jobs.job import Job
from fil_core.engine.jobs.jobs import Jobs
from fil_core.specs import Request
from pages.common import text

_LOOK_SECONDS = 0.5
_STILL_SECONDS = 60.0  # a step of the longest work takes seconds


def follow(jobs: Callable[[], Jobs], job: Job) -> None:
    """Progress of a job until it ends or a result of it is stored; then the page is drawn again.

    The job continues when the page is left, and is shown again on return.
    """
    seen = job.finished

    @st.fragment(run_every=_LOOK_SECONDS)
    def progress() -> None:
        now = next((j for j in jobs().all() if j.id == job.id), None)
        if now is None or now.over or now.finished != seen:
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.progress(min(1.0, now.done / now.total) if now.total else 0.0, progress_line(now))
            st.button("Cancel", icon=":material/stop:", key=f"cancel-{job.id}", on_click=jobs().cancel, args=(job.id,))
        st.caption("This continues when you leave the page; see Results.")

    progress()


def progress_line(job: Job) -> str:
    """Progress of a job in one line."""
    position = f", {text.count(job.done)} of {text.count(job.total)}" if job.total else ""
    several = f" · {job.finished} of {len(job.requests)} finished" if len(job.requests) > 1 else ""
    seconds = (datetime.now(UTC) - (job.started or job.submitted)).total_seconds()
    return f"{text.safe(text.capitalised(job.what))}{position}{several} · {seconds:.0f} s{still(job)}"


def still(job: Job) -> str:
    """That a job has made no progress for a minute or more; empty for one that has."""
    if job.still_seconds < _STILL_SECONDS:
        return ""
    return f" · **no progress for {duration(job.still_seconds)}**: cancel it, or wait"


def failed(job: Job, names: Mapping[Request, str] | None = None) -> None:
    """Why a job that ended left requests without a result; `names` are the page's names of the requests."""
    if job.state in ("cancelled", "interrupted"):
        st.info(f"{job.state.capitalize()}. {text.safe(job.what)}", icon=":material/info:")
    for message in dict.fromkeys(_error(job, i, names or {}) for i in job.errors):
        st.error(text.safe(message), icon=":material/error:")
    if job.state == "done" and not (job.errors or job.notice):
        # Deleted meanwhile, or stored by another version of the software: restarting by itself could loop for ever.
        st.info("This was computed, but its result is not in the store.", icon=":material/info:")
    if job.notice:
        st.warning(text.safe(job.notice), icon=":material/warning:")


def _error(job: Job, i: int, names: Mapping[Request, str]) -> str:
    name = names.get(job.requests[i])
    return f"{name}: {job.errors[i]}" if name else job.errors[i]
