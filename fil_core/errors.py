"""Every error that a caller can mend: what was expected, what was found, what to do."""

from __future__ import annotations

import traceback
from types import TracebackType


class FilError(ValueError):
    """Base of all errors that the library raises on purpose; its text is fit for a person to read."""


class BadRequest(FilError):
    """An option is out of range or does not fit the others."""


class DataUnavailable(FilError):
    """The files of a data set are not there and could not be fetched."""


class BadData(FilError):
    """The data were read but cannot be used: NaN, one class, an unknown class or column."""


class SingularCurvature(FilError):
    """The objective's Hessian has no inverse, so the optimum and its leakage are not defined."""


class NotConverged(FilError):
    """The parameters are not an optimum, and the leakage of a point that is not one means nothing."""


class DeviceUnavailable(FilError):
    """The device asked for is not on this machine."""


class WorkersUnavailable(FilError):
    """No process could be had to compute in, or those that were had are gone."""


def where(kind: type[BaseException] | None, trace: TracebackType | None) -> str:
    """The kind of an error and the lines of code that it went through, without its words, which may quote the data."""
    frames = (f'  File "{f.filename}", line {f.lineno}, in {f.name}' for f in traceback.extract_tb(trace))
    return "\n".join([kind.__name__ if kind else "no error", *frames])
