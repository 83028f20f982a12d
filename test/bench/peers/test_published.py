"""The peers are the published networks, and other networks are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from bharnet_ros.network.layers.adjacency import spatial_partition
from bharnet_ros.types.layouts import get_layout

pytestmark = pytest.mark.slow


def test_parameters_and_multiplications_match_the_published_ones(bench: Any) -> None:
    published = bench("peers.published")
    comparisons = published.compare_with_published()
    assert {one.published.name for one in comparisons} == {"CTR-GCN", "ST-GCN++"}
    for one in comparisons:
        assert max(map(abs, one.deviations)) < 0.03, one.published.name
    published.check_against_published(comparisons)
    table = published.format_comparisons(comparisons).splitlines()
    assert len(table) == len(comparisons) + 1


@pytest.mark.parametrize("field", ["parameters", "macs"])
def test_another_network_is_refused_by_name(bench: Any, field: str) -> None:
    published = bench("peers.published")
    one = published.compare_with_published()[0]
    other = replace(one, **{field: getattr(one, field) * 1.05})
    with pytest.raises(ValueError, match=rf"CTR-GCN: {'MACs' if field == 'macs' else field}"):
        published.check_against_published([other])


@pytest.mark.parametrize("name", ["peers.ctrgcn.CTRGCN", "peers.stgcnpp.STGCNPP"])
def test_the_score_of_a_window_does_not_depend_on_the_batch(bench: Any, name: str) -> None:
    module, _, class_name = name.rpartition(".")
    partition = torch.from_numpy(spatial_partition(get_layout("mediapipe_hand")))
    torch.manual_seed(0)
    network = getattr(bench(module), class_name)(partition, 5).eval()
    windows = torch.randn(3, 3, 8, 21, 2)
    with torch.inference_mode():
        together = network(windows)
        alone = torch.cat([network(window.unsqueeze(0)) for window in windows])
        swapped = network(windows.flip(4))
    assert together.shape == (3, 5)
    assert together.std(0).min() > 0
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(together, swapped, rtol=1e-3, atol=1e-4)
