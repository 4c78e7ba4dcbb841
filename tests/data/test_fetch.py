"""Downloads, simulated: no test opens a connection."""

import sys
import time
import urllib.error

import pytest
from data_files import write_adult, write_mnist_like

from fil_core.data import fetch, load
from fil_core.errors import DataUnavailable
from fil_core.specs import DataSpec


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(fetch, "_POLL_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("name", "file"),
    [("mnist", "MNIST/raw/train-images-idx3-ubyte"), ("fashion-mnist", "FashionMNIST/raw/"),
     ("cifar10", "cifar-10-batches-py/data_batch_1"), ("cifar100", "cifar-100-python/train"),
     ("uci-adult", "uciadult/adult.data")],
)  # fmt: skip
def test_without_a_network_the_error_names_files_folder_cause_and_remedy(tmp_path, name, file):
    with pytest.raises(DataUnavailable) as caught:
        load(DataSpec(name=name, data_dir=str(tmp_path)))
    text = str(caught.value)
    for part in (file, str(tmp_path), "FIL_DATA_DIR", "--data-dir", "the download failed", "no network in tests"):
        assert part in text
    assert not list(tmp_path.iterdir())  # nothing is left behind


def test_a_data_set_without_a_download_source_is_reported(tmp_path):
    with pytest.raises(DataUnavailable, match="iwpc/iwpc-scaled.csv in .* cannot be downloaded automatically"):
        load(DataSpec(name="iwpc", data_dir=str(tmp_path)))


def test_a_download_reports_progress_and_is_moved_into_place(tmp_path, monkeypatch, capsys):
    def download(root):
        print("output of a downloader")
        write_adult(root)
        time.sleep(0.1)

    reports = []
    monkeypatch.setitem(fetch.DOWNLOADS, "uci-adult", download)
    data = load(DataSpec(name="adult", data_dir=str(tmp_path)), progress=lambda *report: reports.append(report))
    assert data.n == 4
    assert [p.name for p in tmp_path.iterdir()] == ["uciadult"]
    assert len(reports) > 2 and reports[-1][0] == reports[-1][1] > 1000
    assert reports[0][2] == "downloading uci-adult (bytes)"
    out = capsys.readouterr()
    assert out.out == "" and "output of a downloader" in out.err and sys.stdout is not sys.stderr


def test_existing_files_are_neither_downloaded_nor_replaced(tmp_path, monkeypatch):
    X = write_mnist_like(tmp_path / "MNIST/raw")
    kept = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    (tmp_path / "MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    before = kept.stat().st_mtime_ns
    monkeypatch.setitem(fetch.DOWNLOADS, "mnist", lambda root: write_mnist_like(root / "MNIST/raw"))
    assert load(DataSpec(name="mnist", data_dir=str(tmp_path))).n == len(X)
    assert kept.stat().st_mtime_ns == before
    monkeypatch.setitem(fetch.DOWNLOADS, "mnist", lambda root: pytest.fail("downloaded again"))
    load(DataSpec(name="mnist", data_dir=str(tmp_path)))


def test_a_download_of_wrong_files_or_into_a_file_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(fetch.DOWNLOADS, "uci-adult", lambda root: None)
    with pytest.raises(DataUnavailable, match="the download failed: .*adult.data"):
        load(DataSpec(name="adult", data_dir=str(tmp_path)))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnavailable, match="the download failed"):
        load(DataSpec(name="adult", data_dir=str(tmp_path / "file")))


def test_a_progress_callback_that_raises_ends_the_load(tmp_path, monkeypatch):
    monkeypatch.setitem(fetch.DOWNLOADS, "uci-adult", lambda root: time.sleep(0.05))

    def cancel(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(DataSpec(name="adult", data_dir=str(tmp_path)), progress=cancel)
    assert not list(tmp_path.iterdir())
