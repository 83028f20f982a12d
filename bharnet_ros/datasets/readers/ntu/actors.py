"""Chooses the actors of an NTU RGB+D clip among the bodies that the Kinect tracked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.keypoints import FloatArray

ACTORS = 2
"""Greatest number of people in a clip."""

LEAST_FRAMES = 12
"""Bodies with fewer frames are noise."""

WIDEST = 0.8
"""Greatest spread of a person's joints in x, as a share of the spread in y."""

LEAST_WIDE_SHARE = 0.69754
"""A body of which this share of frames, or more, is too wide is furniture."""


@dataclass(frozen=True, eq=False)
class TrackedBody:
    """A body that the camera tracked under one identity over the F frames of a clip.

    Attributes:
        joints: (F, 25, 3) metres, NaN in frames without the body.
        confidence: (F, 25) 0..1, 0 where absent.
    """

    joints: FloatArray
    confidence: FloatArray

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(F,) frames with this body."""
        return np.isfinite(self.joints).any((1, 2))


def choose_actors(bodies: Mapping[str, TrackedBody]) -> list[TrackedBody]:
    """Return one or two actors, the one who moves most first.

    The camera tracks tables and seats as people, and a person who was lost comes back under a new
    identity. If there is more than one body,

    1. those with fewer than `LEAST_FRAMES` frames are dropped,
    2. those wider than `WIDEST` in a share of `LEAST_WIDE_SHARE` of their frames are dropped,
    3. the rest are ranked by motion: the summed variance of x, y and z over all joints and frames;
       frames that are too wide are left out unless all are,
    4. the first is an actor; each other body, in that order, continues the first actor with whom it
       shares no frame, or becomes the second actor.

    Steps 1 and 2 never drop the last body. Frames without the body count in none of the steps.

    Source: the FAQ of the authors (github.com/shahroudy/NTURGB-D) for motion and spread. The
    numbers and the order are those of the preprocessing that CTR-GCN (arXiv 2107.12213) published
    and others share; its step 4 compares first and last frames, not single ones.

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
    """Return (F_seen,) whether the body is wider than a person in each frame that shows it."""
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
    """Join two bodies that share no frame."""
    later = second.seen
    return TrackedBody(
        joints=np.where(later[:, None, None], second.joints, first.joints),
        confidence=np.where(later[:, None], second.confidence, first.confidence),
    )
