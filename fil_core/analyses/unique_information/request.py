"""Unique information of every training example: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import EffectRequest
from fil_core.specs.options import choice, example, examples, option, whole

TANGENT_KERNELS = ("auto", "exact", "subsampled", "projected")


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueInfoRequest(EffectRequest):
    """Smooth unique information of every training example of a network.

    Attributes:
        tangent_kernel: how the network's tangent kernel is computed; `auto` takes it exactly where that fits, else
            projected.
        kernel_seed: seed of sub-sampled coordinates and of projections.
        batch: examples per step of the stochastic descent whose noise `si_sgd` compares with.
        group: examples that are also left out together; empty for none.
        pairs_with: an example that is also left out together with each other one; None for none.
    """

    tangent_kernel: str = option("auto", choice(TANGENT_KERNELS), "of all weights (exact), of 2,000 a tensor, or of random projections", flag="kernel", called="kernel", link="kernel")  # noqa: E501 # fmt: skip
    kernel_seed: int = option(0, whole(least=0), "seed of sub-sampled and projected kernels (default 0)")
    batch: int = option(1, whole(), "examples per step of the stochastic descent of si_sgd (default 1)")
    group: tuple[int, ...] = option((), examples(), "also leave these out together", link="group")
    pairs_with: int | None = option(None, example(), "also leave this one out together with each other", link="pairs-with")  # noqa: E501 # fmt: skip

    def _check(self) -> None:
        if len(self.group) == 1:
            raise BadRequest("group: expected at least two examples to leave out together; got one.")

    @property
    def detail(self) -> str:
        """The kernel, the group and the partner."""
        kernel = "" if self.tangent_kernel == "auto" else f"{self.tangent_kernel} kernel"
        group = f"a group of {len(self.group)}" if self.group else ""
        pairs = "" if self.pairs_with is None else f"pairs with {self.pairs_with}"
        return ", ".join(filter(None, [kernel, group, pairs]))
