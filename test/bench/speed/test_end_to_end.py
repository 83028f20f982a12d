"""The options of the end-to-end bench."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="the bench runs ROS nodes")


def test_image_sizes_are_width_and_height(bench: Any) -> None:
    assert bench("speed.end_to_end").image_size("640x480") == (640, 480)


@pytest.mark.parametrize("text", ["", "640", "640x", "axb", "640x480x3", "0x480", "640x-1"])
def test_other_image_sizes_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"^'{text}'"):
        bench("speed.end_to_end").image_size(text)


@pytest.mark.parametrize(
    "words", [("--seconds", "inf"), ("--fps", "nan"), ("--warm-up", "-1"), ("--sizes", "big")]
)
def test_impossible_options_are_refused(
    bench: Any, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit):
        bench("speed.end_to_end").main(words)
    assert words[0] in capsys.readouterr().err
