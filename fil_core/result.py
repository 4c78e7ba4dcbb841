"""What every analysis returns, so that storing, exporting and comparing are each written once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Result:
    """One analysis of one model on one data set.

    Attributes:
        table: one row per training example, in the source's order, index `id`.
        arrays: named arrays that are not per example (parameters, test scores, pictures); no object dtype.
        summary: named scalars and short texts, JSON values only.
        provenance: request, dataset fingerprint, seed, dtype, device, versions, seconds, warnings.
    """

    table: pd.DataFrame
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
