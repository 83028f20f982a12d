"""The cost of a network: numbers counted by hand, and the command that prints them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bharnet_ros.network.cost import count_macs, median_seconds
from bharnet_ros.network.layers.attention import CrossAttention
from bharnet_ros.network.layers.temporal_convolution import SampledTemporalConvolution
from bharnet_ros.network.variants.multimodal import Multimodal
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network
from research.__main__ import main
from research.network_cost import config_description


def test_macs_of_a_convolution_and_a_linear_layer() -> None:
    # Each of 3 x 4 x 5 outputs reads 2 channels at 1 x 3 positions.
    convolution = nn.Conv2d(2, 3, (1, 3), padding=(0, 1), bias=False)
    assert count_macs(convolution, torch.zeros(1, 2, 4, 5)) == 3 * 4 * 5 * 2 * 3
    assert count_macs(nn.Linear(6, 4), torch.zeros(2, 6)) == 2 * 6 * 4


def test_macs_of_attention_include_the_products_between_tokens() -> None:
    # 5 tokens of 4 channels attend to 3 tokens of 6 channels, and to the zero token.
    queries, keys_and_values = 5 * 4 * 4, 2 * 3 * 6 * 4
    weights, taken, out = 5 * 4 * 4, 5 * 4 * 4, 5 * 4 * 4
    counted = count_macs(
        CrossAttention(4, 6, 2), torch.zeros(1, 5, 4), torch.zeros(1, 3, 6), torch.ones(1, 3)
    )
    assert counted == queries + keys_and_values + weights + taken + out


def test_macs_of_sampled_taps_include_the_making_of_the_kernel() -> None:
    layer = SampledTemporalConvolution(2, 3, taps=5, dilation=1, stride=2)
    making, places = 3 * 2 * 5 * 7, 7
    assert count_macs(layer, torch.zeros(1, 2, 4, 6)) == making + 3 * 4 * 3 * 2 * places


def test_functions_take_turns_and_the_first_turn_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    taken = {"slow": iter((9.0, 3.0, 5.0, 4.0)), "fast": iter((9.0, 1.0, 1.0, 2.0))}
    order = []

    def timed(name: str) -> Callable[[], None]:
        def run() -> None:
            nonlocal now
            order.append(name)
            now += next(taken[name])

        return run

    monkeypatch.setattr("time.perf_counter", lambda: now)
    assert median_seconds([timed("slow"), timed("fast")], 3) == [4.0, 1.0]
    assert order == ["slow", "fast"] * 4


def test_models_and_settings_are_listed_with_their_cost(
    tiny_bundle: Path, printed: Callable[[], Any]
) -> None:
    words = ["network-cost", "pooling", "--model", str(tiny_bundle), "--json"]
    assert main(words) == 0
    pooling, tiny = printed()["networks"]
    assert (pooling["name"], pooling["variant"]) == ("pooling", "pooling")
    bundle = load_bundle(tiny_bundle)
    trained = sum(parameter.numel() for parameter in load_network(bundle).parameters())
    assert (tiny["name"], tiny["variant"], tiny["fusion"]) == ("tiny", "base", "sum")
    assert (tiny["frames"], tiny["parameters"]) == (8, trained)
    assert 0 < tiny["macs"] < pooling["macs"]
    assert tiny["seconds"] is tiny["folded_seconds"] is None


def test_streams_are_counted_with_everything_visible(
    tiny_bundle: Path, rgb_bundle: Path, printed: Callable[[], Any]
) -> None:
    models = map(str, (tiny_bundle, rgb_bundle))
    assert main(["network-cost", "--model", *models, "--json"]) == 0
    tiny, seeing = printed()["networks"]
    assert (tiny["streams"], seeing["streams"]) == ([], ["rgb"])
    assert (seeing["variant"], seeing["fusion"]) == (tiny["variant"], tiny["fusion"])
    bundle = load_bundle(rgb_bundle)
    assert isinstance(load_network(bundle), Multimodal)
    stream = load_network(bundle).streams["rgb"]
    added = sum(parameter.numel() for parameter in stream.parameters())
    assert seeing["parameters"] == tiny["parameters"] + added
    # Four crops of 16 x 16 pixels, two hands at two moments, go through the stream's network.
    of_crops = count_macs(stream.stream.backbone, torch.zeros(4, 3, 16, 16))
    assert of_crops < seeing["macs"] - tiny["macs"] < 1.1 * of_crops


def test_time_is_measured_on_request(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["network-cost", "--model", str(tiny_bundle), "--time", "--repeats", "2"]
    threads = torch.get_num_threads()
    assert main(words) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert "folded / unfolded" in header
    folded, ratio = (float(cell) for cell in row.split()[-2:])
    assert folded > 0
    assert ratio > 0
    assert torch.get_num_threads() == threads


def test_without_names_all_shipped_settings_are_listed(printed: Callable[[], Any]) -> None:
    assert main(["network-cost", "--json"]) == 0
    networks = {one["name"]: one for one in printed()["networks"]}
    assert {"gestures", "base", "expertized", "pooling", "unified", "noisy_or"} <= set(networks)
    assert networks["noisy_or"]["parameters"] == networks["base"]["parameters"]
    assert networks["unified"]["fusion"] == ""


def test_full_size_replaces_the_backbones(tiny_bundle: Path, printed: Callable[[], Any]) -> None:
    assert main(["network-cost", "--model", str(tiny_bundle), "--full-size", "--json"]) == 0
    (tiny,) = printed()["networks"]
    assert tiny["parameters"] > 2_000_000


def test_missing_settings_and_wrong_repeats_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for config in ("nothing", str(tmp_path / "nothing.yaml")):
        assert main(["network-cost", config]) == 2
        assert "nothing.yaml" in capsys.readouterr().err
    assert main(["network-cost", "gestures", "--time", "--repeats", "0"]) == 2
    assert "--repeats" in capsys.readouterr().err


def test_settings_describe_the_bundle_that_they_train() -> None:
    description = config_description("gestures")
    assert description.name == "gestures"
    assert description.class_names[-1] == "background"
    assert description.network_settings().variant == "base"
