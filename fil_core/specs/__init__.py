"""Specs of data and models, and requests: small frozen values that validate themselves and identify results."""

from fil_core.specs.attack import ATTACKS, AttackSpec
from fil_core.specs.audit import AuditSpec
from fil_core.specs.data import DataSpec, Preprocess
from fil_core.specs.ensemble import EnsembleSpec
from fil_core.specs.families import DEFAULT_L2, FAMILIES, KINDS
from fil_core.specs.kernel import KERNELS, KernelSpec
from fil_core.specs.model import LARGEST_L2, ModelKind, ModelSpec
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import NETWORKS
from fil_core.specs.request import (
    Device,
    EffectRequest,
    JointRequest,
    KernelRequest,
    ModelRequest,
    NetworkRequest,
    Request,
    Upload,
    canonical,
    plain,
)

__all__ = [
    "ATTACKS",
    "DEFAULT_L2",
    "FAMILIES",
    "KERNELS",
    "KINDS",
    "LARGEST_L2",
    "NETWORKS",
    "AttackSpec",
    "AuditSpec",
    "DataSpec",
    "Device",
    "EffectRequest",
    "EnsembleSpec",
    "JointRequest",
    "KernelRequest",
    "KernelSpec",
    "ModelKind",
    "ModelRequest",
    "ModelSpec",
    "NetworkRequest",
    "NetworkSpec",
    "Preprocess",
    "Request",
    "Upload",
    "canonical",
    "plain",
]
