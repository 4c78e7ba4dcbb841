"""What a request takes, told before it is begun, beside what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fil_core.engine import Engine, cost
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, FilRequest, IrfilRequest, ModelSpec, ReconstructionRequest, ReleaseRequest, plain
from fil_core.weightings import Dropping, Irfil

ROOT = Path(__file__).parents[2]
WIDE = FilRequest(data=DataSpec(name="synthetic:8000x1500"), model=ModelSpec(kind="logistic", l2=1e-3))
MEASURED = """
import json, resource, sys
from fil_core.engine import Engine
from fil_core.specs import request_of
Engine().get(request_of(json.loads(sys.argv[1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize(
    "request_",
    [
        WIDE,
        FilRequest(model=ModelSpec(kind="softmax")),
        ReconstructionRequest(data=DataSpec(classes=("3", "8")), model=ModelSpec(l2=1e-2), ids=(8,), trials=20),
    ],
    ids=["wide", "ten classes", "reconstruction"],
)
def test_the_memory_that_is_foretold_suffices_and_is_not_several_times_too_much(request_):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MEASURED, json.dumps(plain(request_))]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    measured, foretold = int(ended.stdout), cost.memory(request_, Engine().dataset(request_.data))
    assert measured <= foretold <= 3 * measured


def test_what_does_not_fit_is_refused_with_what_would():
    data = Engine().dataset(WIDE.data)
    with pytest.raises(
        BadRequest, match=r"needs about 1\.\d GiB, and a job may take 1\.0 GiB. Take at most about [\d,]+ f"
    ):
        cost.check_memory(WIDE, data, 2**30)
    cost.check_memory(WIDE, data, 4 * 2**30)


def test_work_counts_every_model_that_is_trained_on_the_way():
    engine = Engine()
    data = engine.dataset(DataSpec(classes=("3", "8")))
    base = {"data": DataSpec(classes=("3", "8"))}

    def work(how):
        return cost.work(FilRequest(**base, model=ModelSpec(l2=1e-2, weights=how)), data, engine)

    once = work(None)
    assert work(Dropping(k=5)) == 2 * once
    assert work(Irfil(iterations=3)) == 5 * once
    assert (
        cost.work(IrfilRequest(**base, model=ModelSpec(l2=1e-2), weights=Irfil(iterations=3)), data, engine) == 4 * once
    )
    engine.get(IrfilRequest(**base, model=ModelSpec(l2=1e-2), weights=Irfil(iterations=3)))
    assert work(Irfil(iterations=3)) == once  # the weights are known by now
    release = ReleaseRequest(**base, model=ModelSpec(l2=1e-2), ids=(8, 13))
    assert cost.work(release, data, engine) > once
