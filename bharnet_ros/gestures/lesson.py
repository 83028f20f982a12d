"""A lesson: a person shows gestures one after the other, and is told what was seen."""

from __future__ import annotations

from collections.abc import Sequence

from bharnet_ros.gestures.cutting import Cut, CutState, CutStep
from bharnet_ros.gestures.gesture_set import check_gesture_name
from bharnet_ros.gestures.watching import example_of
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints
from bharnet_ros.types.keypoints import FrameKeypoints

_LEAST_HANDS = 0.5
"""Share of a motion below which the hands are said to be missing."""


class Lesson:
    """Collects examples of gestures, so many of each, in the order of their names.

    Attributes:
        taken: Examples of each gesture so far.
    """

    def __init__(self, names: Sequence[str], examples: int) -> None:
        """Start with the first gesture.

        Args:
            names: Gestures to show.
            examples: How often each is shown.

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
        self._examples = examples
        self._state: CutState | None = None

    @property
    def gesture(self) -> str | None:
        """The gesture to show now; None when all have been shown."""
        for name, taken in self.taken.items():
            if len(taken) < self._examples:
                return name
        return None

    def take(self, frame: FrameKeypoints, step: CutStep) -> str:
        """Take what a frame led to; return what to tell the person, empty if nothing changed.

        Args:
            frame: The frame.
            step: What the cutter made of it.
        """
        name = self.gesture
        changed = step.state is not self._state
        self._state = step.state
        if name is None:
            return ""
        number = f"{name} {len(self.taken[name]) + 1} of {self._examples}"
        if step.cut is not None:
            self.taken[name].append(example_of(step.cut, frame.width, frame.height))
            return f"{number}: taken, {_seen(step.cut)}"
        if step.state is CutState.REFUSED:
            return f"{number}: not taken, {step.reason}; show it again"
        if not changed:
            return ""
        return {
            CutState.NOBODY: "nobody in view: step in front of the camera",
            CutState.WAITING_FOR_REST: "let your hands rest for a moment",
            CutState.READY: f"{number}: show it now",
        }.get(step.state, "")


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
