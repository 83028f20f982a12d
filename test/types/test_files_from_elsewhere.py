"""Archives of arrays that were damaged or forged, and how errors about them are shown."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.types.errors import LONGEST_LINE, InputError, one_line
from bharnet_ros.types.files import open_npz, read_arrays


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "label.npy is not an array"),
        (b"#!/bin/sh\n", "label.npy is not an array"),
        (header("{'descr': ["), "cannot be read"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (10**15,)}"), "cannot be read"),
        (npy(np.array(["ab"]))[:-8] + b"\xff" * 8, "label: is not text"),
        (npy(np.zeros(2**29, dtype=np.uint8)), "far larger unpacked than packed"),
    ],
    ids=["empty", "no array", "broken header", "endless", "no characters", "bomb"],
)
def test_an_array_that_cannot_be_read_is_refused_with_the_file(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = archive(tmp_path / "clips.npz", label=content)
    with pytest.raises(InputError, match=rf"clips\.npz: .*{message}"):
        read_arrays(path, {"label": (None,)}, ("label",))


def test_arrays_of_zeros_may_be_much_smaller_packed(tmp_path: Path) -> None:
    path = archive(tmp_path / "clips.npz", hands=npy(np.zeros(2**24, dtype=np.uint8)))
    with open_npz(path, "cannot be read") as arrays:
        assert len(arrays["hands"]) == 2**24


def test_an_error_is_shown_as_one_printable_line_that_ends() -> None:
    assert one_line("a file:\n  line 2\r\n  is  wrong") == "a file: line 2 is  wrong"
    assert one_line("label '\x1b[2J\udce9\x07é'") == r"label '\x1b[2J\udce9\x07é'"
    long = one_line("x" * 10_000)
    assert len(long) == LONGEST_LINE
    assert long.endswith("x ...")
