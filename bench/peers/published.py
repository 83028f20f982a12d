"""Check that our peers are the published networks, by their size and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.peers.ctrgcn import CTRGCN
from bench.peers.stgcnpp import STGCNPP
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.network.cost import count_macs, count_parameters
from bharnet_ros.network.layers.adjacency import spatial_partition, tree_partition
from bharnet_ros.types.layouts import get_layout

TOLERANCE = 0.03
"""Relative difference that parameters and multiplications may have from the published ones."""

_COCO_PARENTS = (0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14)
"""Parents of the 17 joints of COCO, which detectors of bodies give."""

_CLASSES = 60
_PEOPLE = 2
_COORDINATES = 3


@dataclass(frozen=True)
class Published:
    """A row of a published table: the size of the input and the cost of the network.

    Attributes:
        name: Name of the network.
        source: Where the figures were published.
        build: Returns the network for a partitioned graph (S, V, V).
        partition: The graph.
        frames: Frames T.
        parameters: Parameters, millions.
        macs: Multiply-accumulate operations, thousand millions; the tables call them FLOPs.
    """

    name: str
    source: str
    build: Callable[[Tensor], nn.Module]
    partition: Tensor
    frames: int
    parameters: float
    macs: float


@dataclass(frozen=True)
class Comparison:
    """Published figures and those of our network, in the units of `Published`."""

    published: Published
    parameters: float
    macs: float

    @property
    def deviations(self) -> tuple[float, float]:
        """Relative deviation of our parameters and multiplications; negative for fewer."""
        return (
            self.parameters / self.published.parameters - 1.0,
            self.macs / self.published.macs - 1.0,
        )


def published() -> list[Published]:
    """Return the rows to compare: NTU RGB+D 60 with two people."""
    kinect = torch.from_numpy(spatial_partition(get_layout("kinect_v2")))
    coco = torch.from_numpy(tree_partition(_COCO_PARENTS))

    def ctrgcn(partition: Tensor) -> nn.Module:
        return CTRGCN(partition, _CLASSES, people=_PEOPLE)

    def stgcnpp(partition: Tensor) -> nn.Module:
        return STGCNPP(partition, _CLASSES)

    zoo = "MMAction2's model zoo"
    return [
        Published("CTR-GCN", "later papers' tables", ctrgcn, kinect, 64, 1.46, 1.97),
        Published("ST-GCN++", zoo, stgcnpp, coco, 100, 1.39, 1.95),
        Published("ST-GCN++", zoo, stgcnpp, kinect, 100, 1.40, 2.96),
    ]


def compare_with_published() -> list[Comparison]:
    """Count parameters and multiplications of our networks on the published inputs."""
    comparisons = []
    for one in published():
        # Counting needs only shapes, so no memory is allocated.
        network = one.build(one.partition).to("meta").requires_grad_(False)
        window = torch.empty(
            1, _COORDINATES, one.frames, one.partition.shape[1], _PEOPLE, device="meta"
        )
        comparisons.append(
            Comparison(
                one,
                count_parameters(network) / 1e6,
                count_macs(network, window) / 1e9,
            )
        )
    return comparisons


def check_against_published(comparisons: list[Comparison]) -> None:
    """Check that our networks are the published ones.

    Raises:
        ValueError: Parameters or multiplications differ by more than `TOLERANCE`; says which.
    """
    for one in comparisons:
        for what, deviation in zip(("parameters", "MACs"), one.deviations, strict=True):
            if abs(deviation) > TOLERANCE:
                raise ValueError(
                    f"{one.published.name}: {what} are {deviation:+.1%} off the published ones, "
                    f"more than {TOLERANCE:.0%}: this is not the published network"
                )


def format_comparisons(comparisons: list[Comparison]) -> str:
    """Return the table for a terminal."""
    rows = []
    for one in comparisons:
        peer = one.published
        shape = f"{peer.frames} x {peer.partition.shape[1]} x {_PEOPLE}"
        parameters_off, macs_off = (f"{deviation:+.1%}" for deviation in one.deviations)
        rows.append(
            [
                *(peer.name, shape, f"{peer.parameters:.2f}", f"{one.parameters:.3f}"),
                *(parameters_off, f"{peer.macs:.2f}", f"{one.macs:.3f}", macs_off, peer.source),
            ]
        )
    header = ["peer", "T x V x M", "M parameters", "ours", "off", "GMACs", "ours", "off", "source"]
    return format_table(header, rows)
