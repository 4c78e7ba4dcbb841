"""Whom the dashboard may be served to: this machine always, others only when everything for it is in place."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SERVE = "FIL_SERVE_OTHERS"
USERS = "FIL_ALLOWED_USERS"
_WAYS = ("tls", "proxy")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server was started with.

    Attributes:
        address: that it listens on; empty for all of the machine's.
        hosts: names that a browser may call it by; empty for any.
        certificate: whether it has a TLS certificate and key.
        xsrf: whether uploads must come from its own pages.
        cors: whether its own pages alone may read its answers.
        trusted_headers: whether it believes what a request says of who sent it.
        tracebacks: whether errors are shown with their source.
        sign_in: whether visitors are to sign in.
        sign_in_lacks: what the sign-in needs before anybody can rely on it, each as an instruction.
    """

    address: str
    hosts: tuple[str, ...] = ()
    certificate: bool = False
    xsrf: bool = True
    cors: bool = True
    trusted_headers: bool = False
    tracebacks: bool = False
    sign_in: bool = False
    sign_in_lacks: tuple[str, ...] = ()


def is_private(address: str) -> bool:
    """Whether only this machine reaches an address."""
    if address == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # empty for all addresses, or a name that may lead anywhere
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def serves_others(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether more than this machine is meant to reach a server: by its address, its names, or on purpose."""
    named = any(host == "*" or not is_private(host) for host in settings.hosts)
    return not is_private(settings.address) or named or bool(environment.get(SERVE))


def missing(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """What is not in place for those whom a server may reach, each as an instruction; empty when all is well.

    Args:
        settings: of the server.
        environment: with `FIL_SERVE_OTHERS` set to `tls` or `proxy` where others are to be served on purpose.
    """
    walls = {
        'Name the hosts that it is called by, server.allowedHosts = ["127.0.0.1", "localhost"] for this machine alone, '
        "or any website could reach it under a name of its own.": bool(settings.hosts),
        "Leave server.enableXsrfProtection on.": settings.xsrf,
        "Leave server.enableCORS on, or any website that is open in a browser here could read the data.": settings.cors,
    }
    lacking = [what for what, there in walls.items() if not there]
    if not serves_others(settings, environment):
        return lacking
    way = environment.get(SERVE, "")
    if way not in _WAYS:
        return [
            *lacking,
            f"Set {SERVE}=tls (this server has a certificate) or {SERVE}=proxy (one in front of it has), to say that "
            "others are to be served. Or serve this machine alone: --server.address 127.0.0.1 (--host 127.0.0.1 where "
            'uvicorn starts it) and server.allowedHosts = ["127.0.0.1", "localhost"].',
        ]
    needed = {
        "Give it a certificate: server.sslCertFile and server.sslKeyFile.": way == "proxy" or settings.certificate,
        "Name the hosts that it is called by: server.allowedHosts, without *.": not settings.hosts
        or _named(settings.hosts),
        "Configure a sign-in: [auth] in .streamlit/secrets.toml, and pip install 'streamlit[auth]'.": settings.sign_in,
        f"Say who may come in: {USERS}, addresses between commas, or * for all whom the provider knows.": bool(
            _users(environment)
        ),
        "Leave server.trustedUserHeaders empty: anybody could say who they are.": not settings.trusted_headers,
        "Leave client.showErrorDetails at none.": not settings.tracebacks,
    }
    return lacking + [what for what, there in needed.items() if not there] + list(settings.sign_in_lacks)


def _named(hosts: tuple[str, ...]) -> bool:
    return any(not is_private(host) for host in hosts) and "*" not in hosts


def allowed_user(email: str | None, environment: Mapping[str, str], *, verified: object = True) -> bool:
    """Whether somebody who has signed in may come in: those of the list, or anybody where it says `*`.

    Args:
        email: what the provider says of them.
        environment: with the list, addresses between commas.
        verified: what the provider says of the address; one that it has not seen answered is anybody's.
    """
    users = _users(environment)
    return "*" in users or (verified in (True, "true") and (email or "").casefold() in users)


def _users(environment: Mapping[str, str]) -> set[str]:
    return {user.strip().casefold() for user in environment.get(USERS, "").split(",") if user.strip()}


# What every answer of the server says to the browser.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE_HEADERS = {"Cache-Control": "no-store"}  # of what holds data


FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")  # what a proxy says of whom it speaks for


def host_fits(host: str | None, hosts: tuple[str, ...]) -> bool:
    """Whether the name that a browser calls a server by, perhaps with a port, is its own; `*.a.b` is any in it."""
    try:
        parts = urlsplit(f"//{host or ''}")
        name, _ = (parts.hostname or "").rstrip("."), parts.port  # reading the port checks it
    except ValueError:
        return False
    if not name or "@" in parts.netloc or any((parts.path, parts.query, parts.fragment)):
        return False
    own = [one.strip().lower().rstrip(".") for one in hosts]
    return any(one in ("*", name) or (one.startswith("*.") and name.endswith(one[1:])) for one in own)


def same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a connection comes from one of a server's own pages, or from a program, which names no origin."""
    try:
        return origin is None or urlsplit(origin).netloc == host
    except ValueError:  # no address at all, such as http://[::1
        return False


# Paths below the server's own that a visitor needs before they have signed in; of all others none is open.
_OPEN = frozenset({"/auth/login", "/auth/logout", "/oauth2callback", "/_stcore/health"})


def open_to_all(path: str) -> bool:
    """Whether a path is answered to visitors who have not signed in."""
    return path in _OPEN


def holds_data(path: str) -> bool:
    """Whether what is served under a path is about somebody's data, rather than a part of the app itself."""
    return not path.startswith(("/static/", "/_stcore/health"))


def content_policy(page: str) -> str:
    """What a page may load and run: what this server sends, and nothing written into the page but its own scripts.

    Args:
        page: the HTML that the server begins with; its inline scripts are known by their sha-256.
    """
    inline = [script for script in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) if script.strip()]
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    rules = {
        "default-src": "'self'",
        # Components send their scripts out of memory; WebAssembly is what tables are drawn with.
        "script-src": " ".join(["'self' 'wasm-unsafe-eval' blob:", *(f"'sha256-{digest}'" for digest in digests)]),
        "style-src": "'self' 'unsafe-inline'",  # elements are styled one by one
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
