from pathlib import Path

import pytest

from fil_core.data import catalogue, resolve
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.specs import DataSpec, canonical

NAMES = ["digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "mnist1m", "breast-cancer", "diabetes", "uci-adult",
         "iwpc", "synthetic", "points", "grammar", "sonnets", "ptb", "text8"]  # fmt: skip


def test_the_catalogue_lists_every_name_with_title_citation_and_description():
    assert list(catalogue()) == NAMES
    for name, source in catalogue().items():
        assert source.name == name and source.title and source.citation and source.description.endswith(".")
        assert len(source.default_classes) in (0, 2)
    assert {n for n, s in catalogue().items() if s.downloadable} == {
        "mnist", "fashion-mnist", "cifar10", "cifar100", "uci-adult"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("uciadult", "uci-adult"), ("adult", "uci-adult"), ("Digits", "digits"), ("synthetic", "synthetic:2000x20"),
     ("synthetic:0300x4", "synthetic:300x4"), ("grammar", "grammar:400"), ("Grammar:0050", "grammar:50")],
)  # fmt: skip
def test_aliases_become_one_name(name, expected):
    assert resolve(DataSpec(name=name)).name == expected


def test_resolve_is_idempotent_and_does_not_depend_on_the_folder(monkeypatch):
    a = resolve(DataSpec(name="adult", data_dir="/one"))
    b = resolve(DataSpec(name="uci-adult", preprocess="standardise", data_dir="/two"))
    assert resolve(a) == a
    assert canonical(a) == canonical(b)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mnist", "unit-ball"), ("digits", "unit-ball"), ("adult", "standardise"), ("iwpc", "none"),
     ("breast-cancer", "standardise"), ("diabetes", "standardise"), ("synthetic", "none")],
)  # fmt: skip
def test_default_preprocessing(name, expected):
    assert resolve(DataSpec(name=name)).preprocess == expected
    assert resolve(DataSpec(name=name, preprocess="none")).preprocess == "none"


def test_the_data_directory_comes_from_argument_then_environment_then_cache(monkeypatch):
    monkeypatch.setenv("FIL_DATA_DIR", "/from-environment")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert resolve(DataSpec(data_dir="/given")).data_dir == "/given"
    assert resolve(DataSpec()).data_dir == "/from-environment"
    monkeypatch.delenv("FIL_DATA_DIR")
    assert resolve(DataSpec()).data_dir == "/cache/fil-explorer/data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert resolve(DataSpec()).data_dir == str(Path.home() / ".cache/fil-explorer/data")


@pytest.mark.parametrize("name", ["nist", "mnist:10x3", ""])
def test_the_error_for_an_unknown_name_lists_the_names(name):
    with pytest.raises(DataUnavailable, match="digits, mnist, .*text8; got"):
        resolve(DataSpec(name=name))


@pytest.mark.parametrize("size", ["", "10", "10x", "x3", "9x3", "20x0", "-20x3", "1000000x3072", "20x3x2"])
def test_an_invalid_synthetic_size_is_refused(size):
    with pytest.raises(BadRequest, match="expected synthetic:ROWSxCOLUMNS"):
        resolve(DataSpec(name=f"synthetic:{size}"))
