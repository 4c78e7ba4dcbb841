"""Thousands of damaged and odd files: every reader refuses them in words, or reads them, in bounded time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing import READERS

ROOT = Path(__file__).parents[2]
SEED = 20
CASES = 700  # of each reader; a minute altogether on one core
_MOST_MIB = 1500  # of which the libraries take half


@pytest.fixture(scope="module")
def found() -> tuple[list[dict], dict]:
    """The faults, and the counts of the last line."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]), "OMP_NUM_THREADS": "1"
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fuzzing.py")), str(SEED), str(CASES)],
        env=environment, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"the process ended at {done.stderr.splitlines()[-3:]}"
    *faults, counts = map(json.loads, done.stdout.splitlines())
    return faults, counts


def test_no_reader_raises_what_is_no_error_of_ours_or_warns_or_takes_long(found):
    faults, _ = found
    assert faults == []


def test_memory_stays_bounded(found):
    assert found[1]["peak_mib"] < _MOST_MIB


def test_every_reader_reads_some_of_the_files(found):
    """Otherwise the others would have been refused for one and the same reason."""
    assert set(found[1]["reads"]) == set(READERS)
    assert {kind: reads for kind, reads in found[1]["reads"].items() if not 0 < reads < CASES} == {}
