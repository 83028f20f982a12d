"""Finding the files that come with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.resources import find_model, find_resource


@pytest.mark.parametrize(
    "name",
    [
        "package.xml",
        "action/WaitForAction.action",
        "config/reactions.yaml",
        "config/recognize.yaml",
        "launch/recognize.launch.py",
        "models/gestures/model.json",
        "models/gestures/weights.safetensors",
        "msg/ActionEvent.msg",
    ],
)
def test_finds_the_files_of_the_package(name: str) -> None:
    assert find_resource(name).is_file()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"/models/no_such_model does not exist"):
        find_resource("models/no_such_model")


def test_finds_a_model_by_its_name_or_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_model("gestures") == find_resource("models/gestures")
    assert find_model(tmp_path / "elsewhere") == tmp_path / "elsewhere"
    (tmp_path / "gestures").mkdir()
    # A gesture set may have this name, too.
    assert find_model("gestures") == find_resource("models/gestures")
    (tmp_path / "gestures" / "model.json").touch()
    assert find_model("gestures") == Path("gestures")
    (tmp_path / "mine").mkdir()
    assert find_model("mine") == Path("mine")


def test_a_missing_model_is_named() -> None:
    with pytest.raises(
        FileNotFoundError,
        match=r"'gestrues' is neither .* in the package, which has gestures, gest",
    ):
        find_model("gestrues")
    with pytest.raises(
        FileNotFoundError, match="model: '~no_such_user': the home folder is unknown"
    ):
        find_model("~no_such_user")
