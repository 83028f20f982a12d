"""Streams of a web server of this machine, and addresses that do not answer."""

from __future__ import annotations

import socket
import threading
import time

import cv2
import numpy as np
import pytest
from mjpeg_server import HEIGHT, WIDTH, MjpegServer
from rtsp_server import RtspServer

from bharnet_ros.sources import stream
from bharnet_ros.sources.stream import without_password
from bharnet_ros.sources.video import open_source


@pytest.fixture
def server():
    with MjpegServer() as running:
        yield running


@pytest.fixture
def unused_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: nobody else gets it, and connections are refused.
        yield taken.getsockname()[1]


def wait_until(condition) -> None:
    end = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def level(frame) -> int:
    return int(frame.image.mean())


def test_slow_consumer_gets_the_newest_frame(server):
    with open_source(server.address()) as source:
        assert source.live
        frames = iter(source)
        first = next(frames)
        assert first.image.shape == (HEIGHT, WIDTH, 3)
        assert abs(level(first) - 100) <= 2
        server.level = 200
        old = server.served + 1
        # The first frame was yielded, one waits, and all others were skipped.
        wait_until(lambda: source.skipped + 2 > old)
        assert abs(level(next(frames)) - 200) <= 2


def test_time_of_a_frame_is_that_of_its_arrival(server):
    with open_source(server.address()) as source:
        changed = time.monotonic()
        server.level = 200
        frame = next(frame for frame in source if level(frame) > 150)
        # In this order: a pause between the two makes the arrival later, not earlier.
        age = source.age(frame)
        assert time.monotonic() - age >= changed
        time.sleep(0.05)
        assert source.age(frame) >= 0.05


def test_closed_connection_ends_the_frames_and_names_the_stream(server):
    with open_source(server.address()) as source:
        frames = iter(source)
        next(frames)
        server.close()
        with pytest.raises(OSError, match=rf"^stream {source.name} has ended$"):
            list(frames)


def test_end_of_a_stream_does_not_hide_its_last_frame(server):
    with open_source(server.address()) as source:
        server.close()
        reader = f"stream {source.name}"
        wait_until(lambda: reader not in [thread.name for thread in threading.enumerate()])
        assert next(iter(source)).image.shape == (HEIGHT, WIDTH, 3)


def test_frames_of_rtsp_are_new_until_its_connection_is_closed():
    server = RtspServer()
    with open_source(server.address) as source:
        frames = iter(source)
        first = next(frames)
        assert first.image.shape == (HEIGHT, WIDTH, 3)
        assert abs(level(first) - 100) <= 2
        server.level = 200
        assert next(frame for frame in frames if level(frame) > 150).time > first.time
        server.close()
        with pytest.raises(OSError, match=rf"^stream {source.name} has ended$"):
            list(frames)


def test_file_on_a_web_server_plays_as_a_recording(tmp_path):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (WIDTH, HEIGHT))
    for level in range(8):
        writer.write(np.full((HEIGHT, WIDTH, 3), 30 * level, np.uint8))
    writer.release()
    with MjpegServer(clip=clip) as server, open_source(server.address("/clip.avi")) as source:
        assert not source.live
        times = [frame.time for frame in source]
    np.testing.assert_allclose(times, np.arange(8) / 10.0, atol=1e-6)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/secret", "answers with status 401 Unauthorized"),
        ("/nowhere", "answers with status 404 Not Found"),
        ("/nowhere?name=\u00e4 b", "answers with status 404 Not Found"),
        ("/text", "answers with text/plain, which cannot be decoded"),
    ],
)
def test_address_without_video_is_refused_with_the_answer(server, path, reason):
    with pytest.raises(OSError) as error:
        open_source(server.address(path))
    assert str(error.value) == f"source: {server.address(path)} {reason}"


def test_silent_server_is_refused_after_a_time_limit(server, monkeypatch):
    monkeypatch.setattr(stream, "OPEN_SECONDS", 0.3)
    monkeypatch.setattr(stream, "REASON_SECONDS", 0.2)
    with pytest.raises(OSError, match=r"/hang does not answer within 0\.3 s$"):
        open_source(server.address("/hang"))


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_address_where_nobody_listens_is_refused(unused_port, scheme, capfd):
    address = f"{scheme}://127.0.0.1:{unused_port}/live"
    with pytest.raises(OSError, match=rf"^source: {address} does not answer: Connection refused$"):
        open_source(address)
    # The message of the error is the only one.
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("address", ["http://", "rtsp://:554/live", "http://camera:port/"])
def test_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match=r"^source: .* is not a valid address"):
        open_source(address)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_host_whose_name_no_server_can_have_is_refused(scheme):
    with pytest.raises(OSError, match="is not a valid address"):
        open_source(f"{scheme}://{'a' * 70}/live")


def test_password_of_an_address_is_not_shown(unused_port):
    with pytest.raises(OSError) as error:
        open_source(f"rtsp://me:secret@127.0.0.1:{unused_port}/live")
    assert "secret" not in str(error.value)
    with pytest.raises(ValueError, match="not a valid address") as error:
        open_source("rtsp://me:secret@camera:port/live")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://me:p@ss@camera/live?a@b", "rtsp://camera/live?a@b"),
        ("http://camera/a@b", "http://camera/a@b"),
        ("folder/me:x@home.mp4", "folder/me:x@home.mp4"),
    ],
)
def test_only_an_address_has_a_login(source, shown):
    assert without_password(source) == shown
