"""The studies, by name. A new one is a `Study` here; a new part of one is an `Entry`."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.study.paper import PAPER
from fil_core.analyses.study.study import Entry, Study
from fil_core.specs import DataSpec, KernelSpec, ModelSpec
from fil_core.specs.weights import Irfil

_SOFTMAX = ModelSpec(kind="softmax", l2=1e-3)
_DIGITS: dict[str, Any] = {"data": DataSpec(name="mnist", classes=(), pca=20), "model": _SOFTMAX}
_RELEASES = 5  # each takes seconds: the gradients of 60,000 others
_LEAKIEST = 16676  # the id with the largest eta under this model, a 3: a test holds it to that
_TWO = DataSpec(name="cifar10", classes=("airplane", "automobile"))
_PLANES: dict[str, Any] = {
    "data": DataSpec(name="cifar10", classes=("airplane", "automobile"), pca=20),
    "model": ModelSpec(kind="logistic", l2=8e-5),
}
_GENOTYPE = "vkorc1"
_PATIENTS: dict[str, Any] = {"data": DataSpec(name="iwpc"), "model": ModelSpec(l2=1e-2)}
_DEEP: dict[str, Any] = {
    "data": DataSpec(name="mnist", classes=("4", "9"), features_from="cnn"),
    "model": ModelSpec(kind="logistic", l2=1e-3),
}

_TEN_DIGITS = Study(
    name="ten-digits",
    title="Ten digits",
    says="One softmax model of all ten: who is exposed, what can be rebuilt, what helps.",
    entries=(
        Entry("small", "η of the 8 × 8 digits, no download", FilRequest(model=_SOFTMAX), 1.0),
        Entry("eta", "η of all 60,000 digits of MNIST", FilRequest(**_DIGITS), 5.0),
        Entry("leakiest", "The most exposed of them, reconstructed",
              ReconstructionRequest(**_DIGITS, ids=(_LEAKIEST,), trials=_RELEASES), 10.0),
        Entry("irfil", "IRFIL, five rounds", IrfilRequest(**_DIGITS, weights=Irfil(iterations=5)), 30.0),
        Entry("mitigations", "All mitigations of the 8 × 8 digits",
              MitigateRequest(model=_SOFTMAX, examples=0), 80.0),
    ),
)  # fmt: skip

_AIRPLANES = Study(
    name="airplane-or-automobile",
    title="Airplane or automobile",
    says="Two classes of CIFAR-10: η, records left out, mitigations.",
    entries=(
        Entry("eta", "η, 20 components, logistic", FilRequest(**_PLANES), 2.0),
        Entry("pixels", "η, all 3,072 pixels, linear",
              FilRequest(data=_TWO, model=ModelSpec(l2=1e-3)), 15.0),
        Entry("lood", "1,000 records, each left out (LOOD)",
              LoodRequest(data=DataSpec(name="cifar10", classes=_TWO.classes, subset=1000),
                          kernel=KernelSpec(kind="relu", depth=2)), 3.0),
        Entry("irfil", "IRFIL, 15 rounds", IrfilRequest(**_PLANES, weights=Irfil(iterations=15)), 5.0),
        Entry("mitigations", "All mitigations side by side", MitigateRequest(**_PLANES), 30.0),
    ),
)  # fmt: skip

_IWPC = Study(
    name="patients",
    title="Patients (IWPC)",
    says="Their genotype VKORC1: how much leaks, who can guess it, what helps.",
    entries=(
        Entry("eta", "η of the genotype", FilRequest(**_PATIENTS, attribute=(_GENOTYPE,)), 0.3),
        Entry("patient", "η of the whole patient", FilRequest(**_PATIENTS), 0.3),
        Entry("attack", "Guessing the genotype", AttributeRequest(**_PATIENTS, attribute=_GENOTYPE), 1.0),
        Entry("release", "A release with noise, σ = 0.001",
              ReleaseRequest(**_PATIENTS, sigma=1e-3, attribute=_GENOTYPE), 1.0),
        Entry("irfil", "IRFIL for the genotype, ten rounds",
              IrfilRequest(**_PATIENTS, weights=Irfil(iterations=10, attribute=(_GENOTYPE,))), 1.0),
        Entry("mitigations", "All mitigations side by side",
              MitigateRequest(**_PATIENTS, attribute=_GENOTYPE), 10.0),
    ),
)  # fmt: skip

_DEEP_FEATURES = Study(
    name="deep-features",
    title="Deep features",
    says="Digits 4 and 9 behind a frozen network: η of its features, and of pixels.",
    entries=(
        Entry("eta", "η of the features of the network", FilRequest(**_DEEP), 50.0),
        Entry("pullback", "η in the pixels of the pictures", PullbackRequest(**_DEEP), 40.0),
        Entry("raw-pixels", "The same model on raw pixels", PixelFitRequest(**_DEEP), 3.0),
    ),
)  # fmt: skip

STUDIES: dict[str, Study] = {study.name: study for study in (PAPER, _TEN_DIGITS, _AIRPLANES, _IWPC, _DEEP_FEATURES)}
