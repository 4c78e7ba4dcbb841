"""What files were read to: the latest stay, failures do not, and nothing after rows were deleted."""

from __future__ import annotations

import pytest

from pages.common.latest import Latest


def test_the_latest_stay_and_are_not_read_again():
    latest, read = Latest(2), []

    def value(key: str) -> str:
        return latest.get(key, lambda: read.append(key) or key.upper())

    assert [value(key) for key in "abab"] == list("ABAB")
    assert read == ["a", "b"]
    value("a")
    value("c")  # b was used longest ago
    assert [value(key) for key in "ac"] == ["A", "C"]
    assert read == ["a", "b", "c"]
    value("b")
    assert read == ["a", "b", "c", "b"]
    latest.clear()
    value("b")
    assert read == ["a", "b", "c", "b", "b"]


def test_a_failure_is_not_kept():
    latest = Latest(2)
    with pytest.raises(ZeroDivisionError):
        latest.get("a", lambda: 1 / 0)
    assert latest.get("a", lambda: 1) == 1
