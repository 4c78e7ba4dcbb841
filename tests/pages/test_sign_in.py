"""Others are served once they have signed in, by a sign-in that cannot be forged, and for as long as it holds."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from live import run
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.server import admission, visitors, wall
from pages.server.limits import Limits
from pages.server.rules import Settings, missing
from pages.server.sign_in import lacks, providers
from pages.server.wall import Wall

HOSTS = ("fil.example.org",)
SECRET = secrets.token_hex(32)
PROVIDER = {
    "client_id": "fil",
    "client_secret": "s",
    "server_metadata_url": "https://login.example.org/.well-known/openid-configuration",
}
AUTH = {"redirect_uri": "https://fil.example.org/oauth2callback", "cookie_secret": SECRET} | PROVIDER


def test_a_whole_sign_in_lacks_nothing() -> None:
    assert lacks(AUTH, HOSTS, authlib=True) == []
    named = {name: AUTH[name] for name in ("redirect_uri", "cookie_secret")} | {"google": PROVIDER, "okta": PROVIDER}
    assert lacks(named, HOSTS, authlib=True) == []
    assert providers(AUTH) == ("default",) and providers(named) == ("google", "okta")
    assert providers(AUTH | {"client_kwargs": {"prompt": "login"}, "okta": PROVIDER}) == ("default", "okta")


@pytest.mark.parametrize("length", [32, 43, 64])
def test_random_secrets_are_strong(length: int) -> None:
    for make in (secrets.token_hex, secrets.token_urlsafe):
        assert lacks(AUTH | {"cookie_secret": make(48)[:length]}, HOSTS, authlib=True) == []


@pytest.mark.parametrize(
    "secret",
    [None, "", "x", "x" * 64, 7, SECRET[:31], "ab" * 32, "0123456789abcdef" * 4, "abcdefghijklmnopqrstuvwxyz0123456789",
     "this-is-a-very-secret-cookie-key-1", "your-own-random-key-of-32-letters!", "changeme-changeme-18fk2lqpw937ztr"],
    ids=lambda secret: f"{len(secret)} characters" if isinstance(secret, str) else str(secret),  # one of them is drawn
)  # fmt: skip
def test_a_secret_that_can_be_guessed_is_no_sign_in(secret: object) -> None:
    (said,) = lacks(AUTH | {"cookie_secret": secret}, HOSTS, authlib=True)
    assert "cookie_secret" in said and "token_hex(32)" in said


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"client_id": ""}, "[auth] client_id"),
        ({"client_secret": " "}, "[auth] client_secret"),
        ({"server_metadata_url": None}, "[auth] server_metadata_url"),
        ({"server_metadata_url": "http://login.example.org/x"}, "[auth] server_metadata_url"),
        ({"server_metadata_url": "https://[::1"}, "[auth] server_metadata_url"),
        ({"redirect_uri": "https://elsewhere.example/oauth2callback"}, "redirect_uri"),
        ({"redirect_uri": "http://fil.example.org/oauth2callback"}, "redirect_uri"),
        ({"redirect_uri": "https://fil.example.org/"}, "redirect_uri"),
        ({"okta": PROVIDER | {"client_secret": ""}}, "[auth.okta] client_secret"),
        ({"my_own": PROVIDER}, "[auth.my_own]"),
    ],
)
def test_what_a_sign_in_lacks_is_named(change: dict[str, Any], named: str) -> None:
    (said,) = lacks(AUTH | change, HOSTS, authlib=True)
    assert named in said
    settings = Settings("0.0.0.0", HOSTS, certificate=True, sign_in=True, sign_in_lacks=(said,))
    assert missing(settings, {"FIL_SERVE_OTHERS": "tls", "FIL_ALLOWED_USERS": "*"}) == [said]


def test_a_sign_in_needs_what_speaks_with_the_provider() -> None:
    (said,) = lacks(AUTH, HOSTS, authlib=False)
    assert "streamlit[auth]" in said


@pytest.fixture(autouse=True)
def served_to_others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FIL_SERVE_OTHERS", "proxy")
    monkeypatch.setenv("FIL_ALLOWED_USERS", "a@example.org")
    for module in (admission, wall):
        monkeypatch.setattr(module, "auth", lambda: {"google": PROVIDER, "okta": PROVIDER})
    monkeypatch.setattr(admission, "settings", lambda: Settings("0.0.0.0", HOSTS, certificate=True, sign_in=True))
    monkeypatch.setattr(wall, "generate_login_redirect_url", lambda name: f"/auth/login?provider={name}.signed")
    yield
    visitors._signed_out.clear()


def cookie(**user: object) -> str:
    known = {
        "is_logged_in": True,
        "email": "a@example.org",
        "email_verified": True,
        "origin": "https://fil.example.org",
    }
    value = json.dumps(known | {"nonce": secrets.token_hex(8)} | user)
    return f"_streamlit_user={create_signed_value(get_cookie_secret(), '_streamlit_user', value).decode()}"


def scope(path: str = "/", kind: str = "http", *, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {"host": "fil.example.org"} | headers
    return {
        "type": kind, "path": path, "method": method, "scheme": "http", "query_string": b"", "root_path": "",
        "server": ("192.168.1.5", 8501), "client": ("192.168.1.9", 4711),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
    }  # fmt: skip


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The app behind the wall: says that it was reached, and echoes the bytes that a websocket sends."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"reached"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


def answered(asked: dict[str, Any], guarded: Wall | None = None) -> tuple[int, dict[bytes, bytes], str]:
    sent: list[dict[str, Any]] = []

    async def once() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request" if asked["type"] == "http" else "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await (guarded or Wall(app))(asked, receive, send)

    run(once())
    if asked["type"] == "websocket":
        return (101 if sent[0]["type"] == "websocket.accept" else 403), {}, ""
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:]).decode()


def test_whoever_has_not_signed_in_gets_a_plain_page_and_nothing_else() -> None:
    for path in ("/", "/leakage", "/sign-in/nobody", "/auth", "//auth/login", "/auth/login/"):
        status, headers, page = answered(scope(path))
        assert status == 401 and "reached" not in page and "<script" not in page
        assert "script-src" not in headers[b"content-security-policy"].decode()
        assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
        assert [f'href="/sign-in/{name}"' in page for name in ("google", "okta")] == [True, True]
    for path in ("/_stcore/upload_file/1/2", "/_stcore/host-config", "/_stcore/agent/interact"):
        assert answered(scope(path))[0] == 403
    assert answered(scope("/", method="PUT"))[0] == 403
    assert answered(scope("/_stcore/stream", "websocket", origin="https://fil.example.org"))[0] == 403
    for path in ("/auth/login", "/oauth2callback", "/_stcore/health"):
        assert answered(scope(path))[2] == "reached"


def test_the_button_begins_the_sign_in_of_its_provider() -> None:
    status, headers, _ = answered(scope("/sign-in/okta"))
    assert status == 303 and headers[b"location"] == b"/auth/login?provider=okta.signed"


def test_whoever_signed_in_and_is_on_the_list_comes_in() -> None:
    ours = {"cookie": cookie(), "origin": "https://fil.example.org"}
    assert answered(scope("/", **ours))[2] == "reached"
    assert answered(scope("/_stcore/stream", "websocket", **ours))[0] == 101
    del ours["origin"]  # a program that says not where it comes from would get a session of nobody
    assert answered(scope("/_stcore/stream", "websocket", **ours))[0] == 403


@pytest.mark.parametrize(
    "user",
    [
        {"email": "b@example.org"},
        {"email_verified": False},
        {"email": 7},
        {"is_logged_in": False},
        {"is_logged_in": 1},
    ],
)
def test_whoever_is_not_on_the_list_may_only_sign_out(user: dict[str, Any]) -> None:
    theirs = {"cookie": cookie(**user), "origin": "https://fil.example.org"}
    status, _, page = answered(scope("/", **theirs))
    assert (status, "/auth/logout" in page) == ((403, True) if user.get("is_logged_in", True) is True else (401, False))
    assert "reached" not in page and answered(scope("/_stcore/stream", "websocket", **theirs))[0] == 403


@pytest.mark.parametrize(
    "value", ["", "x", "a.b.c", '"\\377\\400"', "\xff\xfe", "[]", "=" * 5000, ";;;", "chunks-99999999999", "\\"]
)
def test_odd_cookies_are_nobodys(value: str) -> None:
    assert answered(scope("/", cookie=f"_streamlit_user={value}"))[0] == 401
    for odd in (b"[]", b"7", b"null", b'"x"', b"[" * 5000):
        signed = create_signed_value(get_cookie_secret(), "_streamlit_user", odd).decode()
        assert answered(scope("/", cookie=f"_streamlit_user={signed}"))[0] == 401


@pytest.mark.parametrize("odd", ["http://[::1", "http://[", "//", "null", "\xff\xfe", "http://a\x00b", "x" * 20_000])
def test_odd_origins_and_hosts_are_refused_without_an_error(odd: str) -> None:
    for kind in ("http", "websocket"):
        assert answered(scope("/_stcore/stream", kind, origin=odd, cookie=cookie()))[0] == 403
        assert answered(scope("/", kind, host=odd, cookie=cookie()))[0] in (400, 403)


def test_a_sign_out_ends_the_cookie_and_every_open_websocket_of_it() -> None:
    ours, others = ({"cookie": cookie(), "origin": "https://fil.example.org"} for _ in range(2))
    guarded = Wall(app)

    async def both() -> list[list[str]]:
        heard: list[list[str]] = [[], []]

        def socket(who: dict[str, str], said: list[str]) -> asyncio.Task[None]:
            coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            coming.put_nowait({"type": "websocket.connect"})

            async def send(message: Any) -> None:
                said.append(message["type"])

            return asyncio.create_task(guarded(scope("/_stcore/stream", "websocket", **who), coming.get, send))

        tasks = [socket(ours, heard[0]), socket(others, heard[1])]
        await asyncio.sleep(0.05)

        async def ignore(message: Any) -> None: ...

        async def nothing() -> dict[str, Any]:
            return {"type": "http.request"}

        await guarded(scope("/auth/logout", **ours), nothing, ignore)
        await asyncio.wait(tasks[:1], timeout=5)
        assert tasks[0].done() and not tasks[1].done()
        tasks[1].cancel()
        return heard

    assert run(both()) == [["websocket.accept", "websocket.close"], ["websocket.accept"]]
    assert answered(scope("/", **ours))[0] == 401 and answered(scope("/", **others))[0] == 200


def test_a_cookie_that_ends_closes_its_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"cookie": cookie(), "origin": "https://fil.example.org"}
    said: list[str] = []

    async def until_closed() -> None:
        coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        coming.put_nowait({"type": "websocket.connect"})
        message = BackMsg(app_heartbeat=True).SerializeToString()
        coming.put_nowait({"type": "websocket.receive", "bytes": message})

        async def send(message: Any) -> None:
            said.append(message["type"])

        guarded = Wall(app, Limits(look=0.05))
        task = asyncio.create_task(guarded(scope("/_stcore/stream", "websocket", **ours), coming.get, send))
        await asyncio.sleep(0.15)
        assert said == ["websocket.accept", "websocket.send"]
        monkeypatch.setenv("FIL_ALLOWED_USERS", "nobody@example.org")
        await asyncio.wait_for(task, 5)

    run(until_closed())
    assert said[-1] == "websocket.close"
