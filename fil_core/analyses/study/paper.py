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
    ("mnist", "digits 0 and 1", _MNIST, ModelSpec(kind="logistic", l2=8e-4)),
    ("cifar", "airplanes and automobiles", _CIFAR, ModelSpec(kind="logistic", l2=8e-5)),
)
_PENALTIES = ("1e-5", "1e-3", "1e-1", "1")
# (name, in words, data, penalty of the reweighted model, attribute, seconds of an attack)
_TABLES = (
    ("iwpc", "patients", DataSpec(name="iwpc"), ModelSpec(l2=1e-2), "vkorc1", 1.0),
    ("adult", "people of the census", DataSpec(name="uci-adult"), ModelSpec(l2=1e-3), "marital-status", 5.0),
)
_ROUNDS = 10  # of reweighting for an attribute
_ATTACKED_AFTER = (2, _ROUNDS)  # rounds after which the white box is tried again


def _leakage() -> list[Entry]:
    """Histograms of eta, and the eight most and least exposed images; for digits also loss and gradient norm."""
    found = []
    for name, who, data, logistic in _PICTURES:
        for kind, model in (("linear", _LINEAR), ("logistic", logistic)):
            label = f"η of {who}, {kind} regression: histogram, most and least exposed images"
            found.append(Entry(f"{name}-{kind}", label, FilRequest(data=data, model=model), 1.0))
    beside = EtaPartsRequest(data=_MNIST, model=_LINEAR)
    return [*found, Entry("mnist-correlations", "η beside loss and gradient norm, linear regression", beside, 1.0)]


def _reweighted() -> list[Entry]:
    """The spread of eta over the rounds of reweighting."""
    return [
        Entry(
            f"{name}-{kind}-irfil",
            f"Spread of η of {who} in 15 rounds of IRFIL, {kind} regression",
            IrfilRequest(data=data, model=model, weights=Irfil(iterations=15)),
            2.0,
        )
        for name, who, data, logistic in _PICTURES
        for kind, model in (("linear", _LINEAR), ("logistic", logistic))
    ]


def _genotype() -> list[Entry]:
    """The genotype of the patients under four penalties: its eta, then who guesses it."""
    data, attribute = DataSpec(name="iwpc"), "vkorc1"
    models = {l2: ModelSpec(l2=float(l2)) for l2 in _PENALTIES}
    return [
        *(
            Entry(f"iwpc-eta-{l2}", f"η of the genotype VKORC1, λ = {l2}",
                  FilRequest(data=data, model=model, attribute=(attribute,)), 0.3)
            for l2, model in models.items()
        ),
        *(
            Entry(f"iwpc-attack-{l2}", f"Guessing the genotype against noise, λ = {l2}: Fredrikson and white box",
                  AttributeRequest(data=data, model=model, attribute=attribute), 1.0)
            for l2, model in models.items()
        ),
    ]  # fmt: skip


def _attribute_reweighted() -> list[Entry]:
    """Mean eta of an attribute over the rounds of reweighting, and the white box by decile of eta before and after."""
    found = []
    for name, who, data, model, attribute, seconds in _TABLES:
        irfil = IrfilRequest(data=data, model=model, weights=Irfil(iterations=_ROUNDS, attribute=(attribute,)))
        found += [
            Entry(f"{name}-irfil", f"Mean η of {attribute} of {who} in {_ROUNDS} rounds of IRFIL", irfil, 2 * seconds),
            Entry(f"{name}-attack", f"Guessing {attribute} of {who}, before IRFIL",
                  AttributeRequest(data=data, model=model, attribute=attribute), seconds),
            *(
                Entry(
                    f"{name}-attack-{rounds}", f"Guessing {attribute} of {who}, after {rounds} rounds of IRFIL",
                    AttributeRequest(data=data, model=_weighted(model, rounds, attribute), attribute=attribute),
                    seconds,
                )
                for rounds in _ATTACKED_AFTER
            ),
        ]  # fmt: skip
    return found


def _weighted(model: ModelSpec, rounds: int, attribute: str) -> ModelSpec:
    return ModelSpec(kind=model.kind, l2=model.l2, weights=Irfil(iterations=rounds, attribute=(attribute,)))


PAPER = Study(
    name="figures-of-the-paper",
    title="Figures of the paper",
    says="Hannun, Guo and van der Maaten (UAI 2021): η, attribute inference and reweighting with the authors' settings.",
    entries=(*_leakage(), *_reweighted(), *_genotype(), *_attribute_reweighted()),
)
