"""A lesson: a person shows gestures one after the other, and is told what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharnet_ros.gestures.cutting import Cut, CutState
from bharnet_ros.gestures.gesture_set import check_gesture_name
from bharnet_ros.gestures.progress import TeachingProgress, TeachingState
from bharnet_ros.gestures.watching import Watcher, example_of
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import FrameKeypoints

_LEAST_HANDS = 0.5
"""Share of a motion below which the hands are said to be missing."""


@dataclass(frozen=True)
class LessonStep:
    """What a frame changed in a lesson.

    Attributes:
        gesture: The gesture to show.
        taken: Examples of it so far.
        state: What the lesson waits for, or what it made of the motion that ended.
        text: What to tell the person; empty while they move.
    """

    gesture: str
    taken: int
    state: CutState
    text: str


class Lesson:
    """Collects examples of gestures, so many of each, in the order of their names.

    Attributes:
        taken: Examples of each gesture so far.
        examples: How often each is shown.
    """

    def __init__(self, names: Sequence[str], examples: int, track_id: str | None = None) -> None:
        """Start with the first gesture.

        Args:
            names: Gestures to show.
            examples: How often each is shown.
            track_id: The person who shows them; None for whoever is in view first.

        Raises:
            InputError: A name cannot be used or occurs twice, or the number is not positive.
        """
        if not names:
            raise InputError("names: need at least one gesture")
        if examples < 1:
            raise InputError(f"examples: must be positive, got {examples}")
        for name in names:
            check_gesture_name(name)
        if len(set(names)) != len(names):
            raise InputError(f"names: one occurs twice: {' '.join(names)}")
        self.taken: dict[str, list[ClipKeypoints]] = {name: [] for name in names}
        self.examples = examples
        self._watcher = Watcher(track_id)
        self._state: CutState | None = None

    @property
    def gesture(self) -> str | None:
        """The gesture to show now; None when all have been shown."""
        for name, taken in self.taken.items():
            if len(taken) < self.examples:
                return name
        return None

    @property
    def watched(self) -> str | None:
        """The person in view who is taught; None if there is none."""
        return self._watcher.watched

    def restart(self) -> None:
        """Forget the motion that is being shown, as after stamps went back; examples stay."""
        self._watcher.reset()
        self._state = None

    def push(self, frame: FrameKeypoints) -> LessonStep | None:
        """Add a frame; return what it changed, None if nothing.

        Raises:
            InputError: The stamp is not newer than that of the frame before.
        """
        name = self.gesture
        if name is None:
            return None
        step = self._watcher.push(frame)
        if step.state is self._state and step.state not in (CutState.TAKEN, CutState.REFUSED):
            return None
        self._state = step.state
        taken = self.taken[name]
        number = f"{name} {len(taken) + 1} of {self.examples}"
        text = {
            CutState.NOBODY: "nobody in view: step in front of the camera",
            CutState.WAITING_FOR_REST: "let your hands rest for a moment",
            CutState.READY: f"{number}: show it now",
            CutState.REFUSED: f"{number}: not taken, {step.reason}; show it again",
        }.get(step.state, "")
        if step.cut is not None:
            taken.append(example_of(step.cut, frame.width, frame.height))
            text = f"{number}: taken, {_seen(step.cut)}"
        return LessonStep(name, len(taken), step.state, text)


@dataclass
class HeldLesson:
    """A lesson in one gesture that is held while a robot runs.

    Attributes:
        lesson: The lesson.
        gesture: Its gesture.
        replace: Whether to forget the examples that the gesture has so far.
        either_hand: Whether the other side of the body may show it too.
        since_ns: Stamp since which it waits for the next example; None before the first frame.
    """

    lesson: Lesson
    gesture: str
    replace: bool
    either_hand: bool
    since_ns: int | None = None

    def progress(
        self, state: TeachingState, text: str, newest: FrameKeypoints | None
    ) -> TeachingProgress:
        """Return how far it is.

        Args:
            state: What it waits for, or what it took.
            text: What to tell the person.
            newest: The newest frame; None without any.
        """
        frame = newest or FrameKeypoints(0, 0, 0)
        return TeachingProgress(
            stamp_ns=frame.stamp_ns,
            frame_id=frame.frame_id,
            gesture=self.gesture,
            track_id=self.lesson.watched or "",
            state=state,
            taken=len(self.lesson.taken[self.gesture]),
            wanted=self.lesson.examples,
            text=text,
        )


def _seen(cut: Cut) -> str:
    """Describe a motion in words."""
    parts = [
        name
        for name, share in (("body", cut.body_share), ("hands", cut.hand_share))
        if share >= _LEAST_HANDS
    ]
    text = f"{cut.duration_s:.1f} s, {' and '.join(parts)} seen"
    if len(parts) < 2:
        text += f" ({'no body' if parts == ['hands'] else 'no hands'}: only this part will count)"
    return text
