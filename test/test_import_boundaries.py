"""Which part of the package may know which other part: read from the import statements."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import bharnet_ros

ROS = {"ament_index_python", "builtin_interfaces", "launch", "launch_ros", "message_filters"}
ROS_PREFIXES = ("rcl", "rosidl_", "rmw_")
GENERATED = "bharnet_ros.msg"


def _read_modules() -> dict[str, tuple[ast.Module, bool]]:
    """Return (syntax tree, whether it is a package) of all our modules, by dotted name."""
    root = Path(bharnet_ros.__file__).parent
    modules = {}
    for file in root.rglob("*.py"):
        parts = (root.name, *file.relative_to(root).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        if not name.startswith(GENERATED):
            modules[name] = (ast.parse(file.read_text(encoding="utf-8")), is_package)
    return modules


MODULES = _read_modules()


def _statements(name: str) -> Iterator[str]:
    """Yield the absolute name of everything that a module imports, inside functions too."""
    tree, is_package = MODULES[name]
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*parent, *filter(None, [source])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _direct(name: str) -> frozenset[str]:
    """Return what a module imports: our modules by full name, others by their top-level name."""
    found = set()
    for imported in _statements(name):
        if imported.startswith(GENERATED):
            found.add(GENERATED)
        elif imported.split(".")[0] == "bharnet_ros":
            parts = imported.split(".")
            ancestors = (".".join(parts[: end + 1]) for end in range(len(parts)))
            found.update(module for module in ancestors if module in MODULES)
        else:
            found.add(imported.split(".")[0])
    return frozenset(found - {name})


def _reached(name: str) -> set[str]:
    """Return everything that is imported, by however many steps, when a module is."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        for imported in _direct(waiting.pop()) - reached:
            reached.add(imported)
            if imported in MODULES:
                waiting.append(imported)
    return reached


def _in(name: str, *parents: str) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def _is_ros(name: str) -> bool:
    return (
        name in ROS or name == GENERATED or name.endswith("_msgs") or name.startswith(ROS_PREFIXES)
    )


def _modules_of(*parents: str) -> list[str]:
    names = sorted(name for name in MODULES if _in(name, *parents))
    assert names, f"no module of {', '.join(parents)} is installed"
    return names


@pytest.mark.parametrize("name", sorted(MODULES))
def test_only_nodes_and_conversions_import_ros(name: str) -> None:
    if not _in(name, "bharnet_ros.nodes", "bharnet_ros.conversions"):
        assert not [imported for imported in _direct(name) if _is_ros(imported)]


@pytest.mark.parametrize("name", _modules_of("bharnet_ros.replay", "bharnet_ros.evaluation"))
def test_replay_and_evaluation_never_reach_ros(name: str) -> None:
    assert not [imported for imported in _reached(name) if _is_ros(imported)]


@pytest.mark.parametrize("name", _modules_of("bharnet_ros.pose", "bharnet_ros.puppet"))
def test_pose_and_puppet_never_reach_torch(name: str) -> None:
    assert "torch" not in _reached(name)


@pytest.mark.parametrize("name", _modules_of("bharnet_ros.network"))
def test_network_knows_torch_numpy_and_layouts_only(name: str) -> None:
    foreign = {
        imported
        for imported in _reached(name) - {"torch", "numpy", "bharnet_ros"}
        if imported not in sys.stdlib_module_names
        and not _in(imported, "bharnet_ros.network", "bharnet_ros.skeleton", "bharnet_ros.crops")
    }
    assert not foreign


@pytest.mark.parametrize("name", _modules_of("bharnet_ros.nodes"))
def test_nodes_never_reach_training(name: str) -> None:
    forbidden = ("bharnet_ros.training", "bharnet_ros.datasets")
    assert not [imported for imported in _reached(name) if _in(imported, *forbidden)]
