"""Weights of networks in files: what is read, in which precision, and what is refused."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file
from torch import nn

from fil_core.data.own import network
from fil_core.data.own.network import read_network
from fil_core.errors import BadData, DataUnavailable


def saved(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / "model.safetensors"
    save_file(arrays, path)
    return path


def test_a_state_dict_is_read_by_its_names(tmp_path):
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    path = tmp_path / "Model.SafeTensors"
    save_torch_file(module.state_dict(), path)
    arrays = read_network(path)
    assert list(arrays) == sorted(module.state_dict())
    for name, value in module.state_dict().items():
        assert np.array_equal(arrays[name], value.numpy())
    assert arrays["1.num_batches_tracked"].shape == ()


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (torch.float64, np.float64),
        (torch.float32, np.float32),
        (torch.float16, np.float32),
        (torch.bfloat16, np.float32),
        (torch.int64, np.int64),
        (torch.int8, np.int64),
        (torch.uint8, np.int64),
    ],
)
def test_every_number_is_kept_exactly(stored, read, tmp_path):
    values = torch.tensor([[1.7, 2.0], [3.3, 120.0]], dtype=torch.float64).to(stored)
    path = tmp_path / "model.safetensors"
    save_torch_file({"0.weight": values}, path)
    array = read_network(path)["0.weight"]
    assert array.dtype == read
    assert array.tolist() == values.double().tolist()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "from 1 to 10,000 arrays in model.safetensors; got 0"),
        ({"0.weight": torch.zeros(3, dtype=torch.bool)}, "got BOOL in 0.weight"),
        ({"0.weight": torch.zeros(3, dtype=torch.complex64)}, "got C64 in 0.weight"),
        ({"0.weight": torch.ones(2), "2.bias": torch.tensor([1.0, float("nan")])}, "got nan in 2.bias"),
        ({"0.weight": torch.tensor([float("-inf")])}, "finite weights in model.safetensors; got -inf in 0.weight"),
        ({"a\nb": torch.zeros(3)}, "printable name"),
        ({"a" * 201: torch.zeros(3)}, "printable name"),
    ],
)
def test_what_are_no_weights_is_refused(arrays, message, tmp_path):
    path = tmp_path / "model.safetensors"
    save_torch_file(arrays, path)
    with pytest.raises(BadData, match="^initial: ") as refusal:
        read_network(path)
    assert message in str(refusal.value) and "model.safetensors" in str(refusal.value)


def test_all_numbers_and_arrays_are_counted_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "_array", lambda *_: pytest.fail("read"))
    path = saved(tmp_path, a=np.zeros(60), b=np.zeros((3, 20)))
    monkeypatch.setattr(network, "_MOST_WEIGHTS", 119)
    with pytest.raises(BadData, match=r"at most 119 numbers in model\.safetensors; got 120"):
        read_network(path)
    monkeypatch.setattr(network, "_MOST_WEIGHTS", 120)
    monkeypatch.setattr(network, "_MOST_ARRAYS", 1)
    with pytest.raises(BadData, match="from 1 to 1 arrays"):
        read_network(path)


class Opened:
    def __reduce__(self):
        return (Path("/tmp/a-network-pickle-was-opened").touch, ())


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".safetensors", "model.safetensors cannot be read"),
        (".pt", r"expected a \.safetensors file; got model\.pt\. .*save_file"),
        (".npz", r"expected a \.safetensors file; got model\.npz"),
    ],
)
def test_a_pickle_is_not_opened_under_any_name(suffix, message, tmp_path):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(Opened()))
    with pytest.raises(BadData, match=message):
        read_network(path)
    assert not Path("/tmp/a-network-pickle-was-opened").exists()


@pytest.mark.parametrize("cut", [0, 4, 30, -8])
def test_a_file_that_is_cut_off_is_refused(cut, tmp_path):
    path = saved(tmp_path, theta=np.ones(3))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadData, match="model.safetensors"):
        read_network(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises((BadData, DataUnavailable), match="none.safetensors"):
        read_network(tmp_path / "none.safetensors")


def forged(folder: Path, header: dict[str, object], content: bytes, size: int | None = None) -> Path:
    """A file whose header is written by hand."""
    text = json.dumps(header).encode()
    path = folder / "net.safetensors"
    path.write_bytes(struct.pack("<Q", len(text) if size is None else size) + text + content)
    return path


def entry(shape: object, offsets: object, dtype: str = "F32") -> dict[str, object]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (entry([10**6, 10**6], [0, 4 * 10**12]), None),
        (entry([10**6, 10**6], [0, 24]), None),
        (entry([3], [0, 24]), None),
        (entry([2**63, 2], [0, 24]), None),
        (entry([-6], [0, 24]), None),
        (entry([6], [8, 32]), None),
        (entry([6], [0, 24]) | {"b": entry([6], [0, 24])["a"]}, None),
        (entry([6], [0, 24]), 2**62),
        (entry([6], [0, 24]), 0),
    ],
    ids=[
        "beyond the end", "a large shape", "a small shape", "an overflow", "a negative shape", "shifted",
        "shared bytes", "a large header", "no header",
    ],
)  # fmt: skip
def test_a_file_that_lies_about_its_sizes_is_refused(header, size, tmp_path):
    with pytest.raises(BadData, match=r"^initial: expected a safetensors file of numbers; net\.safetensors cannot be"):
        read_network(forged(tmp_path, header, bytes(24), size))


def test_the_same_header_with_true_sizes_is_read(tmp_path):
    assert read_network(forged(tmp_path, entry([2, 3], [0, 24]), bytes(24)))["a"].tolist() == [[0, 0, 0]] * 2
