"""Membership attacks on signals of a person's own training: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import AttackSpec, Request, Upload
from fil_core.specs.options import option, part, uploaded


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsMiaRequest(Request):
    """Membership attacks on the scores of models that you have trained yourself.

    Attributes:
        signals: sha-256 of the uploaded scores, as hex: of every training example under every model, and who was in
            which.
        attack: the attacks, and how they are judged.
    """

    signals: str | None = option(None, uploaded(), "scores of your own models: .npz with ids, scores and inclusion, or a table with id, score_0, inclusion_0, ...", link="signals", always=True)  # noqa: E501 # fmt: skip
    attack: AttackSpec = part(AttackSpec)

    @property
    def subject(self) -> str:
        """The signals."""
        return f"own signals {(self.signals or '')[:8]}"

    @property
    def detail(self) -> str:
        """Which attacks, and which of the models is attacked."""
        target = "" if self.attack.target_model is None else f", on model {self.attack.target_model}"
        return f"{', '.join(self.attack.attacks)}{target}"

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The signals."""
        return () if self.signals is None else (Upload("signals", self.signals),)
