"""Back ends of the recogniser: they give the same logits as PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from bharnet_ros.network.build import build_network
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.layers.backbone import Backbone, BackboneSettings, Branch
from bharnet_ros.network.layers.expert import partition_of
from bharnet_ros.recognition.backends import AGREEMENT, OnnxBackbone, use_backend
from bharnet_ros.recognition.bundle import ModelBundle, load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from research.network_cost import config_description, random_windows

pytestmark = pytest.mark.slow

SETTINGS = BackboneSettings(channels=(16, 32), depths=(1, 1), channels_per_topology=16)
CPU = torch.device("cpu")


@pytest.fixture
def onnx_installed() -> None:
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (extra `onnx`)")


@pytest.mark.usefixtures("onnx_installed")
@pytest.mark.parametrize("whole", [True, False], ids=["backbone", "branch"])
def test_onnxruntime_equals_torch_for_any_number_of_instances(whole: bool) -> None:
    torch.manual_seed(0)
    partition = partition_of("mediapipe_hand")
    plain: Backbone | Branch = (
        Backbone(5, partition, SETTINGS) if whole else Branch(5, partition, SETTINGS, 1)
    )
    channels = 5 if whole else 16
    plain.eval().requires_grad_(False)
    exported = OnnxBackbone(plain)
    for instances in (2, 1, 7, 0):
        x = torch.randn(instances, channels, 8, 21)
        expected = plain(x)
        found = exported(x)
        assert found.shape == expected.shape
        if instances:
            most = AGREEMENT * float(expected.abs().max())
            torch.testing.assert_close(found, expected, rtol=0.0, atol=most)


@pytest.mark.usefixtures("onnx_installed")
def test_onnxruntime_equals_torch_for_a_shipped_model() -> None:
    bundle = load_bundle(find_model("gestures_light"))
    expected = fold_for_inference(bundle.network)
    found = use_backend(fold_for_inference(bundle.network), "onnxruntime", CPU)
    body, body_mask, hands, hand_mask, _ = random_windows(bundle.description, 2)
    for seen in (hand_mask, torch.zeros_like(hand_mask)):
        with torch.inference_mode():
            one = expected(body, body_mask, hands, seen)
            other = found(body, body_mask, hands, seen)
        most = AGREEMENT * float(one.ensemble.abs().max())
        torch.testing.assert_close(other.ensemble, one.ensemble, rtol=0.0, atol=most)
        torch.testing.assert_close(other.body, one.body, rtol=0.0, atol=most)
        assert torch.equal(other.hand_seen, one.hand_seen)


@pytest.mark.usefixtures("onnx_installed")
def test_onnxruntime_runs_the_skeleton_of_a_model_with_further_streams(rgb_bundle: Path) -> None:
    bundle = load_bundle(rgb_bundle)
    windows = random_windows(bundle.description, 2)
    network = use_backend(fold_for_inference(bundle.network), "onnxruntime", CPU)
    with torch.inference_mode():
        expected, found = fold_for_inference(bundle.network)(*windows), network(*windows)
    assert expected.stream_seen.all()
    most = AGREEMENT * float(expected.ensemble.abs().max())
    for name in ("ensemble", "skeleton", "streams"):
        torch.testing.assert_close(
            getattr(found, name), getattr(expected, name), rtol=0.0, atol=most
        )


def test_an_unknown_back_end_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"backend: 'tensorrt' is unknown; known are: torch, onn"):
        Recognizer(load_bundle(find_model("gestures_light")), "cpu", backend="tensorrt")


def test_the_error_of_a_missing_back_end_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A module that is None in sys.modules cannot be imported.
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    bundle = load_bundle(find_model("gestures_light"))
    with pytest.raises(ValueError, match="backend: onnxruntime needs `pip install onnx"):
        Recognizer(bundle, "cpu", backend="onnxruntime")


def test_onnxruntime_on_a_gpu_is_refused() -> None:
    description = config_description("base")
    bundle = ModelBundle(Path(), description, build_network(description.network_settings()))
    with pytest.raises(ValueError, match="backend: onnxruntime runs on the CPU only"):
        use_backend(bundle.network, "onnxruntime", torch.device("cuda"))
