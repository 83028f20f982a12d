"""Images in the encodings of cameras, against the formulas of their standards."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from camera_images import (
    BAYER,
    PACKED,
    PLANAR,
    mosaic,
    packed_rows,
    planar_bytes,
    random_planes,
    rgb_of,
    shown,
)

from bharnet_ros.messages.images import decode_compressed, decode_image

SIZES = [(4, 6), (3, 5), (5, 8), (1, 1), (2, 2)]
COLOUR = (200, 120, 40)


def test_the_reference_gives_the_colours_of_the_standard():
    known = {(16, 128, 128): 0, (235, 128, 128): 255, (81, 90, 240): (255, 0, 0)}
    for yuv, rgb in known.items():
        np.testing.assert_allclose(rgb_of(*yuv), np.broadcast_to(rgb, 3), atol=1.5)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("encoding", PACKED)
def test_pairs_of_pixels_share_their_colour(encoding, height, width, padding, whole):
    planes = random_planes(height, width, 1, 2)
    rows = packed_rows(encoding, planes, whole=whole)
    padding *= whole  # padding of a pair that was cut off could be the rest of the pair
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    image = decode_image(encoding, height, width, rows.shape[1], rows.tobytes())
    assert image.shape == (height, width, 3) and image.flags.c_contiguous
    complete = width if whole else width - width % 2
    np.testing.assert_allclose(image[:, :complete], shown(planes, 1, 2)[:, :complete], atol=2)
    # Of the last pixel, the luma is known, and it lies between the colours.
    assert image[:, complete:].size == 0 or 40 < image[:, complete:].mean() < 230


@pytest.mark.parametrize("padding", [0, 7])
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("encoding", PLANAR)
def test_squares_of_pixels_share_their_colour(encoding, height, width, padding):
    planes = random_planes(height, width, 2, 2)
    step = width + padding
    data = planar_bytes(encoding, planes, step, max(step, width + width % 2))
    image = decode_image(encoding, height, width, step, data)
    assert image.shape == (height, width, 3) and image.flags.c_contiguous
    np.testing.assert_allclose(image, shown(planes, 2, 2), atol=2)


@pytest.mark.parametrize(("height", "width"), [*SIZES, (9, 3), (12, 16)])
@pytest.mark.parametrize("encoding", BAYER)
def test_a_mosaic_is_shown_in_its_colours(encoding, height, width):
    height, width = max(height, 2), max(width, 2)  # less lacks some of the colours
    plain = np.full((height, width, 3), COLOUR, dtype=np.uint8)
    seen = np.pad(mosaic(encoding, plain), ((0, 0), (0, 4)), constant_values=99)
    step = seen.shape[1] * seen.itemsize
    image = decode_image(encoding, height, width, step, seen.tobytes())
    np.testing.assert_array_equal(image, plain)


@pytest.mark.parametrize("encoding", BAYER)
def test_each_colour_of_a_mosaic_is_where_it_was(encoding):
    half = np.zeros((12, 16, 3), dtype=np.uint8)
    half[:, :8], half[:, 8:] = (250, 20, 20), (20, 20, 250)
    seen = mosaic(encoding, half)
    image = decode_image(encoding, 12, 16, 16 * seen.itemsize, seen.tobytes())
    away_from_the_edge = [0, 3, 5, 10, 12, 15]
    np.testing.assert_array_equal(image[:, away_from_the_edge], half[:, away_from_the_edge])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("yuv422", 4, 6, 11, bytes(48)), "step: 11 bytes cannot hold 6 yuv422 pixels"),
        (("yuv422_yuy2", 4, 6, 12, bytes(47)), "47 bytes are less than height 4 . step 12"),
        (("nv12", 4, 6, 6, bytes(23)), "23 bytes are less than height 4 . step 6"),
        (("nv12", 4, 6, 6, bytes(35)), "11 bytes are less than height 2 . step 6"),
        (("nv21", 4, 6, 5, bytes(99)), "step: 5 bytes cannot hold 6 nv21 pixels"),
        (("bayer_rggb16", 4, 6, 6, bytes(99)), "step: 6 bytes cannot hold 6 bayer_rggb16 pixels"),
        (("nv12", 0, 6, 6, b""), "no pixels"),
    ],
)
def test_a_broken_camera_image_is_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        decode_image(*fields)


@pytest.mark.parametrize(
    ("format_", "extension"),
    [
        ("bgr8; jpeg compressed bgr8", ".jpg"),
        ("rgb8; png compressed", ".png"),
        ("rgb8; png compressed bgr8", ".png"),
        ("bgra8; jpeg compressed bgr8", ".jpg"),
        ("yuv422_yuy2; jpeg compressed bgr8", ".jpg"),
        ("bayer_rggb8; jpeg compressed bgr8", ".jpg"),
        ("image/jpeg", ".jpg"),
        ("JPG", ".jpg"),
    ],
)
def test_a_compressed_image_keeps_its_colours(format_, extension):
    pixels = np.full((32, 32, 3), COLOUR, dtype=np.uint8)
    data = cv2.imencode(extension, pixels[:, :, ::-1])[1].tobytes()
    np.testing.assert_allclose(decode_compressed(format_, data), pixels, atol=3)


@pytest.mark.parametrize("encoding", BAYER)
def test_a_compressed_mosaic_is_shown_in_its_colours(encoding):
    plain = np.full((32, 32, 3), COLOUR, dtype=np.uint8)
    data = cv2.imencode(".png", mosaic(encoding, plain))[1].tobytes()
    np.testing.assert_array_equal(decode_compressed(f"{encoding}; png compressed ", data), plain)
