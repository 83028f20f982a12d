"""Resamples keypoint sequences by time to evenly spaced frames.

Between two frames, keypoints are interpolated. A keypoint that is absent in one of them is taken
from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, KeypointSequence
from bharnet_ros.types.layouts import SkeletonLayout, get_layout

LEAST_CONFIDENCE = 0.5 / 255
"""Least confidence of a joint that counts as seen. `holistic_wild` holds confidences in steps of
1/255, so models have learned that a joint below half a step is absent; MediaPipe guesses one
wherever it may be."""


@dataclass(frozen=True, eq=False)
class KeypointBatch:
    """P people over T evenly spaced times, not yet normalised.

    Attributes:
        body: (P, T, V, D) in the D coordinates of the body layout, zero where absent: pixels, or
            metres for layouts of depth cameras.
        body_mask: (P, T, V) 0..1, confidence of each joint, 0 where absent.
        hands: (P, T, 2, 21, 3) pixels, left hand first, zero where absent.
        hand_mask: (P, T, 2) 0 or 1, whether the hand was found.
        people: I consecutive people form one sample for the network, the main person first.
        times: (P, T) seconds on the clock of the clips, needed to find the crops of a frame; NaN
            where no crop shows what the keypoints show.
        mirrored: (P,) whether left and right of a person were swapped; None if nobody's were.
    """

    body: FloatArray
    body_mask: FloatArray
    hands: FloatArray
    hand_mask: FloatArray
    people: int = 1
    times: FloatArray | None = None
    mirrored: npt.NDArray[np.bool_] | None = None


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
        Values (index, ..., C), zero where absent, and confidence (index, ...). A value is present
        where the frames that show it have a total weight of at least one half.
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
    """Split a sequence into coordinates without NaN, and masks of what was observed.

    Args:
        sequence: One person over F frames.
        layout: Joint layout of the body.

    Returns:
        Body (F, V, D) in the D coordinates of the layout and its confidence (F, V), hands
        (F, 2, 63) in pixels and whether each was found (F, 2), all float32, zero where absent.

    Raises:
        InputError: The sequence has fewer joints than the layout needs, or is in other units.
    """
    if sequence.body.shape[1] <= max(layout.sources):
        raise InputError(
            f"body: layout {layout.name} needs {max(layout.sources) + 1} joints, "
            f"the sequence has {sequence.body.shape[1]}"
        )
    recorded = get_layout(sequence.body_layout)
    if recorded.dimensions != layout.dimensions:
        units = {2: "pixels", 3: "metres"}
        raise InputError(
            f"body: layout {layout.name} is in {units[layout.dimensions]}, but the sequence has "
            f"layout {recorded.name}, in {units[recorded.dimensions]}"
        )
    joints = sequence.body[:, list(layout.sources)]
    places = joints[..., : layout.dimensions]
    confidence = np.nan_to_num(joints[..., 3])
    found = np.isfinite(places).all(-1) & (confidence >= LEAST_CONFIDENCE)
    return (
        np.nan_to_num(places).astype(np.float32),
        (confidence * found).astype(np.float32),
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
        InputError: A sequence has fewer joints than the body layout needs, or is in other units.
    """
    layout = get_layout(settings.body_layout)
    count, frames = len(sequences), settings.frames
    body = np.zeros((count, frames, len(layout), layout.dimensions), dtype=np.float32)
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
