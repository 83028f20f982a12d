"""ground_guide: recordings and clips from a small file of the same format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bharnet_ros.datasets.base import split
from bharnet_ros.datasets.opening import open_dataset
from bharnet_ros.datasets.readers.ground_guide import FRAME_RATE, GroundGuide, read_ground_guide
from bharnet_ros.features.resampling import resample
from bharnet_ros.features.settings import FeatureSettings
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.layouts import MEDIAPIPE_BODY_NAMES
from bharnet_ros.types.timeline import TrueAction

# The first recording shows stop from frame 100 to 200 and stands by otherwise.
NAMES = ("ann_stop_001", "bob_left_001", "bob_ready")
LENGTHS = (250, 120, 20)


def arrays() -> dict[str, npt.NDArray[np.generic]]:
    label = np.concatenate([np.full(250, 10), np.full(120, 5), np.full(20, 1)])
    label[100:200] = 3
    random = np.random.default_rng(0)
    return {
        "xy": random.uniform(-1, 2, (sum(LENGTHS), 8, 2)).astype(np.float32),
        "label": label.astype(np.int16),
        "offsets": np.cumsum((0, *LENGTHS)),
        "names": np.asarray(NAMES),
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def to_file(**changed: npt.NDArray[np.generic]) -> Path:
        path = tmp_path / "guide.npz"
        np.savez(path, **{**arrays(), **changed})  # type: ignore[arg-type]
        return path

    return to_file


def test_clips_are_two_seconds_of_one_label_and_overlap_by_half(write: Callable[..., Path]) -> None:
    data = read_ground_guide(write())
    assert data.names.tolist() == [
        "ann_stop_001_0000",
        "ann_stop_001_0030",
        "ann_stop_001_0100",
        "ann_stop_001_0130",
        # 50 frames of standing by are shorter than a clip and longer than a second.
        "ann_stop_001_0200",
        *(f"bob_left_001_{first:04d}" for first in (0, 30, 60)),
        # 20 frames of ready are too short.
    ]
    assert data.labels.tolist() == [
        *(BACKGROUND, BACKGROUND, "stop", "stop", BACKGROUND, "left", "left", "left")
    ]
    lengths = [len(clip.people[0]) for clip in data.clips(np.arange(len(data)))]
    assert lengths == [60, 60, 60, 60, 50, 60, 60, 60]


def test_a_recording_lists_its_actions_with_their_times(write: Callable[..., Path]) -> None:
    recording = read_ground_guide(write()).recording(0)
    assert (recording.name, recording.subject) == ("ann_stop_001", "ann")
    assert recording.actions == (TrueAction("stop", 100 / FRAME_RATE, 200 / FRAME_RATE),)
    assert len(recording.person) == 250
    assert recording.person.duration == pytest.approx(249 / FRAME_RATE)
    # An action that lasts to the end ends with the last frame.
    assert read_ground_guide(write()).recording(1).actions[0].end_s == 119 / FRAME_RATE


def test_joints_keep_their_positions_under_mediapipes_numbers(write: Callable[..., Path]) -> None:
    body = read_ground_guide(write()).recording(0).person.body
    at = {name: body[:, number, :2] for number, name in enumerate(MEDIAPIPE_BODY_NAMES)}
    xy = arrays()["xy"]
    scale = 100.0
    for column, name in ((0, "left_shoulder"), (5, "right_wrist"), (6, "left_hip")):
        np.testing.assert_allclose((at[name] - at["nose"]) / scale, xy[:250, column], atol=1e-5)
    assert np.isnan(at["left_thumb"]).all()


def test_the_layout_of_trunk_and_arms_finds_all_joints(write: Callable[..., Path]) -> None:
    clip = read_ground_guide(write()).clip(0)
    batch = resample(clip.people, FeatureSettings(frames=8, body_layout="mediapipe_arms"))
    assert batch.body_mask.shape == (1, 8, 9)
    assert (batch.body_mask == 1).all()
    assert not batch.hand_mask.any()


def test_a_protocol_leaves_one_person_out(write: Callable[..., Path]) -> None:
    data = open_dataset(write())
    assert isinstance(data, GroundGuide)
    assert data.protocols == ("leave_one_out_ann", "leave_one_out_bob")
    training, testing = split(data, "leave_one_out_bob")
    assert set(data.subjects[training]) == {"ann"}
    assert set(data.subjects[testing]) == {"bob"}
    with pytest.raises(ValueError, match="leave_one_out_cem"):
        split(data, "leave_one_out_cem")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"label": np.full(390, 11)}, "label: frame 0: 11 is not a known label"),
        ({"label": np.zeros(7, dtype=int)}, "label: has 7 frames, xy has 390"),
        ({"names": np.asarray(["A", *NAMES[1:]])}, "names: 'A' is not a name like"),
        ({"offsets": np.asarray([0, 1, 2, 3])}, "offsets: must rise"),
        ({"label": np.arange(390) % 2}, "label: never the same"),
        ({"xy": np.zeros((390, 7, 2))}, "xy: expected shape"),
        ({"label": np.full(390, "stop")}, "label: expected numbers, got <U4"),
        ({"names": np.asarray([b"\xff", b"a", b"b"])}, "names: is not text"),
    ],
)
def test_broken_files_are_named(
    write: Callable[..., Path], changed: dict[str, npt.NDArray[np.generic]], message: str
) -> None:
    with pytest.raises(ValueError, match=f"guide.npz: {message}"):
        read_ground_guide(write(**changed))


def test_hands_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hands: does not apply to ground_guide"):
        open_dataset(write(), hands=tmp_path)


def test_the_real_file_is_read(shared_data: Callable[[str], Path]) -> None:
    data = open_dataset(shared_data("ground_guide/ground_guide.npz"))
    assert isinstance(data, GroundGuide)
    assert len(data.recording_names) == 74
    assert len(data.protocols) == 5
    by_name = dict(zip(data.recording_names.tolist(), range(74), strict=True))
    signals = [one.label for one in data.recording(by_name["stephen_standby_crank_001"]).actions]
    assert signals == ["crank"] * 3
    # The signal in the name of a recording is among its labels, except for standby recordings.
    for name, index in by_name.items():
        called = name.split("_")[1].replace("move", "forward")
        labels = {one.label.replace(" ", "") for one in data.recording(index).actions}
        if "standby" not in name:
            assert called in labels, name
