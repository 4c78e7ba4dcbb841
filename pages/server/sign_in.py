"""The sign-in for others: what `[auth]` of the secrets must hold before anybody may rely on it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from pages.server.rules import host_fits

DEFAULT = "default"  # Streamlit's name of a provider that stands in [auth] itself
_FIELDS = ("client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_LENGTH = 32
_DIFFERENT = 8  # characters; 32 random hexadecimal digits have fewer in one of 10^7 cases
_PLACEHOLDERS = ("secret", "changeme", "change_me", "change-me", "placeholder", "example", "password", "your")
_MAKE_ONE = 'Make one: python -c "import secrets; print(secrets.token_hex(32))".'


def providers(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the providers of `[auth]`, as `st.login` takes them."""
    named = tuple(name for name, value in auth.items() if isinstance(value, Mapping) and name != "client_kwargs")
    unnamed = not named or any(field in auth for field in _FIELDS)
    return (DEFAULT, *(name for name in named if name != DEFAULT)) if unnamed or DEFAULT in named else named


def lacks(auth: Mapping[str, Any], hosts: tuple[str, ...], *, authlib: bool) -> list[str]:
    """What a sign-in needs before it keeps anybody out, each as an instruction; empty when all is well.

    Args:
        auth: the section of the secrets.
        hosts: names that a browser may call the server by.
        authlib: whether the library that speaks with providers is installed.
    """
    needed = {
        f"[auth] cookie_secret: expected at least {_LENGTH} random characters; with fewer anybody could sign "
        f"themselves in. {_MAKE_ONE}": _is_strong(auth.get("cookie_secret")),
        f"[auth] redirect_uri: expected https://, a name of server.allowedHosts and {_CALLBACK}.": _comes_back(
            auth.get("redirect_uri"), hosts
        ),
        "Install what speaks with the provider: pip install 'streamlit[auth]'.": authlib,
    }
    found = [what for what, there in needed.items() if not there]
    for name in providers(auth):
        found += _provider_lacks(name, auth.get(name, auth) if name == DEFAULT else auth[name])
    return found


def _provider_lacks(name: str, section: object) -> list[str]:
    title = "[auth]" if name == DEFAULT else f"[auth.{name}]"
    if not isinstance(section, Mapping):
        return [f"{title}: expected a section with {', '.join(_FIELDS)}."]
    found = [f"{title} {field}: expected a text that is not empty." for field in _FIELDS if not _text(section, field)]
    if (url := _text(section, "server_metadata_url")) and not _is_https(url):
        found.append(f"{title} server_metadata_url: expected https:// and the provider's host.")
    if "_" in name:
        found.append(f"{title}: expected a name without underscore, which Streamlit does not take.")
    return found


def _text(section: Mapping[str, Any], field: str) -> str:
    value = section.get(field)
    return value.strip() if isinstance(value, str) else ""


def _is_strong(secret: object) -> bool:
    """Whether a secret is long and looks like chance: not few characters, a word, a sequence or a repetition."""
    if not isinstance(secret, str) or len(secret) < _LENGTH or len(set(secret)) < _DIFFERENT:
        return False
    steps = sum(0 <= ord(after) - ord(before) <= 1 for before, after in pairwise(secret))
    repeats = secret in (secret + secret)[1:-1]
    return not repeats and 2 * steps < len(secret) and not any(word in secret.lower() for word in _PLACEHOLDERS)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def _comes_back(uri: object, hosts: tuple[str, ...]) -> bool:
    """Whether a provider sends visitors back to this server, by a name that it answers to."""
    if not isinstance(uri, str) or not _is_https(uri):
        return False
    parts = urlsplit(uri)
    return parts.path.endswith(_CALLBACK) and host_fits(parts.netloc, hosts)
