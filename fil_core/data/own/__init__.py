"""Own data: files of the user, read with the user's choices, checked, and stored as plain arrays."""

from fil_core.data.own.choices import Choices
from fil_core.data.own.register import OwnData, add, registered

__all__ = ["Choices", "OwnData", "add", "registered"]
