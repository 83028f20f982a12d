"""Settings of a replay: where it starts, its model, and the parameters of the nodes."""

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
    """How to replay recordings. "The parameters" are those of the nodes.

    Attributes:
        stage: Stage to start at; None for the latest one that was recorded.
        topic: Topic to start from; None for the only one.
        model: Name or folder of a model bundle; None for the parameters' model, or for the model
            information in a recording of scores.
        gestures: Folder of a gesture set; None for that of the parameters.
        keep_classes: Classes of the model to recognise; None for those of the parameters.
        device: Device to compute on; None for that of the parameters.
        parameter_file: File of parameters that replace those of config/recognize.yaml.
        max_people: Greatest number of people to track in images; None for that of the parameters.
        engine: Pose engine for images; None for that of the parameters.
        model_folder: Folder of networks of the pose engine; None for that of the parameters.
        use_depth: Whether recorded depth gives keypoints of images camera coordinates, even if the
            parameters say no. Naming one of its topics has the same effect.
        depth_topic: Topic of depth registered to the images; None for the only one.
        camera_info_topic: Topic of the camera information of the images; None for the only one, or
            the only one in the namespace of the images.
        sync_slop_s: Greatest difference between the stamps of an image and its depth or camera
            information, seconds; None for that of the parameters.
    """

    stage: Stage | None = None
    topic: str | None = None
    model: str | None = None
    gestures: str | None = None
    keep_classes: str | None = None
    device: str | None = None
    parameter_file: Path | None = None
    max_people: int | None = None
    engine: str | None = None
    model_folder: str | None = None
    use_depth: bool = False
    depth_topic: str | None = None
    camera_info_topic: str | None = None
    sync_slop_s: float | None = None

    @property
    def chooses_classes(self) -> bool:
        """Whether these settings ask for other classes than those of the model."""
        return (self.gestures or self.keep_classes) is not None

    @property
    def wants_depth(self) -> bool:
        """Whether these settings ask for depth, whatever the parameters say."""
        return self.use_depth or (self.depth_topic or self.camera_info_topic) is not None

    def parameters(self, node: str) -> dict[str, Any]:
        """Return the parameters of a node by name, as a launch would set them.

        Raises:
            InputError: The file is not a parameter file, names a parameter that the node does not
                have, or has a value of a wrong type; names file and parameter.
            OSError: The file cannot be read.
        """
        values = dict(_node_parameters(_read_file(find_resource(DEFAULTS)), node))
        file = self.parameter_file
        if file is not None:
            for name, value in _node_parameters(_read_file(file), node).items():
                if name not in values:
                    raise InputError(f"{file}: {node} has no parameter {name}")
                values[name] = _checked_value(f"{file}: {node}: {name}", value, values[name])
        if node == "recognition":
            for name in ("model", "gestures", "keep_classes", "device"):
                values[name] = getattr(self, name) or values[name]
        if node == "pose_extraction":
            for name in ("max_people", "engine", "model_folder", "sync_slop_s"):
                if getattr(self, name) is not None:
                    values[name] = getattr(self, name)
            values["use_depth"] = self.wants_depth or values["use_depth"]
        return values


def _read_file(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the parameters of each node in a file, by the name of the node."""
    raw = path.read_bytes()
    try:
        content = yaml.safe_load(raw.decode("utf-8"))
    except Exception as error:  # a broken value makes PyYAML raise anything
        raise InputError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: has no parameters of nodes")
    nodes = {}
    for name, section in content.items():
        parameters = section.get(_PARAMETERS) if isinstance(section, dict) else None
        if not isinstance(parameters, dict):
            raise InputError(f"{path}: {name}: has no {_PARAMETERS}")
        nodes[str(name)] = parameters
    return nodes


def _node_parameters(nodes: Mapping[str, Mapping[str, Any]], node: str) -> Mapping[str, Any]:
    """Return the parameters of a node, whatever its namespace."""
    found: dict[str, Any] = {}
    for name, parameters in nodes.items():
        if name not in _EVERYWHERE and name.rpartition("/")[2] == node:
            found.update(parameters)
    return found


def _checked_value(where: str, value: Any, default: Any) -> Any:
    """Return the value of a parameter in the type of its default.

    Raises:
        InputError: It has another type, or is an integer too large for a float; names `where`.
    """
    kind = type(default)
    accepted: tuple[type[Any], ...] = (float, int) if kind is float else (kind,)
    if not isinstance(value, accepted):
        raise InputError(f"{where} must be a {kind.__name__}, got {value!r}")
    if isinstance(default, list) and isinstance(value, list):
        item = type(default[0])
        if not all(isinstance(one, item) for one in value):
            raise InputError(f"{where} must be a list of {item.__name__}, got {value!r}")
    try:
        return kind(value)
    except OverflowError:
        raise InputError(f"{where} is too large for a float") from None
