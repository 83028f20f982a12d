"""MediaPipe recognises the puppet as a person: body, hand and fingers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.puppet.painting.shading import Image

pytestmark = pytest.mark.mediapipe

mediapipe = pytest.importorskip("mediapipe", reason="needs MediaPipe")


@pytest.fixture(scope="module")
def holistic() -> Iterator[object]:
    with mediapipe.solutions.holistic.Holistic(model_complexity=1) as graph:
        yield graph


def found(landmarks: object, image: Image) -> np.ndarray:
    size = np.array([image.shape[1], image.shape[0]])
    return np.array([(point.x, point.y) for point in landmarks.landmark]) * size  # type: ignore[attr-defined]


@pytest.mark.parametrize("script", ["hello", "iloveyou", "please", "help"])
def test_holistic_finds_body_and_fingers_where_they_are(holistic: object, script: str) -> None:
    source = open_puppet(script)
    action = source.true_actions[0]
    frames = range(round((action.start_s + 0.3) * 30), round((action.end_s - 0.3) * 30), 9)
    bodies, hands, body_errors, hand_errors = 0, 0, [], []
    for number in frames:
        image, _, truth = source.frame(number)
        person = truth.people[0]
        results = holistic.process(image)  # type: ignore[attr-defined]
        if results.pose_landmarks is not None:
            bodies += 1
            errors = found(results.pose_landmarks, image)[:17] - person.body[:17, :2]
            unit = np.linalg.norm(person.body[11, :2] - person.body[12, :2])
            body_errors.append(np.linalg.norm(errors, axis=1).mean() / unit)
        if results.right_hand_landmarks is not None:
            hands += 1
            errors = found(results.right_hand_landmarks, image) - person.hands[1, :, :2]
            unit = np.linalg.norm(person.hands[1, 9] - person.hands[1, 0])
            hand_errors.append(np.linalg.norm(errors, axis=1).mean() / unit)
    assert bodies == len(frames)
    assert hands >= 0.9 * len(frames)
    assert np.mean(body_errors) < 0.1
    assert np.mean(hand_errors) < 0.25


def test_holistic_invents_no_hands_at_rest(holistic: object) -> None:
    source = open_puppet("rest", seed=1)
    for number in range(0, 60, 12):
        results = holistic.process(source.frame(number).image)  # type: ignore[attr-defined]
        assert results.pose_landmarks is not None
        assert results.left_hand_landmarks is None
        assert results.right_hand_landmarks is None
