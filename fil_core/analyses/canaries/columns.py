"""The columns about planted secrets."""

from __future__ import annotations

from fil_core.analyses.analysis import Column

COLUMNS = (
    Column(
        "exposure",
        "exposure",
        "log2(R + 1) - log2(rank) of the secret among R candidates: a search for it is that many bits shorter than by "
        "chance; about 1.44 on average for a secret that was never seen",
        unit="bit",
        more=+1,
        reveals="nothing",
    ),
    Column("secret", "secret", "number of the secret; its copies have the same", reveals="nothing"),
    Column("said", "how often it is said", "number of training rows that are this secret", reveals="nothing"),
    Column(
        "rank", "rank", "of its loss among the candidates and itself, 1 for the smallest", more=-1, reveals="nothing"
    ),
    Column("loss", "loss", "of the secret after training, summed over its tokens", unit="nat", reveals="nothing"),
    Column(
        "influence",
        "influence of all its copies",
        "predicted change of the secret's loss when all its copies are left out of training: the sum of their "
        "influence on it, by the derivative of the whole run of training",
        unit="nat",
        more=+1,
        reveals="nothing",
    ),
    Column("sentence", "sentence", "what is said", reveals="value"),
)
