"""A real corpus, where the data directory has it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fil_core.data import load
from fil_core.data.text.reading import read_text
from fil_core.specs import DataSpec

ROOT = Path(os.environ.get("FIL_DATA_DIR", "/nowhere"))
SONNETS = ROOT / "text/sonnets.txt"
pytestmark = pytest.mark.skipif(not SONNETS.is_file(), reason="FIL_DATA_DIR has no text/sonnets.txt")


def test_the_sonnets_have_their_lines_groups_and_tokens():
    found = read_text(SONNETS)
    assert (found.n, len(np.unique(found.blocks))) == (2_155, 154)
    # Hyphens are tokens here: with words such as self-substantial in one piece there are fewer tokens and more types.
    assert (len(found.codes), len(found.types)) == (20_726, 3_205)
    assert found.lengths.max() == 16


def test_the_sonnets_as_a_data_set():
    data = load(DataSpec(name="sonnets", data_dir=str(ROOT)))
    assert data.n + len(data.X_test) == 2_155 and len(np.unique(data.sections)) == 154 - 31
    assert data.sentences(np.array([0])) == ["from fairest creatures we desire increase , <eos>"]
    assert len(data.vocabulary) == 2_000 and (data.y.min(), data.d) == (6, 17)
