"""Joint layouts: which joints a stream has, how bones connect them, what mirroring swaps."""

from __future__ import annotations

from dataclasses import dataclass

from bharnet_ros.types.errors import InputError

MEDIAPIPE_BODY_NAMES = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
"""Landmark names of MediaPipe Pose, in its numbering."""

MEDIAPIPE_HAND_NAMES = (
    "wrist",
    "thumb_cmc",
    "thumb_mcp",
    "thumb_ip",
    "thumb_tip",
    "index_finger_mcp",
    "index_finger_pip",
    "index_finger_dip",
    "index_finger_tip",
    "middle_finger_mcp",
    "middle_finger_pip",
    "middle_finger_dip",
    "middle_finger_tip",
    "ring_finger_mcp",
    "ring_finger_pip",
    "ring_finger_dip",
    "ring_finger_tip",
    "pinky_mcp",
    "pinky_pip",
    "pinky_dip",
    "pinky_tip",
)
"""Landmark names of MediaPipe Hands, in its numbering."""


@dataclass(frozen=True)
class SkeletonLayout:
    """A set of joints and the tree of bones between them.

    Attributes:
        name: Key in `LAYOUTS`.
        joints: (V,) joint names.
        parents: (V,) index of the joint towards the centre; a root is its own parent.
        mirror: (V,) index of the joint on the other side of the body.
        sources: (V,) index of each joint in the recorded keypoints.
        centre: Joints whose mean is the origin of normalised coordinates.
        scale: Two joints whose distance is the unit of normalised coordinates.
        dimensions: Coordinates of a body joint that the network receives: 2 for image layouts, in
            pixels, 3 for the layouts of depth cameras, in metres.
        live: Whether `pose` finds its joints: in images or, with their depth, in metres.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    sources: tuple[int, ...]
    centre: tuple[int, ...]
    scale: tuple[int, int]
    dimensions: int = 2
    live: bool = False

    def __len__(self) -> int:
        """Return the number of joints V."""
        return len(self.joints)


def _other_side(joint: str) -> str:
    """Return the name of the joint on the other side of the body."""
    swapped = {"left": "right", "right": "left"}
    return "_".join(swapped.get(word, word) for word in joint.split("_"))


MEDIAPIPE_BODY_MIRROR = tuple(
    MEDIAPIPE_BODY_NAMES.index(_other_side(name)) for name in MEDIAPIPE_BODY_NAMES
)
"""Landmark on the other side of the body, in MediaPipe's numbering."""


def _body_layout(
    name: str,
    recorded: tuple[str, ...],
    bones: dict[str, str],
    centre: tuple[str, ...],
    dimensions: int = 2,
) -> SkeletonLayout:
    """Build a layout from bones given as child name to parent name, in the order of `bones`."""
    joints = tuple(bones)
    index = {joint: position for position, joint in enumerate(joints)}
    return SkeletonLayout(
        name=name,
        joints=joints,
        parents=tuple(index[parent] for parent in bones.values()),
        mirror=tuple(index[_other_side(joint)] for joint in joints),
        sources=tuple(recorded.index(joint) for joint in joints),
        centre=tuple(index[joint] for joint in centre),
        scale=(index["left_shoulder"], index["right_shoulder"]),
        dimensions=dimensions,
        live=recorded is MEDIAPIPE_BODY_NAMES,
    )


_UPPER_BODY_BONES = {
    "nose": "nose",
    "left_eye": "nose",
    "right_eye": "nose",
    "left_ear": "left_eye",
    "right_ear": "right_eye",
    "mouth_left": "nose",
    "mouth_right": "nose",
    "left_shoulder": "nose",
    "right_shoulder": "nose",
    "left_elbow": "left_shoulder",
    "right_elbow": "right_shoulder",
    "left_wrist": "left_elbow",
    "right_wrist": "right_elbow",
    "left_pinky": "left_wrist",
    "right_pinky": "right_wrist",
    "left_index": "left_wrist",
    "right_index": "right_wrist",
    "left_thumb": "left_wrist",
    "right_thumb": "right_wrist",
    "left_hip": "left_shoulder",
    "right_hip": "right_shoulder",
}

_ARM_BONES = {
    joint: parent
    for joint, parent in _UPPER_BODY_BONES.items()
    if joint.endswith(("nose", "shoulder", "elbow", "wrist", "hip"))
}
"""Joints of the trunk and the arms, which every body detector finds."""

_LEG_BONES = {
    "left_knee": "left_hip",
    "right_knee": "right_hip",
    "left_ankle": "left_knee",
    "right_ankle": "right_knee",
}


def _kinect_limbs(pelvis: str) -> dict[str, str]:
    """Return the bones of arms and legs, in the order in which both cameras number them."""
    return {
        "left_shoulder": "shoulder_centre",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "left_hand": "left_wrist",
        "right_shoulder": "shoulder_centre",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "right_hand": "right_wrist",
        "left_hip": pelvis,
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "left_foot": "left_ankle",
        "right_hip": pelvis,
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "right_foot": "right_ankle",
    }


_KINECT_V1_BONES = {
    "hip_centre": "spine",
    "spine": "shoulder_centre",
    "shoulder_centre": "shoulder_centre",
    "head": "shoulder_centre",
    **_kinect_limbs("hip_centre"),
}
"""Source: the graph for N-UCLA published with CTR-GCN (arXiv 2107.12213)."""

_KINECT_V2_BONES = {
    "spine_base": "spine_middle",
    "spine_middle": "shoulder_centre",
    "neck": "shoulder_centre",
    "head": "neck",
    **_kinect_limbs("spine_base"),
    "shoulder_centre": "shoulder_centre",
    "left_hand_tip": "left_thumb",
    "left_thumb": "left_hand",
    "right_hand_tip": "right_thumb",
    "right_thumb": "right_hand",
}
"""Source: the graph for NTU RGB+D published with CTR-GCN (arXiv 2107.12213), which connects the tip
of the hand to the thumb."""

_HAND_PARENTS = (0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)

SHOULDERS_PER_HAND = 3.5
"""Usual ratio of the shoulder width to the distance from wrist to middle knuckle."""

METRIC = "_metric"
"""Suffix of the layouts whose joints are in metres in the frame of a depth camera."""

LAYOUTS: dict[str, SkeletonLayout] = {
    layout.name: layout
    for layout in (
        *(
            _body_layout(
                f"mediapipe_{part}{METRIC if dimensions == 3 else ''}",
                MEDIAPIPE_BODY_NAMES,
                bones,
                ("left_shoulder", "right_shoulder"),
                dimensions,
            )
            for part, bones in (
                ("upper_body", _UPPER_BODY_BONES),
                ("body", _UPPER_BODY_BONES | _LEG_BONES),
                ("arms", _ARM_BONES),
            )
            for dimensions in (2, 3)
        ),
        _body_layout(
            "kinect_v1",
            tuple(_KINECT_V1_BONES),
            _KINECT_V1_BONES,
            ("shoulder_centre",),
            dimensions=3,
        ),
        _body_layout(
            "kinect_v2",
            tuple(_KINECT_V2_BONES),
            _KINECT_V2_BONES,
            ("shoulder_centre",),
            dimensions=3,
        ),
        SkeletonLayout(
            name="mediapipe_hand",
            joints=MEDIAPIPE_HAND_NAMES,
            parents=_HAND_PARENTS,
            mirror=tuple(range(21)),
            sources=tuple(range(21)),
            centre=(0,),
            scale=(0, 9),
        ),
    )
}
"""Every known layout by name."""


def get_layout(name: str) -> SkeletonLayout:
    """Return the layout of that name.

    Raises:
        InputError: The name is unknown; the message lists the known ones.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        known = ", ".join(sorted(LAYOUTS))
        raise InputError(f"skeleton layout {name!r} is unknown; known are: {known}") from None


BODY_BONES = (
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (11, 23),
    (12, 24),
    (23, 24),
    (23, 25),
    (25, 27),
    (27, 29),
    (29, 31),
    (27, 31),
    (24, 26),
    (26, 28),
    (28, 30),
    (30, 32),
    (28, 32),
    (0, 2),
    (2, 7),
    (0, 5),
    (5, 8),
    (9, 10),
)
"""Pairs of MediaPipe Pose landmarks to join with a line."""

HAND_BONES = (
    *(
        (0 if step == 0 else finger + step - 1, finger + step)
        for finger in (1, 5, 9, 13, 17)
        for step in range(4)
    ),
    *((5, 9), (9, 13), (13, 17)),
)
"""Pairs of MediaPipe Hands landmarks to join with a line: five fingers and the palm."""

LEAST_VISIBILITY = 0.5
"""Body landmarks with a lower visibility are not drawn."""
