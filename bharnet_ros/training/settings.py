"""Settings of a training run, read from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.network.settings import BackboneSettings, InteractionSettings, check_streams
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.recognition.events.parameters import OF_MODEL, ClassParameters
from bharnet_ros.training.augmentation.crops import CropAugmentation
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.losses import LossSettings
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import check_field_types

Settings = TypeVar("Settings")

_LEAST_FRAMES = 4
"""Least frames of a window in which a hand can be missing for a part."""

_SEEDS = 2**32
"""Seeds from 0 to less than this are accepted by Lightning."""


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that determines the result of a training run, apart from the data.

    Attributes:
        name: Name of the model bundle.
        class_names: Labels to recognise; all other labels are trained on as background. An empty
            tuple (`class_names: all` in a file) stands for every label of the data set.
        variant: Network variant.
        features: Input features of the network.
        body: Size of the body expert.
        hand: Size of the hand expert.
        interaction: How body and hands work together.
        streams: Options of further streams beside the skeleton, by name (`network.streams`).
        weights_from: Folder of a model bundle of the same network whose weights training starts
            from; heads of classes that it does not know start from random weights. None starts all
            from random weights.
        skeleton_from: Folder of a model bundle whose skeleton network is used unchanged, so that
            only the further streams are trained (the second of two stages). None trains all.
        backbone_from: File with initial weights for the backbone of the stream `rgb`; None starts
            from random weights.
        crop_augmentation: How crops are varied and how often they are blinded.
        loss: Weights of the parts of the loss.
        augmentation: How clips are varied.
        window_s: Length of the sliding window on a robot, seconds.
        stride_s: Time between two inferences on a robot, seconds.
        enter_threshold: Probability 0..1 at which an event may begin.
        exit_threshold: Probability 0..1 below which an event ends.
        rejection_threshold: Least probability 0..1 that counts as known motion.
        smoothing_s: Time constant for smoothing probabilities on a robot, seconds.
        min_duration_s: How long an action must last before its event begins, seconds.
        min_gap_s: How long an action must be over before its event ends, seconds.
        support_share: Share 0..1 of a window that an action fills when its probability becomes
            high.
        class_parameters: Event thresholds and times that differ for single classes.
        least_hand_share: Share 0..1 of a window's frames that must show a hand; a window with fewer
            is background.
        epochs: Number of epochs; in each, as many clips are drawn as there are.
        batch_size: Clips per batch.
        learning_rate: Peak of the learning rate cycle.
        weight_decay: Weight decay of AdamW.
        class_balance: 0 draws classes by their share of the clips, 1 draws all equally often.
        average_decay: Decay of the moving average of the weights; the average is exported.
        threads: CPU threads of torch; 0 leaves the choice to torch.
        seed: Seed of all randomness.
    """

    name: str
    class_names: tuple[str, ...]
    variant: str = "base"
    features: FeatureSettings = field(default_factory=FeatureSettings)
    body: BackboneSettings = field(default_factory=BackboneSettings)
    hand: BackboneSettings = field(default_factory=BackboneSettings)
    interaction: InteractionSettings = field(default_factory=InteractionSettings)
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    weights_from: str | None = None
    skeleton_from: str | None = None
    backbone_from: str | None = None
    crop_augmentation: CropAugmentation = field(default_factory=CropAugmentation)
    loss: LossSettings = field(default_factory=LossSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    window_s: float = 2.0
    stride_s: float = 0.1
    enter_threshold: float = 0.6
    exit_threshold: float = 0.4
    rejection_threshold: float = 0.5
    smoothing_s: float = 0.3
    min_duration_s: float = 0.3
    min_gap_s: float = 0.3
    support_share: float = 0.5
    class_parameters: ClassParameters = field(default_factory=dict)
    least_hand_share: float = 0.0
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.03
    class_balance: float = 0.5
    average_decay: float = 0.99
    threads: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values that the bundle does not check.

        Raises:
            InputError: A value is out of range; names the setting.
        """
        if self.features.frames < _LEAST_FRAMES:
            raise InputError(
                f"features.frames: training needs at least {_LEAST_FRAMES}, "
                f"got {self.features.frames}"
            )
        for name in ("epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}: must be positive, got {getattr(self, name)}")
        for name in ("weight_decay", "threads"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}: must not be negative, got {getattr(self, name)}")
        if not 0.0 <= self.average_decay <= 1.0:
            raise InputError(f"average_decay: must lie in 0..1, got {self.average_decay}")
        if not 0 <= self.seed < _SEEDS:
            raise InputError(f"seed: must lie in 0..{_SEEDS - 1}, got {self.seed}")

    def bundle_description(self) -> BundleDescription:
        """Return the description of the trained bundle, without its data and its metrics."""
        return BundleDescription(
            name=self.name,
            variant=self.variant,
            class_names=(*self.class_names, BACKGROUND),
            features=self.features,
            body=self.body,
            hand=self.hand,
            interaction=self.interaction,
            streams=self.streams,
            window_s=self.window_s,
            stride_s=self.stride_s,
            **{name: getattr(self, name) for name in OF_MODEL},
            class_parameters=self.class_parameters,
            least_hand_share=self.least_hand_share,
        )


_NESTED: dict[str, type[Any]] = {
    "features": FeatureSettings,
    "body": BackboneSettings,
    "hand": BackboneSettings,
    "interaction": InteractionSettings,
    "loss": LossSettings,
    "augmentation": AugmentationSettings,
    "crop_augmentation": CropAugmentation,
}


_ALL = "all"
"""Value of `class_names` in a file that stands for all classes of the data set."""


def read_settings(path: Path) -> TrainingSettings:
    """Read settings from a YAML file.

    With `extends: other.yaml`, a file needs only what differs from that other file beside it, also
    within `features`, `body` and similar parts.

    Raises:
        InputError: The file is not YAML, a setting is unknown, missing or wrong, or files extend
            each other in a circle; names the file and the setting.
        OSError: A file cannot be read; names it.
    """
    content = _read_mapping(path)
    try:
        if "class_names" in content:
            content["class_names"] = _class_names(content["class_names"])
        check_streams(content.get("streams", {}))
        for name, kind in _NESTED.items():
            if name in content:
                content[name] = _build(kind, content[name], f"{name}.")
        return _build(TrainingSettings, content, "")
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _read_mapping(path: Path, extended_by: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a YAML file and the files it extends; `extended_by` are those that extend this one."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML lets other errors pass for some values, such as the date 2024-13-45.
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected settings by name")
    if "extends" not in content:
        return content
    base = path.parent / str(content.pop("extends"))
    chain = (*extended_by, path)
    if base.resolve() in [one.resolve() for one in chain]:
        names = " extends ".join(one.name for one in (*chain, base))
        raise InputError(f"{path}: extends: a file cannot extend itself: {names}")
    if not base.is_file():
        raise FileNotFoundError(f"{path}: extends: {base}: no such file")
    merged = _read_mapping(base, chain)
    for key, value in content.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if nested else value
    return merged


def _class_names(names: Any) -> list[str]:
    """Check the class names of a file and return them as a list, empty for `all`.

    An unquoted yes or no is a boolean in YAML.
    """
    if names == _ALL:
        return []
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise InputError(f"class_names: expected a list of names or {_ALL}, got {names!r}")
    return names


def _build(kind: type[Settings], content: Any, prefix: str) -> Settings:
    """Build a settings class from a mapping; lists become tuples."""
    if not isinstance(content, dict):
        raise InputError(f"{prefix.rstrip('.')}: expected settings by name, got {content!r}")
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(map(str, set(content) - known))
    if unknown:
        raise InputError(
            f"{prefix}{unknown[0]}: is not a setting; known are {', '.join(sorted(known))}"
        )
    values = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
    }
    check_field_types(kind, values, prefix, finite=True)
    return kind(**values)
