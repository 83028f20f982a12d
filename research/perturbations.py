"""Perturbations of recorded clips: lost frames, noise, mirroring, other frame rates, lost hands.

Each function takes a sequence and returns a changed copy. Random ones take a generator: the same
generator state gives the same result, and a higher level changes all that a lower one changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import blend, brackets
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, KeypointSequence
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES, SHOULDERS_PER_HAND, get_layout

Perturbation = Callable[[KeypointSequence, np.random.Generator], KeypointSequence]

_SHOULDERS = [MEDIAPIPE_BODY_NAMES.index(f"{side}_shoulder") for side in ("left", "right")]
_SIDES = {"left": "right", "right": "left"}
_OTHER_SIDE = [
    MEDIAPIPE_BODY_NAMES.index("_".join(_SIDES.get(word, word) for word in name.split("_")))
    for name in MEDIAPIPE_BODY_NAMES
]


def drop_frames(
    sequence: KeypointSequence, share: float, random: np.random.Generator
) -> KeypointSequence:
    """Drop a share 0..1 of the frames, drawn one by one.

    The first and the last frame stay, so that the sequence covers the same time.

    Raises:
        InputError: The share is out of range.
    """
    _check_share(share)
    inner = len(sequence) - 2
    kept = np.ones(len(sequence), dtype=bool)
    if inner > 0:
        order = 1 + random.permutation(inner)
        kept[order[: min(round(share * len(sequence)), inner)]] = False
    return replace(
        sequence,
        stamps=sequence.stamps[kept],
        body=sequence.body[kept],
        hands=sequence.hands[kept],
        hand_scores=sequence.hand_scores[kept],
    )


def add_noise(
    sequence: KeypointSequence, deviation: float, random: np.random.Generator
) -> KeypointSequence:
    """Add independent normal noise to every coordinate; confidences stay.

    Args:
        sequence: Joints in the numbering of MediaPipe.
        deviation: Standard deviation, as a share of the median shoulder width, which is estimated
            from the hands where no frame shows both shoulders.
        random: Source of the noise.

    Raises:
        InputError: The deviation is negative.
    """
    if deviation < 0:
        raise InputError(f"deviation: must not be negative, got {deviation}")
    scale = np.float32(deviation * _shoulder_width(sequence))
    body = sequence.body.copy()
    body[..., :3] += scale * random.standard_normal(body[..., :3].shape, dtype=np.float32)
    hands = sequence.hands + scale * random.standard_normal(sequence.hands.shape, dtype=np.float32)
    return replace(sequence, body=body, hands=hands)


def _shoulder_width(sequence: KeypointSequence) -> float:
    """Return the median shoulder width in pixels, 0 if neither shoulders nor hands are seen."""
    shoulders = sequence.body[:, _SHOULDERS]
    shown = (shoulders[..., 3] > 0).all(1) & np.isfinite(shoulders).all((1, 2))
    if shown.any():
        width = np.linalg.norm(shoulders[shown, 0, :2] - shoulders[shown, 1, :2], axis=-1)
        return float(np.median(width))
    wrist, knuckle = get_layout("mediapipe_hand").scale
    size = np.linalg.norm(sequence.hands[..., wrist, :] - sequence.hands[..., knuckle, :], axis=-1)
    found = size[np.isfinite(size)]
    return SHOULDERS_PER_HAND * float(np.median(found)) if len(found) else 0.0


def mirror(sequence: KeypointSequence) -> KeypointSequence:
    """Return the motion as a mirrored image shows it: left and right are swapped.

    Raises:
        InputError: The joints are not MediaPipe's.
    """
    if sequence.body.shape[1] != len(MEDIAPIPE_BODY_NAMES):
        raise InputError(
            f"body: mirroring needs {len(MEDIAPIPE_BODY_NAMES)} joints, "
            f"got {sequence.body.shape[1]}"
        )
    body = sequence.body[:, _OTHER_SIDE].copy()
    body[..., 0] = sequence.width - body[..., 0]
    hands = sequence.hands[:, ::-1].copy()
    hands[..., 0] = sequence.width - hands[..., 0]
    return replace(sequence, body=body, hands=hands, hand_scores=sequence.hand_scores[:, ::-1])


def change_frame_rate(sequence: KeypointSequence, frames_per_second: float) -> KeypointSequence:
    """Return what a camera with another frame rate would have recorded, newest frame included.

    Values between recorded frames are interpolated by time. A part that is absent in one of the two
    frames is taken from the other if that one weighs at least one half.

    Raises:
        InputError: The frame rate is not positive.
    """
    if not frames_per_second > 0:
        raise InputError(f"frames_per_second: must be positive, got {frames_per_second}")
    # A sequence of 2 s at 15 frames per second must not lose a frame to rounding.
    steps = int(sequence.duration * frames_per_second + 1e-6)
    stamps = sequence.stamps[-1] - np.arange(steps, -1, -1) / frames_per_second
    where = brackets(sequence.stamps, stamps)
    body, confidence = _interpolate(sequence.body[..., :3], sequence.body[..., 3], where)
    flat = sequence.hands.reshape(len(sequence), 2, -1)
    hands, scores = _interpolate(flat, sequence.hand_scores, where)
    return replace(
        sequence,
        stamps=stamps,
        body=np.concatenate([body, confidence[..., None]], axis=-1),
        hands=hands.reshape(len(stamps), *sequence.hands.shape[1:]),
        hand_scores=scores,
    )


def remove_hands(
    sequence: KeypointSequence, share: float, random: np.random.Generator, *, block: bool
) -> KeypointSequence:
    """Remove both hands from a share 0..1 of the frames.

    Args:
        sequence: One person.
        share: Share of all frames, whether or not they show a hand.
        random: Chooses the frames.
        block: Whether the frames are consecutive; otherwise they are drawn one by one.

    Raises:
        InputError: The share is out of range.
    """
    _check_share(share)
    frames = len(sequence)
    count = round(share * frames)
    if block:
        start = int(random.random() * (frames - count + 1))
        removed = np.arange(start, start + count)
    else:
        removed = random.permutation(frames)[:count]
    hands, scores = sequence.hands.copy(), sequence.hand_scores.copy()
    hands[removed] = np.nan
    scores[removed] = 0.0
    return replace(sequence, hands=hands, hand_scores=scores)


def _check_share(share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share: must lie in 0..1, got {share}")


def _interpolate(
    values: FloatArray,
    confidence: FloatArray,
    where: tuple[npt.NDArray[np.integer], npt.NDArray[np.integer], FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Interpolate parts (F, P, C) and their confidence (F, P); NaN and 0 where absent."""
    found = np.isfinite(values).all(-1)
    blended, blended_confidence = blend(
        np.nan_to_num(values), np.nan_to_num(confidence) * found, *where
    )
    blended[blended_confidence == 0] = np.nan
    return blended.astype(np.float32), blended_confidence.astype(np.float32)
