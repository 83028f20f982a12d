"""Splice short clips of one person into a long recording with exact truth.

research/RESULTS.md gives the reason for each choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray, KeypointSequence
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES
from bharnet_ros.types.timeline import TrueAction

_LEAST_DROP = 1.1
"""How far both wrists hang below their shoulders in a resting frame, in shoulder widths."""

_LEAST_REST = 8
"""Fewest frames of a resting run that is played back and forth."""

_SHOULDERS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_shoulder") for side in ("left", "right"))
_ELBOWS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_elbow") for side in ("left", "right"))
_WRISTS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_wrist") for side in ("left", "right"))
_FINGERS = tuple(
    tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_{finger}") for finger in ("pinky", "index", "thumb"))
    for side in ("left", "right")
)


@dataclass(frozen=True)
class SplicingSettings:
    """How clips follow each other. Pairs are the bounds of a uniform distribution.

    Attributes:
        move_s: Seconds that lowering the hands takes, and raising them.
        pause_s: Seconds of rest between two gestures.
        unknown_probability: How often an unknown motion comes between two gestures.
        passing_probability: How often an unknown motion is entered or left without a pause: the
            hands are lowered and raised at once.
        hands_lost: Share 0..1 of the way down at which a hand is lost from view.
    """

    move_s: tuple[float, float] = (0.15, 0.3)
    pause_s: tuple[float, float] = (1.0, 4.0)
    unknown_probability: float = 0.35
    passing_probability: float = 0.5
    hands_lost: tuple[float, float] = (0.15, 0.6)


@dataclass(frozen=True, eq=False)
class SplicedRecording:
    """Minutes of one person, and the gestures in them.

    Attributes:
        person: Keypoints at a constant frame rate.
        truth: The gestures, by time.
        unknown: The unknown motions, by time; they should yield no event.
        own_rest: Whether the pauses show the person's own resting frames.
    """

    person: KeypointSequence
    truth: tuple[TrueAction, ...]
    unknown: tuple[TrueAction, ...]
    own_rest: bool


class _Frames:
    """Frames of one person, to which more can be added."""

    def __init__(self) -> None:
        self._columns: tuple[list[FloatArray], ...] = ([], [], [])
        self.count = 0

    def add(self, body: FloatArray, hands: FloatArray, hand_scores: FloatArray) -> None:
        for column, part in zip(self._columns, (body, hands, hand_scores), strict=True):
            column.append(part)
        self.count += len(body)

    def sequence(self, frame_rate: float, like: KeypointSequence) -> KeypointSequence:
        body, hands, scores = (np.concatenate(column) for column in self._columns)
        stamps = np.arange(self.count) / frame_rate
        return replace(like, stamps=stamps, body=body, hands=hands, hand_scores=scores, label=None)


@dataclass
class Splicer:
    """Splices the clips of one person.

    Attributes:
        gestures: Clips whose labels become the truth, in the order in which they are shown.
        unknown: Clips of other motion, in the order in which they are shown.
        frame_rate: Frames per second of the recording; each frame of a clip becomes one frame.
        random: Random generator of all choices.
        settings: How clips follow each other.
    """

    gestures: Sequence[KeypointSequence]
    unknown: Sequence[KeypointSequence]
    frame_rate: float
    random: np.random.Generator
    settings: SplicingSettings = field(default_factory=SplicingSettings)

    def splice(self, seconds: float) -> SplicedRecording:
        """Make a recording that ends after the first gesture beyond `seconds`, or after the last.

        It begins and ends with a pause.

        Raises:
            InputError: There are no gestures.
        """
        if not self.gestures:
            raise InputError("gestures: need at least one clip")
        rests = [run for clip in (*self.gestures, *self.unknown) for run in resting_runs(clip)]
        frames = _Frames()
        truth: list[TrueAction] = []
        others: list[TrueAction] = []
        unknown = iter(self.unknown)
        previous: KeypointSequence | None = None
        for gesture in self.gestures:
            other = None
            if self.random.random() < self.settings.unknown_probability:
                other = next(unknown, None)
            for clip, spans in ((other, others), (gesture, truth)):
                if clip is None:
                    continue
                # Two gestures never follow each other without a pause or an unknown motion.
                passing = other is not None and previous is not None
                self._gap(frames, previous, clip, rests, passing=passing)
                start = frames.count
                frames.add(clip.body, clip.hands, clip.hand_scores)
                label = clip.label or ""
                end = frames.count - 1
                spans.append(TrueAction(label, start / self.frame_rate, end / self.frame_rate))
                previous = clip
            if frames.count / self.frame_rate >= seconds:
                break
        self._gap(frames, previous, None, rests, passing=False)
        return SplicedRecording(
            frames.sequence(self.frame_rate, self.gestures[0]),
            tuple(truth),
            tuple(others),
            own_rest=bool(rests),
        )

    def _gap(
        self,
        frames: _Frames,
        before: KeypointSequence | None,
        after: KeypointSequence | None,
        rests: Sequence[FloatArray],
        *,
        passing: bool,
    ) -> None:
        """Add the motion between two clips: the hands go down, rest, and come up again."""
        choose, settings = self.random.uniform, self.settings
        down = self._frames_in(choose(*settings.move_s)) if before is not None else 0
        up = self._frames_in(choose(*settings.move_s)) if after is not None else 0
        passing = passing and self.random.random() < settings.passing_probability
        hold = 1 if passing else self._frames_in(choose(*settings.pause_s))
        count = down + hold + up
        if rests:
            body = back_and_forth(rests[self.random.integers(len(rests))], count, self.random)
        else:
            shown = after if before is None else before
            assert shown is not None
            body = with_hanging_arms(back_and_forth(shown.body, count, self.random), self.random)
        hands = np.full((count, 2, 21, 3), np.nan, dtype=np.float32)
        scores = np.zeros((count, 2), dtype=np.float32)
        index = np.arange(count)
        for clip, frame, weight in (
            (before, -1, _ease(1.0 - (index + 1) / (down + 1)) if down else None),
            (after, 0, _ease(1.0 - (count - index) / (up + 1)) if up else None),
        ):
            if clip is None or weight is None:
                continue
            active = weight > 0
            share = weight[active, None, None]
            body[active] = share * clip.body[frame] + (1.0 - share) * body[active]
            lost = choose(*settings.hands_lost)
            for side, wrist in enumerate(_WRISTS):
                seen = active & (1.0 - weight < lost)
                moved = body[seen, wrist, :2] - clip.body[frame, wrist, :2]
                hands[seen, side] = clip.hands[frame, side]
                hands[seen, side, :, :2] += moved[:, None]
                scores[seen, side] = clip.hand_scores[frame, side]
        frames.add(body, hands, scores)

    def _frames_in(self, seconds: float) -> int:
        return max(1, round(seconds * self.frame_rate))


def resting_runs(clip: KeypointSequence) -> list[FloatArray]:
    """Return the bodies (T, 33, 4) of each run of resting frames in a clip.

    At rest both wrists hang at least `_LEAST_DROP` shoulder widths below their shoulders, and no
    hand was found.
    """
    body = clip.body
    left, right = _SHOULDERS
    width = np.linalg.norm(body[:, left, :2] - body[:, right, :2], axis=-1)
    drops = [
        body[:, wrist, 1] - body[:, shoulder, 1]
        for wrist, shoulder in zip(_WRISTS, _SHOULDERS, strict=True)
    ]
    low = np.minimum(*drops) > _LEAST_DROP * np.maximum(width, 1.0)
    resting = low & (width > 0) & ~np.isfinite(clip.hands[..., 0]).any((1, 2))
    borders = np.flatnonzero(np.diff(resting, prepend=False, append=False))
    return [
        body[start:end]
        for start, end in zip(borders[::2], borders[1::2], strict=True)
        if end - start >= _LEAST_REST
    ]


def back_and_forth(
    frames: FloatArray, count: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return `count` frames: (T, ...) played forwards and backwards from a random start."""
    cycle = np.concatenate([np.arange(len(frames)), np.arange(len(frames) - 2, 0, -1)])
    start = random.integers(len(cycle))
    chosen = cycle[(start + np.arange(count)) % len(cycle)]
    return frames[chosen].astype(np.float32)


def with_hanging_arms(body: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return bodies (T, 33, 4) with hanging arms, as `training.augmentation` draws people at rest.

    The hands keep their direction; the wrists are as visible as those of people at rest.
    """
    hanging = body.copy()
    left, right = _SHOULDERS
    unit = np.linalg.norm(body[:, left, :2] - body[:, right, :2], axis=-1).mean()
    for side, opposite in ((0, 1), (1, 0)):
        shoulder = body[:, _SHOULDERS[side], :2]
        outwards = np.sign((shoulder - body[:, _SHOULDERS[opposite], :2])[:, 0].mean())
        spread = random.uniform(-0.3, 0.25)
        elbow = np.array([spread * outwards, random.uniform(0.7, 1.0)])
        wrist = np.array(
            [(spread + random.uniform(-0.5, 0.3)) * outwards, random.uniform(1.2, 1.9)]
        )
        hanging[:, _ELBOWS[side], :2] = shoulder + elbow * unit
        place = shoulder + wrist * unit
        moved = place - body[:, _WRISTS[side], :2]
        hanging[:, _WRISTS[side], :2] = place
        for finger in _FINGERS[side]:
            hanging[:, finger, :2] += moved
        visibility = random.uniform(0.3, 0.9)
        for joint in (_WRISTS[side], *_FINGERS[side]):
            hanging[:, joint, 3] = np.minimum(hanging[:, joint, 3], visibility)
    return hanging


def _ease(share: FloatArray) -> FloatArray:
    """Map shares to 0..1 with a smooth start and stop; shares below zero give zero."""
    bounded = np.clip(share, 0.0, 1.0)
    return bounded * bounded * (3.0 - 2.0 * bounded)
