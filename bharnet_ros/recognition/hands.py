"""Which hand does an action: what the hand expert and the motion say of each hand alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.actions import Hand
from bharnet_ros.types.keypoints import LEFT_HAND, RIGHT_HAND, FloatArray
from bharnet_ros.types.layouts import get_layout

LEAST_SEEN = 0.15
"""Share of the frames of a window in which a hand that acts is seen."""

LEAST_PATH = 0.5
"""Shoulder widths that a wrist moves in a window if its hand acts unseen."""

STILL_PATH = 0.3
"""Shoulder widths that the wrist of a still hand seems to move."""

STILL_WEIGHT = 0.5
"""Least weight of a hand that moves less than the other one: some signs are held still."""

EQUAL_SHARE = 0.5
"""Both hands act if the evidence for the weaker is at least this share of that for the surer."""

JOINT_GAIN = 1.3
"""Both hands act if together they are more evidence than the surer one alone, by this factor."""

LEAST_OTHER = 0.5
"""Probability from which the other hand counts as doing another action."""

LEAST_ACTION = 0.1
"""Probability of an action from which its hand is looked for."""

_SIDES = ((LEFT_HAND, Hand.LEFT), (RIGHT_HAND, Hand.RIGHT))

Pair = tuple[float, float]


@dataclass(frozen=True)
class HandEvidence:
    """What one window shows of the left and the right hand of a person.

    Attributes:
        seen: Share of frames in which each hand is seen and does not hang.
        path: Shoulder widths that each wrist moves.
        alone: Probability 0..1 of the action if the hand expert sees this hand alone.
        together: Probability if it sees both.
        otherwise: Greatest probability of another action if it sees this hand alone.
    """

    seen: Pair
    path: Pair
    alone: Pair = (0.0, 0.0)
    together: float = 0.0
    otherwise: Pair = (0.0, 0.0)


def acting_hand(evidence: HandEvidence) -> tuple[Hand, bool]:
    """Return the hand that does an action, and whether the other hand does another one.

    A hand that is never seen does not act if the other one is. If none is seen, the motion of the
    wrists decides. If both are seen, the hand expert does: what it says of each hand alone,
    discounted for a hand that is still while the other one moves.
    """
    seen = [share >= LEAST_SEEN for share in evidence.seen]
    if not any(seen):
        return _moving_hand(evidence.path), False
    if not all(seen):
        return (Hand.LEFT if seen[LEFT_HAND] else Hand.RIGHT), False
    farthest = max(evidence.path)
    weights = [
        alone * max(STILL_WEIGHT, (path + STILL_PATH) / (farthest + STILL_PATH))
        for alone, path in zip(evidence.alone, evidence.path, strict=True)
    ]
    surer = LEFT_HAND if weights[LEFT_HAND] > weights[RIGHT_HAND] else RIGHT_HAND
    other = 1 - surer
    equal = weights[other] >= EQUAL_SHARE * weights[surer]
    if equal or evidence.together >= JOINT_GAIN * max(evidence.alone):
        return Hand.BOTH, False
    return dict(_SIDES)[surer], evidence.otherwise[other] >= LEAST_OTHER


def _moving_hand(path: Pair) -> Hand:
    farthest = max(path)
    if farthest < LEAST_PATH:
        return Hand.NONE
    moving = [one >= EQUAL_SHARE * farthest for one in path]
    if all(moving):
        return Hand.BOTH
    return Hand.LEFT if moving[LEFT_HAND] else Hand.RIGHT


ScoreHands = Callable[[npt.NDArray[np.intp], NetworkInput], FloatArray]
"""Takes n rows of a batch and an input that shows one hand of each; returns the probabilities
(n, M) of the hand expert."""


def acting_hands(
    batch: KeypointBatch,
    inputs: NetworkInput,
    settings: FeatureSettings,
    scores: FloatArray,
    hand_scores: FloatArray,
    background: int,
    score_hands: ScoreHands,
) -> list[tuple[Hand, bool]]:
    """Return what `acting_hand` says of the most probable action of each window.

    The hand expert sees each hand of a window alone only if both are seen and there is an action.

    Args:
        batch: N people.
        inputs: The input made of them.
        settings: Layouts.
        scores: (N, M) probabilities of the classes.
        hand_scores: (N, M) of the hand expert.
        background: The class that is no action.
        score_hands: Asks the hand expert.
    """
    actions = scores.copy()
    actions[:, background] = -1.0
    best = actions.argmax(1)
    rows = np.arange(len(best))
    acts = actions[rows, best] >= LEAST_ACTION
    seen = inputs.hand_mask.mean(1)
    path = _wrist_paths(batch, settings)
    alone = np.zeros((2, *scores.shape), dtype=np.float32)
    asked = np.flatnonzero(acts & (seen >= LEAST_SEEN).all(1))
    if len(asked):
        for side, _ in _SIDES:
            alone[side, asked] = score_hands(asked, _one_hand(inputs, asked, side))
    found: list[tuple[Hand, bool]] = []
    for row, action in enumerate(best):
        others = np.delete(alone[:, row], [action, background], axis=1)
        evidence = HandEvidence(
            seen=_pair(seen[row]),
            path=_pair(path[row]),
            alone=_pair(alone[:, row, action]),
            together=float(hand_scores[row, action]),
            otherwise=_pair(others.max(1, initial=0.0)),
        )
        found.append(acting_hand(evidence) if acts[row] else (Hand.NONE, False))
    return found


def _one_hand(inputs: NetworkInput, rows: npt.NDArray[np.intp], side: int) -> NetworkInput:
    """Return some rows of an input, with one hand of each person alone."""
    mask = inputs.hand_mask[rows].copy()
    mask[..., 1 - side :: 2] = 0.0
    return NetworkInput(inputs.body[rows], inputs.body_mask[rows], inputs.hands[rows], mask)


def _wrist_paths(batch: KeypointBatch, settings: FeatureSettings) -> FloatArray:
    """Return (N, 2) the length of the way of each wrist, in shoulder widths.

    It is that of the hand where it is seen in most frames, else that of the body. It is zero where
    neither is seen, and where the shoulders are not.
    """
    layout = get_layout(settings.body_layout)
    paths = np.zeros((len(batch.body), 2), dtype=np.float32)
    seen = batch.body_mask > 0
    left, right = layout.scale
    both = seen[:, :, left] & seen[:, :, right]
    width = np.linalg.norm(batch.body[:, :, left] - batch.body[:, :, right], axis=-1)
    for row in np.flatnonzero(both.any(1)):
        unit = max(float(np.median(width[row, both[row]])), 1e-6)
        for side, name in enumerate(("left_wrist", "right_wrist")):
            shown = batch.hand_mask[row, :, side] > 0
            # Hands are in pixels, bodies of some layouts in metres.
            if shown.mean() >= 0.5 and layout.dimensions == 2:
                way = batch.hands[row, shown, side, 0, :2]
            elif name in layout.joints:
                joint = layout.joints.index(name)
                way = batch.body[row, seen[row, :, joint], joint]
            else:
                continue
            paths[row, side] = np.linalg.norm(np.diff(way, axis=0), axis=1).sum() / unit
    return paths


def _pair(values: Sequence[float] | FloatArray) -> Pair:
    left, right = values
    return float(left), float(right)
