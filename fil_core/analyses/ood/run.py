"""Out-of-distribution scores of held-out examples and of others, and how well they tell them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ood.request import OF_MODEL, VARIANCE, OodRequest
from fil_core.data.outside import Outside
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted
from fil_core.errors import BadData, BadRequest
from fil_core.linalg.correlation import spearman
from fil_core.lood.process import check_process, free_memory, process
from fil_core.models.checks import check_task
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.shift.judging import judge
from fil_core.shift.scores import out_of_distribution, probabilities

IN, OUT, NEW = "in", "out", "new"
_FAMILIES = ("logistic", "softmax")
_JUDGED = {"auroc": "auroc", "auroc_low": "low", "auroc_high": "high", "fpr95": "fpr95", "threshold": "threshold"}
_ROWS = 2048  # of queries to the Gaussian process at a time


def check(request: OodRequest, dataset: Dataset) -> None:
    """Refuse what has no scores.

    Raises:
        BadRequest: a model without probabilities, or a Gaussian process that does not fit into memory.
        BadData: a model that the data do not have.
    """
    if request.model.kind not in _FAMILIES:
        raise BadRequest(
            f"model: expected one with probabilities, --model {' or --model '.join(_FAMILIES)}; got "
            f"{request.model.kind}."
        )
    check_task(request.model, dataset)
    if VARIANCE in request.scores:
        check_process(request.kernel, dataset, free_memory(torch.device("cpu")))


def run(request: OodRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Score all examples, and judge the scores by those in and out of the distribution.

    Args:
        request: which scores.
        inputs: the data, the model at its optimum, the examples that it was not trained on, and new records.
        progress: called with (done, total, what).

    Raises:
        BadData: the new records were matched with other examples.
    """
    data, others = inputs.dataset, inputs.outside
    assert others is not None
    new = None if request.new is None else inputs.uploads[request.new]
    X = others.X if new is None else np.concatenate([others.X, _features(inputs, new)])
    found, notes = _scores(request, inputs, X, progress)
    table = _table(inputs, others, X, found, None if new is None else new.arrays["names"])
    summary = _judged(table, request.scores)
    test_score = inputs.fitted.score(data.X_test, data.y_test)
    summary |= {"against": others.title, "test_score": test_score, "score": "accuracy"}
    told = [*others.notes, *notes, *([] if new is None else new.summary["notes"])]
    if (few := min(summary["n_in"], summary["n_out"])) < 2:
        told.append(f"No intervals: one side has {counted(few, 'example')} alone.")
    if any(area in (0.0, 1.0) for area in summary["auroc"].values()):
        told.append(
            "DeLong's error of an area of 0 or 1 is zero; its interval is that of a share with half a failure among "
            "the rarer kind, and may be wider than that of an area just below."
        )
    arrays = {} if new is None else {"new_names": new.arrays["names"], "new_source": new.arrays["X"]}
    return Result(table, arrays, summary, {"warnings": told})


def _features(inputs: Inputs, new: Result) -> np.ndarray:
    """Features of the new records, as those of the training examples.

    Raises:
        BadData: they were matched with other examples.
    """
    data = inputs.dataset
    if new.summary["fingerprint"] != data.fingerprint:
        raise BadData(
            f"records: expected records for the examples chosen now; these were uploaded for {new.summary['title']} "
            "with another choice of examples or features. Upload the file again for this one."
        )
    made, X = inputs.extractor, new.arrays["X"]
    if made is not None and data.pictures is not None:
        X = made.of(X / data.pictures.pixel_max)
    return data.preprocessing.forward(X)


def _scores(
    request: OodRequest, inputs: Inputs, X: np.ndarray, progress: Progress | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Scores by name, and what must be known of them."""
    of_model = [name for name in request.scores if name in OF_MODEL]
    found = out_of_distribution(inputs.fitted, inputs.dataset, X, of_model, progress)
    scores, notes = dict(found.scores), list(found.notes)
    if VARIANCE in request.scores:
        p = process(request.kernel, inputs.dataset, inputs.device, progress)
        queries = torch.from_numpy(X).to(inputs.device)
        scores[VARIANCE] = torch.cat([p.at(rows).variance() for rows in queries.split(_ROWS)]).cpu().numpy()
    return scores, notes


def _table(
    inputs: Inputs, others: Outside, X: np.ndarray, scores: dict[str, np.ndarray], names: np.ndarray | None
) -> pd.DataFrame:
    p = probabilities(inputs.fitted, X).cpu().numpy()
    more = 0 if names is None else len(names)
    columns: dict[str, Any] = {
        "split": [*np.where(others.outside, OUT, IN), *[NEW] * more],
        "label": [*others.labels.tolist(), *[""] * more],
        "predicted": np.array(inputs.dataset.class_names)[p.argmax(1)],
        "probability": p.max(1),
    }
    named = {"source_id": [*others.ids.tolist(), *([] if names is None else names.astype(str).tolist())]}
    # No training examples: their ids would be looked up among those.
    return pd.DataFrame(named | columns | scores, index=pd.RangeIndex(len(X), name="row"))


def _judged(table: pd.DataFrame, scores: tuple[str, ...]) -> dict[str, Any]:
    inside, outside = (table[table["split"] == split] for split in (IN, OUT))
    judged = {name: judge(inside[name].to_numpy(), outside[name].to_numpy()) for name in scores}
    best = max(judged, key=lambda name: judged[name].auroc)
    found: dict[str, Any] = {"n_in": len(inside), "n_out": len(outside), "n_new": int((table["split"] == NEW).sum())}
    for field, attribute in _JUDGED.items():
        found[field] = {name: getattr(one, attribute) for name, one in judged.items()}
    tested = table[table["split"] != NEW]
    found["with_best"] = {name: spearman(tested[name].to_numpy(), tested[best].to_numpy()) for name in scores}
    known = tested["split"] == OUT
    found["out_classes"] = sorted(tested[known]["label"].unique().tolist())
    return found | {"best": best}
