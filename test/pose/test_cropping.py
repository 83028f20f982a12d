"""Crops are cut where the hands and the body are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.pose.cropping import cut_all, cut_crops, region_square
from bharnet_ros.types.crops import CropSettings
from bharnet_ros.types.keypoints import FrameKeypoints, PersonKeypoints, absent, absent_body

SETTINGS = CropSettings(regions=("left_hand", "right_hand", "upper_body"), size=16, hand_reach=0.5)
WIDTH, HEIGHT = 320, 240


def person_at(x: float = 160.0, *, hands: bool = True) -> PersonKeypoints:
    """Return a person whose shoulders are 60 pixels wide, with both hands beside the chest."""
    body = absent_body()
    for landmark, place in {
        11: (x + 30, 80),
        12: (x - 30, 80),
        13: (x + 50, 130),
        14: (x - 50, 130),
        15: (x + 50, 100),
        16: (x - 50, 100),
    }.items():
        body[landmark] = (*place, 0.0, 1.0)
    found = absent(2, 21, 3)
    if hands:
        spread = np.linspace(-1, 1, 21)
        for side, centre in enumerate((x + 55, x - 55)):
            found[side, :, 0] = centre + 8 * spread
            found[side, :, 1] = 90 + 8 * spread
            found[side, :, 2] = 0.0
    return PersonKeypoints("1", body=body, hands=found, hand_scores=np.full(2, float(hands)))


def painted() -> npt.NDArray[np.uint8]:
    """Return a black image with a red square on the left hand and a blue one on the right."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    image[80:100, 205:225] = (255, 0, 0)
    image[80:100, 95:115] = (0, 0, 255)
    return image


def test_each_hand_is_in_the_middle_of_its_crop_in_rgb() -> None:
    crops = cut_crops(painted(), person_at(), SETTINGS)
    assert crops.pixels.shape == (3, 16, 16, 3)
    assert crops.present.all()
    assert crops.pixels[0, 8, 8].tolist() == [255, 0, 0]
    assert crops.pixels[1, 8, 8].tolist() == [0, 0, 255]
    # A third of each side of the square of 60 pixels is painted, as in the image.
    assert (crops.pixels[0, :, :, 0] > 127).mean() == pytest.approx(1 / 9, abs=0.05)
    assert not crops.pixels[0, 0, 0].any()
    # The square around the upper body contains both hands.
    assert crops.pixels[2, :, :, 0].max() > 200 and crops.pixels[2, :, :, 2].max() > 200


def test_the_square_of_a_hand_not_found_lies_beyond_the_wrist() -> None:
    square = region_square(person_at(hands=False), "left_hand", SETTINGS)
    assert square is not None
    x, y, side = square
    assert (x, side) == pytest.approx((210.0, 60.0))
    # The forearm points up: from the elbow at 130 to the wrist at 100.
    assert y == pytest.approx(100 - 0.35 * 30)


def test_a_person_without_landmarks_has_no_crops() -> None:
    crops = cut_crops(painted(), PersonKeypoints("1"), SETTINGS)
    assert not crops.present.any()
    assert not crops.pixels.any()


def test_barely_visible_wrists_do_not_count() -> None:
    person = person_at(hands=False)
    person.body[[15, 16], 3] = 0.1
    assert region_square(person, "left_hand", SETTINGS) is None


def test_pixels_outside_are_black_and_a_crop_mostly_outside_is_absent() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    crops = cut_crops(image, person_at(WIDTH - 65.0), SETTINGS)
    assert crops.present[0]
    assert not crops.pixels[0, :, -1].any()
    assert crops.pixels[0, :, 0].all()
    assert not cut_crops(image, person_at(WIDTH + 100.0), SETTINGS).present[0]


def test_a_hand_gives_the_scale_if_there_is_no_body() -> None:
    person = PersonKeypoints("1", hands=person_at().hands, hand_scores=np.ones(2))
    square = region_square(person, "right_hand", SETTINGS)
    assert square is not None
    palm = np.linalg.norm(person.hands[1, 9, :2] - person.hands[1, 0, :2])
    assert square[2] == pytest.approx(3.5 * palm)


def test_crops_of_all_people_are_returned_by_track_id() -> None:
    frame = FrameKeypoints(0, WIDTH, HEIGHT, (person_at(),))
    crops = cut_all(painted(), frame, SETTINGS)
    assert list(crops) == ["1"]
    assert crops["1"].present.all()


@pytest.mark.parametrize("shape", [(0, 0, 3), (4, 4), (4, 4, 4)])
def test_an_image_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="image: expected"):
        cut_crops(np.zeros(shape, dtype=np.uint8), person_at(), SETTINGS)
