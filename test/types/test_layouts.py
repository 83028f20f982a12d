"""Joint layouts and their graphs: trees, mirrored sides, normalised adjacency."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.network.layers.adjacency import spatial_partition
from bharnet_ros.types.layouts import LAYOUTS, MEDIAPIPE_BODY_NAMES, SkeletonLayout, get_layout

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@every_layout
def test_every_joint_has_its_entry_in_each_table(layout: SkeletonLayout) -> None:
    count = len(layout)
    assert len(set(layout.joints)) == count
    assert len(layout.parents) == len(layout.mirror) == len(layout.sources) == count
    assert len(set(layout.sources)) == count
    assert layout.scale[0] != layout.scale[1]
    assert all(0 <= joint < count for joint in (*layout.centre, *layout.scale))
    assert get_layout(layout.name) is layout


@every_layout
def test_mirroring_twice_changes_nothing(layout: SkeletonLayout) -> None:
    assert [layout.mirror[other] for other in layout.mirror] == list(range(len(layout)))


@every_layout
def test_mirroring_keeps_bones_bones(layout: SkeletonLayout) -> None:
    for joint, parent in enumerate(layout.parents):
        assert layout.parents[layout.mirror[joint]] == layout.mirror[parent]


every_body = pytest.mark.parametrize("name", [name for name in LAYOUTS if "hand" not in name])


@every_body
def test_mirroring_a_body_swaps_left_and_right_by_name(name: str) -> None:
    layout = get_layout(name)
    for joint, other in zip(layout.joints, layout.mirror, strict=True):
        swapped = joint.replace("left", "*").replace("right", "left").replace("*", "right")
        assert layout.joints[other] == swapped


@pytest.mark.parametrize("name", ["mediapipe_upper_body", "mediapipe_body", "mediapipe_arms"])
def test_sources_are_the_landmarks_of_the_same_name(name: str) -> None:
    layout = get_layout(name)
    assert tuple(MEDIAPIPE_BODY_NAMES[source] for source in layout.sources) == layout.joints


def bones_from_one(name: str) -> set[tuple[int, int]]:
    """Return (child, parent) of each bone, counted from 1 as the data sets count."""
    parents = enumerate(get_layout(name).parents)
    return {(joint + 1, parent + 1) for joint, parent in parents if joint != parent}


def test_kinect_layouts_are_the_published_graphs() -> None:
    arms_and_legs = {(6, 5), (7, 6), (8, 7), (10, 9), (11, 10), (12, 11)} | {
        *((13, 1), (14, 13), (15, 14), (16, 15), (17, 1), (18, 17), (19, 18), (20, 19))
    }
    trunk = {(1, 2), (2, 3), (4, 3), (5, 3), (9, 3)}
    assert bones_from_one("kinect_v1") == arms_and_legs | trunk
    trunk = {(1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (9, 21)}
    hands = {(22, 23), (23, 8), (24, 25), (25, 12)}
    assert bones_from_one("kinect_v2") == arms_and_legs | trunk | hands


@pytest.mark.parametrize(
    ("name", "joints", "centre"), [("kinect_v1", 20, 3), ("kinect_v2", 25, 21)]
)
def test_kinect_layouts_take_every_joint_in_metres(name: str, joints: int, centre: int) -> None:
    layout = get_layout(name)
    assert layout.sources == tuple(range(joints))
    assert layout.dimensions == 3
    assert layout.centre == (centre - 1,)
    assert layout.scale == (4, 8)


@every_layout
def test_bones_form_one_tree(layout: SkeletonLayout) -> None:
    roots = [joint for joint, parent in enumerate(layout.parents) if joint == parent]
    assert len(roots) == 1
    for joint in range(len(layout)):
        for _ in layout.joints:
            joint = layout.parents[joint]
        assert joint == roots[0]


def test_unknown_layout_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'centaur' is unknown") as error:
        get_layout("centaur")
    assert all(name in str(error.value) for name in LAYOUTS)


@every_layout
def test_columns_of_the_partition_sum_to_one_or_zero(layout: SkeletonLayout) -> None:
    partition = spatial_partition(layout)
    count = len(layout)
    assert partition.shape == (3, count, count)
    assert partition.dtype == np.float32
    sums = partition.sum(axis=1)
    connected = (partition > 0).any(axis=1)
    np.testing.assert_allclose(sums, connected, atol=1e-6)


@every_layout
def test_the_partition_holds_each_bone_once_in_each_direction(layout: SkeletonLayout) -> None:
    own, inward, outward = spatial_partition(layout)
    bones = {(joint, parent) for joint, parent in enumerate(layout.parents) if joint != parent}
    assert np.array_equal(own, np.eye(len(layout)))
    assert set(zip(*np.nonzero(inward), strict=True)) == bones
    assert set(zip(*np.nonzero(outward.T), strict=True)) == bones
