"""Adjacency matrices of a skeleton layout."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bharnet_ros.skeleton.layouts import SkeletonLayout


def spatial_partition(layout: SkeletonLayout) -> npt.NDArray[np.float32]:
    """Return the adjacency of the joints, split into self, centripetal and centrifugal edges.

    Each column sums to one where it has any edge.

    Returns:
        (3, V, V) float32.

    Source: spatial configuration partitioning, ST-GCN (arXiv 1801.07455, section 3.3).
    """
    joints = len(layout)
    inward = np.zeros((joints, joints), dtype=np.float32)
    for joint, parent in enumerate(layout.parents):
        if joint != parent:
            inward[joint, parent] = 1.0

    def normalised(adjacency: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return adjacency / np.maximum(adjacency.sum(axis=0, keepdims=True), 1.0)

    identity = np.eye(joints, dtype=np.float32)
    return np.stack([identity, normalised(inward), normalised(inward.T)])
