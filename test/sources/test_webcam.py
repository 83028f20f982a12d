"""Webcams; tests that need one are skipped where there is none."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.sources.video import open_source

CAMERA = Path("/dev/video0")
linux = pytest.mark.skipif(sys.platform != "linux", reason="devices are those of Linux")
with_camera = pytest.mark.skipif(not CAMERA.exists(), reason=f"there is no {CAMERA}")


@linux
def test_device_that_is_no_camera_is_refused_with_the_reason():
    with pytest.raises(OSError, match=r"webcam /dev/null cannot be opened: Inappropriate ioctl"):
        open_source("/dev/null")


@with_camera
def test_frames_of_a_camera_are_new_however_slow_the_consumer_is():
    with open_source(str(CAMERA)) as source:
        assert source.live
        times = []
        for frame in itertools.islice(source, 4):
            times.append(frame.time)
            time.sleep(5 / source.fps)
    assert source.skipped > 0
    # A queue of the driver would give the frame that followed before the consumer fell asleep.
    assert np.all(np.diff(times) > 2 / source.fps)


@with_camera
def test_camera_in_use_is_refused_with_the_reason():
    with (
        open_source(str(CAMERA)),
        pytest.raises(OSError, match=f"webcam {CAMERA} cannot be opened: Device or resource busy"),
    ):
        open_source(str(CAMERA))


@with_camera
def test_size_that_a_camera_lacks_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"does not give 7 x 5 pixels, the nearest is \d+ x \d+"):
        open_source(str(CAMERA), width=7, height=5)
