"""The experiments of the FIL paper, with the settings of its authors' own scripts.

Entries are called by what their figures show. Several figures draw one and the same result, such as the histogram of
eta and the most and least exposed images: these are one entry.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 5 and 6; `scripts/run_experiments.sh` and `scripts/make_figures.py`
of github.com/facebookresearch/fisher_information_loss.
"""

from __future__ import annotations

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.eta_parts.request import EtaPartsRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.study.study import Entry, Study
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Irfil

_MNIST = DataSpec(name="mnist", classes=("0", "1"), pca=20)
_CIFAR = DataSpec(name="cifar10", classes=("airplane", "automobile"), pca=20)
_LINEAR = ModelSpec(kind="least-squares", l2=0.0)
_PICTURES = (
    ("mnist", "digits 0/1", _MNIST, ModelSpec(kind="logistic", l2=8e-4)),
    ("cifar", "planes and cars", _CIFAR, ModelSpec(kind="logistic", l2=8e-5)),
)
_PENALTIES = ("1e-5", "1e-3", "1e-1", "1")
_GENOTYPE = "vkorc1"
# (name, data, penalty, attribute, seconds of an attack)
_TABLES = (
    ("iwpc", DataSpec(name="iwpc"), ModelSpec(l2=1e-2), _GENOTYPE, 3.0),
    ("adult", DataSpec(name="uci-adult"), ModelSpec(l2=1e-3), "marital-status", 12.0),
)
_ROUNDS = 10  # of reweighting for an attribute
_ATTACKED_AFTER = (2, _ROUNDS)  # rounds after which the white box is tried again


def _leakage() -> list[Entry]:
    """Histograms of eta, and the eight most and least exposed images; for digits also loss and gradient norm."""
    found = []
    for name, who, data, logistic in _PICTURES:
        for kind, model in (("linear", _LINEAR), ("logistic", logistic)):
            request = FilRequest(data=data, model=model)
            found.append(Entry(f"{name}-{kind}", f"η and images, {who}, {kind}", request, 1.0))
    beside = EtaPartsRequest(data=_MNIST, model=_LINEAR)
    return [*found, Entry("mnist-correlations", "η, loss and gradient, digits 0/1", beside, 1.0)]


def _reweighted() -> list[Entry]:
    """The spread of eta over the rounds of reweighting."""
    return [
        Entry(
            f"{name}-{kind}-irfil",
            f"IRFIL, spread of η, {who}, {kind}",
            IrfilRequest(data=data, model=model, weights=Irfil(iterations=15)),
            3.0,
        )
        for name, who, data, logistic in _PICTURES
        for kind, model in (("linear", _LINEAR), ("logistic", logistic))
    ]


def _penalised() -> list[Entry]:
    """The genotype of the patients under four penalties: its eta, then who guesses it."""
    data = DataSpec(name="iwpc")
    eta, attacks = [], []
    for l2 in _PENALTIES:
        model = ModelSpec(l2=float(l2))
        request = FilRequest(data=data, model=model, attribute=(_GENOTYPE,))
        attack = AttributeRequest(data=data, model=model, attribute=_GENOTYPE)
        eta.append(Entry(f"iwpc-eta-{l2}", f"η of {_GENOTYPE}, λ = {l2}", request, 0.3))
        attacks.append(Entry(f"iwpc-attack-{l2}", f"Guessing {_GENOTYPE} against noise, λ = {l2}", attack, 3.0))
    return [*eta, *attacks]


def _attribute_reweighted() -> list[Entry]:
    """Mean eta of an attribute over the rounds of reweighting, and the white box by decile of eta before and after."""
    found = []
    for name, data, model, attribute, seconds in _TABLES:
        irfil = IrfilRequest(data=data, model=model, weights=Irfil(iterations=_ROUNDS, attribute=(attribute,)))
        found.append(Entry(f"{name}-irfil", f"IRFIL, mean η of {attribute}", irfil, 3.0))
        before = AttributeRequest(data=data, model=model, attribute=attribute)
        found.append(Entry(f"{name}-attack", f"Guessing {attribute}, before IRFIL", before, seconds))
        for rounds in _ATTACKED_AFTER:
            after = AttributeRequest(data=data, model=_weighted(model, rounds, attribute), attribute=attribute)
            found.append(
                Entry(f"{name}-attack-{rounds}", f"Guessing {attribute}, {rounds} rounds of IRFIL", after, seconds)
            )
    return found


def _weighted(model: ModelSpec, rounds: int, attribute: str) -> ModelSpec:
    return ModelSpec(kind=model.kind, l2=model.l2, weights=Irfil(iterations=rounds, attribute=(attribute,)))


PAPER = Study(
    name="figures-of-the-paper",
    title="Figures of the paper",
    says="Hannun, Guo, van der Maaten (UAI 2021), with the authors' settings.",
    entries=(*_leakage(), *_reweighted(), *_penalised(), *_attribute_reweighted()),
)
