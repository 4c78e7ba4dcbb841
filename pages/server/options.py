"""Options of Streamlit that keep the server safe and quick, for where `.streamlit/config.toml` is not found."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit import config

# The same as in .streamlit/config.toml, which `streamlit run` reads before this module is imported.
OPTIONS: dict[str, Any] = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["127.0.0.1", "::1", "localhost"],
    "server.port": 8501,
    "server.maxUploadSize": 500,
    "server.fileWatcherType": "none",
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.enableAgentApi": False,
    "server.showEmailPrompt": False,
    "browser.gatherUsageStats": False,
    "browser.serverAddress": "127.0.0.1",
    "client.disableDataExport": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "logger.enableRich": False,
    "runner.postScriptGC": False,
}
_DEFINED = "pages/server/options.py"


def apply() -> None:
    """Set each option that no file, variable or flag sets, now and whenever Streamlit reads its files again."""
    config.on_config_parsed(_fill_in, force_connect=True)
    st.get_option("server.address")  # has the files read, if nothing has yet
    _fill_in()


def _fill_in() -> None:
    for name, value in OPTIONS.items():
        if not config.is_manually_set(name):
            config.set_option(name, value, _DEFINED)
