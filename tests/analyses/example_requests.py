"""Small requests by the analysis that they ask, each answered within a second; every analysis has some."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np

from fil_core.analyses.architectures.request import ArchitecturesRequest
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.audits.request import AuditsRequest
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.ensemble.request import EnsembleRequest
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.failure.request import FailureRequest
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.analyses.fil.request import FilRequest, FilRowsRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.ladder.request import LadderRequest
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.mia.request import MiaRequest
from fil_core.analyses.mia_against.request import AgainstRequest
from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.neighbours.request import NeighboursRequest
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.analyses.network_audit.request import NetworkAuditRequest
from fil_core.analyses.network_ensemble.request import NetworkEnsembleRequest
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.network_ladder.request import NetworkLadderRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.ood.request import OodRequest
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.analyses.overfit.request import OverfitRequest
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.analyses.pullback_example.request import PullbackExampleRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.retraining.request import RetrainingRequest
from fil_core.analyses.signals_mia.request import SignalsMiaRequest
from fil_core.analyses.study.request import StudyRequest
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.data import load
from fil_core.data.own.records import Records
from fil_core.data.points import Points
from fil_core.engine.records import keep_records
from fil_core.engine.signals import keep_signals
from fil_core.engine.store import Store
from fil_core.learn.failures import FAILURES
from fil_core.specs import AttackSpec, AuditSpec, DataSpec, EnsembleSpec, KernelSpec, ModelSpec, NetworkSpec
from fil_core.specs.outside import OutsideSpec
from fil_core.specs.weights import Dropping, Irfil

TWO_DIGITS, TEN_DIGITS = DataSpec(name="digits", classes=("3", "8"), subset=80), DataSpec(name="digits", subset=150)
FEW_COLUMNS, DIABETES = dataclasses.replace(TEN_DIGITS, pca=8), DataSpec(name="diabetes", subset=80)
FEATURES = dataclasses.replace(TWO_DIGITS, features_from="mlp", extractor_steps=20)
SYNTHETIC = DataSpec(name="synthetic:60x9")
# A column of two values, which says something of the class, and one that says more.
_ROWS = tuple((float(i % 2), (i * 7) % 10 / 2 + i % 3, float(i % 3)) for i in range(24))
THREE_CLASSES = DataSpec(name=Points(rows=_ROWS, classes=True).name)
RIDGE, LOGISTIC = ModelSpec(l2=0.01), ModelSpec(kind="logistic", l2=0.01)
MLP = NetworkSpec(width=16, lr=0.5, time=20)
LINEAR = NetworkSpec(kind="linear", lr=0.1, time="inf", l2=0.1)
NOISY = dataclasses.replace(TWO_DIGITS, label_noise=0.1)
BATCHES = dataclasses.replace(MLP, batch=30)
TEXT = DataSpec(name="grammar:40")
LSTM = NetworkSpec(kind="lstm", width=4, embedding=3, lr=0.5, time=4)
SENTENCES, LANGUAGE = DataSpec(name="grammar:90"), NetworkSpec(kind="lstm", width=6, embedding=4, lr=0.5, time=10)
SOFTMAX, EVEN = ModelSpec(kind="softmax", l2=0.01), Irfil(iterations=2)

SHADOWS, FEW_CANARIES = EnsembleSpec(models=16), AuditSpec(canaries=12, runs=8)


def keep_uploads(store: Store) -> str:
    """Put what requests below name by its content into a store: signals of twelve models, and pictures.

    Returns:
        The name of the signals.
    """
    arrays, dataset = _signals()
    keep_records(store, Records(X=dataset.source[:3]), dataset)
    return keep_signals(store, arrays, dataset)


@functools.cache
def _signals():
    dataset, random = load(TWO_DIGITS), np.random.default_rng(0)
    inclusion = random.random((dataset.n, 12)) < 0.5
    scores = random.normal(size=inclusion.shape) + inclusion
    return {"ids": dataset.ids, "scores": scores, "inclusion": inclusion}, dataset


@functools.cache
def records() -> str:
    """The name of three new pictures."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = load(TWO_DIGITS)
        return keep_records(Store(Path(folder)), Records(X=dataset.source[:3]), dataset)


@functools.cache
def signals() -> str:
    """The name of these signals."""
    with tempfile.TemporaryDirectory() as folder:
        return keep_uploads(Store(Path(folder)))


# Small requests by the analysis they belong to, each answered within a second.
REQUESTS = {
    "study": {"one entry": StudyRequest(name="ten-digits", of=("small",))},
    "fil": {
        "regression": FilRequest(data=DIABETES, model=ModelSpec(l2=0.0)),
        "least squares, two classes": FilRequest(data=TWO_DIGITS, model=RIDGE),
        "logistic": FilRequest(data=TWO_DIGITS, model=LOGISTIC, sigma=0.1, prior_std=0.2),
        "softmax": FilRequest(data=FEW_COLUMNS, model=SOFTMAX),
        "regression, of an attribute": FilRequest(data=DIABETES, model=RIDGE, attribute=("sex", "bmi")),
        "logistic, of an attribute": FilRequest(data=SYNTHETIC, model=LOGISTIC, attribute=("attribute",)),
        "of a network's features": FilRequest(data=FEATURES, model=LOGISTIC),
        "simplex": FilRequest(data=SYNTHETIC, model=LOGISTIC, attribute=("3", "4", "5"), simplex=True),
        "softmax, of a column": FilRequest(data=FEW_COLUMNS, model=SOFTMAX, attribute=("1",)),
        "reweighted": FilRequest(data=DIABETES, model=dataclasses.replace(RIDGE, weights=EVEN)),
        "without the leakiest": FilRequest(data=FEW_COLUMNS, model=dataclasses.replace(SOFTMAX, weights=Dropping(k=5))),
    },
    "parts of eta": {
        "regression": EtaPartsRequest(data=DIABETES, model=RIDGE, lood=True),
        "logistic, reweighted": EtaPartsRequest(data=TWO_DIGITS, model=dataclasses.replace(LOGISTIC, weights=EVEN)),
    },
    "pixel fit": {
        "logistic": PixelFitRequest(data=FEATURES, model=LOGISTIC),
    },
    "pullback": {
        "logistic": PullbackRequest(data=FEATURES, model=LOGISTIC, sigma=0.5),
        "least squares, reweighted": PullbackRequest(data=FEATURES, model=dataclasses.replace(RIDGE, weights=EVEN)),
        "softmax, of components": PullbackRequest(
            data=dataclasses.replace(FEATURES, classes=("3", "5", "8"), pca=5), model=SOFTMAX
        ),
    },
    "pullback of an example": {
        "logistic": PullbackExampleRequest(data=FEATURES, model=LOGISTIC, id=53),
    },
    "informed guesses": {
        "line": GuessesRequest(
            data=DataSpec(name="toy-line"), model=ModelSpec(l2=0.0), example=1, sigma=0.01, trials=20
        ),
        "classes": GuessesRequest(data=DataSpec(name="toy-classes"), model=LOGISTIC, example=10, trials=20),
    },
    "ood": {
        "logistic": OodRequest(data=TWO_DIGITS, model=LOGISTIC, outside=OutsideSpec(classes=("5", "6"))),
        "features": OodRequest(data=FEATURES, model=LOGISTIC, outside=OutsideSpec(classes=("5",)), scores=("fil-min",)),
        "new pictures": OodRequest(data=TWO_DIGITS, model=LOGISTIC, new=records(), scores=("fil-min", "energy")),
        "softmax, with a process": OodRequest(
            data=DataSpec(name="digits", classes=("3", "5", "8"), subset=60, pca=8),
            model=SOFTMAX,
            outside=OutsideSpec(classes=("1",)),
            scores=("fil-expected", "mahalanobis", "nngp-variance"),
            kernel=KernelSpec(depth=1),
        ),
    },
    "failure": {mode.name: FailureRequest(data=mode.data, mode=mode.name) for mode in FAILURES},
    "example": {
        "regression": ExampleRequest(data=DIABETES, model=RIDGE, id=5),
        "logistic": ExampleRequest(data=TWO_DIGITS, model=LOGISTIC, id=13),
        "softmax": ExampleRequest(data=FEW_COLUMNS, model=SOFTMAX, id=13, neighbours=3),
    },
    "attribute inference": {
        "two values": AttributeRequest(data=DIABETES, model=RIDGE, attribute="sex", trials=10),
        "bins": AttributeRequest(data=DIABETES, model=RIDGE, attribute="bmi", bins=3, trials=10, intercept=True),
        "four values": AttributeRequest(data=SYNTHETIC, model=LOGISTIC, attribute="attribute", trials=10),
        "three classes": AttributeRequest(data=THREE_CLASSES, model=SOFTMAX, attribute="1", bins=3, trials=10),
    },
    "reconstruction": {
        "least squares": ReconstructionRequest(data=DIABETES, model=RIDGE, ids=(1, 5), trials=10),
        "logistic": ReconstructionRequest(data=TWO_DIGITS, model=LOGISTIC, ids=(8,), sigmas=(0.0, 0.01), trials=10),
    },
    "fil_rows": {
        "softmax": FilRowsRequest(data=FEW_COLUMNS, model=SOFTMAX, first=3, last=20),
        "attribute": FilRowsRequest(data=DIABETES, model=RIDGE, attribute=("sex",), sigma=0.5, first=0, last=7),
    },
    "irfil": {
        "regression": IrfilRequest(data=DIABETES, model=RIDGE, weights=EVEN),
        "logistic, by class": IrfilRequest(data=SYNTHETIC, model=LOGISTIC, weights=Irfil(method="class", iterations=2)),
        "softmax": IrfilRequest(data=FEW_COLUMNS, model=SOFTMAX, weights=Irfil(method="hybrid", iterations=2)),
    },
    "mitigations": {
        "attribute": MitigateRequest(
            data=DIABETES,
            model=RIDGE,
            attribute="sex",
            iterations=2,
            draws=5,
            trials=5,
            sigmas=(),
            l2s=(1.0,),
            drop=(3,),
        ),
    },
    "neighbours": {
        "two classes": NeighboursRequest(data=TWO_DIGITS),
        "ten classes": NeighboursRequest(data=FEW_COLUMNS),
        "regression": NeighboursRequest(data=DIABETES),
    },
    "fit": {
        "logistic": FitRequest(data=TWO_DIGITS, model=LOGISTIC),
        "reweighted": FitRequest(data=DIABETES, model=dataclasses.replace(RIDGE, weights=EVEN)),
    },
    "features": {
        "trained here": FeaturesRequest(data=FEATURES),
    },
    "release": {
        "attribute": ReleaseRequest(data=DIABETES, model=RIDGE, attribute="sex", draws=5),
        "examples": ReleaseRequest(data=SYNTHETIC, model=LOGISTIC, ids=(3, 4), trials=5, draws=5),
        "softmax": ReleaseRequest(data=FEW_COLUMNS, model=SOFTMAX, draws=5),
        "softmax, an attribute": ReleaseRequest(data=SYNTHETIC, model=SOFTMAX, attribute="attribute", draws=5),
    },
    "network": {
        "two classes": NetworkFitRequest(data=TWO_DIGITS, network=MLP),
        "regression": NetworkFitRequest(data=DIABETES, network=dataclasses.replace(MLP, kind="linear", l2=0.01)),
    },
    "unique information": {
        "two classes, replaced labels": UniqueInfoRequest(
            data=NOISY, network=MLP, validation_size=30, group=(8, 13), pairs_with=8
        ),
        "ten classes": UniqueInfoRequest(data=dataclasses.replace(FEW_COLUMNS, subset=40), network=MLP),
        "regression, at infinity": UniqueInfoRequest(data=DIABETES, network=LINEAR),
        "sub-sampled": UniqueInfoRequest(data=TWO_DIGITS, network=MLP, tangent_kernel="subsampled", batch=8),
    },
    "retraining": {
        "each": RetrainingRequest(data=TWO_DIGITS, network=MLP, ids=(8, 13), validation_size=30),
        "together": RetrainingRequest(data=DIABETES, network=MLP, ids=(1, 5), without="together"),
        "random": RetrainingRequest(data=TWO_DIGITS, network=MLP, without="random", draws=(0, 2), share=0.3),
    },
    "ground truth": {
        "two classes": GroundTruthRequest(
            data=TWO_DIGITS, network=MLP, validation_size=30, examples=5, subsets=4, group=(8, 13)
        ),
        "regression": GroundTruthRequest(data=DIABETES, network=dataclasses.replace(MLP, lr=0.01), examples=4),
    },
    "summary": {
        "two classes": SummariseRequest(data=TWO_DIGITS, network=MLP, keep=(0.5, 0.2), seeds=2),
        "random draws": SummariseRequest(data=DIABETES, network=MLP, keep=(0.5,), by="random", seeds=2),
    },
    "influence": {
        "logistic, beside the truth": InfluenceRequest(
            data=TWO_DIGITS, model=LOGISTIC, truth=True, subsets=4, remove=3, group=(8, 13), validation_size=15
        ),
        "softmax, replaced labels": InfluenceRequest(
            data=dataclasses.replace(FEW_COLUMNS, label_noise=0.1), model=SOFTMAX, curvature="empirical-fisher"
        ),
        "regression, of itself": InfluenceRequest(
            data=DIABETES, model=RIDGE, target="self", truth=True, examples=5, damping=0.1
        ),
        "reweighted, of an example": InfluenceRequest(
            data=DIABETES, model=dataclasses.replace(RIDGE, weights=EVEN), target="ids:1,5", curvature="diagonal"
        ),
        "a class": InfluenceRequest(data=TWO_DIGITS, model=LOGISTIC, target="class:8", curvature="identity"),
    },
    "leave-one-out": {
        "logistic": LeaveOneOutRequest(data=TWO_DIGITS, model=LOGISTIC, validation_size=15, examples=10),
        "softmax, itself": LeaveOneOutRequest(data=FEW_COLUMNS, model=SOFTMAX, target="self", examples=10),
        "regression": LeaveOneOutRequest(data=DIABETES, model=RIDGE, target="test:2"),
    },
    "ladder": {
        "two classes": LadderRequest(data=TWO_DIGITS, model=LOGISTIC, examples=20, validation_size=15),
    },
    "ladder of a network": {
        "two classes": NetworkLadderRequest(data=TWO_DIGITS, network=dataclasses.replace(MLP, width=4), examples=5),
        "sentences": NetworkLadderRequest(data=TEXT, network=LSTM, examples=3, curvatures=("metagradient", "identity")),
    },
    "influence in a network": {
        "two classes, beside the truth": NetworkInfluenceRequest(
            data=TWO_DIGITS, network=MLP, truth=True, examples=5, subsets=4, remove=3, validation_size=15
        ),
        "replaced labels": NetworkInfluenceRequest(data=NOISY, network=MLP, curvature="ggn"),
        "hessian of a group": NetworkInfluenceRequest(
            data=DIABETES,
            network=dataclasses.replace(MLP, kind="linear", lr=0.1, l2=0.01),
            curvature="hessian",
            group=(1, 5),
            target="id:1",
        ),
        "mini-batches, of itself": NetworkInfluenceRequest(
            data=FEW_COLUMNS,
            network=dataclasses.replace(MLP, batch=30),
            curvature="empirical-fisher-block",
            target="self",
        ),
        "tracin": NetworkInfluenceRequest(data=TWO_DIGITS, network=MLP, curvature="tracin", target="test:3"),
        "sentences, beside the truth": NetworkInfluenceRequest(data=TEXT, network=LSTM, truth=True, examples=3),
        "sentences, of themselves": NetworkInfluenceRequest(
            data=TEXT, network=LSTM, curvature="empirical-fisher", target="self"
        ),
    },
    "gradient outliers": {
        "two classes, replaced labels": OutliersRequest(data=NOISY, model=LOGISTIC),
        "regression": OutliersRequest(data=DIABETES, model=RIDGE, forest_seed=3),
        "softmax": OutliersRequest(data=FEW_COLUMNS, model=SOFTMAX),
    },
    "gradient outliers in a network": {
        "two classes, replaced labels": NetworkOutliersRequest(data=NOISY, network=MLP),
        "a text": NetworkOutliersRequest(data=SENTENCES, network=LANGUAGE),
    },
    "canaries": {
        "five secrets": CanariesRequest(data=SENTENCES, network=LANGUAGE, candidates=50),
    },
    "lood": {
        "two classes": LoodRequest(data=TWO_DIGITS),
        "ten classes, three twins": LoodRequest(data=TEN_DIGITS, kernel=KernelSpec(kind="gelu", noise=0.05), twins=3),
        "regression": LoodRequest(data=DIABETES, kernel=KernelSpec(kind="rbf"), fpr=0.01),
        "at test rows": LoodRequest(data=TWO_DIGITS, kernel=KernelSpec(kind="erf"), queries="test", scaling="sum"),
        "of images": LoodRequest(data=TWO_DIGITS, kernel=KernelSpec(kind="conv-relu", depth=1), queries="ids:8,13"),
    },
    "lood of groups": {
        "classes": LoodGroupsRequest(data=TEN_DIGITS),
        "twins": LoodGroupsRequest(data=TWO_DIGITS, group="twins", similarity=0.9),
        "classes at test rows": LoodGroupsRequest(data=TWO_DIGITS, kernel=KernelSpec(kind="erf"), queries="test"),
    },
    "lood query": {
        "images": LoodQueryRequest(data=TWO_DIGITS, ids=(8, 13), steps=30, restarts=2),
        "principal components, from noise": LoodQueryRequest(
            data=FEW_COLUMNS, kernel=KernelSpec(kind="erf"), ids=(8,), start="noise", steps=20, restarts=1
        ),
        "rows of a table": LoodQueryRequest(
            data=DIABETES, kernel=KernelSpec(kind="rbf"), ids=(1, 5), maximise="mean_lood", start="record", steps=20
        ),
    },
    "lood moves": {
        "two classes": LoodMovesRequest(data=TWO_DIGITS, id=8),
        "regression": LoodMovesRequest(data=DIABETES, kernel=KernelSpec(kind="rbf"), id=1),
    },
    "lood landscape": {
        "towards an image": LandscapeRequest(data=TWO_DIGITS, id=8, towards=13, points=16),
        "principal components, a plane": LandscapeRequest(
            data=FEW_COLUMNS, kernel=KernelSpec(kind="erf"), id=8, plane=True, points=5, direction_seed=1
        ),
        "a feature of a table": LandscapeRequest(
            data=DIABETES, kernel=KernelSpec(kind="rbf"), id=1, pixel="bmi", points=11
        ),
        "a pixel, in a plane": LandscapeRequest(data=TWO_DIGITS, id=8, pixel="27", plane=True, points=4),
    },
    "ensemble": {
        "logistic": EnsembleRequest(data=TWO_DIGITS, model=LOGISTIC),
        "regression, noisy, reweighted": EnsembleRequest(
            data=DIABETES, model=dataclasses.replace(RIDGE, weights=EVEN), release_sigma=0.1, members=(2, 3, 7)
        ),
        "softmax": EnsembleRequest(data=FEW_COLUMNS, model=SOFTMAX, ensemble_seed=1),
    },
    "ensemble of networks": {
        "two classes": NetworkEnsembleRequest(data=TWO_DIGITS, network=BATCHES),
        "ten classes": NetworkEnsembleRequest(
            data=TEN_DIGITS, network=MLP, members=(4, 5), loss="squared", schedule="steps", gradients=True
        ),
    },
    "mia": {
        "logistic": MiaRequest(data=TWO_DIGITS, model=LOGISTIC, ensemble=SHADOWS),
        "regression, noisy, one target": MiaRequest(
            data=DIABETES,
            model=RIDGE,
            ensemble=SHADOWS,
            release_sigma=0.5,
            attack=AttackSpec(attacks=("loss", "lira-offline", "gradient"), target_model=3, variance="pooled"),
        ),
        "softmax": MiaRequest(data=FEW_COLUMNS, model=SOFTMAX, ensemble=SHADOWS),
    },
    "mia of networks": {
        "two classes": NetworkMiaRequest(data=TWO_DIGITS, network=BATCHES, ensemble=SHADOWS),
        "ten classes": NetworkMiaRequest(
            data=TEN_DIGITS,
            network=MLP,
            ensemble=EnsembleSpec(models=9, seed=2),
            loss="squared",
            schedule="steps",
            attack=AttackSpec(attacks=("rmia-offline", "quantile"), gamma=1.5, a=0.5, fpr=(0.2,), target_model=8),
        ),
    },
    "mia of own signals": {
        "two classes": SignalsMiaRequest(data=TWO_DIGITS, signals=signals()),
    },
    "attacks beside closed forms": {
        "two classes": AgainstRequest(
            data=TWO_DIGITS, model=LOGISTIC, network=MLP, ensemble=SHADOWS, of=("lood", "fil", "neighbours")
        ),
        "regression, two activations": AgainstRequest(
            data=DIABETES, model=RIDGE, network=MLP, ensemble=SHADOWS, activations=("relu", "gelu")
        ),
    },
    "audit": {
        "logistic, noisy": AuditRequest(data=TWO_DIGITS, model=LOGISTIC, audit=FEW_CANARIES, release_sigma=0.5),
        "regression, noise": AuditRequest(
            data=DIABETES, model=RIDGE, audit=dataclasses.replace(FEW_CANARIES, kind="noise", runs=2), release_sigma=1.0
        ),
        "softmax, without noise": AuditRequest(
            data=FEW_COLUMNS, model=SOFTMAX, audit=dataclasses.replace(FEW_CANARIES, kind="rows", canaries=20)
        ),
        "reweighted": AuditRequest(
            data=DIABETES, model=dataclasses.replace(RIDGE, weights=EVEN), audit=FEW_CANARIES, release_sigma=1.0
        ),
    },
    "audit of a network": {
        "two classes": NetworkAuditRequest(data=TWO_DIGITS, network=BATCHES, audit=FEW_CANARIES),
    },
    "audits": {
        "regression": AuditsRequest(data=DIABETES, model=RIDGE, audit=FEW_CANARIES),
    },
    "architectures": {
        "two classes": ArchitecturesRequest(data=TWO_DIGITS, kernels=("relu", "linear"), depths=(1, 2), noises=(0.1,)),
        "regression, equal noise": ArchitecturesRequest(data=DIABETES, kernels=("rbf",), noises=(0.1,), equal="noise"),
    },
    "overfit": {
        "regression, powers": OverfitRequest(data=DIABETES, model=RIDGE, values=(1, 2, 3), draws=50),
        "logistic, powers and penalties": OverfitRequest(
            data=dataclasses.replace(TWO_DIGITS, pca=5), model=LOGISTIC, values=(1, 2), l2s=(0.1, 0.01), draws=50
        ),
        "softmax, penalties": OverfitRequest(
            data=FEW_COLUMNS, model=SOFTMAX, over="l2", values=(0.01, 0.1), validation_size=10, draws=50
        ),
        "networks": OverfitRequest(
            data=dataclasses.replace(TWO_DIGITS, pca=5),
            network=NetworkSpec(lr=0.5, time=20, l2=0.01),
            over="width",
            values=(2, 4),
            validation_size=10,
            draws=50,
        ),
    },
    "measures": {
        "model and network": MeasuresRequest(
            data=TWO_DIGITS, model=LOGISTIC, network=MLP, validation_size=15, of=("fil", "neighbours", "unique")
        ),
        "regression": MeasuresRequest(data=DIABETES, model=RIDGE, of=("neighbours", "fil", "lood")),
        "decay of the network": MeasuresRequest(data=DIABETES, model=RIDGE, network=LINEAR, of=("unique",)),
        "ten classes": MeasuresRequest(data=FEW_COLUMNS, model=SOFTMAX),
        "sentences": MeasuresRequest(data=TEXT, network=LSTM, of=("network-influence", "network-outliers")),
    },
}
