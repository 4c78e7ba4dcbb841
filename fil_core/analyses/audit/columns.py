"""Columns of an audit's table, which has one row per canary."""

from fil_core.analyses.analysis import Column

COLUMNS = (
    Column("auc", "AUC over the runs", "share of the pairs of runs with the canary and without it in which the one "
           "with it has the larger score", more=+1, reveals="nothing"),
    Column("label", "label", "the canary's label", reveals="label", targets=True),
    Column("source_id", "made from", "id of the training example that it was made from, -1 for none", reveals="nothing",
           names_examples=True),
    Column("included", "in the first run", "whether its coin put it into the first run", reveals="nothing"),
    Column("score", "score in the first run", "what the auditor sees of it in the first run, larger for one that is "
           "rather in", reveals="nothing"),
    Column("guess", "guess", "what the auditor guesses in the first run: in, out, or none", reveals="nothing"),
    Column("distance", "distance it moves the parameters", "distance of the optima with it and without it, beside the "
           "canaries of the first run", unit="θ", more=+1, reveals="nothing", always=False),
    Column("epsilon", "its own ε", "smallest ε at δ for this canary in the first run, exactly, from that distance and "
           "the noise", more=+1, reveals="nothing", always=False),
)  # fmt: skip
