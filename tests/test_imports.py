"""What can be imported, and what importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

import fil_core
from fil_core.analyses.fil.request import FilRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.specs import DataSpec, ModelSpec

ROOT = Path(__file__).parents[1]


def in_a_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torch_and_torchvision_are_a_matching_pair():
    """torchvision's compiled operators load only into the torch that they were built for."""
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
    assert kept.tolist() == [0, 2]  # the second overlaps the first by 81 / 119


@pytest.mark.parametrize("name", fil_core.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name):
    assert getattr(fil_core, name) is getattr(fil_core, name)
    assert name in dir(fil_core)
    if name != "DEFAULT_L2":  # a plain dict, explained beside it
        assert getattr(fil_core, name).__doc__


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no name 'etas'"):
        fil_core.etas  # noqa: B018 - the access is what is tested


_HEAVY = "[m for m in ('torch', 'torchvision', 'sklearn', 'streamlit', 'matplotlib') if m in sys.modules]"


def test_importing_the_package_loads_nothing_heavy():
    assert in_a_process(f"import sys, fil_core, fil_core.specs, fil_core.engine; print({_HEAVY})") == "[]"


def test_reading_a_stored_result_loads_nothing_heavy(tmp_path):
    request = FilRequest(data=DataSpec(name="synthetic:60x9"), model=ModelSpec(l2=0.01))
    stored = Engine(Store(tmp_path)).get(request)
    code = f"""
import sys
from fil_core import DataSpec, FilRequest, ModelSpec, get
result = get(FilRequest(data=DataSpec(name="synthetic:60x9"), model=ModelSpec(l2=0.01)))
print({_HEAVY}, result.summary["eta_max"])
"""
    assert in_a_process(code, FIL_STORE_DIR=str(tmp_path)) == f"[] {stored.summary['eta_max']!r}"
