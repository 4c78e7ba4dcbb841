"""Images in class folders, optionally below train/ and test/ or val/: which files are read, and with which class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fil_core.data.own import archives, limits
from fil_core.data.own.content import passed_over
from fil_core.errors import BadData

Files = list[tuple[str, Callable[[], bytes]]]

SUFFIXES = (
    ".png",
    ".apng",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".jif",
    ".pjpeg",
    ".pjp",
    ".mpo",
    ".bmp",
    ".dib",
    ".gif",
    ".webp",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
    ".tif",
    ".tiff",
)  # fmt: skip - of the formats in `decoding`
# Suffixes of pictures in other formats: of phones and the web, of programs, of raw cameras, and of science.
_OTHER_FORMATS = (
    ".heic .heif .hif .avif .avifs .jxl .jp2 .j2k .j2c .jpf .jpx .jpc .jpm .jxr .wdp .hdp .bpg .flif .qoi .svg .svgz "
    ".tga .icb .vda .vst .pcx .dcx .psd .psb .xcf .kra .eps .emf .wmf .ico .cur .icns .dds .exr .hdr .pic .pict .pct "
    ".sgi .rgb .rgba .bw .ras .sun .xbm .xpm .pam .pfm .fli .flc .djvu "
    ".raw .dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .rw2 .rwl .raf .pef .ptx .srw .3fr .fff .erf .kdc .dcr "
    ".mrw .x3f .iiq .mos .mef .gpr .dcm .dicom .nii .mha .mhd .nrrd .fit .fits .svs .ndpi .czi"
)
_UNREADABLE = frozenset(_OTHER_FORMATS.split())
_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}  # fmt: skip - by the name of their folder


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image in an archive or folder.

    Attributes:
        path: relative to the top of the archive or folder, with slashes.
        split: train, test, or empty where there are no such folders.
        label: name of its class folder.
        read: returns its bytes.
    """

    path: str
    split: str
    label: str
    read: Callable[[], bytes]


@contextmanager
def open_images(path: Path) -> Iterator[tuple[list[ImageFile], list[str]]]:
    """The images of a folder or zip in the sorted order of their names, with their split and class; and notes.

    Raises:
        BadData: a damaged archive; files that cannot be read; no class folders, or only one; or folders that do not fit
            together.
    """
    with archives.open_files(path) as (files, notes):
        images, more = _images(files, path.name)
        yield images, [*notes, *more]


@contextmanager
def open_pictures(path: Path) -> Iterator[tuple[Files, list[str]]]:
    """The images of a folder or zip in any layout, in the sorted order of their names; and notes.

    Raises:
        BadData: a damaged archive, no images, or images in formats that are not read.
    """
    with archives.open_files(path) as (files, notes):
        candidates, others, hidden = _by_kind(files, path.name)
        yield candidates, [*notes, *_file_notes(others, hidden)]


def _by_kind(files: Files, name: str) -> tuple[Files, list[str], list[str]]:
    """The images, and the names of other files and of hidden ones."""
    hidden = [path for path, _ in files if passed_over(path)]
    visible = [(path, read) for path, read in files if not passed_over(path)]
    candidates = [(path, read) for path, read in visible if _suffix(path) in SUFFIXES]
    others = [path for path, _ in visible if _suffix(path) not in SUFFIXES]
    _check_readable(others, name)
    if not candidates:
        got = f"{_counted(len(others), 'other file')}, such as {others[0][:60]!r}" if others else "no files at all"
        raise BadData(f"{name}: expected images ({', '.join(SUFFIXES)}); got {got}.")
    return candidates, others, hidden


def _images(files: Files, name: str) -> tuple[list[ImageFile], list[str]]:
    candidates, others, hidden = _by_kind(files, name)
    top = _wrapper([path for path, _ in candidates])
    images = [_image_file(path, read, len(top), name) for path, read in candidates]
    if any(image.split for image in images) and not all(image.split for image in images):
        outside = next(image.path for image in images if not image.split)
        raise BadData(f"{name}: expected all images below train/, test/ or val/, as some are; {outside[:80]!r} is not.")
    _check_folders(images, [path for path in others if PurePosixPath(path).parts[: len(top)] == top], len(top), name)
    used, split_notes = _held_out(images)
    _check_labels(used, name)
    return used, [*split_notes, *_file_notes(others, hidden)]


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _check_readable(others: list[str], name: str) -> None:
    """Raise BadData for pictures in formats that are not read: without them a class would be smaller, or gone."""
    if unread := [path for path in others if _suffix(path) in _UNREADABLE]:
        kinds = ", ".join(sorted({_suffix(path) for path in unread}))
        raise BadData(
            f"{name}: expected images in other formats than {kinds[:80]}; got {_counted(len(unread), 'such file')}, "
            f"the first of them {unread[0][:80]!r}. Convert them to PNG or JPEG, or take them out."
        )


def _wrapper(paths: list[str]) -> tuple[str, ...]:
    """The single folder around all class folders, as the first parts of a path; empty if there is none."""
    parts = [PurePosixPath(path).parts for path in paths]
    nested = all(len(each) > 2 for each in parts)
    tops = {each[0] for each in parts}
    return parts[0][:1] if len(tops) == 1 and nested and parts[0][0].lower() not in _SPLITS else ()


def _placed(path: str, depth: int) -> tuple[str, tuple[str, ...]]:
    """Split and remaining parts of a path, without its first `depth` folders."""
    parts = PurePosixPath(path).parts[depth:]
    split = _SPLITS.get(parts[0].lower(), "") if len(parts) > 2 else ""
    return split, parts[1:] if split else parts


def _image_file(path: str, read: Callable[[], bytes], depth: int, name: str) -> ImageFile:
    split, parts = _placed(path, depth)
    if len(parts) != 2:
        raise BadData(
            f"{name}: expected class folders with images in them, such as cats/1.png or train/cats/1.png; got "
            f"{path[:80]!r}."
        )
    return ImageFile(path, split, limits.check_name(f"{name}: class folder", parts[0]), read)


def _check_folders(images: list[ImageFile], others: list[str], depth: int, name: str) -> None:
    """Raise BadData for a class folder of which no file is an image: the class would be gone without a word."""
    with_images = {(image.split, image.label) for image in images}
    for path in others:
        split, parts = _placed(path, depth)
        if len(parts) == 2 and (split, parts[0]) not in with_images:
            raise BadData(
                f"{name}: expected images in every class folder; {path[: -len(parts[1])][:80]!r} has other files only, "
                f"such as {parts[1][:80]!r}. Convert them to PNG or JPEG, or take the folder out."
            )


def _held_out(images: list[ImageFile]) -> tuple[list[ImageFile], list[str]]:
    """The images in use, with val/ as the test split where there is no test/; and notes on val/."""
    held = [image for image in images if image.split == "val"]
    if not held:
        return images, []
    if any(image.split == "test" for image in images):
        used = [image for image in images if image.split != "val"]
        verb = "is" if len(held) == 1 else "are"
        return used, [f"test/ is the test split; {_counted(len(held), 'image')} in val/ {verb} not used."]
    as_test = [ImageFile(i.path, "test" if i.split == "val" else i.split, i.label, i.read) for i in images]
    return as_test, ["val/ is the test split."]


def _check_labels(images: list[ImageFile], name: str) -> None:
    labels = sorted({image.label for image in images if image.split != "test"})
    if len(labels) < 2:
        raise BadData(
            f"{name}: expected at least two class folders to train on; got {', '.join(map(repr, labels)) or 'none'}."
        )
    if unknown := next((image for image in images if image.label not in labels), None):
        raise BadData(
            f"{name}: expected the same classes for training and testing; {unknown.label!r} is in the test split only, "
            f"as {unknown.path[:80]!r}."
        )


def _file_notes(others: list[str], hidden: list[str]) -> list[str]:
    notes = []
    if others:
        verb = "is passed over as it is no image" if len(others) == 1 else "are passed over as they are no images"
        notes.append(f"{_counted(len(others), 'file')} {verb}, such as {others[0][:60]}.")
    if hidden:
        verb = "is" if len(hidden) == 1 else "are"
        notes.append(f"{_counted(len(hidden), 'hidden or system file')} {verb} passed over, such as {hidden[0][:60]}.")
    return notes
