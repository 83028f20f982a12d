"""Turns resampled keypoints into network inputs: normalisation, joint, bone, motion.

Training, evaluation and the robot all use `resample` and `network_input`, so that the robot's input
is prepared exactly as the training data was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.layouts import SHOULDERS_PER_HAND, SkeletonLayout, get_layout

_SHOULDER_WIDTH = 0.35
"""Metres; scale of a body in metres that never shows both shoulders."""

_FAR = 8.0
"""Bound of normalised coordinates in shoulder widths or hand sizes; beyond it there is noise."""


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """Input of the network as arrays: N samples of I people, usually one.

    Attributes:
        body: (N, C_body, T, V, I) float32.
        body_mask: (N, T, I) float32, share of body joints observed in each frame.
        hands: (N, C_hand, T, 21, 2 I) float32, person by person, left hand first; left hands are
            mirrored onto right ones.
        hand_mask: (N, T, 2 I) float32, 1 where the hand was found.
    """

    body: npt.NDArray[np.float32]
    body_mask: npt.NDArray[np.float32]
    hands: npt.NDArray[np.float32]
    hand_mask: npt.NDArray[np.float32]


def network_input(batch: KeypointBatch, settings: FeatureSettings) -> NetworkInput:
    """Normalise coordinates and derive the modalities.

    The origin is the median position of the body layout's centre joints over the window. The unit
    is the median scale (shoulder width). A person's position in the image and distance from the
    camera then do not matter, but motion does. The people of one sample share the coordinate frame
    of the first of them who was seen, which keeps their relative positions. With `fit_to_box`,
    bodies in metres are scaled to a box instead.

    Hands have a place in that frame and, separately, a shape relative to the wrist in units of the
    hand's size. Hands are in pixels: beside a body in metres, their place is relative to a frame of
    their own. That frame is also used where an image shows no body.

    Args:
        batch: N x I people over T frames.
        settings: Layouts and modalities.
    """
    layout = get_layout(settings.body_layout)
    hand_layout = get_layout(settings.hand_layout)
    if settings.align_heading and layout.dimensions == 3:
        batch = _align_heading(batch, layout)
    if settings.hanging_drop and layout.dimensions == 2:
        batch = _without_hanging_hands(batch, layout, settings.hanging_drop)
    if settings.hip_confidence < 1.0 and layout.dimensions == 2:
        batch = _with_hips_in_doubt(batch, layout, settings.hip_confidence)
    hand_mask = batch.hand_mask.astype(np.float32)
    hand_size = _hand_size(batch.hands, hand_mask, hand_layout)
    observed = (batch.body_mask > 0).astype(np.float32)
    hand_frame = _hand_frame(batch, hand_size)
    body_seen, hand_seen = observed.any((1, 2)), hand_mask.any((1, 2))
    if layout.dimensions == 2:
        origin, unit = _shared_frame(
            *_body_frame(batch, layout, *hand_frame), body_seen | hand_seen, batch.people
        )
        hand_origin, hand_unit = origin, unit
        body = _in_frame(batch.body, origin, unit)
    else:
        hand_origin, hand_unit = _shared_frame(*hand_frame, hand_seen, batch.people)
        if settings.fit_to_box:
            body = _in_box(batch.body, observed, batch.people)
        else:
            total = np.maximum(observed.sum((1, 2)), 1.0)[:, None]
            middle = (batch.body * observed[..., None]).sum((1, 2)) / total
            width = np.full(len(middle), _SHOULDER_WIDTH, dtype=np.float32)
            origin, unit = _shared_frame(
                *_body_frame(batch, layout, middle, width), body_seen, batch.people
            )
            body = _in_frame(batch.body, origin, unit)
    body = np.clip(body, -_FAR, _FAR) * observed[..., None]
    body_parts = [_modality(name, body, observed, layout) for name in settings.modalities]
    body = np.concatenate([*body_parts, batch.body_mask[..., None]], axis=-1)

    seen = hand_mask[..., None] * np.ones(21, dtype=np.float32)
    place = batch.hands[..., :2] - hand_origin[:, None, None, None]
    place = np.clip(place / hand_unit[:, None, None, None, None], -_FAR, _FAR)
    shape = batch.hands - batch.hands[:, :, :, :1]
    shape = np.clip(shape / hand_size[:, None, :, None, None], -_FAR, _FAR)
    mirror = np.ones((2, 1, 1), dtype=np.float32)
    mirror[0] = -1.0
    place = np.concatenate([place[..., :1] * mirror, place[..., 1:]], axis=-1) * seen[..., None]
    shape = np.concatenate([shape[..., :1] * mirror, shape[..., 1:]], axis=-1) * seen[..., None]
    hand_parts = []
    for name in settings.modalities:
        coordinates = np.concatenate([place, shape], -1) if name.startswith("joint") else shape
        # `_modality` needs T right before V: (P, T, 2, V, C) to (P, 2, T, V, C) and back.
        moved = _modality(name, coordinates.swapaxes(1, 2), seen.swapaxes(1, 2), hand_layout)
        hand_parts.append(moved.swapaxes(1, 2))
    hands = np.concatenate([*hand_parts, seen[..., None]], axis=-1)

    return NetworkInput(
        body=_as_instances(body[:, :, None], batch.people),
        body_mask=_as_instances(observed.mean(-1)[:, :, None], batch.people),
        hands=_as_instances(hands, batch.people),
        hand_mask=_as_instances(hand_mask, batch.people),
    )


def _as_instances(values: FloatArray, people: int) -> npt.NDArray[np.float32]:
    """Turn (N x I, T, S, V, C), S parts per person, into (N, C, T, V, I x S); V, C are optional."""
    count, frames, parts, *rest = values.shape
    grouped = values.reshape(count // people, people, frames, parts, *rest)
    axes: tuple[int, ...] = (0, 5, 2, 4, 1, 3) if rest else (0, 2, 1, 3)
    moved = grouped.transpose(axes)
    merged = moved.reshape(*moved.shape[:-2], people * parts)
    return np.ascontiguousarray(merged, dtype=np.float32)


def _shared(values: FloatArray, seen: npt.NDArray[np.bool_], people: int) -> FloatArray:
    """Return, for each person, the values (P, ...) of the first person seen in their sample."""
    first = seen.reshape(-1, people).argmax(1)
    return values[np.repeat(np.arange(len(first)) * people + first, people)]


def _shared_frame(
    origin: FloatArray, unit: FloatArray, seen: npt.NDArray[np.bool_], people: int
) -> tuple[FloatArray, FloatArray]:
    """Return, for each person, origin (P, D) and unit (P,) of the first seen in their sample."""
    return _shared(origin, seen, people), _shared(unit, seen, people)


def _align_heading(batch: KeypointBatch, layout: SkeletonLayout) -> KeypointBatch:
    """Turn bodies in metres about y so that the mean line from left to right shoulder is along x.

    The people of one sample turn with the first of them who was seen.
    """
    left, right = layout.scale
    seen = batch.body_mask > 0
    across = batch.body[:, :, right] - batch.body[:, :, left]
    x, _, z = (across * (seen[:, :, left] & seen[:, :, right])[..., None]).sum(1).T
    # The length is zero if the shoulders were never seen, or lie one above the other.
    length = np.hypot(x, z)
    known = length > 1e-6
    cosine = np.where(known, x, 1.0) / np.where(known, length, 1.0)
    sine = np.where(known, z, 0.0) / np.where(known, length, 1.0)
    zero, one = np.zeros_like(cosine), np.ones_like(cosine)
    turn = np.array([[cosine, zero, sine], [zero, one, zero], [-sine, zero, cosine]])
    turn = _shared(np.moveaxis(turn, 2, 0).astype(np.float32), seen.any((1, 2)), batch.people)
    return replace(batch, body=batch.body @ turn.swapaxes(1, 2)[:, None])


def _without_hanging_hands(
    batch: KeypointBatch, layout: SkeletonLayout, drop: float
) -> KeypointBatch:
    """Leave out hands more than `drop` shoulder widths below the shoulders, where both are seen."""
    shoulders = list(layout.scale)
    seen = (batch.body_mask[:, :, shoulders] > 0).all(-1)
    places = batch.body[:, :, shoulders]
    width = np.linalg.norm(places[:, :, 0] - places[:, :, 1], axis=-1)
    no_width = np.zeros(len(width), dtype=np.float32)
    longest = drop * _masked_median(width, seen.astype(np.float32), no_width)
    below = batch.hands[..., 0, 1] - places[..., 1].mean(2)[..., None]
    kept = ~(seen[..., None] & (below > longest[:, None, None]))
    return replace(
        batch,
        hands=batch.hands * kept[..., None, None],
        hand_mask=(batch.hand_mask * kept).astype(np.float32),
    )


def _with_hips_in_doubt(batch: KeypointBatch, layout: SkeletonLayout, most: float) -> KeypointBatch:
    """Return the batch with at most this confidence of the hips; their places stay."""
    hips = [number for number, joint in enumerate(layout.joints) if joint.endswith("_hip")]
    mask = batch.body_mask.copy()
    mask[:, :, hips] = np.minimum(mask[:, :, hips], np.float32(most))
    return replace(batch, body_mask=mask)


def _masked_median(values: FloatArray, present: FloatArray, fallback: FloatArray) -> FloatArray:
    """Return the median over axis 1 of the values present, `fallback` where none is."""
    # Sorting puts absent values last. On short rows this is many times as fast as `nanmedian`.
    ordered = np.sort(np.where(present > 0, values, np.inf), axis=1)
    count = (present > 0).sum(axis=1)
    middle = np.stack([np.maximum(count - 1, 0) // 2, count // 2], axis=1)
    median = np.take_along_axis(ordered, middle, axis=1).sum(axis=1) / 2.0
    return np.where(count > 0, median, fallback).astype(np.float32)


def _hand_size(hands: FloatArray, mask: FloatArray, layout: SkeletonLayout) -> FloatArray:
    """Return (P, 2) the median distance of the layout's scale joints in pixels, 1 where absent."""
    first, second = layout.scale
    length = np.linalg.norm(hands[..., first, :] - hands[..., second, :], axis=-1)
    count, frames, sides = length.shape
    columns = length.swapaxes(1, 2).reshape(count * sides, frames)
    present = mask.swapaxes(1, 2).reshape(count * sides, frames)
    size = _masked_median(columns, present, np.ones(count * sides, dtype=np.float32))
    return np.maximum(size, 1e-3).reshape(count, sides)


def _hand_frame(batch: KeypointBatch, hand_size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return origin (P, 2), the mean wrist, and unit (P,), a shoulder width, both in pixels."""
    present = batch.hand_mask.any(axis=1)
    total = np.maximum(present.sum(1), 1)
    from_hands = SHOULDERS_PER_HAND * (hand_size * present).sum(1) / total
    unit = np.where(present.any(1), from_hands, 1.0).astype(np.float32)
    weight = batch.hand_mask[..., None]
    wrists = batch.hands[:, :, :, 0, :2]
    mean_wrist = (wrists * weight).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1.0)
    return mean_wrist, unit


def _body_frame(
    batch: KeypointBatch,
    layout: SkeletonLayout,
    fallback_origin: FloatArray,
    fallback_unit: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return origin (P, D) and unit (P,) of the body; the fallback for each that was not seen."""
    seen = batch.body_mask > 0
    centre = list(layout.centre)
    origin_seen = seen[:, :, centre].all(-1).astype(np.float32)
    points = batch.body[:, :, centre].mean(2)
    left, right = layout.scale
    scale_seen = (seen[:, :, left] & seen[:, :, right]).astype(np.float32)
    width = np.linalg.norm(batch.body[:, :, left] - batch.body[:, :, right], axis=-1)

    unit = np.maximum(_masked_median(width, scale_seen, fallback_unit), 1e-3)
    origin = np.stack(
        [
            _masked_median(points[..., axis], origin_seen, fallback_origin[:, axis])
            for axis in range(layout.dimensions)
        ],
        axis=-1,
    )
    return origin, unit


def _in_frame(body: FloatArray, origin: FloatArray, unit: FloatArray) -> FloatArray:
    """Return bodies (P, T, V, D) relative to an origin (P, D), in units (P,)."""
    return (body - origin[:, None, None]) / unit[:, None, None, None]


def _in_box(body: FloatArray, observed: FloatArray, people: int) -> FloatArray:
    """Scale each axis of (P, T, V, 3) so that the people of a sample span -1..1 over the window.

    Args:
        body: Metres, people of a sample one after the other.
        observed: (P, T, V) 1 where a joint was seen.
        people: Number of people in each sample.
    """
    seen = observed[..., None] > 0
    of_sample = (len(body) // people, -1, body.shape[-1])
    low = np.where(seen, body, np.inf).reshape(of_sample).min(1)
    high = np.where(seen, body, -np.inf).reshape(of_sample).max(1)
    any_seen = low <= high
    low, high = np.where(any_seen, low, 0.0), np.where(any_seen, high, 0.0)
    # If all joints agree along an axis, they lie in the middle; this avoids a division by zero.
    half = np.maximum((high - low) / 2.0, 1e-3)
    middle, half = (
        np.repeat(values, people, axis=0)[:, None, None] for values in ((low + high) / 2.0, half)
    )
    return ((body - middle) / half).astype(np.float32)


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
