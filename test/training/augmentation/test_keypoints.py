"""Variation of clips: what it changes and keeps, and that it depends on the seed alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.features.modalities import network_input
from bharnet_ros.features.resampling import KeypointBatch
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.training.augmentation.keypoints import augmented_batch
from bharnet_ros.training.augmentation.settings import AugmentationSettings
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.types.layouts import SkeletonLayout, get_layout

LAYOUT = get_layout("mediapipe_upper_body")
KINECT = get_layout("kinect_v1")
FRAMES = 8

UNVARIED = AugmentationSettings(
    speed=(1.0, 1.0),
    warp=0.0,
    slow_rate_probability=0.0,
    frame_loss_probability=0.0,
    mirror_probability=0.0,
    aspect=(1.0, 1.0),
    rotation=0.0,
    turn=0.0,
    tilt=0.0,
    roll=0.0,
    stretch=(1.0, 1.0),
    noise=0.0,
    hand_gap_probability=0.0,
    hand_absent_probability=0.0,
    weaker_hand_absent_probability=0.0,
    rest_probability=0.0,
    background_rest_probability=0.0,
)


def vary(
    store: ClipStore,
    settings: AugmentationSettings,
    seed: int = 0,
    layout: SkeletonLayout = LAYOUT,
) -> tuple[KeypointBatch, npt.NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    return augmented_batch(store, np.arange(len(store)), FRAMES, layout, settings, random)


def in_space(
    store: ClipStore, settings: AugmentationSettings = UNVARIED, seed: int = 0
) -> npt.NDArray[np.floating]:
    """Return bodies seen by a depth camera as (N, I, T, V, 3)."""
    batch, _ = vary(store, settings, seed, KINECT)
    return batch.body.reshape(len(store), batch.people, *batch.body.shape[1:])


def test_variation_depends_on_the_seed_alone(webcam_store: ClipStore) -> None:
    settings = AugmentationSettings(background_rest_probability=0.3)
    first, first_rest = vary(webcam_store, settings, seed=5)
    again, again_rest = vary(webcam_store, settings, seed=5)
    other, _ = vary(webcam_store, settings, seed=6)
    np.testing.assert_array_equal(first_rest, again_rest)
    for name in ("body", "body_mask", "hands", "hand_mask"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.body, other.body)


def test_mirror_swaps_sides(webcam_store: ClipStore) -> None:
    plain, _ = vary(webcam_store, UNVARIED)
    mirrored, only_rest = vary(webcam_store, replace(UNVARIED, mirror_probability=1.0))

    left, right = LAYOUT.joints.index("left_wrist"), LAYOUT.joints.index("right_wrist")
    flip = np.asarray([-1.0, 1.0])
    np.testing.assert_allclose(
        mirrored.body[:, :, left], plain.body[:, :, right] * flip, rtol=1e-5, atol=1e-3
    )
    np.testing.assert_array_equal(mirrored.body_mask[:, :, left], plain.body_mask[:, :, right])
    np.testing.assert_array_equal(mirrored.hand_mask, plain.hand_mask[:, :, ::-1])
    np.testing.assert_allclose(
        np.abs(mirrored.hands[..., :2]), plain.hands[:, :, ::-1, :, :2], rtol=1e-5, atol=1e-3
    )
    assert (mirrored.hands[..., 0] <= 0).all()
    assert not np.array_equal(plain.hand_mask, mirrored.hand_mask)
    assert not only_rest.any()


def test_masked_hands_stay_zero(webcam_store: ClipStore) -> None:
    settings = AugmentationSettings(hand_gap_probability=0.7, noise=0.1, rest_probability=0.5)
    batch, _ = vary(webcam_store, settings)
    masked = batch.hand_mask == 0
    assert masked.any() and not masked.all()
    assert (batch.hands[masked] == 0).all()
    assert (batch.hands[~masked] != 0).any(axis=(1, 2)).all()


def test_absent_hands_are_absent_throughout(webcam_store: ClipStore) -> None:
    batch, _ = vary(webcam_store, replace(UNVARIED, hand_absent_probability=1.0))
    assert (batch.hand_mask == 0).all()


def test_windows_of_only_rest_are_told(webcam_store: ClipStore) -> None:
    _, unvaried = vary(webcam_store, UNVARIED)
    batch, only_rest = vary(webcam_store, replace(UNVARIED, background_rest_probability=1.0))
    assert not unvaried.any()
    assert only_rest.all()
    # At most a fifth of a window of rest still shows hands.
    assert batch.hand_mask.mean() < vary(webcam_store, UNVARIED)[0].hand_mask.mean() / 2


def test_hands_without_a_body_do_not_rest(webcam_store: ClipStore) -> None:
    store = replace(
        webcam_store,
        body=np.zeros_like(webcam_store.body),
        body_confidence=np.zeros_like(webcam_store.body_confidence),
    )
    resting = replace(
        UNVARIED,
        rest_probability=0.5,
        background_rest_probability=0.5,
        resting_hands_probability=1.0,
    )
    batch, only_rest = vary(store, resting)
    unvaried, _ = vary(store, UNVARIED)
    assert not only_rest.any()
    assert not batch.body_mask.any()
    # Depth is varied too.
    np.testing.assert_allclose(batch.hands[..., :2], unvaried.hands[..., :2], atol=1e-3)
    np.testing.assert_array_equal(batch.hand_mask, unvaried.hand_mask)


def test_noise_on_hands_without_a_body_is_in_units_of_their_size(webcam_store: ClipStore) -> None:
    store = replace(
        webcam_store,
        body=np.zeros_like(webcam_store.body),
        body_confidence=np.zeros_like(webcam_store.body_confidence),
    )
    with_body, without = (
        vary(one, replace(UNVARIED, noise=0.02))[0].hands - vary(one, UNVARIED)[0].hands
        for one in (webcam_store, store)
    )
    assert 0.1 < without[..., :2].std() / with_body[..., :2].std() < 10.0


def test_variation_is_as_it_was(
    webcam_store: ClipStore,
) -> None:
    batch, only_rest = vary(webcam_store, AugmentationSettings(background_rest_probability=0.3), 5)
    # Other values mean that models learn from something else.
    assert np.flatnonzero(only_rest).tolist() == [2, 7]
    assert batch.hand_mask.sum((1, 2)).tolist() == [12, 11, 0, 5, 12, 11, 8, 4, 12, 6, 11, 9]
    np.testing.assert_allclose(
        batch.body[:4, 3, 5],
        [[-281.765, 174.657], [429.189, 288.976], [84.882, 393.369], [-343.197, -4.754]],
        atol=2e-3,
    )
    np.testing.assert_allclose(
        batch.hands[[0, 1, 3], 6, 1, 8],
        [[-594.846, 2.496, 674.542], [285.605, 200.370, 529.659], [-650.006, 197.162, 205.551]],
        atol=2e-3,
    )


def test_bodies_in_space_are_turned_about_the_vertical_axis(meeting_store: ClipStore) -> None:
    plain = in_space(meeting_store)
    turned = in_space(meeting_store, replace(UNVARIED, turn=0.8))
    np.testing.assert_allclose(turned[..., 1], plain[..., 1], atol=1e-5)
    # Distances from the vertical axis stay, and angles about it are within the limit.
    flat, other = plain[..., [0, 2]], turned[..., [0, 2]]
    np.testing.assert_allclose(
        np.linalg.norm(flat, axis=-1), np.linalg.norm(other, axis=-1), atol=1e-5
    )
    seen = plain[:, 0, 0, 0], turned[:, 0, 0, 0]
    angles = [np.arctan2(place[:, 0], place[:, 2]) for place in seen]
    assert (np.abs(angles[1] - angles[0]) <= 0.8 + 1e-4).all()
    assert np.abs(angles[1] - angles[0]).max() > 0.1


def test_tilted_bodies_keep_their_bones_and_stretched_ones_do_not(
    meeting_store: ClipStore,
) -> None:
    def bones(bodies: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        return np.linalg.norm(bodies - bodies[..., list(KINECT.parents), :], axis=-1)

    plain = in_space(meeting_store)
    tilted = in_space(meeting_store, replace(UNVARIED, turn=0.5, tilt=0.3, roll=0.2))
    stretched = in_space(meeting_store, replace(UNVARIED, stretch=(0.8, 1.2)))
    assert np.abs(tilted[..., 1] - plain[..., 1]).max() > 0.05
    np.testing.assert_allclose(bones(tilted), bones(plain), atol=1e-5)
    somewhere = np.abs(plain) > 0.01
    ratio = stretched[somewhere] / plain[somewhere]
    assert ratio.min() >= 0.8 - 1e-4 and ratio.max() <= 1.2 + 1e-4
    assert np.abs(bones(stretched) - bones(plain)).max() > 0.01


@pytest.mark.parametrize(("rotation", "axis"), [("tilt", 0), ("turn", 1), ("roll", 2)])
def test_each_rotation_leaves_the_coordinate_along_its_axis_alone(
    meeting_store: ClipStore, rotation: str, axis: int
) -> None:
    plain = in_space(meeting_store)
    varied = in_space(meeting_store, replace(UNVARIED, **{rotation: 0.5}))
    np.testing.assert_allclose(varied[..., axis], plain[..., axis], atol=1e-5)
    others = [other for other in range(3) if other != axis]
    assert np.abs(varied[..., others] - plain[..., others]).max() > 0.05


@pytest.mark.parametrize(
    "change",
    [
        {"turn": 1.0, "tilt": 0.3, "roll": 0.2},
        {"stretch": (0.7, 1.3)},
        {"mirror_probability": 0.5},
        {"warp": 0.3},
    ],
)
def test_changes_of_a_clip_are_the_same_for_all_its_people(
    meeting_store: ClipStore, change: dict[str, object]
) -> None:
    settings = replace(UNVARIED, **change)
    plain, varied = in_space(meeting_store)[1], in_space(meeting_store, settings, seed=3)[1]
    assert not np.allclose(plain, varied, atol=1e-3)
    # Both move alike, so the distance between their joints is constant.
    apart = varied[1] - varied[0]
    np.testing.assert_allclose(apart, np.broadcast_to(apart[:1, :1], apart.shape), atol=1e-4)


def test_mirrored_bodies_in_space_swap_sides_and_keep_height_and_depth(
    meeting_store: ClipStore,
) -> None:
    plain = in_space(meeting_store)
    mirrored = in_space(meeting_store, replace(UNVARIED, mirror_probability=1.0))
    left, right = (KINECT.joints.index(f"{side}_knee") for side in ("left", "right"))
    flip = np.asarray([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(mirrored[..., left, :], plain[..., right, :] * flip, atol=1e-6)
    head = KINECT.joints.index("head")
    np.testing.assert_allclose(mirrored[..., head, :], plain[..., head, :] * flip, atol=1e-6)


def test_noise_in_space_is_in_units_of_the_shoulder_width(meeting_store: ClipStore) -> None:
    shifts = [
        in_space(meeting_store, replace(UNVARIED, noise=0.1), seed)[0, 0]
        - in_space(meeting_store)[0, 0]
        for seed in range(50)
    ]
    # Shoulders are 0.4 m apart; the level of each clip is drawn from 0 to the setting.
    expected = 0.1 * 0.4 * np.sqrt(1 / 3)
    assert np.std(shifts) == pytest.approx(expected, rel=0.2)


def test_bodies_in_space_never_rest_and_have_no_aspect(meeting_store: ClipStore) -> None:
    settings = replace(UNVARIED, background_rest_probability=1.0, aspect=(0.2, 0.3), rotation=1.0)
    batch, only_rest = vary(meeting_store, settings, layout=KINECT)
    assert not only_rest.any()
    np.testing.assert_array_equal(batch.body.reshape(3, 2, FRAMES, 20, 3), in_space(meeting_store))


def test_missing_people_stay_absent_for_the_network(meeting_store: ClipStore) -> None:
    batch, _ = vary(meeting_store, AugmentationSettings(), layout=KINECT)
    inputs = network_input(batch, FeatureSettings(frames=FRAMES, body_layout="kinect_v1"))
    assert inputs.body.shape[-1] == 2
    assert inputs.body_mask.any(1).tolist() == [[True, False], [True, True], [True, False]]
    assert (inputs.body[[0, 2], ..., 1] == 0).all()
    assert not inputs.hands.any()


def test_hands_beside_a_body_in_metres_are_varied_in_pixels(
    webcam_store: ClipStore, meeting_store: ClipStore
) -> None:
    rows = len(meeting_store.body)
    with_hands = replace(
        meeting_store,
        hands=webcam_store.hands[:rows],
        hand_present=webcam_store.hand_present[:rows],
    )
    plain, _ = vary(with_hands, UNVARIED, layout=KINECT)
    noisy, _ = vary(with_hands, replace(UNVARIED, noise=0.05), layout=KINECT)
    shift = (noisy.hands - plain.hands)[noisy.hand_mask > 0]
    # Random hands are hundreds of pixels wide: noise in metres would not move them.
    assert np.abs(shift[..., :2]).mean() > 1.0


def test_resting_hands_stay_in_view_and_hang_from_their_wrists(webcam_store: ClipStore) -> None:
    resting = replace(UNVARIED, background_rest_probability=1.0)
    hidden, _ = vary(webcam_store, resting)
    batch, only_rest = vary(webcam_store, replace(resting, resting_hands_probability=1.0))
    assert only_rest.all()
    assert batch.hand_mask.sum() > 2 * hidden.hand_mask.sum()
    names = LAYOUT.joints
    for index, side in enumerate(("left", "right")):
        seen = batch.hand_mask[..., index] > 0
        elbow, wrist = (
            batch.body[:, :, names.index(f"{side}_{part}")] for part in ("elbow", "wrist")
        )
        hand = batch.hands[:, :, index, :, :2]
        whole = seen & (np.linalg.norm(hand[:, :, 0] - wrist, axis=-1) < 1.0)
        assert whole.sum() > seen.sum() / 2
        forearm, pointing = (wrist - elbow)[whole], (hand[:, :, 9] - hand[:, :, 0])[whole]
        cosine = (forearm * pointing).sum(1) / (
            np.linalg.norm(forearm, axis=1) * np.linalg.norm(pointing, axis=1)
        )
        assert cosine.min() > np.cos(0.51)


def test_rest_around_an_action_takes_both_ends_of_its_window(webcam_store: ClipStore) -> None:
    settings = replace(
        UNVARIED, rest_probability=1.0, rest_share=(0.5, 0.5), rest_around_probability=1.0
    )
    plain, _ = vary(webcam_store, UNVARIED)
    batch, only_rest = vary(webcam_store, settings)
    assert not only_rest.any()
    moved = np.abs(batch.body - plain.body).max((2, 3)) > 1.0
    assert moved[:, 0].mean() > 0.5 and moved[:, -1].mean() > 0.5
    assert moved[:, FRAMES // 2 - 1 : FRAMES // 2 + 1].mean() < 0.5


def test_an_idle_hand_out_of_view_is_shown_hanging(
    webcam_store: ClipStore,
) -> None:
    left = webcam_store.hand_present[:, 0].copy()
    store = replace(webcam_store, hand_present=np.stack([left, np.zeros_like(left)], axis=1))
    wrist = LAYOUT.joints.index("right_wrist")
    body = store.body.copy()
    body[:, wrist] = body[:, LAYOUT.joints.index("right_shoulder")] + [0.0, 400.0]
    store = replace(store, body=body)
    plain, _ = vary(store, UNVARIED)
    batch, only_rest = vary(store, replace(UNVARIED, resting_hands_probability=1.0))
    assert not only_rest.any()
    with_left = plain.hand_mask[..., 0].any(1)
    assert with_left.any()
    assert (plain.hand_mask[..., 1] == 0).all()
    assert (batch.hand_mask[with_left, :, 1].sum(1) > 0).all()
    # Depth is scaled at random.
    np.testing.assert_allclose(
        batch.hands[..., 0, :, :2], plain.hands[..., 0, :, :2], rtol=1e-5, atol=1e-3
    )
    np.testing.assert_array_equal(batch.hand_mask[..., 0], plain.hand_mask[..., 0])
    assert (batch.body_mask[with_left, :, wrist] >= 0.9 - 1e-6).all()
