"""Margins: what images are changed to, and what is counted of the actions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.actions import ActionScores, TrackScores
from bharnet_ros.types.timeline import TrueAction

pytest.importorskip("mediapipe", reason="the bench runs MediaPipe")

NAMES = ("wave", "jump", "background")
PARAMETERS = EventParameters(
    enter_threshold=0.75, smoothing_s=0.0, min_duration_s=0.2, support_share=0.0
)
TRUTH = (TrueAction("wave", 1.0, 2.0, "1"), TrueAction("jump", 3.0, 4.0, "1"))


@pytest.fixture
def margins(bench: Any) -> Any:
    return bench("accuracy.margins")


def image_with_square() -> npt.NDArray[np.uint8]:
    image = np.full((240, 320, 3), 40, dtype=np.uint8)
    image[100:160, 40:100] = (200, 150, 100)
    return image


def columns_of_square(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    return np.flatnonzero((image[..., 0] > 120).any(0))


def test_changed_images_show_the_same_elsewhere_or_worse(bench: Any) -> None:
    worse, image = bench("accuracy.worse_images"), image_with_square()
    for change in worse.IMAGES.values():
        changed = change(image)
        assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    assert columns_of_square(worse.mirrored(image)).tolist() == list(range(220, 280))
    half = worse.smaller(image, 0.5)
    assert columns_of_square(half).tolist() == list(range(140, 170))
    assert np.flatnonzero((half[..., 0] > 120).any(1)).tolist() == list(range(170, 200))
    assert np.abs(np.diff(worse.blurred(image, 5.0)[130, :, 0].astype(int))).max() < 20
    lossy = worse.compressed(image, 10)
    assert lossy[130, 70] == pytest.approx([200, 150, 100], abs=20)
    assert not np.array_equal(lossy, image)


def test_keypoints_are_mirrored_with_their_hands(margins: Any) -> None:
    frame = open_puppet("hello", fps=5.0).truth(8)
    other = margins.mirror_frame(frame)
    one, mirrored = frame.people[0], other.people[0]
    assert (one.hands_present, mirrored.hands_present) == ((False, True), (True, False))
    np.testing.assert_allclose(mirrored.hands[0, :, 0], 640 - one.hands[1, :, 0], rtol=1e-5)
    np.testing.assert_allclose(mirrored.body[15, 1], one.body[16, 1])
    again = margins.mirror_frame(other)
    np.testing.assert_allclose(again.people[0].hands, one.hands, rtol=1e-4)


def test_the_level_that_is_held_for_long_enough_counts(margins: Any) -> None:
    stamps = np.arange(6) / 10
    level = np.array([0.1, 0.9, 0.5, 0.6, 0.7, 0.2])
    assert margins.held(stamps, level, 0.0) == 0.9
    assert margins.held(stamps, level, 0.2) == 0.5
    assert margins.held(stamps, level, 0.3) == 0.5
    assert margins.held(stamps, level, 1.0) == 0.0


def scored(margins: Any, wave: float, jump: float, *, wave_again: float = 0.0) -> Any:
    """Return a recording of 7 s whose actions have these scores, and *wave* from 5.5 to 6.5 s."""
    scores = []
    for stride in range(71):
        probabilities = np.array([0.0, 0.0, 1.0])
        for first, last, class_id, level in (
            (10, 15, 0, wave),
            (30, 40, 1, jump),
            (55, 65, 0, wave_again),
        ):
            if first <= stride <= last:
                probabilities[[class_id, 2]] = level, 1.0 - level
        at = stride * 100_000_000
        track = TrackScores("a", at, at, probabilities, probabilities, probabilities, 1.0, 1.0)
        scores.append(ActionScores(at, (track,)))
    return margins.ScoredRecording("r", NAMES, TRUTH, tuple(scores), 0, 7 * 10**9, 71)


def test_margin_and_covered_share_are_those_of_each_action(margins: Any) -> None:
    wave, jump = margins.judge(scored(margins, 0.95, 0.7), PARAMETERS).actions
    assert (wave.label, jump.label) == ("wave", "jump")
    assert wave.margin == pytest.approx(0.2)
    assert wave.covered == pytest.approx(0.5)
    assert jump.margin == pytest.approx(-0.05)
    assert jump.covered == 0.0


def test_an_event_without_an_action_of_its_label_is_false(margins: Any) -> None:
    assert margins.judge(scored(margins, 0.9, 0.9), PARAMETERS).false == 0
    assert margins.judge(scored(margins, 0.9, 0.9, wave_again=0.9), PARAMETERS).false == 1


def test_a_person_who_is_never_found_has_no_margin(margins: Any) -> None:
    empty = margins.ScoredRecording("r", NAMES, TRUTH, (ActionScores(0, ()),), 0, 7 * 10**9, 71)
    found = margins.judge(empty, PARAMETERS)
    assert [action.margin for action in found.actions] == [-0.75, -0.75]
    assert (found.actions[0].covered, found.false) == (0.0, 0)


def test_exact_keypoints_are_judged_without_a_network_for_images(
    margins: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--seeds", "1", "--fps", "10", "--models", "gestures_light"]
    assert margins.main([*words, "--only", "exact keypoints", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (judgement,) = found["gestures_light"]["exact keypoints"]
    assert len(judgement["actions"]) == 8
    assert sum(action["covered"] > 0.5 for action in judgement["actions"]) >= 6
    assert margins.main([*words, "--only", "exact keypoints"]) == 0
    assert "exact keypoints" in capsys.readouterr().out
