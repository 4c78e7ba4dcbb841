"""What a study is: several requests that belong together, each under a label."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import Request


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a study.

    Attributes:
        name: on the command line and in the table; lower-case words with dashes.
        label: what it shows, in a few words.
        request: what is asked; link, command line and result follow from it.
        seconds: how long it takes by itself on two cores, measured, for an estimate before any data are read.
    """

    name: str
    label: str
    request: Request
    seconds: float


@dataclass(frozen=True, slots=True)
class Study:
    """Requests that are asked together.

    Attributes:
        name: on the command line and in links.
        title: on pages.
        says: what it is about, in a sentence.
        entries: in the order in which they are shown.
    """

    name: str
    title: str
    says: str
    entries: tuple[Entry, ...]

    def entry(self, name: str) -> Entry | None:
        """The entry of a name; None for a name that it does not have."""
        return next((one for one in self.entries if one.name == name), None)
