"""What it costs when each channel refines a graph of its own, and what shared graphs save.

python bench/topology_groups.py [--groups 1 16] [--repeats 5] [--instances 64] [--json]

Forward and backward pass of the shipped hand expert's backbone (16-32-64 channels, depths 1-1-1)
over 16 frames on one CPU thread, the candidates taking turns. Prints the median seconds of each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence

import torch

from bharnet_ros.feature_settings import FeatureSettings
from bharnet_ros.network.backbone import Backbone, BackboneSettings
from bharnet_ros.skeleton.graph import spatial_partition
from bharnet_ros.skeleton.layouts import get_layout

CHANNELS = (16, 32, 64)
DEPTHS = (1, 1, 1)
FEATURES = FeatureSettings(frames=16)


def measure(groups: Sequence[int], *, repeats: int, instances: int) -> dict[int, float]:
    """Return the median seconds of a forward and backward pass, by channels per topology.

    Args:
        groups: Candidates.
        repeats: Timed passes of each; one more before them is not counted.
        instances: Hands in the batch.
    """
    layout = get_layout(FEATURES.hand_layout)
    partition = torch.from_numpy(spatial_partition(layout))
    torch.manual_seed(0)
    hands = torch.randn(instances, FEATURES.hand_channels, FEATURES.frames, len(layout))
    backbones = {
        count: Backbone(
            FEATURES.hand_channels, partition, BackboneSettings(CHANNELS, DEPTHS, count)
        )
        for count in groups
    }
    seconds: dict[int, list[float]] = {count: [] for count in groups}
    for repeat in range(repeats + 1):
        for count, backbone in backbones.items():
            backbone.zero_grad()
            start = time.perf_counter()
            backbone(hands).sum().backward()
            if repeat > 0:
                seconds[count].append(time.perf_counter() - start)
    return {count: statistics.median(taken) for count, taken in seconds.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--instances", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    medians = measure(options.groups, repeats=options.repeats, instances=options.instances)
    if options.json:
        print(json.dumps(medians))
        return 0
    for count, median in medians.items():
        print(f"{count} channels per topology: {median:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
