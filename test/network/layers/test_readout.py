"""Readouts: what was not observed has no weight, and joints and hands are told apart."""

from __future__ import annotations

import torch

from bharnet_ros.network.layers.instances import Instances, seen_instances
from bharnet_ros.network.layers.readout import Readout
from bharnet_ros.network.settings import BackboneSettings

PLAIN = BackboneSettings(channels=(2,), depths=(1,))
CONVOLVED = BackboneSettings(channels=(2,), depths=(1,), readout=(6, 5), maximum=True)


def hands(features: torch.Tensor, mask: torch.Tensor) -> tuple[Instances, torch.Tensor]:
    """Return instances whose input stands for their features too."""
    found = seen_instances(features, mask)
    return found, found.values


def test_a_plain_readout_is_the_mean_over_observed_frames_of_all_instances() -> None:
    x = torch.randn(3, 2, 6, 4, 2)
    mask = torch.ones(3, 6, 2)
    mask[0, 2:, 0] = 0
    mask[1, :, 1] = 0
    mask[2] = 0
    mean = Readout(2, 4, PLAIN)(*hands(x, mask))
    frames = torch.cat([x[0, :, :2, :, 0], x[0, :, :, :, 1]], dim=1)
    torch.testing.assert_close(mean[0], frames.mean((1, 2)))
    torch.testing.assert_close(mean[1], x[1, ..., 0].mean((1, 2)))
    assert not mean[2].any()


def test_the_maximum_is_over_observed_frames_of_all_instances() -> None:
    settings = BackboneSettings(channels=(2,), depths=(1,), maximum=True)
    x = torch.rand(2, 2, 6, 4, 2)
    mask = torch.ones(2, 6, 2)
    mask[0, 3:, 1] = 0
    mask[1] = 0
    pooled = Readout(2, 4, settings)(*hands(x, mask))
    over_joints = x[0].mean(2)
    observed = torch.cat([over_joints[..., 0], over_joints[:, :3, 1]], dim=1)
    torch.testing.assert_close(pooled[0, 2:], observed.amax(1))
    assert not pooled[1].any()


def test_convolved_joints_are_told_apart() -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 2, 6, 4, 2)
    mask = torch.ones(1, 6, 2)
    others = x[..., [1, 0, 2, 3], :]
    plain, convolved = Readout(2, 4, PLAIN), Readout(2, 4, CONVOLVED).eval()
    torch.testing.assert_close(plain(*hands(x, mask)), plain(*hands(others, mask)))
    assert not torch.allclose(convolved(*hands(x, mask)), convolved(*hands(others, mask)))


def test_paired_hands_see_each_other_in_any_order() -> None:
    torch.manual_seed(0)
    readout = Readout(2, 4, CONVOLVED, paired=True).eval()
    x, mask = torch.rand(2, 2, 6, 4, 2), torch.ones(2, 6, 2)
    mask[1, :, 1] = 0
    together = readout(*hands(x, mask))
    torch.testing.assert_close(together, readout(*hands(x.flip(-1), mask.flip(-1))))
    other = x.clone()
    other[0, ..., 1] += 1.0
    # Each hand's vector depends on the other; an absent hand changes nothing.
    other[1, ..., 1] += 1.0
    changed = readout(*hands(other, mask))
    assert not torch.allclose(together[0], changed[0])
    torch.testing.assert_close(together[1], changed[1])


def test_a_batch_without_any_hand_gives_zeros() -> None:
    readout = Readout(2, 4, CONVOLVED, paired=True)
    pooled = readout(*hands(torch.rand(3, 2, 6, 4, 2), torch.zeros(3, 6, 2)))
    assert pooled.shape == (3, 10)
    assert not pooled.any()
