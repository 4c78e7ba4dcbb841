"""The spec of a data set: which examples, with which preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.options import check_options, choice, names, number, option, text, whole

Preprocess = Literal["unit-ball", "standardise", "none"]

DEFAULT_VOCABULARY = 2_000  # tokens, with <unk> and <eos>
LEAST_VOCABULARY = 3  # <unk>, <eos> and one token of the text
DEFAULT_LONGEST = 200  # tokens of a sequence, with <eos>
MOST_TOKENS = 10_000  # of a line
MOST_LABEL_NOISE = 0.5  # above it two classes have changed places, and no measure tells noise from data


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
    data_dir: str | None = option(None, text(), "folder with the data files (default: FIL_DATA_DIR)", identity=False)

    def __post_init__(self) -> None:
        check_options(self)
        if self.label_noise == 0:
            object.__setattr__(self, "label_noise", None)  # one spelling of no noise
        for name, usual in (("vocabulary", DEFAULT_VOCABULARY), ("longest", DEFAULT_LONGEST)):
            if getattr(self, name) == usual:
                object.__setattr__(self, name, None)  # one spelling of the default
        if len(set(self.classes)) != len(self.classes):
            raise BadRequest(f"classes: expected different labels; got {', '.join(self.classes)}.")
        if len(self.classes) == 1:
            raise BadRequest(f"classes: expected at least two labels; got only {self.classes[0]!r}.")
