"""What a joint table costs besides its parts: next to nothing."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import source

_RANKING = 200.0  # operations per value and partner of a correlation, sorting included


def cost(request: MeasuresRequest, sizes: Sizes) -> Cost:
    """Ranks of every column and correlations of every two."""
    columns = sum(len(source(name).columns) for name in request.of)
    return Cost(_RANKING * sizes.n * columns, 8.0 * sizes.n * columns)
