"""A server of its own for each page test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def fresh_server() -> Iterator[None]:
    """Another test's engine would bring another store; and a page leaves itself behind as the process's main module,
    which processes that a later test spawns would run."""
    import streamlit as st

    main = sys.modules["__main__"]
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    sys.modules["__main__"] = main
