"""Initial weights for the backbone of crops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")
pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")

from bharnet_ros.network.build import build_network
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.description import BundleDescription
from bharnet_ros.training.initial_weights import take_backbone
from bharnet_ros.types.errors import InputError


@pytest.fixture(scope="module")
def description(rgb_bundle: Path) -> BundleDescription:
    return load_bundle(rgb_bundle).description


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    """Return weights named as in torchvision, with its classification layer."""
    torch.manual_seed(3)
    models = pytest.importorskip("torchvision.models")
    return models.shufflenet_v2_x0_5(weights=None).state_dict()


def store(weights: dict[str, torch.Tensor], file: Path) -> Path:
    if file.suffix == ".safetensors":
        save_file(weights, file)
    else:
        torch.save(weights, file)
    return file


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_the_backbone_gets_the_weights_and_the_rest_stays(
    description: BundleDescription,
    published: dict[str, torch.Tensor],
    tmp_path: Path,
    name: str,
) -> None:
    network = build_network(description.network_settings())
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    take_backbone(network, store(published, tmp_path / name), description)
    place = "streams.rgb.stream.backbone."
    after = network.state_dict()
    taken = {key for key in after if key.startswith(place)}
    assert {key[len(place) :] for key in taken} == {
        key for key in published if not key.startswith("fc.")
    }
    for key, tensor in after.items():
        expected = published[key[len(place) :]] if key in taken else before[key]
        assert torch.equal(tensor, expected), key


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"other\.pth: is of another network: .*conv1"),
        (b"no weights", r"other\.pth: has no weights"),
        (b"", r"other\.pth: has no weights"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    description: BundleDescription, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "other.pth"
    if content is None:
        store({"stem.weight": torch.zeros(3)}, file)
    else:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"backbone_from: .*" + message):
        take_backbone(build_network(description.network_settings()), file, description)


def test_a_pickle_of_anything_else_is_refused(
    description: BundleDescription, tmp_path: Path
) -> None:
    file = tmp_path / "code.pth"
    torch.save({"weights": Path("/")}, file)
    with pytest.raises(ValueError, match=r"code\.pth: has no weights"):
        take_backbone(build_network(description.network_settings()), file, description)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_file_is_named(
    description: BundleDescription, tmp_path: Path, zipped: bool
) -> None:
    network = build_network(description.network_settings())
    file = tmp_path / "damaged.pth"
    torch.save({"a": torch.zeros(3)}, file, _use_new_zipfile_serialization=zipped)
    content = file.read_bytes()
    for place in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[place] ^= 0x11
        file.write_bytes(damaged)
        # Without damage, these weights are of another network.
        with pytest.raises(InputError, match=r"backbone_from: .*damaged\.pth"):
            take_backbone(network, file, description)


def test_weights_without_names_are_refused(description: BundleDescription, tmp_path: Path) -> None:
    file = tmp_path / "numbers.pth"
    torch.save({0: torch.zeros(3)}, file)
    with pytest.raises(InputError, match=r"numbers\.pth: has no weights, or not only weights"):
        take_backbone(build_network(description.network_settings()), file, description)


def test_a_missing_file_is_named(description: BundleDescription, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.pth"):
        take_backbone(
            build_network(description.network_settings()), tmp_path / "none.pth", description
        )


def test_without_a_crop_stream_the_weights_are_refused(
    description: BundleDescription, tmp_path: Path
) -> None:
    skeleton = replace(description, streams={})
    with pytest.raises(ValueError, match="backbone_from: there is no stream 'rgb'"):
        take_backbone(build_network(skeleton.network_settings()), tmp_path / "any.pth", skeleton)
