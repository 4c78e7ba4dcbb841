"""The spec of a Gaussian process: its kernel, and the noise of its labels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from fil_core.specs.options import check_options, choice, number, option, whole

# What each kernel has besides its noise; a kernel of a network is that of infinitely wide layers.
_LAYERS = ("depth", "weight_std", "bias_std")
KERNELS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "relu": _LAYERS,
        "erf": _LAYERS,
        "gelu": _LAYERS,
        "conv-relu": _LAYERS,
        "conv-erf": _LAYERS,
        "conv-gelu": _LAYERS,
        "rbf": ("length",),
        "linear": ("weight_std", "bias_std"),
    }
)
MOST_LAYERS = 64
RELATIVE_NOISE = 0.1


def asked_weight_std() -> Any:
    """The field of the standard deviation of weights."""
    said = "standard deviation of the weights, times the root of the layer's inputs (default sqrt 2)"
    return option(2**0.5, number(most=1e3), said, link="weight-std")


def asked_bias_std() -> Any:
    """The field of the standard deviation of biases."""
    return option(0.0, number(zero=True, most=1e3), "standard deviation of the biases (default 0)", link="bias-std")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSpec:
    """Which Gaussian process. What has no part in it is set to its default.

    `relu`, `erf` and `gelu` are infinitely wide fully connected networks of `depth` hidden layers; the same with
    `conv-` in front has convolutions of 2 x 2 pixels without pooling, and needs images; `rbf` is
    exp(-|x - x'|^2 / (2 length^2)), `linear` is bias_std^2 + weight_std^2 <x, x'> / d.

    Attributes:
        kind: the kernel, see `KERNELS`.
        depth: number of hidden layers.
        weight_std: standard deviation of the weights of a layer, times the square root of its inputs.
        bias_std: standard deviation of the biases.
        length: length scale of `rbf`, in units of features, of pictures in the unit ball in pixels from 0 to
            1; None for the root of the mean squared distance of two training rows.
        noise: variance s > 0 that is added to the kernel's diagonal at training rows, in units of the kernel; None for
            `relative_noise` times the mean of that diagonal.
        relative_noise: s over the mean of the kernel's diagonal, where `noise` is None.
    """

    kind: str = option("relu", choice(tuple(KERNELS)), "of the Gaussian process (default relu)", flag="kernel", called="kernel", link="lood-kernel", always=True)  # noqa: E501 # fmt: skip
    depth: int = option(2, whole(most=MOST_LAYERS), "hidden layers of the kernel's network (default 2)", link="kernel-depth", always=True)  # noqa: E501 # fmt: skip
    weight_std: float = asked_weight_std()
    bias_std: float = asked_bias_std()
    length: float | None = option(None, number(), "length scale of rbf (default: the root mean squared distance of two training rows)", link="length")  # noqa: E501 # fmt: skip
    noise: float | None = option(None, number(), "variance s > 0 added to the kernel's diagonal (default: a tenth of its mean)", link="noise")  # noqa: E501 # fmt: skip
    relative_noise: float = option(RELATIVE_NOISE, number(), "s as a multiple of the mean of the kernel's diagonal (default 0.1)", link="relative-noise")  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
        for field in fields(self):
            if self.unused(field.name):  # one kernel has one spec, and one result one request
                object.__setattr__(self, field.name, field.default)

    def unused(self, name: str) -> str:
        """Why a field has no part in this Gaussian process; empty where it has one.

        >>> KernelSpec(kind="linear").unused("depth"), KernelSpec(noise=0.05).unused("relative_noise")
        ('the kernel linear has none', 'noise is set')

        Args:
            name: of the field.
        """
        if name in {*_LAYERS, "length"} and name not in KERNELS[self.kind]:
            return f"the kernel {self.kind} has none"
        return "noise is set" if name == "relative_noise" and self.noise is not None else ""

    @property
    def activation(self) -> str:
        """The activation of its layers; empty where it has none."""
        return self.kind.removeprefix("conv-") if "depth" in KERNELS[self.kind] else ""

    @property
    def convolutional(self) -> bool:
        """Whether it needs images."""
        return self.kind.startswith("conv-")

    @property
    def text(self) -> str:
        """The kernel and its noise, in a few words."""
        has = KERNELS[self.kind]
        said = [
            *([f", W = {self.weight_std:.4g}"] if "weight_std" in has else []),
            *([f", b = {self.bias_std:g}"] if "bias_std" in has else []),
            *([f", length {self.length:g}"] if self.length is not None else []),
        ]
        return "".join([self._kind, *said, self._noise])

    @property
    def short(self) -> str:
        """The kernel, its depth and its noise alone.

        >>> KernelSpec(depth=1, noise=0.05).short, KernelSpec(kind="linear").short
        ('relu of 1 layer, s = 0.05', 'linear, s = 0.1 × mean k(x, x)')
        """
        return f"{self._kind}{self._noise}"

    @property
    def _kind(self) -> str:
        return f"{self.kind} of {self.depth} layer{'' if self.depth == 1 else 's'}" if self.activation else self.kind

    @property
    def _noise(self) -> str:
        if self.noise is not None:
            return f", s = {self.noise:.15g}"
        return f", s = {self.relative_noise:.15g} × mean k(x, x)"
