"""A study: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from fil_core.analyses.study.studies import STUDIES
from fil_core.analyses.study.study import Entry, Study
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, Request
from fil_core.specs.options import choice, names, option

NAMES = tuple(STUDIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRequest(Request):
    """Several requests that belong together, answered one after the other; each answer is stored by itself.

    Its data only say in which folder the files are: every entry names data of its own.

    Attributes:
        name: of the study.
        of: names of the entries that are asked, in any order; empty for all.
    """

    name: str = option(
        NAMES[0], choice(NAMES), f"one of {', '.join(NAMES)} (default {NAMES[0]})", called="study", flag="name",
        link="study", always=True,
    )  # fmt: skip
    of: tuple[str, ...] = option((), names(), "only these entries (default: those whose data are here)")

    names_data: ClassVar[bool] = False

    def _check(self) -> None:
        plain = DataSpec(data_dir=self.data.data_dir)
        if dataclasses.replace(self.data, preprocess=None) != plain:
            raise BadRequest(
                f"data: expected none, since every entry of a study names its own; got {self.data.name} or options of "
                "data. Leave them out, or ask for one entry by itself."
            )
        object.__setattr__(self, "data", plain)
        known = [entry.name for entry in self.study.entries]
        if unknown := [name for name in self.of if name not in known]:
            raise BadRequest(f"of: expected some of {', '.join(known)}; got {', '.join(unknown)}.")
        chosen = tuple(name for name in known if name in self.of)
        object.__setattr__(self, "of", () if len(chosen) == len(known) else chosen)

    @property
    def study(self) -> Study:
        """The study of its name."""
        return STUDIES[self.name]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries that are asked, with the folder and the device of this request."""
        return tuple(self._here(entry) for entry in self.study.entries if not self.of or entry.name in self.of)

    def _here(self, entry: Entry) -> Entry:
        data = dataclasses.replace(entry.request.data, data_dir=self.data.data_dir)
        return dataclasses.replace(entry, request=dataclasses.replace(entry.request, data=data, device=self.device))

    @property
    def subject(self) -> str:
        """The title of the study."""
        return self.study.title

    @property
    def detail(self) -> str:
        """How many of its entries, where these are not all."""
        return f"{len(self.of)} of {len(self.study.entries)} entries" if self.of else ""
