"""Executors of requests: a pool of processes on this machine, or the workers of a dask scheduler.

Both are a standard `concurrent.futures.Executor`, so that callers need not know which one they have.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
)

from fil_core.engine.fan_out.pools import Workers
from fil_core.errors import BadRequest, WorkersUnavailable

_CONNECT_SECONDS = 5.0
_ADDRESS = re.compile(r"tcp://(\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):([0-9]{1,5})")


@contextlib.contextmanager
def executor(*, workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Processes to compute in, until the block ends; an error or an interrupt in the block kills them at once.

    Args:
        workers: processes on this machine, >= 1; None takes one per core.
        scheduler: address of a dask scheduler, tcp://HOST:PORT, whose workers have this package and the same data;
            None takes `$FIL_SCHEDULER` where `workers` is None. Computations run as the workers' user, so the address
            must come from whoever runs this process, never from a request.

    Raises:
        BadRequest: both are set, or one of them is not a valid number or address.
        WorkersUnavailable: the scheduler cannot be reached, or has no workers.
    """
    if workers is not None and scheduler:
        raise BadRequest("workers, scheduler: expected one of them; a scheduler has workers of its own.")
    address = scheduler or (os.environ.get("FIL_SCHEDULER", "") if workers is None else "")
    if address:
        with _dask(address) as workers_of_dask:
            yield workers_of_dask
        return
    pool = Workers(os.cpu_count() or 1 if workers is None else workers)
    try:
        yield pool
        pool.shutdown()
    finally:
        pool.end()


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Executor]:
    _check_listening(address)
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkersUnavailable(f"scheduler: expected dask at {address}; {error}.") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except TimeoutError as error:
            raise WorkersUnavailable(
                f"scheduler: {address} has no workers. Start some with: dask worker {address}"
            ) from error
        # Not pure: dask would otherwise return the earlier result of a request that is to be computed again.
        yield client.get_executor(pure=False)


def _check_listening(address: str) -> None:
    """Try to connect to the port first: dask itself would retry for longer and log errors when it gives up."""
    parts = _ADDRESS.fullmatch(address)
    if not parts:
        raise BadRequest(f"scheduler: expected an address such as tcp://127.0.0.1:8786; got {address!r}.")
    try:
        socket.create_connection((parts[1].strip("[]"), int(parts[2])), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise WorkersUnavailable(
            f"scheduler: nothing answers at {address} ({error}). Start one with: dask scheduler --host {parts[1]}"
        ) from error


def loss_errors() -> tuple[type[Exception], ...]:
    """The errors that an executor raises where a process was lost, rather than the computation failed."""
    if "distributed" not in sys.modules:
        return (BrokenExecutor, CancelledError)
    from distributed import KilledWorker

    return (BrokenExecutor, CancelledError, KilledWorker)


@contextlib.contextmanager
def readable_loss() -> Iterator[None]:
    """Turns an executor's error about a lost process into a WorkersUnavailable."""
    try:
        yield
    except loss_errors() as error:
        raise workers_unavailable(error) from error


def workers_unavailable(error: BaseException) -> WorkersUnavailable:
    """The error to show for an executor's error about a lost process."""
    if isinstance(error, CancelledError | OSError | RuntimeError) and not isinstance(error, BrokenExecutor):
        return WorkersUnavailable(
            "scheduler: the connection was lost while this was computed. What was finished is kept; run it again when "
            "the scheduler is back."
        )
    cause = f" ({error})" if str(error) else ""
    return WorkersUnavailable(
        f"The process that computed this was ended by the system, twice{cause}; perhaps it needed more memory than "
        "there is. What was finished is kept. Take fewer workers, rows or features."
    )
