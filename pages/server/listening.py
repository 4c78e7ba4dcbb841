"""Where a server really listens: by the sockets themselves, which other programs than Streamlit may open."""

from __future__ import annotations

import time

import psutil
from starlette.types import Scope

from pages.server.rules import is_private

_SECONDS = 15.0  # for which what was found of a port is believed
_UNKNOWN = "an address that it does not tell"
_found: dict[int, tuple[float, str, bool]] = {}


def addresses(port: int | None = None, process: psutil.Process | None = None) -> list[str]:
    """Addresses at which a process, this one by default, listens on a port, or on any."""
    try:
        connections = (process or psutil.Process()).net_connections(kind="tcp")
    except psutil.Error:  # gone, or somebody else's
        return []
    return [one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN and port in (None, one.laddr.port)]


def reached_by_others(scope: Scope) -> str:
    """The address by which others than this machine reach the server that a connection came to.

    Args:
        scope: of the connection, as ASGI hands it over.

    Returns:
        Empty where the connection arrived at an address of this machine's own and the server listens at no other;
        what cannot be told counts as reached by others.
    """
    address, port = (scope.get("server") or ("", None))[:2]
    if not isinstance(port, int) or port <= 0:  # a Unix socket, which speaks for whoever asks at its other end
        return str(address) or _UNKNOWN
    if not is_private(str(address)):
        return str(address)
    return _checked(port)[0]


def shared(scope: Scope) -> bool:
    """Whether another process answers at the same port: Streamlit's visitors and the limits of jobs are of one."""
    port = (scope.get("server") or ("", None))[1]
    return isinstance(port, int) and port > 0 and _checked(port)[1]


def _checked(port: int) -> tuple[str, bool]:
    when, public, shared = _found.get(port, (-_SECONDS, "", False))
    if time.monotonic() - when > _SECONDS:
        here = addresses(port)
        public = next((one for one in here if not is_private(one)), "" if here else _UNKNOWN)
        shared = any(addresses(port, one) for one in _siblings())
        _found[port] = (time.monotonic(), public, shared)
    return public, shared


def _siblings() -> list[psutil.Process]:
    """Processes started by what started this one: its fellow workers, where it has any."""
    here = psutil.Process()
    try:
        parent = here.parent()
        return [one for one in parent.children() if one.pid != here.pid] if parent else []
    except psutil.Error:
        return []
