"""The columns of optimised queries."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL

COLUMNS = (
    Column(
        "similarity",
        "kernel correlation of query and record",
        "k(q, x) / sqrt(k(q, q) k(x, x)); 1 for a query that the kernel cannot tell from the record but for its size",
        more=+1,
        reveals="nothing",
    ),
    LABEL,
    Column("kl_own", "LOOD (KL) at the record", "at the record itself", unit="nats", reveals="nothing"),
    Column("kl_query", "LOOD (KL) at the query", "at the optimised query", unit="nats", reveals="nothing"),
    Column("auc_own", "membership AUC at the record", "at the record itself", reveals="nothing"),
    Column("auc_query", "membership AUC at the query", "at the optimised query", reveals="nothing"),
    Column("mean_own", "LOOD (mean) at the record", "at the record itself", unit="output²", reveals="nothing"),
    Column("mean_query", "LOOD (mean) at the query", "at the optimised query", unit="output²", reveals="nothing"),
    Column(
        "reached",
        "as high as at the record",
        "whether the query shows the record at least as much as the record itself does, to a relative 1e-6",
        reveals="nothing",
    ),
    Column(
        "own_is_largest",
        "the record is the maximum",
        "whether no query was found that shows the record more than it does itself, to a relative 1e-6",
        reveals="nothing",
    ),
    Column(
        "rmse",
        "error of the query",
        "root mean squared difference of query and record, 1 is the whole range of a pixel or of a column",
        unit="range",
        more=-1,
        reveals="nothing",
    ),
    Column(
        "rmse_scaled",
        "error of the query but for its brightness or length",
        "the same after the query is multiplied by the number that brings it nearest, which such a kernel does not see",
        unit="range",
        more=-1,
        reveals="nothing",
        always=False,
    ),
    Column("psnr", "PSNR of the query", "peak signal-to-noise ratio", unit="dB", reveals="nothing", always=False),
    Column(
        "psnr_scaled",
        "PSNR of the query but for its brightness",
        "peak signal-to-noise ratio after the query is multiplied by the number that brings it nearest",
        unit="dB",
        reveals="nothing",
        always=False,
    ),
    Column("steps", "steps", "of all ascents together", reveals="nothing"),
    Column("restarts", "ascents", "how many ascents there were", reveals="nothing"),
)
