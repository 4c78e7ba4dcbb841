"""Errors that the caller can act on: their messages say what was expected, what was got, and what to do."""

from __future__ import annotations

import traceback
from types import TracebackType


class FilError(ValueError):
    """Base of all errors that the library raises on purpose; their messages are meant for the user."""


class BadRequest(FilError):
    """An option is out of range or contradicts another one."""


class DataUnavailable(FilError):
    """The files of a data set are missing and could not be downloaded."""


class BadData(FilError):
    """The data were read but cannot be used: NaN, one class, an unknown class or column."""


class SingularCurvature(FilError):
    """The objective's Hessian is singular, so that the optimum is not unique and its leakage not defined."""


class NotConverged(FilError):
    """The parameters are not an optimum, for which alone leakage is defined."""


class DeviceUnavailable(FilError):
    """The requested device is not on this machine."""


class WorkersUnavailable(FilError):
    """No worker process is available, or the connection to those that were is lost."""


def where(kind: type[BaseException] | None, trace: TracebackType | None) -> str:
    """The type and traceback of an error, without its message, which may quote the data."""
    frames = (f'  File "{f.filename}", line {f.lineno}, in {f.name}' for f in traceback.extract_tb(trace))
    return "\n".join([kind.__name__ if kind else "no error", *frames])
