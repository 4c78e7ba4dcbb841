"""The spec of examples that a model was not trained on, and is asked about."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs.options import check_options, names, option, switch, text


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSpec:
    """Which examples are out of the training distribution; test rows of the model's own classes are in it.

    Attributes:
        name: a data set of the registry, or own data; None for the one that the model is trained on.
        classes: of it; empty for all that the model does not have, and of another data set for all.
        resize: whether pictures of another size, or with colour where the model's have none, are made like the
            training pictures.
    """

    name: str | None = option(None, text(), "data set out of the distribution, or a file or folder of your own (default: the model's)", flag="ood-data", called="ood_data", link="ood-data")  # noqa: E501 # fmt: skip
    classes: tuple[str, ...] = option((), names(), "its classes (default: all that the model does not have, of another data set all)", flag="ood-classes", called="ood_classes", link="ood-classes")  # noqa: E501 # fmt: skip
    resize: bool = option(False, switch(), "scale pictures of another size to that of the training pictures", link="resize")  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
        if len(set(self.classes)) != len(self.classes):
            raise BadRequest(f"ood_classes: expected different labels; got {', '.join(self.classes)}.")
