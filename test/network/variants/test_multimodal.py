"""Further streams beside the skeleton: `rgb`, and one registered by a test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.build import build_network
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.layers.tokens import Tokens
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.network.rgb import build_backbone
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.streams import STREAMS, Stream, register_stream
from bharnet_ros.network.variants.multimodal import Multimodal

pytestmark = pytest.mark.slow

MakeClips = Callable[..., Any]
Make = Callable[[NetworkSettings], Multimodal]
RGB = {"size": 16, "moments": 2, "channels": 12, "backbone": "shufflenet_v2_x0_5"}


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> None:
    pytest.importorskip("torchvision.models", reason="needs the torchvision that fits torch")


@pytest.fixture(params=["base", "pooling", "expertized"])
def settings(request: pytest.FixtureRequest, base_settings: NetworkSettings) -> NetworkSettings:
    """Return settings of a small network with `rgb`, for each variant that can guide streams."""
    return dataclasses.replace(base_settings, variant=request.param, streams={"rgb": RGB})


@pytest.fixture
def make(
    make_network: Callable[[NetworkSettings], BHaRNet],
) -> Make:
    """Return a function that builds a network in training mode, as if it had been trained."""

    def built(settings: NetworkSettings) -> Multimodal:
        network = make_network(settings)
        assert isinstance(network, Multimodal)
        return network.train()

    return built


def make_crops(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return random crops of two regions at two moments, one of them absent."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, RGB["moments"], 2, 3, RGB["size"], RGB["size"])
    pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    mask = torch.ones(count, RGB["moments"], 2)
    mask[0, 1, 0] = 0
    return pixels, mask


def assert_same(first: Tensor, second: Tensor) -> None:
    torch.testing.assert_close(first, second, atol=1e-5, rtol=0.0)


def test_a_stream_joins_the_sum_and_changes_nothing_when_absent(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings).eval()
    clips = make_clips(3)
    pixels, mask = make_crops(3)
    mask[2] = 0
    logits = network(*clips, {"rgb": (pixels, mask)})
    alone = network.skeleton(*clips)
    assert logits.streams.shape == (3, 1, 4)
    assert logits.stream_seen.tolist() == [[True], [True], [False]]
    assert torch.equal(logits.skeleton, alone.ensemble)
    assert_same(logits.ensemble, alone.ensemble + logits.streams.sum(1))
    assert not torch.isclose(logits.ensemble[0], alone.ensemble[0]).all()
    assert torch.equal(logits.ensemble[2], alone.ensemble[2])
    for without in (
        network(*clips),
        network(*clips, {}),
        network(*clips, {"rgb": (pixels, 0 * mask)}),
    ):
        assert torch.equal(without.ensemble, alone.ensemble)
        assert not without.stream_seen.any()


def test_gradient_reaches_every_parameter(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings)
    logits = network(*make_clips(4), {"rgb": make_crops(4)})
    cross_entropy(logits.ensemble, torch.arange(4)).backward()
    missing = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert not missing


def test_pixels_of_absent_crops_do_not_matter(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings)
    clips, (pixels, mask) = make_clips(3), make_crops(3)
    other = pixels.clone()
    other[0, 1, 0] = 255
    for mode in (False, True):
        network.train(mode)
        torch.manual_seed(0)
        first = network(*clips, {"rgb": (pixels, mask)})
        torch.manual_seed(0)
        second = network(*clips, {"rgb": (other, mask)})
        assert torch.equal(first.ensemble, second.ensemble)


def test_other_samples_of_a_batch_do_not_matter(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings).eval()
    clips, crops = make_clips(3), make_crops(3)
    together = network(*clips, {"rgb": crops})
    for row in range(3):
        one = slice(row, row + 1)
        alone = network(*(part[one] for part in clips), {"rgb": (crops[0][one], crops[1][one])})
        for part, whole in zip(alone, together, strict=True):
            torch.testing.assert_close(part, whole[one], atol=1e-4, rtol=0.0)


def test_the_body_guides_the_stream(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings).eval()
    clips, crops = make_clips(3), make_crops(3)
    body, body_mask, hands, hand_mask = clips
    moved = network(body + 1.0, body_mask, hands, hand_mask, {"rgb": crops})
    assert not torch.isclose(network(*clips, {"rgb": crops}).streams, moved.streams).all()
    # Without a guide, the logits of the expertized head remain.
    unseen = network(body, 0 * body_mask, hands, hand_mask, {"rgb": crops})
    assert unseen.streams.any()


def test_the_stream_learns_what_the_skeleton_cannot_show(
    make: Make, base_settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(dataclasses.replace(base_settings, streams={"rgb": RGB}))
    clips = [part[:1].expand(16, *part.shape[1:]) for part in make_clips(1)]
    classes = torch.arange(16) % 4
    pixels, mask = make_crops(16)
    pixels = (pixels // 4 + 48 * classes.view(16, 1, 1, 1, 1, 1)).to(torch.uint8)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(30):
        optimiser.zero_grad()
        logits = network(*clips, {"rgb": (pixels, mask)})
        cross_entropy(logits.ensemble, classes).backward()
        optimiser.step()
    assert (logits.ensemble.argmax(1) == classes).all()


def test_a_frozen_skeleton_does_not_change_in_training(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings)
    network.freeze_skeleton()
    before = {name: value.clone() for name, value in network.skeleton.state_dict().items()}
    logits = network(*make_clips(4), {"rgb": make_crops(4)})
    cross_entropy(logits.ensemble, torch.arange(4)).backward()
    assert all(one.grad is None for one in network.skeleton.parameters())
    assert network.streams["rgb"].training
    network.train()
    assert not network.skeleton.training
    for name, value in network.skeleton.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_folded_network_gives_the_same_logits(
    make: Make, settings: NetworkSettings, make_clips: MakeClips
) -> None:
    network = make(settings)
    clips, crops = make_clips(4), make_crops(4)
    network(*clips, {"rgb": crops})
    network.eval()
    folded = fold_for_inference(network)
    for one, other in zip(
        network(*clips, {"rgb": crops}), folded(*clips, {"rgb": crops}), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("variant", ["unified", "temporal"])
def test_a_variant_without_a_body_expert_is_refused(
    base_settings: NetworkSettings, variant: str
) -> None:
    wrong = dataclasses.replace(base_settings, variant=variant, streams={"rgb": RGB})
    with pytest.raises(ValueError, match=f"streams: variant '{variant}' has no body expert"):
        build_network(wrong)


@pytest.mark.parametrize(
    ("streams", "named"),
    [
        ({"sonar": {}}, "streams: 'sonar' is unknown; known are: .*rgb"),
        ({"rgb": {"colour": 1}}, "streams.rgb: colour: is not an option"),
        ({"rgb": {"size": 2}}, "streams.rgb: size"),
        ({"rgb": {"backbone": "vgg16"}}, "streams.rgb: backbone: 'vgg16' is not a torchvision"),
        ({"rgb": {"backbone": 18}}, "streams.rgb: backbone: expected a text, got 18"),
    ],
)
def test_a_wrong_stream_is_refused_by_name(
    base_settings: NetworkSettings, streams: Mapping[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        build_network(dataclasses.replace(base_settings, streams=streams))


@pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "mobilenet_v3_small", "resnet18"])
def test_every_kind_of_backbone_gives_features_of_small_crops(name: str) -> None:
    network, features = build_backbone(name, full_size=False)
    assert network.eval()(torch.zeros(2, 3, 48, 48)).flatten(1).shape == (2, features)
    larger, _ = build_backbone(name, full_size=True)
    parameters = [sum(one.numel() for one in part.parameters()) for part in (network, larger)]
    assert parameters[0] == parameters[1]


class Inertial(Stream):
    """Readings of a wrist-worn sensor: a token for each of M readings of six numbers."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.channels = int(options["channels"])
        self.embed = nn.Linear(6, self.channels)

    def forward(self, values: Tensor, mask: Tensor) -> Tokens:
        return Tokens(self.embed(values).relu() * mask.unsqueeze(-1), mask)


@pytest.fixture
def inertial() -> Iterator[str]:
    """Register a stream from outside the package; return its name."""
    register_stream("inertial")(Inertial)
    yield "inertial"
    del STREAMS["inertial"]


def test_another_stream_can_be_registered_and_trained(
    make: Make, inertial: str, base_settings: NetworkSettings, make_clips: MakeClips
) -> None:
    streams = {"rgb": RGB, inertial: {"channels": 10}}
    network = make(dataclasses.replace(base_settings, streams=streams))
    readings = (torch.randn(4, 7, 6), torch.ones(4, 7))
    logits: ExpertOutput = network(*make_clips(4), {"rgb": make_crops(4), inertial: readings})
    assert logits.streams.shape == (4, 2, 4)
    cross_entropy(logits.ensemble, torch.arange(4)).backward()
    for name, parameter in network.streams[inertial].named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    with pytest.raises(ValueError, match="registered twice"):
        register_stream(inertial)(Inertial)
