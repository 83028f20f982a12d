"""Model bundles: they are read as written, and errors name the file."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from struct import pack
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bharnet_ros.features.rgb_settings import RgbSettings
from bharnet_ros.recognition.bundle import WEIGHTS, load_bundle
from bharnet_ros.recognition.description import DESCRIPTION, BundleError
from bharnet_ros.recognition.weights import load_network, write_bundle


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "model"))


def change(folder: Path, **values: Any) -> None:
    path = folder / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def sign(folder: Path) -> None:
    """Write the hash of the weights, as they are, into the description."""
    change(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest())


def test_a_bundle_is_read_as_it_was_written(folder: Path, tmp_path: Path) -> None:
    first = load_bundle(folder)
    write_bundle(tmp_path / "copy", first.description, load_network(first).state_dict(), "# card\n")
    second = load_bundle(tmp_path / "copy")
    assert second.description == first.description
    for name, tensor in load_network(first).state_dict().items():
        assert torch.equal(load_network(second).state_dict()[name], tensor), name
    assert not load_network(second).training


def test_a_description_has_event_parameters(folder: Path) -> None:
    change(folder, enter_threshold=0.7, class_parameters={"wave": {"refractory_s": 2.0}})
    found = load_bundle(folder).description.event_parameters()
    assert (found.enter_threshold, found.of_class("wave").refractory_s) == (0.7, 2.0)
    assert found.of_class("point").refractory_s == 0.0


def test_an_old_description_without_class_parameters_can_be_read(folder: Path) -> None:
    content = json.loads((folder / DESCRIPTION).read_text())
    del content["class_parameters"]
    (folder / DESCRIPTION).write_text(json.dumps(content))
    assert load_bundle(folder).description.class_parameters == {}


def test_further_streams_are_read_as_they_were_written(rgb_bundle: Path, tmp_path: Path) -> None:
    first = load_bundle(rgb_bundle)
    write_bundle(tmp_path / "copy", first.description, load_network(first).state_dict(), "# card\n")
    second = load_bundle(tmp_path / "copy")
    assert second.description.streams == first.description.streams != {}
    assert RgbSettings.of(second.description.streams["rgb"]).crops.moments == 2
    for name, tensor in load_network(first).state_dict().items():
        assert torch.equal(load_network(second).state_dict()[name], tensor), name


def test_an_old_description_without_further_streams_can_be_read(folder: Path) -> None:
    content = json.loads((folder / DESCRIPTION).read_text())
    del content["streams"]
    (folder / DESCRIPTION).write_text(json.dumps(content))
    assert load_bundle(folder).description.streams == {}


@pytest.mark.parametrize(
    ("streams", "named"),
    [
        ("rgb", "streams: expected options by name"),
        ({"rgb": None}, r"streams\.rgb: expected options"),
        ({"sonar": {}}, "streams: 'sonar' is unknown"),
        ({"rgb": {"size": "large"}}, r"streams\.rgb: "),
        ({"rgb": {"fog": 1}}, r"streams\.rgb: fog: is not an option"),
        ({"rgb": {"backbone": 5}}, r"streams\.rgb: backbone: expected a text"),
        ({"rgb": {"channels": 10**12}}, ""),
    ],
)
def test_wrong_streams_are_refused_by_name(folder: Path, streams: Any, named: str) -> None:
    change(folder, streams=streams)
    with pytest.raises(BundleError, match=rf"{DESCRIPTION}: {named}"):
        load_network(load_bundle(folder))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nowhere"):
        load_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        load_network(load_bundle(folder))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_weights_are_refused(folder: Path, share: float) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: int(share * len(content))])
    sign(folder)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}.*truncated"):
        load_network(load_bundle(folder))


def test_a_pickle_is_refused_without_running_it(folder: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"

    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trace,))

    torch.save({"weight": Attack()}, folder / WEIGHTS)
    sign(folder)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}.*pickle"):
        load_network(load_bundle(folder))
    assert not trace.exists()


def test_changed_weights_are_refused(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, folder / WEIGHTS)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}: sha256"):
        load_network(load_bundle(folder))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(folder: Path, value: float) -> None:
    tensors = load_file(folder / WEIGHTS)
    tensors["body.classify.weight"][0, 0] = value
    save_file(tensors, folder / WEIGHTS)
    sign(folder)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}: body.classify.weight"):
        load_network(load_bundle(folder))


def test_weights_of_a_type_that_torch_cannot_compute_with_are_refused(folder: Path) -> None:
    tensor = {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}
    header = json.dumps({"scale": tensor}).encode()
    (folder / WEIGHTS).write_bytes(pack("<Q", len(header)) + header + bytes(2))
    sign(folder)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}: scale: cannot use .*float8"):
        load_network(load_bundle(folder))


@pytest.mark.parametrize(
    "values",
    [
        {"class_names": ["wave", "point", "jump", "background"]},
        {"body": {"channels": [8, 24], "depths": [1, 1], "channels_per_topology": 1, "dropout": 0}},
        {
            "features": {
                "frames": 8,
                "body_layout": "mediapipe_body",
                "hand_layout": "mediapipe_hand",
                "modalities": ["joint", "bone", "joint_motion"],
            }
        },
    ],
    ids=["classes", "channels", "layout"],
)
def test_weights_of_another_shape_are_refused(folder: Path, values: dict[str, Any]) -> None:
    change(folder, **values)
    with pytest.raises(BundleError, match=rf"{WEIGHTS}: does not fit {DESCRIPTION}"):
        load_network(load_bundle(folder))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"null",
        b"\xff",
        pytest.param(b"9" * 5000, id="too many digits"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_a_description_that_is_not_a_json_object_is_refused(folder: Path, content: bytes) -> None:
    (folder / DESCRIPTION).write_bytes(content)
    with pytest.raises(BundleError, match=DESCRIPTION):
        load_network(load_bundle(folder))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 99),
        ("variant", "unheard_of"),
        ("class_names", ["wave", "point"]),
        ("class_names", ["wave", "wave", "background"]),
        ("window_s", 0),
        ("temperature", -1.0),
        ("enter_threshold", 2.0),
        ("exit_threshold", 0.7),
        ("smoothing_s", -0.1),
        ("min_duration_s", -1.0),
        ("support_share", 1.5),
        ("class_parameters", {"wave": {"enter_threshold": 2.0}}),
        ("class_parameters", {"jump": {"min_gap_s": 1.0}}),
        ("class_parameters", {"background": {"min_gap_s": 1.0}}),
        ("class_parameters", "wave.min_gap_s=1.0"),
        ("surprise", 1),
        ("name", 7),
        ("variant", ["base"]),
        ("class_names", "background"),
        ("class_names", [1, "background"]),
        ("window_s", float("inf")),
        ("stride_s", "0.1"),
        ("temperature", float("nan")),
        ("temperature", 10**400),
        ("enter_threshold", "high"),
        ("smoothing_s", True),
        ("least_hand_share", None),
        ("training", "none"),
        ("metrics", [1]),
    ],
)
def test_a_wrong_value_is_refused_by_name(folder: Path, field: str, value: Any) -> None:
    change(folder, **{field: value})
    with pytest.raises(BundleError, match=rf"{DESCRIPTION}: .*{field}"):
        load_network(load_bundle(folder))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": [8.0, 16.0]}, "channels: expected a list of whole numbers"),
        ({"channels_per_topology": float("inf")}, "channels_per_topology: expected a whole number"),
        ({"channels_per_topology": 0}, "channels_per_topology: must be positive"),
        ({"dropout": 2}, "dropout: must lie in 0..1"),
        ({"channels": [4 * 10**12, 4 * 10**12]}, ""),
    ],
)
def test_a_wrong_size_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    body = json.loads((folder / DESCRIPTION).read_text())["body"]
    change(folder, body=body | changes)
    with pytest.raises(BundleError, match=rf"{DESCRIPTION}: {message}"):
        load_network(load_bundle(folder))


@pytest.mark.parametrize("field", ["features", "body", "class_names", "window_s"])
def test_a_missing_value_is_named(folder: Path, field: str) -> None:
    path = folder / DESCRIPTION
    content = json.loads(path.read_text())
    del content[field]
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError, match=rf"{DESCRIPTION}: .*{field}"):
        load_network(load_bundle(folder))


def test_an_unknown_layout_is_named(folder: Path) -> None:
    features = json.loads((folder / DESCRIPTION).read_text())["features"]
    change(folder, features=features | {"body_layout": "octopus"})
    with pytest.raises(BundleError, match=rf"{DESCRIPTION}: .*octopus"):
        load_network(load_bundle(folder))
