"""A real dask scheduler and two worker processes: the same numbers, and a worker lost half-way loses nothing."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.engine import Engine
from fil_core.engine.fan_out.answers import answer_all
from fil_core.engine.fan_out.executors import WorkersUnavailable, executor
from fil_core.engine.fan_out.pools import ThisProcess
from fil_core.engine.jobs.jobs import Jobs
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_parameters
from fil_core.errors import BadRequest
from fil_core.models import fit
from fil_core.out_of_core.measures import measure_in_blocks
from fil_core.out_of_core.source import RowSource
from fil_core.specs import DataSpec, ModelSpec

ROOT = Path(__file__).parents[3]
CLOSE = {"rtol": 1e-12, "atol": 0}
DIGITS = DataSpec(name="digits", classes=("3", "8"), subset=120)
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The scheduler's address, and the two workers: processes without a nanny, so that who is killed stays dead."""
    port, folder = free_port(), tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{port}"
    processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")]
    try:
        until(lambda: listening(port))
        processes += [
            start(
                "dask_worker", address, "--host", "127.0.0.1", "--no-nanny", "--no-dashboard", "--nthreads", 1,
                "--local-directory", folder / name, "--name", name,
            )
            for name in "ab"
        ]  # fmt: skip
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def until(done, seconds=30):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sweep(numbers):
    return [FilRequest(data=DIGITS, model=ModelSpec(kind="logistic", l2=float(l2))) for l2 in numbers]


def assert_as_in_this_process(requests, found, folder):
    engine = Engine(Store(folder))
    for request, answer in zip(requests, found, strict=True):
        true = engine.get(request)
        np.testing.assert_allclose(answer.table["eta"], true.table["eta"], **CLOSE)
        np.testing.assert_allclose(answer.summary["eta_max"], true.summary["eta_max"], **CLOSE)


def test_the_same_numbers_as_in_this_process(cluster, tmp_path, monkeypatch):
    address, _ = cluster
    monkeypatch.setenv("FIL_SCHEDULER", address)  # as a person may set it once for all
    requests = sweep(np.logspace(-3, 0, 6))
    with executor() as dask:
        dask._client.wait_for_workers(2, timeout=30)
        found = answer_all(requests, store_root=tmp_path / "store", executor=dask)
    assert_as_in_this_process(requests, found, tmp_path / "here")


def test_the_parts_of_a_job_go_to_its_workers(cluster, tmp_path, monkeypatch):
    """Pretrained parameters travel with them: the workers have a store of their own."""
    address, _ = cluster
    monkeypatch.setenv("FIL_SCHEDULER", address)
    engine, model = Engine(Store(tmp_path / "store")), ModelSpec(kind="logistic", l2=0.01)
    theta = fit(model, engine.dataset(DIGITS)).theta.numpy()
    pretrained = dataclasses.replace(model, parameters=keep_parameters(engine.store, theta))
    ids = tuple(int(id) for id in engine.dataset(DIGITS).ids[:3])
    request = ReconstructionRequest(data=DIGITS, model=pretrained, ids=ids, sigmas=(0.0, 0.01), trials=3)
    jobs = Jobs(engine.store.root)
    try:
        job = jobs.submit([request])
        until(lambda: jobs.find([request]).over, seconds=90)
        assert jobs.find([request]).state == "done", jobs.find([request]).errors
    finally:
        jobs.close()
    assert job.requests == (request,)
    there = engine.find(request)
    here = Engine(Store(tmp_path / "here"))
    keep_parameters(here.store, theta)
    np.testing.assert_allclose(there.table["mse_prior"], here.get(request).table["mse_prior"], rtol=1e-6, atol=1e-20)
    assert all(engine.find(dataclasses.replace(request, ids=(id,))) is not None for id in ids)


def test_row_blocks_go_to_its_workers_too(cluster, tmp_path):
    rng = np.random.default_rng(0)
    X, path = rng.standard_normal((3000, 5)), tmp_path / "X.npy"
    np.save(path, np.column_stack([X, X[:, 0] + rng.standard_normal(3000) > 0]))
    source, model = RowSource(features=str(path), target=5, classes=(0.0, 1.0)), ModelSpec(kind="logistic")
    with executor(scheduler=cluster[0]) as dask:
        found = measure_in_blocks(source, model, preprocess="standardise", executor=dask)
    true = measure_in_blocks(source, model, preprocess="standardise", executor=ThisProcess())
    np.testing.assert_allclose(found.table["eta"], true.table["eta"], **CLOSE)


def test_a_worker_killed_half_way_loses_nothing(cluster, tmp_path):
    address, workers = cluster
    requests = sweep(np.logspace(-3, 1, 24))
    finished = []

    def kill_one(i, answer):
        finished.append(i)
        if len(finished) == len(requests) // 3:
            workers[0].send_signal(signal.SIGKILL)

    with executor(scheduler=address) as dask:
        dask._client.wait_for_workers(2, timeout=30)
        found = answer_all(requests, store_root=tmp_path / "store", executor=dask, on_answer=kill_one)
        workers[0].wait(timeout=10)
        until(lambda: len(dask._client.scheduler_info()["workers"]) == 1)
    assert sorted(finished) == list(range(24))
    assert_as_in_this_process(requests, found, tmp_path / "here")
    store = Store(tmp_path / "store")
    assert not (store.root / "damaged").exists()
    entries = store.entries()
    assert len(entries) == 48  # a result and a model each
    assert all(store.get(entry.key) is not None for entry in entries)
    assert store.notice is None


def test_a_scheduler_that_is_not_there_is_said_within_seconds():
    begin = time.monotonic()
    with pytest.raises(WorkersUnavailable, match="nothing answers at tcp://127.0.0.1"):
        executor(scheduler=f"tcp://127.0.0.1:{free_port()}").__enter__()
    assert time.monotonic() - begin < 6


def test_a_scheduler_without_workers_is_said_within_seconds(monkeypatch):
    port = free_port()
    scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")
    monkeypatch.setattr("fil_core.engine.fan_out.executors._CONNECT_SECONDS", 2.0)
    try:
        until(lambda: listening(port))
        with pytest.raises(WorkersUnavailable, match=f"has no workers. Start some with: dask worker tcp://.*{port}"):
            executor(scheduler=f"tcp://127.0.0.1:{port}").__enter__()
    finally:
        scheduler.kill()
        scheduler.wait()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BadRequest, match="expected an address such as tcp://127.0.0.1:8786"):
        executor(scheduler=address).__enter__()
