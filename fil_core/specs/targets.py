"""Whose loss is meant, or where a model is queried: a text such as `test-loss`, `self`, `id:7` or `class:3`."""

from __future__ import annotations

from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs.options import Kind
from fil_core.specs.texts import read_names

TEST_LOSS, SELF, TEST = "test-loss", "self", "test"
FORMS = "test-loss, self, test:ROW, id:EXAMPLE, ids:EXAMPLE,EXAMPLE or class:CLASS"
QUERIES = "self, test, test:ROW, id:EXAMPLE or ids:EXAMPLE,EXAMPLE"
_WITH_VALUE = ("test", "id", "ids", "class")


def target() -> Kind:
    """A target: the mean test loss, each example itself, a test row, training examples, or a class of test rows."""

    def check(name: str, value: Any) -> str:
        written = str(value).strip() if isinstance(value, str) else ""
        kind, colon, of = written.partition(":")
        whole = written in (TEST_LOSS, SELF)
        if not whole and not (kind in _WITH_VALUE and colon and _is_value(kind, of.strip())):
            raise BadRequest(f"{name}: expected {FORMS}; got {value!r}.")
        return written if whole else f"{kind}:{of.strip()}"

    return Kind(check, str, str, "TARGET")


def queries() -> Kind:
    """Queries: each example itself, all test rows together, one of them, or training examples together."""

    def check(name: str, value: Any) -> str:
        written = str(value).strip() if isinstance(value, str) else ""
        kind, colon, of = written.partition(":")
        valued = kind in (TEST, "id", "ids") and bool(colon) and _is_value(kind, of.strip())
        if written not in (SELF, TEST) and not valued:
            raise BadRequest(f"{name}: expected {QUERIES}; got {value!r}.")
        return f"{kind}:{of.strip()}" if valued else written

    return Kind(check, str, str, "QUERIES")


def _is_value(kind: str, of: str) -> bool:
    """Whether what follows the colon names something: a number of a test row, names between commas, or one name."""
    if kind == TEST:
        return of.isdecimal()
    try:
        return bool(read_names(of) if kind == "ids" else of)
    except ValueError:
        return False


def parts_of(target: str) -> tuple[str, tuple[str, ...]]:
    """The form of a target, and the names in it.

    >>> parts_of("ids:3,5"), parts_of("self"), parts_of("class:a, b")
    (('ids', ('3', '5')), ('self', ()), ('class', ('a, b',)))
    """
    kind, _, of = target.partition(":")
    if kind == "ids":
        return kind, read_names(of)
    return kind, (of,) if of else ()
