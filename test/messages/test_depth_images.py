"""Raw depth images to metres and back."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.messages.depth_images import decode_depth, encode_depth

DEPTH = np.array([[0.5, 1.25, np.nan], [2.0, 65.0, 0.001]], dtype=np.float32)


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("encoding, kind, unit", [("32FC1", "f4", 1), ("16UC1", "u2", 1000)])
def test_every_encoding_is_decoded_to_metres(encoding, kind, unit, order, padding):
    numbers = (np.nan_to_num(DEPTH) * unit).round(3).astype(f"{order}{kind}")
    data = b"".join(row.tobytes() + b"\xff" * padding for row in numbers)
    step = 3 * numbers.itemsize + padding
    found = decode_depth(encoding, 2, 3, step, data, order == ">")
    np.testing.assert_allclose(found, DEPTH, rtol=1e-6)


def test_mono16_is_millimetres():
    found = decode_depth("mono16", 1, 2, 4, np.array([0, 1500], dtype="<u2").tobytes())
    np.testing.assert_allclose(found, [[np.nan, 1.5]])


def test_zero_negative_nan_and_infinity_are_unknown_depth():
    values = np.array([[0.0, -1.0, np.nan, np.inf, -np.inf, 1.0]], dtype="<f4")
    found = decode_depth("32FC1", 1, 6, 24, values.tobytes())
    assert np.isfinite(found).tolist() == [[False] * 5 + [True]]


def test_metres_are_encoded_as_millimetres_and_decoded():
    depth = np.array([[0.0, np.nan, np.inf, -1.0, 70.0, 0.5004, 3.2]])
    encoding, step, data = encode_depth(depth)
    found = decode_depth(encoding, 1, 7, step, data)
    np.testing.assert_allclose(found, [[np.nan] * 5 + [0.5, 3.2]])


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("rgb8", 2, 3, 9, b"\0" * 18), "encoding: 'rgb8'"),
        (("16UC1", 0, 3, 6, b""), "no pixels"),
        (("16UC1", 2, 3, 5, b"\0" * 12), "step: 5"),
        (("16UC1", 2, 3, 6, b"\0" * 11), "data: 11 bytes"),
    ],
)
def test_broken_image_is_refused(arguments, named):
    with pytest.raises(ValueError, match=named):
        decode_depth(*arguments)


def test_a_colour_image_is_not_encoded_as_depth():
    with pytest.raises(ValueError, match="depth"):
        encode_depth(np.zeros((2, 3, 3)))
