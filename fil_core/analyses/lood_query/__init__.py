"""The query at which each of some records of a Gaussian process shows most."""

from types import MappingProxyType

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.lood_query.columns import COLUMNS
from fil_core.analyses.lood_query.cost import cost
from fil_core.analyses.lood_query.request import LoodQueryRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="lood query",
    version=1,
    request=LoodQueryRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="The query at which a record shows most",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=_late("section", "section"),
    command="lood-query",
    row="one row per record",
    printed=_late("printed", "printed"),
    files=MappingProxyType({".png": _late("files", "sheet"), ".npz": _late("files", "arrays")}),
)
