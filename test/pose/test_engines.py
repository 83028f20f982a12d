"""The choice of a pose engine, with a fake one that needs no MediaPipe."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from bharnet_ros.pose import engines
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.pose.scene import BodyLandmarks, Scene
from bharnet_ros.types.errors import InputError

MODULE = "fake_engine_of_the_tests"
BODY = np.linspace(0.25, 0.75, 33 * 4, dtype=np.float32).reshape(33, 4)
WORLD = np.linspace(-0.5, 0.5, 33 * 3, dtype=np.float32).reshape(33, 3)
IMAGE = np.zeros((100, 200, 3), dtype=np.uint8)


class FakeEngine:
    """Finds the same body in every image, and records its calls."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.calls: list[object] = []

    def process(self, image: np.ndarray, stamp_ns: int) -> Callable[[], Scene]:
        assert image.flags.c_contiguous
        self.calls.append(stamp_ns)
        return lambda: Scene((BodyLandmarks(BODY, WORLD, (None, None)),), ())

    def reset(self) -> None:
        self.calls.append("reset")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def opened(monkeypatch):
    """Register the engine `fake`; return all that are opened."""
    opened: list[FakeEngine] = []

    def open_engine(settings: EngineSettings) -> FakeEngine:
        opened.append(FakeEngine(settings))
        return opened[-1]

    module = ModuleType(MODULE)
    module.open_engine = open_engine
    monkeypatch.setitem(sys.modules, MODULE, module)
    monkeypatch.setitem(engines.ENGINES, "fake", MODULE)
    return opened


def test_chosen_engine_gives_keypoints_and_track_ids(opened):
    with PoseExtractor(engine="fake") as extractor:
        frames = [extractor.extract(IMAGE[:, ::-1], stamp, "camera") for stamp in (5, 100)]
    assert [(frame.stamp_ns, frame.width, frame.height) for frame in frames] == [
        (5, 200, 100),
        (100, 200, 100),
    ]
    people = [person for frame in frames for person in frame.people]
    assert [person.track_id for person in people] == ["body_1", "body_1"]
    for person in people:
        np.testing.assert_allclose(person.body, BODY * np.float32([200, 100, 200, 1]))
        np.testing.assert_array_equal(person.body_world, WORLD)
        assert person.hands_present == (False, False)


def test_engine_gets_the_settings_and_only_stamps_that_rise(opened):
    settings = {
        "model_complexity": 2,
        "min_detection_confidence": 0.25,
        "min_tracking_confidence": 0.75,
        "smooth_landmarks": False,
        "max_people": 3,
        "model_folder": "/models",
    }
    with PoseExtractor(engine="fake", **settings) as extractor:
        extractor.extract(IMAGE, 7)
        with pytest.raises(ValueError, match="7 is not later"):
            extractor.extract(IMAGE, 7)
        extractor.reset()
        extractor.extract(IMAGE, 3)
    (engine,) = opened
    assert engine.settings == EngineSettings(**settings)
    assert engine.calls == [7, "reset", 3, "close"]


def test_unknown_engine_is_refused_with_the_known_ones(opened):
    with pytest.raises(
        ValueError, match=r"engine: 'holistic' is not one of auto, mediapipe, direct, fake"
    ):
        PoseExtractor(engine="holistic")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_complexity": 3}, "model_complexity: must be 0, 1 or 2, got 3"),
        ({"min_detection_confidence": 1.5}, "min_detection_confidence: must be in 0..1, got 1.5"),
        ({"min_tracking_confidence": -0.5}, "min_tracking_confidence: must be in 0..1, got -0.5"),
        ({"max_people": 0}, "max_people: must be positive, got 0"),
    ],
)
def test_bad_setting_is_refused_before_an_engine_is_opened(opened, options, message):
    with pytest.raises(ValueError, match=message):
        PoseExtractor(engine="fake", **options)
    assert not opened


def test_another_engine_works_without_mediapipe(tmp_path):
    (tmp_path / f"{MODULE}.py").write_text(
        "from bharnet_ros.pose.scene import Scene\n"
        "class Nobody:\n"
        "    def process(self, image, stamp_ns):\n"
        "        return lambda: Scene((), ())\n"
        "    def close(self):\n"
        "        print('closed')\n"
        "def open_engine(settings):\n"
        "    return Nobody()\n"
    )
    code = (
        "import sys\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        "sys.modules['mediapipe'] = None  # its import fails\n"
        "import numpy as np\n"
        "from bharnet_ros.pose import engines\n"
        "from bharnet_ros.pose.extractor import PoseExtractor\n"
        f"engines.ENGINES['nobody'] = {MODULE!r}\n"
        f"assert {MODULE!r} not in sys.modules\n"
        "with PoseExtractor(engine='nobody') as extractor:\n"
        "    assert extractor.extract(np.zeros((4, 4, 3), np.uint8), 1).people == ()\n"
        "assert not [name for name in sys.modules if 'pose.mediapipe' in name]\n"
        "try:\n"
        "    PoseExtractor(engine='mediapipe')\n"
        "except ValueError as error:\n"
        "    assert \"engine: 'mediapipe' needs the package mediapipe\" in str(error)\n"
        "else:\n"
        "    raise AssertionError('MediaPipe was imported')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "closed\n"), done.stderr


def test_an_engine_without_its_package_is_refused_by_name(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "fake", "package_that_nobody_has.engine")
    with pytest.raises(ValueError, match=r"engine: 'fake' needs the package package_that_nobody"):
        PoseExtractor(engine="fake")


def fail_to_open(monkeypatch, name: str, error: Exception) -> None:
    """Make an engine raise an error when it is opened."""
    module = ModuleType(f"broken_{name}")

    def open_engine(settings: EngineSettings) -> FakeEngine:
        raise error

    module.open_engine = open_engine
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(engines.ENGINES, name, module.__name__)


def test_auto_is_direct_without_a_word(opened, monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "direct", MODULE)
    lines: list[str] = []
    with PoseExtractor(warn=lines.append) as extractor:
        assert extractor.engine_name == "direct"
    assert len(opened) == 1 and not lines


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("model_folder: hand.tflite\nis missing"), "model_folder: hand.tflite is miss"),
        (OSError("cannot be read"), "OSError: cannot be read"),
        (RuntimeError("no such CPU"), "engine: 'direct' cannot be loaded: RuntimeError: no such"),
        (TypeError("another version"), "TypeError: another version"),
    ],
)
def test_auto_falls_back_and_says_why_in_one_line(opened, monkeypatch, error, reason):
    fail_to_open(monkeypatch, "direct", error)
    monkeypatch.setitem(engines.ENGINES, "mediapipe", MODULE)
    lines: list[str] = []
    with PoseExtractor(warn=lines.append, model_folder="/models") as extractor:
        assert extractor.engine_name == "mediapipe"
    (line,) = lines
    assert line.startswith("using the pose engine 'mediapipe', because 'direct': ")
    assert reason in line and "\n" not in line
    assert opened[0].settings == EngineSettings(), "the fallback has no use for the folder"


def test_a_package_that_cannot_be_imported_makes_auto_fall_back(opened, monkeypatch, tmp_path):
    (tmp_path / "module_that_breaks.py").write_text("raise ImportError('libbroken.so')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(engines.ENGINES, "direct", "module_that_breaks")
    monkeypatch.setitem(engines.ENGINES, "mediapipe", MODULE)
    found = engines.open_engine(engines.AUTO, EngineSettings())
    assert found.name == "mediapipe" and found.engine is opened[0]
    assert "'direct' cannot be loaded: ImportError: libbroken.so" in found.note
    monkeypatch.setitem(engines.ENGINES, "direct", "package_that_nobody_has")
    assert (
        "needs the package package_that" in engines.open_engine(engines.AUTO, EngineSettings()).note
    )


def test_an_engine_that_was_named_does_not_fall_back(opened, monkeypatch):
    fail_to_open(monkeypatch, "direct", RuntimeError("no such CPU"))
    monkeypatch.setitem(engines.ENGINES, "mediapipe", MODULE)
    with pytest.raises(InputError, match="'direct' cannot be loaded: RuntimeError: no such CPU"):
        PoseExtractor(engine="direct")
    assert not opened


def test_auto_without_any_engine_names_both_reasons(monkeypatch):
    fail_to_open(monkeypatch, "direct", InputError("model_folder: lacks it"))
    fail_to_open(monkeypatch, "mediapipe", FileNotFoundError("wheel lacks it"))
    with pytest.raises(InputError, match=r"folder: lacks it; FileNotFoundError: wheel lacks it"):
        PoseExtractor()


@pytest.mark.parametrize(
    ("default", "given", "options"),
    [
        ("auto", [], {"engine": "auto", "model_folder": "", "roi": [0, 0, 0, 0]}),
        (None, [], {"engine": None, "model_folder": None, "roi": None}),
        (
            "auto",
            ["--engine", "direct", "--model-folder", "/models", "--roi", "1,2,30,40"],
            {"engine": "direct", "model_folder": "/models", "roi": [1, 2, 30, 40]},
        ),
    ],
)
def test_commands_choose_the_engine(default, given, options):
    parser = argparse.ArgumentParser()
    add_engine_arguments(parser, default)
    assert engine_options(parser.parse_args(given)) == options
