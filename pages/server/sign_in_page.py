"""What visitors see who have not signed in, or are not among those who may come in: plain HTML that runs nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable

from pages.server.sign_in import DEFAULT

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:18vh auto;padding:0 1rem;color:#1f2328;"
    "background:#fff}a{display:inline-block;margin:.5rem .75rem 0 0;padding:.5rem 1rem;border-radius:.5rem;"
    "color:#fff;background:#c45500;text-decoration:none}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}}"
)


def page(why: str, links: Iterable[tuple[str, str]]) -> bytes:
    """The page.

    Args:
        why: the data are not shown.
        links: address and label of what a visitor may do.
    """
    buttons = "".join(f'<a href="{html.escape(where)}">{html.escape(label)}</a>' for where, label in links)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>FIL Explorer</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>FIL Explorer</h1><p>{html.escape(why)}</p>{buttons}</body></html>"
    ).encode()


def sign_in_links(base: str, providers: Iterable[str]) -> list[tuple[str, str]]:
    """Where a sign-in begins, for each provider."""
    return [
        (f"{base}/sign-in/{name}", "Sign in" if name == DEFAULT else f"Sign in with {name.capitalize()}")
        for name in providers
    ]
