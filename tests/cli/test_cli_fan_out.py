"""--workers and --scheduler: the same numbers as in one process, and what the command decides by itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from fil_core.cli import fan_out
from fil_core.engine.store import Store

ROOT = Path(__file__).parents[2]
DIGITS = ["--data", "digits", "--classes", "3,8", "--subset", 60, "--model", "logistic", "--pca", 8]
MITIGATE = ["mitigate", *DIGITS, "--examples", 2, "--trials", 2, "--draws", 5, "--iterations", 2, "--methods", "sample"]
RECONSTRUCT = ["attack-reconstruct", *DIGITS, "--sigmas", "0.001,0.1", "--trials", 3]
CLOSE = {"rtol": 1e-7, "atol": 1e-9}  # one thread there, as many as there are cores here


def some_ids(run, count):
    code, _, err = run("fil", *DIGITS, "--out", "ids.parquet")
    assert code == 0, err
    return pd.read_parquet("ids.parquet")["id"].tolist()[:count]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """How often a command goes to other processes."""
    calls = []
    plain = fan_out.open_executor

    def counting(options):
        calls.append(options.workers)
        return plain(options)

    monkeypatch.setattr(fan_out, "open_executor", counting)
    return calls


def lines(run, *arguments):
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out.splitlines()[-1]), err


def test_mitigations_in_two_processes_equal_those_in_one(run, monkeypatch, tmp_path):
    code, _, err = run(*MITIGATE, "--workers", 1, "--out", "one.parquet")
    assert code == 0, err
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "other"))
    line, err = lines(run, *MITIGATE, "--workers", 2, "--out", "two.parquet")
    one, two = pd.read_parquet("one.parquet"), pd.read_parquet("two.parquet")
    pd.testing.assert_frame_equal(two.drop(columns="eta_std"), one.drop(columns="eta_std"), **CLOSE)
    # After reweighting every eta is the same, and what is left of their spread is rounding.
    pd.testing.assert_series_equal(two["eta_std"], one["eta_std"], rtol=1e-7, atol=1e-6 * one["eta_mean"].max())
    assert line["cached"] is False
    assert err.count("Eta takes the weights as constants") == 1
    again, _ = lines(run, *MITIGATE, "--workers", 2)
    assert again["cached"] is True
    assert again["mitigations"] == line["mitigations"]


def test_what_is_impossible_says_why_from_another_process_too(run):
    """More components than rows that are left: the releases without them have no answer, the others do."""
    line, err = lines(run, *MITIGATE, "--workers", 2, "--drop", "1,60")
    errors = {row["name"]: row["error"] for row in line["mitigations"]}
    assert errors["as it is"] is None
    (impossible,) = (error for error in errors.values() if error)
    assert f": {impossible}" in err


def test_reconstructions_in_two_processes_equal_those_in_one(run, monkeypatch, tmp_path):
    ids = some_ids(run, 3)
    listed = ",".join(map(str, ids))
    one, _ = lines(run, *RECONSTRUCT, "--ids", listed, "--workers", 1)
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "other"))
    two, _ = lines(run, *RECONSTRUCT, "--ids", listed, "--workers", 2)
    assert two["ids"] == one["ids"] == ids
    for name in ("mse", "bound_unbiased", "bound_prior"):
        for each in map(str, ids):
            assert two[name][each] == pytest.approx(one[name][each], rel=1e-6)


def test_little_work_stays_in_this_process(run, opened):
    lines(run, *RECONSTRUCT, "--ids", ",".join(map(str, some_ids(run, 3))))
    assert opened == []


def test_work_goes_to_other_processes_as_soon_as_it_is_worth_it(run, opened, monkeypatch):
    monkeypatch.setattr(fan_out, "_LONG_SECONDS", 0.0)
    ids = some_ids(run, 3)
    line, _ = lines(run, *RECONSTRUCT, "--ids", ",".join(map(str, ids)))
    assert opened == [None]
    assert line["ids"] == ids
    lines(run, *RECONSTRUCT, "--ids", ",".join(map(str, ids)), "--workers", 1, "--force")
    assert opened == [None]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--workers", 0], "workers: expected a whole number >= 1; got 0"),
        (["--workers", "two"], "expected a whole number, got 'two'"),
        (["--workers", 2, "--scheduler", "tcp://127.0.0.1:8786"], "expected one of them"),
        (["--scheduler", "http://127.0.0.1"], "expected an address such as tcp://127.0.0.1:8786"),
    ],
)
def test_options_that_make_no_sense_are_said_in_one_line(run, options, text):
    code, _, err = run(*MITIGATE, *options)
    assert code == 2
    assert text in err.splitlines()[-1]


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_scheduler_that_is_not_there_is_said_before_the_work(run, monkeypatch, by):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    if by == "variable":
        monkeypatch.setenv("FIL_SCHEDULER", address)
    start = time.monotonic()
    code, _, err = run(*MITIGATE, *(["--scheduler", address] if by == "option" else []))
    assert code == 2
    assert f"nothing answers at {address}" in err
    assert "training" not in err
    assert time.monotonic() - start < 8


def test_an_interrupt_keeps_what_is_finished(tmp_path):
    """As Ctrl-C in a terminal: the signal reaches the command and all its processes."""
    store = tmp_path / "store"
    arguments = [*MITIGATE, "--workers", 2, "--sigmas", ",".join(f"{s / 100}" for s in range(1, 100))]
    command = subprocess.Popen(
        [sys.executable, "-m", "fil_core", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "FIL_STORE_DIR": str(store)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while len(Store(store).entries()) < 8 and command.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(command.pid, signal.SIGINT)
    start = time.monotonic()
    _, err = command.communicate(timeout=30)
    assert command.returncode == 130
    assert err.splitlines()[-1] == "fil_core: stopped; what was finished is kept."
    assert "Traceback" not in err
    assert time.monotonic() - start < 10
    kept = Store(store)
    assert len(kept.entries()) >= 8
    assert all(kept.get(entry.key) is not None for entry in kept.entries())
    assert not (store / "damaged").exists()
