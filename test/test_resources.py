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


def test_names_what_is_missing_and_where_it_looked() -> None:
    with pytest.raises(FileNotFoundError, match=r"models/no_such_model.*share/bharnet_ros"):
        find_resource("models/no_such_model")
