"""The first step of the chain: images in, keypoints out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from bharnet_ros.messages.reading import Message, image_from_message, time_to_ns
from bharnet_ros.pipeline.frozen_images import FROZEN_TIMEOUT_S, FrozenImages
from bharnet_ros.pipeline.message_log import MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.pose.extractor import NetworkOutput, PoseExtractor
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.stamps import Step

logger = logging.getLogger(__name__)

INPUT_PARAMETERS = (
    "image_transport",
    "frame_id",
    "frozen_timeout_s",
    "use_depth",
    "sync_slop_s",
    "sync_queue",
)
"""Parameters of `pose_extraction` for its messages; all others go to the extractor."""


class DepthPlacement(Protocol):
    """Gives keypoints camera coordinates."""

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or unchanged if it has no usable depth.

        Missing or broken depth is reported, not raised.
        """


def open_extractor(
    parameters: Mapping[str, Any], warn: Callable[[str], None] = logger.warning
) -> PoseExtractor:
    """Return the extractor set up by the parameters of `pose_extraction`.

    Args:
        parameters: Values by name.
        warn: Gets one line if the engine `auto` is not the preferred one.

    Raises:
        InputError: A parameter is out of range, or the engine lacks a package or a file.
        OSError: A file of the engine cannot be read.
    """
    return PoseExtractor(warn=warn, **_of_extractor(parameters))


def load_change(extractor: PoseExtractor, parameters: Mapping[str, Any]) -> Callable[[], None]:
    """Load what other parameters of `pose_extraction` need, while the extractor goes on.

    Returns:
        The function that makes the change, as `PoseExtractor.load_change` says.

    Raises:
        InputError, OSError: As `open_extractor` says.
    """
    # The region of interest stays until the node is configured again.
    change = {name: value for name, value in _of_extractor(parameters).items() if name != "roi"}
    return extractor.load_change(**change)


def _of_extractor(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in INPUT_PARAMETERS}


class ImagesToKeypoints:
    """Finds the people in each image message.

    An image without a stamp is rejected. One is skipped if its stamp is repeated or a little late,
    or its pixels have been the same for too long while somebody is in view: an event must end, and
    an empty room may stand still. When stamps go back further, tracking restarts. `run_networks`
    and `interpret` are the two halves of `take`; each may run on its own thread.

    Attributes:
        depth: Gives the keypoints camera coordinates; None for none.
    """

    def __init__(
        self,
        extractor: PoseExtractor,
        log: MessageLog,
        frame_id: str = "",
        frozen_timeout_s: float = FROZEN_TIMEOUT_S,
    ) -> None:
        """Start with no image.

        Args:
            extractor: Finds people. The caller closes it.
            log: Receives reports.
            frame_id: Frame of the keypoints; empty for that of each image.
            frozen_timeout_s: Time for which images may have the same pixels, seconds; 0 for any.

        Raises:
            InputError: The time is negative.
        """
        self.depth: DepthPlacement | None = None
        self._extractor = extractor
        self._log = log
        self._frame_id = frame_id
        self._stamps = StampCheck(log, "tracking restarts")
        self._frozen = FrozenImages(log, frozen_timeout_s)
        self._somebody = False

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest image, nanoseconds; None before the first."""
        return self._stamps.newest_ns

    def problem(self) -> str:
        """Return what is wrong with images whose stamps are good; empty if nothing is."""
        return self._frozen.problem()

    def reset(self) -> None:
        """Forget all tracks and stamps."""
        self._extractor.reset()
        self._stamps.reset()
        self._frozen.reset()

    def run_networks(self, message: Message) -> NetworkOutput | None:
        """Run the networks on an image message; return None if it is rejected or skipped."""
        stamp_ns = time_to_ns(message.header.stamp)
        try:
            step = self._stamps.take(stamp_ns)
            if step in (Step.REPEATED, Step.LATE):
                return None
            if step is Step.BACK:
                self._extractor.reset()
                self._frozen.reset()
            image = image_from_message(message)
            if self._frozen.take(image, stamp_ns) and self._somebody:
                return None
            return self._extractor.run_networks(image, stamp_ns, message.header.frame_id)
        except ValueError as error:
            self._log.reject(str(error))
            return None

    def interpret(self, output: NetworkOutput) -> FrameKeypoints:
        """Return the keypoints of an output of `run_networks`; pass each output once, in order."""
        frame = self._extractor.interpret(output)
        self._somebody = bool(frame.people)
        if self.depth is not None:
            frame = self.depth.place(frame)
        # Last, because the frame of depth images is that of the images.
        return replace(frame, frame_id=self._frame_id) if self._frame_id else frame

    def take(self, message: Message) -> FrameKeypoints | None:
        """Return the keypoints of an image message; None if it is rejected or skipped."""
        output = self.run_networks(message)
        return None if output is None else self.interpret(output)
