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
    host_fits,
    is_private,
    missing,
    open_to_all,
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
        (Settings("127.0.0.1"), "", ["server.allowedHosts"]),  # any website could call it by a name of its own
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
        ("http://[::1", "127.0.0.1:8501", False),  # no address at all
        ("", "127.0.0.1:8501", False),
    ],
)
def test_only_its_own_pages_speak_with_the_server(origin, host, same):
    assert same_origin(origin, host) is same


def test_what_holds_data_is_not_kept_by_the_browser():
    assert not holds_data("/static/js/index.js")
    assert all(holds_data(path) for path in ("/", "/media/a.csv", "/_stcore/upload_file/1/2"))


def test_before_a_sign_in_nothing_is_open_but_what_leads_to_it():
    assert all(open_to_all(path) for path in ("/_stcore/health", "/auth/login", "/auth/logout", "/oauth2callback"))
    closed = ("/", "/media/a.csv", "/_stcore/upload_file/1/2", "/_stcore/stream", "/auth/login/x", "/x/auth/login")
    assert not any(open_to_all(path) for path in closed)


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("127.0.0.1:8501", True), ("LOCALHOST", True), ("localhost.:80", True), ("[::1]:8501", True),
        ("a.example.org", True), ("example.org", False), ("localhost.evil.org", False), ("user@localhost", False),
        ("localhost/x", False), ("localhost:port", False), ("localhost:99999", False), ("[::1", False), ("", False),
        (None, False), ("localhost?x", False),
    ],
)  # fmt: skip
def test_a_server_answers_to_its_own_names_alone(host, fits):
    assert host_fits(host, ("127.0.0.1", "::1", "localhost", "*.example.org")) is fits


def test_advice_never_leads_to_a_server_without_a_host_check():
    for hosts in ((), OURS, ("*",)):
        for address in ("", "0.0.0.0", "127.0.0.1"):
            said = " ".join(missing(Settings(address, hosts), {}))
            assert "server.address 127.0.0.1" not in said or "server.allowedHosts" in said
