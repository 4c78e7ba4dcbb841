"""Nearest neighbours: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighboursRequest(Request):
    """Nearest training example of the same and of another class, in preprocessed features."""
