"""Guesses of one example by attackers who know all others, beside the Cramér–Rao bound."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.guesses.columns import COLUMNS
from fil_core.analyses.guesses.cost import cost
from fil_core.analyses.guesses.request import GuessesRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="informed guesses",
    version=1,
    request=GuessesRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="What attackers guess of one example",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="informed-guesses",
    row="one row per release",
    printed=_late("words", "printed"),
)
