"""Results are written whole or not at all, and errors name the path that the user gave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from full_disk import full_disk

from bharnet_ros.types.files import unfinished_folder, write_whole
from bharnet_ros.types.paths import check_unused


def test_full_disk_leaves_the_old_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "keypoints.npz"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="File too large") as failure, full_disk():
        write_whole(path, b"new" * 1000)
    assert failure.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "folder" / "file")
    (tmp_path / "folder").mkdir()
    write_whole(link, b"new")
    assert link.is_symlink() and (tmp_path / "folder" / "file").read_bytes() == b"new"
    read_end, write_end = os.pipe()
    write_whole(Path(f"/dev/fd/{write_end}"), b"new")
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        assert pipe.read() == b"new"


@pytest.mark.parametrize("place", ["missing/keypoints.npz", "file/keypoints.npz"])
def test_path_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=str(tmp_path / place)):
        write_whole(tmp_path / place, b"new")


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match=str(tmp_path / "file" / "report")) as failure,
        unfinished_folder(tmp_path / "file" / "report"),
    ):
        pass
    assert "unfinished" not in str(failure.value)


def test_unfinished_folder_vanishes_with_its_hidden_parent(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), unfinished_folder(tmp_path / "report") as fresh:
        (fresh / "page").touch()
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_finished_folder_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    with unfinished_folder(tmp_path / "report") as fresh:
        fresh.rename(tmp_path / "report")
    (tmp_path / "other").mkdir()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 2 and len(modes) == 1


def test_empty_folder_is_unused(tmp_path: Path) -> None:
    check_unused(tmp_path, force=False)
    check_unused(tmp_path / "new", force=False)
    (tmp_path / "file").touch()
    check_unused(tmp_path, force=True)
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(FileExistsError, match=f"{path} exists already; --force"):
            check_unused(path, force=False)
