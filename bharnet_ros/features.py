"""Keypoint sequences to network inputs: resampling by time, normalisation, joint, bone, motion.

Training, evaluation and the robot all go through `resample` and `network_input`, so that what the
network was trained on is what it is given on a robot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.keypoints import KeypointSequence
from bharnet_ros.skeleton.layouts import SkeletonLayout, get_layout

FloatArray = npt.NDArray[np.floating]

MODALITIES = ("joint", "bone", "joint_motion", "bone_motion")
"""What a stream may be given of each joint; any subset, joined along the channels."""

_SHOULDERS_PER_HAND = 3.5
"""Shoulder width over the distance from wrist to middle knuckle: the scale where no body is."""

_FAR = 8.0
"""Bound of normalised coordinates in shoulder widths or hand sizes: beyond it lies noise."""


@dataclass(frozen=True)
class FeatureSettings:
    """What the network is given; stored in the model bundle.

    Attributes:
        frames: Frames T after resampling.
        body_layout: Layout of the body stream.
        hand_layout: Layout of the hand stream.
        modalities: Subset of `MODALITIES`, joined along the channels.
    """

    frames: int = 32
    body_layout: str = "mediapipe_upper_body"
    hand_layout: str = "mediapipe_hand"
    modalities: tuple[str, ...] = ("joint", "bone", "joint_motion")

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: A modality or layout is unknown or the number of frames is not positive.
        """
        if self.frames < 2:
            raise ValueError(f"frames: must be at least 2, got {self.frames}")
        unknown = [name for name in self.modalities if name not in MODALITIES]
        if unknown or not self.modalities:
            raise ValueError(f"modalities: {unknown} unknown; known are {', '.join(MODALITIES)}")
        get_layout(self.body_layout)
        get_layout(self.hand_layout)

    @property
    def body_channels(self) -> int:
        """Channels of the body stream: 2 for each modality, and the mask."""
        return 2 * len(self.modalities) + 1

    @property
    def hand_channels(self) -> int:
        """Channels of the hand stream: place and shape for joints, shape for bones, the mask."""
        return sum(5 if name.startswith("joint") else 3 for name in self.modalities) + 1


@dataclass(frozen=True, eq=False)
class KeypointBatch:
    """N people over T evenly spaced times, not yet normalised.

    Attributes:
        body: (N, T, V, 2) pixels in the layout of the body stream, zero where absent.
        body_mask: (N, T, V) 0..1, confidence of each joint, 0 where absent.
        hands: (N, T, 2, 21, 3) pixels, left hand first, zero where absent.
        hand_mask: (N, T, 2) 0 or 1, whether the hand was found.
    """

    body: FloatArray
    body_mask: FloatArray
    hands: FloatArray
    hand_mask: FloatArray


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What the network takes, as arrays.

    Attributes:
        body: (N, C_body, T, V, 1) float32.
        body_mask: (N, T, 1) float32, share of body joints observed in each frame.
        hands: (N, C_hand, T, 21, 2) float32; left hands are mirrored onto right ones.
        hand_mask: (N, T, 2) float32, 1 where the hand was found.
    """

    body: npt.NDArray[np.float32]
    body_mask: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_mask: npt.NDArray[np.float32]


def blend(
    values: FloatArray,
    present: FloatArray,
    before: npt.NDArray[np.integer],
    after: npt.NDArray[np.integer],
    weight: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Interpolate linearly between two frames, leaving out what is absent in one of them.

    Args:
        values: (F, ..., C) coordinates, any finite value where absent.
        present: (F, ...) confidence, 0 where absent.
        before: (...index) frame before each wanted time.
        after: (...index) frame after it.
        weight: (...index) 0..1, how far the wanted time lies towards `after`.

    Returns:
        Values (index, ..., C), zero where absent, and confidence (index, ...). A part is present
        where the frames that show it weigh at least one half.
    """
    extra = (1,) * (present.ndim - 1)
    share = weight.reshape(weight.shape + extra).astype(np.float32)
    present_before, present_after = present[before], present[after]
    weight_before = (1.0 - share) * (present_before > 0)
    weight_after = share * (present_after > 0)
    total = weight_before + weight_after
    found = total >= 0.5
    norm = np.where(found, total, 1.0)
    weight_before, weight_after = weight_before / norm * found, weight_after / norm * found
    blended = values[before] * weight_before[..., None] + values[after] * weight_after[..., None]
    confidence = present_before * weight_before + present_after * weight_after
    return blended, confidence


def brackets(
    stamps: FloatArray, times: FloatArray
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], FloatArray]:
    """Find the frames around each wanted time.

    Args:
        stamps: (F,) strictly increasing seconds.
        times: (T,) seconds; times outside the stamps take the nearest frame.

    Returns:
        Index of the frame before, of the frame after, and the share 0..1 of the latter.
    """
    after = np.clip(np.searchsorted(stamps, times, side="left"), 0, len(stamps) - 1)
    before = np.maximum(after - 1, 0)
    gap = stamps[after] - stamps[before]
    weight = np.where(gap > 0, (times - stamps[before]) / np.where(gap > 0, gap, 1.0), 1.0)
    return before, after, np.clip(weight, 0.0, 1.0)


def observed_parts(
    sequence: KeypointSequence, layout: SkeletonLayout
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Split a sequence into coordinates without gaps and masks that say where there was one.

    Args:
        sequence: One person over F frames.
        layout: Layout of the body stream.

    Returns:
        Body (F, V, 2) and its confidence (F, V), hands (F, 2, 63) and whether each was found
        (F, 2), all float32; pixels, zero where absent.

    Raises:
        ValueError: The sequence has fewer joints than the layout needs.
    """
    if sequence.body.shape[1] <= max(layout.sources):
        raise ValueError(
            f"body: layout {layout.name} needs {max(layout.sources) + 1} joints, "
            f"the sequence has {sequence.body.shape[1]}"
        )
    joints = sequence.body[:, list(layout.sources)]
    found = np.isfinite(joints[..., :2]).all(-1)
    return (
        np.nan_to_num(joints[..., :2]).astype(np.float32),
        (np.nan_to_num(joints[..., 3]) * found).astype(np.float32),
        np.nan_to_num(sequence.hands).reshape(len(sequence), 2, 63).astype(np.float32),
        np.isfinite(sequence.hands).all((2, 3)).astype(np.float32),
    )


def resample(
    sequences: Sequence[KeypointSequence], settings: FeatureSettings, window_s: float | None = None
) -> KeypointBatch:
    """Resample each sequence by time to T frames, evenly spaced up to its newest frame.

    Args:
        sequences: N people.
        settings: Number of frames and layouts.
        window_s: Seconds before the newest frame that the window covers; None takes each sequence
            from its first frame. Times before the first frame repeat it.

    Raises:
        ValueError: A sequence has fewer joints than the body layout needs.
    """
    layout = get_layout(settings.body_layout)
    count, frames = len(sequences), settings.frames
    body = np.zeros((count, frames, len(layout), 2), dtype=np.float32)
    body_mask = np.zeros((count, frames, len(layout)), dtype=np.float32)
    hands = np.zeros((count, frames, 2, 21, 3), dtype=np.float32)
    hand_mask = np.zeros((count, frames, 2), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        joints, confidence, flat_hands, hand_present = observed_parts(sequence, layout)
        end = float(sequence.stamps[-1])
        start = float(sequence.stamps[0]) if window_s is None else end - window_s
        where = brackets(sequence.stamps, np.linspace(start, end, frames))
        body[row], body_mask[row] = blend(joints, confidence, *where)
        blended, hand_mask[row] = blend(flat_hands, hand_present, *where)
        hands[row] = blended.reshape(frames, 2, 21, 3)
    return KeypointBatch(body, body_mask, hands, hand_mask)


def network_input(batch: KeypointBatch, settings: FeatureSettings) -> NetworkInput:
    """Normalise coordinates and derive the wanted modalities.

    The origin is the median place of the body layout's centre joints over the window, the unit its
    median scale (shoulder width), so that a person's place in the image and distance from the
    camera do not matter while their motion does. Hands get their place in that frame and,
    separately, their shape relative to the wrist in units of the hand's own size.

    Args:
        batch: N people over T frames.
        settings: Layouts and modalities.
    """
    layout = get_layout(settings.body_layout)
    hand_layout = get_layout(settings.hand_layout)
    hand_mask = batch.hand_mask.astype(np.float32)
    hand_size = _hand_size(batch.hands, hand_mask, hand_layout)
    origin, unit = _body_frame(batch, layout, hand_size)

    observed = (batch.body_mask > 0).astype(np.float32)
    body_xy = (batch.body - origin[:, None, None]) / unit[:, None, None, None]
    body_xy = np.clip(body_xy, -_FAR, _FAR) * observed[..., None]
    body_parts = [_modality(name, body_xy, observed, layout) for name in settings.modalities]
    body = np.concatenate([*body_parts, batch.body_mask[..., None]], axis=-1)

    seen = hand_mask[..., None] * np.ones(21, dtype=np.float32)
    place = (batch.hands[..., :2] - origin[:, None, None, None]) / unit[:, None, None, None, None]
    place = np.clip(place, -_FAR, _FAR)
    shape = batch.hands - batch.hands[:, :, :, :1]
    shape = np.clip(shape / hand_size[:, None, :, None, None], -_FAR, _FAR)
    mirror = np.ones((2, 1, 1), dtype=np.float32)
    mirror[0] = -1.0
    place = np.concatenate([place[..., :1] * mirror, place[..., 1:]], axis=-1) * seen[..., None]
    shape = np.concatenate([shape[..., :1] * mirror, shape[..., 1:]], axis=-1) * seen[..., None]
    hand_parts = []
    for name in settings.modalities:
        coordinates = np.concatenate([place, shape], -1) if name.startswith("joint") else shape
        # Hands become people for the shared helper: (N, T, 2, V, C) to (N, 2, T, V, C) and back.
        moved = _modality(name, coordinates.swapaxes(1, 2), seen.swapaxes(1, 2), hand_layout)
        hand_parts.append(moved.swapaxes(1, 2))
    hands = np.concatenate([*hand_parts, seen[..., None]], axis=-1)

    return NetworkInput(
        body=np.ascontiguousarray(body.transpose(0, 3, 1, 2)[..., None], dtype=np.float32),
        body_mask=observed.mean(-1)[..., None].astype(np.float32),
        hands=np.ascontiguousarray(hands.transpose(0, 4, 1, 3, 2), dtype=np.float32),
        hand_mask=hand_mask,
    )


def _masked_median(values: FloatArray, present: FloatArray, fallback: FloatArray) -> FloatArray:
    """Return the median over axis 1 of what is present, `fallback` where nothing is."""
    flat = np.where(present > 0, values, np.nan)
    empty = ~(present > 0).any(axis=1)
    flat = np.where(empty[:, None], 0.0, flat)
    return np.where(empty, fallback, np.nanmedian(flat, axis=1)).astype(np.float32)


def _hand_size(hands: FloatArray, mask: FloatArray, layout: SkeletonLayout) -> FloatArray:
    """Return (N, 2) median distance of the layout's scale joints in pixels, 1 where absent."""
    first, second = layout.scale
    length = np.linalg.norm(hands[..., first, :] - hands[..., second, :], axis=-1)
    count, frames, sides = length.shape
    columns = length.swapaxes(1, 2).reshape(count * sides, frames)
    present = mask.swapaxes(1, 2).reshape(count * sides, frames)
    size = _masked_median(columns, present, np.ones(count * sides, dtype=np.float32))
    return np.maximum(size, 1e-3).reshape(count, sides)


def _body_frame(
    batch: KeypointBatch, layout: SkeletonLayout, hand_size: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return origin (N, 2) and unit (N,) in pixels; from the hands where there is no body."""
    seen = batch.body_mask > 0
    centre = list(layout.centre)
    origin_seen = seen[:, :, centre].all(-1).astype(np.float32)
    points = batch.body[:, :, centre].mean(2)
    left, right = layout.scale
    scale_seen = (seen[:, :, left] & seen[:, :, right]).astype(np.float32)
    width = np.linalg.norm(batch.body[:, :, left] - batch.body[:, :, right], axis=-1)

    present = batch.hand_mask.any(axis=1)
    total = np.maximum(present.sum(1), 1)
    from_hands = _SHOULDERS_PER_HAND * (hand_size * present).sum(1) / total
    fallback_unit = np.where(present.any(1), from_hands, 1.0).astype(np.float32)
    weight = batch.hand_mask[..., None]
    wrists = batch.hands[:, :, :, 0, :2]
    mean_wrist = (wrists * weight).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1.0)

    unit = np.maximum(_masked_median(width, scale_seen, fallback_unit), 1e-3)
    origin = np.stack(
        [_masked_median(points[..., a], origin_seen, mean_wrist[:, a]) for a in range(2)], axis=-1
    )
    return origin, unit


def _modality(
    name: str, joints: FloatArray, present: FloatArray, layout: SkeletonLayout
) -> FloatArray:
    """Derive one modality from joints (..., T, V, C) and presence (..., T, V)."""
    if name.startswith("bone"):
        parents = list(layout.parents)
        both = present * present[..., parents]
        joints = (joints - joints[..., parents, :]) * both[..., None]
        present = both
    if name.endswith("motion"):
        moved = np.zeros_like(joints)
        both = (present[..., 1:, :] > 0) & (present[..., :-1, :] > 0)
        moved[..., 1:, :, :] = (joints[..., 1:, :, :] - joints[..., :-1, :, :]) * both[..., None]
        return moved
    return joints
