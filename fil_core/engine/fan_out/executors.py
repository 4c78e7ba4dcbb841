"""Requests answered by other processes, through the standard `concurrent.futures.Executor`.

A pool of processes on this machine, or the workers of a dask scheduler; who asks does not know which. Requests travel
as plain JSON values, so that whoever receives them validates them again; answers travel as the files of the store.
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
    """Processes to compute in, for as long as the block lasts; what is interrupted ends them at once.

    Args:
        workers: processes on this machine; None takes one a core.
        scheduler: address of a dask scheduler, tcp://HOST:PORT, whose workers have this package and see the same data;
            None takes `$FIL_SCHEDULER` where no number of workers is given. What computes there runs as its workers'
            user: it comes from the person who runs this process, never from a request.

    Raises:
        BadRequest: both are given, or no such number or address.
        WorkersUnavailable: the scheduler is not there, or has no workers.
    """
    if workers is not None and scheduler:
        raise BadRequest("workers, scheduler: expected one of them; a scheduler has workers of its own.")
    address = scheduler or (os.environ.get("FIL_SCHEDULER", "") if workers is None else "")
    if address:
        with _dask(address) as found:
            yield found
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
        # Not pure: dask would otherwise give the answer of the last time to a request that is to be computed again.
        yield client.get_executor(pure=False)


def _check_listening(address: str) -> None:
    """Try the port first: dask keeps trying longer, and complains on the way out."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise BadRequest(f"scheduler: expected an address such as tcp://127.0.0.1:8786; got {address!r}.")
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise WorkersUnavailable(
            f"scheduler: nothing answers at {address} ({error}). Start one with: dask scheduler --host {found[1]}"
        ) from error


def lost() -> tuple[type[Exception], ...]:
    """What is raised where a process, not the computation, came to an end."""
    if "distributed" not in sys.modules:
        return (BrokenExecutor, CancelledError)
    from distributed import KilledWorker

    return (BrokenExecutor, CancelledError, KilledWorker)


@contextlib.contextmanager
def readable_loss() -> Iterator[None]:
    """Turns the loss of a process, which an executor reports in its own words, into a WorkersUnavailable."""
    try:
        yield
    except lost() as error:
        raise gone(error) from error


def gone(error: BaseException) -> WorkersUnavailable:
    """The loss of a process in words."""
    if isinstance(error, CancelledError | OSError | RuntimeError) and not isinstance(error, BrokenExecutor):
        return WorkersUnavailable(
            "scheduler: it went away while this was computed. What was finished is kept; ask again when it is back."
        )
    cause = f" ({error})" if str(error) else ""
    return WorkersUnavailable(
        f"The process that computed this was ended by the system, twice{cause}; perhaps it needed more memory than "
        "there is. What was finished is kept. Take fewer workers, rows or features."
    )
