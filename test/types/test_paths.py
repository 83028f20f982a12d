"""Paths of users: home folders are expanded, and an unknown one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.paths import expand_home


def test_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand_home("~/clip.mp4", "source") == tmp_path / "clip.mp4"
    assert expand_home(Path("videos/clip.mp4"), "source") == Path("videos/clip.mp4")


def test_the_home_folder_of_an_unknown_user_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"^model: '~no_such_user/a': the home folder is unknown$"):
        expand_home("~no_such_user/a", "model")
