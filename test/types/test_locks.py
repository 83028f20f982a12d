"""A file that one process at a time holds."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.types.locks import leave_lock, take_lock


def test_a_lock_is_held_once_and_is_gone_when_it_is_left(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "one.lock"
    lock = take_lock(path)
    assert lock is not None and path.exists()
    assert take_lock(path) is None
    leave_lock(lock)
    assert not path.exists()
    again = take_lock(path)
    assert again is not None
    leave_lock(again)


def test_a_lock_whose_file_was_left_behind_can_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    path.write_text("")
    lock = take_lock(path)
    assert lock is not None
    # Somebody else may have deleted it meanwhile.
    path.unlink()
    leave_lock(lock)
