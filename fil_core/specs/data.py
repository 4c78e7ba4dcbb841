"""The spec of a data set: which examples, with which preprocessing."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.networks import NETWORKS
from fil_core.specs.options import Kind, check_options, choice, names, number, option, text, uploaded, whole

Preprocess = Literal["unit-ball", "standardise", "none"]

DEFAULT_VOCABULARY = 2_000  # tokens, with <unk> and <eos>
LEAST_VOCABULARY = 3  # <unk>, <eos> and one token of the text
DEFAULT_LONGEST = 200  # tokens of a sequence, with <eos>
MOST_TOKENS = 10_000  # of a line
MOST_LABEL_NOISE = 0.5  # above it two classes have changed places, and no measure tells noise from data
USUAL_PUBLIC = 0.5  # share of the training rows on which a network that makes features is trained
MOST_PUBLIC = 0.95
USUAL_EXTRACTOR_STEPS = 1_000
MOST_EXTRACTOR_STEPS = 100_000
LEAST_RESIZED, MOST_RESIZED = 8, 512  # pixels
EXTRACTOR_FILE = ".safetensors"
_OF_FEATURES = ("extractor", "public_fraction", "extractor_steps", "extractor_seed", "features_resize")
_OF_TRAINING = ("public_fraction", "extractor_steps", "extractor_seed")
_NETWORK_NAME = re.compile("[a-z][a-z0-9_]{0,63}")


def trained_here() -> tuple[str, ...]:
    """The families of networks that can be trained here to make features of pictures."""
    return tuple(name for name, family in NETWORKS.items() if name != "linear" and not family.needs_text)


def _features_from() -> Kind:
    """The name of a network whose last hidden layer makes the features; on the command line also a file of weights."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or (value not in trained_here() and not _NETWORK_NAME.fullmatch(value)):
            raise BadRequest(f"{name}: expected one of {', '.join(trained_here())}, or weights; got {value!r}.")
        return value

    def read(written: str) -> str | Path:
        return Path(written) if written.lower().endswith(EXTRACTOR_FILE) else written

    return Kind(check, read, str, "NAME|FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """Which examples, with which preprocessing.

    Attributes:
        name: a name of the registry (`digits`, `mnist`, `synthetic:10000x3072`, `grammar`, ...), or of own data
            (`own:patients-3fa9c2d1e0b4`).
        classes: labels to keep, in the order of their codes; empty keeps the data set's own.
        subset: number of training rows drawn at random with `seed`; None keeps all.
        seed: seed of that draw, of label noise, and of synthetic data.
        label_noise: share of the training labels that are replaced by another class, drawn at random with `seed`, in
            (0, 0.5]; None or 0 replaces none. Classification only.
        preprocess: fitted on the training rows; None takes the data set's convention.
        pca: number of principal directions kept after `preprocess`; None keeps all features.
        vocabulary: number of tokens of the vocabulary of a text, `<unk>` and `<eos>` among them: the commonest of the
            training rows, ties in alphabetical order; None for 2,000.
        group_lines: number of consecutive lines of a text that are a group; None for the blocks between blank lines,
            where there are several.
        longest: most tokens of a line of a text, `<eos>` included; a longer line is refused. None for 200.
        features_from: network whose last hidden layer replaces the pixels of pictures: a family that is trained here
            on a public part of the training rows, or with `extractor` the network that these weights are of; None
            keeps the pixels. `preprocess` and `pca` then apply to the features.
        extractor: sha-256, as hex, of uploaded weights of that network, which all rows are kept for; None trains it.
        public_fraction: share of the training rows, drawn at random with `seed`, on which the network is trained, and
            which are not measured.
        extractor_steps, extractor_seed: mini-batches of its training, and the seed of its start and of their order.
        features_resize: side in pixels that pictures are scaled to before the network of uploaded weights sees them.
        data_dir: folder that holds the files; not part of a result's identity, which depends on their content instead.
    """

    name: str = option(
        "digits",
        text(),
        "data set (see the command `data`; default digits), or a file or folder of your own",
        flag="data",
        called="data",
        link="data",
        always=True,
    )
    classes: tuple[str, ...] = option((), names(), "keep only these classes, in this order", link="classes")
    subset: int | None = option(None, whole(), "a random draw of N training rows", link="subset")
    seed: int = option(
        0,
        whole(least=0),
        "random seed of --subset, --label-noise, synthetic data and, without --noise-seed, releases (default 0)",
    )
    label_noise: float | None = option(
        None,
        number(zero=True, most=MOST_LABEL_NOISE),
        f"replace this share of the training labels by another class, at most {MOST_LABEL_NOISE:g} (default: none)",
        link="label-noise",
        added=True,
    )
    preprocess: Preprocess | None = option(
        None, choice(get_args(Preprocess)), "default: the data set's own convention", link="pre"
    )
    pca: int | None = option(None, whole(), "project on the first N principal directions", link="pca")
    vocabulary: int | None = option(
        None,
        whole(least=LEAST_VOCABULARY),
        f"of a text: keep the N commonest tokens, <unk> and <eos> included (default {DEFAULT_VOCABULARY:,})",
        link="vocabulary",
        added=True,
    )
    group_lines: int | None = option(
        None, whole(), "of a text: N consecutive lines are a group (default: blocks between blank lines)", added=True
    )
    longest: int | None = option(
        None,
        whole(least=2, most=MOST_TOKENS),
        f"of a text: most tokens of a line, with <eos>; a longer one is refused (default {DEFAULT_LONGEST})",
        added=True,
    )
    features_from: str | None = option(
        None,
        _features_from(),
        "of pictures: measure a head on the last hidden layer of a frozen network, not on pixels: mlp, cnn or "
        "resnet18, trained on a public part of the training rows; or FILE.safetensors, weights of your own",
        link="features",
        added=True,
    )
    extractor: str | None = option(
        None,
        uploaded(),
        "weights of the network that --features-from names, .safetensors with the keys of the state_dict",
        link="extractor",
        added=True,
    )
    public_fraction: float = option(
        USUAL_PUBLIC,
        number(most=MOST_PUBLIC),
        f"share of the training rows on which that network is trained; they are not measured (default {USUAL_PUBLIC})",
        link="public",
        added=True,
    )
    extractor_steps: int = option(
        USUAL_EXTRACTOR_STEPS,
        whole(most=MOST_EXTRACTOR_STEPS),
        f"mini-batches of its training (default {USUAL_EXTRACTOR_STEPS:,})",
        link="extractor-steps",
        added=True,
    )
    extractor_seed: int = option(
        0, whole(least=0), "seed of its start and of its mini-batches (default 0)", link="extractor-seed", added=True
    )
    features_resize: int | None = option(
        None,
        whole(least=LEAST_RESIZED, most=MOST_RESIZED),
        "scale pictures to N x N pixels before a network of your own weights sees them (default: as they are)",
        link="features-resize",
        added=True,
    )
    data_dir: str | None = option(None, text(), "folder with the data files (default: FIL_DATA_DIR)", identity=False)

    def __post_init__(self) -> None:
        check_options(self)
        if self.label_noise == 0:
            object.__setattr__(self, "label_noise", None)  # one spelling of no noise
        self._check_features()
        for name, usual in (("vocabulary", DEFAULT_VOCABULARY), ("longest", DEFAULT_LONGEST)):
            if getattr(self, name) == usual:
                object.__setattr__(self, name, None)  # one spelling of the default
        if len(set(self.classes)) != len(self.classes):
            raise BadRequest(f"classes: expected different labels; got {', '.join(self.classes)}.")
        if len(self.classes) == 1:
            raise BadRequest(f"classes: expected at least two labels; got only {self.classes[0]!r}.")

    def _check_features(self) -> None:
        for field in fields(self):
            if self.unused(field.name):  # one data set has one spec
                object.__setattr__(self, field.name, field.default)
        if self.features_from is not None and self.extractor is None and self.features_from not in trained_here():
            raise BadRequest(
                f"features_from: expected one of {', '.join(trained_here())}, which are trained here, or a file of "
                f"weights; got {self.features_from!r}. Weights of it are named by --extractor FILE{EXTRACTOR_FILE}."
            )

    def unused(self, name: str) -> str:
        """Why a field about features has no part in these data; empty where it has one, and for all other fields.

        >>> DataSpec(features_from="cnn").unused("extractor_seed"), DataSpec().unused("extractor_seed")
        ('', 'the features are pixels; name a network with --features-from')

        Args:
            name: of the field.
        """
        if name in _OF_FEATURES and self.features_from is None:
            return "the features are pixels; name a network with --features-from"
        if name in _OF_TRAINING and self.extractor is not None:
            return "a network of your own weights is not trained here"
        return "a network that is trained here takes pictures as they are" if self._keeps_size(name) else ""

    def _keeps_size(self, name: str) -> bool:
        return name == "features_resize" and self.extractor is None

    @property
    def of_pixels(self) -> DataSpec:
        """The same examples with all rows and with pixels from 0 to 1, as a network sees them."""
        return replace(self, features_from=None, preprocess="none", pca=None)
