"""Instances: unseen ones are left out, and means are over what was observed."""

from __future__ import annotations

import torch

from bharnet_ros.network.layers.instances import observed_mean, seen_instances
from bharnet_ros.network.variants.pooling import AXES, pooled_along


def test_instances_that_were_seen_are_gathered_and_put_back_into_place() -> None:
    x = torch.randn(2, 3, 6, 4, 2)
    mask = torch.zeros(2, 6, 2)
    mask[0, 2:, 1] = 1
    mask[1, :3, 0] = 0.4
    seen = seen_instances(x, mask)
    assert torch.equal(seen.values, torch.stack([x[0, ..., 1], x[1, ..., 0]]))
    back = seen.spread(seen.values)
    assert torch.equal(back[0, 1], x[0, ..., 1])
    assert torch.equal(back[1, 0], x[1, ..., 0])
    assert not back[0, 0].any() and not back[1, 1].any()
    assert seen.seen.tolist() == [True, True]
    torch.testing.assert_close(seen.share_seen, torch.tensor([4 / 6, 3 / 6]))


def test_presence_at_half_the_frame_rate_keeps_a_single_frame() -> None:
    mask = torch.zeros(1, 9, 1)
    mask[0, 4] = 1
    presence = seen_instances(torch.zeros(1, 1, 9, 1, 1), mask).presence(5)
    assert presence[0, 0, 2] == 1
    assert presence[0, 0, 0] == presence[0, 0, 4] == 0


def test_the_observed_mean_ignores_what_was_not_observed() -> None:
    values = torch.tensor([[[1.0], [3.0], [100.0]], [[7.0], [8.0], [9.0]]])
    present = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert observed_mean(values, present, 1).tolist() == [[2.0], [0.0]]


def test_features_are_pooled_over_two_axes_and_kept_along_the_third() -> None:
    x = torch.randn(2, 5, 6, 4, 3)
    mask = torch.ones(2, 6, 3)
    mask[1, :, 0] = 0
    mask[1, 4:] = 0
    seen = seen_instances(x, mask)
    pooled = pooled_along(seen, seen.values)
    assert tuple(pooled) == AXES
    for axis, over, left in (("time", (2, 3), 6), ("joints", (1, 3), 4), ("instances", (1, 2), 3)):
        values, present = pooled[axis]
        assert values.shape == (2, left, 5)
        torch.testing.assert_close(values[0], x[0].mean(over).T)
        assert present[0].tolist() == [1.0] * left
    torch.testing.assert_close(pooled["time"].values[1, :4], x[1, :, :4, :, 1:].mean((2, 3)).T)
    assert pooled["time"].present[1].tolist() == [1.0] * 4 + [0.0] * 2
    assert pooled["instances"].present[1].tolist() == [0.0, 1.0, 1.0]
    torch.testing.assert_close(pooled["joints"].values[1], x[1, :, :4, :, 1:].mean((1, 3)).T)
