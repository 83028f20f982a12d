"""Open any data set by its path."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.datasets.base import ClipDataset
from bharnet_ros.datasets.readers.cropped import CroppedClips, holds_cropped
from bharnet_ros.datasets.readers.ground_guide import read_ground_guide
from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.datasets.readers.ntu.reader import read_ntu
from bharnet_ros.datasets.readers.nucla import read_nucla
from bharnet_ros.datasets.readers.pku_mmd.reader import read_pku_mmd
from bharnet_ros.datasets.readers.utd_mhad import read_utd_mhad
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import array_names

_NTU_EDITIONS = {"ntu": None, "ntu60": 60, "ntu120": 120}

KINDS = (
    *("holistic_wild", "nucla", "utd_mhad", *_NTU_EDITIONS),
    *("pku_mmd", "ground_guide", "cropped"),
)
"""Every kind of data set; `ntu` takes the edition that the clips belong to."""


def open_dataset(
    path: Path,
    kind: str | None = None,
    *,
    hands: Path | None = None,
    missing: Path | None = None,
) -> ClipDataset:
    """Open a data set.

    Args:
        path: File or folder of the data set.
        kind: One of `KINDS`; None guesses it from the files.
        hands: For data sets of depth cameras, folder of keypoints that `bharnet data extract`
            wrote for their videos.
        missing: For NTU RGB+D, the authors' list of samples with missing skeletons.

    Raises:
        InputError: The kind is unknown or cannot be guessed, an option does not fit the kind, or
            the data set is broken; names the option or file.
        OSError: A file cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if kind is None:
        kind = guess_kind(path)
    elif kind not in KINDS:
        raise InputError(f"kind: {kind!r} is unknown; known are: {', '.join(KINDS)}")
    if missing is not None and kind not in _NTU_EDITIONS:
        raise InputError(f"missing: does not apply to {kind}, whose skeletons are complete")
    if kind == "holistic_wild":
        if hands is not None:
            raise InputError(f"hands: does not apply to {kind}, which has hands of its own")
        return read_holistic_wild(path)
    if kind == "ground_guide":
        if hands is not None:
            raise InputError(f"hands: does not apply to {kind}, whose videos were not published")
        return read_ground_guide(path)
    if kind == "cropped":
        if hands is not None:
            raise InputError(f"hands: does not apply to {kind}, which has hands of its own")
        return CroppedClips(path)
    if kind == "nucla":
        return read_nucla(path, hands=hands)
    if kind == "utd_mhad":
        return read_utd_mhad(path, hands=hands)
    if kind == "pku_mmd":
        return read_pku_mmd(path, hands=hands)
    assert kind in _NTU_EDITIONS, f"{kind} is in KINDS, but nothing here opens it"
    return read_ntu(path, edition=_NTU_EDITIONS[kind], missing=missing, hands=hands)


def guess_kind(path: Path) -> str:
    """Guess the kind of a data set from its files.

    Raises:
        InputError: The files fit no kind; the message lists the known kinds.
    """
    if path.is_file():
        if path.suffix == ".npz":
            arrays = array_names(path)
            if "body_xy_delta" in arrays:
                return "holistic_wild"
            if {"names", "offsets"} <= arrays and arrays & {"skeletons", "skeletons_mm"}:
                return "nucla"
            if {"names", "offsets", "xy", "label"} <= arrays:
                return "ground_guide"
    elif next(path.rglob("*.skeleton"), None):
        return "ntu"
    elif next(path.rglob("a[0-9][0-9]_s[0-9][0-9]_e[0-9][0-9]_v[0-9][0-9].json"), None):
        return "nucla"
    elif next(path.rglob("a*_s*_t*_skeleton.mat"), None):
        return "utd_mhad"
    elif next(path.rglob("*-[LMR].txt"), None):
        return "pku_mmd"
    elif holds_cropped(path):
        return "cropped"
    raise InputError(f"{path}: cannot tell what data set this is; known are: {', '.join(KINDS)}")
