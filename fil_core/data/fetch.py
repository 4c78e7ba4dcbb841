"""Find the files of a data set; download the missing ones."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from fil_core.errors import DataUnavailable
from fil_core.progress import Progress

_POLL_SECONDS = 0.5
_STALL_SECONDS = 30.0
_ADULT_URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/"
_ADULT_MD5 = {
    "adult.data": "5d7c39d7b8804f071cdd1f2a7c460872",
    "adult.test": "35238206dfdf7f1fe215bbb874adecdc",
}


def _mnist(root: Path) -> None:
    from torchvision.datasets import MNIST

    MNIST(root, download=True)


def _fashion_mnist(root: Path) -> None:
    from torchvision.datasets import FashionMNIST

    FashionMNIST(root, download=True)


def _cifar10(root: Path) -> None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_and_extract_archive

    download_and_extract_archive(CIFAR10.url, root, filename=CIFAR10.filename, md5=CIFAR10.tgz_md5)


def _cifar100(root: Path) -> None:
    from torchvision.datasets import CIFAR100
    from torchvision.datasets.utils import download_and_extract_archive

    download_and_extract_archive(CIFAR100.url, root, filename=CIFAR100.filename, md5=CIFAR100.tgz_md5)


def _uci_adult(root: Path) -> None:
    from torchvision.datasets.utils import download_url

    for name, md5 in _ADULT_MD5.items():
        download_url(_ADULT_URL + name, root / "uciadult", filename=name, md5=md5)


# Each function downloads into the folder passed to it, in the layout of a data directory, and checks the md5 sums.
DOWNLOADS: dict[str, Callable[[Path], None]] = {
    "mnist": _mnist,
    "fashion-mnist": _fashion_mnist,
    "cifar10": _cifar10,
    "cifar100": _cifar100,
    "uci-adult": _uci_adult,
}


def ensure(name: str, root: Path, files: tuple[str, ...], *, progress: Progress | None = None) -> list[Path]:
    """The files of a data set; missing ones are downloaded first where a source is known (`DOWNLOADS`).

    Args:
        name: of the data set, as in the catalogue.
        root: the data directory.
        files: paths relative to `root`.
        progress: called from this thread about twice a second with the bytes downloaded so far.

    Returns:
        Absolute paths, in the order of `files`; all of them exist.

    Raises:
        DataUnavailable: files are missing and could not be downloaded.
    """
    missing = tuple(f for f in files if not (root / f).is_file())
    if missing and name not in DOWNLOADS:
        raise unavailable(name, root, missing, "it cannot be downloaded automatically")
    if missing:
        try:
            _fetch(name, root, missing, progress)
        except Exception as error:  # network, disk, md5, no torchvision: the advice to the user is the same
            cause = " ".join(str(error).split())[:300] or type(error).__name__
            raise unavailable(name, root, missing, f"the download failed: {cause}") from error
    return [root / f for f in files]


def unavailable(name: str, root: Path, files: tuple[str, ...], cause: str) -> DataUnavailable:
    """The error for missing files: which ones, in which folder, why, and how to provide them.

    Args:
        name: of the data set.
        root: the data directory.
        files: paths relative to `root` of the missing files.
        cause: why they are missing, as a clause.
    """
    return DataUnavailable(
        f"{name}: expected {', '.join(files)} in {root}; {cause}. "
        "Put the files there, or point --data-dir or the environment variable FIL_DATA_DIR at a folder that has them."
    )


def _fetch(name: str, root: Path, missing: tuple[str, ...], progress: Progress | None) -> None:
    """Download into a temporary folder and rename, so that a failed download leaves no partial files."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as folder:
        temporary = Path(folder)
        with _quiet(), ThreadPoolExecutor(1) as pool:
            _watch(pool.submit(DOWNLOADS[name], temporary), temporary, f"downloading {name} (bytes)", progress)
        for file in missing:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary / file, root / file)


def _watch(download: Future[None], folder: Path, description: str, progress: Progress | None) -> None:
    """Report the size of `folder` until the download ends; raise what it raised.

    torchvision has no progress hook, so the size on disk is polled; the total is unknown.
    """
    while not wait([download], timeout=_POLL_SECONDS).done:
        if progress:
            progress(_size(folder), None, description)
    download.result()
    if progress:
        progress(_size(folder), _size(folder), description)


def _size(folder: Path) -> int:
    """Total bytes of the files below a folder that another thread is writing to."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send torchvision's output to stderr, as results are printed to stdout, and time out a stalled connection."""
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)  # torchvision opens URLs without a timeout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(timeout)
