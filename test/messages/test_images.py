"""Raw and compressed images to RGB."""

from __future__ import annotations

import array
import struct
import zlib

import camera_images
import cv2
import numpy as np
import pytest

from bharnet_ros.messages.images import (
    ENCODINGS,
    decode_compressed,
    decode_image,
    encode_compressed,
    encode_image,
)
from bharnet_ros.types.errors import InputError

RGB = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
ALPHA = np.full((4, 5, 1), 7, dtype=np.uint8)
GREY = RGB[:, :, :1]
WIDE = RGB.astype(np.uint16) * 256 + 200
# The pixels of each encoding, and the same image in RGB.
CASES = {
    "rgb8": (RGB, RGB),
    "bgr8": (RGB[:, :, ::-1], RGB),
    "rgba8": (np.concatenate([RGB, ALPHA], axis=2), RGB),
    "bgra8": (np.concatenate([RGB[:, :, ::-1], ALPHA], axis=2), RGB),
    "mono8": (GREY, np.repeat(GREY, 3, axis=2)),
    "8UC1": (GREY, np.repeat(GREY, 3, axis=2)),
    "8UC3": (RGB[:, :, ::-1], RGB),
    "8UC4": (np.concatenate([RGB[:, :, ::-1], ALPHA], axis=2), RGB),
    "rgb16": (WIDE, RGB),
    "bgr16": (WIDE[:, :, ::-1], RGB),
    "rgba16": (np.concatenate([WIDE, ALPHA], axis=2), RGB),
    "bgra16": (np.concatenate([WIDE[:, :, ::-1], ALPHA], axis=2), RGB),
}


def test_every_encoding_is_covered():
    assert set(ENCODINGS) == {*CASES, *camera_images.ENCODINGS}


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding", CASES)
def test_pixels_are_decoded_whatever_the_row_padding(encoding, padding):
    pixels, expected = CASES[encoding]
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(4, -1)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    image = decode_image(encoding, 4, 5, padded.shape[1], padded.tobytes())
    np.testing.assert_array_equal(image, expected)
    assert image.flags.c_contiguous and image.dtype == np.uint8


def test_wide_channels_may_be_in_either_byte_order():
    for order, big in (("<u2", False), (">u2", True)):
        image = decode_image("rgb16", 4, 5, 30, WIDE.astype(order).tobytes(), big)
        np.testing.assert_array_equal(image, RGB)


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda data: array.array("B", data)])
def test_data_may_be_any_buffer(kind):
    image = decode_image("rgb8", 4, 5, 15, kind(RGB.tobytes()))
    np.testing.assert_array_equal(image, RGB)


def test_unpadded_rgb_is_not_copied():
    data = bytearray(RGB.tobytes())
    image = decode_image("rgb8", 4, 5, 15, data)
    data[0] = (data[0] + 1) % 256
    assert image[0, 0, 0] == data[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("mono16", 4, 5, 10, RGB.tobytes()), "'mono16'.*rgb8"),
        (("32FC1", 4, 5, 20, RGB.tobytes()), "'32FC1'.*rgb8"),
        (("rgb8", 0, 5, 15, b""), "no pixels"),
        (("rgb8", 4, 0, 0, b""), "no pixels"),
        (("rgb8", 4, 5, 14, RGB.tobytes()), "step: 14"),
        (("rgb8", 4, 5, 15, RGB.tobytes()[:-1]), "59 bytes are less than height 4 . step 15"),
        (("rgb8", 4, 5, 15, b""), "0 bytes are less"),
    ],
)
def test_bad_image_is_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        decode_image(*fields)


def compressed(extension: str) -> bytes:
    image = np.zeros((48, 64, 3), dtype=np.uint8)
    image[:, 32:] = (255, 0, 0)
    return cv2.imencode(extension, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.mark.parametrize(
    ("format_", "extension"),
    [("jpeg", ".jpg"), ("png", ".png"), ("rgb8; jpeg compressed bgr8", ".jpg")],
)
def test_compressed_image_is_rgb(format_, extension):
    image = decode_compressed(format_, compressed(extension))
    assert image.shape == (48, 64, 3)
    np.testing.assert_allclose(image[24, 48], (255, 0, 0), atol=3)


@pytest.mark.parametrize("padding", [b"", bytes(100), bytes(60_000)])
def test_compressed_image_may_be_padded_but_not_truncated(padding):
    whole = compressed(".jpg")
    assert decode_compressed("jpeg", whole + padding).shape == (48, 64, 3)
    with pytest.raises(ValueError, match=r"truncated|are not a 'jpeg'"):
        decode_compressed("jpeg", whole[: len(whole) * 3 // 4])
    assert decode_compressed("png", compressed(".png") + padding).shape == (48, 64, 3)


def test_the_end_of_the_picture_in_a_header_is_not_that_of_the_image():
    whole = compressed(".jpg")
    # An application segment, as Exif data with its thumbnail is one.
    segment = b"\xff\xe1" + (len(whole) + 2).to_bytes(2, "big") + whole
    with_picture = whole[:2] + segment + whole[2:]
    assert decode_compressed("jpeg", with_picture).shape == (48, 64, 3)
    with pytest.raises(ValueError, match=r"truncated|are not a 'jpeg'"):
        decode_compressed("jpeg", with_picture[: -len(whole) // 8])


@pytest.mark.parametrize(
    ("format_", "data", "message"),
    [
        ("webp", b"x", "'webp'"),
        ("16UC1; compressedDepth png", b"x", "compressedDepth"),
        ("jpeg", b"", "empty"),
        ("png", b"not a picture", "13 bytes are not a 'png'"),
    ],
)
def test_bad_compressed_image_is_refused_by_name(format_, data, message):
    with pytest.raises(ValueError, match=message):
        decode_compressed(format_, data)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


@pytest.mark.parametrize("side", [20_000, 100_000])
def test_an_image_that_would_fill_the_memory_is_refused(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"0")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    with pytest.raises(InputError, match=f"data: {side} x {side} pixels are more than 100 million"):
        decode_compressed("png", data)


def test_the_size_in_the_header_of_a_jpeg_is_checked():
    data = bytearray(cv2.imencode(".jpg", np.zeros((8, 8, 3), dtype=np.uint8))[1].tobytes())
    # Behind what a camera may add about itself, with a fill byte before the marker.
    data[2:2] = b"\xff\xe1\x00\x06\xff\xc0\x00\x01\xff"
    decode_compressed("jpeg", bytes(data))
    place = data.index(b"\xff\xc0", 12)
    data[place + 5 : place + 9] = struct.pack(">HH", 65_000, 60_000)
    with pytest.raises(InputError, match="data: 60000 x 65000 pixels are more than 100 million"):
        decode_compressed("jpeg", bytes(data))


def test_an_image_too_large_for_jpeg_is_refused():
    image = np.zeros((1, 65_501, 3), dtype=np.uint8)
    with pytest.raises(InputError, match="image: 65501 x 1 pixels cannot be encoded as jpeg"):
        encode_compressed(image, "jpeg")


def test_encoded_image_decodes_to_itself():
    encoding, step, data = encode_image(RGB)
    np.testing.assert_array_equal(decode_image(encoding, 4, 5, step, data), RGB)


def test_an_array_that_is_not_rgb_is_not_encoded():
    with pytest.raises(ValueError, match="uint8 RGB"):
        encode_image(RGB[:, :, 0])


def test_png_is_lossless_and_jpeg_gets_smaller_with_its_quality():
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode_compressed(*encode_compressed(image, "png")), image)
    sizes = [len(encode_compressed(image, "jpeg", quality)[1]) for quality in (95, 50, 5)]
    assert sizes == sorted(sizes, reverse=True)
    smooth = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None, None], (64, 64, 3))
    again = decode_compressed(*encode_compressed(smooth, "jpeg", 95))
    np.testing.assert_allclose(again.astype(int), smooth, atol=3)


@pytest.mark.parametrize(
    ("image", "compression", "quality", "message"),
    [
        (RGB, "webp", 95, "'webp' is not one of jpeg, png"),
        (RGB, "jpeg", 0, "quality: must be in 1..100, got 0"),
        (RGB[:, :, 0], "jpeg", 95, "uint8 RGB"),
        (RGB[:0], "png", 95, "no pixels"),
    ],
)
def test_bad_image_or_parameter_is_not_compressed(image, compression, quality, message):
    with pytest.raises(ValueError, match=message):
        encode_compressed(image, compression, quality)
