"""Which of the bodies that a Kinect tracked are the actors of an NTU RGB+D clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.keypoints import FloatArray

ACTORS = 2
"""Most people in a clip."""

LEAST_FRAMES = 12
"""Bodies with fewer frames are noise."""

WIDEST = 0.8
"""Greatest spread of a person's joints in x, in shares of the spread in y."""

LEAST_WIDE_SHARE = 0.69754
"""Share of too wide frames at which a body is furniture."""


@dataclass(frozen=True, eq=False)
class TrackedBody:
    """What the camera tracked under one identity over the F frames of a clip.

    Attributes:
        joints: (F, 25, 3) metres, NaN in frames without it.
        confidence: (F, 25) 0..1, 0 where absent.
    """

    joints: FloatArray
    confidence: FloatArray

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(F,) frames with this body."""
        return np.isfinite(self.joints).any((1, 2))


def choose_actors(bodies: Mapping[str, TrackedBody]) -> list[TrackedBody]:
    """Return the actors, the one who moves most first; 1 or 2.

    The camera takes tables and seats for people, and gives somebody whom it loses a new identity.
    Where there is more than one body,

    1. those with fewer than `LEAST_FRAMES` frames are dropped,
    2. so are those wider than `WIDEST` in a share of `LEAST_WIDE_SHARE` of their frames,
    3. the rest are ranked by motion: the variance of x, y and z over all joints and frames, summed,
       of frames that are not too wide where there are such,
    4. the first is an actor; each other one, in that order, continues the first actor with whom it
       shares no frame, or becomes the second actor.

    Steps 1 and 2 never drop the last body. A frame without the body has no say in any of them.

    Source: the answers of the makers (github.com/shahroudy/NTURGB-D, FAQs) for motion and spread;
    the numbers and the order are those of the preprocessing that CTR-GCN (arXiv 2107.12213)
    published and others share, whose step 4 compares first and last frames and not single ones.

    Args:
        bodies: Tracked bodies by identity, each with the same number of frames; at least one.
    """
    candidates = list(bodies.values())
    if len(candidates) == 1:
        return candidates
    long_enough = [one for one in candidates if one.seen.sum() >= LEAST_FRAMES]
    candidates = long_enough or [max(candidates, key=lambda one: int(one.seen.sum()))]
    wide = {id(one): _too_wide(one) for one in candidates}
    upright = [one for one in candidates if wide[id(one)].mean() < LEAST_WIDE_SHARE]
    candidates = upright or [min(candidates, key=lambda one: float(wide[id(one)].mean()))]
    ranked = sorted(candidates, key=lambda one: _motion(one, wide[id(one)]), reverse=True)
    actors: list[TrackedBody] = []
    for body in ranked:
        for place, actor in enumerate(actors):
            if not (actor.seen & body.seen).any():
                actors[place] = _joined(actor, body)
                break
        else:
            if len(actors) < ACTORS:
                actors.append(body)
    return actors


def _too_wide(body: TrackedBody) -> npt.NDArray[np.bool_]:
    """Return (F_seen,) in which of its frames a body is wider than a person."""
    joints = body.joints[body.seen]
    spread = np.nanmax(joints, axis=1) - np.nanmin(joints, axis=1)
    return np.asarray(spread[:, 0] > WIDEST * spread[:, 1])


def _motion(body: TrackedBody, too_wide: npt.NDArray[np.bool_]) -> float:
    """Return the summed variance of the coordinates, square metres."""

    def variance(joints: FloatArray) -> float:
        return float(np.nanvar(joints.reshape(-1, 3), axis=0).sum())

    joints = body.joints[body.seen]
    whole = variance(joints)
    return whole if too_wide.all() else min(whole, variance(joints[~too_wide]))


def _joined(first: TrackedBody, second: TrackedBody) -> TrackedBody:
    """Return both as one; they share no frame."""
    later = second.seen
    return TrackedBody(
        joints=np.where(later[:, None, None], second.joints, first.joints),
        confidence=np.where(later[:, None], second.confidence, first.confidence),
    )
