"""Kernels beside one another, by leakage and accuracy: what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fil_core.analyses.lood.request import LoodRequest
from fil_core.display.numbers import counted
from fil_core.errors import BadRequest
from fil_core.specs import KernelSpec, Request
from fil_core.specs.kernel import KERNELS, MOST_LAYERS, asked_bias_std, asked_weight_std
from fil_core.specs.options import choice, names, numbers, option, wholes

RELATIVE, ABSOLUTE = "relative-noise", "noise"
_MOST = 200  # architectures
_DEPTHS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitecturesRequest(Request):
    """Gaussian processes of several kernels, depths and noises: how well records are told, and how accurate each is.

    Kernels of different size have different meanings of the same noise, so that either the noise s itself is equal in
    all of them, or s over the mean of each kernel's diagonal.

    Attributes:
        kernels: which kernels.
        depths: numbers of hidden layers, of each kernel that has any; one that has none counts once.
        noises: what `equal` says, of each.
        equal: `relative-noise`, s over the mean of the kernel's diagonal; `noise`, s itself.
        weight_std: standard deviation of the weights, as in `KernelSpec`.
        bias_std: standard deviation of the biases.
    """

    kernels: tuple[str, ...] = option(("relu", "erf", "gelu"), names(tuple(KERNELS)), "which ones (default relu,erf,gelu)", link="kernels")  # noqa: E501 # fmt: skip
    depths: tuple[int, ...] = option(_DEPTHS, wholes(least=1), "hidden layers (default 1,2,5)", link="depths")
    noises: tuple[float, ...] = option((0.01, 0.1, 1.0), numbers(), "of each, see --equal (default 0.01,0.1,1)", link="noises")  # noqa: E501 # fmt: skip
    equal: str = option(RELATIVE, choice((RELATIVE, ABSOLUTE)), "what is equal: s over the mean kernel diagonal (relative-noise, default) or s", link="equal")  # noqa: E501 # fmt: skip
    weight_std: float = asked_weight_std()
    bias_std: float = asked_bias_std()

    def _check(self) -> None:
        for name in ("kernels", "depths", "noises"):
            if not getattr(self, name):
                raise BadRequest(f"{name}: expected at least one; got none.")
        if max(self.depths) > MOST_LAYERS:
            raise BadRequest(f"depths: expected at most {MOST_LAYERS} layers; got {max(self.depths)}.")
        for name, usual in (("depths", _DEPTHS), ("weight_std", 2**0.5), ("bias_std", 0.0)):
            if self.unused(name):
                object.__setattr__(self, name, usual)
        if (many := len(specs_of(self))) > _MOST:
            raise BadRequest(f"kernels: expected at most {_MOST} with all depths and noises; got {many}.")

    def unused(self, name: str) -> str:
        """Depth, weights and biases have no part where no kernel has any."""
        field = {"depths": "depth"}.get(name, name)
        if field in ("depth", "weight_std", "bias_std") and not any(field in KERNELS[kind] for kind in self.kernels):
            return f"the kernels {', '.join(self.kernels)} have none"
        return ""

    @property
    def subject(self) -> str:
        """The kernels."""
        return f"kernels {', '.join(self.kernels)}"

    @property
    def detail(self) -> str:
        """How many architectures, and what is equal."""
        what = "s" if self.equal == ABSOLUTE else "s over the kernel"
        return f"{counted(len(specs_of(self)), 'architecture')} at equal {what}"


def specs_of(request: ArchitecturesRequest) -> list[KernelSpec]:
    """The Gaussian processes, each once, noises of the same kernel and depth next to one another."""
    return list(dict.fromkeys(_each(request)))


def _each(request: ArchitecturesRequest) -> Iterator[KernelSpec]:
    given = {"weight_std": request.weight_std, "bias_std": request.bias_std}
    for kind in request.kernels:
        for depth in request.depths:
            for noise in request.noises:
                fixed = {"noise" if request.equal == ABSOLUTE else "relative_noise": noise}
                yield KernelSpec(kind=kind, depth=depth, **given, **fixed)


def architectures_of(request: ArchitecturesRequest) -> list[LoodRequest]:
    """The LOOD of every record by each of them."""
    return [LoodRequest(data=request.data, device=request.device, kernel=spec) for spec in specs_of(request)]
