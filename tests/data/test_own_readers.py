"""The queue of readers: as many at once as their limits fit in the free memory, in the order in which they came."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack

import numpy as np
import pandas as pd
import psutil
import pytest
from file_parts import arrays, csv, parquet, table
from safetensors.numpy import save as safetensors

from fil_core.data.own import Choices, limits, parameters, readers, sandbox
from fil_core.data.own.arrays import read_archive
from fil_core.data.own.directory import own_directory
from fil_core.data.own.frames import read_frame
from fil_core.data.own.network import read_network
from fil_core.data.own.parameters import read_parameters
from fil_core.data.own.readers import Queue
from fil_core.data.own.reading import read
from fil_core.data.own.sandbox import (
    end_readers,
    network_in_sandbox,
    parameters_in_sandbox,
    preview_in_sandbox,
    table_in_sandbox,
)
from fil_core.errors import BadData
from fil_core.specs import DataSpec

GIB = 2**30


def at_once(queue: Queue, memory: int, count: int) -> tuple[int, list[str]]:
    """The most readers that ran at the same time, and what those were told that waited."""
    now, most, told, lock = 0, 0, [], threading.Lock()

    def one() -> None:
        nonlocal now, most
        with queue.place(memory, lambda _done, _total, what: told.append(what)):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.05)
            with lock:
                now -= 1

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return most, told


@pytest.mark.parametrize(("free", "most"), [(25, 3), (16, 2), (15, 1), (1, 1)])
def test_as_many_readers_run_as_their_limits_fit_in_the_free_memory(free, most):
    found, told = at_once(Queue(lambda: free * GIB), 8 * GIB, 6)
    assert found == most
    assert set(told) == {"waiting until other files are read"}


def test_readers_that_fit_do_not_wait():
    assert at_once(Queue(lambda: 100 * GIB), GIB, 4) == (4, [])


def test_what_a_reader_has_taken_already_is_not_counted_twice(monkeypatch):
    queue = Queue(lambda: 8 * GIB)
    with queue.place(8 * GIB) as started:
        started(psutil.Process())
        monkeypatch.setattr(readers, "_resident", lambda _: 7 * GIB)
        with queue.place(7 * GIB):  # one may still be taken by the first, of the eight that are free now
            pass


def test_the_place_of_one_that_gives_up_is_free_and_the_order_stays():
    queue, order = Queue(lambda: GIB), []

    def stop(*_):
        raise KeyboardInterrupt

    def later(name: str) -> None:
        with queue.place(GIB):
            order.append(name)

    with ExitStack() as first:
        first.enter_context(queue.place(GIB))
        threads = []
        for name in "abc":
            threads.append(threading.Thread(target=later, args=(name,)))
            threads[-1].start()
            time.sleep(0.02)
        with pytest.raises(KeyboardInterrupt), queue.place(GIB, stop):
            pass
    for thread in threads:
        thread.join(10)
    assert order == ["a", "b", "c"]


def test_the_end_of_the_server_ends_its_readers(tmp_path, monkeypatch):
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table()))
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    monkeypatch.setattr(sandbox.sys, "executable", str(python))
    before = set(psutil.Process().children())
    errors = []

    def reads() -> None:
        try:
            preview_in_sandbox(path, title="Ward 3.csv")
        except BadData as error:
            errors.append(str(error))

    thread = threading.Thread(target=reads, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not set(psutil.Process().children()) - before:
        assert time.monotonic() < until
        time.sleep(0.01)
    end_readers()
    thread.join(10)
    assert not set(psutil.Process().children()) - before
    assert [error.startswith("Ward 3.csv: ") for error in errors] == [True]


# --- tables and arrays from the sandbox -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_from_the_sandbox_is_that_of_the_reader(suffix, tmp_path):
    columns = {
        "id": ["007", "1E3", "", "NA"], "eta": [0.1, np.nan, 1e-300, -1.0], "rank": [1, 2, 3, 2**60],
        "whose": ["ü", None, "x", "NA"], "leaks": [True, False, True, True],
    }  # fmt: skip
    path = tmp_path / f"scores{suffix}"
    path.write_bytes(csv(pd.DataFrame(columns)) if suffix == ".csv" else parquet(**columns))
    pd.testing.assert_frame_equal(table_in_sandbox(path, ("id",)), read_frame(path, ("id",)))
    assert list((own_directory() / "tmp").iterdir()) == []


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_parameters_from_the_sandbox_are_those_of_the_reader(suffix, tmp_path):
    values = {"coef_": np.random.default_rng(0).normal(size=(3, 5)), "intercept_": np.arange(3.0)}
    path = tmp_path / f"model{suffix}"
    path.write_bytes(arrays(**values) if suffix == ".npz" else safetensors(values))
    assert np.array_equal(parameters_in_sandbox(path), read_parameters(path))


def test_a_network_from_the_sandbox_is_that_of_the_reader(tmp_path):
    values = {
        "2.weight": np.random.default_rng(0).normal(size=(3, 5)), "0.bias": np.ones(3, np.float32),
        "1.num_batches_tracked": np.array(7), "file": np.zeros((0, 2)),
    }  # fmt: skip
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors(values))
    here, there = read_network(path), network_in_sandbox(path)
    assert list(here) == list(there) == sorted(values)
    for name, array in there.items():
        assert (array.dtype, array.shape) == (here[name].dtype, values[name].shape)
        assert np.array_equal(array, here[name]) and np.array_equal(array, values[name])
    path.write_bytes(safetensors({"0.weight": np.array([np.nan])}))
    with pytest.raises(BadData, match=r"^initial: expected finite weights in mine\.safetensors; got nan in 0\.weight"):
        network_in_sandbox(path, title="mine.safetensors")


def test_what_all_members_of_an_archive_unpack_to_is_limited_together(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 2**20)
    rng = np.random.default_rng(0)
    members = {name: rng.integers(0, 255, 300_000, np.uint8) for name in ("X", "y", "X_test", "y_test")}
    path = tmp_path / "data.npz"
    path.write_bytes(arrays(**members))
    assert read_archive(path, ("X", "y"))["X"].size == 300_000
    with pytest.raises(BadData, match=r"^data\.npz: .*unpack to 1,200,512"):
        read_archive(path, ("X", "y", "X_test", "y_test"))
    with pytest.raises(BadData, match=r"^data\.npz: "):
        read(path, Choices())


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_all_coefficients_are_counted_together(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(parameters, "_MOST_PARAMETERS", 100)
    path = tmp_path / f"model{suffix}"
    values = {"weight": np.ones(60), "bias": np.ones(41)}
    path.write_bytes(arrays(**values) if suffix == ".npz" else safetensors(values))
    with pytest.raises(BadData, match=rf"at most 100 numbers in model{suffix}; got 101"):
        read_parameters(path)


def test_a_table_that_comes_back_is_limited(tmp_path, monkeypatch):
    script, python = tmp_path / "patched.py", tmp_path / "python"
    script.write_text(
        "import fil_core.data.own.sandbox as sandbox\nsandbox.limits.TABLE_BYTES = 1000\nsandbox.main()\n"
    )
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sandbox.sys, "executable", str(python))
    path = tmp_path / "scores.csv"
    path.write_bytes(csv(pd.DataFrame({"id": range(500), "eta": 1.5})))
    with pytest.raises(BadData, match=r"^mine\.csv: expected a table of at most 1,000 bytes"):
        table_in_sandbox(path, ("id",), title="mine.csv")


def test_uploads_are_read_in_another_process_and_errors_name_their_file(monkeypatch):
    """Streamlit's parts are left out: `pages.common.uploads` reads what it is given in the sandbox alone."""
    from pages.common import uploads

    seen, digits = [], DataSpec(name="digits")
    for name in ("table_in_sandbox", "parameters_in_sandbox", "signals_in_sandbox", "records_in_sandbox"):
        real = getattr(uploads, name)
        monkeypatch.setattr(
            uploads, name, lambda *a, _real=real, _name=name, **k: (seen.append(_name), _real(*a, **k))[1]
        )
    for parser in (
        "frames.read_csv",
        "parameters.read_archive",
        "signals.read_archive",
        "signals.read_csv",
        "records.read_archive",
    ):
        monkeypatch.setattr(f"fil_core.data.own.{parser}", lambda *_, **__: pytest.fail("read in the server"))
    for call, name in (
        (lambda: uploads.keep_scores(None, b"a,b\n1,2\n", "my scores.csv"), "my scores.csv"),
        (lambda: uploads.keep_parameters(arrays(other=np.ones(3)), "my model.npz"), "my model.npz"),
        (lambda: uploads.keep_signals(None, arrays(scores=np.ones(3)), "my signals.npz"), "my signals.npz"),
        (lambda: uploads.keep_records(digits, arrays(y=np.ones(3)), "my records.npz"), "my records.npz"),
        (lambda: uploads.uploaded_weights(None, "my weights.csv", b"id,w\n1,2\n"), "my weights.csv"),
    ):
        with pytest.raises(BadData, match=name) as refusal:
            call()
        assert "64" not in str(refusal.value) and len(max(str(refusal.value).split(), key=len)) < 40
    tasks = ("table", "parameters", "signals", "records", "table")
    assert seen == [f"{task}_in_sandbox" for task in tasks]
