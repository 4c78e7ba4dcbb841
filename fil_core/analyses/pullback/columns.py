"""The columns of leakage through a network."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL, WEIGHT

PIXEL = "1/pixel intensity"

COLUMNS = (
    Column("eta_pixels", "η of the pixels, through the network", "how far θ moves when the picture changes by one unit of intensity, all of which a pixel has, in the direction that moves it most", PIXEL, more=+1, reveals="nothing"),  # noqa: E501
    Column("eta_features", "η of the features alone", "how far θ moves when the network's features of it change by one unit, whether a picture can change them so or not; without its label", "1/feature", more=+1, reveals="nothing"),  # noqa: E501
    Column("eta_raw", "η of the pixels, of a model without a network", "of the same model on the raw pixels of the same pictures; without its label", PIXEL, more=+1, reveals="nothing", always=False),  # noqa: E501
    Column("rank_pixels", "rank through the network", "1 for the picture that gives away most", more=-1, reveals="nothing"),  # noqa: E501
    Column("rank_features", "rank by the features", "1 for the largest η of the features", more=-1, reveals="nothing"),
    Column("rank_raw", "rank without a network", "1 for the largest η of a model on raw pixels", more=-1, reveals="nothing", always=False),  # noqa: E501
    LABEL,
    WEIGHT,
)  # fmt: skip
