"""What a page shows of long work: how far it is, a way to end it, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import streamlit as st

from fil_core.engine.jobs.job import Job
from fil_core.engine.jobs.jobs import Jobs
from fil_core.specs import Request
from pages.common import text

_LOOK_SECONDS = 0.5


def follow(jobs: Callable[[], Jobs], job: Job) -> None:
    """Progress of a job until it is over, or an answer of it is there; then the whole page is drawn anew.

    It goes on when the page is left, and is found again by whoever comes back to it.
    """
    seen = job.finished

    @st.fragment(run_every=_LOOK_SECONDS)
    def shown() -> None:
        now = next((j for j in jobs().all() if j.id == job.id), None)
        if now is None or now.over or now.finished != seen:
            st.rerun()
        left, right = st.columns([6, 1], vertical_alignment="bottom")
        left.progress(min(1.0, now.done / now.total) if now.total else 0.0, doing(now))
        right.button(
            "Cancel",
            icon=":material/stop:",
            key=f"cancel-{job.id}",
            on_click=jobs().cancel,
            args=(job.id,),
            width="stretch",
        )
        st.caption("This goes on when you leave the page; see Runs.")

    shown()


def doing(job: Job) -> str:
    """How far a job is, in a line."""
    what = job.what[:1].upper() + job.what[1:]
    far = f", {text.count(job.done)} of {text.count(job.total)}" if job.total else ""
    several = f" · {job.finished} of {len(job.requests)} answered" if len(job.requests) > 1 else ""
    seconds = (datetime.now(UTC) - (job.started or job.submitted)).total_seconds()
    return f"{text.safe(what)}{far}{several} · {seconds:.0f} s"


def failed(job: Job, names: Mapping[Request, str] | None = None) -> None:
    """Why a job that is over left no answer, or not all of them; `names` is what the page calls its requests."""
    if job.state in ("cancelled", "interrupted"):
        st.info(f"{job.state.capitalize()}. {text.safe(job.what)}", icon=":material/info:")
    for why in dict.fromkeys(_named(job, i, names or {}) for i in job.errors):
        st.error(text.safe(why), icon=":material/error:")
    if job.state == "done" and not (job.errors or job.notice):
        # Deleted meanwhile, or not where this server looks (its software was changed under it): a page that began anew
        # by itself could go on for ever.
        st.info("This was measured, but its answer is not in the store.", icon=":material/info:")
    if job.notice:
        st.warning(text.safe(job.notice), icon=":material/warning:")


def _named(job: Job, i: int, names: Mapping[Request, str]) -> str:
    name = names.get(job.requests[i])
    return f"{name}: {job.errors[i]}" if name else job.errors[i]
