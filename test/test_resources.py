"""Finding the files that come with the package."""

from __future__ import annotations

import pytest

from bharnet_ros.resources import find_resource


@pytest.mark.parametrize(
    "name",
    [
        "package.xml",
        "config/recognize.yaml",
        "launch/recognize.launch.py",
        "models/gestures/model.json",
        "models/gestures/weights.safetensors",
        "msg/ActionEvent.msg",
    ],
)
def test_finds_what_comes_with_the_package(name: str) -> None:
    assert find_resource(name).is_file()


def test_names_the_missing_path() -> None:
    with pytest.raises(FileNotFoundError, match=r"share/bharnet_ros/models/no_such_model"):
        find_resource("models/no_such_model")
