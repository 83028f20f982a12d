"""Random variation of clips: speed, frame rate, mirroring, view, missing hands and frames, rest.

It changes raw keypoints, before `features.network_input` processes them, as a real camera would.
Changes of view and time are the same for all people of a clip; noise and missing hands are drawn
for each person.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.training.augmentation.rest import rest_in_part
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.types.layouts import SHOULDERS_PER_HAND, SkeletonLayout, get_layout

FloatArray = npt.NDArray[np.floating]

_LEAST_WIDTH = {2: 1.0, 3: 0.05}
"""Least shoulder width by the dimensions of a layout: pixels in an image, metres in space."""


def augmented_batch(
    store: ClipStore,
    clips: npt.NDArray[np.integer],
    frames: int,
    layout: SkeletonLayout,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> tuple[KeypointBatch, npt.NDArray[np.bool_]]:
    """Cut windows out of clips and vary them.

    Args:
        store: All clips.
        clips: (N,) indices of the clips.
        frames: Frames T of the result.
        layout: Layout of the body in the store.
        settings: How far clips are varied.
        random: Source of randomness.

    Returns:
        The batch of N x I people, and (N,) whether a window shows (almost) only rest.
    """
    batch = _cut(store, clips, frames, settings, random)
    unit = _unit(batch, layout)
    _remove_hands(batch, settings, random)
    only_rest = np.zeros(len(clips), dtype=np.bool_)
    if layout.dimensions == 2:
        only_rest = rest_in_part(batch, unit, layout, settings, random)
    batch = _mirror(batch, layout, settings, random)
    _distort(batch, unit, layout, settings, random)
    return batch, only_rest


def _cut(
    store: ClipStore,
    clips: npt.NDArray[np.integer],
    frames: int,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> KeypointBatch:
    """Choose the time in the clip for each frame of the window, and take these frames."""
    count = len(clips)
    last = (store.frames[clips] - 1)[:, None]
    length = random.uniform(*settings.speed, (count, 1)) * last
    start = random.uniform(0, 1, (count, 1)) * (last - length)
    position = np.linspace(0.0, 1.0, frames)[None]
    shift = random.uniform(-settings.warp, settings.warp, (count, 2, 1))
    position = (
        position
        + shift[:, 0] * np.sin(np.pi * position)
        + shift[:, 1] * np.sin(2 * np.pi * position) / 2
    )
    at = np.clip(start + position * length, 0, last)

    slow = random.random((count, 1)) < settings.slow_rate_probability
    step = np.where(slow, random.uniform(1.0, 3.0, (count, 1)), 1.0)
    phase = random.uniform(0, 1, (count, 1)) * (step - 1)
    index = np.floor((at - phase) / step)
    before = np.clip(np.round(phase + index * step), 0, last)
    after = np.clip(np.round(phase + (index + 1) * step), 0, last)
    weight = np.clip((at - before) / np.maximum(after - before, 1e-6), 0, 1)
    # A lost frame is replaced by its neighbour.
    lossy = random.random((count, 1)) < settings.frame_loss_probability
    lost = lossy & (random.random(at.shape) < 0.2)
    weight = np.where(lost, np.round(weight), weight)

    return store.at(clips, before, after, weight)


def _unit(batch: KeypointBatch, layout: SkeletonLayout) -> FloatArray:
    """Return (P,) mean shoulder width in pixels or metres, at least `_LEAST_WIDTH`.

    In images, that of people of whom only hands are seen follows from the size of their hands.
    """
    left, right = layout.scale
    seen = (batch.body_mask[..., [left, right]] > 0).all(-1)
    width = np.linalg.norm(batch.body[:, :, left] - batch.body[:, :, right], axis=-1) * seen
    mean = width.sum(1) / np.maximum(seen.sum(1), 1)
    if layout.dimensions == 2:
        mean = np.where(seen.any(1), mean, SHOULDERS_PER_HAND * _hand_size(batch))
    return np.maximum(mean, _LEAST_WIDTH[layout.dimensions])


def _for_all_people(values: FloatArray, people: int) -> FloatArray:
    """Repeat the values of a clip for each of its I people: (N, ...) to (N x I, ...)."""
    return np.repeat(values, people, axis=0)


def _remove_hands(
    batch: KeypointBatch, settings: AugmentationSettings, random: np.random.Generator
) -> None:
    """Remove hands for part of the window or throughout, in place."""
    count, frames, _ = batch.hand_mask.shape
    time = np.arange(frames)[None, :, None]
    length = random.integers(1, frames // 2, (count, 1, 2))
    start = random.integers(-frames // 4, frames, (count, 1, 2))
    gap = (time >= start) & (time < start + length)
    gap &= random.random((count, 1, 2)) < settings.hand_gap_probability
    absent = random.random((count, 1, 2)) < settings.hand_absent_probability
    seen = batch.hand_mask.sum(1, keepdims=True)
    weaker = seen < seen.max(2, keepdims=True)
    weaker &= random.random((count, 1, 1)) < settings.weaker_hand_absent_probability
    keep = ~(gap | absent | weaker)
    batch.hand_mask[...] *= keep
    batch.hands[...] *= keep[..., None, None]


def _mirror(
    batch: KeypointBatch,
    layout: SkeletonLayout,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> KeypointBatch:
    """Swap left and right of some windows."""
    flip = random.random(len(batch.body) // batch.people) < settings.mirror_probability
    flip = np.repeat(flip, batch.people)
    swapped = list(layout.mirror)
    sign = np.asarray([-1.0, 1.0, 1.0][: layout.dimensions], dtype=np.float32)
    body = np.where(flip[:, None, None, None], batch.body[:, :, swapped] * sign, batch.body)
    body_mask = np.where(flip[:, None, None], batch.body_mask[:, :, swapped], batch.body_mask)
    hand_sign = np.asarray([-1.0, 1.0, 1.0], dtype=np.float32)
    hands = np.where(
        flip[:, None, None, None, None], batch.hands[:, :, ::-1] * hand_sign, batch.hands
    )
    hand_mask = np.where(flip[:, None, None], batch.hand_mask[:, :, ::-1], batch.hand_mask)
    return KeypointBatch(body, body_mask, hands, hand_mask, batch.people, batch.times, flip)


def _distort(
    batch: KeypointBatch,
    unit: FloatArray,
    layout: SkeletonLayout,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> None:
    """Change view and depth scale and add noise, in place."""
    people = len(batch.body)
    count = people // batch.people
    in_image = _for_all_people(_change_of_image(count, settings, random), batch.people)
    level = _for_all_people(settings.noise * random.random(count), batch.people)
    hand_unit = unit
    change = in_image
    if layout.dimensions == 3:
        change = _for_all_people(_change_of_view(count, settings, random), batch.people)
        hand_unit = SHOULDERS_PER_HAND * _hand_size(batch)

    def noise(shape: tuple[int, ...], unit: FloatArray) -> FloatArray:
        values = random.standard_normal(shape, dtype=np.float32)
        sigma = (level * unit).astype(np.float32)
        return values * sigma.reshape(people, *(1,) * (len(shape) - 1))

    body = np.einsum("nij,ntvj->ntvi", change, batch.body)
    batch.body[...] = body + noise(batch.body.shape, unit)
    if layout.dimensions == 3 and not batch.hand_mask.any():
        # Most data sets of depth cameras have no hands, and noise takes time.
        return
    hands = batch.hands
    hands[..., :2] = np.einsum("nij,nthvj->nthvi", in_image, hands[..., :2])
    depth = random.uniform(0.7, 1.3, (count, 1, 1, 1))
    hands[..., 2] *= _for_all_people(depth, batch.people)
    hands += 0.5 * noise(hands.shape, hand_unit)
    hands *= batch.hand_mask[..., None, None]


def _change_of_image(
    count: int, settings: AugmentationSettings, random: np.random.Generator
) -> FloatArray:
    """Return (N, 2, 2) matrices that roll the camera, then change the aspect."""
    aspect = random.uniform(*settings.aspect, count)
    angle = random.uniform(-settings.rotation, settings.rotation, count)
    cosine, sine = np.cos(angle), np.sin(angle)
    change = np.stack(
        [np.stack([cosine, -sine], -1), np.stack([sine * aspect, cosine * aspect], -1)], 1
    )
    return change.astype(np.float32)


def _change_of_view(
    count: int, settings: AugmentationSettings, random: np.random.Generator
) -> FloatArray:
    """Return (N, 3, 3) matrices that stretch people, then turn the camera about each axis.

    The origin does not matter, since `network_input` removes the position of a person.
    """
    limits = (settings.tilt, settings.turn, settings.roll)
    angles = np.stack([random.uniform(-limit, limit, count) for limit in limits], -1)
    stretch = random.uniform(*settings.stretch, (count, 1, 3))
    turned = Rotation.from_euler("yxz", angles[:, [1, 0, 2]]).as_matrix()
    return (turned * stretch).astype(np.float32)


def _hand_size(batch: KeypointBatch) -> FloatArray:
    """Return (P,) mean distance from wrist to middle knuckle in pixels, zero without hands."""
    first, second = get_layout("mediapipe_hand").scale
    length = np.linalg.norm(batch.hands[..., first, :] - batch.hands[..., second, :], axis=-1)
    return length.sum((1, 2)) / np.maximum(batch.hand_mask.sum((1, 2)), 1.0)
