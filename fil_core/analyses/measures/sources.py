"""Where the measures of the joint table come from: one entry each. A new measure is one more line of `SOURCES`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fil_core.analyses import (
    fil,
    influence,
    lood,
    neighbours,
    network_influence,
    network_mia,
    network_outliers,
    outliers,
    pullback,
    unique_information,
)
from fil_core.analyses.analysis import Analysis, Column
from fil_core.dataset import Dataset
from fil_core.specs import JointRequest, Request

_SHARED = {field.name for field in dataclasses.fields(JointRequest)}
Fields = Callable[[Dataset], dict[str, Any]]
Reason = Callable[[Dataset], str]


def _nothing(dataset: Dataset) -> dict[str, Any]:
    return {}


def _always(dataset: Dataset) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An analysis some of whose columns are in the joint table.

    Attributes:
        name: as `of` calls it.
        analysis: whose result it is; the fields that its request has in common with the joint one are the same.
        columns: of its table, to what the joint table calls them.
        about: what a column is about whose name is not its own there, as other sources have it too.
        fields: further fields of its request.
        lacks: why data of its kind have no such measures; empty where they do.
        reads_text: whether it is about sentences, too.
    """

    name: str
    analysis: Analysis
    columns: Mapping[str, str]
    about: str = ""
    fields: Fields = _nothing
    lacks: Reason = _always
    reads_text: bool = False

    def why_not(self, dataset: Dataset) -> str:
        """Why data have no such measures; empty where they do."""
        if dataset.vocabulary and not self.reads_text:
            return "it is about features, and the data hold sentences"
        return self.lacks(dataset)

    def request(self, request: JointRequest, dataset: Dataset) -> Request:
        """What is asked for its columns."""
        own = {field.name for field in dataclasses.fields(self.analysis.request)}
        same = {name: getattr(request, name) for name in own & _SHARED}
        return self.analysis.request(**same, **self.fields(dataset))

    def joined(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its columns of a result's table, as the joint table has them."""
        there = {name: under for name, under in self.columns.items() if name in table}
        return table[list(there)].rename(columns=there)

    @property
    def entries(self) -> list[Column]:
        """What is known of its columns, from the analysis that they are of."""
        return [self._entry(name, under) for name, under in self.columns.items()]

    def _entry(self, name: str, under: str) -> Column:
        column = self.analysis.column(name)
        if column is None:
            raise LookupError(f"measures: expected a column of {self.analysis.name}; got {name}.")
        title = column.title if under == name else f"{column.title} ({self.about})"
        return dataclasses.replace(column, name=under, title=title, always=False)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _prefixed(prefix: str, *names: str) -> dict[str, str]:
    return {name: f"{prefix}{name}" for name in names}


def _no_sensitive(dataset: Dataset) -> str:
    return "" if dataset.sensitive else "the data name no sensitive attribute"


def _no_test_rows(dataset: Dataset) -> str:
    return "" if len(dataset.X_test) else "there are no test rows on which predictions could be compared"


def _too_few(dataset: Dataset) -> str:
    return "" if dataset.n > 1 else "a single example has no others to be compared with"


def _no_network(dataset: Dataset) -> str:
    return "" if dataset.pictures is not None else "the data are no features that a network makes of pictures"


SOURCES: tuple[Source, ...] = (
    Source(
        name="fil",
        analysis=fil.ANALYSIS,
        columns=_same(
            "eta", "dfil", "bound_unbiased", "bound_prior", "loss", "grad_norm", "leverage", "loo_shift",
            "membership_auc",
        ),
    ),
    Source(
        name="attribute",
        analysis=fil.ANALYSIS,
        columns=_prefixed("attribute_", "eta", "dfil", "bound_unbiased", "bound_prior"),
        about="sensitive attributes",
        fields=lambda dataset: {"attribute": tuple(dataset.sensitive)},
        lacks=_no_sensitive,
    ),
    Source(
        name="pullback",
        analysis=pullback.ANALYSIS,
        columns=_same("eta_pixels", "eta_features", "eta_raw"),
        lacks=_no_network,
    ),
    Source(
        name="neighbours",
        analysis=neighbours.ANALYSIS,
        columns=_same("same_distance", "other_distance"),
        lacks=_too_few,
    ),
    Source(
        name="unique",
        analysis=unique_information.ANALYSIS,
        columns=_same("f_si", "si_weights", "si_sgd", "training_change")
        | _prefixed("network_", "loss", "grad_norm"),
        about="network",
        lacks=_no_test_rows,
    ),
    Source(name="outliers", analysis=outliers.ANALYSIS, columns=_same("forest_score", "gradient_l1"), lacks=_too_few),
    Source(
        name="influence",
        analysis=influence.ANALYSIS,
        columns=_same("self_influence", "influence"),
        lacks=_no_test_rows,
    ),
    Source(
        name="network-influence",
        analysis=network_influence.ANALYSIS,
        columns=_prefixed("network_", "influence"),
        about="network",
        lacks=_no_test_rows,
        reads_text=True,
    ),
    Source(
        name="network-outliers",
        analysis=network_outliers.ANALYSIS,
        columns=_prefixed("network_", "forest_score", "gradient_l1"),
        about="network",
        lacks=_too_few,
        reads_text=True,
    ),
    Source(
        name="tracin",
        analysis=network_influence.ANALYSIS,
        columns={"influence": "tracin_influence"},
        about="TracIn",
        fields=lambda dataset: {"curvature": "tracin"},
        lacks=_no_test_rows,
        reads_text=True,
    ),
    Source(
        name="lood",
        analysis=lood.ANALYSIS,
        columns=_same("kl_lood", "mean_lood", "kl_with_twins", "memorisation")
        | _prefixed("lood_", "auc", "leverage"),
        about="Gaussian process",
        lacks=_too_few,
    ),
    Source(
        name="mia",
        analysis=network_mia.ANALYSIS,
        columns=_prefixed("mia_", "auc", "prediction_change") | _same("lira", "rmia", "loss_range"),
        about="trained networks",
    ),
)  # fmt: skip
# The sources that are about a network, or about a Gaussian process.
ABOUT: dict[str, tuple[str, ...]] = {
    name: tuple(
        one.name for one in SOURCES if name in {field.name for field in dataclasses.fields(one.analysis.request)}
    )
    for name in ("network", "kernel")
}
NAMES = tuple(source.name for source in SOURCES)
COLUMNS: dict[str, Column] = {column.name: column for source in SOURCES for column in source.entries}
SOURCE_OF: dict[str, Source] = {column.name: source for source in SOURCES for column in source.entries}


def source(name: str) -> Source:
    """The entry of that name."""
    return next(one for one in SOURCES if one.name == name)
