"""Whom a server serves follows from where it really listens, whoever started it and from which folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import psutil
import pytest
from live import ROOT, UPGRADE, ask, free_port, started

from pages.server import listening
from pages.server.options import OPTIONS


def own_address() -> str | None:
    """An address of this machine that others reach, if it has one."""
    found = [one.address for group in psutil.net_if_addrs().values() for one in group if one.family == socket.AF_INET]
    return next((one for one in found if not one.startswith("127.")), None)


@pytest.fixture
def store(tmp_path: Path) -> dict[str, str]:
    return {"FIL_STORE_DIR": str(tmp_path / "store"), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


def test_uvicorn_on_this_machine_alone_is_served_from_any_folder(tmp_path: Path, store: dict[str, str]) -> None:
    port = free_port()
    with started("uvicorn", "app:app", "--app-dir", str(ROOT), "--port", str(port), port=port, cwd=tmp_path, **store):
        assert ask(port)[0] == 200
        assert ask(port, Host="evil.example")[0] == 400
        assert ask(port, "/_stcore/stream", Host="evil.example", **UPGRADE)[0] in (400, 403)
        assert ask(port, "/_stcore/stream", **UPGRADE)[0] == 101


def test_uvicorn_on_all_addresses_answers_nobody_and_says_what_to_do(tmp_path: Path, store: dict[str, str]) -> None:
    port = free_port()
    command = ["uvicorn", "app:app", "--app-dir", str(ROOT), "--host", "0.0.0.0", "--port", str(port)]
    with started(*command, port=port, cwd=tmp_path, **store):
        status, _, said = ask(port)
        assert status == 403 and "FIL_SERVE_OTHERS" in said and "--host 127.0.0.1" in said
        assert ask(port, "/_stcore/stream", **UPGRADE)[0] == 403
        if (outside := own_address()) is not None:
            assert ask(port, to=outside)[0] == 403
    assert "FIL_SERVE_OTHERS" in (tmp_path / f"server-{port}.log").read_text()


def test_a_unix_socket_and_several_workers_are_refused(tmp_path: Path, store: dict[str, str]) -> None:
    place, port, uvicorn = str(tmp_path / "s"), free_port(), ["uvicorn", "app:app", "--app-dir", str(ROOT)]
    with started(*uvicorn, "--uds", place, port=None, path=place, **store):
        assert ask(place)[0] == 403
    with started(*uvicorn, "--port", str(port), "--workers", "2", port=port, cwd=tmp_path, **store):
        status, _, said = ask(port)
        assert status == 403 and "one process" in said


def copied_without_dot_folders(folder: Path) -> Path:
    shutil.copy(ROOT / "app.py", folder)
    for name in ("pages", "fil_core", "assets"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_a_copy_without_its_dot_folders_keeps_the_rules(tmp_path: Path, store: dict[str, str]) -> None:
    folder, port = copied_without_dot_folders(tmp_path), free_port()
    run = ["streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(port)]
    ended = subprocess.run(
        [sys.executable, "-m", *run], cwd=folder, env=os.environ | store, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2 and "--server.address 127.0.0.1" in ended.stderr
    with started(*run, "--server.address", "127.0.0.1", port=port, cwd=folder, **store):
        assert ask(port)[0] == 200
        assert ask(port, Host="evil.example")[0] == 400  # what the text advises has its walls
        assert ask(port, "/_stcore/stream", Origin="http://localhost:3000", **UPGRADE)[0] == 403
        assert ask(port, "/_stcore/agent/openapi.json")[0] in (200, 404)


def test_the_file_and_the_code_say_the_same() -> None:
    said = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    del said["theme"]
    written = {f"{part}.{name}": value for part, group in said.items() for name, value in group.items()}
    assert written == OPTIONS


@pytest.mark.parametrize(
    ("scope", "others"),
    [
        ({"server": ("192.168.1.5", 8501)}, True),
        ({"server": ("/run/fil.sock", None)}, True),
        ({"server": ("unix:/run/fil.sock", -1)}, True),
        ({"server": None}, True),
        ({}, True),
        ({"server": ("localhost.evil.example", 8501)}, True),
    ],
)
def test_what_cannot_be_told_counts_as_reached_by_others(scope: dict[str, object], others: bool) -> None:
    assert bool(listening.reached_by_others(scope)) is others


@pytest.mark.parametrize(("bound", "others"), [("127.0.0.1", False), ("0.0.0.0", True), ("::", True)])
def test_a_connection_of_this_machine_counts_by_where_else_its_port_is_open(bound: str, others: bool) -> None:
    with socket.socket(socket.AF_INET6 if ":" in bound else socket.AF_INET) as opened:
        opened.bind((bound, 0))
        opened.listen()
        port = opened.getsockname()[1]
        assert bool(listening.reached_by_others({"server": ("127.0.0.1", port)})) is others
    closed = free_port()  # nothing of this process listens there: somebody else accepted the connection
    assert listening.reached_by_others({"server": ("127.0.0.1", closed)})
