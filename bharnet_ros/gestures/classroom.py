"""Teaches a recogniser its user's gestures while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace as replaced
from pathlib import Path

from bharnet_ros.gestures.check import GestureCheck, check_gestures
from bharnet_ros.gestures.cutting import CutState
from bharnet_ros.gestures.gesture_set import (
    DESCRIPTION,
    GestureSet,
    check_gesture_name,
    open_gesture_set,
    write_gesture_set,
)
from bharnet_ros.gestures.lesson import HeldLesson, Lesson
from bharnet_ros.gestures.progress import TeachingProgress, TeachingState
from bharnet_ros.gestures.recent import Cutter, RecentFrames
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.gestures.teaching_thread import TeachingThread
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.vocabulary import Vocabulary
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints

DEFAULT_EXAMPLES = 5

_PATIENCE_NS = 60 * NANOSECONDS
"""How long a lesson waits for its next example."""

Change = Callable[[GestureSet], GestureSet]


class Classroom:
    """Learns and forgets gestures without a pause of the recogniser.

    What takes long runs on a thread of its own, one thing after another. All methods are called
    from one thread. The gesture set is the one before until a change is learned and written.

    Attributes:
        gestures: The gestures that are taught.
        folder: Folder of the gesture set; None if gestures cannot be taught.
        on_progress: Called with each change in a lesson, also on the other thread.
        on_classes: Called on the other thread with the classes from now on, before the first scores
            of them.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        window_s: float,
        folder: Path | None = None,
        keep: Sequence[str] | None = None,
    ) -> None:
        """Teach the recogniser the gestures that are in the folder.

        Args:
            recognizer: The recogniser, which also runs on another thread.
            window_s: Length of its sliding window, seconds.
            folder: Folder of the gesture set, which may be empty; None to teach nothing.
            keep: Classes of the model to keep; None keeps all.

        Raises:
            InputError: The set or the model cannot be used, or no class is left; names it.
        """
        self.gestures = GestureSet()
        self.folder = folder
        self.on_progress: Callable[[TeachingProgress], None] = lambda progress: None
        self.on_classes: Callable[[Vocabulary], None] = lambda vocabulary: None
        self._recognizer = recognizer
        self._keep = keep
        self._window_s = window_s
        self._teacher: Teacher | None = None
        self._changed_ns = 0
        self._recent = RecentFrames()
        self._held: HeldLesson | None = None
        self._work = TeachingThread()
        if folder is not None:
            self.gestures = open_gesture_set(folder)
            self._changed_ns = self._modified_ns()
            self._teacher = Teacher(recognizer, window_s)
        recognizer.vocabulary = self._learn(self.gestures)

    @property
    def taught_anew(self) -> str:
        """Name of another model that the set was last used with; empty if there is none."""
        given, used = self._recognizer.description.weights_sha256, self.gestures.model_sha256
        return "" if used in ("", given) else self.gestures.model

    @property
    def lesson(self) -> str:
        """The gesture that is being taught; empty if none is."""
        return "" if self._held is None else self._held.gesture

    def check_free(self) -> None:
        """Check that no lesson is held.

        Raises:
            InputError: One is; names its gesture.
        """
        if self._held is not None:
            raise InputError(f"gesture {self.lesson!r}: is being taught; end that first")

    def wait(self) -> None:
        """Wait until all is learned that was taken so far; may be called on any thread."""
        self._work.wait()

    def continue_from(self, other: Classroom) -> None:
        """Go on with the newest frames of another classroom, which is used no longer."""
        # Taken away, because the other one forgets its frames when it is closed.
        self._recent, other._recent = other._recent, RecentFrames()

    def start(
        self,
        gesture: str,
        examples: int = 0,
        track_id: str = "",
        *,
        replace: bool = False,
        either_hand: bool = False,
    ) -> None:
        """Start a lesson.

        Args:
            gesture: The gesture to teach.
            examples: How often it will be shown; 0 stands for `DEFAULT_EXAMPLES`.
            track_id: The person who shows it; empty for whoever is in view first.
            replace: Whether to forget the examples that it has so far.
            either_hand: Whether the other side of the body may show it too.

        Raises:
            InputError: There is no gesture set, a lesson is being held, or the name cannot be used.
        """
        self._check_folder()
        self.check_free()
        lesson = Lesson([gesture], examples or DEFAULT_EXAMPLES, track_id or None)
        self._held = HeldLesson(lesson, gesture, replace, either_hand)

    def push(self, frame: FrameKeypoints) -> None:
        """Take a frame; its stamp must be newer than that of the frame before."""
        if self.folder is None:
            return
        self._recent.push(frame)
        held = self._held
        if held is None:
            return
        if held.since_ns is None:
            held.since_ns = frame.stamp_ns
        step = held.lesson.push(frame)
        if step is not None:
            self.on_progress(held.progress(TeachingState.of(step.state), step.text, frame))
            if step.state is CutState.TAKEN:
                assert self._teacher is not None
                held.since_ns = frame.stamp_ns
                # At once, so that little is left to do after the last example.
                newest = held.lesson.taken[held.gesture][-1]
                self._work.do(self._teacher.embed, newest, either_hand=held.either_hand)
        if held.lesson.gesture is None or frame.stamp_ns - held.since_ns > _PATIENCE_NS:
            self.stop()

    def restart(self) -> None:
        """Forget all frames, as after stamps went back; examples that were taken stay."""
        self._recent.clear()
        if self._held is not None:
            self._held.since_ns = None
            self._held.lesson.restart()

    def stop(self) -> str:
        """End the lesson, if one is held, and learn what was taken; return what happens in words.

        Raises:
            InputError: No lesson is held.
        """
        held = self._held
        if held is None:
            raise InputError("no gesture is being taught")
        taken = held.lesson.taken[held.gesture]
        text = f"{held.gesture}: ended without an example"
        progress = held.progress(TeachingState.ENDED, text, self._recent.newest)
        self._held = None
        if not taken:
            self.on_progress(progress)
            return progress.text

        def learn() -> None:
            try:
                text = self._change(
                    lambda known: known.with_examples(
                        *(held.gesture, taken), instead=held.replace, either_hand=held.either_hand
                    )
                )
            except Exception as error:
                text = f"{held.gesture}: not learned: {error}"
                self.on_progress(replaced(progress, state=TeachingState.FAILED, text=text))
                if not isinstance(error, ValueError | OSError):
                    raise
            else:
                self.on_progress(replaced(progress, state=TeachingState.LEARNED, text=text))

        self._work.do(learn)
        return f"{held.gesture}: {len(taken)} of {held.lesson.examples} examples taken"

    def change(self, change: Change) -> Future[str]:
        """Change the gesture set, such as by `GestureSet.without`, and learn it.

        Args:
            change: Returns the set to learn in place of the one it is given.

        Returns:
            What was done in words; raises what `change` raises, InputError if no class would be
            left, OSError if the set cannot be written. The set is then as before.

        Raises:
            InputError: There is no gesture set, or too many requests wait.
        """
        self._check_folder()
        return self._work.request(lambda: self._change(change))

    def check(self) -> Future[GestureCheck]:
        """Hold each example of the set against the others.

        Returns:
            What was found; raises InputError if the set is empty, CancelledError after `close`.

        Raises:
            InputError: There is no gesture set, or too many requests wait.
        """
        self._check_folder()
        teacher = self._teacher
        assert teacher is not None
        stop = self._work.stop
        # The set of then: examples that are being learned count.
        return self._work.request(lambda: check_gestures(teacher, self.gestures, stop))

    def teach_from_window(
        self, gesture: str, track_id: str = "", seconds: float = 0.0
    ) -> Future[str]:
        """Take what a person did in the last seconds as an example: their newest motion, or all.

        Args:
            gesture: The gesture that it is.
            track_id: The person; empty for whoever is in view longest.
            seconds: How long ago it may have begun; 0 stands for the length of the window.

        Returns:
            What was done in words; raises InputError or OSError if it cannot be learned. The set is
            then as before.

        Raises:
            InputError: There is no gesture set, the name cannot be used, seconds are out of range,
                or too many requests wait.
        """
        self._check_folder()
        check_gesture_name(gesture)
        return self._learn_example(gesture, self._recent.last(seconds or self._window_s, track_id))

    def teach_moment(self, gesture: str, track_id: str, start_ns: int, end_ns: int) -> Future[str]:
        """Take what a person did in a moment, such as that of an event, as an example.

        Args:
            gesture: The gesture that it is, or the name of the background if it is none.
            track_id: The person; empty for whoever is in view longest.
            start_ns: When the moment began, nanoseconds of capture time.
            end_ns: When it ended.

        Returns:
            As for `teach_from_window`.

        Raises:
            InputError: As for `teach_from_window`, or the moment is empty or too long ago.
        """
        self._check_folder()
        if gesture != BACKGROUND:
            check_gesture_name(gesture)
        elif not self.gestures.names:
            raise InputError("background: tells taught gestures what they are not; none is known")
        return self._learn_example(gesture, self._recent.moment(start_ns, end_ns, track_id))

    def close(self) -> None:
        """End the lesson, and learn what was taken; give up requests that wait."""
        self._work.cancel_requests()
        if self._held is not None:
            self.stop()
        self._recent.clear()
        self._work.close()

    def _check_folder(self) -> None:
        if self.folder is None:
            raise InputError("there is no gesture set: parameter gestures names no folder")

    def _learn_example(self, gesture: str, cut: Cutter) -> Future[str]:
        def learn() -> str:
            example = cut()
            if gesture == BACKGROUND:
                return self._change(lambda known: known.with_background([example]))
            return self._change(lambda known: known.with_examples(gesture, [example]))

        return self._work.request(learn)

    def _change(self, change: Change) -> str:
        """Learn and write another set; return what is known from now on."""
        assert self.folder is not None
        # Another process may have taught the same set meanwhile.
        known = self.gestures if self._unchanged() else open_gesture_set(self.folder)
        description = self._recognizer.description
        gestures = change(known).used_with(description.name, description.weights_sha256)
        vocabulary = self._learn(gestures)
        write_gesture_set(self.folder, gestures)
        self._changed_ns = self._modified_ns()
        self.gestures = gestures
        self.on_classes(vocabulary)
        self._recognizer.vocabulary = vocabulary
        return f"{len(gestures.names)} gestures are known now: {', '.join(gestures.names)}"

    def _learn(self, gestures: GestureSet) -> Vocabulary:
        taught = None
        if gestures.names:
            assert self._teacher is not None and self.folder is not None
            taught = self._teacher.teach(gestures, self.folder.name)
        return Vocabulary.of(self._recognizer.description, taught, self._keep)

    def _unchanged(self) -> bool:
        return self._modified_ns() == self._changed_ns

    def _modified_ns(self) -> int:
        assert self.folder is not None
        path = self.folder / DESCRIPTION
        return path.stat().st_mtime_ns if path.exists() else 0
