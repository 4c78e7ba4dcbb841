"""Functions that are imported at their first call, so that modules which only refer to them load nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Late:
    """The object called `name` in a module, imported at its first use.

    >>> Late("math", "sqrt")(9.0)
    3.0
    """

    module: str
    name: str

    def load(self) -> Any:
        """The object itself."""
        return getattr(import_module(self.module), self.name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the object."""
        return self.load()(*arguments, **keywords)
