"""The description of a model: `model.json` of its bundle."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.settings import (
    BackboneSettings,
    InteractionSettings,
    NetworkSettings,
    check_streams,
)
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    ClassParameters,
    EventModel,
    EventParameters,
)
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types
from bharnet_ros.types.files import write_whole

DESCRIPTION = "model.json"
FORMAT = 1
"""Version of the layout of `model.json`."""


class BundleError(InputError):
    """A model bundle cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class BundleDescription:
    """Content of `model.json`.

    Attributes:
        name: Name of the model.
        variant: Network variant.
        class_names: Classes in the order of the logits, including `background`.
        features: Settings of the network's input.
        body: Size of the body expert.
        hand: Size of the hand expert.
        interaction: How body and hands interact.
        streams: Options of further streams beside the skeleton, by name.
        window_s: Length of the sliding window, seconds.
        stride_s: Suggested time between two inferences, seconds.
        temperature: Divides the logits before the softmax.
        enter_threshold: Probability 0..1 at which an event may begin.
        exit_threshold: Probability 0..1 below which it ends.
        rejection_threshold: Least probability 0..1 that counts as known motion.
        smoothing_s: Time constant of the smoothing of probabilities, seconds.
        min_duration_s: How long an action must last before an event begins, seconds.
        min_gap_s: How long it must be over before the event ends, seconds.
        support_share: Share 0..1 of a window that an action fills when its probability becomes
            high.
        class_parameters: Thresholds and times of events for single classes; see `EventParameters`.
        least_hand_share: Share 0..1 of a window's frames that must show a hand. A window with less
            is background, since the actions of the model are made with the hands.
        weights_sha256: Hash of the weights file.
        background_sha256: Hash of the background file, empty if there is none.
        exported_sha256: Hash of the exported network, empty if there is none.
        training: Data, licences and settings that the weights come from.
        metrics: Measured values, each with the command that prints it.
        format: Version of this layout.
    """

    name: str
    variant: str
    class_names: tuple[str, ...]
    features: FeatureSettings
    body: BackboneSettings
    hand: BackboneSettings
    window_s: float
    stride_s: float
    interaction: InteractionSettings = field(default_factory=InteractionSettings)
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    temperature: float = 1.0
    enter_threshold: float = 0.6
    exit_threshold: float = 0.4
    rejection_threshold: float = 0.5
    smoothing_s: float = 0.3
    min_duration_s: float = 0.3
    min_gap_s: float = 0.3
    support_share: float = 0.5
    class_parameters: ClassParameters = field(default_factory=dict)
    least_hand_share: float = 0.0
    weights_sha256: str = ""
    background_sha256: str = ""
    exported_sha256: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value has the wrong type or is out of range, `background` is not a class,
                or there are parameters of an unknown class; names the field.
        """
        check_field_types(BundleDescription, vars(self))
        if BACKGROUND not in self.class_names:
            raise InputError(f"class_names: {BACKGROUND!r} must be one of them")
        if len(set(self.class_names)) != len(self.class_names):
            raise InputError("class_names: a name is listed twice")
        for name in ("window_s", "stride_s", "temperature"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise InputError(f"{name}: must be positive and finite, got {value}")
        if not 0.0 <= self.least_hand_share <= 1.0:
            raise InputError(f"least_hand_share: must lie in 0..1, got {self.least_hand_share}")
        check_streams(self.streams)
        self.event_parameters().check_classes(self.class_names)

    @property
    def background_id(self) -> int:
        """Index of the class for rest and unknown motion."""
        return self.class_names.index(BACKGROUND)

    @property
    def body_layout(self) -> str:
        """Name of the joint layout of the body."""
        return self.features.body_layout

    @property
    def hand_layout(self) -> str:
        """Name of the joint layout of the hands."""
        return self.features.hand_layout

    @property
    def frames(self) -> int:
        """Frames T of a window after resampling."""
        return self.features.frames

    def event_parameters(self) -> EventParameters:
        """Return the event parameters; those that a model does not have keep their defaults."""
        return EventParameters(
            **{name: getattr(self, name) for name in OF_MODEL},
            class_parameters=self.class_parameters,
        )

    def event_model(self) -> EventModel:
        """Return what an `EventFinder` needs to know of the model."""
        return EventModel(self.class_names, self.background_id, self.event_parameters())

    def network_settings(self) -> NetworkSettings:
        """Return the settings for `build_network`."""
        return NetworkSettings(
            variant=self.variant,
            classes=len(self.class_names),
            body_channels=self.features.body_channels,
            hand_channels=self.features.hand_channels,
            body_layout=self.features.body_layout,
            hand_layout=self.features.hand_layout,
            body=self.body,
            hand=self.hand,
            interaction=self.interaction,
            streams=self.streams,
        )


def read_description(path: Path) -> BundleDescription:
    """Read a `model.json`.

    Raises:
        BundleError: The file is missing, is not JSON, is of another format or has a wrong value.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{path}: no such file; is this a model bundle?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{path}: format: expected {FORMAT}")
    try:
        features = dict(content.pop("features"))
        features["modalities"] = _as_tuple(features["modalities"])
        return BundleDescription(
            class_names=_as_tuple(content.pop("class_names")),
            features=FeatureSettings(**features),
            body=_backbone(content.pop("body")),
            hand=_backbone(content.pop("hand")),
            interaction=InteractionSettings(**content.pop("interaction", {})),
            **content,
        )
    except KeyError as error:
        raise BundleError(f"{path}: {error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise BundleError(f"{path}: {error}") from error


def write_description(folder: Path, description: BundleDescription) -> None:
    """Write the `model.json` of a bundle.

    Raises:
        OSError: It cannot be written; one that was there before stays.
    """
    text = json.dumps(asdict(description), indent=2, ensure_ascii=False)
    write_whole(folder / DESCRIPTION, f"{text}\n".encode())


def _backbone(content: Mapping[str, Any]) -> BackboneSettings:
    return BackboneSettings(**{name: _as_tuple(value) for name, value in content.items()})


def _as_tuple(value: Any) -> Any:
    """Return a list as a tuple; anything else stays as it is, for the check of its type."""
    return tuple(value) if isinstance(value, list) else value
