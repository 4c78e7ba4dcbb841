"""The server as it is started: what it tells a browser, whom it answers, and what it makes of bad files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bad_files import BAD
from driving import EXPECTED, ROOT, Server, settled
from live import raw
from playwright.sync_api import Browser, Page, expect

from fil_core.data.own.reading import SUFFIXES

pytestmark = pytest.mark.browser
PAGES = ("", "leakage", "examples", "attacks", "mitigations", "own_data", "results")
OTHER_PORT = "http://localhost:3000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("safety") / "store")
    yield running
    running.process.kill()
    running.process.wait(10)


def answer(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers, from a socket of our own: libraries would set a Host that fits."""
    sent = {"Host": f"127.0.0.1:{server.port}", "Connection": "close"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        head = b""
        while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
            head += more
    status, *rest = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(status.split()[1]), {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in rest)}


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/leakage", "/_stcore/health", "/media/nothing.csv", "/nothing"])
def test_every_answer_says_what_a_browser_may_do_with_it(server: Server, path: str) -> None:
    _, headers = answer(server, path)
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer" and headers["cross-origin-opener-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"].replace("wasm-unsafe-eval", "")
    if "health" not in path:
        assert headers["cache-control"] == "no-store"


def test_other_names_proxies_and_pages_from_elsewhere_are_turned_away(server: Server) -> None:
    assert answer(server, "/")[0] == 200
    assert answer(server, "/", Host="evil.example")[0] == 400
    assert answer(server, "/media/a.csv", Host="evil.example")[0] == 400
    assert answer(server, "/", X_Forwarded_For="1.2.3.4")[0] == 403
    ours = f"http://127.0.0.1:{server.port}"
    assert answer(server, "/_stcore/stream", Origin=ours, **UPGRADE)[0] == 101
    assert answer(server, "/_stcore/stream", Origin=OTHER_PORT, **UPGRADE)[0] == 403
    assert answer(server, "/_stcore/stream", Origin="https://evil.example", **UPGRADE)[0] == 403
    assert answer(server, "/_stcore/stream", **(UPGRADE | {"Host": "evil.example"}))[0] in (400, 403)


@pytest.mark.parametrize(
    "options",
    [
        ["--server.address", "0.0.0.0"],
        ["--server.address", ""],
        ["--server.enableCORS", "false", "--server.enableXsrfProtection", "false"],
    ],
    ids=["public", "all addresses", "without walls"],
)
def test_the_server_does_not_start_where_others_could_see_the_data(options: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", "0"]
    environment = os.environ | {"FIL_STORE_DIR": str(tmp_path)}
    ended = subprocess.run([*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "does not serve" in ended.stderr and "  - " in ended.stderr and "Traceback" not in ended.stderr


def test_no_page_asks_another_server_or_breaks_the_content_policy(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(f"{server.url}/{path}")
        settled(page)
        expect(page.locator("h1").first).to_be_visible()
    assert not [text for text in said if EXPECTED not in text]
    assert not [
        url for url in asked if not url.startswith((server.url, "data:", "blob:", server.url.replace("http", "ws")))
    ]
    page.close()


def resident(server: Server) -> int:
    return psutil.Process(server.process.pid).memory_info().rss


def upload(page: Page, path: Path) -> None:
    control = page.locator("[data-testid='stMain'] input[type=file]")
    control.set_input_files(path)
    page.wait_for_timeout(500)
    expect(control).to_have_count(1)  # a new control takes the place of the one that was used
    settled(page)


def test_bad_files_are_answered_in_words_and_a_good_one_afterwards(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/own_data")
    settled(page)
    idle, most, told = resident(server), 0, set()
    # A third of the corpus: each takes a second or two here, and all of it is read elsewhere.
    for i, file in enumerate(BAD[::3]):
        folder = tmp_path / str(i)
        folder.mkdir()
        path = file.make(folder)
        if not path.is_file() or path.suffix.lower() not in SUFFIXES or not path.stat().st_size:
            continue
        upload(page, path)
        most = max(most, resident(server))
        shown = page.get_by_test_id("stMain").inner_text()
        assert "expected" in shown or "How to read this file" in shown, (file.name, shown)
        assert "Traceback" not in shown and "encountered an error" not in shown, (file.name, shown)
        told |= {line for line in shown.splitlines() if "expected" in line}
    assert len(told) >= 8  # what is wrong before any choice, each in its own words
    assert most - idle < 2**30
    good = tmp_path / "good.csv"
    good.write_text("a,b,t\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(40)))
    upload(page, good)
    expect(page.get_by_text("40 rows")).to_be_visible()
    page.close()


ODD_PATHS = [
    b"/%00", b"/%ff%fe", b"/%c0%ae%c0%ae/", b"/..%2f..%2fetc/passwd", b"/%2e%2e/%2e%2e/", b"//evil.example/", b"/%",
    b"/%zz", b"/media/%00.csv", b"/media/..%5c..%5cx", b"/component/%00/x", b"/static/%00", b"/static/" + b"a" * 5000,
    b"/" + b"a" * 30_000, b"/?a=%ff&%00=1", b"/" + b"%61" * 3000, b"/_stcore/upload_file/%00/%ff", b"/a%0d%0aX: y",
    b"/static/" + b"a/" * 2000, b"*", b"http://evil.example/", b"/_stcore/stream/%00", b"/;/..;/",
]  # fmt: skip
ODD_HEADERS = [
    b"Origin: http://[::1", b"Origin: \xff\xfe", b"Origin: http://a:b:c", b"Cookie: \xff\xfe=\xff; ;;=; a",
    b"Cookie: _streamlit_user=\xff", b"Cookie: " + b"a=b; " * 3000, b"X-\xc3\xa9: 1", b"Range: bytes=9-1,\xff",
    b"Accept-Encoding: \xff", b"Content-Length: -1", b"If-Modified-Since: \xff", b"Host: [::1", b"Host: \xff",
    b"Host: 127.0.0.1:99999999", b"Sec-WebSocket-Protocol: \xff, , ,", b"Upgrade: websocket", b"X: " + b"y" * 60_000,
]  # fmt: skip


def test_odd_requests_are_answered_without_an_error(server: Server) -> None:
    ours = f"Host: 127.0.0.1:{server.port}".encode()
    asked = [(path, []) for path in ODD_PATHS]
    asked += [(path, [odd]) for path in (b"/", b"/_stcore/stream", b"/media/a.csv") for odd in ODD_HEADERS]
    upgrade = [f"{name.replace('_', '-')}: {value}".encode() for name, value in UPGRADE.items()]
    for path, odd in asked:
        named = any(line.lower().startswith(b"host:") for line in odd)
        for more in ([], upgrade):
            lines = [b"GET " + path + b" HTTP/1.1", *([] if named else [ours]), *odd, *more]
            lines += [] if more else [b"Connection: close"]
            status, _, body = raw(server.port, b"\r\n".join([*lines, b"", b""]))
            assert status < 500 and status != 304, (path, odd, more, status)
            assert b"Traceback" not in body and b"root:" not in body
            if b"Origin" in b"".join(odd):
                assert status in (400, 403), (path, odd, status)
    assert raw(server.port, b"GET / HTTP/1.1\r\n" + ours + b"\r\nConnection: close\r\n\r\n")[0] == 200
    assert "Traceback" not in server.log.read_text()
