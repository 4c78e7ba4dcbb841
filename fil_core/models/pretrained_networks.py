"""Classifiers of torchvision for rows of pixels; a module of its own, so that others load no torchvision."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from fil_core.errors import BadData, BadRequest
from fil_core.models.networks.initial import faults_of
from fil_core.models.networks.layers import Pictures

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the channels of ImageNet
_USUAL = 1000  # outputs
_FAMILIES = {  # by the beginnings of their names, each with the name of its first weights
    "resnet": "conv1.weight", "resnext": "conv1.weight", "wide_resnet": "conv1.weight", "vgg": "features.0.weight",
    "alexnet": "features.0.weight", "densenet": "features.conv0.weight", "mobilenet": "features.0.0.weight",
    "shufflenet": "conv1.0.weight", "efficientnet": "features.0.0.weight", "mnasnet": "layers.0.weight",
    "convnext": "features.0.0.weight", "vit": "conv_proj.weight", "swin": "features.0.0.weight",
}  # fmt: skip
_COMPARED = "resnet18"  # with weights that begin like no family's


class RowsNetwork(nn.Module):
    """A classifier of torchvision whose inputs are rows of pixels from 0 to 1, in colour or grey.

    Its `state_dict` is that of the classifier. Pictures are scaled, where that is asked for, and normalised with mean
    and standard deviation of ImageNet, as those that the weights of torchvision were trained on.
    """

    def __init__(self, classifier: nn.Module, image: tuple[int, ...], resize: int | None) -> None:
        """The classifier, the shape of a picture, and the side that it is scaled to; None leaves it as it is."""
        super().__init__()
        self.classifier, self.resize = classifier, resize
        self.pictures = Pictures(image, channels=3)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (m, d) to (m, outputs)."""
        pictures = self.pictures(x)
        if self.resize is not None:
            pictures = functional.interpolate(pictures, size=(self.resize, self.resize), mode="bilinear")
        mean, deviation = (pictures.new_tensor(each)[:, None, None] for each in (_MEAN, _DEVIATION))
        outputs: Tensor = self.classifier((pictures - mean) / deviation)
        return outputs

    def state_dict(self, *args: object, **keywords: object) -> dict[str, Tensor]:  # type: ignore[override]
        """That of the classifier."""
        return dict(self.classifier.state_dict())

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True, assign: bool = False) -> object:
        """That of the classifier."""
        return self.classifier.load_state_dict(state_dict, strict, assign)


def rows_network(name: str, outputs: int, image: tuple[int, ...], resize: int | None) -> RowsNetwork:
    """A classifier of torchvision for rows of pixels, in evaluation mode; its weights are those of its start.

    Args:
        name: as torchvision calls it.
        outputs: of its last layer.
        image: (H, W) or (H, W, 3).
        resize: side in pixels that pictures are scaled to; None for none.

    Raises:
        BadRequest: there is none of that name.
    """
    return RowsNetwork(_classifier(name, outputs), image, resize).eval()


def head_name(name: str) -> str:
    """The name of the last linear layer of a classifier; empty where it has none."""
    return _without_numbers(name, _USUAL)[1]


def fitting_network(weights: Mapping[str, np.ndarray]) -> str:
    """The classifier of torchvision that weights are of, by their names and shapes; residual networks first.

    Args:
        weights: by the names of a `state_dict`.

    Raises:
        BadData: they fit none; the message says what is wrong with the nearest.
    """
    nearest: tuple[int, str, str] | None = None
    for name in _candidates(weights) or [_COMPARED]:
        state = _shapes(name)
        head = weights.get(f"{head_name(name)}.weight")
        if head is not None and head.ndim == 2 and len(head) != _USUAL and state.keys() == weights.keys():
            state = _shapes(name, len(head))
        found, wrong = faults_of(state, weights), len(state.keys() ^ weights.keys())
        if not found:
            return name
        if nearest is None or wrong < nearest[0]:
            nearest = (wrong, name, found)
    assert nearest is not None
    raise BadData(
        f"features_from: expected the weights of a classifier of torchvision; the nearest is {nearest[1]}, of which "
        f"there were {nearest[2]}. Write them with safetensors.torch.save_file(module.state_dict(), path)."
    )


def _candidates(weights: Mapping[str, np.ndarray]) -> list[str]:
    """The classifiers whose first weights have a name that is there."""
    begun = tuple(family for family, first in _FAMILIES.items() if first in weights)
    return [name for name in names() if name.startswith(begun)]


def names() -> list[str]:
    """The classifiers of torchvision that end in a linear layer and can be built without numbers, residual ones first.

    >>> names()[:2]
    ['resnet101', 'resnet152']
    """
    known = torchvision.models.list_models(module=torchvision.models)
    return [name for family in _FAMILIES for name in known if name.startswith(family)]


def _shapes(name: str, outputs: int = _USUAL) -> dict[str, Tensor]:
    return _without_numbers(name, outputs)[0]


@functools.lru_cache(256)
def _without_numbers(name: str, outputs: int) -> tuple[dict[str, Tensor], str]:
    """The `state_dict` of a classifier without its numbers, and the name of its last linear layer."""
    with torch.device("meta"):
        module = _classifier(name, outputs)
    linear = [at for at, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    return dict(module.state_dict()), linear[-1]


def _classifier(name: str, outputs: int) -> nn.Module:
    if name not in names():
        raise BadRequest(
            f"features_from: expected a classifier of torchvision that ends in a linear layer, such as resnet18 or "
            f"resnet50; got {name!r}."
        )
    build = torchvision.models.get_model_builder(name)
    module: nn.Module = build(weights=None, num_classes=outputs)
    return module
