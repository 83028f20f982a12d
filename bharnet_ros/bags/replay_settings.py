"""What a replay is told: where it starts, with which model, and the parameters of the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bharnet_ros.bags.topics import Stage
from bharnet_ros.resources import find_resource
from bharnet_ros.types.errors import InputError

DEFAULTS = "config/recognize.yaml"
_PARAMETERS = "ros__parameters"
_EVERYWHERE = ("/**", "**")


@dataclass(frozen=True)
class ReplaySettings:
    """How recordings are replayed.

    Attributes:
        stage: Where to start; None for the latest stage that was recorded.
        topic: Topic to start from; None for the only one.
        model: Name or folder of a model bundle; None for that of the parameters, or for what a
            recording of scores says.
        device: Where to compute; None for that of the parameters.
        parameter_file: Parameters of the nodes that replace those of config/recognize.yaml.
        max_people: How many people are followed at most in images; None for that of the parameters.
        use_depth: Whether keypoints of images are placed by depth that was recorded beside them,
            whatever the parameters say; so are they where one of its topics is named.
        depth_topic: Depth that is registered to the images; None for the only one.
        camera_info_topic: Camera of the images; None for the only one, or of several the one
            beside the images.
        sync_slop_s: Seconds by which the stamps of depth and camera may differ from an image's;
            None for that of the parameters.
    """

    stage: Stage | None = None
    topic: str | None = None
    model: str | None = None
    device: str | None = None
    parameter_file: Path | None = None
    max_people: int | None = None
    use_depth: bool = False
    depth_topic: str | None = None
    camera_info_topic: str | None = None
    sync_slop_s: float | None = None

    @property
    def wants_depth(self) -> bool:
        """Whether depth is asked for, but for the parameters."""
        return self.use_depth or (self.depth_topic or self.camera_info_topic) is not None

    def parameters(self, node: str) -> dict[str, Any]:
        """Return the parameters of a node by name, as they are when the system is launched.

        Raises:
            InputError: The file is no file of parameters, or has one that the node does not; names
                file and parameter.
            OSError: The file cannot be read.
        """
        defaults = find_resource(DEFAULTS)
        values = dict(_of_node(_read(defaults), node))
        if self.parameter_file is not None:
            for name, value in _of_node(_read(self.parameter_file), node).items():
                if name not in values:
                    raise InputError(f"{self.parameter_file}: {node} has no parameter {name}")
                kind = type(values[name])
                if not (isinstance(value, kind) or (kind is float and isinstance(value, int))):
                    raise InputError(
                        f"{self.parameter_file}: {node}: {name} must be a {kind.__name__}, "
                        f"got {value!r}"
                    )
                values[name] = kind(value)
        if node == "recognition":
            values["model"] = self.model or values["model"]
            values["device"] = self.device or values["device"]
        if node == "pose_extraction":
            if self.max_people is not None:
                values["max_people"] = self.max_people
            values["use_depth"] = self.wants_depth or values["use_depth"]
            if self.sync_slop_s is not None:
                values["sync_slop_s"] = self.sync_slop_s
        return values


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters of each node that a file names, by the name of the node."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: has no parameters of nodes")
    nodes = {}
    for name, section in content.items():
        parameters = section.get(_PARAMETERS) if isinstance(section, dict) else None
        if not isinstance(parameters, dict):
            raise InputError(f"{path}: {name}: has no {_PARAMETERS}")
        nodes[str(name)] = parameters
    return nodes


def _of_node(nodes: Mapping[str, Mapping[str, Any]], node: str) -> Mapping[str, Any]:
    """Return the parameters of a node, in whatever namespace."""
    found: dict[str, Any] = {}
    for name, parameters in nodes.items():
        if name not in _EVERYWHERE and name.rpartition("/")[2] == node:
            found.update(parameters)
    return found
