"""Who is in which video: a wrong subject would spoil a test without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.cli import main
from bharnet_ros.datasets.create.subjects import read_subjects
from bharnet_ros.types.errors import InputError

FOLDER = Path("videos")
VIDEOS = [FOLDER / "hello" / "001.mp4", FOLDER / "thanks" / "001.mp4", FOLDER / "thanks" / "b.mp4"]


def subjects(tmp_path: Path, content: bytes) -> dict[str, str]:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    found = read_subjects(path, FOLDER, VIDEOS)
    return {video.relative_to(FOLDER).as_posix(): who for video, who in found.items()}


def test_videos_are_named_by_path_or_by_name_alone(tmp_path: Path) -> None:
    lines = b"\xef\xbb\xbfhello/001.mp4, anna\r\n\r\nthanks/001.mp4,ben\nb.mp4,anna\n,\n\n"
    expected = {"hello/001.mp4": "anna", "thanks/001.mp4": "ben", "thanks/b.mp4": "anna"}
    assert subjects(tmp_path, lines) == expected
    assert subjects(tmp_path, b"b.mp4,anna\nthanks/b.mp4,anna\n") == {"thanks/b.mp4": "anna"}


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (b"b.mp4,anna\nc.mp4,ben\n", ":2: videos holds no video 'c.mp4'"),
        (b"001.mp4,anna\n", ":1: '001.mp4' may be any of hello/001.mp4, thanks/001.mp4: give"),
        (b"b.mp4,anna\n\nthanks/b.mp4,ben\n", ":3: 'thanks/b.mp4' shows 'ben', by an earlier"),
        (b"b.mp4,\n", ":1: expected a file name and a subject"),
    ],
)
def test_a_line_that_names_nobody_for_sure_is_refused(
    tmp_path: Path, lines: bytes, complaint: str
) -> None:
    with pytest.raises(InputError) as error:
        subjects(tmp_path, lines)
    assert f"people.csv{complaint}" in str(error.value)


def test_two_videos_that_would_become_one_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.avi", "a.mp4"):
        (tmp_path / "videos" / "hello").mkdir(parents=True, exist_ok=True)
        (tmp_path / "videos" / "hello" / name).write_bytes(b"")
    words = [str(tmp_path / "videos"), "--out", str(tmp_path / "out")]
    assert main(["data", "crop", *words]) == 2
    error = capsys.readouterr().err
    assert "a.avi" in error and "a.mp4: both would become" in error
    assert not (tmp_path / "out").exists()
