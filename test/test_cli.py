"""The command line, without what its subcommands do."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bharnet_ros import __version__, cli
from bharnet_ros.datasets.keypoint_file import ClipKeypoints


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from bharnet_ros.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'mediapipe', 'rclpy', 'cv2'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for command in ("run", "evaluate", "data", "train", "doctor"):
        assert command in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["run", "--pace", "slowly"], ["run", "--source", "0", "--image-topic", "/a"]],
)
def test_wrong_usage_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert "usage: bharnet" in capsys.readouterr().err


def test_ros_arguments_belong_to_run_alone(capsys):
    assert cli.main(["doctor", "--ros-args", "-r", "a:=b"]) == 2
    assert "takes no --ros-args" in capsys.readouterr().err


def test_extract_writes_one_row_a_frame(tmp_path, capfd):
    out = tmp_path / "keypoints.npz"
    assert cli.main(["data", "extract", "puppet:rest", "--out", str(out)]) == 0
    clip = ClipKeypoints.load(out)
    assert len(clip) > 10
    assert np.isfinite(clip.body[:, 0, 0]).any()


def test_extract_of_a_missing_clip_names_it(tmp_path, capfd):
    assert cli.main(["data", "extract", "nothing.mp4", "--out", str(tmp_path / "k.npz")]) != 0
    assert "nothing.mp4" in capfd.readouterr().err


def test_doctor_finds_a_missing_model(ros_domain, tmp_path, capfd):
    assert cli.main(["doctor", "--model", str(tmp_path / "nowhere")]) == 1
    lines = {line.split()[1]: line for line in capfd.readouterr().out.splitlines()}
    assert lines["model"].startswith("BROKEN")
    assert str(tmp_path / "nowhere") in lines["model"]
    for name in ("python", "ROS", "messages", "MediaPipe", "torch"):
        assert lines[name].startswith("ok"), lines[name]
