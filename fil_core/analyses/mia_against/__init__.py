"""What trained networks show of each record, beside what closed forms say."""

from fil_core.analyses.analysis import Analysis, Column, Cost, Parts, late
from fil_core.analyses.mia_against.parts import parts
from fil_core.analyses.mia_against.request import AgainstRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="attacks beside closed forms",
    version=1,
    request=AgainstRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=lambda request, sizes: Cost(),
    parts=Parts(parts),
    columns=(
        Column("activation", "activation", "of the networks, and of the kernel", reveals="nothing"),
        Column("measure", "column", "of the joint table", reveals="nothing"),
        Column("title", "measure", "what is compared", reveals="nothing"),
        Column("beside", "compared with", "what the trained networks show", reveals="nothing"),
        Column("pearson", "Pearson", "correlation in the direction of exposure", more=+1, reveals="nothing"),
        Column("low", "from", "95 % interval of it, by Fisher's transform", reveals="nothing"),
        Column("high", "to", "95 % interval of it, by Fisher's transform", reveals="nothing"),
        Column("spearman", "Spearman", "rank correlation in the direction of exposure", more=+1, reveals="nothing"),
        Column(
            "overlap",
            "overlap of the top tenth",
            "share of the most exposed by one among those by the other",
            more=+1,
            reveals="nothing",
        ),
        Column("records", "records", "that both have a number for", reveals="nothing"),
        Column("slope", "slope", "through the origin; of differences alone", reveals="nothing"),
    ),
    title="Attacks on trained networks beside closed forms",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="mia-against",
    row="one row per comparison",
    printed=_late("words", "printed"),
)
