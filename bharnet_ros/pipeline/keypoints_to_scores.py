"""The second step of the chain: keypoints in, class scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bharnet_ros.messages.reading import (
    Message,
    image_from_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.crops import RgbFeed, make_rgb_feed
from bharnet_ros.pipeline.message_log import WITHOUT_DEPTH, MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.sliding import DueWindows, SlidingRecognizer, open_sliding_recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import ActionScores
from bharnet_ros.types.crops import FrameCrops
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.layouts import get_layout
from bharnet_ros.types.stamps import Step

INPUT_PARAMETERS = ("model", "use_rgb", "image_transport", "sync_slop_s", "sync_queue")
"""Parameters of `recognition` that are about its model and its topics."""

_WARN_PERIOD_S = 5.0


def open_recognition(
    parameters: Mapping[str, Any],
) -> tuple[SlidingRecognizer, RgbFeed | None]:
    """Load the model that the parameters of `recognition` describe.

    Returns:
        What scores windows; and what cuts crops of images, None where the model is not to look at
        any.

    Raises:
        InputError: The model or a parameter cannot be used; names the parameter.
    """
    try:
        bundle = load_bundle(find_model(parameters["model"]))
    except (ValueError, OSError) as error:
        raise InputError(f"parameter model: {error}") from error
    stream = open_sliding_recognizer(
        bundle,
        **{name: value for name, value in parameters.items() if name not in INPUT_PARAMETERS},
    )
    try:
        feed = make_rgb_feed(bundle.description, stream.window_s, wanted=parameters["use_rgb"])
    except ValueError as error:
        raise InputError(f"parameter {error}") from error
    return stream, feed


class KeypointsToScores:
    """Puts every frame into the sliding windows, and scores the windows once a stride.

    A repeated stamp is left out, and windows start anew where stamps go back. Not thread-safe, but
    that `score` may run on another thread.

    Attributes:
        without_images: Whether images are wanted, and none came for a second of keypoints.
        without_depth: Whether the model takes bodies in metres, and the last frame had none.
    """

    def __init__(
        self,
        stream: SlidingRecognizer,
        log: MessageLog,
        rgb: RgbFeed | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        """Start with no frame.

        Args:
            stream: Windows and model.
            log: Where to report.
            rgb: Cuts crops, where the model is to look at images.
            on_restart: Called where stamps go back.
        """
        self.without_images = False
        self.without_depth = False
        self._stream = stream
        self._log = log
        self._rgb = rgb
        self._on_restart = on_restart
        self._layout = get_layout(stream.recognizer.description.body_layout)
        self._stamps = StampCheck(log, "windows start anew")
        self._image: tuple[int, Message] | None = None

    def reset(self) -> None:
        """Forget everybody and all stamps."""
        self._forget()
        self._stamps.reset()
        self._image = None
        self.without_images = self.without_depth = False

    def take(self, message: Message) -> tuple[DueWindows | None, FrameKeypoints | None]:
        """Take a message of keypoints.

        Returns:
            Windows to score, None before a stride has passed; and the frame, None where the
            message cannot be used or is a repetition.
        """
        stamp_ns = time_to_ns(message.header.stamp)
        if not self._follows(stamp_ns):
            return None, None
        kept, self._image = self._image, None
        try:
            frame = keypoints_from_message(message)
        except ValueError as error:
            self._log.reject(str(error))
            return None, None
        image = kept[1] if kept is not None and kept[0] == stamp_ns else None
        return self._push(frame, image), frame

    def take_frame(self, frame: FrameKeypoints, image: Message | None = None) -> DueWindows | None:
        """Do the same with keypoints that are no message.

        Args:
            frame: Everybody in view.
            image: The image message that they were found in, where it is known.
        """
        return self._push(frame, image) if self._follows(frame.stamp_ns) else None

    def take_image(self, image: Message, keypoints: Message) -> None:
        """Take the image that belongs to keypoints, before or after the keypoints were taken."""
        if self._rgb is None:
            return
        stamp_ns = time_to_ns(keypoints.header.stamp)
        self._rgb.note_image(stamp_ns)
        newest_ns = self._stamps.newest_ns
        if newest_ns is None or stamp_ns > newest_ns:
            self._image = (stamp_ns, image)
        elif self._rgb.due(stamp_ns):
            # The image was the slower one: its keypoints are in the windows already.
            try:
                frame = keypoints_from_message(keypoints)
                self._stream.attach(stamp_ns, self._rgb.cut(image_from_message(image), frame))
            except ValueError as error:
                self._log.reject(f"image: {error}")

    def score(self, due: DueWindows) -> ActionScores:
        """Score windows that `take` returned."""
        return self._stream.score(due)

    def _follows(self, stamp_ns: int) -> bool:
        """Take a stamp; return whether its frame goes into the windows."""
        step = self._stamps.take(stamp_ns)
        if step is Step.BACK:
            self._forget()
            if self._on_restart is not None:
                self._on_restart()
        return step is not Step.REPEATED

    def _forget(self) -> None:
        self._stream.reset()
        if self._rgb is not None:
            self._rgb.reset()

    def _push(self, frame: FrameKeypoints, image: Message | None) -> DueWindows | None:
        self._look_for_depth(frame)
        try:
            return self._stream.push(frame, self._crops(frame, image))
        except ValueError as error:
            self._log.reject(str(error))
            return None

    def _look_for_depth(self, frame: FrameKeypoints) -> None:
        """Report keypoints without camera coordinates where the model takes bodies in metres."""
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
        """Return crops of a frame whose image is known, where it is time for some.

        This is cheap enough for a callback: a few small pieces of an image, not at every frame.
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
