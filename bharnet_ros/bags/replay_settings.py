"""Settings of a replay: where it starts, its model, and the parameters of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bharnet_ros.bags.topics import Stage
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameter_files import (
    Section,
    default_parameters,
    parameters_for,
    read_parameter_file,
    unknown_names,
)
from bharnet_ros.types.parameters import typed_like


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
        roi: Part of the images in which people are looked for: x, y, width and height in pixels;
            None for that of the parameters.
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
    roi: Sequence[int] | None = None
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

    def unknown_names(self) -> list[str]:
        """Return a line for each name in the file that is none of a node or parameter.

        Raises:
            InputError: As `parameters` says.
            OSError: The file cannot be read.
        """
        return self._read_file()[1]

    def parameters(self, node: str) -> dict[str, Any]:
        """Return the parameters of a node by name, as a launch would set them.

        Raises:
            InputError: The file is not a parameter file, names a parameter that its node does not
                have, or has a value of a wrong type, or for several namespaces; names file and
                parameter.
            OSError: The file cannot be read.
        """
        values = default_parameters()[node]
        sections, _ = self._read_file()
        try:
            for name, value in parameters_for(sections, node).items():
                if name in values:
                    values[name] = typed_like(values[name], value, f"{node}: {name}")
        except InputError as error:
            raise InputError(f"{self.parameter_file}: {error}") from None
        if node == "recognition":
            for name in ("model", "gestures", "keep_classes", "device"):
                values[name] = getattr(self, name) or values[name]
        if node == "pose_extraction":
            for name in ("max_people", "engine", "model_folder", "roi", "sync_slop_s"):
                if getattr(self, name) is not None:
                    values[name] = getattr(self, name)
            values["use_depth"] = self.wants_depth or values["use_depth"]
        return values

    def _read_file(self) -> tuple[tuple[Section, ...], list[str]]:
        """Return the sections of the file, and its unknown names."""
        file = self.parameter_file
        if file is None:
            return (), []
        sections = read_parameter_file(file)
        try:
            return sections, unknown_names(sections, default_parameters(), anywhere=True)
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
