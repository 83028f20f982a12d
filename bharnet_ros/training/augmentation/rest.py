"""Rest before, after or instead of an action: hanging arms, hands hidden or hanging in view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.types.keypoints import FloatArray
from bharnet_ros.types.layouts import SkeletonLayout, get_layout

BoolArray = npt.NDArray[np.bool_]

_FINGERS = ("pinky", "index", "thumb")

_RARELY_SEEN = 0.15
"""A hand in less than this share of the frames of a window counts as out of view."""

_HANGING_CONFIDENCE = 0.9
"""Confidence of the joints of an arm that hangs in view."""

_RESTING = 0.5
"""Amount of rest (0..1) above which the pictures of the action no longer fit the arms."""

_HANGING_DROP = 0.9
"""Least distance of a hanging wrist below its shoulder, in shoulder widths."""


def rest_in_part(
    batch: KeypointBatch,
    unit: FloatArray,
    layout: SkeletonLayout,
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> BoolArray:
    """Turn the ends of some windows, and (almost) all of others, into rest, in place.

    Args:
        batch: N x I people in images.
        unit: (N x I,) shoulder widths, pixels.
        layout: Layout of the bodies.
        settings: How often and how much people rest.
        random: Source of randomness.

    Returns:
        (N,) whether a window shows (almost) only rest.
    """
    people, frames, _ = batch.hand_mask.shape
    count = people // batch.people
    chance = random.random(count)
    # Hands without a body cannot be lowered.
    has_arms = batch.body_mask[..., list(layout.scale)].any((1, 2))
    chance[~has_arms.reshape(count, -1).any(1)] = np.inf
    only_rest = chance < settings.background_rest_probability
    some_rest = chance < settings.background_rest_probability + settings.rest_probability
    partial = ~only_rest & some_rest
    share = np.where(only_rest, random.uniform(0.82, 1.3, count), 0.0)
    share = np.where(partial, random.uniform(*settings.rest_share, count), share)

    time = (np.arange(frames) + 0.5) / frames
    early = random.random(count) < 0.65
    # Rest is 1, action is 0, with a transition in between.
    transition = random.uniform(0.08, 0.25, count)
    first = np.where(early, share, 0.0)
    if settings.rest_around_probability:
        around = partial & (random.random(count) < settings.rest_around_probability)
        first = np.where(around, random.uniform(0.2, 0.8, count) * share, first)
    rest = np.maximum(
        _rest_until(time, first, transition), _rest_until(1.0 - time, share - first, transition)
    )
    rest = np.repeat(rest, batch.people, axis=0)
    arms = np.repeat((rest * has_arms[:, None])[..., None], 2, axis=2)
    in_view_at_rest = np.zeros((people, 2), dtype=np.bool_)
    in_view = np.zeros(arms.shape, dtype=np.bool_)
    if settings.resting_hands_probability:
        in_view_at_rest = random.random((people, 2)) < settings.resting_hands_probability
        idle = in_view_at_rest & _idle_hands(batch, unit, layout)
        _copy_shape_of_other_hand(batch, idle)
        arms = np.where(idle[:, None], np.float32(1.0), arms)
        # A hanging hand is small and seen from its edge, so it is found in some frames only.
        in_view = random.random(arms.shape) < random.uniform(0.4, 1.0, (people, 1, 2))
        in_view &= in_view_at_rest[:, None]
    hanging = _lower_arms(batch, arms, in_view_at_rest, unit, layout, random)
    in_view |= arms < random.uniform(0.15, 0.6, (people, 1, 1))
    if settings.resting_hands_probability:
        _lower_hands(batch, arms, hanging, random)
    batch.hand_mask[...] *= in_view
    batch.hands[...] *= batch.hand_mask[..., None, None]
    if batch.times is not None:
        # No picture shows this rest; pictures of the action would be learned as background.
        batch.times[rest > _RESTING] = np.nan
    return only_rest


def _rest_until(time: FloatArray, share: FloatArray, transition: FloatArray) -> FloatArray:
    """Return the amount of rest (N, T) 0..1 at times (T,) if the first shares (N,) of them rest."""
    rest = np.clip((share[:, None] - time[None]) / transition[:, None], 0.0, 1.0)
    return np.where(share[:, None] > 0, rest, 0.0).astype(np.float32)


def _idle_hands(batch: KeypointBatch, unit: FloatArray, layout: SkeletonLayout) -> BoolArray:
    """Return (P, 2) bool: hands that are rarely seen and hang while the other hand is seen.

    At a webcam they hang below the image; a camera farther away would see them.
    """
    names = layout.joints
    seen = batch.hand_mask.mean(1)
    idle: BoolArray = (seen < _RARELY_SEEN) & (seen[:, ::-1] > 0)
    for number, side in enumerate(("left", "right")):
        drop = [batch.body[..., names.index(f"{side}_{part}"), 1] for part in ("wrist", "shoulder")]
        idle[:, number] &= np.median(drop[0] - drop[1], axis=1) > _HANGING_DROP * unit
    return idle


def _copy_shape_of_other_hand(batch: KeypointBatch, idle: BoolArray) -> None:
    """Give unseen hands (P, 2) the mirrored mean shape of the other hand, in place."""
    for side in (0, 1):
        chosen = idle[:, side]
        other = batch.hands[chosen, :, 1 - side]
        present = batch.hand_mask[chosen, :, 1 - side, None, None]
        shape = ((other - other[:, :, :1]) * present).sum(1) / present.sum(1)
        shape[..., 0] *= -1.0
        batch.hands[chosen, :, side] = shape[:, None]
        batch.hand_mask[chosen, :, side] = 1.0


def _lower_arms(
    batch: KeypointBatch,
    rest: FloatArray,
    in_view_at_rest: BoolArray,
    unit: FloatArray,
    layout: SkeletonLayout,
    random: np.random.Generator,
) -> FloatArray:
    """Move arms towards hanging by their amount of rest, in place.

    Args:
        batch: P people.
        rest: (P, T, 2) 0..1 how much each arm rests.
        in_view_at_rest: (P, 2) whether each hand stays in view at rest; its arm does so too.
        unit: (P,) shoulder widths, pixels.
        layout: Layout of the bodies.
        random: Source of randomness.

    Returns:
        (P, T, 2, 2, 2) pixels at full rest of left and right arm, elbow and wrist.
    """
    people = len(rest)
    names = layout.joints
    arms = []
    for number, (side, opposite) in enumerate((("left", "right"), ("right", "left"))):
        amount = rest[..., number, None]
        seen = _HANGING_CONFIDENCE * rest[..., number] * in_view_at_rest[:, None, number]
        shoulder = batch.body[:, :, names.index(f"{side}_shoulder")]
        other = batch.body[:, :, names.index(f"{opposite}_shoulder")]
        # The outward direction depends on whether the image is mirrored.
        outwards = np.sign((shoulder - other)[..., 0]).mean(1)
        spread = random.uniform(-0.3, 0.25, people)
        bend = random.uniform(-0.5, 0.3, people)
        arm = []
        for part, drop, out in (
            ("elbow", random.uniform(0.7, 1.0, people), spread),
            ("wrist", random.uniform(1.2, 1.9, people), spread + bend),
        ):
            target = np.stack([out * outwards, drop], -1)[:, None] * unit[:, None, None] + shoulder
            moving = [names.index(f"{side}_{part}")]
            if part == "wrist":
                fingers = (f"{side}_{finger}" for finger in _FINGERS)
                moving += [names.index(finger) for finger in fingers if finger in names]
            anchor = batch.body[:, :, moving[0]].copy()
            for joint in moving:
                offset = batch.body[:, :, joint] - anchor
                hanging = target + offset
                batch.body[:, :, joint] += amount * (hanging - batch.body[:, :, joint])
                batch.body_mask[..., joint] = np.maximum(batch.body_mask[..., joint], seen)
            arm.append(target)
        arms.append(np.stack(arm, axis=2))
    return np.stack(arms, axis=2)


def _lower_hands(
    batch: KeypointBatch, rest: FloatArray, hanging: FloatArray, random: np.random.Generator
) -> None:
    """Move hands with their wrists, align them with the forearms and close them a little, in place.

    Args:
        batch: P people.
        rest: (P, T, 2) 0..1 how much each arm rests.
        hanging: (P, T, 2, 2, 2) as returned by `_lower_arms`.
        random: Source of randomness.
    """
    people = len(rest)
    hand = get_layout("mediapipe_hand")
    wrist, knuckle = hand.scale
    forearm = hanging[..., 1, :] - hanging[..., 0, :]
    root = batch.hands[..., wrist, :].copy()
    pointing = (batch.hands[..., knuckle, :] - root)[..., :2]
    wanted = np.arctan2(forearm[..., 1], forearm[..., 0])
    wanted = wanted + random.uniform(-0.5, 0.5, (people, 1, 2))
    turn = wanted - np.arctan2(pointing[..., 1], pointing[..., 0])
    turn = rest * ((turn + np.pi) % (2 * np.pi) - np.pi)
    cosine, sine = np.cos(turn)[..., None], np.sin(turn)[..., None]

    shape = batch.hands - root[..., None, :]
    # Fingertips move towards the knuckles.
    curl = 1.0 - rest * random.uniform(0.0, 0.5, (people, 1, 2))
    fingers = [joint for joint in range(len(hand)) if joint % 4 != 1 and joint > 4]
    knuckles = [joint - (joint - 1) % 4 for joint in fingers]
    bent = shape[..., knuckles, :]
    shape[..., fingers, :] = bent + curl[..., None, None] * (shape[..., fingers, :] - bent)
    x, y = shape[..., 0], shape[..., 1]
    shape = np.stack([cosine * x - sine * y, sine * x + cosine * y, shape[..., 2]], axis=-1)
    batch.hands[...] = root[..., None, :] + shape
    batch.hands[..., :2] += (rest[..., None] * (hanging[..., 1, :] - root[..., :2]))[..., None, :]
