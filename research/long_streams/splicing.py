"""Long streams of one person, spliced from short clips of that person, with exact truth.

docs/streams.md gives the reason for each choice.
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
"""Shoulder widths by which both wrists hang below their shoulders in a resting frame."""

_LEAST_REST = 8
"""Frames of a resting run that is worth being played to and fro."""

_SHOULDERS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_shoulder") for side in ("left", "right"))
_ELBOWS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_elbow") for side in ("left", "right"))
_WRISTS = tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_wrist") for side in ("left", "right"))
_FINGERS = tuple(
    tuple(MEDIAPIPE_BODY_NAMES.index(f"{side}_{finger}") for finger in ("pinky", "index", "thumb"))
    for side in ("left", "right")
)


@dataclass(frozen=True)
class SplicingSettings:
    """How clips follow each other. Pairs are the least and the greatest of an even choice.

    Attributes:
        move_s: Seconds in which the hands are lowered, and again in which they are raised.
        pause_s: Seconds of rest between two gestures.
        unknown_probability: How often an unknown motion comes between two gestures.
        passing_probability: How often an unknown motion is entered, or left, with hands that are
            lowered and raised at once, without a pause.
        hands_lost: Share of the way down, 0..1, at which a hand is lost from view.
    """

    move_s: tuple[float, float] = (0.15, 0.3)
    pause_s: tuple[float, float] = (1.0, 4.0)
    unknown_probability: float = 0.35
    passing_probability: float = 0.5
    hands_lost: tuple[float, float] = (0.15, 0.6)


@dataclass(frozen=True, eq=False)
class SplicedStream:
    """One person over minutes, and the gestures in it.

    Attributes:
        person: Keypoints at an even frame rate.
        truth: Its gestures, in the order of time.
        unknown: Unknown motions in it, likewise: they should yield no event.
        own_rest: Whether the pauses show the person's own resting frames.
    """

    person: KeypointSequence
    truth: tuple[TrueAction, ...]
    unknown: tuple[TrueAction, ...]
    own_rest: bool


class _Frames:
    """Frames of one person, grown at the end."""

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
        unknown: Clips of other motion, likewise.
        frame_rate: Frames per second of the stream; every frame of a clip becomes one of it.
        random: Source of all chance.
        settings: How clips follow each other.
    """

    gestures: Sequence[KeypointSequence]
    unknown: Sequence[KeypointSequence]
    frame_rate: float
    random: np.random.Generator
    settings: SplicingSettings = field(default_factory=SplicingSettings)

    def splice(self, seconds: float) -> SplicedStream:
        """Make a stream that ends with the first gesture beyond `seconds`, or with the last one.

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
        return SplicedStream(
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
        """Add what lies between two clips: hands go down, rest, and come up again."""
        choose, settings = self.random.uniform, self.settings
        down = self._frames_in(choose(*settings.move_s)) if before is not None else 0
        up = self._frames_in(choose(*settings.move_s)) if after is not None else 0
        passing = passing and self.random.random() < settings.passing_probability
        hold = 1 if passing else self._frames_in(choose(*settings.pause_s))
        count = down + hold + up
        if rests:
            body = to_and_fro(rests[self.random.integers(len(rests))], count, self.random)
        else:
            shown = after if before is None else before
            assert shown is not None
            body = with_hanging_arms(to_and_fro(shown.body, count, self.random), self.random)
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
    """Return the bodies (T, 33, 4) of each stretch of a clip in which the person rests.

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


def to_and_fro(
    frames: FloatArray, count: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Play frames (T, ...) forwards and backwards from anywhere, until there are `count`."""
    there_and_back = np.concatenate([np.arange(len(frames)), np.arange(len(frames) - 2, 0, -1)])
    start = random.integers(len(there_and_back))
    chosen = there_and_back[(start + np.arange(count)) % len(there_and_back)]
    return frames[chosen].astype(np.float32)


def with_hanging_arms(body: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return bodies (T, 33, 4) whose arms hang, as `training.augmentation` has them at rest.

    The hands keep their direction; the wrists are as visible as people's are at rest.
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
    """Return 0..1 that starts and stops smoothly; shares below zero are zero."""
    bounded = np.clip(share, 0.0, 1.0)
    return bounded * bounded * (3.0 - 2.0 * bounded)
