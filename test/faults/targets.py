"""Every kind of file that is read: how to write a whole one, and how to read it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.io import savemat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))

import recordings
import tiny_data

from bharnet_ros.bags.mistakes import read_mistakes
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay import replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.truth import read_table
from bharnet_ros.datasets.opening import open_dataset
from bharnet_ros.datasets.readers.cropped import write_cropped
from bharnet_ros.datasets.readers.holistic_wild import read_subject_folds
from bharnet_ros.gestures.gesture_set import GestureSet, open_gesture_set, write_gesture_set
from bharnet_ros.messages.images import decode_compressed
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model, find_resource
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.sources.video import open_source
from bharnet_ros.training.settings import read_settings
from bharnet_ros.types.camera import read_calibration
from bharnet_ros.types.keypoint_file import ClipKeypoints, from_frames

MOST_FRAMES = 100
"""Frames that are read of a clip or a data set; a damaged file may promise many."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        name: Its name.
        path: What is read, in the folder that `write` fills.
        write: Fills a folder.
        read: Reads the path.
        named: Whether an error must name the file.
    """

    name: str
    path: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    named: bool = True


def _clip() -> ClipKeypoints:
    source = open_puppet("gestures", fps=15.0)
    return from_frames([source.truth(number) for number in range(30)])


def _keypoints(folder: Path) -> None:
    folder.mkdir()
    _clip().save(folder / "clip.npz")


def _gestures(folder: Path) -> None:
    clip = _clip()
    write_gesture_set(folder, GestureSet(gestures={"wave": (clip,)}, background=(clip,)))


def _holistic(folder: Path) -> None:
    folder.mkdir()
    arrays = tiny_data.tiny_arrays(("wave", "point", "nod"), ("a", "b", "a"))
    tiny_data.write_clips(folder / "wild.npz", arrays)


def _sources(folder: Path) -> None:
    folder.mkdir()
    tiny_data.write_sources(folder / "sources.csv", {"a": 0, "b": 1})


def _nucla(folder: Path) -> None:
    folder.mkdir()
    names = ("a01_s01_e00_v01", "a02_s03_e01_v03")
    joints = np.random.default_rng(0).integers(-900, 3200, (7, 20, 3)).astype(np.int16)
    np.savez_compressed(
        folder / "nucla.npz",
        skeletons_mm=joints,
        offsets=np.int32([0, 3, 7]),
        labels=np.uint8([1, 2]),
        names=np.asarray(names),
        view=np.uint8([1, 3]),
    )


def _ground_guide(folder: Path) -> None:
    folder.mkdir()
    np.savez(
        folder / "guide.npz",
        xy=np.random.default_rng(0).uniform(-1, 2, (120, 8, 2)).astype(np.float32),
        label=np.full(120, 5, dtype=np.int16),
        offsets=np.array([0, 120]),
        names=np.asarray(["ann_stop_001"]),
    )


def _utd(folder: Path) -> None:
    folder.mkdir()
    savemat(folder / "a1_s1_t1_skeleton.mat", {"d_skel": np.ones((20, 3, 4))})


def _ntu(folder: Path) -> None:
    folder.mkdir()
    joint = "0.1 0.2 3.0 277.4 191.8 1036.2 519.1 -0.2 0.05 0.9 -0.1 2\n" * 25
    body = f"72057594037931691 0 1 1 1 1 0 0.02 0.05 2\n25\n{joint}"
    (folder / "S001C002P003R002A013.skeleton").write_text("2\n" + f"1\n{body}" * 2)


def _pku(folder: Path) -> None:
    for name in ("PKU_Skeleton_Renew", "Train_Label_PKU_final"):
        (folder / name).mkdir(parents=True)
    row = " ".join(["0.5"] * 150)
    (folder / "PKU_Skeleton_Renew" / "0002-L.txt").write_text(f"{row}\n" * 40)
    (folder / "Train_Label_PKU_final" / "0002-L.txt").write_text("3,10,19,2\n")


def _cropped(folder: Path) -> None:
    (folder / "wave").mkdir(parents=True)
    write_cropped(folder / "wave" / "001.npz", _clip().sequence())


def _truth(folder: Path) -> None:
    folder.mkdir()
    (folder / "truth.csv").write_text('track,label,start,end\nbody_1,hello,1,2\n,"thanks",3,4.5\n')


def _parameters(folder: Path) -> None:
    folder.mkdir()
    shutil.copy(find_resource("config/recognize.yaml"), folder / "mine.yaml")


def _settings(folder: Path) -> None:
    shutil.copytree(find_resource("config/train"), folder)


def _calibration(folder: Path) -> None:
    folder.mkdir()
    (folder / "camera.yaml").write_text(
        "image_width: 640\nimage_height: 480\ncamera_matrix: {rows: 3, cols: 3, data: [500, 0, "
        "320, 0, 500, 240, 0, 0, 1]}\ndistortion_coefficients: {data: [0, 0, 0, 0, 0]}\n"
        "rectification_matrix: {data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}\n"
        "projection_matrix: {data: [500, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0]}\n"
    )


def _bundle(folder: Path) -> None:
    shutil.copytree(find_model("gestures_light"), folder / "mine")


def _bag(storage: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        messages = recordings.Messages()
        source = open_puppet("gestures", fps=15.0)
        rows: list[tuple[str, Any]] = [
            ("keypoints", messages.keypoints(source.truth(number))) for number in range(3)
        ]
        rows += messages.waving([(0.5, 1.5)], until=2.0)
        recordings.write(folder / "bag", rows, storage=storage)

    return write


def _read_bag(path: Path) -> None:
    with Recording(path) as recording:
        for topic in recording.topics:
            for _ in recording.messages(topic.name):
                pass
        replay(recording, ReplaySettings(), progress=False)


def _image(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        image = open_puppet("gestures", width=160, height=120).frame(3).image
        assert cv2.imwrite(str(folder / f"image{suffix}"), image)

    return write


def _images(folder: Path) -> None:
    _image(".png")(folder / "clip")


def _video(folder: Path) -> None:
    folder.mkdir()
    codec = cv2.VideoWriter_fourcc(*"mp4v")  # type: ignore[attr-defined]
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), codec, 20.0, (96, 64))
    for number in range(10):
        writer.write(np.full((64, 96, 3), 20 * number, dtype=np.uint8))
    writer.release()


def _report(folder: Path) -> None:
    folder.mkdir()
    span = {"label": "wave", "start_s": 1.0, "end_s": 2.0, "track_id": ""}
    mistake = {"recording": "bag", "kind": "missed", "truth": span, "event": None}
    metrics = {"mistakes": [mistake], "matches": [{**mistake, "event": span}]}
    (folder / "report.json").write_text(json.dumps({"metrics": metrics}))


def _some(items: Iterator[Any]) -> None:
    for number, _ in enumerate(items):
        if number >= MOST_FRAMES:
            return


def _read_dataset(kind: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        data = open_dataset(path, kind)
        _some(data.clip(number) for number in range(len(data)))

    return read


def _read_video(path: Path) -> None:
    with open_source(str(path)) as source:
        _some(iter(source))


TARGETS = (
    Target("keypoints", "clip.npz", _keypoints, ClipKeypoints.load),
    Target("gesture_set", ".", _gestures, open_gesture_set, named=False),
    Target("bundle", "mine", _bundle, load_bundle),
    Target("bag_mcap", "bag", _bag("mcap"), _read_bag),
    Target("bag_sqlite3", "bag", _bag("sqlite3"), _read_bag),
    Target("truth", "truth.csv", _truth, lambda path: read_table(path, 0)),
    Target("report", "report.json", _report, lambda path: read_mistakes(path, "bag", ("wave",))),
    Target(
        "parameters",
        "mine.yaml",
        _parameters,
        lambda path: ReplaySettings(parameter_file=path).parameters("recognition"),
    ),
    Target("settings", "gestures.yaml", _settings, read_settings, named=False),
    Target("calibration", "camera.yaml", _calibration, lambda path: read_calibration(str(path))),
    Target("jpeg", "image.jpg", _image(".jpg"), lambda path: _decode(path, "jpeg"), named=False),
    Target("png", "image.png", _image(".png"), lambda path: _decode(path, "png"), named=False),
    Target("images", "clip", _images, _read_video),
    Target("video", "clip.mp4", _video, _read_video),
    Target("holistic_wild", "wild.npz", _holistic, _read_dataset("holistic_wild")),
    Target("sources", "sources.csv", _sources, read_subject_folds),
    Target("nucla", "nucla.npz", _nucla, _read_dataset("nucla")),
    Target("ground_guide", "guide.npz", _ground_guide, _read_dataset("ground_guide")),
    Target("utd_mhad", ".", _utd, _read_dataset("utd_mhad"), named=False),
    Target("ntu", ".", _ntu, _read_dataset("ntu"), named=False),
    Target("pku_mmd", ".", _pku, _read_dataset("pku_mmd"), named=False),
    Target("cropped", ".", _cropped, _read_dataset("cropped"), named=False),
)


def _decode(path: Path, form: str) -> None:
    decode_compressed(form, path.read_bytes())
