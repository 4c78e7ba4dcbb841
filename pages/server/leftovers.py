"""What visitors who have gone leave behind: their sessions, with what they uploaded, go after a minute."""

from __future__ import annotations

import asyncio
import logging
import time

from streamlit import runtime

from fil_core.errors import where

_LOG = logging.getLogger("fil_explorer")
_SECONDS = 60.0  # in which a visitor whose connection broke can go on where they were
_EVERY = 10.0


async def clear_away(seconds: float = _SECONDS, every: float = _EVERY) -> None:
    """Close the sessions of visitors who have gone, and delete the uploads that nobody uses any more, again and again.

    Args:
        seconds: for which a session waits for its visitor.
        every: seconds between two looks.
    """
    from pages.common import uploads

    gone: dict[str, float] = {}
    while True:
        await asyncio.sleep(every)
        try:
            if runtime.exists():
                await asyncio.to_thread(uploads.delete_unused, _close_old(gone, seconds))
        except Exception as error:  # the next look may do better; without one nothing would ever go again
            _LOG.error(where(type(error), error.__traceback__))


def _close_old(gone: dict[str, float], seconds: float) -> set[str]:
    """Close sessions that have waited long enough; `gone` says when each was first seen without its visitor.

    Returns:
        The sessions that are there or may come back.
    """
    # Streamlit's own time limit only hides a session: what it holds stays until another one takes its place.
    manager = runtime.get_instance()._session_mgr
    here = {one.session.id for one in manager.list_active_sessions()}
    waiting = {one.session.id for one in manager.list_sessions()} - here
    now = time.monotonic()
    for name in waiting:
        if now - gone.setdefault(name, now) >= seconds:
            runtime.get_instance().close_session(name)
            waiting = waiting - {name}
    for name in set(gone) - waiting:
        del gone[name]
    return here | waiting
