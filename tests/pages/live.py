"""A server in a process of its own, and requests from a socket of our own: libraries would set headers that fit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}  # fmt: skip


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: the browser that other tests drive has a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(
    *command: str, port: int | None, cwd: Path = ROOT, path: str = "", **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server by its command after `python -m`, once it listens at a port of this machine or at a Unix socket."""
    with (cwd / f"server-{port}.log" if cwd != ROOT else Path(os.devnull)).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=cwd, env=os.environ | environment, stdout=log, stderr=log
        )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), connected(port or path):
                break
            assert process.poll() is None, f"it ended with {process.returncode}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def connected(where: int | str, host: str = "127.0.0.1") -> socket.socket:
    if isinstance(where, int):
        return socket.create_connection((host, where), timeout=20)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(where)
    return connection


def raw(where: int | str, sent: bytes, host: str = "127.0.0.1") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and what else comes within a moment."""
    with connected(where, host) as connection:
        connection.sendall(sent)
        got = b""
        while b"\r\n\r\n" not in got and (more := connection.recv(65536)):
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)) and (more := connection.recv(65536)):
            body += more
    return int(status.split()[1]), headers, body


def ask(where: int | str, path: str = "/", *, to: str = "127.0.0.1", **headers: str) -> tuple[int, dict[str, str], str]:
    """The answer to a GET; underscores of header names stand for hyphens."""
    host = f"127.0.0.1:{where}" if isinstance(where, int) else "127.0.0.1"
    sent = {"Host": host, "Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    status, found, body = raw(where, "\r\n".join(lines).encode("latin-1"), to)
    return status, found, body.decode("utf-8", "replace")
