"""Frames with times from files, folders and the puppet."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from bharnet_ros.sources.video import open_source

FRAMES = 40


def picture(number: int) -> np.ndarray:
    """Return a grey RGB picture, red at the left, whose brightness encodes its number."""
    image = np.full((64, 96, 3), 5 * number + 20, dtype=np.uint8)
    image[:, :32] = (220, 0, 0)
    return image


def bitmap_header(width: int, height: int) -> bytes:
    """Return the beginning of a BMP file of this size."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54) + info


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 20.0, (96, 64))
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    # Written out of order: the names give the order.
    for number in (2, 0, 1):
        bgr = cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(path / f"{number:03}.png"), bgr)
    (path / "notes.txt").write_text("not a picture")
    return path


def test_file_gives_every_frame_at_the_time_of_the_container(clip):
    with open_source(str(clip)) as source:
        frames = list(source)
    assert (source.fps, source.frame_count, source.live) == (20.0, FRAMES, False)
    assert source.skipped == 0
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(FRAMES) / 20, atol=1e-6)
    for number, frame in enumerate(frames):
        np.testing.assert_allclose(frame.image[32, 80], 5 * number + 20, atol=6)
        red, green, blue = frame.image[32, 10].astype(int)
        assert red > 180 and green < 60 and blue < 60


def test_given_rate_replaces_that_of_the_file(clip):
    with open_source(str(clip), fps=10.0) as source:
        times = [frame.time for frame in source]
    np.testing.assert_allclose(times, np.arange(FRAMES) / 10)


def test_corrupt_frame_is_skipped_and_counted(clip):
    content = bytearray(clip.read_bytes())
    # The pictures lie between the markers `mdat` and `moov`.
    start, end = content.index(b"mdat") + 4, content.index(b"moov")
    middle = (start + end) // 2
    content[middle : middle + (end - start) // 4] = bytes((end - start) // 4)
    clip.write_bytes(content)
    with open_source(str(clip)) as source:
        frames = list(source)
    assert 0 < len(frames) < FRAMES
    assert source.skipped == FRAMES - len(frames)
    assert np.all(np.diff([frame.time for frame in frames]) > 0)


def test_folder_is_sorted_by_name_and_skips_corrupt_images(folder):
    (folder / "003.png").write_bytes(b"not a picture")
    cv2.imwrite(str(folder / "004.png"), picture(4))
    with open_source(str(folder), fps=10.0) as source:
        frames = list(source)
    assert [int(frame.image[32, 80, 0]) for frame in frames] == [20, 25, 30, 40]
    np.testing.assert_allclose([frame.time for frame in frames], [0, 0.1, 0.2, 0.4])
    assert source.skipped == 1


def test_a_video_that_a_phone_filmed_on_its_side_is_upright(shared_case):
    folder = shared_case("01-phone-video-lies-on-its-side")

    def first(name):
        with open_source(str(folder / name)) as source:
            return next(iter(source)).image.astype(int)

    turned, upright, flat = map(first, ("phone.mp4", "upright.mp4", "side.mp4"))
    assert turned.shape == upright.shape != flat.shape
    assert np.abs(turned - upright).mean() < 2


def test_a_video_of_variable_frame_rate_lacks_no_frames(shared_case, caplog):
    with open_source(str(shared_case("13-frames-called-corrupt/vfr.mkv"))) as source:
        frames = list(source)
    assert len(frames) == 51 and source.skipped == 0
    assert "corrupt or missing" not in caplog.text


def test_numbers_in_names_of_images_are_ordered_as_numbers(tmp_path):
    for number in (10, 2, 1, 30):
        cv2.imwrite(str(tmp_path / f"shot {number}.png"), picture(number))
    with open_source(str(tmp_path)) as source:
        shown = [int(frame.image[32, 80, 2]) for frame in source]
    assert shown == [int(picture(number)[32, 80, 0]) for number in (1, 2, 10, 30)]
    assert shown == sorted(set(shown))


def test_frames_of_a_recording_have_age_zero(folder):
    with open_source(str(folder)) as source:
        assert [source.age(frame) for frame in source] == [0.0, 0.0, 0.0]


def test_puppet_gives_frames_of_the_size_and_rate_asked_for():
    with open_source("puppet:rest", width=160, height=120, fps=5.0) as source:
        frames = list(itertools.islice(source, 3))
    assert frames[0].image.shape == (120, 160, 3)
    np.testing.assert_allclose([frame.time for frame in frames], [0, 0.2, 0.4])
    assert source.frame_count and source.frame_count > 3


def test_image_that_claims_too_many_pixels_is_skipped(folder):
    (folder / "003.bmp").write_bytes(bitmap_header(70_000, 70_000))
    with open_source(str(folder)) as source:
        assert len(list(source)) == 3
    assert source.skipped == 1


@pytest.mark.parametrize(
    ("name", "content"), [("empty.mp4", b""), ("text.avi", b"hello" * 100), ("cut.gif", b"GIF89a")]
)
def test_file_that_is_no_video_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        open_source(str(tmp_path / name))


def test_missing_file_empty_folder_and_absent_webcam_are_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.mp4"):
        open_source(str(tmp_path / "nowhere.mp4"))
    (tmp_path / "hollow").mkdir()
    with pytest.raises(ValueError, match="hollow"):
        open_source(str(tmp_path / "hollow"))
    with pytest.raises(FileNotFoundError, match="webcam 97 does not exist"):
        open_source("97")
    with pytest.raises(FileNotFoundError, match="/dev/video97"):
        open_source("/dev/video97")


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (" ", {}, "source: is empty"),
        ("puppet:nonesuch", {}, "nonesuch"),
        ("puppet", {"seed": -1}, "seed: must not be negative, got -1"),
        ("~no_such_user/clip.mp4", {}, "source: '~no_such_user/clip.mp4': the home folder"),
        ("puppet", {"fps": 0.0}, "fps"),
        ("puppet", {"width": 0}, "width"),
        ("0", {"width": 640}, "webcam 0 needs both"),
    ],
)
def test_bad_parameter_is_refused_by_name(source, options, message):
    with pytest.raises(ValueError, match=message):
        open_source(source, **options)
