"""May the app answer others than the person at this machine? Settings in, what they lack out; nothing else is read.

By default it answers this machine alone, where no sign-in is needed. Whatever opens it further (an address of the
network, a public name among the hosts) has to come with an explicit option, encryption and sign-in, or nobody is
served.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

OTHERS, USERS = "FIL_SERVE_OTHERS", "FIL_ALLOWED_USERS"
_WAYS = ("tls", "proxy")
_SECRET = 32  # characters of a cookie secret that cannot be guessed
_PROVIDER = ("client_id", "client_secret", "server_metadata_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What decides who is served.

    Attributes:
        address: where the server listens; empty for everywhere.
        hosts: the names that it answers to; none for any.
        others: value of FIL_SERVE_OTHERS: empty, "tls" or "proxy".
        certificate, key: files for encryption by this server; empty where it has none.
        auth: the section [auth] of the secrets; empty where there is none.
        authlib: whether the package that signs people in is installed.
        xsrf, cors: the protections against other web pages in the same browser.
        agent_api: whether programs may drive the app without a browser, and without signing in.
        details: what of an error goes to the browser; "none" is nothing.
        trusted_headers: names of headers that may say who somebody is.
    """

    address: str | None = "127.0.0.1"
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    others: str = ""
    certificate: str | None = None
    key: str | None = None
    auth: Mapping[str, Any] = field(default_factory=dict)
    authlib: bool = False
    xsrf: bool = True
    cors: bool = True
    agent_api: bool = False
    details: str = "none"
    trusted_headers: tuple[str, ...] = ()


def of_this_machine(name: str | None) -> bool:
    """Whether an address or host name can only mean this machine.

    >>> [of_this_machine(name) for name in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "10.0.0.5", "", "*")]
    [True, True, True, False, False, False, False]
    """
    bare = (name or "").strip().strip("[]").rstrip(".").lower()
    if bare == "localhost":
        return True
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def serves_others(settings: Settings) -> bool:
    """Whether somebody elsewhere could be answered: by the address, or by a name that only a proxy would ask for."""
    public = not settings.hosts or not all(map(of_this_machine, settings.hosts))
    return bool(settings.others) or public or not of_this_machine(settings.address)


def missing(settings: Settings) -> list[str]:
    """What has to be set before anything is served; empty where all is well.

    Returns:
        A sentence each, fit for a person to read.
    """
    found = _against_other_pages(settings)
    return found + (_for_others(settings) if serves_others(settings) else [])


def _against_other_pages(settings: Settings) -> list[str]:
    """Needed on this machine too: a web page from elsewhere, open in the same browser, reaches its addresses."""
    checks = {
        "server.enableXsrfProtection is off: expected true.": settings.xsrf,
        "server.enableCORS is off, so any web page could read the data: expected true.": settings.cors,
        "server.enableAgentApi is on, which nobody signs in to: expected false.": not settings.agent_api,
    }
    return [words for words, holds in checks.items() if not holds]


def _for_others(settings: Settings) -> list[str]:
    return [*_way(settings), *_hosts(settings), *_sign_in(settings), *_leaks(settings)]


def _way(settings: Settings) -> list[str]:
    if settings.others not in _WAYS:
        named = f"; got {settings.others!r}" if settings.others else ""
        return [
            f"{OTHERS}: expected tls (this server encrypts) or proxy (a proxy in front of it does){named}. Without it "
            "only this machine is served: server.address 127.0.0.1, server.allowedHosts 127.0.0.1 and localhost."
        ]
    if settings.others == "tls" and not (settings.certificate and settings.key):
        return ["server.sslCertFile and server.sslKeyFile: expected both, since this server is to encrypt."]
    return []


def _hosts(settings: Settings) -> list[str]:
    named = [host for host in settings.hosts if not of_this_machine(host)]
    if not named or any(host.strip() == "*" for host in named):
        return ["server.allowedHosts: expected the public name of this server; got none, or one that lets in any."]
    return []


def _sign_in(settings: Settings) -> list[str]:
    found = [] if settings.authlib else ['Sign-in needs a package: pip install "streamlit[auth]".']
    auth = settings.auth
    if not auth:
        return [*found, "Sign-in: expected a section [auth] in .streamlit/secrets.toml."]
    if not str(auth.get("redirect_uri", "")).startswith("https://"):
        found.append("[auth] redirect_uri: expected https://<public name>/oauth2callback.")
    elif not _named(str(auth["redirect_uri"]), settings.hosts):
        found.append("[auth] redirect_uri: expected a host out of server.allowedHosts.")
    if len(str(auth.get("cookie_secret", ""))) < _SECRET:
        found.append(f"[auth] cookie_secret: expected at least {_SECRET} random characters.")
    # Streamlit takes the section itself as the provider; one with a name of its own would have its own button.
    absent = [name for name in _PROVIDER if not auth.get(name)]
    if absent:
        found.append(f"[auth] of the identity provider: expected {', '.join(absent)}.")
    return found


def _named(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether a URL's host is one of some names, of which `*.example.org` stands for all below example.org."""
    host = urlsplit(url).hostname or ""
    return any(
        host.endswith(name[1:]) if name.startswith("*.") else host == name
        for name in (given.strip().rstrip(".").lower() for given in hosts)
    )


def _leaks(settings: Settings) -> list[str]:
    found = []
    if settings.details != "none":
        found.append("client.showErrorDetails: expected none, since an error may quote the data.")
    if settings.trusted_headers:
        found.append("server.trustedUserHeaders: expected none, since whoever sends such a header says who he is.")
    return found


def admitted(user: Mapping[str, Any], allowed: str) -> bool:
    """Whether somebody may see the data.

    Args:
        user: what the identity provider says of them: `is_logged_in`, `email`, perhaps `email_verified`.
        allowed: value of FIL_ALLOWED_USERS: e-mail addresses, commas between; empty for everyone who can sign in.
    """
    if user.get("is_logged_in") is not True:
        return False
    if not allowed.strip():
        return True
    if user.get("email_verified", True) not in (True, "true"):
        return False  # anybody may tell some providers any address
    return str(user.get("email") or "").strip().lower() in {name.strip().lower() for name in allowed.split(",")} - {""}
