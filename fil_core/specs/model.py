"""The spec of a model: its family, penalty and weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.specs.families import DEFAULT_L2, FAMILIES, KINDS, Family
from fil_core.specs.options import Kind, check_options, choice, number, option, switch, uploaded
from fil_core.specs.weights import GivenWeights, Weighting, names_file, weighting

ModelKind = Literal["least-squares", "logistic", "softmax"]  # the names of FAMILIES, for type checkers
LARGEST_L2 = 1e6  # a penalty that shrinks the parameters to nearly zero on any scaled data

_DEFAULTS = ", ".join(f"{value:g} for {kind}" for kind, value in DEFAULT_L2.items())


def _weights() -> Kind:
    """The kind of a weighting; on the command line also a file with weights."""

    def check(name: str, value: Any) -> Weighting:
        if not isinstance(value, Weighting):
            raise BadRequest(f"{name}: expected a weighting, such as weighting('drop:10'); got {value!r}.")
        return value

    def read(text: str) -> Weighting | Path | None:
        return Path(text) if names_file(text) else weighting(text)

    return Kind(check, read, lambda value: value.text, "WEIGHTING")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which model, with which penalty and weights.

    Attributes:
        kind: least squares (regression, or two classes coded -1/+1), logistic (two), softmax (any number).
        l2: lambda of the objective `sum_i w_i loss_i + n * l2 / 2 * |theta|^2`; None takes the family's default.
        intercept: whether the model has a constant term, which is not penalised and never at risk; None takes what
            the data set says.
        weights: where the weights w come from; None for equal ones.
        parameters: sha-256, as hex, of pretrained parameters (see `engine.uploads`) that are an optimum of this
            objective; None trains the model.
    """

    kind: ModelKind = option(
        "least-squares", choice(KINDS), "default least-squares", flag="model", called="model", link="model", always=True
    )
    l2: float | None = option(
        None, number(zero=True, most=LARGEST_L2), f"penalty, multiplied by n (default {_DEFAULTS})", link="l2",
        always=True,
    )  # fmt: skip
    intercept: bool | None = option(
        None,
        switch(),
        "a constant term, not penalised and never at risk (default: on for a table of your own with classes or with a "
        "target far from zero, else off)",
        link="intercept",
    )
    weights: Weighting | None = option(
        None,
        _weights(),
        "irfil:METHOD:ITERATIONS, drop:K, or a .csv or .parquet file with columns id and weight",
        link="weights",
    )
    parameters: str | None = option(
        None,
        uploaded(),
        "coefficients of a model you trained, .safetensors or .npz; they must be an optimum of this objective",
        link="parameters",
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.l2 is None:
            object.__setattr__(self, "l2", self.family.default_l2)
        if self.family.needs_penalty and self.l2 == 0:
            raise BadRequest(
                f"l2: expected a number > 0 for {self.kind}, whose optimum is not unique without a penalty; got 0."
            )
        if self.parameters is not None and self.weights is not None and not isinstance(self.weights, GivenWeights):
            raise BadRequest(
                "parameters: expected equal weights or uploaded ones beside pretrained parameters; got "
                f"{self.weights.text}, which trains the model anew."
            )

    @property
    def family(self) -> Family:
        """Its family."""
        return FAMILIES[self.kind]

    @property
    def equally_weighted(self) -> ModelSpec:
        """The same model with equal weights, and trained rather than pretrained."""
        return dataclasses.replace(self, weights=None, parameters=None)

    def has_intercept(self, dataset: Dataset) -> bool:
        """Whether the model of a data set has a constant term: as asked, else as usual for that data set."""
        return dataset.intercept if self.intercept is None else self.intercept

    @property
    def penalty(self) -> float:
        """`l2` as a plain float (it is never None once the spec exists)."""
        return float(self.l2 or 0.0)
