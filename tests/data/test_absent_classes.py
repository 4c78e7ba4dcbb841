"""Classes that no training row has leave the model, with their test rows."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.data import Raw
from fil_core.data.loading import assemble
from fil_core.display.redaction import MASK, told
from fil_core.errors import BadData
from fil_core.leakage.fil import fil
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

_rng = np.random.default_rng(2)
X = _rng.standard_normal((60, 3))


def assembled(y, y_test, names, **selected):
    raw = Raw(
        X=X, y=np.asarray(y), ids=np.arange(60), X_test=X[: len(y_test)], y_test=np.asarray(y_test),
        feature_names=("a", "b", "c"), class_names=names, intercept=True,
    )  # fmt: skip
    return assemble(raw, DataSpec(name="digits", preprocess="none", **selected), title="t", task="classification")


def test_the_others_are_numbered_anew_and_measured_as_if_it_had_never_been_there():
    y = np.arange(60) % 3
    with_absent = assembled(np.where(y == 2, 3, y), [0, 2, 3, 2, 1], ("p", "q", "rare", "s"))
    without = assembled(y, [0, 2, 1], ("p", "q", "s"))
    assert with_absent.class_names == ("p", "q", "s")
    assert (with_absent.y == y).all() and with_absent.y_test.tolist() == [0, 2, 1]
    np.testing.assert_array_equal(with_absent.X_test, X[[0, 2, 4]])
    (note,) = [note for note in with_absent.notes if "rare" in note]
    assert note.endswith("left out too: 2.")
    assert MASK in told(note, with_absent.class_names) and "rare" not in told(note, with_absent.class_names)
    spec = ModelSpec(kind="softmax", l2=0.01)
    one, other = (fil(fit(spec, data), data).numpy() for data in (with_absent, without))
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert one.max() < 100  # an intercept that falls without end gave 4e8


def test_a_subset_may_lose_a_class_too():
    y = np.where(np.arange(60) == 59, 2, np.arange(60) % 2)
    drawn = assembled(y, [0, 1, 2], ("p", "q", "rare"), subset=20)
    assert drawn.class_names == ("p", "q") and len(drawn.y_test) == 2


def test_one_class_alone_is_refused_by_its_name():
    with pytest.raises(BadData, match="'q'"):
        assembled(np.ones(60, int), [0], ("p", "q"))
