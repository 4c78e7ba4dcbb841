"""Networks: built from a spec with a seeded or an uploaded start, and what they take from a data set."""

from fil_core.models.networks.build import network
from fil_core.models.networks.inputs import outputs_of, shape_of, targets_of, validation_rows
from fil_core.models.networks.layers import ScaledLinear

__all__ = ["ScaledLinear", "network", "outputs_of", "shape_of", "targets_of", "validation_rows"]
