"""Options that can have no effect are refused by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.cli import BAD_INPUT, main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "run --image-topic /a --loop",
            "--loop: has no effect with --image-topic: the camera decides",
        ),
        ("run --image-topic /a --fps 10", "--fps: has no effect with --image-topic"),
        ("run --source 0 --pace fast", "--pace: has no effect on a webcam"),
        ("record --raw --quality 50 --out bag", "--quality: has no effect with --raw"),
        ("record --topics keypoints --raw --out bag", "--raw: has no effect without the topic"),
        (
            "record --image-topic /a/compressed --format png --out bag",
            "--format: has no effect on images that arrive compressed",
        ),
        ("convert puppet:rest bag --raw --format png", "--format: has no effect with --raw"),
        ("convert puppet:rest bag --raw --compressed", "--compressed: has no effect with --raw"),
        ("convert puppet:rest bag --format png --quality 9", "--quality: has no effect with --fo"),
        ("convert puppet:rest bag --max-people 2", "--max-people: has no effect without --keyp"),
        ("convert clip.mp4 bag --seed 3", "--seed: has no effect on a clip"),
    ],
)
def test_option_without_an_effect_is_named(
    words: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"bharnet {words.split()[0]}: error: {message}")
    assert not list(tmp_path.iterdir())
