"""Features of pictures: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, Request, Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesRequest(Request):
    """What the last hidden layer of a frozen network puts out for pictures; its data name the network.

    The network is trained on public rows or uploaded. What is done to the features afterwards has no part in it.
    """

    def _check(self) -> None:
        if self.data.features_from is None:
            raise BadRequest(
                "features_from: expected a network that makes features, such as --features-from cnn; got none."
            )
        object.__setattr__(self, "data", dataclasses.replace(self.data, preprocess="none", pca=None))

    @property
    def source_data(self) -> DataSpec:
        """The pictures."""
        return self.data.of_pixels

    @property
    def reads_text(self) -> bool:
        """Its check says which data it needs."""
        return True

    @property
    def subject(self) -> str:
        """The network."""
        return f"features of {self.data.features_from}"

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The weights of the network."""
        return () if self.data.extractor is None else (Upload("extractor", self.data.extractor),)
