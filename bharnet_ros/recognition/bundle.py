"""Model bundles: a folder with weights and everything that is needed to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.layers.backbone import BackboneSettings
from bharnet_ros.network.settings import InteractionSettings, NetworkSettings, check_streams
from bharnet_ros.recognition.events.parameters import (
    OF_MODEL,
    ClassParameters,
    EventModel,
    EventParameters,
)
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError

WEIGHTS = "weights.safetensors"
DESCRIPTION = "model.json"
FORMAT = 1
"""Version of the layout of `model.json`."""


class BundleError(InputError):
    """A model bundle cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class BundleDescription:
    """What `model.json` says.

    Attributes:
        name: Name of the model.
        variant: Network variant.
        class_names: Classes in the order of the logits, `background` among them.
        features: What the network is given.
        body: Size of the body expert.
        hand: Size of the hand expert.
        interaction: How body and hands work together.
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
        class_parameters: Which thresholds and times of events differ for single classes; see
            `EventParameters`.
        least_hand_share: Share 0..1 of a window's frames that must show a hand; a window with less
            is background, since the actions of the model are made with the hands.
        weights_sha256: Hash of the weights file.
        training: Data, licences and settings that the weights come from.
        metrics: What was measured, each with the command that prints it.
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
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value is out of range, `background` is no class, or there are parameters
                of a class that is none; names the field.
        """
        if BACKGROUND not in self.class_names:
            raise InputError(f"class_names: {BACKGROUND!r} must be among them")
        if len(set(self.class_names)) != len(self.class_names):
            raise InputError("class_names: a name stands twice")
        for name in ("window_s", "stride_s", "temperature"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}: must be positive, got {getattr(self, name)}")
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
        """Name of the joint layout of the body stream."""
        return self.features.body_layout

    @property
    def hand_layout(self) -> str:
        """Name of the joint layout of the hand stream."""
        return self.features.hand_layout

    @property
    def frames(self) -> int:
        """Frames T of a window after resampling."""
        return self.features.frames

    def event_parameters(self) -> EventParameters:
        """Return when events begin and end; what the model does not say has its default."""
        return EventParameters(
            **{name: getattr(self, name) for name in OF_MODEL},
            class_parameters=self.class_parameters,
        )

    def event_model(self) -> EventModel:
        """Return what a detector of events must know."""
        return EventModel(self.class_names, self.background_id, self.event_parameters())

    def network_settings(self) -> NetworkSettings:
        """Return what `build_network` needs."""
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


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """A description and the network it describes, with its weights, on the CPU."""

    path: Path
    description: BundleDescription
    network: BHaRNet


def load_bundle(path: Path | str) -> ModelBundle:
    """Load a model bundle from its folder.

    Raises:
        BundleError: The folder or a file is missing, truncated, changed, of another layout or
            format, or a pickle; the message names the file.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such model folder")
    description = read_description(folder / DESCRIPTION)
    weights_path = folder / WEIGHTS
    tensors = _read_weights(weights_path, description.weights_sha256)
    try:
        network = build_network(description.network_settings())
    except ValueError as error:
        raise BundleError(f"{folder / DESCRIPTION}: {error}") from error
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        reason = str(error).replace("\n\t", " ")
        raise BundleError(f"{weights_path}: does not fit {DESCRIPTION}: {reason}") from error
    return ModelBundle(folder, description, network.eval())


def read_description(path: Path) -> BundleDescription:
    """Read a `model.json`.

    Raises:
        BundleError: It is missing, no JSON, of another format or has a wrong value.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{path}: no such file; is this a model bundle?") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{path}: format: expected {FORMAT}")
    try:
        features = dict(content.pop("features"))
        features["modalities"] = tuple(features["modalities"])
        return BundleDescription(
            class_names=tuple(content.pop("class_names")),
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


def write_bundle(
    folder: Path, description: BundleDescription, weights: Mapping[str, Tensor], card: str
) -> None:
    """Write a model bundle; the hash of the weights is filled in.

    Args:
        folder: Made if needed.
        description: What to write into `model.json`.
        weights: State of the network.
        card: Text of the model card, written to README.md.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()},
        folder / WEIGHTS,
    )
    content = asdict(description)
    content["weights_sha256"] = _sha256(folder / WEIGHTS)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")


def _backbone(content: Mapping[str, Any]) -> BackboneSettings:
    return BackboneSettings(
        channels=tuple(content["channels"]),
        depths=tuple(content["depths"]),
        channels_per_topology=int(content["channels_per_topology"]),
        dropout=float(content["dropout"]),
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read tensors from a safetensors file; anything else, a pickle above all, is refused."""
    try:
        found = _sha256(path)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BundleError(
            f"{path}: not a safetensors file (truncated, or of another kind, as a pickle): {error}"
        ) from error
    if sha256 and found != sha256:
        raise BundleError(f"{path}: sha256 is {found}, but {DESCRIPTION} says {sha256}")
    broken = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise BundleError(f"{path}: {broken[0]}: holds values that are not finite")
    return tensors
