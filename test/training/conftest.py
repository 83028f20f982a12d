"""Tiny data sets: people at a webcam, and one or two people before a depth camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tiny_data

from bharnet_ros.datasets.base import RecordedClip, metric_sequence
from bharnet_ros.datasets.readers.holistic_wild import read_holistic_wild
from bharnet_ros.training.store.clips import ClipStore, store_clips
from bharnet_ros.types.layouts import get_layout

STANDING = {
    "hip_centre": (0.0, 0.0, 0.0),
    "spine": (0.0, 0.2, 0.0),
    "shoulder_centre": (0.0, 0.5, 0.0),
    "head": (0.0, 0.7, 0.0),
    "left_shoulder": (-0.2, 0.45, 0.0),
    "left_elbow": (-0.25, 0.2, 0.0),
    "left_wrist": (-0.25, 0.0, 0.0),
    "left_hand": (-0.25, -0.1, 0.0),
    "right_shoulder": (0.2, 0.45, 0.0),
    "right_elbow": (0.25, 0.2, 0.0),
    "right_wrist": (0.25, 0.0, 0.0),
    "right_hand": (0.25, -0.1, 0.0),
    "left_hip": (-0.1, 0.0, 0.0),
    "left_knee": (-0.1, -0.4, 0.0),
    "left_ankle": (-0.1, -0.8, 0.0),
    "left_foot": (-0.1, -0.85, -0.1),
    "right_hip": (0.1, 0.0, 0.0),
    "right_knee": (0.1, -0.4, 0.0),
    "right_ankle": (0.1, -0.8, 0.0),
    "right_foot": (0.1, -0.85, -0.1),
}
"""Metres from the hips; y points up, as the depth camera has it."""


def standing(frames: int, place: tuple[float, float, float]) -> npt.NDArray[np.float32]:
    """Return (T, 20, 3) metres of a person at a place who slowly walks away."""
    joints = np.asarray([STANDING[name] for name in get_layout("kinect_v1").joints])
    away = np.arange(frames)[:, None, None] * np.asarray([0.0, 0.0, 0.01])
    return (joints + place + away).astype(np.float32)


def raised(frames: int, joints: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return (T, 20, 3) metres of a person who raises these joints by half a metre."""
    moved = standing(frames, (0.0, 0.0, 3.0))
    names = get_layout("kinect_v1").joints
    moved[:, [names.index(name) for name in joints], 1] += np.linspace(0, 0.5, frames)[:, None]
    return moved


def of_people(name: str, *people: npt.NDArray[np.float32]) -> RecordedClip:
    """Return a clip of these people (T, 20, 3), 30 frames a second."""
    stamps = np.arange(len(people[0])) / 30
    sequences = (metric_sequence(one, stamps, "kinect_v1", "meet", "s01") for one in people)
    return RecordedClip(name, tuple(sequences), "meet", "s01")


@pytest.fixture(scope="session")
def webcam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with 12 clips by four people at a webcam."""
    arrays = tiny_data.tiny_arrays(
        ("wave", "point", "jump") * 4, tuple(name for name in "abcd" for _ in range(3))
    )
    path: Path = tiny_data.write_clips(tmp_path_factory.mktemp("data") / "tiny.npz", arrays)
    return path


@pytest.fixture(scope="session")
def webcam_store(webcam: Path) -> ClipStore:
    """Return the clips of the file `webcam`, stored."""
    data = read_holistic_wild(webcam)
    return store_clips(data.clips(np.arange(len(data))), get_layout("mediapipe_upper_body"))


@pytest.fixture(scope="session")
def meetings() -> list[RecordedClip]:
    """Return three clips before a depth camera: of one person, of two, and of one."""
    one, two = (standing(9, (x, 0.0, 3.0)) for x in (-0.5, 0.6))
    return [of_people("alone", one), of_people("both", one, two), of_people("other", two[:5])]


@pytest.fixture(scope="session")
def meeting_store(meetings: list[RecordedClip]) -> ClipStore:
    """Return the clips `meetings`, stored."""
    return store_clips(meetings, get_layout("kinect_v1"))


@pytest.fixture(scope="session")
def nucla(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of the N-UCLA format: three actions in three views; each moves other limbs."""
    actions = {
        1: ("left_wrist", "left_hand"),
        2: ("left_wrist", "left_hand", "right_wrist", "right_hand"),
        3: ("left_knee", "left_ankle", "left_foot"),
    }
    random = np.random.default_rng(0)
    names, labels, clips = [], [], []
    for take in range(4):
        for view in (1, 2, 3):
            for action, joints in actions.items():
                names.append(f"a{action:02d}_s{1 + take % 2:02d}_e{take:02d}_v{view:02d}")
                labels.append(action)
                clip = raised(int(random.integers(8, 14)), joints)
                clips.append(clip + random.normal(0, 0.01, clip.shape))
    path = tmp_path_factory.mktemp("nucla") / "nucla.npz"
    offsets = np.cumsum([0, *map(len, clips)])
    np.savez(
        path, skeletons=np.concatenate(clips), offsets=offsets, labels=labels, names=np.array(names)
    )
    return path


@pytest.fixture(scope="session")
def ntu(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that writes a folder of four NTU RGB+D files and returns it."""

    def write() -> Path:
        folder = tmp_path_factory.mktemp("ntu")
        for number, person in enumerate((1, 3, 1, 3)):
            joints = "".join(
                f"{0.1 * joint + 0.01 * number:.3f} {0.05 * joint:.3f} 3 0 0 0 0 0 0 0 0 2\n"
                for joint in range(25)
            )
            frame = f"1\n7 0 0 0 0 0 0 0 0 2\n25\n{joints}"
            name = f"S001C001P00{person}R001A00{1 + number // 2}.skeleton"
            (folder / name).write_text("3\n" + frame * 3, encoding="utf-8")
        return folder

    return write
