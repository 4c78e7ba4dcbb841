"""Names of columns that differ in upper and lower case only: the exact one is meant, else the only one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from file_parts import CODES, NUMBERS, ROWS, parquet

from fil_core.attacks.attribute import attribute_of
from fil_core.data.own import Choices
from fil_core.data.own.reading import read
from fil_core.engine.weights import read_weights
from fil_core.errors import BadData
from tests.conftest import dataset_of

SUFFIXES = [".csv", ".parquet"]
_OF = {"sensitive": ("AGE",), "left_out": ("AGE",), "categorical": ("AGE",), "id": "AGE"}


def written(folder, suffix, **columns):
    path = folder / f"patients{suffix}"
    if suffix == ".csv":
        pd.DataFrame(columns).to_csv(path, index=False)
    else:
        path.write_bytes(parquet(**columns))
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_exact_name_is_meant_before_another_in_other_case(suffix, tmp_path):
    path = written(tmp_path, suffix, x=NUMBERS[:, 0], ill=CODES, Ill=(CODES + np.arange(ROWS) // 20) % 3)
    assert read(path, Choices(target="ill"))[0].class_names == ("0", "1")
    assert read(path, Choices(target="Ill"))[0].class_names == ("0", "1", "2")
    with pytest.raises(BadData, match=r"patients.*--target.*'ill' and 'Ill'"):
        read(path, Choices(target="ILL"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_only_name_in_other_case_is_meant(suffix, tmp_path):
    path = written(tmp_path, suffix, x=NUMBERS[:, 0], who=[f"{i:03d}" for i in range(ROWS)], Ill=CODES)
    raw, _ = read(path, Choices(target="ILL", id="WHO", test_fraction=0.0))
    assert (raw.target_name, raw.id_names[1]) == ("Ill", "001")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("field", _OF)
def test_every_choice_of_columns_refuses_an_uncertain_name(field, suffix, tmp_path):
    path = written(tmp_path, suffix, age=np.arange(ROWS), Age=np.arange(ROWS)[::-1], x=NUMBERS[:, 0], ill=CODES)
    with pytest.raises(BadData, match="'age' and 'Age'"):
        read(path, Choices(target="ill", **{field: _OF[field]}))
    exact = tuple(name.lower() for name in _OF[field]) if field != "id" else "Age"
    read(path, Choices(target="ill", **{field: exact}))


def test_an_attribute_in_several_spellings_is_refused():
    data = dataset_of(np.column_stack([CODES, CODES[::-1], CODES]), CODES, classes=2)
    data = dataclasses.replace(data, feature_names=("sex", "Sex", "Ill"), source_names=("sex", "Sex", "Ill"))
    data = dataclasses.replace(data, target_name="ill")
    assert data.columns(("Sex",)) == (1,)
    assert attribute_of(data, "Ill").name == "Ill"
    with pytest.raises(BadData, match="'sex' and 'Sex'"):
        data.columns(("SEX",))
    with pytest.raises(BadData, match="'sex' and 'Sex'"):
        attribute_of(data, "SEX")
    with pytest.raises(BadData, match="is the label"):
        attribute_of(data, "ill")
    with pytest.raises(BadData, match="'Ill' and 'ill'"):
        attribute_of(data, "ILL")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_weights_with_two_columns_of_ids_are_refused(suffix, tmp_path):
    path = written(tmp_path, suffix, id=[0, 1], ID=[1, 0], weight=[1.0, 2.0])
    with pytest.raises(BadData, match=r"patients.*id, ID"):
        read_weights(str(path))
    path = written(tmp_path, suffix, Id=[0, 1], Weight=[1.0, 2.0], Note=[1, 2], note=[3, 4])
    assert read_weights(str(path))["weight"].tolist() == [1, 2]
