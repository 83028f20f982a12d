"""Whole training runs with crops: jointly, in two stages, and refused combinations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")
pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")

from bharnet_ros import cli
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.weights import load_network
from research.__main__ import main as study

pytestmark = pytest.mark.slow

SKELETON = """
name: skeleton
class_names: all
features: {frames: 8}
body: {channels: [8], depths: [1]}
hand: {channels: [8], depths: [1]}
augmentation: {rest_probability: 0.0, background_rest_probability: 0.0}
epochs: 2
batch_size: 8
learning_rate: 0.01
average_decay: 0.8
"""

CROPS = """
extends: skeleton.yaml
name: crops
streams: {rgb: {size: 16, moments: 2, channels: 8, backbone: shufflenet_v2_x0_5}}
crop_augmentation: {brightness: 0.05, contrast: 0.1, colour: 0.05}
epochs: 26
"""


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, cropped: Any) -> Path:
    """Return a data set of two classes that only crops distinguish."""
    return Path(cropped.write_objects(tmp_path_factory.mktemp("data") / "objects"))


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    (folder / "skeleton.yaml").write_text(SKELETON, encoding="utf-8")
    (folder / "crops.yaml").write_text(CROPS, encoding="utf-8")
    return folder


def train(config: Path, data: Path, out: Path, *words: str | Path) -> int:
    given = ("--config", config, "--data", data, "--out", out, "--device", "cpu", *words)
    seldom = ("--protocol", "folders", "--validate-every", "50")
    return cli.main(["train", *seldom, *map(str, given)])


@pytest.fixture(scope="module")
def skeleton(objects: Path, configs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of a skeleton network trained alone."""
    out = tmp_path_factory.mktemp("trained") / "skeleton"
    assert train(configs / "skeleton.yaml", objects, out) == 0
    return out


@pytest.fixture
def evaluated(objects: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs `python -m research clips` and returns what it prints."""

    def evaluate(*words: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        given = ("--data", objects, "--protocol", "folders", "--device", "cpu", "--json", *words)
        assert study(["clips", *map(str, given)]) == 0
        return dict(json.loads(capsys.readouterr().out))

    return evaluate


def network_of(bundle: ModelBundle) -> Multimodal:
    assert isinstance(load_network(bundle), Multimodal)
    return load_network(bundle)


def test_joint_training_recognises_what_only_crops_show(
    objects: Path, configs: Path, tmp_path: Path, evaluated: Callable[..., dict[str, Any]]
) -> None:
    out, cache = tmp_path / "model", tmp_path / "cache"
    assert train(configs / "crops.yaml", objects, out, "--cache", cache) == 0
    bundle = load_bundle(out)
    assert set(bundle.description.streams) == {"rgb"}
    assert bundle.description.training["settings"]["streams"] == bundle.description.streams
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "where it saw anything: `rgb`" in card and "| rgb alone | " in card

    found = evaluated("--model", out, "--blind", "rgb=absent", "rgb=shuffled")
    metrics = dict(bundle.description.metrics)
    assert metrics == {name: found[name] for name in metrics}
    assert found["top1"] >= 0.9
    assert found["stream_top1"]["rgb"] >= 0.9
    assert found["skeleton_top1"] <= 0.75
    absent, shuffled = (found["blinded"][f"rgb={how}"] for how in ("absent", "shuffled"))
    # Without crops, every decision is that of the skeleton.
    assert absent["confusion"] == found["skeleton_alone"]["confusion"]
    assert absent["top1"] == found["skeleton_top1"]
    assert shuffled["top1"] < found["top1"]


def test_in_two_stages_the_skeleton_stays_exactly_the_same(
    objects: Path,
    configs: Path,
    skeleton: Path,
    tmp_path: Path,
    evaluated: Callable[..., dict[str, Any]],
) -> None:
    out = tmp_path / "model"
    words = ("--skeleton-from", skeleton)
    assert train(configs / "crops.yaml", objects, out, *words) == 0
    before, bundle = load_bundle(skeleton), load_bundle(out)
    after = network_of(bundle).skeleton.state_dict()
    assert set(after) == set(load_network(before).state_dict())
    for name, value in load_network(before).state_dict().items():
        assert torch.equal(after[name], value), name
    assert bundle.description.training["settings"]["skeleton_from"] == str(skeleton)
    found = evaluated("--model", out)
    assert found["top1"] > evaluated("--model", skeleton)["top1"] == found["skeleton_top1"]

    # The skeleton of a bundle with crops can be used as well.
    third = tmp_path / "third"
    assert (
        train(configs / "crops.yaml", objects, third, "--skeleton-from", out, "--epochs", "1") == 0
    )
    for name, value in network_of(load_bundle(third)).skeleton.state_dict().items():
        assert torch.equal(value, after[name]), name


def changed(configs: Path, folder: Path, line: str) -> Path:
    """Return the settings `crops` with one line added, or replaced if the setting exists."""
    setting, _, _ = line.partition(":")
    text = CROPS.replace("skeleton.yaml", str(configs / "skeleton.yaml"))
    kept = [one for one in text.splitlines() if not one.startswith(f"{setting}:")]
    path = folder / "changed.yaml"
    path.write_text("\n".join([*kept, line]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("class_names: [leaf, cup]", "class_names: is .*'cup', 'leaf'.*, must be .*'leaf', 'cup'"),
        ("features: {frames: 9}", "features: is "),
        ("interaction: {fusion: noisy_or}", "interaction: is "),
        ("body: {channels: [16]}", "is of another network: .*size mismatch"),
        ("streams: {}", "skeleton_from: there are no further streams"),
        ("streams: {rgb: {size: 32}}", r"streams\.rgb: 2 regions of 32 pixels, but the data set"),
        ("streams: {sonar: {}}", "streams: .*'sonar'"),
    ],
)
def test_a_skeleton_that_does_not_fit_is_refused_by_name(
    objects: Path,
    configs: Path,
    skeleton: Path,
    tmp_path: Path,
    line: str,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = changed(configs, tmp_path, line)
    assert train(config, objects, tmp_path / "model", "--skeleton-from", skeleton) == 2
    assert re.search(complaint, capsys.readouterr().err.replace("\n", " "))


def test_a_skeleton_trained_on_held_out_clips_is_refused(
    objects: Path,
    configs: Path,
    skeleton: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--config", configs / "crops.yaml", "--data", objects, "--out", tmp_path / "model"]
    words += ["--protocol", "leave_one_out_person 0", "--skeleton-from", skeleton]
    assert cli.main(["train", "--device", "cpu", *map(str, words)]) == 2
    assert "was trained with protocol folders, so on clips that" in capsys.readouterr().err


def test_data_without_crops_are_refused(
    configs: Path, tmp_path: Path, cropped: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = cropped.write_objects(tmp_path / "plain", train=2, test=1, crops=False)
    assert train(configs / "crops.yaml", data, tmp_path / "model") == 2
    assert "streams.rgb: the data set has no crops" in capsys.readouterr().err
