"""The puppet's camera, and the keypoints that it sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bharnet_ros.types.camera import PinholeCamera
from bharnet_ros.types.keypoints import FloatArray, PersonKeypoints


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion, level, facing the person (REP-103 optical frame).

    Attributes:
        width: Image width in pixels.
        height: Image height in pixels.
        distance: Metres from the camera to the shoulders of a person at place zero.
        shoulder_height: Where those shoulders appear, in image heights from the top.
        view: Focal length in units of the smaller of the height and 3/4 of the width.
    """

    width: int
    height: int
    distance: float = 1.05
    shoulder_height: float = 0.64
    view: float = 1.225

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.view * min(self.height, 0.75 * self.width)

    def project(self, points: FloatArray) -> FloatArray:
        """Project (..., 3) metres from the shoulders to (..., 3): x, y in pixels, z in metres."""
        placed = self.place(points)
        depth = np.maximum(placed[..., 2], 0.05)
        x = placed[..., 0] / depth * self.focal + self.width / 2
        y = placed[..., 1] / depth * self.focal + self.height / 2
        return np.stack([x, y, depth], axis=-1)

    def place(self, points: FloatArray) -> FloatArray:
        """Convert (..., 3) metres from the shoulders to metres from the camera."""
        drop = (self.shoulder_height - 0.5) * self.height / self.focal * self.distance
        placed: FloatArray = points + np.array([0.0, drop, self.distance])
        return placed

    @property
    def pinhole(self) -> PinholeCamera:
        """The intrinsics of the camera."""
        return PinholeCamera(
            *(self.width, self.height),
            *(self.focal, self.focal),
            *(self.width / 2, self.height / 2),
        )

    @property
    def wall(self) -> float:
        """Metres from the camera to the wall behind everyone."""
        return self.distance + 1.5

    @property
    def obstacle(self) -> float:
        """Metres from the camera to the boxes, which stand in front of everyone's hands."""
        return 0.35 * self.distance

    def see(self, body: FloatArray, hands: FloatArray, track_id: str) -> PersonKeypoints:
        """Return all keypoints of a person, including those that are hidden or outside the image.

        Args:
            body: (33, 3) metres from the shoulders, as `kinematics.landmarks` returns.
            hands: (2, 21, 3) metres likewise.
            track_id: Identity of the person.

        Returns:
            Keypoints in pixels and metres, all with visibility or score 1.
        """
        hips = (body[23] + body[24]) / 2
        scale = self.focal / (hips[2] + self.distance)
        seen_body = self.project(body)
        seen_body[:, 2] = (body[:, 2] - hips[2]) * scale
        seen_hands = self.project(hands)
        wrist_depth = seen_hands[:, :1, 2]
        seen_hands[..., 2] = (seen_hands[..., 2] - wrist_depth) * self.focal / wrist_depth
        return PersonKeypoints(
            track_id=track_id,
            body=np.column_stack([seen_body, np.ones(len(body))]).astype(np.float32),
            hands=seen_hands.astype(np.float32),
            hand_scores=np.ones(2, dtype=np.float32),
            body_world=(body - hips).astype(np.float32),
            hands_world=(hands - hands.mean(axis=1, keepdims=True)).astype(np.float32),
            body_camera=self.place(body).astype(np.float32),
            hands_camera=self.place(hands).astype(np.float32),
        )
