"""How the LOOD of one record changes as the query moves away from it: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import KernelRequest
from fil_core.specs.options import example, number, one_attribute, option, switch, whole

_LINE, _PLANE = 61, 31  # points along a direction
_MOST_ON_LINE, _MOST_ON_PLANE = 2001, 101
_SPAN = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LandscapeRequest(KernelRequest):
    """How well one record is told by one draw of the outputs at a query that moves away from it.

    The query runs along a direction: towards another example, along one feature, or in a random direction.

    Attributes:
        id: the record.
        towards: another example, which lies at t = 1; None for another direction.
        pixel: a feature of the model, by name or column number, which runs from its value in the record by its whole
            range in the training rows (t = 1) to both sides; None for another direction.
        plane: whether the query also runs along a second direction, random and orthogonal to the first.
        span: the query runs from -span to +span times a direction. A random one is as long as the root mean squared
            distance of two training rows.
        points: queries along each direction, besides the record and the other example where they fall between; None
            for 61, of a plane 31.
        direction_seed: seed of random directions.
    """

    id: int | None = option(
        None, example(), "id of the record, as in every table", called="example", link="id", required=True
    )
    towards: int | None = option(None, example(), "run towards this other example", link="towards")
    pixel: str | None = option(None, one_attribute(), "run along this feature (its name or column number)", link="pixel")  # noqa: E501 # fmt: skip
    plane: bool = option(False, switch(), "run along a second, random direction, too", link="plane")
    span: float = option(_SPAN, number(most=1e3), "from -X to X times the direction (default 1.5)", link="span")
    points: int | None = option(None, whole(least=2, most=_MOST_ON_LINE), "queries along each direction (default 61, of a plane 31)", link="points")  # noqa: E501 # fmt: skip
    direction_seed: int = option(0, whole(least=0), "seed of random directions (default 0)", link="direction-seed")

    def _check(self) -> None:
        if self.id is None:
            raise BadRequest("example: expected a training record; got none.")
        if self.towards is not None and self.pixel is not None:
            raise BadRequest("pixel: expected nothing beside towards, since there is one direction; got both.")
        if self.towards == self.id:
            raise BadRequest(f"towards: expected another example than the record; got {self.towards} for both.")
        if self.plane and (self.points or 0) > _MOST_ON_PLANE:
            raise BadRequest(f"points: expected at most {_MOST_ON_PLANE} along a side of a plane; got {self.points}.")
        if self.points == self.along:  # one result has one request
            object.__setattr__(self, "points", None)
        for name, usual in (("span", _SPAN), ("direction_seed", 0)):
            if self.unused(name):
                object.__setattr__(self, name, usual)

    def unused(self, name: str) -> str:
        """A feature runs over its range, and only random directions are drawn."""
        if name == "span" and self.pixel is not None and not self.plane:
            return "a feature runs over its range"
        drawn = self.plane or (self.towards is None and self.pixel is None)
        return "no direction is drawn" if name == "direction_seed" and not drawn else ""

    @property
    def along(self) -> int:
        """Queries along each direction where `points` is None."""
        return _PLANE if self.plane else _LINE

    @property
    def size(self) -> int:
        """Number of queries, but for the record and the other example."""
        return (self.points or self.along) ** (2 if self.plane else 1)

    @property
    def detail(self) -> str:
        """The record, and where the query goes."""
        way = "a random direction" if self.pixel is None else f"feature {self.pixel}"
        way = f"towards {self.towards}" if self.towards is not None else f"along {way}"
        return f"example {self.id}, {way}{', and a second direction' if self.plane else ''}"
