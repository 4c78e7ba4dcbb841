"""The columns of leave-one-out distinguishability of groups."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Column
from fil_core.analyses.lood.columns import AUC, KL, KL_REVERSE, MEAN

_GROUP = {
    "kl_lood": "Kullback-Leibler divergence of the outputs without the group from those with it, summed over outputs",
    "kl_lood_reverse": "Kullback-Leibler divergence of the outputs with the group from those without it",
    "mean_lood": "half the squared change of the mean outputs when it is left out, mean over queries and outputs",
    "auc": "area under the ROC curve of the best test of whether the group was in, by one draw of the outputs; .5 is "
    "chance",
}

COLUMNS = (
    *(dataclasses.replace(one, says=_GROUP[one.name]) for one in (KL, KL_REVERSE, MEAN, AUC)),
    Column(  # a class, or what a person's file says, which may be a value of the data
        "name",
        "name of the group",
        "the class, or what the file of groups calls it",
        reveals="label",
        always=False,
        targets=True,
    ),
    Column("records", "records of the group", "how many training records it has", reveals="nothing"),
    Column(
        "kl_alone_sum",
        "LOOD (KL), sum of its records alone",
        "sum of the same divergence of each of its records left out alone, at the same queries",
        unit="nats",
        more=+1,
        reveals="nothing",
    ),
    Column(
        "kl_alone_max",
        "LOOD (KL), largest of its records alone",
        "largest divergence of one of its records left out alone, at the same queries",
        unit="nats",
        more=+1,
        reveals="nothing",
    ),
    Column(
        "first_id",
        "first record",
        "id of the group's first record, in the order of the data",
        reveals="nothing",
        names_examples=True,
    ),
)
