"""The command line itself: usage, renamed commands, and errors."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from bharnet_ros import __version__, cli
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints


@pytest.fixture
def fail_with(monkeypatch):
    """Return a function that adds a command `fail`, which raises the given exception."""

    def register(error):
        def run(arguments):
            raise error

        module = ModuleType("failing_command")
        module.add_arguments = lambda parser: None
        module.run = run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(cli.COMMANDS, "fail", ("raise an exception", module.__name__))

    return register


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


@pytest.mark.parametrize(("old", "new"), cli.RENAMED.items(), ids=cli.RENAMED)
def test_an_old_spelling_prints_the_new_command(old, new, capsys):
    assert cli.main([*old.split(), "clip.mp4", "--out", "out"]) == 2
    output = capsys.readouterr()
    assert output.err == f"bharnet {old}: error: this command is now `{new}`\n"
    assert output.out == ""


def test_old_spellings_lead_to_commands_that_exist():
    names = {new.removeprefix("bharnet ") for new in cli.RENAMED.values() if "bharnet " in new}
    assert names == {"data extract", "data crop", "data puppet"}
    assert names <= set(cli.COMMANDS)
    assert not set(cli.RENAMED) & set(cli.COMMANDS)


BAD_INPUT = {
    "evaluate clips": ("--model", "models/nowhere", "--data", "clips.npz"),
    "data extract": ("puppet:juggling", "--out", "keypoints.npz"),
    "convert": ("puppet:juggling", "bag"),
}


@pytest.mark.parametrize(("name", "arguments"), BAD_INPUT.items(), ids=BAD_INPUT)
def test_an_input_error_is_one_line_on_stderr(name, arguments, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*name.split(), *arguments]) == 2
    output = capfd.readouterr()
    (line,) = output.err.splitlines()
    assert line.startswith(f"bharnet {name}: error: ")
    assert "nowhere" in line or "juggling" in line
    assert output.out == ""


@pytest.mark.parametrize(("name", "arguments"), BAD_INPUT.items(), ids=BAD_INPUT)
def test_debug_lets_an_input_error_through(name, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"nowhere|juggling"):
        cli.main([*name.split(), *arguments, "--debug"])


@pytest.mark.parametrize("error", [InputError("file.yaml: broken\n  in line 1"), OSError("broken")])
def test_errors_of_input_and_system_become_one_line(error, fail_with, capsys):
    fail_with(error)
    assert cli.main(["fail"]) == 2
    text = "file.yaml: broken in line 1" if isinstance(error, InputError) else "broken"
    assert capsys.readouterr().err == f"bharnet fail: error: {text}\n"
    with pytest.raises(type(error), match="broken"):
        cli.main(["fail", "--debug"])


@pytest.mark.parametrize("error", [ValueError("bug"), KeyError("bug"), RuntimeError("bug")])
def test_any_other_exception_propagates(error, fail_with, capsys):
    fail_with(error)
    with pytest.raises(type(error), match="bug"):
        cli.main(["fail"])
    assert capsys.readouterr().err == ""


WORK = {
    "data extract": ("puppet:gestures", "--out", "keypoints.npz"),
    "convert": ("puppet:gestures", "bag"),
}


@pytest.mark.mediapipe
@pytest.mark.parametrize(("name", "words"), WORK.items(), ids=WORK)
def test_ctrl_c_is_one_line_and_leaves_nothing(name, words, tmp_path):
    code = "import sys; from bharnet_ros.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *name.split(), *words],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    progress = b""
    while not re.search(rb"[1-9]\d*/\d+ \[", progress):
        progress += process.stderr.read1()
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    written = process.communicate(timeout=60)[1].decode().replace("\r", "\n")
    assert process.returncode == 130
    lines = [line for line in written.splitlines() if line.strip() and "frame/s" not in line]
    assert lines == ["bharnet: interrupted"]
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_a_command_is_loaded_is_one_line(fail_with, monkeypatch, capsys):
    fail_with(KeyboardInterrupt())
    ignored = []
    monkeypatch.setattr(signal, "signal", lambda *given: ignored.append(given))
    assert cli.main(["fail"]) == 130
    assert capsys.readouterr().err == "\nbharnet: interrupted\n"
    assert ignored == [(signal.SIGINT, signal.SIG_IGN)]


def test_doctor_takes_no_ros_arguments(capsys):
    assert cli.main(["doctor", "--ros-args", "-r", "a:=b"]) == 2
    assert "takes no --ros-args" in capsys.readouterr().err


@pytest.mark.mediapipe
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
    for name in ("python", "ROS", "messages", "poses"):
        assert lines[name].startswith("ok"), lines[name]
    for name, package in (("depth", "message_filters"), ("people", "hri_msgs")):
        installed = importlib.util.find_spec(package) is not None
        assert lines[name].startswith("ok" if installed else "none"), lines[name]
        assert installed or f"needs {package}, which is not installed" in lines[name]


def test_commands_that_need_pytorch_have_help_without_it(tmp_path):
    code = """
import sys
sys.modules.update(dict.fromkeys(("torch", "pytorch_lightning", "onnx")))
from bharnet_ros import cli
sys.exit(cli.main(sys.argv[1:]))
"""

    def command(*words):
        return subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )

    for name in ("train", "export"):
        assert command(name, "--help").returncode == 0
    for words in (("train", "--config", "c", "--data", "d", "--out", "o"), ("export", "gestures")):
        done = command(*words)
        assert done.returncode == 2
        assert "not installed: torch, pytorch_lightning, onnx; they come with" in done.stderr
