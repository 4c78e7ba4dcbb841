"""Out-of-distribution scores: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import KernelSpec, ModelRequest, Upload
from fil_core.specs.options import names, option, part, uploaded
from fil_core.specs.outside import OutsideSpec

VARIANCE = "nngp-variance"
OF_MODEL = (
    "fil-predicted", "fil-min", "fil-expected", "fil-worst", "leverage", "max-probability", "energy", "mahalanobis",
)  # fmt: skip
SCORES = (*OF_MODEL, VARIANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OodRequest(ModelRequest):
    """How well scores of test examples tell those of the model's own classes from others.

    Attributes:
        outside: which examples are out of the training distribution.
        scores: which scores, see `shift.scores`.
        new: sha-256 of uploaded records that are scored too, as hex; None for none.
        kernel: of the Gaussian process of `nngp-variance`.
    """

    outside: OutsideSpec = part(OutsideSpec)
    scores: tuple[str, ...] = option(OF_MODEL, names(SCORES), f"some of {', '.join(SCORES)} (default: all but the last)", link="ood-scores")  # noqa: E501 # fmt: skip
    new: str | None = option(None, uploaded(), "pictures or rows of your own that are scored too: a picture, a .zip of pictures, or a table", link="new")  # noqa: E501 # fmt: skip
    kernel: KernelSpec = part(KernelSpec)

    def _check(self) -> None:
        if not self.scores:
            raise BadRequest(f"scores: expected some of {', '.join(SCORES)}; got none.")
        object.__setattr__(self, "scores", tuple(name for name in SCORES if name in self.scores))  # one order
        if not self.has_part("kernel"):
            object.__setattr__(self, "kernel", KernelSpec())

    def unused_spec(self, name: str) -> str:
        """A Gaussian process has a part where its variance is asked for."""
        if name != "kernel" or VARIANCE in self.scores:
            return ""
        return f"it is about {VARIANCE}, which --scores does not name"

    @property
    def detail(self) -> str:
        """What is out of the distribution, and which scores where not the usual ones."""
        name = self.outside.name or "other classes"
        classes = f" {', '.join(self.outside.classes)}" if self.outside.classes else ""
        return f"against {name}{classes}" + ("" if self.scores == OF_MODEL else f", {', '.join(self.scores)}")

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Those of its model, and the new records."""
        new = () if self.new is None else (Upload("records", self.new),)
        return (*ModelRequest.uploads.fget(self), *new)  # type: ignore[attr-defined]
