"""What this server was started with, as Streamlit's options and secrets say it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.auth_util import is_authlib_installed
from streamlit.runtime.secrets import AttrDict

from pages.server import sign_in
from pages.server.rules import Settings


def settings() -> Settings:
    """What this server was started with."""
    option = st.get_option
    hosts = tuple(option("server.allowedHosts") or ())
    found = auth()
    return Settings(
        address=option("server.address") or "",
        hosts=hosts,
        certificate=bool(option("server.sslCertFile") and option("server.sslKeyFile")),
        xsrf=bool(option("server.enableXsrfProtection")),
        cors=bool(option("server.enableCORS")),
        trusted_headers=bool(option("server.trustedUserHeaders")),
        tracebacks=option("client.showErrorDetails") not in ("none", False),
        sign_in=bool(found),
        sign_in_lacks=tuple(sign_in.lacks(found, hosts, authlib=is_authlib_installed())) if found else (),
    )


def auth() -> Mapping[str, Any]:
    """The section `[auth]` of the secrets; empty where there is none."""
    try:
        found = st.secrets.get("auth")
    except FileNotFoundError:  # no secrets at all, or none that can be read
        return {}
    return dict(found.to_dict()) if isinstance(found, AttrDict) else {}


def base_path() -> str:
    """What stands before every path of this server: empty, or with a slash before it and none after."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
