"""Features: what must not matter to the network does not, and what must, does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bharnet_ros.datasets.base import RecordedClip, stack_people
from bharnet_ros.features.modalities import NetworkInput, network_input
from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import MODALITIES, FeatureSettings
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.layouts import get_layout

SETTINGS = FeatureSettings(frames=16, modalities=MODALITIES)
BODY = get_layout(SETTINGS.body_layout)
WIDTH, HEIGHT = 640, 480
BODY_JOINTS = 33
METRIC = FeatureSettings(frames=16, body_layout="kinect_v2", modalities=MODALITIES)


def person(seed: int = 0, frames: int = 20) -> KeypointSequence:
    """Return a person of plausible size who moves at random before the camera, all of it seen."""
    rng = np.random.default_rng(seed)
    body = rng.uniform((200, 100, 0), (440, 380, 0), (BODY_JOINTS, 3))
    body[11, :2], body[12, :2] = (380, 200), (260, 205)
    moving = body + rng.normal(0, 4, (frames, BODY_JOINTS, 3)).cumsum(0)
    confidence = rng.uniform(0.5, 1.0, (frames, BODY_JOINTS, 1))
    hands = rng.normal(0, 15, (2, 21, 3)) + np.array([[[420, 330, 0]], [[220, 340, 0]]])
    hands[:, 9] = hands[:, 0] + (3, -35, 2)
    return KeypointSequence(
        stamps=np.arange(frames) / 30.0,
        body=np.concatenate([moving, confidence], -1).astype(np.float32),
        hands=(hands + rng.normal(0, 3, (frames, 2, 21, 3)).cumsum(0)).astype(np.float32),
        hand_scores=np.ones((frames, 2), dtype=np.float32),
        width=WIDTH,
        height=HEIGHT,
    )


def tracked(seed: int = 0, frames: int = 20) -> KeypointSequence:
    """Return a person before a depth camera, in metres, whose hands are in pixels."""
    rng = np.random.default_rng(seed)
    body = rng.uniform((-0.5, -0.9, 2.6), (0.5, 0.9, 3.2), (25, 3))
    body[4], body[8], body[20] = (-0.2, 0.4, 2.9), (0.2, 0.4, 2.9), (0.0, 0.45, 2.9)
    moving = body + rng.normal(0, 0.01, (frames, 25, 3)).cumsum(0)
    confidence = rng.uniform(0.5, 1.0, (frames, 25, 1))
    return dataclasses.replace(
        person(seed, frames),
        body=np.concatenate([moving, confidence], -1).astype(np.float32),
        body_layout="kinect_v2",
    )


def samples(settings: FeatureSettings, *clips: Sequence[KeypointSequence]) -> NetworkInput:
    """Return what the network is given of clips of up to two people."""
    recorded = [RecordedClip(f"clip_{row}", tuple(clip), "wave") for row, clip in enumerate(clips)]
    return network_input(stack_people(recorded, settings, people=2), settings)


def features(
    sequence: KeypointSequence, settings: FeatureSettings = SETTINGS, window_s: float | None = None
) -> NetworkInput:
    """Return what the network is given of one person."""
    return network_input(resample([sequence], settings, window_s), settings)


def assert_same(first: NetworkInput, second: NetworkInput, atol: float = 2e-4) -> None:
    """Compare every array of two inputs."""
    for field in dataclasses.fields(NetworkInput):
        one, other = getattr(first, field.name), getattr(second, field.name)
        np.testing.assert_allclose(one, other, atol=atol, rtol=0, err_msg=field.name)


def assert_finite(given: NetworkInput) -> None:
    """Check that every array is finite."""
    for field in dataclasses.fields(NetworkInput):
        assert np.isfinite(getattr(given, field.name)).all(), field.name


@pytest.mark.parametrize("modalities", [("joint",), ("bone", "joint_motion"), MODALITIES])
def test_shapes_agree_with_the_settings(modalities: tuple[str, ...]) -> None:
    settings = FeatureSettings(frames=10, modalities=modalities)
    given = features(person(), settings)
    assert given.body.shape == (1, settings.body_channels, 10, len(BODY), 1)
    assert given.hands.shape == (1, settings.hand_channels, 10, 21, 2)
    assert given.body_mask.shape == (1, 10, 1)
    assert given.hand_mask.shape == (1, 10, 2)
    assert {a.dtype for a in vars(given).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("body_seen", [True, False])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, (75, -40)), (0.5, (0, 0)), (1.7, (-120, 60))])
def test_place_and_size_in_the_image_do_not_matter(
    scale: float, shift: tuple[float, float], body_seen: bool
) -> None:
    near = person()
    if not body_seen:
        near.body[..., :3] = np.nan
    body, hands = near.body.copy(), near.hands.copy()
    body[..., :3] *= scale
    hands *= scale
    body[..., :2] += shift
    hands[..., :2] += shift
    far = dataclasses.replace(near, body=body, hands=hands)
    assert_same(features(near), features(far))


def test_motion_in_the_image_does_matter() -> None:
    still, moving = person(), person()
    moving.body[..., 0] += np.linspace(0, 60, len(moving))[:, None]
    assert np.abs(features(still).body - features(moving).body).max() > 0.1


@pytest.mark.parametrize("side", [0, 1])
def test_an_absent_hand_changes_nothing_else(side: int) -> None:
    complete, one_handed = person(), person()
    one_handed.hands[:, side] = np.nan
    with_both, with_one = features(complete), features(one_handed)
    assert_finite(with_one)
    assert np.array_equal(with_both.body, with_one.body)
    assert np.array_equal(with_both.hands[..., 1 - side], with_one.hands[..., 1 - side])
    assert not with_one.hands[..., side].any()
    assert not with_one.hand_mask[..., side].any()


def test_one_missing_landmark_makes_the_hand_absent_in_that_frame() -> None:
    partly, absent = person(), person()
    partly.hands[7, 0, 13, 2] = np.nan
    absent.hands[7, 0] = np.nan
    assert_finite(features(partly))
    assert_same(features(partly), features(absent), atol=0)


def test_hands_without_a_body() -> None:
    sequence = person()
    sequence.body[..., :3] = np.nan
    given = features(sequence)
    assert_finite(given)
    assert not given.body.any()
    assert not given.body_mask.any()
    assert given.hand_mask.all()
    place = given.hands[0, :2]
    assert 0.1 < np.abs(place).max() < 8.0


def test_a_hand_far_below_the_shoulders_is_as_absent_and_another_as_it_was() -> None:
    settings = dataclasses.replace(SETTINGS, hanging_drop=2.0)
    sequence = person()
    lowered, without = sequence.hands.copy(), sequence.hands.copy()
    lowered[:, 0, :, 1] += 300.0
    without[:, 0] = np.nan
    assert_same(features(sequence, settings), features(sequence))
    hanging = features(dataclasses.replace(sequence, hands=lowered), settings)
    assert_same(hanging, features(dataclasses.replace(sequence, hands=without)))
    assert features(dataclasses.replace(sequence, hands=lowered)).hand_mask[..., 0].all()


def test_no_hand_hangs_where_no_shoulders_are_seen() -> None:
    sequence = person()
    hidden = sequence.body.copy()
    hidden[:, 11, 3] = 0.0
    sequence = dataclasses.replace(sequence, body=hidden)
    settings = dataclasses.replace(SETTINGS, hanging_drop=0.1)
    assert_same(features(sequence, settings), features(sequence))


def test_nobody_at_all() -> None:
    sequence = person()
    sequence.body[..., :3] = np.nan
    sequence.hands[:] = np.nan
    given = features(sequence)
    for name, values in vars(given).items():
        assert not values.any(), name


def test_scattered_gaps_leave_only_finite_numbers() -> None:
    sequence, rng = person(), np.random.default_rng(1)
    sequence.body[rng.random(sequence.body.shape[:2]) < 0.4] = np.nan
    sequence.hands[rng.random(sequence.hands.shape[:2]) < 0.4] = np.nan
    assert_finite(features(sequence))


def test_each_person_of_a_batch_is_on_its_own() -> None:
    people = [person(1), person(2, frames=9)]
    people[1].hands[:, 0] = np.nan
    together = network_input(resample(people, SETTINGS), SETTINGS)
    for row, alone in enumerate(map(features, people)):
        for name, values in vars(alone).items():
            assert np.array_equal(values[0], getattr(together, name)[row]), name


def test_a_mirrored_person_gives_mirrored_features() -> None:
    sequence = person()
    body, hands = sequence.body.copy(), sequence.hands[:, ::-1].copy()
    sources = np.array(BODY.sources)
    body[:, sources] = sequence.body[:, sources[list(BODY.mirror)]]
    body[..., 0] = WIDTH - body[..., 0]
    hands[..., 0] = WIDTH - hands[..., 0]
    mirrored = features(dataclasses.replace(sequence, body=body, hands=hands))

    given = features(sequence)
    expected = given.body[:, :, :, list(BODY.mirror)]
    expected[:, [0, 2, 4, 6]] *= -1  # x of each modality; y and the mask stay
    np.testing.assert_allclose(mirrored.body, expected, atol=2e-4)
    np.testing.assert_allclose(mirrored.hands, given.hands[..., ::-1], atol=2e-4)


def test_left_hands_are_mirrored_onto_right_ones() -> None:
    # The right hand of somebody who faces the camera is on the left of the image.
    horizontal = features(person()).hands[0, 0]
    assert (horizontal.mean(axis=(0, 1)) < 0).all()


def test_depth_cameras_give_three_coordinates_of_a_joint() -> None:
    given = features(tracked(), METRIC)
    assert METRIC.body_channels == 3 * len(MODALITIES) + 1
    assert given.body.shape == (1, METRIC.body_channels, 16, 25, 1)
    shoulders, centre = given.body[0, :3, :, [4, 8], 0], given.body[0, :3, :, 20, 0]
    width = np.linalg.norm(shoulders[0] - shoulders[1], axis=0)
    assert np.median(width) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(np.median(centre, axis=1), 0.0, atol=1e-3)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, (0.7, -0.2, 1.1)), (0.6, (0.0, 0.0, 0.0))])
def test_place_before_a_depth_camera_and_size_do_not_matter(
    scale: float, shift: tuple[float, float, float]
) -> None:
    near = tracked()
    body = near.body.copy()
    body[..., :3] = body[..., :3] * scale + np.float32(shift)
    assert_same(features(near, METRIC), features(dataclasses.replace(near, body=body), METRIC))


def seen_from(sequence: KeypointSequence, angle: float) -> KeypointSequence:
    """Return somebody before a depth camera as seen from elsewhere, turned about the vertical."""
    turned = sequence.body.copy()
    turned[..., :3] @= np.float32(Rotation.from_euler("y", angle).as_matrix().T)
    return dataclasses.replace(sequence, body=turned)


@pytest.mark.parametrize("angle", [0.6, -1.5, 3.1])
def test_from_where_a_body_is_seen_does_not_matter_once_it_is_aligned(angle: float) -> None:
    pair = [tracked(0), tracked(1)]
    turned = [seen_from(one, angle) for one in pair]
    aligned = dataclasses.replace(METRIC, align_heading=True)
    assert_same(samples(aligned, pair), samples(aligned, turned))
    assert np.abs(samples(METRIC, pair).body - samples(METRIC, turned).body).max() > 0.1


def test_aligned_shoulders_lie_along_x() -> None:
    given = features(seen_from(tracked(), 1.0), dataclasses.replace(METRIC, align_heading=True))
    left, right = given.body[0, :3, :, 4, 0], given.body[0, :3, :, 8, 0]
    across = (right - left).mean(axis=1)
    assert across[0] == pytest.approx(1.0, abs=0.1)
    assert across[2] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("hidden", [[4], [8], [4, 8]])
def test_without_both_shoulders_nothing_is_turned(hidden: list[int]) -> None:
    sideways = seen_from(tracked(), 1.0)
    sideways.body[:, hidden] = np.nan
    aligned = features(sideways, dataclasses.replace(METRIC, align_heading=True))
    assert_same(aligned, features(sideways, METRIC))


def test_bodies_in_images_are_not_aligned() -> None:
    aligned = features(person(), dataclasses.replace(SETTINGS, align_heading=True))
    assert_same(aligned, features(person()))


BOXED = dataclasses.replace(METRIC, fit_to_box=True, modalities=("joint",))


def test_in_a_box_each_axis_runs_from_minus_one_to_one() -> None:
    given = features(tracked(), BOXED)
    joints = given.body[0, :3, ..., 0].reshape(3, -1)
    np.testing.assert_allclose(joints.min(1), -1.0, atol=1e-5)
    np.testing.assert_allclose(joints.max(1), 1.0, atol=1e-5)


def test_in_a_box_no_axis_has_a_place_or_size_of_its_own() -> None:
    near = tracked()
    body = near.body.copy()
    body[..., :3] = body[..., :3] * np.float32((0.5, 2.0, 1.3)) + np.float32((0.7, -0.2, 1.1))
    assert_same(features(near, BOXED), features(dataclasses.replace(near, body=body), BOXED))


def test_whoever_walks_becomes_small_in_a_box() -> None:
    walking = tracked()
    walking.body[..., 0] += np.linspace(0.0, 3.0, len(walking.body), dtype=np.float32)[:, None]
    width = [
        np.abs(given.body[0, 0, :, 4, 0] - given.body[0, 0, :, 8, 0]).mean()
        for given in (features(tracked(), BOXED), features(walking, BOXED))
    ]
    assert width[1] < 0.5 * width[0]


def test_people_of_a_sample_share_a_box() -> None:
    beside = tracked(1)
    beside.body[..., 0] += 1.5
    given = samples(BOXED, [tracked(0), beside])
    x = given.body[0, 0]
    assert (x.min(), x.max()) == (pytest.approx(-1.0, abs=1e-5), pytest.approx(1.0, abs=1e-5))
    assert x[..., 0].max() < x[..., 1].min()


def test_box_of_nobody_is_empty_and_bodies_in_images_have_none() -> None:
    hidden = tracked()
    hidden.body[:] = np.nan
    assert not features(hidden, BOXED).body.any()
    assert_same(
        features(person(), dataclasses.replace(SETTINGS, fit_to_box=True)), features(person())
    )


def test_depth_of_the_body_does_matter() -> None:
    flat, deep = tracked(), tracked()
    deep.body[:, 11, 2] += 0.3
    moved = np.abs(features(flat, METRIC).body - features(deep, METRIC).body)[0, :, :, :, 0]
    assert moved[2, :, 11].min() > 0.5
    assert not moved[:, :, 15].any()


def test_hands_in_pixels_have_a_place_of_their_own_beside_a_body_in_metres() -> None:
    given, bodiless = features(tracked(), METRIC), person()
    bodiless.body[..., :3] = np.nan
    alone = features(bodiless)
    np.testing.assert_array_equal(given.hands, alone.hands)
    place = given.hands[0, :2]
    assert 0.1 < np.abs(place).max() < 8.0


def test_a_body_that_hides_its_shoulders_is_still_placed() -> None:
    hidden = tracked()
    hidden.body[:, [4, 8, 20]] = np.nan
    given = features(hidden, METRIC)
    assert_finite(given)
    assert np.abs(given.body[0, :3]).max() < 5.0


@pytest.mark.parametrize(("settings", "make"), [(SETTINGS, person), (METRIC, tracked)])
def test_somebody_alone_leaves_the_place_of_the_second_person_empty(
    settings: FeatureSettings, make: Callable[..., KeypointSequence]
) -> None:
    alone, stacked = features(make(), settings), samples(settings, [make()])
    joints = len(get_layout(settings.body_layout))
    assert stacked.body.shape == (1, settings.body_channels, 16, joints, 2)
    assert stacked.hands.shape == (1, settings.hand_channels, 16, 21, 4)
    assert (stacked.body_mask.shape, stacked.hand_mask.shape) == ((1, 16, 2), (1, 16, 4))
    for name, values in vars(alone).items():
        both = getattr(stacked, name)
        half = both.shape[-1] // 2
        np.testing.assert_array_equal(both[..., :half], values, err_msg=name)
        assert not both[..., half:].any(), name


@pytest.mark.parametrize(("settings", "make"), [(SETTINGS, person), (METRIC, tracked)])
def test_people_of_a_clip_share_the_frame_of_the_first(
    settings: FeatureSettings, make: Callable[..., KeypointSequence]
) -> None:
    first, twin = make(), make()
    step = 0.5 * np.median(np.linalg.norm(first.body[:, 4, :2] - first.body[:, 8, :2], axis=-1))
    twin.body[..., 0] += step
    given = samples(settings, [first, twin])
    alone = features(first, settings)
    np.testing.assert_array_equal(given.body[..., :1], alone.body)
    apart = given.body[0, 0, :, :, 1] - given.body[0, 0, :, :, 0]
    assert apart.min() > 0.1
    np.testing.assert_allclose(apart, apart[0, 0], atol=1e-3)
    rest = np.delete(given.body, 0, axis=1)
    np.testing.assert_allclose(rest[..., 1], rest[..., 0], atol=1e-4)


def test_the_second_person_lends_the_frame_where_the_first_is_not_seen() -> None:
    unseen, seen = tracked(1), tracked(2)
    unseen.body[..., :3] = np.nan
    unseen.hands[:] = np.nan
    given, alone = samples(METRIC, [unseen, seen]), features(seen, METRIC)
    assert not given.body[..., 0].any()
    np.testing.assert_array_equal(given.body[..., 1:], alone.body)
    np.testing.assert_array_equal(given.hands[..., 2:], alone.hands)


def test_clips_with_different_numbers_of_people_make_one_batch() -> None:
    pair, alone = [tracked(1), tracked(2)], [tracked(3)]
    together = samples(METRIC, pair, alone, [*pair, tracked(4)])
    for row, clip in enumerate((pair, alone, pair)):
        for name, values in vars(samples(METRIC, clip)).items():
            np.testing.assert_array_equal(values[0], getattr(together, name)[row], err_msg=name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frames": 1}, "frames: must be at least 2, got 1"),
        ({"modalities": ()}, "modalities: .*known are joint, bone"),
        ({"modalities": ("joint", "colour")}, "modalities: .*'colour'"),
        ({"body_layout": "centaur"}, "'centaur' is unknown"),
        ({"hand_layout": "hoof"}, "'hoof' is unknown"),
        ({"hanging_drop": -1.0}, "hanging_drop: must be 0 or positive, got -1.0"),
    ],
)
def test_settings_name_what_is_wrong(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureSettings(**wrong)  # type: ignore[arg-type]
