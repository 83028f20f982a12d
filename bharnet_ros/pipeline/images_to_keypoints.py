"""The first step of the chain: images in, keypoints out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bharnet_ros.messages.reading import Message, image_from_message, time_to_ns
from bharnet_ros.pipeline.message_log import MessageLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.pose.extractor import NetworkOutput, PoseExtractor
from bharnet_ros.types.keypoints import FrameKeypoints
from bharnet_ros.types.stamps import Step

INPUT_PARAMETERS = ("image_transport", "use_depth", "sync_slop_s", "sync_queue")
"""Parameters of `pose_extraction` that are about its topics; the others are the extractor's."""


class DepthPlacement(Protocol):
    """Finds the places of keypoints in the frame of the camera."""

    def place(self, frame: FrameKeypoints) -> FrameKeypoints:
        """Return a frame with camera coordinates, or as it is where no usable depth belongs to it.

        Reports by itself what is missing or broken.
        """


def open_extractor(parameters: Mapping[str, Any]) -> PoseExtractor:
    """Return the extractor that the parameters of `pose_extraction` describe.

    Raises:
        InputError: A parameter is out of range.
        FileNotFoundError: A network is missing.
    """
    return PoseExtractor(
        **{name: value for name, value in parameters.items() if name not in INPUT_PARAMETERS}
    )


class ImagesToKeypoints:
    """Finds the people in each image message.

    A stamp that is not set is rejected, a repeated one is left out, and tracking starts anew where
    stamps go back. `run_networks` and `interpret` are the halves of `take`; one thread may be in
    each.
    """

    def __init__(self, extractor: PoseExtractor, log: MessageLog) -> None:
        """Start with no image.

        Args:
            extractor: Finds people; whoever made it closes it.
            log: Where to report.
        """
        self.depth: DepthPlacement | None = None
        self._extractor = extractor
        self._log = log
        self._stamps = StampCheck(log, "tracking starts anew")

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest image, nanoseconds; None before the first."""
        return self._stamps.newest_ns

    def reset(self) -> None:
        """Forget whom was tracked and all stamps."""
        self._extractor.reset()
        self._stamps.reset()

    def run_networks(self, message: Message) -> NetworkOutput | None:
        """Run the networks on an image message; None where it cannot be used or is a repetition."""
        stamp_ns = time_to_ns(message.header.stamp)
        if stamp_ns <= 0:
            self._log.reject("header.stamp is not set; it has to be the capture time")
            return None
        step = self._stamps.take(stamp_ns)
        if step is Step.REPEATED:
            return None
        if step is Step.BACK:
            self._extractor.reset()
        try:
            image = image_from_message(message)
            return self._extractor.run_networks(image, stamp_ns, message.header.frame_id)
        except ValueError as error:
            self._log.reject(str(error))
            return None

    def interpret(self, output: NetworkOutput) -> FrameKeypoints:
        """Return the keypoints of what `run_networks` returned, each once and in its order."""
        keypoints = self._extractor.interpret(output)
        return keypoints if self.depth is None else self.depth.place(keypoints)

    def take(self, message: Message) -> FrameKeypoints | None:
        """Return the keypoints of an image message; None where it gives none."""
        output = self.run_networks(message)
        return None if output is None else self.interpret(output)
