"""Where the networks are found: the user's folder first, then the MediaPipe wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.pose.direct import model_files
from bharnet_ros.pose.direct.model_files import HAND, find_models
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError

HEAVY = "pose_landmark/pose_landmark_heavy.tflite"
FULL = "pose_landmark/pose_landmark_full.tflite"
OTHERS = (model_files.BODY_DETECTOR, model_files.RECROP, model_files.PALM_DETECTOR, HAND)


def put(folder: Path, *names: str, flat: bool = False) -> None:
    """Write empty files."""
    for name in names:
        path = folder / (Path(name).name if flat else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Return the folder of a wheel with the networks that MediaPipe ships."""
    folder = tmp_path / "wheel"
    put(folder, FULL, *OTHERS)
    monkeypatch.setattr(model_files, "wheel_folder", lambda: folder)
    return folder


def test_without_a_folder_all_networks_are_those_of_the_wheel(wheel):
    assert find_models(1) == {name: wheel / name for name in (FULL, *OTHERS)}


@pytest.mark.parametrize("flat", [True, False])
def test_networks_of_a_folder_come_first_and_the_wheel_adds_the_rest(wheel, tmp_path, flat):
    folder = tmp_path / "own"
    put(folder, HEAVY, HAND, flat=flat)
    found = find_models(2, str(folder))
    assert {name for name, path in found.items() if path.is_relative_to(folder)} == {HEAVY, HAND}
    assert all(path.is_file() for path in found.values()) and len(found) == 5


def test_a_complete_folder_needs_no_wheel(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "wheel_folder", lambda: None)
    put(tmp_path, FULL, *OTHERS, flat=True)
    assert all(path.parent == tmp_path for path in find_models(1, str(tmp_path)).values())


@pytest.mark.parametrize(
    ("held", "installed", "message"),
    [
        ([], True, r"^model_folder: \S+ holds none of pose_detection.tflite, pose_landmark_heavy"),
        (None, True, r"^model_folder: \S+ is not a folder"),
        (
            [HAND],
            True,
            r"^model_complexity: pose_landmark_heavy.tflite is neither in \S+ nor in this",
        ),
        ([HEAVY], False, r"^model_folder: \S+ lacks pose_detection.tflite.*--no-deps mediapipe"),
    ],
)
def test_a_missing_file_is_named(wheel, tmp_path, monkeypatch, held, installed, message):
    folder = tmp_path / "own"
    if held is not None:
        folder.mkdir()
        put(folder, *held)
    if not installed:
        monkeypatch.setattr(model_files, "wheel_folder", lambda: None)
    with pytest.raises(InputError, match=message) as caught:
        find_models(2, str(folder))
    assert "\n" not in str(caught.value)


def test_without_folder_and_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(InputError, match="pip install --no-deps mediapipe"):
        find_models(1)


def test_a_body_network_that_the_wheel_lacks_is_named(wheel):
    with pytest.raises(InputError, match=r"^model_complexity: \S+heavy.tflite is not in this"):
        find_models(2)


@pytest.mark.mediapipe
def test_the_engine_imports_neither_mediapipe_nor_torch():
    code = (
        "import sys\n"
        "import numpy as np\n"
        "from bharnet_ros.pose.extractor import PoseExtractor\n"
        "with PoseExtractor(engine='direct') as extractor:\n"
        "    extractor.extract(np.zeros((64, 64, 3), np.uint8), 1)\n"
        "print(sorted({'mediapipe', 'jax', 'torch', 'tensorflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.mediapipe
def test_the_lite_body_network_of_a_folder_finds_the_same_person(shared_data):
    folder = shared_data("mediapipe_models/pose_landmark_lite.tflite").parent
    image = open_puppet("hello").frame(30).image
    bodies = []
    for options in ({"model_complexity": 0, "model_folder": str(folder)}, {"model_complexity": 1}):
        with PoseExtractor(engine="direct", **options) as extractor:
            (person,) = extractor.extract(image, 1).people
            bodies.append(person.body[:25, :2])
    apart = np.linalg.norm(bodies[0] - bodies[1], axis=1).mean()
    assert 0.1 < apart < 20.0
