"""Adjacency matrices of a skeleton layout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import SkeletonLayout


def spatial_partition(layout: SkeletonLayout) -> npt.NDArray[np.float32]:
    """Return the adjacency of a layout's joints, split as in `tree_partition`."""
    return tree_partition(layout.parents)


def unified_parents(body: SkeletonLayout, hand: SkeletonLayout) -> tuple[int, ...]:
    """Return the parents (V_body + 2 V_hand,) in one tree of body, left hand and right hand.

    The parent of each hand's root is the wrist of the body on that side.

    Raises:
        InputError: The body layout has no joint `left_wrist` or `right_wrist`.
    """
    parents = list(body.parents)
    for side in ("left", "right"):
        wrist = f"{side}_wrist"
        if wrist not in body.joints:
            raise InputError(f"body_layout: {body.name} has no joint {wrist} to join a hand to")
        start = len(parents)
        parents += [
            body.joints.index(wrist) if parent == joint else start + parent
            for joint, parent in enumerate(hand.parents)
        ]
    return tuple(parents)


def tree_partition(parents: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return the adjacency of joints, split into self, centripetal and centrifugal edges.

    Each column with an edge sums to one.

    Args:
        parents: (V,) index of the joint towards the centre; a root is its own parent.

    Returns:
        (3, V, V) float32.

    Source: spatial configuration partitioning, ST-GCN (arXiv 1801.07455, section 3.3).
    """
    joints = len(parents)
    inward = np.zeros((joints, joints), dtype=np.float32)
    for joint, parent in enumerate(parents):
        if joint != parent:
            inward[joint, parent] = 1.0

    def normalised(adjacency: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return adjacency / np.maximum(adjacency.sum(axis=0, keepdims=True), 1.0)

    identity = np.eye(joints, dtype=np.float32)
    return np.stack([identity, normalised(inward), normalised(inward.T)])
