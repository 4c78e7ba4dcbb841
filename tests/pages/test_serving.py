"""Whom the server serves: what is missing for it, in words, and what its answers say to a browser."""

from __future__ import annotations

import base64
import hashlib

import pytest

from pages.server.rules import (
    Settings,
    allowed_user,
    content_policy,
    holds_data,
    is_private,
    missing,
    needs_sign_in,
    same_origin,
    serves_others,
)

OURS = ("127.0.0.1", "localhost")
PUBLIC = Settings("0.0.0.0", ("fil.example.org",), certificate=True, sign_in=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_addresses_that_only_this_machine_reaches(address):
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["", "0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "fil.example.org", "localhost.evil.org"]
)
def test_addresses_that_others_reach(address):
    assert not is_private(address)


@pytest.mark.parametrize(
    ("settings", "environment", "others"),
    [
        (Settings("127.0.0.1", OURS), {}, False),
        (Settings("0.0.0.0", OURS), {}, True),
        (Settings("127.0.0.1", (*OURS, "fil.example.org")), {}, True),  # a proxy speaks for others
        (Settings("127.0.0.1", ("*",)), {}, True),
        (Settings("127.0.0.1", OURS), {"FIL_SERVE_OTHERS": "proxy"}, True),
    ],
)
def test_others_are_served_by_address_by_name_or_on_purpose(settings, environment, others):
    assert serves_others(settings, environment) is others


def change(**values):
    return Settings(**({f: getattr(PUBLIC, f) for f in PUBLIC.__slots__} | values))


@pytest.mark.parametrize(
    ("settings", "way", "words"),
    [
        (Settings("127.0.0.1", OURS), "", []),
        (PUBLIC, "", ["FIL_SERVE_OTHERS=tls"]),
        (PUBLIC, "yes", ["FIL_SERVE_OTHERS=tls"]),
        (PUBLIC, "tls", []),
        (PUBLIC, "proxy", []),
        (change(certificate=False), "tls", ["server.sslCertFile"]),
        (change(certificate=False), "proxy", []),
        (change(hosts=()), "tls", ["server.allowedHosts"]),
        (change(hosts=OURS), "tls", ["server.allowedHosts"]),
        (change(hosts=("*", "fil.example.org")), "proxy", ["server.allowedHosts"]),
        (change(sign_in=False), "tls", ["[auth]"]),
        (change(trusted_headers=True), "tls", ["trustedUserHeaders"]),
        (change(tracebacks=True), "tls", ["showErrorDetails"]),
        (change(xsrf=False), "tls", ["enableXsrfProtection"]),
        (Settings("127.0.0.1", OURS, xsrf=False), "", ["enableXsrfProtection"]),  # any website could write to it
        (Settings("127.0.0.1", OURS, cors=False), "", ["enableCORS"]),  # and read from it
        (change(sign_in=False, hosts=()), "tls", ["server.allowedHosts", "[auth]"]),
        (PUBLIC, "tls nobody", ["FIL_ALLOWED_USERS"]),
    ],
)
def test_what_is_missing_is_an_instruction_each(settings, way, words):
    way, _, nobody = way.partition(" ")
    users = " , " if nobody else "a@example.org"
    found = missing(settings, {"FIL_SERVE_OTHERS": way, "FIL_ALLOWED_USERS": users} if way else {})
    assert len(found) == len(words)
    assert all(word in what for word, what in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("users", "email", "allowed"),
    [
        ("", "anybody@example.org", False),
        ("*", "anybody@example.org", True),
        ("a@example.org, B@example.org", "b@EXAMPLE.org", True),
        ("a@example.org", "b@example.org", False),
        ("a@example.org", None, False),
        ("a@example.org", "", False),
    ],
)
def test_who_may_come_in(users, email, allowed):
    assert allowed_user(email, {"FIL_ALLOWED_USERS": users}) is allowed


@pytest.mark.parametrize(("verified", "allowed"), [(True, True), ("true", True), (False, False), (None, False)])
def test_an_address_that_the_provider_has_not_seen_answered_is_anybodys(verified, allowed):
    assert allowed_user("a@example.org", {"FIL_ALLOWED_USERS": "a@example.org"}, verified=verified) is allowed
    assert allowed_user("a@example.org", {"FIL_ALLOWED_USERS": "*"}, verified=verified)


def test_only_the_scripts_of_the_page_itself_run():
    code = "window.x = 1"
    policy = content_policy(f"<script>{code}</script><script src='a.js'></script>")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert policy.count("sha256-") == 1
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert "unsafe-inline" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert rules["frame-ancestors"] == "'none'"
    assert not any(scheme in value for value in rules.values() for scheme in ("http:", "https:", "*"))


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        (None, "127.0.0.1:8501", True),  # a program, which names no origin
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://localhost:3000", "localhost:8501", False),
        ("https://evil.example", "127.0.0.1:8501", False),
        ("null", "127.0.0.1:8501", False),
    ],
)
def test_only_its_own_pages_speak_with_the_server(origin, host, same):
    assert same_origin(origin, host) is same


def test_what_holds_data_is_not_kept_by_the_browser_and_needs_a_sign_in():
    assert not holds_data("/static/js/index.js")
    assert all(holds_data(path) for path in ("/", "/media/a.csv", "/_stcore/upload_file/1/2"))
    assert all(needs_sign_in(path) for path in ("/media/a.csv", "/base/media/a.csv", "/_stcore/upload_file/1/2"))
    assert not needs_sign_in("/_stcore/health")
