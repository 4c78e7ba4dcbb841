"""Loaders that read files, on small files made here."""

import numpy as np
import pytest
import torch
import torchvision
from data_files import ADULT, MNIST_PARTS, write_adult, write_cifar10, write_idx, write_iwpc, write_mnist_like

from fil_core.data import load
from fil_core.data.idx import read_idx
from fil_core.errors import BadData, DataUnavailable
from fil_core.specs import DataSpec


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST/raw"), ("fashion-mnist", "FashionMNIST/raw")])
def test_idx_images_are_read_and_selected(tmp_path, name, folder):
    X = write_mnist_like(tmp_path / folder)
    data = load(DataSpec(name=name, classes=("3", "1"), preprocess="none", data_dir=str(tmp_path)))
    expected = [i for i in range(40) if i % 10 in (1, 3)]
    assert data.ids.tolist() == expected and data.y.tolist() == [1.0, 0.0] * 4
    assert data.source.dtype == np.uint8 and not isinstance(data.source, np.memmap)
    assert np.allclose(data.X, X[expected].reshape(-1, 16) / 255)
    assert np.array_equal(data.images(np.arange(8)), X[expected])
    assert data.feature_names[6] == "r01c02" and data.X_test.shape == (2, 16)


def test_mnist_is_held_in_memory_even_when_all_of_it_is_kept(tmp_path):
    write_mnist_like(tmp_path / "MNIST/raw")
    assert not isinstance(load(DataSpec(name="mnist", data_dir=str(tmp_path))).source, np.memmap)


def test_a_truncated_idx_file_is_named(tmp_path):
    write_mnist_like(tmp_path / "MNIST/raw")
    path = tmp_path / "MNIST/raw" / MNIST_PARTS[0]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(BadData, match="train-images-idx3-ubyte: expected 656 bytes .* got 651.* truncated"):
        load(DataSpec(name="mnist", data_dir=str(tmp_path)))


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00aaaa", b"\0\0\x08\x03\0", b"\0\0\x0d\x01\0\0\0\0"])
def test_a_file_that_is_not_an_idx_file_of_bytes_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BadData, match="file: expected an uncompressed idx file"):
        read_idx(tmp_path / "file")


def test_an_idx_file_without_images_is_an_empty_array(tmp_path):
    write_idx(tmp_path / "file", np.empty((0, 4, 4)))
    assert read_idx(tmp_path / "file").shape == (0, 4, 4)


def test_different_numbers_of_images_and_labels_are_refused(tmp_path):
    write_mnist_like(tmp_path / "MNIST/raw")
    write_idx(tmp_path / "MNIST/raw" / MNIST_PARTS[1], np.arange(39) % 10)
    with pytest.raises(BadData, match="for the same n"):
        load(DataSpec(name="mnist", data_dir=str(tmp_path)))


def test_test_images_of_another_size_are_refused(tmp_path):
    write_mnist_like(tmp_path / "MNIST/raw")
    write_idx(tmp_path / "MNIST/raw" / MNIST_PARTS[2], np.zeros((10, 5, 5)))
    with pytest.raises(BadData, match="t10k-images"):
        load(DataSpec(name="mnist", data_dir=str(tmp_path)))


INFIMNIST = ("mnist8m-patterns-idx3-ubyte", "mnist8m-labels-idx1-ubyte", *MNIST_PARTS[2:])


@pytest.mark.parametrize("folder", ["MNIST1M/raw", "infimnist"])
def test_mnist1m_is_found_in_either_folder(tmp_path, folder):
    write_mnist_like(tmp_path / folder, names=INFIMNIST)
    data = load(DataSpec(name="mnist1m", classes=("0", "1"), subset=5, data_dir=str(tmp_path)))
    assert data.n == 5 and len(data.X_test) == 2


def test_mnist1m_falls_back_on_the_test_split_of_mnist(tmp_path):
    write_mnist_like(tmp_path / "infimnist", names=INFIMNIST)
    for name in INFIMNIST[2:]:
        (tmp_path / "infimnist" / name).unlink()
    with pytest.raises(DataUnavailable, match="MNIST/raw/t10k.*test split is missing"):
        load(DataSpec(name="mnist1m", data_dir=str(tmp_path)))
    write_mnist_like(tmp_path / "MNIST/raw")
    assert len(load(DataSpec(name="mnist1m", data_dir=str(tmp_path))).X_test) == 10


def test_mnist1m_missing_or_ambiguous_is_reported(tmp_path):
    with pytest.raises(DataUnavailable, match="infiMNIST and cannot be downloaded.*FIL_DATA_DIR"):
        load(DataSpec(name="mnist1m", data_dir=str(tmp_path)))
    write_mnist_like(tmp_path / "infimnist", names=INFIMNIST)
    write_mnist_like(tmp_path / "infimnist")
    with pytest.raises(DataUnavailable, match="one file of images .* got mnist8m-patterns"):
        load(DataSpec(name="mnist1m", data_dir=str(tmp_path)))


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    attributes, X = write_cifar10(tmp_path)
    kind = type("CIFAR10", (torchvision.datasets.CIFAR10,), attributes)
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", kind)
    return X


def test_cifar_pixels_are_row_column_channel(tmp_path, cifar):
    data = load(DataSpec(name="cifar10", classes=("airplane", "automobile"), preprocess="none", data_dir=str(tmp_path)))
    rows = [i for i in range(100) if i % 10 in (0, 1)]
    expected = cifar[rows].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    assert data.ids.tolist() == rows and data.class_names == ("airplane", "automobile")
    assert np.array_equal(data.images(np.arange(len(rows))), expected)
    assert np.allclose(data.X[:, data.feature_names.index("r03c17.g")], expected[:, 3, 17, 1] / 255)


@pytest.mark.parametrize("file", ["data_batch_3", "batches.meta"])
def test_a_cifar_pickle_of_unknown_content_is_never_opened(tmp_path, cifar, monkeypatch, file):
    (tmp_path / "cifar-10-batches-py" / file).write_bytes(b"anything")
    monkeypatch.setattr("pickle.load", lambda *a, **k: pytest.fail("a pickle was opened"))
    with pytest.raises(BadData, match=f"{file}: expected the published file"):
        load(DataSpec(name="cifar10", data_dir=str(tmp_path)))


def test_adult_is_coded_as_in_the_paper(tmp_path):
    write_adult(tmp_path)
    data = load(DataSpec(name="adult", preprocess="none", data_dir=str(tmp_path)))
    assert data.ids.tolist() == [0, 1, 3, 4]  # row 2 has a "?"
    assert data.y.tolist() == [0, 1, 0, 1] == data.y_test.tolist()
    assert data.feature_names == (
        "age", "workclass=Local-gov", "workclass=Private", "fnlwgt", "education=Bachelors", "education=HS-grad",
        "education-num", "marital-status=not married", "occupation=Adm-clerical", "occupation=Sales", "race=Black",
        "race=Other", "sex=Female", "capital-gain", "capital-loss", "hours-per-week", "native-country=Cuba",
    )  # fmt: skip
    assert data.X[:, data.columns(("marital-status",))].ravel().tolist() == [1, 0, 1, 1]
    assert data.X[1].tolist() == [50, 0, 1, 83311, 0, 1, 9, 0, 0, 1, 1, 0, 0, 0, 5, 13, 0]
    assert data.groups["workclass"].dropped == "State-gov" and data.groups["marital-status"].dropped == "married"
    assert np.array_equal(data.X, data.X_test)


def test_adult_standardises_only_what_is_continuous(tmp_path):
    write_adult(tmp_path)
    data = load(DataSpec(name="adult", data_dir=str(tmp_path)))
    coded = [j for group in data.groups.values() for j in group.columns]
    assert np.array_equal(data.X[:, coded], data.source[:, coded])
    assert np.allclose(np.delete(data.X, coded, axis=1).mean(axis=0), 0)


def test_an_adult_test_row_with_an_unseen_level_is_left_out_and_counted(tmp_path):
    write_adult(tmp_path, test=(*ADULT, ADULT[0].replace("Cuba", "Holand-Netherlands")))
    data = load(DataSpec(name="adult", data_dir=str(tmp_path)))
    assert len(data.X_test) == 4 and any(note.startswith("1 test row is left out") for note in data.notes)


@pytest.mark.parametrize(
    ("line", "match"),
    [("39, State-gov, 77516", "row 1: expected 15 entries"), (ADULT[0].replace("<=50K", "50K"), "row 1"),
     (ADULT[0].replace("39", "old", 1), "column age: expected numbers")],
)  # fmt: skip
def test_a_damaged_adult_row_is_named(tmp_path, line, match):
    write_adult(tmp_path, train=(ADULT[1], line, ADULT[3]))
    with pytest.raises(BadData, match=f"adult.data: {match}"):
        load(DataSpec(name="adult", data_dir=str(tmp_path)))


def test_iwpc_is_coded_and_split_as_in_the_paper(tmp_path):
    write_iwpc(tmp_path)
    data = load(DataSpec(name="iwpc", data_dir=str(tmp_path)))
    assert data.feature_names == (
        "age", "amiodarone", "cyp2c9=12", "cyp2c9=13", "cyp2c9=22", "cyp2c9=23", "cyp2c9=33", "decr", "height",
        "race=black", "race=white", "vkorc1=CT", "vkorc1=TT", "weight",
    )  # fmt: skip
    assert [g.dropped for g in data.groups.values()] == ["11", "asian", "CC"] and data.columns(("vkorc1",)) == (11, 12)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0)).tolist()
    assert data.ids.tolist() == sorted(order[:24])
    i = data.ids[5]
    row = data.X[5]
    assert row[[0, 8, 13]].tolist() == pytest.approx([i / 10, -i, i * i])
    assert data.y[5] == pytest.approx(i / 7, abs=1e-4)  # written with four decimals
    assert row[11:13].tolist() == [float(i // 2 % 3 == 1), float(i // 2 % 3 == 2)]
    assert row[9:11].tolist() == [float(i % 3 == 1), float(i % 3 == 0)]


@pytest.mark.parametrize(
    ("change", "match"),
    [({"row_7": "white,0,0,0,0,0,44,CC,1"}, "row 7 has a race or genotype"),
     ({"row_7": "white,0,0,0,0,0,11,,1"}, "row 7 has a race or genotype"),
     ({"row_7": "white,,0,0,0,0,11,CC,1"}, "column 'age': expected finite"),
     ({"row_7": "white,0,0,0,0,0,11,CC,"}, "target: expected finite"),
     ({"row_7": "white,old,0,0,0,0,11,CC,1"}, "column age: expected numbers"),
     ({"row_7": "white,0,0,0,0,0,11,CC,much"}, "column dose: expected numbers"),
     ({"header": "race,age,height,weight,amio,decr,cyp2c9,vkorc1,dose"}, "amiodarone not found")],
)  # fmt: skip
def test_a_damaged_iwpc_file_is_named(tmp_path, change, match):
    write_iwpc(tmp_path, **change)
    with pytest.raises(BadData, match=match):
        load(DataSpec(name="iwpc", data_dir=str(tmp_path)))
