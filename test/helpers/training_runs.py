"""Settings of tiny networks, and the command that trains them."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros import cli
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription

WEBCAM = """
name: tiny
class_names: [wave, point]
features: {frames: 8}
body: {channels: [8, 16], depths: [1, 1]}
hand: {channels: [8, 16], depths: [1, 1]}
window_s: 1.5
epochs: 7
batch_size: 4
"""

DEPTH = """
name: bodies
class_names: all
features: {frames: 8, body_layout: LAYOUT, modalities: [joint, joint_motion]}
body: {channels: [16], depths: [1]}
hand: {channels: [4], depths: [1]}
epochs: 1
batch_size: 8
learning_rate: 0.02
average_decay: 0.8
"""


def write(folder: Path, text: str, layout: str = "kinect_v1") -> Path:
    path = folder / "train.yaml"
    path.write_text(text.replace("LAYOUT", layout), encoding="utf-8")
    return path


def train(config: Path, data: Path, out: Path, *words: str | Path, export: bool = False) -> int:
    given = ("--config", config, "--data", data, "--out", out, "--device", "cpu", *words)
    return cli.main(["train", *map(str, given), *([] if export else ["--no-export"])])


def described(out: Path) -> BundleDescription:
    return load_bundle(out).description
