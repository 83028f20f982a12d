"""Frames of the puppet with their truth, from a script or a keypoint sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bharnet_ros.sources.puppet.depth import draw_depth
from bharnet_ros.sources.puppet.motion.kinematics import landmarks
from bharnet_ros.sources.puppet.painting.body import APPEARANCES
from bharnet_ros.sources.puppet.painting.props import Held
from bharnet_ros.sources.puppet.painting.renderer import Renderer
from bharnet_ros.sources.puppet.painting.shading import Image
from bharnet_ros.sources.puppet.scripts import make_scene
from bharnet_ros.sources.puppet.truth import visible_frame
from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import (
    BODY_LANDMARKS,
    FloatArray,
    FrameKeypoints,
    KeypointSequence,
    PersonKeypoints,
    absent_body,
)
from bharnet_ros.types.timeline import TrueAction


class PuppetFrame(NamedTuple):
    """One drawn frame: (H, W, 3) uint8 RGB, seconds from the start, and the truth."""

    image: Image
    time: float
    truth: FrameKeypoints


class PuppetSource:
    """The frames of a script; iterating again yields the same frames.

    Attributes:
        name: Name of the script.
        width: Pixels.
        height: Pixels.
        fps: Frames per second.
        camera: The intrinsics of the camera.
        frame_count: Total number of frames.
        true_actions: Actions of all people, ordered by their start.
    """

    def __init__(self, script: str, width: int, height: int, fps: float, seed: int) -> None:
        """See `open_puppet`."""
        if not fps > 0:
            raise InputError(f"fps: must be positive, got {fps}")
        self._renderer = Renderer(width, height, seed=seed)
        self._scene = make_scene(script, width, height, seed)
        first = seed % len(APPEARANCES)
        self._appearances = APPEARANCES[first:] + APPEARANCES[:first]
        self.name = script
        self.width = width
        self.height = height
        self.fps = float(fps)
        self.camera: PinholeCamera = self._scene.camera.pinhole
        self.frame_count = max(1, round(self._scene.duration * fps))
        actions = [action for person in self._scene.performers for action in person.true_actions()]
        self.true_actions: tuple[TrueAction, ...] = tuple(
            sorted(actions, key=lambda action: action.start_s)
        )

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.frame_count

    def __iter__(self) -> Iterator[PuppetFrame]:
        """Draw the frames one after the other."""
        for number in range(self.frame_count):
            yield self.frame(number)

    def frame(self, number: int) -> PuppetFrame:
        """Draw one frame.

        Raises:
            IndexError: There is no such frame.
        """
        people = self._people(number)
        image = self._renderer.draw(
            people,
            self._appearances,
            boxes=self._scene.boxes,
            frame_number=number,
            held=self._held(people),
            light=self._scene.light,
        )
        return PuppetFrame(image, number / self.fps, self._visible(people, number))

    def depth(self, number: int) -> FloatArray:
        """Return (H, W) float32 metres along the optical axis for each pixel of a frame.

        Raises:
            IndexError: There is no such frame.
        """
        people = self._people(number)
        return draw_depth(
            self._scene.camera, people, boxes=self._scene.boxes, held=self._held(people)
        )

    def truth(self, number: int) -> FrameKeypoints:
        """Return the truth of one frame without drawing it.

        Raises:
            IndexError: There is no such frame.
        """
        return self._visible(self._people(number), number)

    def _people(self, number: int) -> list[PersonKeypoints]:
        if not 0 <= number < self.frame_count:
            raise IndexError(f"frame {number}: the script has {self.frame_count} frames")
        camera = self._scene.camera
        return [
            camera.see(*landmarks(person.pose(number / self.fps)), person.track_id)
            for person in self._scene.performers
        ]

    def _held(self, people: Sequence[PersonKeypoints]) -> list[Held | None]:
        return [self._scene.held.get(person.track_id) for person in people]

    def _visible(self, people: Sequence[PersonKeypoints], number: int) -> FrameKeypoints:
        stamp = round(number / self.fps * 1e9)
        return visible_frame(people, stamp, self.width, self.height, self._scene.boxes)


def open_puppet(
    script: str = "gestures",
    *,
    width: int = 640,
    height: int = 480,
    fps: float = 30.0,
    seed: int = 0,
) -> PuppetSource:
    """Return a source of drawn frames with exact ground truth.

    Args:
        script: A name of `script_names`.
        width: Pixels.
        height: Pixels.
        fps: Frames per second.
        seed: Chooses the person and the variation of the motion.

    Raises:
        InputError: There is no such script, a size or the rate is not positive, or the seed is
            negative.
    """
    return PuppetSource(script, width, height, fps, seed)


def draw_sequence(
    sequence: KeypointSequence,
    *,
    width: int | None = None,
    height: int | None = None,
    seed: int = 0,
) -> Iterator[PuppetFrame]:
    """Draw a person that moves as recorded in a keypoint sequence of the MediaPipe layout.

    Args:
        sequence: Pixels of an image of `sequence.width` by `sequence.height`; the body may
            have only the first landmarks, and the others count as absent.
        width: Pixels of the drawn frames; those of the sequence if None.
        height: Pixels likewise.
        seed: Chooses the person and the background.

    Yields:
        Frames; the truth is the sequence itself, scaled to the frame.

    Raises:
        InputError: The layout is not MediaPipe's, no image size is known, or the seed is negative.
    """
    if sequence.body_layout != "mediapipe_body" or sequence.body.shape[1] > BODY_LANDMARKS:
        raise InputError(
            f"body_layout: can draw mediapipe_body with at most {BODY_LANDMARKS} landmarks, got "
            f"{sequence.body_layout} with {sequence.body.shape[1]}"
        )
    width = width or sequence.width
    height = height or sequence.height
    if width < 1 or height < 1:
        raise InputError(f"width, height: the sequence has no image size, got {width} x {height}")
    scale_x = width / (sequence.width or width)
    scale_y = height / (sequence.height or height)
    scale = np.array([scale_x, scale_y, scale_x], dtype=np.float32)
    renderer = Renderer(width, height, seed=seed)
    appearance = APPEARANCES[seed % len(APPEARANCES)]
    for number, stamp in enumerate(sequence.stamps):
        body = absent_body()
        body[: sequence.body.shape[1]] = sequence.body[number]
        body[:, :3] *= scale
        person = PersonKeypoints(
            track_id=sequence.track_id or "1",
            body=body,
            hands=(sequence.hands[number] * scale).astype(np.float32),
            hand_scores=sequence.hand_scores[number].astype(np.float32),
        )
        image = renderer.draw([person], [appearance], frame_number=number)
        truth = FrameKeypoints(round(float(stamp) * 1e9), width, height, (person,))
        yield PuppetFrame(image, float(stamp - sequence.stamps[0]), truth)
