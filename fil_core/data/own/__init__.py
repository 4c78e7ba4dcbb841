"""Data of one's own: read as chosen, checked before anything is computed, kept as plain arrays."""

from fil_core.data.own.choices import Choices
from fil_core.data.own.register import OwnData, add, registered

__all__ = ["Choices", "OwnData", "add", "registered"]
