"""What a request takes, told before it is begun, beside what it took."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.engine import Engine, cost
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, ModelSpec, plain
from fil_core.specs.weights import Dropping, Irfil

ROOT = Path(__file__).parents[2]
SOFTMAX = FilRequest(model=ModelSpec(kind="softmax"))
# The peak of this process alone: what `resource` tells begins with that of the process that started it.
MEASURED = """
import json, sys
from pathlib import Path
from fil_core.engine import Engine, cost
from fil_core.analyses.table import request_of
request, engine = request_of(json.loads(sys.argv[1])), Engine()
engine.get(request)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(1024 * int(peak.split()[1]), cost.memory(request, engine.dataset(request.data)))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is told by Linux only")
@pytest.mark.parametrize(
    "request_",
    [
        FilRequest(data=DataSpec(name="synthetic:20000x1000"), model=ModelSpec(l2=1e-3)),
        SOFTMAX,
        FilRequest(data=DataSpec(name="synthetic:16x2100"), model=ModelSpec(kind="softmax", l2=1e-3)),
        ReconstructionRequest(data=DataSpec(classes=("3", "8")), model=ModelSpec(l2=1e-2), ids=(8,), trials=20),
        AttributeRequest(
            data=DataSpec(name="synthetic:1500x40"), model=SOFTMAX.model, attribute="attribute", trials=20
        ),
    ],
    ids=["wide", "ten classes", "two classes of many features", "reconstruction", "attribute"],
)
def test_the_memory_that_is_foretold_suffices_and_is_not_several_times_too_much(request_):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MEASURED, json.dumps(plain(request_))]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    measured, foretold = map(int, ended.stdout.split())
    assert measured <= foretold <= 3 * measured


def test_what_does_not_fit_is_refused_with_what_would():
    engine, limit = Engine(), int(1.1 * 2**30)
    data = engine.dataset(SOFTMAX.data)
    with pytest.raises(
        BadRequest, match=r"needs about 1\.\d GiB, and a job may take 1\.1 GiB\. Take at most"
    ) as refused:
        cost.check_memory(SOFTMAX, data, limit)
    rows, features = (
        int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:rows|features)", str(refused.value))
    )
    assert (rows, features) < (data.n, data.d)
    for choice, most in (("subset", rows), ("pca", features)):
        fits, more = (engine.dataset(dataclasses.replace(SOFTMAX.data, **{choice: size})) for size in (most, most + 1))
        cost.check_memory(SOFTMAX, fits, limit)
        with pytest.raises(BadRequest, match="Take at most"):
            cost.check_memory(SOFTMAX, more, limit)


def test_principal_components_are_not_proposed_for_an_attack_on_an_attribute():
    asked = AttributeRequest(data=DataSpec(name="diabetes"), model=ModelSpec(l2=1e-2), attribute="sex")
    data = Engine().dataset(asked.data)
    with pytest.raises(BadRequest, match=r"Take at most \d+ rows\.$"):
        cost.check_memory(asked, data, cost.memory(asked, data) - 1)


def test_a_limit_that_nothing_fits_is_said():
    with pytest.raises(BadRequest, match="Neither fewer rows nor fewer features would be enough"):
        cost.check_memory(SOFTMAX, Engine().dataset(SOFTMAX.data), 2**29)


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
