"""ROS packages that only some options need, and that may be missing."""

from __future__ import annotations

import importlib
from typing import Any

from bharnet_ros.types.errors import InputError

_PACKAGES = {"tf2_ros": "tf2_ros_py"}
"""Packages by the names of their modules, where these differ: tf2_ros is the one for C++."""


def import_package(module: str, needed_by: str) -> Any:
    """Return a module of a ROS package.

    Args:
        module: Name of the module, such as "hri_msgs.msg".
        needed_by: The node or the parameter that needs it, for the error.

    Raises:
        InputError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        package = _PACKAGES.get(name, name)
        raise InputError(
            f"{needed_by}: needs {package}, which is not installed: "
            f"sudo apt install ros-jazzy-{package.replace('_', '-')}"
        ) from error
