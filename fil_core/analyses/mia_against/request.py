"""What trained networks show of each record, beside what closed forms say: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.measures.sources import NAMES
from fil_core.errors import BadRequest
from fil_core.specs import EnsembleSpec, JointRequest
from fil_core.specs.ensemble import asked_schedule
from fil_core.specs.kernel import KERNELS
from fil_core.specs.networks import ACTIVATIONS
from fil_core.specs.options import choice, names, option, part

OFFERED = tuple(name for name in NAMES if name != "mia")  # of the ensemble itself, which all are compared with
_FEWEST = 8  # models
COMPARED = tuple(name for name in ACTIVATIONS if name in KERNELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstRequest(JointRequest):
    """How far measures of each record predict what membership attacks on trained networks find.

    Attributes:
        ensemble: how many networks, and who is in which.
        of: names of the sources of measures, as in the joint table.
        activations: networks with each of these, beside the Gaussian process with the same kernel; empty takes the
            network and the kernel as they are.
        loss: that the networks are trained on; a Gaussian process is about the squared one, which is the default here.
        schedule: how the step of gradient descent falls.
    """

    ensemble: EnsembleSpec = part(EnsembleSpec)
    of: tuple[str, ...] = option(("lood",), names(OFFERED), f"some of {', '.join(OFFERED)} (default lood)", link="of", always=True)  # noqa: E501 # fmt: skip
    activations: tuple[str, ...] = option((), names(COMPARED), f"networks and kernels with some of {', '.join(COMPARED)} (default: as they are)", link="activations")  # noqa: E501 # fmt: skip
    loss: str = option("squared", choice(("cross-entropy", "squared")), "of the networks: squared (default) or cross-entropy", link="against-loss")  # noqa: E501 # fmt: skip
    schedule: str = asked_schedule()

    def _check(self) -> None:
        if not self.of:
            raise BadRequest(f"of: expected some of {', '.join(OFFERED)}; got none.")
        if self.ensemble.models < _FEWEST:
            raise BadRequest(
                f"models: expected at least {_FEWEST}, four with a record and four without it, so that it has an AUC; "
                f"got {self.ensemble.models}."
            )
        object.__setattr__(self, "of", tuple(name for name in OFFERED if name in self.of))

    @property
    def subject(self) -> str:
        """The network and the Gaussian process."""
        return f"{self.network.trained}; {self.kernel.text}"

    @property
    def detail(self) -> str:
        """How many networks, the sources, and the activations."""
        return ", ".join([f"{self.ensemble.models} networks", *self.of, *self.activations])
