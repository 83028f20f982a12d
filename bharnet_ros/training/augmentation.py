"""Random variation of clips: speed, frame rate, mirroring, view, missing hands and frames, rest.

All of it happens on raw keypoints, before `features.network_input` sees them, as a camera would.
What befalls the view or the time befalls all people of a clip alike; noise and missing hands are
each person's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from bharnet_ros.features import KeypointBatch
from bharnet_ros.skeleton.layouts import SkeletonLayout, get_layout
from bharnet_ros.training.clips import ClipStore

FloatArray = npt.NDArray[np.floating]

_LEAST_WIDTH = {2: 1.0, 3: 0.05}
"""Least width of shoulders by the dimensions of a layout: pixels in an image, metres in space."""

_SHOULDERS_PER_HAND = 3.5
"""Shoulder width over the size of a hand, where pixels of a hand stand beside a body in metres."""


@dataclass(frozen=True)
class AugmentationSettings:
    """How far clips are varied. Probabilities and shares are 0..1.

    A layout of a depth camera is in metres and leaves alone what is for bodies in images, and the
    other way round.

    Attributes:
        speed: Least and greatest share of a clip that fills the window; above 1 its ends are held.
        warp: Greatest shift of the middle of the window by uneven speed, as a share of it.
        slow_rate_probability: How often frames are left out, down to a third of the frame rate.
        frame_loss_probability: How often single frames are lost.
        mirror_probability: How often left and right are swapped.
        aspect: In images, least and greatest factor on heights, for unknown aspect ratios.
        rotation: In images, greatest camera roll, radians.
        turn: In metres, greatest rotation about the vertical axis of the camera, radians.
        tilt: In metres, greatest rotation about each of the two other axes, radians.
        stretch: In metres, least and greatest factor on each of the three axes. Each has its own:
            a common one would be normalised away.
        noise: Standard deviation of coordinates in units of the shoulder width.
        hand_gap_probability: How often each hand goes missing for a part of the window.
        hand_absent_probability: How often each hand is missing throughout.
        weaker_hand_absent_probability: How often only the more visible hand is kept.
        rest_probability: In images, how often part of the window becomes rest with hanging arms.
        background_rest_probability: In images, how often a clip becomes background: (almost) only
            rest.
    """

    speed: tuple[float, float] = (0.65, 1.25)
    warp: float = 0.12
    slow_rate_probability: float = 0.4
    frame_loss_probability: float = 0.2
    mirror_probability: float = 0.5
    aspect: tuple[float, float] = (0.72, 1.15)
    rotation: float = 0.15
    turn: float = 0.5
    tilt: float = 0.1
    stretch: tuple[float, float] = (0.9, 1.1)
    noise: float = 0.012
    hand_gap_probability: float = 0.25
    hand_absent_probability: float = 0.04
    weaker_hand_absent_probability: float = 0.15
    rest_probability: float = 0.25
    background_rest_probability: float = 0.04


def augmented_batch(
    store: ClipStore,
    clips: npt.NDArray[np.integer],
    classes: npt.NDArray[np.int64],
    frames: int,
    layout: SkeletonLayout,
    background_id: int,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> tuple[KeypointBatch, npt.NDArray[np.int64]]:
    """Cut and vary clips.

    Args:
        store: All clips.
        clips: (N,) which of them.
        classes: (N,) their classes.
        frames: Frames T of the result.
        layout: Layout of the body in the store.
        background_id: Class of windows that show (almost) only rest.
        settings: How far to vary.
        random: Source of randomness.

    Returns:
        The batch of N x I people and its (N,) classes.
    """
    batch = _cut(store, clips, frames, settings, random)
    unit = _unit(batch, layout)
    _miss_hands(batch, settings, random)
    if layout.dimensions == 2:
        classes = _rest(batch, classes, background_id, unit, layout, settings, random)
    batch = _mirror(batch, layout, settings, random)
    _distort(batch, unit, layout, settings, random)
    return batch, classes


def _cut(
    store: ClipStore,
    clips: npt.NDArray[np.integer],
    frames: int,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> KeypointBatch:
    """Choose when each frame of the window is taken from the clip, and take it."""
    count = len(clips)
    last = (store.frames[clips] - 1)[:, None]
    length = random.uniform(*settings.speed, (count, 1)) * last
    start = random.uniform(0, 1, (count, 1)) * (last - length)
    place = np.linspace(0.0, 1.0, frames)[None]
    shift = random.uniform(-settings.warp, settings.warp, (count, 2, 1))
    place = (
        place + shift[:, 0] * np.sin(np.pi * place) + shift[:, 1] * np.sin(2 * np.pi * place) / 2
    )
    at = np.clip(start + place * length, 0, last)

    slow = random.random((count, 1)) < settings.slow_rate_probability
    step = np.where(slow, random.uniform(1.0, 3.0, (count, 1)), 1.0)
    phase = random.uniform(0, 1, (count, 1)) * (step - 1)
    index = np.floor((at - phase) / step)
    before = np.clip(np.round(phase + index * step), 0, last)
    after = np.clip(np.round(phase + (index + 1) * step), 0, last)
    weight = np.clip((at - before) / np.maximum(after - before, 1e-6), 0, 1)
    # A lost frame leaves its neighbour in its place.
    lossy = random.random((count, 1)) < settings.frame_loss_probability
    lost = lossy & (random.random(at.shape) < 0.2)
    weight = np.where(lost, np.round(weight), weight)

    return store.at(clips, before, after, weight)


def _unit(batch: KeypointBatch, layout: SkeletonLayout) -> FloatArray:
    """Return (P,) mean shoulder width in pixels or metres, never less than could be seen."""
    left, right = layout.scale
    width = np.linalg.norm(batch.body[:, :, left] - batch.body[:, :, right], axis=-1)
    return np.maximum(width.mean(1), _LEAST_WIDTH[layout.dimensions])


def _everybody(values: FloatArray, people: int) -> FloatArray:
    """Give each of the I people of a clip what the clip has: (N, ...) to (N x I, ...)."""
    return np.repeat(values, people, axis=0)


def _miss_hands(
    batch: KeypointBatch, settings: AugmentationSettings, random: np.random.Generator
) -> None:
    """Take hands away, for a while or throughout, in place."""
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


def _rest(
    batch: KeypointBatch,
    classes: npt.NDArray[np.int64],
    background_id: int,
    unit: FloatArray,
    layout: SkeletonLayout,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Turn the beginning or the end of some windows into rest: arms hanging, hands out of sight.

    A window keeps its class while more than half of it shows the action and becomes background
    when less than a fifth does.
    """
    people, frames, _ = batch.hand_mask.shape
    count = people // batch.people
    chance = random.random(count)
    nothing = chance < settings.background_rest_probability
    partial = ~nothing & (chance < settings.background_rest_probability + settings.rest_probability)
    share = np.where(nothing, random.uniform(0.82, 1.3, count), 0.0)
    share = np.where(partial, random.uniform(0.1, 0.5, count), share)
    classes = np.where(nothing, background_id, classes)

    time = (np.arange(frames) + 0.5) / frames
    early = random.random(count) < 0.65
    distance = np.where(early[:, None], time[None], 1.0 - time[None])
    # 1 at rest, 0 in action, with a transition in between.
    blend_s = random.uniform(0.08, 0.25, count)
    rest = np.clip((share[:, None] - distance) / blend_s[:, None], 0.0, 1.0)
    rest = np.where(share[:, None] > 0, rest, 0.0).astype(np.float32)
    rest = _everybody(rest, batch.people)

    names = layout.joints
    for side, opposite in (("left", "right"), ("right", "left")):
        shoulder = batch.body[:, :, names.index(f"{side}_shoulder")]
        other = batch.body[:, :, names.index(f"{opposite}_shoulder")]
        # Which way is outwards depends on whether the image is mirrored.
        outwards = np.sign((shoulder - other)[..., 0]).mean(1)
        spread = random.uniform(-0.3, 0.25, people)
        bend = random.uniform(-0.5, 0.3, people)
        for part, drop, out in (
            ("elbow", random.uniform(0.7, 1.0, people), spread),
            ("wrist", random.uniform(1.2, 1.9, people), spread + bend),
        ):
            target = np.stack([out * outwards, drop], -1)[:, None] * unit[:, None, None] + shoulder
            moving = [names.index(f"{side}_{part}")]
            if part == "wrist":
                fingers = (f"{side}_{finger}" for finger in ("pinky", "index", "thumb"))
                moving += [names.index(finger) for finger in fingers if finger in names]
            anchor = batch.body[:, :, moving[0]].copy()
            for joint in moving:
                offset = batch.body[:, :, joint] - anchor
                hanging = target + offset
                amount = rest[..., None]
                batch.body[:, :, joint] += amount * (hanging - batch.body[:, :, joint])
    visible = rest < random.uniform(0.15, 0.6, (people, 1))
    batch.hand_mask[...] *= visible[..., None]
    batch.hands[...] *= visible[..., None, None, None]
    return classes


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
    return KeypointBatch(body, body_mask, hands, hand_mask, batch.people)


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
    in_image = _everybody(_change_of_image(count, settings, random), batch.people)
    level = _everybody(settings.noise * random.random(count), batch.people)
    hand_unit = unit
    change = in_image
    if layout.dimensions == 3:
        change = _everybody(_change_of_view(count, settings, random), batch.people)
        hand_unit = _SHOULDERS_PER_HAND * _hand_size(batch)

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
    hands[..., 2] *= _everybody(depth, batch.people)
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
    """Return (N, 3, 3) matrices that stretch people, then turn and tilt the camera around them.

    Origins do not matter, since `network_input` takes the place of a person away.
    """
    limits = (settings.tilt, settings.turn, settings.tilt)
    angles = np.stack([random.uniform(-limit, limit, count) for limit in limits], -1)
    stretch = random.uniform(*settings.stretch, (count, 1, 3))
    turned = Rotation.from_euler("yxz", angles[:, [1, 0, 2]]).as_matrix()
    return (turned * stretch).astype(np.float32)


def _hand_size(batch: KeypointBatch) -> FloatArray:
    """Return (P,) mean distance from wrist to middle knuckle in pixels, zero without hands."""
    first, second = get_layout("mediapipe_hand").scale
    length = np.linalg.norm(batch.hands[..., first, :] - batch.hands[..., second, :], axis=-1)
    return length.sum((1, 2)) / np.maximum(batch.hand_mask.sum((1, 2)), 1.0)
