"""The examples that a model is trained on, and the map from model features back to the source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from fil_core.errors import BadData

Task = Literal["classification", "regression", "sequences"]

_ROW = "row:"
_NAMED = 4  # columns that a message names
_PLAIN = re.compile("0|[1-9][0-9]{0,15}")  # a whole number that is written in no other way


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """Columns that code one categorical attribute.

    Attributes:
        columns: feature numbers of the kept levels.
        levels: names of the kept levels, one per column.
        dropped: name of the level coded as all zeros, or None when every level has a column.
    """

    name: str
    columns: tuple[int, ...]
    levels: tuple[str, ...]
    dropped: str | None = None


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The affine map from source features `x0 (d0,)` to model features `x (d,)`: `x = ((x0 - centre) * scale) @ basis`.

    Attributes:
        scale: (d0,) or a scalar array ().
        centre: (d0,) or a scalar array (), in source units.
        basis: (d0, d) with orthonormal columns (PCA), or None for the identity.
        unit_ball: the scale is one over the largest norm of a training row.
    """

    scale: np.ndarray
    centre: np.ndarray
    basis: np.ndarray | None = None
    unit_ball: bool = False

    def forward(self, X0: np.ndarray) -> np.ndarray:
        """Source features (..., d0) to model features (..., d)."""
        X = (np.asarray(X0, dtype=np.float64) - self.centre) * self.scale
        return X if self.basis is None else X @ self.basis

    def backward(self, X: np.ndarray) -> np.ndarray:
        """Model features (..., d) to source features (..., d0); directions that PCA dropped get the training mean."""
        X = X if self.basis is None else X @ self.basis.T
        return X / self.scale + self.centre

    def direction(self, v: np.ndarray) -> np.ndarray:
        """A direction (..., d) in model features as a direction (..., d0) in source features, not normalised."""
        v = v if self.basis is None else v @ self.basis.T
        return v / self.scale

    def jacobian(self, d0: int) -> np.ndarray:
        """dx/dx0, (d0, d): row j is the derivative of the model features in source feature j."""
        scale = np.broadcast_to(self.scale, (d0,))
        return np.diag(scale) if self.basis is None else scale[:, None] * self.basis


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of the training examples, where the features of a model are not their pixels.

    Attributes:
        pixels: (n, H W) or (n, H W 3).
        shape: (H, W) or (H, W, 3).
        pixel_max: the value that is white.
    """

    pixels: np.ndarray
    shape: tuple[int, ...]
    pixel_max: float

    def at(self, rows: np.ndarray) -> Pictures:
        """Those of some examples, by position."""
        return Pictures(self.pixels[rows], self.shape, self.pixel_max)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training and test examples after preprocessing. Arrays are shared, never written to.

    Attributes:
        X: (n, d) float64; of sequences (n, T) codes of tokens 0..V-1, -1 from the end of a sequence on.
        y: (n,) float64 targets: class codes 0..C-1, or real values for regression; numbers of tokens of sequences.
        ids: (n,) int64, rows in the source, ascending.
        X_test, y_test: the held-out split, likewise.
        task: classification, regression, or sequences of tokens, which a language model predicts one by one.
        class_names: C names, in the order of their codes; empty for regression and sequences.
        feature_names: d names.
        groups: attribute groups over the columns of X (empty after PCA).
        image_shape: (H, W) or (H, W, 3) of a source row, or None where the source features are no pixels.
        pixel_max: the source value that is white.
        source: (n, d0) source features before preprocessing (uint8 for images), for display.
        source_names: d0 names.
        preprocessing: the fitted map from source features to X.
        intercept: whether a model of it has a constant term unless it is asked otherwise.
        target_name: the source's name of the target.
        sensitive: names of the attributes whose own leakage is reported.
        id_names: (n,) the source's names of the rows where these are not numbers; None where `ids` are the names.
        flipped: (n,) bool, true where label noise has replaced the label, as `y` and `labels` have it; None where no
            noise was planted.
        fingerprint: sha-256 of the content.
        title: name of the data set on pages and in reports.
        notes: changes to the data that a reader must know (units, coding, dropped rows).
        vocabulary: V tokens of sequences, by code; empty for other data. `<unk>` stands for all other tokens, and
            `<eos>` is the last token of each sequence.
        sections: (n,) int64, number of the group (a poem) that each training sequence belongs to; None for no groups.
        secrets: (n,) int64, how often a planted secret is said in the training rows, 0 for a row that is none; None
            where no secrets were planted.
        pictures: what the examples look like where `source` holds features of their pictures, see `data.features`.
    """

    X: np.ndarray
    y: np.ndarray
    ids: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    task: Task
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    source: np.ndarray
    source_names: tuple[str, ...]
    preprocessing: Preprocessing
    title: str
    groups: dict[str, AttributeGroup] = field(default_factory=dict)
    image_shape: tuple[int, ...] | None = None
    pixel_max: float = 255.0
    intercept: bool = False
    notes: tuple[str, ...] = ()
    target_name: str = "label"
    sensitive: tuple[str, ...] = ()
    id_names: np.ndarray | None = None
    flipped: np.ndarray | None = None
    fingerprint: str = ""
    vocabulary: tuple[str, ...] = ()
    sections: np.ndarray | None = None
    secrets: np.ndarray | None = None
    pictures: Pictures | None = None

    @property
    def picture_shape(self) -> tuple[int, ...] | None:
        """(H, W) or (H, W, 3) of the pictures that can be shown; None where there are none."""
        return self.image_shape if self.pictures is None else self.pictures.shape

    @property
    def as_pictures(self) -> Dataset:
        """The same examples with pixels as their source, to show them and to match other pictures, not to measure."""
        if self.pictures is None:
            return self
        shown = self.pictures
        names = tuple(f"pixel {j + 1}" for j in range(shown.pixels.shape[1]))
        return replace(
            self, source=shown.pixels, source_names=names, image_shape=shown.shape, pixel_max=shown.pixel_max,
            pictures=None,
        )  # fmt: skip

    @property
    def n(self) -> int:
        """Number of training examples."""
        return self.X.shape[0]

    @property
    def d(self) -> int:
        """Number of model features."""
        return self.X.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of the examples, before and after preprocessing."""
        shown = () if self.pictures is None else (self.pictures.pixels,)
        return sum(array.nbytes for array in (self.X, self.y, self.ids, self.X_test, self.y_test, self.source, *shown))

    @property
    def labels(self) -> np.ndarray:
        """Training targets, (n,): names of the classes that the model is trained on, or real values of a regression."""
        return self.named(self.y) if self.class_names else self.y

    def named(self, codes: np.ndarray) -> np.ndarray:
        """Names of classes by code, (m,); whole numbers where all names are (the digits of MNIST); 01 is none."""
        names = np.asarray(self.class_names)
        whole = all(map(_PLAIN.fullmatch, self.class_names))
        return (names.astype(np.int64) if whole else names)[codes.astype(int)]

    def row(self, id: int) -> int:
        """Position of the training example with this id.

        Raises:
            BadData: no training example has it.
        """
        i = int(np.searchsorted(self.ids, id))
        if i == self.n or self.ids[i] != id:
            raise BadData(
                f"example: expected one of the {self.n:,} training examples (ids {self.ids[0]} to {self.ids[-1]}"
                f"{'' if self.ids[-1] - self.ids[0] == self.n - 1 else ', not all of them used'}); got {id}."
            )
        return i

    def number(self, name: str) -> int:
        """The number of the training example that the source calls so, as in `ids`.

        Args:
            name: as in the column `id` of an exported table; `row:N` for a number where the source has names, since
                a name may look like one.

        Raises:
            BadData: no training example is called so.
        """
        if self.id_names is not None and (same := np.flatnonzero(self.id_names == name)).size:
            return int(self.ids[same[0]])
        number = name if self.id_names is None else name.removeprefix(_ROW) if name.startswith(_ROW) else ""
        if _PLAIN.fullmatch(number):
            return int(self.ids[self.row(int(number))])
        such = self.called(self.ids[:1])[0]
        rows = f", or {_ROW}{self.ids[0]} for a row number" if self.id_names is not None else ""
        raise BadData(
            f"example: expected the id of one of the {self.n:,} training examples, such as {such}{rows}; got {name!r}. "
            "It may be held out, of another class, or not drawn."
        )

    def written(self, id: int, *, named: bool = True) -> str:
        """What `number` reads as this id.

        Args:
            id: of a training example.
            named: by the source's name, if it has names; otherwise by its number, which tells nothing of it.
        """
        if self.id_names is None:
            return str(id)
        return str(self.called(np.array([id]))[0]) if named else f"{_ROW}{id}"

    def called(self, ids: np.ndarray) -> np.ndarray:
        """The source's names of some training examples, (m,); their ids where it has no names."""
        return ids if self.id_names is None else self.id_names[np.searchsorted(self.ids, ids)]

    def tokens(self, row: int) -> list[str]:
        """The tokens of a training sequence, `<eos>` included.

        Args:
            row: its position in the training split.

        Raises:
            BadData: the data set holds no text.
        """
        if not self.vocabulary:
            raise BadData(f"{self.title} holds no text. Choose a data set of sentences, such as --data grammar.")
        return [self.vocabulary[code] for code in self.source[row].tolist() if code >= 0]

    def sentences(self, rows: np.ndarray) -> list[str]:
        """Some training sequences as texts: their tokens joined by blanks, without padding.

        Args:
            rows: positions in the training split, (m,).

        Raises:
            BadData: the data set holds no text.
        """
        if not self.vocabulary:
            self.tokens(0)
        return [" ".join(self.tokens(int(row))) for row in rows]

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Pictures of some rows, (m, H, W) or (m, H, W, 3) uint8 with white at 255.

        Raises:
            BadData: the data set holds no images.
        """
        seen = self.as_pictures
        if seen.image_shape is None:
            raise BadData(f"{self.title} holds no images.")
        pixels, white = seen.source[rows].reshape(len(rows), *seen.image_shape), seen.pixel_max
        return pixels if white == 255 else (pixels * (255 / white)).round().astype(np.uint8)

    def records(self, rows: np.ndarray) -> pd.DataFrame:
        """Some examples as rows of the source: one column per attribute, one-hot columns merged into their level.

        Args:
            rows: positions in the training split, (m,).

        Returns:
            m rows, index `id`; sequences have the one column `text`.
        """
        if self.vocabulary:
            return pd.DataFrame({"text": self.sentences(rows)}, index=pd.Index(self.ids[rows], name="id"))
        columns: dict[str, object] = {}
        group_of = {c: group for group in self.groups.values() for c in group.columns}
        for j, name in enumerate(self.source_names):
            group = group_of.get(j)
            if group is None:
                columns[name] = self.source[rows, j]
            elif j == group.columns[0]:
                block = self.source[np.ix_(rows, np.array(group.columns))]
                levels = np.asarray([*group.levels, str(group.dropped)])
                columns[group.name] = levels[np.where(block.any(1), block.argmax(1), len(group.levels))]
        return pd.DataFrame(columns, index=pd.Index(self.ids[rows], name="id"))

    def columns(self, attribute: tuple[str, ...]) -> tuple[int, ...]:
        """Columns of X of an attribute, which is named by groups, features or column numbers.

        Raises:
            BadData: a name or number that does not exist.
        """
        return tuple(dict.fromkeys(c for name in attribute for c in self._columns(name)))

    def as_spelled(self, attribute: str) -> str:
        """The name of an attribute as the data set spells it, where case alone differs; any other text as it is."""
        meant = spelled(attribute, (*self.feature_names, *self.groups, self.target_name))
        return meant[0] if len(meant) == 1 else attribute

    def _columns(self, name: str) -> tuple[int, ...]:
        columns: dict[str, tuple[int, ...]] = {key: (j,) for j, key in enumerate(self.feature_names)}
        columns |= {key: group.columns for key, group in self.groups.items()}
        meant = spelled(name, columns)
        if len(meant) > 1:
            raise BadData(f"attribute: {ambiguous(name, meant)}")
        if meant:
            chosen = columns[meant[0]]
        elif re.fullmatch("[0-9]{1,9}", name) and int(name) < self.d:
            chosen = (int(name),)
        else:
            known = ", ".join(list(self.groups) + [f for f in self.feature_names if "=" not in f][:12])
            raise BadData(f"attribute: expected one of {known}, or a column number below {self.d}; got {name!r}.")
        return chosen


def spelled(name: str, known: Iterable[str], key: Callable[[str], str] = str.casefold) -> list[str]:
    """The known names that a name may stand for: the one that is spelt so, else all that `key` takes for the same.

    >>> spelled("ill", ["ill", "Ill"]), spelled("ILL", ["ill", "Ill", "age"]), spelled("sick", ["ill"])
    (['ill'], ['ill', 'Ill'], [])
    """
    names = list(dict.fromkeys(known))
    return [name] if name in names else [one for one in names if key(one) == key(name)]


def ambiguous(name: str, meant: Sequence[str]) -> str:
    """The rest of the message that a name may stand for several columns."""
    shown = " and ".join(map(repr, meant[:_NAMED]))
    return f"expected a column spelt as in the file; {name!r} may be {shown}. Write upper and lower case as they are."


def fingerprint(*parts: np.ndarray | str) -> str:
    """sha-256 over arrays (dtype, shape and every byte) and texts, as hex."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
        else:
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
