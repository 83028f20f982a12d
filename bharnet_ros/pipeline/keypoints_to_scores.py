"""The second step of the chain: keypoints in, class scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bharnet_ros.gestures.classroom import Classroom
from bharnet_ros.messages.reading import (
    Message,
    image_from_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.camera import CameraFeed
from bharnet_ros.pipeline.crops import RgbFeed, make_rgb_feed
from bharnet_ros.pipeline.message_log import WITHOUT_DEPTH, MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleError
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer, open_sliding_recognizer
from bharnet_ros.recognition.vocabulary import Vocabulary
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import ActionScores, kept_classes
from bharnet_ros.types.crops import FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.layouts import get_layout
from bharnet_ros.types.paths import expand_home
from bharnet_ros.types.stamps import Step

INPUT_PARAMETERS = (
    *("model", "gestures", "keep_classes"),
    *("use_rgb", "image_transport", "sync_slop_s", "sync_queue"),
)
"""Parameters of `recognition` for its model, its classes and its topics."""

_WARN_PERIOD_S = 5.0


class OpenedRecognition(NamedTuple):
    """What the parameters of `recognition` stand for.

    Attributes:
        sliding: Scores windows.
        rgb: Cuts crops from images; None if the model does not use images.
        classroom: Teaches gestures while the recogniser runs.
    """

    sliding: SlidingRecognizer
    rgb: RgbFeed | None
    classroom: Classroom

    def notes(self) -> list[str]:
        """Return what a user may want to know, a line each."""
        notes = []
        if self.classroom.taught_anew:
            notes.append(
                f"parameter gestures: last used with model {self.classroom.taught_anew}, taught "
                "anew from its examples"
            )
        streams = self.sliding.recognizer.description.streams
        if streams and self.rgb is None:
            notes.append(
                f"use_rgb is false: the model runs without its stream {', '.join(streams)}"
            )
        return notes


def open_recognition(parameters: Mapping[str, Any]) -> OpenedRecognition:
    """Load the model set up by the parameters of `recognition`.

    Raises:
        InputError: The model or a parameter cannot be used; names the parameter.
    """
    try:
        bundle = load_bundle(find_model(parameters["model"]))
    except (ValueError, OSError) as error:
        raise InputError(f"parameter model: {error}") from error
    try:
        sliding = open_sliding_recognizer(
            bundle,
            **{name: value for name, value in parameters.items() if name not in INPUT_PARAMETERS},
        )
    except BundleError as error:
        raise InputError(f"parameter model: {error}") from error
    classroom = _open_classroom(sliding, parameters["gestures"], parameters["keep_classes"])
    try:
        feed = make_rgb_feed(bundle.description, sliding.window_s, wanted=parameters["use_rgb"])
    except ValueError as error:
        raise InputError(f"parameter {error}") from error
    return OpenedRecognition(sliding, feed, classroom)


def change_times(sliding: SlidingRecognizer, parameters: Mapping[str, Any]) -> None:
    """Let a recogniser go on with the `stride_s` and `track_timeout_s` of the parameters.

    Raises:
        InputError: One is out of range; names the parameter. Nothing changes then.
    """
    try:
        sliding.change_times(
            stride_s=parameters["stride_s"] or None, track_timeout_s=parameters["track_timeout_s"]
        )
    except ValueError as error:
        raise InputError(f"parameter {error}") from error


def _open_classroom(sliding: SlidingRecognizer, gestures: str, keep_classes: str) -> Classroom:
    """Teach a recogniser the gestures of a set, and keep only some classes of its model."""
    keep = kept_classes(keep_classes)
    try:
        # What is wrong with it is none of the gesture set's fault.
        Vocabulary.of(sliding.recognizer.description, keep=keep or None)
    except ValueError as error:
        raise InputError(f"parameter keep_classes: {error}") from error
    try:
        folder = expand_home(gestures, "gestures") if gestures else None
        return Classroom(sliding.recognizer, window_s=sliding.window_s, folder=folder, keep=keep)
    except ValueError as error:
        parameter = "gestures" if gestures else "keep_classes"
        raise InputError(f"parameter {parameter}: {error}") from error


class KeypointsToScores:
    """Puts every frame into the sliding windows, and scores the windows once a stride.

    A frame without a stamp is rejected, and one whose stamp is repeated or a little late is
    skipped. When stamps go back further, the windows restart. Not thread-safe, except that `score`
    may run on another thread.

    Attributes:
        without_images: Whether images are wanted, and none came for a second of keypoints.
        without_depth: Whether the model takes bodies in metres, and the last frame with people had
            no camera coordinates.
    """

    def __init__(
        self,
        sliding: SlidingRecognizer,
        log: MessageLog,
        rgb: RgbFeed | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        """Start with no frame.

        Args:
            sliding: The windows and the model that scores them.
            log: Receives reports.
            rgb: Cuts crops from images; None if the model does not use images.
            on_restart: Called when stamps go back.
        """
        self.without_images = False
        self.without_depth = False
        self._sliding = sliding
        self._log = log
        self._rgb = rgb
        self._on_restart = on_restart
        self._layout = get_layout(sliding.recognizer.description.body_layout)
        self._stamps = StampCheck(log, "windows restart")
        self._cameras = CameraFeed(log)
        self._image: tuple[int, Message] | None = None

    def change(self, sliding: SlidingRecognizer, rgb: RgbFeed | None) -> None:
        """Go on with another model, or with other classes, at the next frame; people are kept.

        Args:
            sliding: Scores windows from now on; still without people.
            rgb: Cuts crops from images; None if the model does not use images.
        """
        sliding.continue_from(self._sliding)
        self._sliding = sliding
        self._rgb = rgb
        self._layout = get_layout(sliding.recognizer.description.body_layout)
        self.without_images = self.without_depth = False

    def reset(self) -> None:
        """Forget all windows and stamps."""
        self._forget()
        self._stamps.reset()
        self._image = None
        self.without_images = self.without_depth = False

    def take(self, message: Message) -> tuple[DueWindows | None, FrameKeypoints | None]:
        """Take a keypoints message.

        Returns:
            The windows to score, None until a stride has passed; and the frame, None if the
            message is rejected or skipped.
        """
        stamp_ns = time_to_ns(message.header.stamp)
        if not self._follows(stamp_ns):
            return None, None
        early_image, self._image = self._image, None
        try:
            frame = keypoints_from_message(message)
        except ValueError as error:
            self._log.reject(str(error))
            return None, None
        image = early_image[1] if early_image and early_image[0] == stamp_ns else None
        return self._push(frame, image), frame

    def take_frame(self, frame: FrameKeypoints, image: Message | None = None) -> DueWindows | None:
        """Take keypoints that are not a message; return the windows to score, as `take` does.

        Args:
            frame: All people in view.
            image: The image message in which they were found, if known.
        """
        return self._push(frame, image) if self._follows(frame.stamp_ns) else None

    def take_camera(self, message: Message) -> None:
        """Take a camera_info message: where people are is told by the newest one."""
        self._cameras.take(message)

    def take_image(self, image: Message, keypoints: Message) -> None:
        """Take the image that belongs to a keypoints message, before or after that message."""
        if self._rgb is None:
            return
        stamp_ns = time_to_ns(keypoints.header.stamp)
        self._rgb.note_image(stamp_ns)
        newest_ns = self._stamps.newest_ns
        if newest_ns is None or stamp_ns > newest_ns:
            self._image = (stamp_ns, image)
        elif self._rgb.due(stamp_ns):
            # The keypoints came first and are in the windows already.
            try:
                frame = keypoints_from_message(keypoints)
                self._sliding.attach(stamp_ns, self._rgb.cut(image_from_message(image), frame))
            except ValueError as error:
                self._log.reject(f"image: {error}")

    def score(self, due: DueWindows) -> ActionScores:
        """Score windows that `take` or `take_frame` returned."""
        return self._sliding.score(due)

    def _follows(self, stamp_ns: int) -> bool:
        """Take a stamp; return whether its frame goes into the windows."""
        try:
            step = self._stamps.take(stamp_ns)
        except ValueError as error:
            self._log.reject(str(error))
            return False
        if step is Step.BACK:
            self._forget()
            if self._on_restart is not None:
                self._on_restart()
        return step in (Step.FORWARD, Step.BACK)

    def _forget(self) -> None:
        self._sliding.reset()
        if self._rgb is not None:
            self._rgb.reset()

    def _push(self, frame: FrameKeypoints, image: Message | None) -> DueWindows | None:
        self._check_depth(frame)
        self._sliding.camera = self._cameras.of(frame)
        try:
            return self._sliding.push(frame, self._crops(frame, image))
        except ValueError as error:
            self._log.reject(str(error))
            return None

    def _check_depth(self, frame: FrameKeypoints) -> None:
        """Report keypoints without camera coordinates if the model takes bodies in metres."""
        if self._layout.dimensions < 3 or not frame.people:
            return
        without_depth = not any(person.depth_known for person in frame.people)
        if without_depth:
            self._log.count(WITHOUT_DEPTH)
        if without_depth and not self.without_depth:
            self._log.warn(
                f"the model takes bodies in metres ({self._layout.name}), but the keypoints have "
                "no camera coordinates: pose_extraction needs use_depth",
                _WARN_PERIOD_S,
            )
        self.without_depth = without_depth

    def _crops(self, frame: FrameKeypoints, image: Message | None) -> dict[str, FrameCrops] | None:
        """Return the crops of a frame if its image is known and crops are due, else None.

        Cheap enough for a callback: the crops are few and small, and not cut at every frame.
        """
        if self._rgb is None:
            return None
        if image is not None:
            self._rgb.note_image(frame.stamp_ns)
        self._rgb.note_keypoints(frame.stamp_ns)
        without_images = self._rgb.images_stopped(frame.stamp_ns)
        if without_images and not self.without_images:
            self._log.warn(
                "no image belongs to the keypoints of the last second: recognition goes on with "
                "the skeleton alone"
            )
        self.without_images = without_images
        if image is None or not self._rgb.due(frame.stamp_ns):
            return None
        try:
            return self._rgb.cut(image_from_message(image), frame)
        except ValueError as error:
            self._log.reject(f"image: {error}")
            return None
