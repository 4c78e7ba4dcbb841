"""All measures in one table: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.measures.sources import ABOUT, NAMES
from fil_core.errors import BadRequest
from fil_core.specs import JointRequest
from fil_core.specs.options import names, option


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresRequest(JointRequest):
    """Every measure of every training example in one table, and how far the measures agree.

    Attributes:
        of: names of the sources of measures, in any order.
    """

    of: tuple[str, ...] = option(
        ("fil",),
        names(NAMES),
        f"some of {', '.join(NAMES)} (default: those that are stored, and fil, of a text network-influence)",
        always=True,
    )

    def _check(self) -> None:
        if not self.of:
            raise BadRequest(f"of: expected some of {', '.join(NAMES)}; got none.")
        # The order says nothing, and the same table must not be stored twice.
        object.__setattr__(self, "of", tuple(name for name in NAMES if name in self.of))

    def unused_spec(self, name: str) -> str:
        """The network and the Gaussian process have a part only where a source is about one."""
        if name not in ABOUT or set(ABOUT[name]) & set(self.of):
            return ""
        return f"it is about {' and '.join(ABOUT[name])}, which --of does not name"

    @property
    def subject(self) -> str:
        """What its sources are about."""
        said = {
            "model": f"{self.model.kind}, λ = {self.model.penalty:g}", "network": self.network.trained,
            "kernel": self.kernel.text,
        }  # fmt: skip
        return "; ".join(text for name, text in said.items() if self.has_part(name))

    @property
    def reads_text(self) -> bool:
        """As its network does: there are measures of sentences in a language model."""
        return self.network.family.needs_text

    @property
    def detail(self) -> str:
        """The sources."""
        return ", ".join(self.of)
